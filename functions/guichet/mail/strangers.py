"""Strangers' text in emails to the owner, displayed so that it cannot pass for the email's own.

A mail program wraps lines, so a forger can use a row of blanks as a line break. Unicode has many blanks, and some
characters are invisible or reverse the order of others.
"""

import re
import unicodedata

# Characters that look blank: control characters (line breaks included), spaces, fillers, the empty Braille cell.
_BLANK = "\\s\x00-\x1f\x7f-\x9f\u115f\u1160\u2028\u2029\u2800\u3164\uffa0\ufffc"
# Invisible characters: zero widths, directions and their overrides, annotations, invisible operators. Joiners and
# variation selectors stay, as Persian and emoji need them.
_NOTHING = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f"
)
_JOINERS = "\u200c\u200d"
_AT_NO_START = f"{_JOINERS}\ufe0e\ufe0f"
_BLANKS = re.compile(f"[{_BLANK}]+")
_NOTHINGS = re.compile(f"[{_NOTHING}]+")
# More than anybody indents.
_MOST_BLANKS = 20
# After these, a mail program may wrap a line.
_BREAK = "\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
_PADDING = re.compile(f"(?:(?![{_BREAK}])[{_BLANK}{_NOTHING}{_JOINERS}]){{{_MOST_BLANKS + 1},}}")
_LINE_BEGINS = re.compile(f"^|(?<=[{_BREAK}])(?!(?<=\r)\n)")


def one_line(text: str) -> str:
    """Return a stranger's text as one line of visible characters, words separated by one blank. It may be empty."""
    # A joiner needs something on either side.
    words = (word.lstrip(_AT_NO_START).rstrip(_JOINERS) for word in _BLANKS.split(_NOTHINGS.sub("", text)))
    line = " ".join(filter(None, words))
    return line if any(unicodedata.category(character)[0] in "LNPS" for character in line) else ""


def unpadded(text: str) -> str:
    """Return a stranger's multi-line text, without rows of blanks that would push words to the next line."""
    return _PADDING.sub(" " * _MOST_BLANKS, text)


def quoted(text: str) -> str:
    """Return a stranger's text with a mark before each line."""
    return _LINE_BEGINS.sub("> ", unpadded(text))


def brief(text: str, longest: int) -> str:
    """Return a text, or its beginning if it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
