"""CSV for spreadsheets (RFC 4180), whose cells no program reads as formulas, and which can be read back without loss.

OWASP: "CSV Injection". Text that begins with a trigger gets a leading apostrophe, which Excel and LibreOffice read as
"this is text". Text that begins with apostrophes and then a trigger gets one more, so that no two texts share a cell.
The same applies inside a cell, after any character that a program might read as the end of a cell: opening a file with
the wrong separator must not produce a formula either.
"""

import csv
import io
import re
from collections.abc import Iterable

# Without it, Excel does not recognize UTF-8.
BOM = "\ufeff"
# What starts a formula, including full-width characters for East Asian versions, and after spaces that a program may
# trim. Then, what may start a new cell.
_TRIGGER = r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])"
_WITHIN = r"'*[=+\-@＝＋－＠]"
_FORMULA = re.compile(f'^{_TRIGGER}|(?<=[\n\r\t;,|"]){_WITHIN}')
_TEXT = re.compile(f"^'(?={_TRIGGER})|(?<=[\n\r\t;,|\"])'(?={_WITHIN})")


def cell(text: str) -> str:
    """Return the text as a cell of which no part is a formula."""
    return _FORMULA.sub(lambda found: f"'{found[0]}", text)


def text_of(given: str) -> str:
    """Return the text that `cell` was given. Other programs' cells are returned unchanged."""
    return _TEXT.sub("", given)


def csv_of(rows: Iterable[Iterable[str]], separator: str) -> str:
    """Return rows as lines of CSV without formulas."""
    text = io.StringIO()
    lines = csv.writer(text, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    lines.writerows(map(cell, row) for row in rows)
    return text.getvalue()
