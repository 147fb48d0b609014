"""What is wrong with an issue, as far as can be checked offline: links, images, HTML, size, languages.

It returns findings, which the desk and the operator's commands put into words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from guichet.addresses import parse
from guichet.locales import LANGUAGES, Language
from guichet.newsletter.editions import Severity, is_web_address
from guichet.newsletter.preview import compose, html_part
from guichet.records.issue import Edition
from guichet.settings import MailSettings

# Gmail clips a longer HTML part, including the unsubscribe link at its end. In bytes.
GMAIL_CUTS_AT = 102 * 1024
_NEARLY = 0.8
# Domains that only resolve within a local network (RFC 6761, RFC 6762, RFC 8375).
_NAMES_AT_HOME = (".localhost", ".local", ".home.arpa", ".internal")
# Meant as a link, but parsed as text: a space in its address, or a missing reference definition.
_NO_LINK = re.compile(r"\[[^\[\]\n]+\](?:\([^()\n]*|\[[^\[\]\n]*\])")
# Replaces code and escaped characters, in which nothing is meant as markup.
_NOT_MARKUP = "\0"
_LONGEST_SHOWN = 60

# Errors keep an issue from being sent; everything else is a warning.
_ERRORS = {
    "not_a_link", "link_empty", "link_relative", "link_address", "link_scheme", "link_broken",
    "image_words", "image_http", "image_elsewhere", "html", "size",
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """What is wrong: its code, in which language, on which line of the text (from 0), and what its words need.

    `language` is None for what concerns the whole issue, `line` for what is on none.
    """

    code: str
    language: Language | None = None
    line: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        """Whether it keeps the issue from being sent."""
        return "error" if self.code in _ERRORS else "warning"


@dataclass(frozen=True)
class Address:
    """An address in an issue, and the line of its text that it is on."""

    url: str
    line: int
    is_image: bool = False


def findings(
    issue_id: str,
    editions: Mapping[Language, Edition],
    settings: MailSettings,
    readers: Mapping[Language, int] | None = None,
) -> list[Finding]:
    """Return what is wrong with an issue, by language and line. `readers` are the list by language, if it is known."""
    found: list[Finding] = []
    for language, edition in editions.items():
        of_text = [Finding(one.code, language, one.line, one.values) for one in _of_text(edition, settings.site_url)]
        size = len(html_part(compose(issue_id, editions, language, settings)).encode())
        of_text += [Finding(one.code, language, None, one.values) for one in _of_size(size)]
        found += sorted(of_text, key=lambda one: -1 if one.line is None else one.line)
    return found + list(_missing_languages(editions, readers or {}))


def addresses(edition: Edition) -> Iterator[Address]:
    """Yield the URLs in an edition's text, whose servers can be asked whether they work."""
    for token, lines, start in _inline(edition):
        for child in token.children or ():
            name = {"link_open": "href", "image": "src"}.get(child.type)
            url = str(child.attrs.get(name, "")) if name else ""
            if url and is_web_address(url):
                yield Address(url, _line_of(url, lines, start), child.type == "image")


def shown(text: str) -> str:
    """Return a text, shortened for use in a sentence."""
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


class _Links(MarkdownIt):
    """The Markdown of issues, except that any address makes a link, and escaped characters are recognisable."""

    def __init__(self, *, html: bool) -> None:
        super().__init__("commonmark", {"html": html})
        self.enable(["table", "strikethrough"])
        self.disable("text_join")

    def validateLink(self, url: str) -> bool:  # noqa: N802  the library's name
        """Return True."""
        del url
        return True


@cache
def _parser(*, html: bool) -> MarkdownIt:
    return _Links(html=html)


def _inline(edition: Edition, *, html: bool = False) -> Iterator[tuple[Token, list[str], int]]:
    """Yield each inline token of a text, with its source lines and the number of the first one."""
    lines = edition.markdown.split("\n")
    for token in _parser(html=html).parse(edition.markdown):
        if token.type == "inline" and token.map:
            start, end = token.map
            yield token, lines[start:end], start


def _line_of(text: str, lines: Sequence[str], start: int) -> int:
    """Return the number of the line of a block that a text is on, or of the first line if it is on none."""
    return start + next((number for number, line in enumerate(lines) if text and text in line), 0)


