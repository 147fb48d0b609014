"""Cells of CSV files that a spreadsheet program opens: none of them is a formula, and each reads back as it was.

OWASP: "CSV Injection". A cell that begins with one of the triggers gets an apostrophe before it, which Excel and
LibreOffice take for "this is text"; so does one that begins with apostrophes and then a trigger, so that no two
texts make one cell.
"""

import re

# What begins a formula, in East Asian versions also in full width, behind blanks that a program may trim; and what may
# begin a new cell.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")


def cell(text: str) -> str:
    """Return a text as a cell that is no formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def text_of(given: str) -> str:
    """Return the text that a cell was made of; a cell of another program is what it is."""
    return given[1:] if given.startswith("'") and _FORMULA.match(given) else given
