"""Import: addresses from a CSV file, row by row, as confirmed elsewhere or as requests that are mailed a link.

Each row is one conditional write, so that a row that was imported before changes nothing: an import that was
interrupted is simply done again. Nobody is brought back who left, or must not be written to.
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
from guichet.records.record import Record, utc_now
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.records.subscriber import Imported, Subscriber
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import outbox, submissions, subscribers
from guichet.store.dynamodb import UnavailableError
from infra.operate.cells import text_of
from infra.operate.connection import OperatorError, OperatorSettings
from infra.operate.queries import Advance, blocks, by_keys

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# What the columns are called elsewhere, in lower case.
ALIASES = {
    "email": ("email", "e-mail", "email address", "mail", "courriel", "adresse e-mail", "adresse email"),
    "name": ("name", "nom", "full name"),
    "language": ("language", "langue", "lang"),
    "consented_at": ("consented_at", "confirmed_at", "optin_time", "confirm_time", "date"),
    "source": ("source", "page"),
    "state": ("state", "status", "statut"),
}
# Who may be brought as confirmed, and who may be asked, by what other lists call it; a row that says nothing may, too.
_CONFIRMED = {"", "confirmed", "subscribed", "active", "enabled"}
_ASKABLE = _CONFIRMED | {"pending", "unconfirmed"}
# Rows written side by side. DynamoDB takes far more; this keeps up with a home's connection.
THREADS = 8
BLOCK = 200
# The same as a form takes.
_LONGEST_NAME = 1000
_ROW_OF_REQUEST = f"email#{confirmation_request.NAME}"

_Block = TypeVar("_Block")
INTERRUPTED = "interrupted"
AWAY = "the table cannot be reached now"
FULL = "as many are asked as may be mailed today: go on tomorrow"
UNCLEAR = "where a cell ends is not clear from line {} on: mend its quotes, and give the command again"

Outcome = Literal["imported", "asked", "confirmed already", "asked already", "left", "suppressed"]
_OF_STATE: dict[str, Outcome] = {
    "confirmed": "confirmed already",
    "unsubscribed": "left",
    "lifted": "left",
    "bounced": "suppressed",
    "complained": "suppressed",
}


class Line(Record):
    """A row of the file that is fit to be imported, by the number of its first line. The headings are line 1."""

    number: int
    email: str
    name: str = ""
    language: Language
    consented_at: datetime | None = None
    source: str = ""


@dataclass(frozen=True)
class BadLine:
    """A row that cannot be imported: the number of its first line, why, and its text.

    Behind an `unclear` one nothing can be imported: it may all be part of one cell, where a stranger's words stand.
    """

    number: int
    reason: str
    text: str
    unclear: bool = False


class Read(NamedTuple):
    """A row, the last line that it takes, and how many bytes of the file are read by then."""

    row: Line | BadLine
    last: int
    bytes_read: int


@dataclass
class Account:
    """What came of an import: rows by outcome, the last line that was done, and why it stopped before the end."""

    outcomes: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    done_until: int = 1
    stopped: str = ""


class _UnfitError(Exception):
    """A row is not fit to be imported. The text says why."""


class Reader:
    """A CSV file (RFC 4180), read row by row; a cell in quotes may go on over lines.

    Raises OperatorError where there is no such file, or no column of addresses.
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
        # A cell in quotes, whole.
        self._quoted = re.compile(f'(?:^|(?<={self.separator}))"(?:[^"]|"")*"(?={self.separator}|$)', re.MULTILINE)
        lowered = [name.strip().lower() for name in names]
        self.columns = {
            column: lowered.index(found[0])
            for column, aliases in ALIASES.items()
            if (found := [alias for alias in aliases if alias in lowered])
        }
        self.unused = [name for name in names if name.strip().lower() not in sum(ALIASES.values(), ())]
        if "email" not in self.columns:
            raise OperatorError(f"{file} has no column of addresses: call one `email`. Its first line is: {head[:200]}")

    def rows(self, first: int = 2) -> Iterator[Read]:
        """Yield the rows from a line on, up to an unclear one. Empty lines are passed over."""
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
        """Return a row as it is fit; `cells` is None where it is no CSV."""
        text = raw.decode("utf-8", "backslashreplace").rstrip("\r\n")
        if cells is None and raw.count(b'"') % 2:
            return BadLine(number, "it opens a quote that is not closed", text.splitlines()[0], unclear=True)
        # Other programs' ways to write a quote within a cell: where it ends is a guess then.
        if '\\"' in text or '"' in self._quoted.sub("", text):
            return BadLine(number, "a quote within a cell is not written twice", text.splitlines()[0], unclear=True)
        if cells is None:
            return BadLine(number, "its quotes do not match, or it is longer than a cell may be", text)
        try:
            raw.decode()
            given = {column: text_of(cells[i]) if i < len(cells) else "" for column, i in self.columns.items()}
            return self._fit(number, given.pop("email").strip(), given)
        except UnicodeDecodeError:
            return BadLine(number, "it is not UTF-8: save the file as CSV UTF-8", text)
        except _UnfitError as error:
            return BadLine(number, str(error), text)

    def _fit(self, number: int, address: str, given: dict[str, str]) -> Line:
        # On one line, and without what a form does not take either.
        given = {column: " ".join(clean(text).split()) for column, text in given.items()}
        email = parse(address)
        if email is None:
            raise _UnfitError(f"{address[:100]!r} is no email address that can be mailed")
        if given.get("state", "").lower() not in self._states:
            raise _UnfitError(f"its state is {given['state'][:100]!r}: it is not said that they want mail")
        language = known(given["language"]) if given.get("language") else self._default
        if language is None:
            raise _UnfitError(f"the language is not one of {', '.join(LANGUAGES)}")
        name = given.get("name", "")
        if len(name) > _LONGEST_NAME:
            raise _UnfitError(f"the name is longer than {_LONGEST_NAME} characters")
        return Line(
            number=number,
            email=email,
            name=name,
            language=language,
            consented_at=_date(given["consented_at"]) if given.get("consented_at") else None,
            source=given.get("source", "")[:_LONGEST_NAME],
        )


