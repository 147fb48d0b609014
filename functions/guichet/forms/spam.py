"""Which submissions go to the spam folder, and why. Nothing is refused here: the worst that comes of it is the folder.

A score of plain signs, each with its points. A reason names signs, never what was written.
"""

import base64
import binascii
import json
import re
from contextlib import suppress
from dataclasses import dataclass

from guichet.forms.parse import Form
from guichet.http.request import Request
from guichet.records.record import utc_now
from guichet.settings import FormSettings

# From so many points on it is spam. No single sign is enough, but the honeypot, which no person sees.
SPAM = 5
# Nobody fills in a form faster, in seconds. The clock is the visitor's: a time to come is passed over.
_FASTEST = 2.0
_LINKS_FOR_FREE = 2
_MOST_FOR_LINKS = 4
_MOST_FOR_PHRASES = 4

_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_MARKUP = re.compile(r"\[url[=\]]|\[link[=\]]|<a\s", re.IGNORECASE)
# A word of Latin letters with Cyrillic or Greek ones among them, as in a brand's name that only looks like it.
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
    """What there is to read: short answers, in which no link belongs, and the long one."""

    lines: tuple[str, ...]
    text: str = ""


def judge(words: Words, form: Form, request: Request, settings: FormSettings) -> str:
    """Return why a submission is spam, empty where it is not."""
    if form.control.get(settings.honeypot_field):
        return "honeypot"
    if settings.spam_filter == "off":
        return ""
    signs = {**_haste(request.headers.get("formspree-session-data", "")), **_words(words)}
    points = sum(signs.values())
    return ", ".join(f"{sign} ({worth})" for sign, worth in signs.items()) if points >= SPAM else ""


def _words(words: Words) -> dict[str, int]:
    signs: dict[str, int] = {}
    links = len(_LINK.findall(words.text)) - _LINKS_FOR_FREE
    if links > 0:
        signs["links"] = min(links, _MOST_FOR_LINKS)
    if _MARKUP.search(words.text):
        signs["link markup"] = 3
    if any(_LINK.search(line) for line in words.lines):
        signs["link in a short field"] = 3
    everything = "\n".join((*words.lines, words.text))
    if any(_LATIN.search(word) and _LOOKALIKE.search(word) for word in _WORD.findall(everything)):
        signs["mixed alphabets"] = 3
    phrases = {phrase.lower() for phrase in _PHRASES.findall(everything)}
    if phrases:
        signs["known phrases"] = min(2 * len(phrases), _MOST_FOR_PHRASES)
    return signs


def _haste(session_data: str) -> dict[str, int]:
    """Return the signs of a program in what the client says of itself: `Formspree-Session-Data`, JSON in base64."""
    signs: dict[str, int] = {}
    try:
        data = json.loads(base64.b64decode(session_data, validate=True))
        program = data.get("webdriver")
        # A clock that is none, or far off, says nothing.
        with suppress(LookupError, TypeError, OverflowError):
            if 0 <= utc_now().timestamp() - data["loadedAt"] / 1000 < _FASTEST:
                signs["sent at once"] = 3
    except (binascii.Error, ValueError, AttributeError, RecursionError):
        return signs
    if program is True:
        signs["sent by a program"] = 3
    return signs
