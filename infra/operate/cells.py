"""Cells of CSV files that a spreadsheet program opens: none of them is a formula, and each reads back as it was.

OWASP: "CSV Injection". What begins with one of the triggers gets an apostrophe before it, which Excel and LibreOffice
take for "this is text"; so does what begins with apostrophes and then a trigger, so that no two texts make one cell.
That holds for a cell, and within it behind whatever a program may take for the end of one: who opens a file with
another separator than its own must not meet a formula either.
"""

import re

# What begins a formula, in East Asian versions also in full width, behind blanks that a program may trim; and what may
# begin a new cell.
_TRIGGER = r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
_WITHIN = r"'*[=+\-@＝＋－＠]"
_FORMULA = re.compile(f'^{_TRIGGER}|(?<=[\n\r\t;,|"]){_WITHIN}')
_TEXT = re.compile(f"^'(?={_TRIGGER})|(?<=[\n\r\t;,|\"])'(?={_WITHIN})")


def cell(text: str) -> str:
    """Return a text as a cell that is no formula, nor any part of it."""
    return _FORMULA.sub(lambda found: f"'{found[0]}", text)


def text_of(given: str) -> str:
    """Return the text that a cell was made of; a cell of another program is what it is."""
    return _TEXT.sub("", given)