def _date(text: str) -> datetime:
    at: datetime | None = None
    # OverflowError: in UTC it is before the first year.
    with suppress(ValueError, OverflowError):
        given = datetime.fromisoformat(text)
        at = (given if given.tzinfo else given.replace(tzinfo=UTC)).astimezone(UTC)
    if at is None or at > utc_now():
        raise _UnfitError(f"{text[:100]!r} is no date of the past, written like 2024-05-31 or 2024-05-31T10:00Z")
    return at


def bring(line: Line, statement: str, settings: OperatorSettings) -> Outcome:
    """Keep an address that confirmed elsewhere, with the operator's statement of it as the proof of consent."""
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


def ask(line: Line, settings: OperatorSettings) -> Outcome:
    """Make a request for an address, which owes it the email with the link. Its id is the same whenever it is made."""
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
        expires_at=at + REQUEST_KEPT,
    )
    email = confirmation_request.queued(line.language)
    return "asked" if submissions.ask(settings.table_name, sign_up, email) else "asked already"


def _request_id(email: str, settings: OperatorSettings) -> str:
    return keyed_hash(settings.signing_secret, "request", "import", normalized(email))


def look_up(lines: Iterable[Line], *, asking: bool, settings: OperatorSettings) -> Iterator[Outcome]:
    """Tell what would come of lines, without a write."""
    wanted = {line.number: subscriber_id(settings.signing_secret, line.email) for line in lines}
    requests = {line.number: _request_id(line.email, settings) for line in lines} if asking else {}
    keys = [{"pk": f"subscriber#{one}", "sk": "subscriber"} for one in dict.fromkeys(wanted.values())]
    keys += [{"pk": f"request#{one}", "sk": _ROW_OF_REQUEST} for one in dict.fromkeys(requests.values())]
    now = int(utc_now().timestamp())
    found = [item for item in by_keys(settings.table_name, keys) if item.get("expires_at", now) >= now]
    states = {item["id"]: item["state"] for item in found if item["kind"] == "subscriber"}
    asked = {item["pk"].partition("#")[2] for item in found if item["kind"] == "email" and "dropped_at" not in item}
    for number, one in wanted.items():
        if one in states:
            yield _OF_STATE[states[one]]
        elif asking:
            yield "asked already" if requests[number] in asked else "asked"
            asked.add(requests[number])
        else:
            yield "imported"
            states[one] = "confirmed"


