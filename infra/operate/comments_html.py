"""A page's thread as an HTML fragment, in the markup that infra/docs/comments.md describes and comments.js makes."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from guichet.locales import Language, locale
from infra.operate.words import sentences


def fragment(threads: Iterable[Mapping[str, Any]], language: Language, zone: ZoneInfo) -> str:
    """Return threads, as `GET /comments` has them, as a list. Their HTML was sanitized when they were approved."""
    shown = "".join(_thread(one, language, zone) for one in threads)
    # Nunjucks and Liquid interpret an included fragment as a template: what somebody wrote would run there.
    return f'<ol class="guichet-comments">\n{shown}</ol>\n'.replace("{", "&#123;")


def initials(name: str) -> str:
    """Return the first letter or digit of a name's first and last words, in upper case."""
    letters = [next((letter for letter in word if letter.isalnum()), "") for word in name.split()]
    letters = list(filter(None, letters))
    return "".join(letters[:1] + letters[1:][-1:]).upper()


def _thread(thread: Mapping[str, Any], language: Language, zone: ZoneInfo) -> str:
    replies = "".join(
        f'<li id="comment-{reply["id"]}">\n{_article(reply, language, zone)}</li>\n' for reply in thread["replies"]
    )
    below = f"<ol>\n{replies}</ol>\n" if replies else ""
    if thread.get("deleted"):
        gone = escape(sentences("comments", language)["deleted"])
        return f'<li id="comment-{thread["id"]}" class="guichet-deleted">\n<p>{gone}</p>\n{below}</li>\n'
    return f'<li id="comment-{thread["id"]}">\n{_article(thread, language, zone)}{below}</li>\n'


def _article(comment: Mapping[str, Any], language: Language, zone: ZoneInfo) -> str:
    # Without the day of the week.
    day = locale(language).day(datetime.fromisoformat(comment["time"]).astimezone(zone)).partition(" ")[2]
    name = escape(comment["name"])
    return (
        "<article>\n<header>\n"
        f'<span class="guichet-initials" aria-hidden="true">{escape(initials(comment["name"]))}</span>\n'
        f'<b class="guichet-name">{name}</b>\n'
        f'<a href="#comment-{comment["id"]}"><time datetime="{comment["time"]}">{escape(day)}</time></a>\n'
        "</header>\n"
        f'<div class="guichet-text">{comment["html"]}</div>\n'
        "</article>\n"
    )
