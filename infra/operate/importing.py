"""Import addresses from a CSV file, row by row: as confirmed elsewhere, or as requests that are mailed a link.

Each row is one conditional write, so an import is idempotent, and an interrupted one is simply run again. Imports
never resubscribe anyone who unsubscribed, bounced or complained.
"""

import csv
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from guichet.addresses import normalized, parse
from guichet.http.body import clean
from guichet.locales import LANGUAGES, Language, known
from guichet.mail.emails import confirmation_request
from guichet.mail.pace import Pace
from guichet.outbox.eligibility import stranger_mail_per_day
from guichet.records.outbox import QUEUED_EMAIL_KEPT
from guichet.records.record import Record, utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Imported, Subscriber
from guichet.signing import keyed_hash, subscriber_id
from guichet.spreadsheet import text_of
from guichet.store import limits, outbox, submissions, subscribers
from guichet.store.dynamodb import UnavailableError
from infra.operate.connection import OperatorError, OperatorSettings
from infra.operate.queries import Advance, blocks, by_keys

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Other names of the columns, in lower case.
ALIASES = {
    "email": ("email", "e-mail", "email address", "mail", "courriel", "adresse e-mail", "adresse email"),
    "name": ("name", "nom", "full name"),
    "language": ("language", "langue", "lang"),
    "consented_at": ("consented_at", "confirmed_at", "optin_time", "confirm_time", "date"),
    "source": ("source", "page"),
    "state": ("state", "status", "statut"),
}
# States of other lists that may be imported as confirmed, and that may be asked. An empty state allows both.
_CONFIRMED = {"", "confirmed", "subscribed", "active", "enabled"}
_ASKABLE = _CONFIRMED | {"pending", "unconfirmed"}
# Rows written in parallel. DynamoDB takes far more; this is enough for a home connection.
THREADS = 8
BLOCK = 200
# The same limit as for forms.
_LONGEST_NAME = 1000
_ROW_OF_REQUEST = f"email#{confirmation_request.NAME}"

_Block = TypeVar("_Block")
INTERRUPTED = "interrupted"
UNAVAILABLE = "the table is unreachable"
FULL = "today's limit of emails is reached: go on tomorrow"
UNCLEAR = "from line {} on it is unclear where a cell ends: fix its quotes, and run the command again"

Outcome = Literal["imported", "asked", "confirmed already", "asked already", "left", "suppressed"]
_OF_STATE: dict[str, Outcome] = {
    "confirmed": "confirmed already",
    "unsubscribed": "left",
    "lifted": "left",
    "bounced": "suppressed",
    "complained": "suppressed",
    "blocked": "suppressed",
}


class Line(Record):
    """A row that can be imported. `number` is its first line in the file; the headings are line 1."""

    number: int
    email: str
    name: str = ""
    language: Language
    consented_at: datetime | None = None
    source: str = ""


@dataclass(frozen=True)
class BadLine:
    """A row that cannot be imported: the number of its first line, the reason, and its text.

    Nothing after an `unclear` row can be imported: it may all belong to one cell, with text that a stranger wrote.
    """

    number: int
    reason: str
    text: str
    unclear: bool = False


class Read(NamedTuple):
    """A row, its last line, and how many bytes of the file have been read up to its end."""

    row: Line | BadLine
    last: int
    bytes_read: int


