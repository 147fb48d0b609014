"""Decide which submissions go to the spam folder, and why. Spam is never refused.

Plain signs add points to a score. A reason names signs and never quotes the text.
"""

import base64
import binascii
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from guichet.forms.parse import Form
from guichet.http.request import Request
from guichet.records.record import utc_now
from guichet.settings import FormSettings

# Spam threshold. Only the honeypot suffices alone.
SPAM = 5
# Nobody fills in a form faster than this, in seconds. The clock is the visitor's, so future times are ignored.
_FASTEST = 2.0
_LINKS_FOR_FREE = 2
_MOST_FOR_LINKS = 4
_MOST_FOR_PHRASES = 4

# A link extends to the next blank, so that `https://www.` is one link; but commas may join several.
_LINK = re.compile(
    r"(?:https?://|(?<![A-Za-z0-9])www\.(?=\w))(?:(?![,;|]{1,3}(?:https?://|www\.))[^\s<>\"'\[\]])*", re.IGNORECASE
)
# A bare domain without any of these: words joined by dots, and what follows.
_DOMAIN = re.compile(r"(?<![\w.@-])\w[\w-]*+(?:\.[\w-]++)+[^\s<>\"'\[\]]*")
_SCHEME = re.compile(r"^(?:https?://)?(?:www\.)?", re.IGNORECASE)
_END_OF_HOST = re.compile(r"[/:?#]")
_MARKUP = re.compile(r"\[url[=\]]|\[link[=\]]|<a\s", re.IGNORECASE)
# How far after markup its link may begin.
_MARKUP_REACHES = 100
# A Latin word with Cyrillic or Greek letters in it, as in a fake brand name.
_LATIN = re.compile(r"[A-Za-z]")
_LOOKALIKE = re.compile(r"[\u0370-\u03ff\u0400-\u04ff]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_PHRASES = re.compile(
    r"\b(?:backlinks?|seo (?:services?|packages?)|guest posts?|casino|viagra|cialis|payday loans?|forex|"
    r"crypto(?:currency)? investment|rank(?:ing)? (?:on|in) google|référencement garanti)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Words:
    """The text to judge: short answers, where links do not belong; subjects, which may name a site; the long text."""

    lines: tuple[str, ...]
    subjects: tuple[str, ...] = ()
    text: str = ""


def judge(words: Words, form: Form, request: Request, settings: FormSettings) -> str:
    """Return why a submission is spam, or an empty string."""
    if form.control.get(settings.honeypot_field):
        return "honeypot"
    if settings.spam_filter == "off":
        return ""
    signs = {**_haste(request.headers.get("formspree-session-data", "")), **_words(words, _hosts(settings.origins))}
    points = sum(signs.values())
    return ", ".join(f"{sign} ({worth})" for sign, worth in signs.items()) if points >= SPAM else ""


def _words(words: Words, own_hosts: frozenset[str]) -> dict[str, int]:
    """Return the signs in the words. A link gives at most one sign, however it is written and however often."""
    signs: dict[str, int] = {}
    short = (*words.lines, *words.subjects)
    everything = "\n".join((*short, words.text))
    misplaced = {link for line in short for link in _links(line, own_hosts)}
    marked = _marked_up(everything, own_hosts)
    links = len(_links(words.text, own_hosts) - misplaced) - _LINKS_FOR_FREE
    if links > 0:
        signs["links"] = min(links, _MOST_FOR_LINKS)
    if marked - misplaced:
        signs["link markup"] = 3
    if misplaced:
        signs["link in a short field"] = 3
    # A site that already gave a sign gives no other by its name; any other site gives one at most.
    plain, sites = _sites(everything)
    counted = own_hosts | {_host(link) for link in misplaced | marked}
    named = [name for host, name in sites.items() if host not in counted]
    fakes = [name for name in named if _mixes_alphabets(name)]
    if fakes or _mixes_alphabets(plain):
        signs["mixed alphabets"] = 3
    # A site in the subject may just be what the message is about.
    _, topics = _sites("\n".join(words.subjects))
    phrases = _phrases(plain, *(name for name in named if name not in fakes)) - _phrases(*topics.values())
    if phrases:
        signs["known phrases"] = min(2 * len(phrases), _MOST_FOR_PHRASES)
    return signs


def _sites(text: str) -> tuple[str, dict[str, str]]:
    """Return a text without links and domains, and how it wrote them, by host."""
    sites: dict[str, list[str]] = {}

    def cut(link: re.Match[str]) -> str:
        sites.setdefault(_host(_key(link[0])), []).append(_key(link[0]))
        return " "

    rest = _DOMAIN.sub(cut, _LINK.sub(cut, text))
    return rest, {host: " ".join(names) for host, names in sites.items()}


def _links(text: str, own_hosts: frozenset[str]) -> set[str]:
    """Return the links in a text, each once, except those to the site itself."""
    keys = {_key(link) for link in _LINK.findall(text)}
    return {key for key in keys if _host(key) not in own_hosts}


def _marked_up(text: str, own_hosts: frozenset[str]) -> set[str]:
    """Return the links that are written as markup, or the markup itself if it has no link."""
    marked: set[str] = set()
    for markup in _MARKUP.finditer(text):
        near = _LINK.search(text, markup.end(), markup.end() + _MARKUP_REACHES)
        link = _LINK.match(text, near.start()) if near else None
        marked |= _links(link[0], own_hosts) if link else {markup[0]}
    return marked


def _key(link: str) -> str:
    return _SCHEME.sub("", link.lower()).rstrip(".,;:!?)/")


def _host(key: str) -> str:
    return _END_OF_HOST.split(key, maxsplit=1)[0]


@cache
def _hosts(origins: frozenset[str]) -> frozenset[str]:
    return frozenset(_host(_key(origin)) for origin in origins)


def _mixes_alphabets(text: str) -> bool:
    # Most texts have none of these letters, and then no word has.
    if not _LOOKALIKE.search(text):
        return False
    return any(_LATIN.search(word) and _LOOKALIKE.search(word) for word in _WORD.findall(text))


def _phrases(*texts: str) -> set[str]:
    return {phrase.lower() for text in texts for phrase in _PHRASES.findall(text)}


def _haste(session_data: str) -> dict[str, int]:
    """Return signs of automation in the client's `Formspree-Session-Data` (base64-encoded JSON)."""
    signs: dict[str, int] = {}
    # Most forms send none.
    if not session_data:
        return signs
    try:
        data = json.loads(base64.b64decode(session_data, validate=True))
        program = data.get("webdriver")
        # A missing or wildly wrong clock proves nothing.
        with suppress(LookupError, TypeError, OverflowError):
            if 0 <= utc_now().timestamp() - data["loadedAt"] / 1000 < _FASTEST:
                signs["sent at once"] = 3
    except (binascii.Error, ValueError, AttributeError, RecursionError):
        return signs
    if program is True:
        signs["sent by a program"] = 3
    return signs
