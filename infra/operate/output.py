"""What the commands print: tables and sentences for a person, or JSON, one object a line, for a program.

Results go to standard output, progress and advice to standard error.
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

# Wide enough for a whole line where nobody looks at the width.
_WIDTH_OF_A_FILE = 200
# The columns of free text.
_FREE = ("name", "message", "why")
# How many rows a table is made of before it is printed, so that any number takes no more memory.
_PER_TABLE = 100
# How often progress is told where there is no terminal for a bar; less often where that is more than twenty times.
_TOLD_EACH = 10_000
# What would act on a terminal instead of showing on it: control characters, and those that turn the reading order.
_ACTS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# The longest of a stranger's texts in a table: a longer one would take the other columns' place.
_LONGEST_CELL = 60


def printable(text: str) -> str:
    """Return a stranger's text as it may be shown on a terminal: line breaks and tabs stay, nothing else acts."""
    return _ACTS.sub("�", text.replace("\r\n", "\n"))


class Output:
    """Standard output and standard error, for a person or for a program."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._out = Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE, highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """Say something to a person. A program gets objects only."""
        if not self.as_json:
            self._out.print(Text(printable(sentence)))

    def advise(self, sentence: str) -> None:
        """Say something beside the result."""
        self._err.print(Text(printable(sentence)))

    def show(self, thing: Mapping[str, Any]) -> None:
        """Show one thing, name by name; what is empty is left out for a person."""
        if self.as_json:
            return self._line({name.replace(" ", "_"): value for name, value in thing.items()})
        table = Table.grid(padding=(0, 2))
        table.add_column()
        # Whole, however long a word is.
        table.add_column(overflow="fold")
        for name, value in thing.items():
            if value not in ("", None, (), []):
                table.add_row(Text(printable(name.replace("_", " ")), style="dim"), Text(printable(_text(value))))
        self._out.print(table)
        return None

    def rows(self, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str], nothing: str) -> int:
        """Show rows as they come: a person sees `columns` (name: heading), a program all. Return how many."""
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
        """Show on standard error how far something long is: a bar on a terminal, else a line now and then.

        Beside rows on a terminal it shows nothing: they would run through each other, and tell it themselves.
        """
        if beside_rows and self._out.is_terminal:
            yield lambda _: None
            return
        if not self._err.is_terminal:
            told, step = 0, max(_TOLD_EACH, (total or 0) // 20)

            def tell(done: int) -> None:
                nonlocal told
                if done - told >= step:
                    told = done
                    self.advise(f"{what}: {done:,}" + (f" of about {total:,}" if total else ""))

            yield tell
            return
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=self._err, transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)

    def _line(self, thing: Mapping[str, Any]) -> None:
        text = json.dumps(thing, ensure_ascii=False, default=datetime.isoformat)
        # The same text for a program, and none that acts on a terminal.
        sys.stdout.write(_ACTS.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


def _table(rows: list[Mapping[str, Any]], columns: Mapping[str, str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in columns.values():
        # What a stranger writes at any length gives way; all else is there to be read whole and copied.
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
