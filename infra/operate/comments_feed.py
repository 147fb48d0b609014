"""The newest comments of a site as an Atom feed (RFC 4287)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape, quoteattr

from guichet.comments.plain import visible
from guichet.locales import Language
from infra.operate.words import sentences

# How many comments the feed has.
NEWEST = 50
# What identifies a feed as ours.
GENERATOR = "Guichet"
# Characters that XML 1.0 does not allow, even escaped.
_NOT_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def feed(  # noqa: PLR0913  the parts of a feed
    comments: Iterable[Mapping[str, Any]],
    *,
    site_name: str,
    site_url: str,
    origin: str,
    address: str,
    updated: str,
    language: Language,
) -> str:
    """Return the feed of comments, newest first. Each has `id`, `page`, `name`, `time` and `html`.

    `address` is where the feed will be, if known. `updated` changes whenever a thread does.
    """
    entries = "".join(_entry(one, origin, language) for one in comments)
    own = f'<link rel="self" type="application/atom+xml" href={_quoted(address)}/>\n' if address else ""
    title = sentences("comments", language)["feed_title"].format(site=site_name)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{language}">\n'
        f"<id>{_text(site_url)}#guichet-comments</id>\n"
        f"<title>{_text(title)}</title>\n"
        f"<updated>{_text(updated)}</updated>\n"
        f"<generator>{GENERATOR}</generator>\n"
        f'<link rel="alternate" type="text/html" href={_quoted(site_url)}/>\n'
        f"{own}{entries}</feed>\n"
    )


def _entry(comment: Mapping[str, Any], origin: str, language: Language) -> str:
    address = f"{origin}{comment['page']}#comment-{comment['id']}"
    page = visible(unquote(comment["page"]))
    title = sentences("comments", language)["feed_entry"].format(name=comment["name"], page=page)
    # An author must have a name (RFC 4287, 3.2.1).
    name = _text(comment["name"]).strip() or "—"
    return (
        "<entry>\n"
        f"<id>{_text(address)}</id>\n"
        f"<title>{_text(title)}</title>\n"
        f"<author><name>{name}</name></author>\n"
        f"<published>{comment['time']}</published>\n"
        f"<updated>{comment['time']}</updated>\n"
        f'<link rel="alternate" type="text/html" href={_quoted(address)}/>\n'
        f'<content type="html">{_text(comment["html"])}</content>\n'
        "</entry>\n"
    )


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("", text))


def _quoted(text: str) -> str:
    return quoteattr(_NOT_XML.sub("", text))
