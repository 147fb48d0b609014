"""The commands' output: tables and sentences for people, or JSON with one object per line for programs.

Results go to standard output; progress and hints go to standard error.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from infra.operate.queries import Advance, blocks

# Wide enough for a whole row when the output is not a terminal.
_WIDTH_OF_A_FILE = 200
# The columns of free text, which gives way on a narrow terminal.
_FREE = ("name", "message", "why", "reason")
# Headings of the columns with ids that may be shortened: commands take the beginning of one.
_SHORTENED = ("id",)
# As many characters of it tell one message from a million others.
SHORT_ID = 8
_ID = re.compile("[0-9a-f]{32}")
# No column of free text is made narrower, in characters; and what is between two columns.
_NARROWEST = 8
_GAP = 2
# Rows per printed table, so that memory stays flat for any number of rows.
_PER_TABLE = 100
# Without a terminal for a bar, report progress every so many items, but at most about twenty times in all.
_REPORT_EVERY = 10_000
# Characters that would act on a terminal instead of being shown: control characters, and those that change the reading
# order.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# The longest text of a stranger in a table: a longer one would push out the other columns.
_LONGEST_CELL = 60


def printable(text: str) -> str:
    """Return a stranger's text, safe to show on a terminal: only line breaks and tabs keep their effect."""
    return _ACTIVE.sub("�", text.replace("\r\n", "\n"))


class Output:
    """Standard output and standard error, for people or for programs."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Print a sentence for a person. Programs get JSON objects only."""
        if not self.as_json:
            self._out.print(Text(printable(sentence)))

    def advise(self, sentence: str) -> None:
        """Print a hint, apart from the result."""
        self._err.print(Text(printable(sentence)))

    def show(self, thing: Mapping[str, Any]) -> None:
        """Print one object, a line per field; for people, empty fields are left out."""
        if self.as_json:
            return self._line({name.replace(" ", "_"): value for name, value in thing.items()})
        table = Table.grid(padding=(0, 2))
        table.add_column()
        # Nothing is cut off, however long a word is.
        table.add_column(overflow="fold")
        for name, value in thing.items():
            if value not in ("", None, (), []):
                table.add_row(Text(printable(name.replace("_", " ")), style="dim"), Text(printable(_text(value))))
        self._out.print(table)
        return None

    def rows(self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], nothing: str) -> int:
        """Print rows as they arrive: `columns` (name: heading) for people, all fields for programs. Return how many."""
        shown = 0
        for block in blocks(rows, _PER_TABLE):
            if self.as_json:
                for row in block:
                    self._line(row)
            else:
                self._out.print(_table(block, columns, self._out.width))
            shown += len(block)
        if not shown:
            self.say(nothing)
        return shown

    @contextmanager
    def progress(self, what: str, total: int | None, *, beside_rows: bool = False) -> Iterator[Advance]:
        """Show the progress of a long operation on standard error: a bar on a terminal, else an occasional line.

        On a terminal, `beside_rows` shows nothing: the rows themselves show progress, and a bar would garble them.
        """
        if beside_rows and self._out.is_terminal:
            yield lambda _: None
            return
        if not self._err.is_terminal:
            reported, step = 0, max(_REPORT_EVERY, (total or 0) // 20)

            def advance(done: int) -> None:
                nonlocal reported
                if done - reported >= step:
                    reported = done
                    self.advise(f"{what}: {done:,}" + (f" of about {total:,}" if total else ""))

            yield advance
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)

    def _line(self, thing: Mapping[str, Any]) -> None:
        text = json.dumps(thing, ensure_ascii=False, default=datetime.isoformat)
        # Escaped: the same text for a program, and harmless on a terminal.
        sys.stdout.write(_ACTIVE.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


def _table(rows: list[Mapping[str, Any]], columns: Mapping[str, str], room: int) -> Table:
    """Return rows as a table that is `room` characters wide, if what must not be cut allows it."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    cells = [[_cell(row.get(name, ""), heading) for name, heading in columns.items()] for row in rows]
    widths = [
        max(len(heading), *(cell.cell_len for cell in column))
        for heading, column in zip(columns.values(), zip(*cells, strict=True), strict=True)
    ]
    # A stranger's text may be cut, the last column's first; everything else is shown in full, to be copied.
    excess = sum(widths) + _GAP * (len(widths) - 1) - room
    for index, heading in reversed(list(enumerate(columns.values()))):
        if heading in _FREE and excess > 0 and widths[index] > _NARROWEST:
            cut = min(excess, widths[index] - _NARROWEST)
            widths[index] -= cut
            excess -= cut
    for heading, width in zip(columns.values(), widths, strict=True):
        table.add_column(heading, no_wrap=True, overflow="ellipsis", min_width=width, max_width=width)
    for row in cells:
        table.add_row(*row)
    return table


def _cell(value: Any, heading: str) -> Text:
    if isinstance(value, datetime):
        # In the time of this machine, to the minute, as `ls -l` has it.
        at = value.astimezone()
        return Text(at.strftime("%d %b %H:%M" if at.year == datetime.now(at.tzinfo).year else "%d %b %Y"))
    text = printable(" ".join(_text(value).split()))
    if heading in _SHORTENED and _ID.fullmatch(text):
        text = text[:SHORT_ID]
    return Text(text if heading not in _FREE or len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…")


def _text(value: Any) -> str:
    match value:
        case datetime():
            return value.isoformat(sep=" ", timespec="seconds")
        case None:
            return ""
        case list() | tuple():
            return "\n".join(map(_text, value))
        case Mapping():
            return "\n".join(f"{name.replace('_', ' ')}: {_text(part)}" for name, part in value.items() if part)
        case _:
            return str(value)
