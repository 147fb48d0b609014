"""Read a CSV file row by row, checking and interpreting each."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

from guichet.addresses import parse
from guichet.http.body import clean
from guichet.locales import LANGUAGES, Language, known, locale, name_of
from guichet.records.record import Record, utc_now
from guichet.spreadsheet import text_of
from infra.operate.connection import OperatorError
from infra.operate.importing import dates
from infra.operate.importing.decoding import CALLED, lines, shape_of, shown, undecoded
from infra.operate.importing.meaning import (
    STATES,
    Column,
    Question,
    Values,
    column_of,
    plain,
    standing_of_file,
    state_of,
    verdict_of,
)
from infra.operate.importing.silence import silence_of
from infra.operate.importing.vocabulary import KINDS, LEFT, NAMES, STANDINGS, Kind, Standing

# The same limit as for forms.
_LONGEST_NAME = 1000
_SEVERAL = 2
_UNSEEN = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
# How much is shown of a file without headings, or one that is not a list.
_SHOWN = 200


class Line(Record):
    """A row that can be imported. `number` is its first line in the file.

    `standing` is the person's standing in the list that the row comes from; `left_at` is since when, if they left.
    """

    number: int
    email: str
    name: str = ""
    language: Language
    consented_at: datetime | None = None
    source: str = ""
    standing: Standing = "subscribed"
    left_at: datetime | None = None


@dataclass(frozen=True)
class BadLine:
    """A row that cannot be imported: the number of its first line, the reason, and its text.

    Nothing after an `unclear` row can be imported: it may all be one cell, with text that a stranger wrote.
    """

    number: int
    reason: str
    text: str
    unclear: bool = False


class Read(NamedTuple):
    """A row, its last line, and about how many bytes of the file have been read up to its end."""

    row: Line | BadLine
    last: int
    bytes_read: int


_MAILTO = re.compile(r"mailto:([^?]*)(\?.*)?", re.IGNORECASE)
# `Ann Lee <ann@example.org>`, as mail software writes an address.
_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]+)>")
_AROUND = " \t\r\n;,.<>()[]\"'"
_BETWEEN = re.compile(r"[\s;,<>()\[\]|\"]+|:::")


class _Raw(NamedTuple):
    """A row as text and as cells; None if it is not valid CSV."""

    number: int
    last: int
    bytes_read: int
    text: str
    cells: list[str] | None


class _BadRowError(Exception):
    """A row cannot be imported. The message says why."""


@dataclass(frozen=True)
class Answers:
    """The operator's answers about a file: kinds of columns, the order of day and month, and everybody's standing."""

    columns: Mapping[str, Kind]
    order: dates.Order | None = None
    state: Standing | None = None


def answers(columns: Sequence[str] = (), order: dates.Order | None = None, state: Standing | None = None) -> Answers:
    """Return the operator's answers, with columns as `NAME=KIND`. Raises OperatorError for any other form."""
    given: dict[str, Kind] = {}
    for text in columns:
        name, _, word = text.rpartition("=")
        kind = next((one for one in KINDS if one == word.strip().lower().replace("_", "-")), None)
        if not name or kind is None:
            raise OperatorError(f"--column {text}: write NAME=WHAT, where WHAT is {', '.join(KINDS)}")
        given[plain(name) or name] = kind
    return Answers(given, order, state)


