"""Strangers' words in emails to the owner: shown so that they cannot pass for the email's own.

A mail program wraps lines, so a row of blanks is as good as a line break to whoever forges a line. Blanks are many in
Unicode, and some characters show nothing at all or turn the order of others around.
"""

import re
import unicodedata

# What shows as a blank, or as nothing with the width of one: control characters, spaces, fillers, the empty Braille
# cell. Line breaks are among them.
_BLANK = "\\s\x00-\x1f\x7f-\x9f\u115f\u1160\u2028\u2029\u2800\u3164\uffa0\ufffc"
# What shows as nothing: zero widths, directions and their overrides, annotations, invisible operators. Joiners and
# variation selectors stay, for Persian and emoji are written with them.
_NOTHING = (
    "\u00ad\u034f\u061c\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e001f"
)
_JOINERS = "\u200c\u200d"
_AT_NO_START = f"{_JOINERS}\ufe0e\ufe0f"
_BLANKS = re.compile(f"[{_BLANK}]+")
_NOTHINGS = re.compile(f"[{_NOTHING}]+")
# More than anybody indents by.
_MOST_BLANKS = 20
# After which a mail program may begin a line.
_BREAK = "\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
_PADDING = re.compile(f"(?:(?![{_BREAK}])[{_BLANK}{_NOTHING}{_JOINERS}]){{{_MOST_BLANKS + 1},}}")
_LINE_BEGINS = re.compile(f"^|(?<=[{_BREAK}])(?!(?<=\r)\n)")


def one_line(text: str) -> str:
    """Return a stranger's text as one line of what can be seen, its words one blank apart. It may be empty."""
    # What joins has something on either side.
    words = (word.lstrip(_AT_NO_START).rstrip(_JOINERS) for word in _BLANKS.split(_NOTHINGS.sub("", text)))
    line = " ".join(filter(None, words))
    return line if any(unicodedata.category(character)[0] in "LNPS" for character in line) else ""


def unpadded(text: str) -> str:
    """Return a stranger's text of several lines, without rows of blanks that would push words to the next line."""
    return _PADDING.sub(" " * _MOST_BLANKS, text)


def quoted(text: str) -> str:
    """Return a stranger's text with a mark at each line."""
    return _LINE_BEGINS.sub("> ", unpadded(text))


def brief(text: str, longest: int) -> str:
    """Return a text, or its beginning if it is longer."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
