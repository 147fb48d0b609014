"""Makes a stranger's text safe for a public page: only visible characters, and nobody's email address."""

import re
import unicodedata
from collections.abc import Iterator

# Replaces an email address, in every language.
HIDDEN = "[…@…]"

# Email addresses as people and harvesters recognise them: in any alphabet, even within a URL.
_AT = re.compile("[@＠﹫]|%40")
_NAME = re.compile(r"(?:[\w.!#$%'*+^`{|}~-]{1,64}|\"[^\"\n]{1,64}\")\Z")
_HANDLE = re.compile(r"[\w.-]+")
_HOST = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?[.．。])+(?:[^\W\d_][\w-]{0,61}[^\W_])|\[[0-9A-Fa-f:.]{3,45}\]")
_LONGEST_NAME, _LONGEST_HOST = 66, 255

_NEW_LINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# The last two code points of each plane.
_NO_CHARACTERS = "".join(chr(plane << 16 | last) for plane in range(1, 17) for last in (0xFFFE, 0xFFFF))
# Characters that are invisible, or reverse the order of others. Joiners stay, as Persian and emoji need them; so do
# variation selectors, and the tags of a flag.
_NOTHING = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3"
    f"\U0001d173-\U0001d17a\U000e0000-\U000e001f{_NO_CHARACTERS}]+"
)
# Looks blank, but counts as a letter.
_FILLER = re.compile("[\u115f\u1160\u2800\u3164\uffa0\ufffc]")
_JOINERS = "\u200c\u200d"
_DIACRITIC = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# No orthography puts more marks, of any script, on one letter. A stack of them covers the lines around it.
_MOST_DIACRITICS, _MOST_MARKS = 3, 6


def name(text: str) -> str:
    """Return a name as everybody sees it: one line, without addresses, which people type into name fields."""
    return without_addresses(" ".join(visible(text).split())) or "?"


def visible(text: str) -> str:
    """Return a text without characters that are invisible, reverse others, or stack up."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_unpiled(_FILLER.sub(" ", _NOTHING.sub("", _NEW_LINE.sub("\n", text)))))


def _unpiled(text: str) -> Iterator[str]:
    diacritics = marks = 0
    for character in text:
        if unicodedata.category(character) in {"Mn", "Me"}:
            marks += 1
            diacritics += bool(_DIACRITIC.match(character))
            if marks > _MOST_MARKS or diacritics > _MOST_DIACRITICS:
                continue
        elif character not in _JOINERS:
            diacritics = marks = 0
        yield character


def addresses(text: str) -> list[tuple[int, int]]:
    """Return where email addresses are. `@somebody@a-server.example` is a fediverse handle, not an address."""
    found: list[tuple[int, int]] = []
    for at in _AT.finditer(text):
        mailbox = _NAME.search(text, max(0, at.start() - _LONGEST_NAME), at.start())
        host = _HOST.match(text, at.end(), at.end() + _LONGEST_HOST)
        if not mailbox or not host:
            continue
        start = mailbox.start()
        handle = text[start - 1 : start] == "@" and _HANDLE.fullmatch(mailbox[0])
        if handle and not text[max(0, start - 2) : start - 1].isalnum():
            continue
        # The host of one may be the local part of the next.
        if found and start <= found[-1][1]:
            start = found.pop()[0]
        found.append((start, host.end()))
    return found


def without_addresses(text: str) -> str:
    """Return a text with each address replaced by HIDDEN."""
    for start, end in reversed(addresses(text)):
        text = text[:start] + HIDDEN + text[end:]
    return text