def _of_text(edition: Edition, site_url: str) -> Iterator[Finding]:
    yield from _raw_html(edition)
    for token, lines, start in _inline(edition):
        for child in token.children or ():
            if child.type == "link_open":
                url = str(child.attrs.get("href", ""))
                yield from _of_link(url, _line_of(url, lines, start))
            elif child.type == "image":
                url = str(child.attrs.get("src", ""))
                yield from _of_image(child, url, _line_of(url, lines, start), site_url)
        plain = "".join(
            child.content if child.type == "text" else " " if child.type.endswith("break") else _NOT_MARKUP
            for child in token.children or ()
        )
        for found in _NO_LINK.finditer(plain):
            yield _named("not_a_link", found[0], _line_of(found[0], lines, start))
    if edition.url.startswith("http:"):
        yield Finding("url_http")


def _named(code: str, what: str, line: int) -> Finding:
    return Finding(code, line=line, values={"what": shown(what), "whole": what})


def _of_link(url: str, line: int) -> Iterator[Finding]:
    scheme, _, rest = url.partition(":")
    scheme = scheme.lower() if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and ":" in url else ""
    if not url:
        yield Finding("link_empty", line=line)
    elif not scheme:
        yield _named("link_relative", url, line)
    elif scheme == "mailto":
        # RFC 6068: several are separated by commas.
        if not all(parse(unquote(address)) for address in rest.partition("?")[0].split(",")):
            yield _named("link_address", url, line)
    elif scheme not in ("http", "https"):
        yield _named("link_scheme", url, line)
    elif not is_web_address(url):
        yield _named("link_broken", url, line)
    else:
        yield from _of_host(url, line)
        if scheme == "http":
            yield _named("link_http", url, line)


def _of_image(token: Token, url: str, line: int, site_url: str) -> Iterator[Finding]:
    has_words = bool(_words(token).strip())
    if not has_words:
        yield _named("image_words", url, line)
    if url.lower().startswith("http:"):
        yield _named("image_http", url, line)
    elif not url.lower().startswith("https:") or not is_web_address(url):
        yield _named("image_elsewhere", url, line)
    else:
        host = _host(url)
        if _is_at_home(host):
            yield _named("at_home", url, line)
        elif has_words and not _is_of_site(host, site_url):
            # It is fetched when the copy is opened, so a third party learns of it, whatever the site promises.
            yield Finding("image_third_party", line=line, values={"what": shown(url), "whole": url, "host": host})


def _words(token: Token) -> str:
    return "".join(_words(child) if child.children else child.content for child in token.children or ())


def _of_host(url: str, line: int) -> Iterator[Finding]:
    if _is_at_home(_host(url)):
        yield _named("at_home", url, line)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").removesuffix(".")


def _is_of_site(host: str, site_url: str) -> bool:
    """Return whether a host is the site's own, or a subdomain of it."""
    own = _host(site_url).removeprefix("www.")
    return host == own or host.endswith(f".{own}")


def _is_at_home(host: str) -> bool:
    """Return whether a host is this machine, or known only on the local network."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_NAMES_AT_HOME)


def _raw_html(edition: Edition) -> Iterator[Finding]:
    for token in _parser(html=True).parse(edition.markdown):
        if token.type == "html_block" and token.map:
            yield _named("html", token.content.strip().split("\n")[0], token.map[0])
    for token, lines, start in _inline(edition, html=True):
        tags = [child.content for child in token.children or () if child.type == "html_inline"]
        # An end tag says nothing new.
        for tag in (tag for tag in tags if not tag.startswith("</")):
            yield _named("html", tag, _line_of(tag.split("\n")[0], lines, start))


def _of_size(size: int) -> Iterator[Finding]:
    if size > GMAIL_CUTS_AT * _NEARLY:
        code = "size" if size > GMAIL_CUTS_AT else "size_nearly"
        yield Finding(code, values={"size": round(size / 1024), "limit": GMAIL_CUTS_AT // 1024})


def _missing_languages(editions: Mapping[Language, Edition], readers: Mapping[Language, int]) -> Iterator[Finding]:
    for language in LANGUAGES:
        count = readers.get(language, 0)
        if count and language not in editions:
            # The same choice as in the function Issues.
            values = {"missing": language, "count": count, "all": sum(readers.values()), "other": min(editions)}
            yield Finding("language_missing", values=values)
