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
# The columns of free text.
_FREE = ("name", "message", "why")
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
                self._out.print(_table(block, columns))
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


def _table(rows: list[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        # A stranger's text of any length may be cut; everything else is shown in full, to be copied.
        free = heading in _FREE
        table.add_column(heading, no_wrap=True, overflow="ellipsis" if free else "fold", ratio=1 if free else None)
    for row in rows:
        table.add_row(*(_cell(row.get(name, ""), heading) for name, heading in columns.items()))
    return table


def _cell(value: Any, heading: str) -> Text:
    text = printable(" ".join(_text(value).split()))
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