class Reader:
    """A CSV file (RFC 4180), scanned once and then read row by row; a quoted cell may span lines.

    Raises OperatorError if there is no such file, if it has no column of addresses, or if a column is unclear.
    """

    def __init__(self, file: Path, default_language: Language, given: Answers | None = None) -> None:
        self._file = file
        self._default = default_language
        self._given = given or Answers({})
        self._shape = shape_of(file)
        self.size = file.stat().st_size
        self.separator = self._shape.separator
        # A complete quoted cell.
        between = re.escape(self.separator)
        self._quoted = re.compile(f'(?:^|(?<={between}))"(?:[^"]|"")*"(?={between}|$)', re.MULTILINE)
        self.notes: list[str] = []
        if self._shape.titled:
            self.notes.append(f"Line {self._shape.heading} is taken for the headings; lines above it are skipped.")
        names = [shown(name) for name in self._shape.names]
        # By column, the first cell that is alone in its row and says that somebody left.
        self._alone: dict[int, tuple[int, str]] = {}
        values = self._survey(len(names))
        self._look_for_titles(names, values)
        self.columns = self._dated(self._understood(names, values), values)
        self.unused = [column.name for column in self.columns if column.kind == "ignore"]
        self._floor = self._everybody()
        if self._floor == "subscribed" and (warning := silence_of(self.columns)):
            self.notes.append(warning)
        # Rows of people who left, without an address, as in our own export: these cannot be recorded.
        self.only_hashed: set[int] = set()

    def rows(self, first: int = 2) -> Iterator[Read]:
        """Yield the rows from a given line, up to and including an unclear one. Empty lines are skipped."""
        for raw in self._raw():
            if raw.last < first:
                continue
            if self._only_hashed(raw):
                self.only_hashed.add(raw.number)
                continue
            for row in self._row(raw):
                yield Read(row, raw.last, raw.bytes_read)
                if isinstance(row, BadLine) and row.unclear:
                    return

    # --- the first scan -----------------------------------------------------------------------------------------------

    def _raw(self) -> Iterator[_Raw]:
        """Yield the rows below the headings, without empty lines."""
        taken: list[str] = []
        position = 0

        def texts() -> Iterator[str]:
            nonlocal position
            for line, position in lines(self._file, self._shape.encoding, self._shape.newline):  # noqa: B007
                taken.append(line)
                # The parser treats all line endings alike.
                yield f"{line[:-1]}\n" if line.endswith("\r") else line

        below = texts()
        last = 0
        for _ in range(self._shape.heading):
            next(below, None)
            last += 1
        reader = csv.reader(below, delimiter=self.separator, strict=True)
        while True:
            taken.clear()
            cells: list[str] | None = None
            with suppress(csv.Error):
                cells = next(reader, None)
            if not taken:
                return
            number, last = last + 1, last + len(taken)
            text = "".join(taken)
            # A no-break space is a cell. Spreadsheets end a file with rows that hold only separators. Concatenated
            # files repeat the headings.
            if text.strip(f" \t\r\n\v\f{self.separator}") and cells != self._shape.names:
                yield _Raw(number, last, position, text, cells)

    def _survey(self, width: int) -> list[Values]:
        """Scan all cells."""
        found = [Values() for _ in range(width)]
        alone: dict[int, tuple[int, str]] = {}
        for raw in self._raw():
            if raw.cells is not None and not self._too_long(raw.cells):
                cells = [_text(cell) for cell in raw.cells]
                for values, cell in zip(found, cells, strict=False):
                    values.add(cell)
                filled = [place for place, cell in enumerate(cells) if cell.strip()]
                if len(filled) == 1 and state_of(cells[filled[0]].strip()) not in (None, "subscribed"):
                    alone.setdefault(filled[0], (raw.number, cells[filled[0]].strip()))
                elif alone and "@" in raw.text:
                    # A title has people below it.
                    self._alone = {**alone, **self._alone}
                    alone.clear()
        return found

    def _look_for_titles(self, names: list[str], values: list[Values]) -> None:
        """Raise OperatorError if a row may be a title over people who left, such as `Désabonnés`."""
        words = [plain(name) for name in names]
        for place, (number, text) in self._alone.items():
            if place >= len(names):
                continue
            given = self._given.columns.get(words[place] or names[place])
            found = column_of(place, names[place], values[place], words, given)
            if isinstance(found, Column) and found.kind in STATES:
                continue
            if isinstance(found, Column) or words[place] in NAMES["email"]:
                raise OperatorError(
                    f"nothing was imported. Line {number} of {self._file} has only {text[:_SHOWN]!r}. If it is a "
                    "title above people who left, put them into a file of their own, and give their state with "
                    "--state. If it is not, delete the line"
                )

    def _understood(self, names: list[str], values: list[Values]) -> list[Column]:
        """Return what the columns are. Raises OperatorError with the questions, if there are any."""
        words = [plain(name) for name in names]
        chosen = {**self._given.columns}
        columns: list[Column] = []
        questions: list[Question] = []
        for place, (name, known_values) in enumerate(zip(names, values, strict=True)):
            found = column_of(place, name, known_values, words, chosen.get(words[place] or name))
            (columns if isinstance(found, Column) else questions).append(found)  # type: ignore[arg-type]
        if unknown := [name for name in chosen if name not in words and name not in names]:
            raise OperatorError(f"{self._file} has no column {unknown[0]}. Its columns are: {', '.join(names)}")
        of_addresses = any(plain(one.name) in NAMES["email"] for one in questions)
        if not of_addresses and not any(column.kind == "email" for column in columns):
            columns = self._with_addresses(columns, values, names)
        if questions:
            raise OperatorError(_asked(self._file, questions))
        return columns

    def _with_addresses(self, columns: list[Column], values: list[Values], names: list[str]) -> list[Column]:
        """Find the column of addresses by its cells if no name says so. Raises OperatorError."""
        full = [column for column in columns if column.kind == "ignore" and values[column.place].addresses]
        full = [column for column in full if 2 * values[column.place].addresses > values[column.place].filled]
        if len(full) == 1 and not any(parse(name) for name in names):
            return [replace(column, kind="email") if column == full[0] else column for column in columns]
        head = self.separator.join(names)[:_SHOWN]
        if any(_addresses(name)[1] for name in names):
            raise OperatorError(
                f"{self._file} has no column of addresses, as its first line has no headings. Add a line above it "
                f"that names the columns; `email` is enough if there is only one. Its first line now is: {head}"
            )
        raise OperatorError(
            f"{self._file} has no column of addresses: name one `email`, or say which it is with "
            f'--column "NAME=email". Its first line is: {head}'
        )

    def _dated(self, columns: list[Column], values: list[Values]) -> list[Column]:
        """Decide for each column whether the day or the month comes first in its dates."""
        all_day = any(one.day_first for one in values)
        all_month = any(one.month_first for one in values)
        usual = locale(self._default).DAY_FIRST
        ordered: list[Column] = []
        for column in columns:
            own = values[column.place]
            order: dates.Order | None = self._given.order
            if order is None and own.day_first != own.month_first:
                order = "day-first" if own.day_first else "month-first"
            elif order is None and not own.day_first and all_day != all_month:
                order = "day-first" if all_day else "month-first"
            if order is None and own.either and column.kind in ("consented-at", "confirmed"):
                if own.day_first or not usual:
                    raise OperatorError(
                        f"{self._file}: in the column `{column.name}`, it is unclear whether {own.either} has the day "
                        "or the month first. Choose with --dates day-first or --dates month-first"
                    )
                order = "day-first"
                self.notes.append(
                    f"Dates such as {own.either} in `{column.name}` are read with the day first, as in "
                    f"{name_of(self._default, 'en')}. If the month comes first, use --dates month-first."
                )
            elif order is None and usual:
                order = "day-first"
            ordered.append(replace(column, order=order))
        return ordered

    def _everybody(self) -> Standing:
        """Return what the file's name says about everybody in it. Raises OperatorError if that is unclear."""
        if self._given.state is not None:
            return self._given.state
        standing = standing_of_file(self._file.name.removesuffix(self._file.suffix))
        if standing == "unclear":
            raise OperatorError(
                f"nothing was imported. The name of {self._file} may say that everybody in it left. Give their state "
                f"with --state {', '.join(STANDINGS[:-1])} or {STANDINGS[-1]}"
            )
        if standing != "subscribed":
            self.notes.append(
                f"By the name of the file, everybody in it is {standing}. If that is wrong, use --state subscribed."
            )
        return standing

    # --- a row --------------------------------------------------------------------------------------------------------

    def _row(self, raw: _Raw) -> list[Line] | list[BadLine]:
        """Return a checked row, once for each of its addresses."""
        text = shown(raw.text).rstrip("\r\n")
        if unclear := self._unclear(raw, text):
            return [BadLine(raw.number, unclear, text.splitlines()[0], unclear=True)]
        try:
            return self._lines(raw.number, self._cells(raw))
        except _BadRowError as error:
            return [BadLine(raw.number, str(error), text)]

    def _only_hashed(self, raw: _Raw) -> bool:
        if raw.cells is None or self._too_long(raw.cells) or self._unclear(raw, shown(raw.text).rstrip("\r\n")):
            return False
        cells = [_text(cell) for cell in raw.cells]
        return not self._first("email", cells).strip() and verdict_of(self.columns, cells).standing in LEFT

    def _unclear(self, raw: _Raw, text: str) -> str:
        """Return why it is unclear where a cell ends, or an empty text if it is clear."""
        if raw.cells is None and raw.text.count('"') % 2:
            return "it opens a quote that is never closed"
        # Other programs escape a quote inside a cell in their own ways, so that its end is a guess.
        if '\\"' in text or '"' in self._quoted.sub("", text):
            return "a quote inside a cell is not doubled"
        return ""

    def _too_long(self, cells: list[str]) -> bool:
        """Return whether a row has more cells than columns: a cell may contain a separator."""
        return any(cell.strip() for cell in cells[len(self._shape.names) :])

    def _cells(self, raw: _Raw) -> list[str]:
        """Return the texts of a row's cells."""
        if raw.cells is None:
            raise _BadRowError("its quotes do not match, or a cell is too long")
        if undecoded(raw.text):
            called = CALLED.get(self._shape.encoding, self._shape.encoding)
            raise _BadRowError(f"it is not {called}: save the file as CSV UTF-8")
        if self._too_long(raw.cells):
            raise _BadRowError("it has more cells than the first line: they may be in the wrong columns")
        return [_text(cell) for cell in raw.cells]

    def _lines(self, number: int, cells: list[str]) -> list[Line]:
        given = self._first("email", cells).strip()
        name, emails = _addresses(given)
        if not emails:
            raise _BadRowError(f"{given[:100]!r} is not a valid email address" if given else "it has no email address")
        if len(emails) > 1 and verdict_of(self.columns, cells).standing not in LEFT and self._floor not in LEFT:
            # The row does not say which of them is subscribed.
            raise _BadRowError("it has several email addresses: write each in a row of its own")
        return [self._line(number, email, name, cells) for one in emails if (email := parse(one))]

    def _line(self, number: int, email: str, written_name: str, cells: list[str]) -> Line:
        verdict = verdict_of(self.columns, cells)
        language = self._language(cells)
        if verdict.standing is None:
            raise _BadRowError(f"its state is {verdict.because[:100]!r}, which is not understood")
        standing = max(verdict.standing, self._floor, key=STANDINGS.index)
        if standing in LEFT:
            # Nothing else about them matters, so nothing else can make the row bad.
            at = verdict.left_at if verdict.left_at and verdict.left_at <= utc_now() else None
            return Line(number=number, email=email, language=language or self._default, standing=standing, left_at=at)
        if language is None:
            raise _BadRowError(f"the language is not one of {', '.join(LANGUAGES)}")
        name = self._name(cells) or written_name
        if len(name) > _LONGEST_NAME:
            raise _BadRowError(f"the name is longer than {_LONGEST_NAME} characters")
        return Line(
            number=number,
            email=email,
            name=name,
            language=language,
            consented_at=self._consented_at(cells),
            source=_one_line(self._first("source", cells))[:_LONGEST_NAME],
            standing=standing,
        )

    def _first(self, kind: Kind, cells: list[str]) -> str:
        """Return the first text in the columns of one kind, such as `source` and `page`."""
        texts = (cells[one.place] for one in self.columns if one.kind == kind and one.place < len(cells))
        return next(filter(str.strip, texts), "")

    def _name(self, cells: list[str]) -> str:
        """Return the name: the full name, or first and last name joined, as in French and English."""
        whole = _one_line(self._first("name", cells))
        first, last = _one_line(self._first("first-name", cells)), _one_line(self._first("last-name", cells))
        if whole and last and not any(column.kind == "first-name" for column in self.columns):
            # In MailerLite's exports, `Name` next to `Last name` is the first name.
            return whole if whole.lower().endswith(last.lower()) else f"{whole} {last}"
        if whole and first and not any(column.kind == "last-name" for column in self.columns):
            # In Mailjet's contact properties, `name` next to `firstname` is the last name.
            return whole if first.lower() in whole.lower() else f"{first} {whole}"
        return whole or " ".join(filter(None, (first, last)))

    def _language(self, cells: list[str]) -> Language | None:
        given = _one_line(self._first("language", cells))
        # `English (US)`
        return (known(given) or _languages().get(plain(given).partition(" ")[0])) if given else self._default

    def _consented_at(self, cells: list[str]) -> datetime | None:
        """Return when the person consented, from the best column that says so."""
        dated = [column for column in self.columns if column.kind in ("consented-at", "confirmed")]
        for column in sorted(dated, key=lambda one: one.rank):
            text = cells[column.place].strip() if column.place < len(cells) else ""
            if not text or dates.never(text):
                continue
            at = dates.parse(text, column.order) or dates.serial(text)
            if at is None and column.kind == "confirmed":
                continue
            if at is None or at > utc_now():
                raise _BadRowError(f"{text[:100]!r} is not a past date such as 2024-05-31, 31/05/2024 or May 31, 2024")
            return at
        return None


