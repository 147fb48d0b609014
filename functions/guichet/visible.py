"""Whether a text has visible characters. Otherwise, a required field could be filled in with invisible ones."""

import re

_PRINTED_ASCII = re.compile("[!-~]")
# Invisible (Unicode Standard, `Default_Ignorable_Code_Point`), whatever their category.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Signs that are blank: the empty Braille cell, a placeholder for objects, blank hieroglyphs, a note without a head.
_BLANK_SIGNS = "\u2800\ufffc\U00013441\U00013442\U0001d159"
_UNSEEN = re.compile(f"[{_IGNORABLE}{_BLANK_SIGNS}]")
# The lookbehind lets a match start only at the first of many blanks; otherwise, the time would be quadratic.
_UNSEEN_ENDS = re.compile(rf"\A[\s{_IGNORABLE}]+|(?<![\s{_IGNORABLE}])[\s{_IGNORABLE}]+\Z")
# Marks without a base, blanks, control and format characters, halves of surrogate pairs.
_UNSEEN_CATEGORIES = frozenset(("Mn", "Me", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs"))


def is_visible(text: str) -> bool:
    """Return whether any character of a text can be seen.

    Characters unknown to this Python count as visible: they may be next year's emoji.
    """
    if _PRINTED_ASCII.search(text):
        return True
    if text.isascii():
        return False
    # Imported late, as most texts have a letter without an accent.
    from unicodedata import category  # noqa: PLC0415

    return any(category(character) not in _UNSEEN_CATEGORIES and not _UNSEEN.match(character) for character in text)


def without_unseen_ends(text: str) -> str:
    """Return a text without invisible characters at its ends, which come along when somebody copies it."""
    return _UNSEEN_ENDS.sub("", text)
