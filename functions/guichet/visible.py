"""Whether a text shows anything at all. Whoever must fill in a field can type what is neither seen nor stripped."""

import re

_PRINTED_ASCII = re.compile("[!-~]")
# Shown as nothing (Unicode Standard, `Default_Ignorable_Code_Point`), whatever their category is.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Signs that are blank: the empty Braille cell, a placeholder for objects, blank hieroglyphs, a note without a head.
_BLANK_SIGNS = "\u2800\ufffc\U00013441\U00013442\U0001d159"
_UNSEEN = re.compile(f"[{_IGNORABLE}{_BLANK_SIGNS}]")
# The look behind lets only the first of many blanks begin a match: else their number would count twice.
_UNSEEN_ENDS = re.compile(rf"\A[\s{_IGNORABLE}]+|(?<![\s{_IGNORABLE}])[\s{_IGNORABLE}]+\Z")
# Marks without anything to stand on, blanks, control and format characters, halves of surrogate pairs.
_UNSEEN_CATEGORIES = frozenset(("Mn", "Me", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs"))


def is_visible(text: str) -> bool:
    """Return whether any character of a text can be seen.

    Characters that this Python does not know yet can be: they may be the emoji of next year.
    """
    if _PRINTED_ASCII.search(text):
        return True
    if text.isascii():
        return False
    # Imported late, for most texts have a letter without an accent.
    from unicodedata import category  # noqa: PLC0415

    return any(category(character) not in _UNSEEN_CATEGORIES and not _UNSEEN.match(character) for character in text)


def without_unseen_ends(text: str) -> str:
    """Return a text without what cannot be seen before and after it, as it comes along when somebody copies it."""
    return _UNSEEN_ENDS.sub("", text)