def _text(cell: str) -> str:
    """Return a cell's text without invisible characters at its ends: a byte order mark, zero-width spaces."""
    return text_of(cell.strip(_UNSEEN) if cell[:1] in _UNSEEN or cell[-1:] in _UNSEEN else cell)


def _addresses(text: str) -> tuple[str, list[str]]:
    """Return the name and the addresses in a cell, as some programs write them: after `mailto:`, or after a name.

    If there are several, some may be invalid.
    """
    name = ""
    if found := _MAILTO.fullmatch(text):
        text = found[1]
    elif found := _NAMED.fullmatch(text):
        name, text = _one_line(found["name"]).strip(" \"'"), found["address"].strip()
    whole = parse(text) or parse(text.strip(_AROUND))
    if whole is not None:
        return ("" if parse(name) else name), [whole]
    found_all = [one.removeprefix("mailto:") for one in _BETWEEN.split(text) if "@" in one]
    several = len(found_all) >= _SEVERAL and any(parse(one) for one in found_all)
    return "", list(dict.fromkeys(found_all)) if several else []


@cache
def _languages() -> Mapping[str, Language]:
    """Return the languages by their names, in each of them."""
    return {plain(name): language for one in LANGUAGES for language, name in locale(one).NAMES.items()}


def _one_line(text: str) -> str:
    """Return a text as one line, also without the characters that forms drop."""
    return " ".join(clean(text).split())


def _asked(file: Path, questions: Sequence[Question]) -> str:
    """Return the message that asks about columns that are not understood, and says how to answer."""
    listed = "; ".join(
        f"`{one.name}`" + (f" (with {', '.join(repr(text[:40]) for text in one.examples)})" if one.examples else "")
        for one in questions
    )
    name = questions[0].name
    return (
        f"nothing was imported. In {file}, these columns may say that somebody left, but are not understood: "
        f'{listed}. For each, add --column "{name}=ignore" if it does not say so; =unsubscribed if a yes, a date or '
        "any text in it says so; =subscribed if a no says so; =state if it has words such as `unsubscribed`, and rows "
        "with other words are to be rejected. If none of these fits, ignore it, and add a column `status` with "
        "`unsubscribed`, `bounced`, `complained` or `pending` in the rows that it is about"
    )