def room_today(settings: OperatorSettings) -> int:
    """Return how many more strangers may be mailed today: what the cap leaves, less those that wait already."""
    key = {"pk": "cap#visitors", "sk": f"cap#{utc_now().date().isoformat()}"}
    counted = sum(int(item["counted"]) for item in by_keys(settings.table_name, [key]))
    waiting = sum(1 for _ in outbox.waiting(settings.table_name, "visitor"))
    return max(0, settings.stranger_mail_per_day - counted - waiting)


def carry_out(
    rows: Iterable[Read],
    do: Callable[[list[Line]], Iterable[Outcome]],
    reject: Callable[[BadLine], None],
    tell: Advance,
    size: int,
) -> Account:
    """Do an import in blocks of a size, and count what comes of it; a bad row keeps no other from being imported.

    Where it is interrupted, or the table cannot be reached, the account says until which line it is done.
    """
    account = Account()
    try:
        for block in _until_interrupted(blocks(rows, size)):
            good = [read.row for read in block if isinstance(read.row, Line)]
            outcomes = list(do(good))
            account.outcomes.update(outcomes)
            # Where there was no room for all, the rest is not done, the bad ones among it no more than the others.
            end = good[len(outcomes)].number - 1 if len(outcomes) < len(good) else block[-1].last
            for read in block:
                if isinstance(read.row, BadLine) and read.last <= end:
                    reject(read.row)
                    account.bad += 1
                    if read.row.unclear:
                        end = read.row.number - 1
                        account.stopped = UNCLEAR.format(read.row.number)
            account.done_until = end
            if len(outcomes) < len(good):
                account.stopped = FULL
                break
            tell(block[-1].bytes_read)
    except KeyboardInterrupt:
        account.stopped = INTERRUPTED
    except UnavailableError:
        account.stopped = AWAY
    return account


def _until_interrupted(blocks_: Iterable[_Block]) -> Iterator[_Block]:
    """Yield blocks until Ctrl-C; the one in hand is finished. Pressed again a second later, it interrupts at once.

    Raises KeyboardInterrupt where blocks are left.
    """
    pressed: list[float] = []

    def press(*_: object) -> None:
        pressed.append(time.monotonic())
        # A shell may tell a whole group of processes, and so one of them twice.
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


def bringing(
    statement: str, settings: OperatorSettings, pool: ThreadPoolExecutor
) -> Callable[[list[Line]], list[Outcome]]:
    """Return what keeps a block of lines as confirmed, side by side."""
    return lambda lines: list(pool.map(lambda line: bring(line, statement, settings), lines))


def asking(settings: OperatorSettings, pace: Pace, room: int) -> Callable[[list[Line]], Iterator[Outcome]]:
    """Return what makes requests of a block of lines, at a pace, until there is no more room today."""
    left = room

    def do(lines: list[Line]) -> Iterator[Outcome]:
        nonlocal left
        for line in lines:
            if not left:
                return
            outcome = ask(line, settings)
            if outcome == "asked":
                left -= 1
                pace.wait()
            yield outcome

    return do
