"""Decide which submissions go to the spam folder, and why. Nothing is refused for being spam.

Plain signs add points to a score. A reason names signs and never quotes the text.
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

# Spam threshold. Only the honeypot suffices alone.
SPAM = 5
# Nobody fills in a form faster than this, in seconds. The clock is the visitor's, so future times are ignored.
_FASTEST = 2.0
_LINKS_FOR_FREE = 2
_MOST_FOR_LINKS = 4
_MOST_FOR_PHRASES = 4

_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_MARKUP = re.compile(r"\[url[=\]]|\[link[=\]]|<a\s", re.IGNORECASE)
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
    """The text to judge: short answers, where links do not belong, and the long one."""

    lines: tuple[str, ...]
    text: str = ""


def judge(words: Words, form: Form, request: Request, settings: FormSettings) -> str:
    """Return why a submission is spam, or an empty string."""
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
    """Return signs of automation in the client's `Formspree-Session-Data` (base64-encoded JSON)."""
    signs: dict[str, int] = {}
    try:
        data = json.loads(base64.b64decode(session_data, validate=True))
        program = data.get("webdriver")
        # A missing or far-off clock says nothing.
        with suppress(LookupError, TypeError, OverflowError):
            if 0 <= utc_now().timestamp() - data["loadedAt"] / 1000 < _FASTEST:
                signs["sent at once"] = 3
    except (binascii.Error, ValueError, AttributeError, RecursionError):
        return signs
    if program is True:
        signs["sent by a program"] = 3
    return signs
