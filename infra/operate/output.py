"""The commands' output: tables and sentences for people, or JSON with one object per line for programs.

Results go to standard output; progress and hints go to standard error.
"""

import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from infra.operate.queries import Advance, blocks

# Wide enough for a whole row when the output is not a terminal.
_WIDTH_OF_A_FILE = 200
# The columns that shrink on a narrow terminal, in this order, and how narrow they become, in characters.
_GIVING_WAY = {"message": 8, "why": 20, "spam": 8, "name": 12, "email": 20}
# Text that does not fit into these columns wraps. In others it is cut off: `show` has all of it.
_FOLDED = ("why", "email")
# Columns with ids that may be shortened: commands accept a prefix.
_SHORTENED = ("id",)
# Enough characters to distinguish one message among a million.
SHORT_ID = 8
_ID = re.compile("[0-9a-f]{32}")
# The space between two columns.
_GAP = 2
# Rows per printed table, so that memory stays flat for any number of rows.
_PER_TABLE = 100
# Without a terminal for a bar, report progress once per this many items, but at most about twenty times in all.
_REPORT_EVERY = 10_000
# Characters that would act on a terminal instead of being shown: control characters, and those that change the reading
# order.
_ACTIVE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f]"
)
# The longest text of a stranger's in a table: a longer one would displace the other columns.
_LONGEST_CELL = 60


def printable(text: str) -> str:
    """Return a stranger's text in a form safe to show on a terminal: only line breaks and tabs keep their effect."""
    return _ACTIVE.sub("�", text.replace("\r\n", "\n"))


def room(stream: TextIO) -> int | None:
    """Return how many columns a terminal has, or COLUMNS says; None for a file, where lines may be long."""
    if stream.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return None


def wrapped(text: str, width: int | None, indent: str = "") -> str:
    """Return a text wrapped between words, with continuation lines indented."""
    if width is None:
        return text
    lines = (
        textwrap.fill(
            line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False,
            drop_whitespace=True, replace_whitespace=False,
        )
        for line in text.splitlines()
    )  # fmt: skip
    return "\n".join(lines)


def counted(number: int, thing: str, things: str = "") -> str:
    """Return a number of things in words: `1 email`, `2,000 emails`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def short(identifier: str) -> str:
    """Return an id, shortened as in a table."""
    return identifier[:SHORT_ID] if _ID.fullmatch(identifier) else identifier


class Output:
    """Standard output and standard error, for people or for programs."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self._room = room(sys.stdout)
        self._out = Console(width=self._room or _WIDTH_OF_A_FILE, highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)

    def say(self, sentence: str, indent: str | None = "") -> None:
        """Print a sentence for a person, with continuation lines indented; None leaves it on one line."""
        if not self.as_json:
            text = printable(sentence)
            self._out.print(Text(text if indent is None else wrapped(text, self._room, indent)))

    def advise(self, sentence: str) -> None:
        """Print a hint, separate from the result."""
        self._err.print(Text(wrapped(printable(sentence), room(sys.stderr))))

    def tell(self, sentences: str | Iterable[str], **facts: Any) -> None:
        """Report what a command did: as sentences for a person, or an object for a program."""
        if self.as_json:
            self._line(facts)
        for sentence in [sentences] if isinstance(sentences, str) else sentences:
            self.say(sentence, "  " if sentence.startswith("- ") else "")

    def show(self, thing: Mapping[str, Any]) -> None:
        """Print one object, one line per field; for people, empty fields are left out."""
        if self.as_json:
            return self._line(thing)
        table = Table.grid(padding=(0, 2))
        table.add_column()
        # Nothing is cut off, however long a word is.
        table.add_column(overflow="fold")
        for name, value in thing.items():
            if value not in ("", None, (), [], {}):
                table.add_row(Text(printable(name.replace("_", " ")), style="dim"), Text(printable(_text(value))))
        self._out.print(table)
        return None

    def rows(
        self,
        rows: Iterable[Mapping[str, Any]],
        columns: Sequence[str],
        nothing: str,
        shown: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda row: row,
    ) -> int:
        """Print rows as they arrive: some columns for people, as `shown`; all fields for programs. Return how many."""
        printed = 0
        for block in blocks(rows, _PER_TABLE):
            if self.as_json:
                for row in block:
                    self._line(row)
            else:
                self._out.print(_table([shown(row) for row in block], columns, self._out.width))
            printed += len(block)
        if not printed:
            self.say(nothing)
        return printed

    @contextmanager
    def progress(self, what: str, total: int | None) -> Iterator[Advance]:
        """Show the progress of a long operation on standard error: a bar on a terminal, or else an occasional line."""
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
        text = json.dumps(thing, ensure_ascii=False, default=_timestamp)
        # Escaped: equivalent for a program, and harmless on a terminal.
        sys.stdout.write(_ACTIVE.sub(lambda found: json.dumps(found[0])[1:-1], text) + "\n")


def _timestamp(at: datetime) -> str:
    """Return a time as in a record's JSON, with Z for UTC."""
    return at.isoformat().replace("+00:00", "Z")


def _table(rows: list[Mapping[str, Any]], columns: Sequence[str], width: int) -> Table:
    """Return rows as a table of at most `width` characters. Times, ids and states are never cut."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    headings = [heading(name) for name in columns]
    cells = [[_cell(row.get(name, ""), name) for name in columns] for row in rows]
    widths = {
        name: max(len(heading(name)), *(cell.cell_len for cell in column))
        for name, column in zip(columns, zip(*cells, strict=True), strict=True)
    }
    excess = sum(widths.values()) + _GAP * (len(widths) - 1) - width
    for name, narrowest in _GIVING_WAY.items():
        if name in widths and excess > 0 and widths[name] > narrowest:
            cut = min(excess, widths[name] - narrowest)
            widths[name] -= cut
            excess -= cut
    for name, text in zip(columns, headings, strict=True):
        folded = name in _FOLDED
        table.add_column(
            text,
            no_wrap=not folded,
            overflow="fold" if folded else "ellipsis",
            min_width=widths[name],
            max_width=widths[name],
        )
    for row in cells:
        table.add_row(*row)
    return table


def heading(name: str) -> str:
    """Return the heading of a field's column: its name in words."""
    return name.replace("_", " ")


def _cell(value: Any, name: str) -> Text:
    if isinstance(value, datetime):
        # In local time, to the minute, as `ls -l` shows it.
        at = value.astimezone()
        return Text(at.strftime("%d %b %H:%M" if at.year == datetime.now(at.tzinfo).year else "%d %b %Y"))
    text = printable(" ".join(_text(value).split()))
    if name in _SHORTENED:
        text = short(text)
    free = name in _GIVING_WAY and name not in _FOLDED
    return Text(text if not free or len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…")


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