@dataclass
class Summary:
    """The result of an import: rows by outcome, the last line that is done, and why it stopped early, if it did."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    done_until: int = 1
    stopped: str = ""


class _BadRowError(Exception):
    """A row cannot be imported. The message says why."""


class Reader:
    """A CSV file (RFC 4180), read row by row; a quoted cell may span lines.

    Raises OperatorError if there is no such file, or no column of addresses.
    """

    def __init__(self, file: Path, default_language: Language, *, asking: bool = False) -> None:
        self._file = file
        self._default = default_language
        self._states = _ASKABLE if asking else _CONFIRMED
        try:
            with file.open("rb") as opened:
                head = opened.readline().decode("utf-8-sig").rstrip("\r\n")
        except OSError as error:
            raise OperatorError(f"{file}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise OperatorError(f"{file} is not UTF-8: save it as CSV UTF-8") from None
        self.separator = max(SEPARATORS.values(), key=head.count)
        try:
            (names,) = csv.reader([head], delimiter=self.separator, strict=True)
        except (csv.Error, ValueError):
            raise OperatorError(f"{file}: the first line must name the columns") from None
        # A complete quoted cell.
        self._quoted = re.compile(f'(?:^|(?<={self.separator}))"(?:[^"]|"")*"(?={self.separator}|$)', re.MULTILINE)
        lowered = [name.strip().lower() for name in names]
        self.columns = {
            column: [lowered.index(alias) for alias in found]
            for column, aliases in ALIASES.items()
            if (found := [alias for alias in aliases if alias in lowered])
        }
        self.unused = [name for name in names if name.strip().lower() not in sum(ALIASES.values(), ())]
        if "email" not in self.columns:
            raise OperatorError(f"{file} has no column of addresses: name one `email`. Its first line is: {head[:200]}")

    def rows(self, first: int = 2) -> Iterator[Read]:
        """Yield the rows from a line on, up to and including an unclear one. Empty lines are skipped."""
        taken: list[bytes] = []

        def lines() -> Iterator[str]:
            for raw in opened:
                taken.append(raw)
                yield raw.decode("utf-8", "backslashreplace")

        with self._file.open("rb") as opened:
            reader = csv.reader(lines(), delimiter=self.separator, strict=True)
            last = read = 0
            while True:
                taken.clear()
                cells: list[str] | None = None
                with suppress(csv.Error):
                    cells = next(reader, None)
                if not taken:
                    return
                number, last, read = last + 1, last + len(taken), read + sum(map(len, taken))
                raw = b"".join(taken)
                if last >= max(2, first) and raw.strip():
                    row = self._row(number, raw, cells)
                    yield Read(row, last, read)
                    if isinstance(row, BadLine) and row.unclear:
                        return

    def _row(self, number: int, raw: bytes, cells: list[str] | None) -> Line | BadLine:
        """Return a row, checked. `cells` is None if it is not valid CSV."""
        text = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        if cells is None and raw.count(b'"') % 2:
            return BadLine(number, "it opens a quote that is never closed", text.splitlines()[0], unclear=True)
        # Other programs escape a quote inside a cell in their own ways, and then its end is a guess.
        if '\\"' in text or '"' in self._quoted.sub("", text):
            return BadLine(number, "a quote inside a cell is not doubled", text.splitlines()[0], unclear=True)
        if cells is None:
            return BadLine(number, "its quotes do not match, or a cell is too long", text)
        try:
            raw.decode()
            given = {column: _first(cells, places) for column, places in self.columns.items()}
            return self._line(number, given.pop("email").strip(), given)
        except UnicodeDecodeError:
            return BadLine(number, "it is not UTF-8: save the file as CSV UTF-8", text)
        except _BadRowError as error:
            return BadLine(number, str(error), text)

    def _line(self, number: int, address: str, given: dict[str, str]) -> Line:
        # Made one line, without the characters that forms drop, too.
        given = {column: " ".join(clean(text).split()) for column, text in given.items()}
        email = parse(address)
        if email is None:
            raise _BadRowError(f"{address[:100]!r} is not a valid email address")
        if given.get("state", "").lower() not in self._states:
            raise _BadRowError(f"its state is {given['state'][:100]!r}, not that of a subscriber")
        language = known(given["language"]) if given.get("language") else self._default
        if language is None:
            raise _BadRowError(f"the language is not one of {', '.join(LANGUAGES)}")
        name = given.get("name", "")
        if len(name) > _LONGEST_NAME:
            raise _BadRowError(f"the name is longer than {_LONGEST_NAME} characters")
        return Line(
            number=number,
            email=email,
            name=name,
            language=language,
            consented_at=_date(given["consented_at"]) if given.get("consented_at") else None,
            source=given.get("source", "")[:_LONGEST_NAME],
        )


def _first(cells: list[str], places: list[int]) -> str:
    """Return the first text among several columns of one meaning, such as `source` and `page`."""
    texts = (text_of(cells[place]) for place in places if place < len(cells))
    return next(filter(str.strip, texts), "")


def _date(text: str) -> datetime:
    at: datetime | None = None
    # OverflowError: in UTC it is before year 1.
    with suppress(ValueError, OverflowError):
        given = datetime.fromisoformat(text)
        at = (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    if at is None or at > utc_now():
        raise _BadRowError(f"{text[:100]!r} is not a past date in the form 2024-05-31 or 2024-05-31T10:00Z")
    return at


def import_confirmed(line: Line, statement: str, settings: OperatorSettings) -> Outcome:
    """Subscribe an address that confirmed elsewhere, with the operator's statement as the proof of consent."""
    at = utc_now()
    subscriber = Subscriber(
        id=subscriber_id(settings.signing_secret, line.email),
        state="confirmed",
        email=line.email,
        name=line.name,
        language=line.language,
        confirmed_at=line.consented_at or at,
        history=(
            Imported(event="imported", at=at, statement=statement, consented_at=line.consented_at, source=line.source),
        ),
    )
    state = subscribers.add_imported(settings.table_name, subscriber)
    return "imported" if state is None else _OF_STATE[state]


def import_request(line: Line, settings: OperatorSettings) -> Outcome:
    """Create a request for an address, and queue the email with the link. The id depends on the address alone."""
    subscriber = subscribers.subscriber(settings.table_name, subscriber_id(settings.signing_secret, line.email))
    if subscriber is not None:
        return _OF_STATE[subscriber.state]
    at = utc_now()
    sign_up = SignUp(
        id=_request_id(line.email, settings),
        email=line.email,
        name=line.name,
        page=line.source,
        language=line.language,
        asked_at=at,
        expires_at=at + QUEUED_EMAIL_KEPT,
    )
    email = confirmation_request.queued(line.language)
    return "asked" if submissions.ask(settings.table_name, sign_up, email) else "asked already"


def _request_id(email: str, settings: OperatorSettings) -> str:
    return keyed_hash(settings.signing_secret, "request", "import", normalized(email))


def look_up(lines: Iterable[Line], *, asking: bool, settings: OperatorSettings) -> Iterator[Outcome]:
    """Yield the outcome that importing each line would have, without writing."""
    ids = {line.number: subscriber_id(settings.signing_secret, line.email) for line in lines}
    requests = {line.number: _request_id(line.email, settings) for line in lines} if asking else {}
    keys = [{"pk": f"subscriber#{one}", "sk": "subscriber"} for one in dict.fromkeys(ids.values())]
    keys += [{"pk": f"request#{one}", "sk": _ROW_OF_REQUEST} for one in dict.fromkeys(requests.values())]
    now = int(utc_now().timestamp())
    found = [item for item in by_keys(settings.table_name, keys) if item.get("expires_at", now) >= now]
    states = {item["id"]: item["state"] for item in found if item["kind"] == "subscriber"}
    asked = {item["pk"].partition("#")[2] for item in found if item["kind"] == "email" and "dropped_at" not in item}
    for number, one in ids.items():
        if one in states:
            yield _OF_STATE[states[one]]
        elif asking:
            yield "asked already" if requests[number] in asked else "asked"
            asked.add(requests[number])
        else:
            yield "imported"
            states[one] = "confirmed"


def room_today(settings: OperatorSettings) -> int:
    """Return how many more strangers may be mailed today: what the cap leaves, minus the emails already waiting."""
    name = confirmation_request.NAME
    waiting = sum(1 for _ in outbox.waiting(settings.table_name, "visitor"))
    return max(0, stranger_mail_per_day(name, settings) - limits.used_today(settings.table_name, name) - waiting)


def run(
    rows: Iterable[Read],
    process: Callable[[list[Line]], Iterable[Outcome]],
    reject: Callable[[BadLine], None],
    advance: Advance,
    size: int,
) -> Summary:
    """Run an import in blocks of `size` rows. A bad row does not stop the others.

    If it is interrupted, or the table is unreachable, the summary says up to which line it is done.
    """
    summary = Summary()
    try:
        for block in _until_interrupted(blocks(rows, size)):
            good = [read.row for read in block if isinstance(read.row, Line)]
            outcomes = list(process(good))
            summary.outcomes.update(outcomes)
            # If there was no room for all of them, the rest is not done, bad rows included.
            end = good[len(outcomes)].number - 1 if len(outcomes) < len(good) else block[-1].last
            for read in block:
                if isinstance(read.row, BadLine) and read.last <= end:
                    reject(read.row)
                    summary.bad += 1
                    if read.row.unclear:
                        end = read.row.number - 1
                        summary.stopped = UNCLEAR.format(read.row.number)
            summary.done_until = end
            if len(outcomes) < len(good):
                summary.stopped = FULL
                break
            advance(block[-1].bytes_read)
    except KeyboardInterrupt:
        summary.stopped = INTERRUPTED
    except UnavailableError:
        summary.stopped = UNAVAILABLE
    return summary


def _until_interrupted(blocks_: Iterable[_Block]) -> Iterator[_Block]:
    """Yield blocks until Ctrl-C; the current one is finished. Ctrl-C again, a second later, interrupts at once.

    Raises KeyboardInterrupt if blocks are left.
    """
    pressed: list[float] = []

    def press(*_: object) -> None:
        pressed.append(time.monotonic())
        # A shell may signal a whole process group, and so one process twice.
        if pressed[-1] - pressed[0] > 1:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        for block in blocks_:
            if pressed:
                raise KeyboardInterrupt
            yield block
    finally:
        signal.signal(signal.SIGINT, before)


def confirmed_importer(
    statement: str, settings: OperatorSettings, pool: ThreadPoolExecutor
) -> Callable[[list[Line]], list[Outcome]]:
    """Return a function that subscribes a block of lines in parallel."""
    return lambda lines: list(pool.map(lambda line: import_confirmed(line, statement, settings), lines))


def request_importer(settings: OperatorSettings, pace: Pace, room: int) -> Callable[[list[Line]], Iterator[Outcome]]:
    """Return a function that asks a block of lines, at the given pace, until today's limit is reached."""
    left = room

    def process(lines: list[Line]) -> Iterator[Outcome]:
        nonlocal left
        for line in lines:
            if not left:
                return
            outcome = import_request(line, settings)
            if outcome == "asked":
                left -= 1
                pace.wait()
            yield outcome

    return process
