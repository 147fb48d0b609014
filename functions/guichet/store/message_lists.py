"""The messages and the spam folder by time: one list per day, several days read at once, in both directions."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.registry import KINDS
from guichet.records.sign_up import SignUp
from guichet.store import dynamodb, table
from guichet.store.dynamodb import Item, retry_budget

Folder = Literal["messages", "spam"]

# How many days to read at once, in successive steps: on a busy site, a few are enough.
# All together are how far one walk goes. A day without messages is read for half a unit.
DAYS_AT_ONCE = (3, 9, 30, 80)
_THREADS = 8
_PLACE = re.compile(r"([0-9]{8}T[0-9]{12})(?:-(message|request)-([0-9a-f]{1,64}))?")
_PLACE_TIME = "%Y%m%dT%H%M%S%f"


class Place(NamedTuple):
    """A place in chronological order, between two messages. Without a key, it is before everything from that time."""

    at: datetime
    pk: str = ""

    def __str__(self) -> str:
        """Return it as text for a URL: a time and a record's key."""
        kind = table.kind_at(self.pk)
        record = f"-{kind.name}-{table.id_at(self.pk)}" if kind else ""
        return self.at.astimezone(UTC).strftime(_PLACE_TIME) + record

    @classmethod
    def of(cls, text: str) -> "Place | None":
        """Return the place that a text names, or None."""
        found = _PLACE.fullmatch(text)
        if not found:
            return None
        try:
            at = datetime.strptime(found[1], _PLACE_TIME).replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(at, table.key(KINDS[found[2]].model, found[3])["pk"] if found[2] else "")


class Entry(NamedTuple):
    """A list's entry for a message, or for a sign-up caught as spam: when it arrived, its key, its form."""

    at: datetime
    pk: str
    form: str

    @property
    def place(self) -> Place:
        """Its place."""
        return Place(self.at, self.pk)


class Stretch(NamedTuple):
    """The entries of some days in the order of the walk, where they end, and whether nothing is beyond."""

    entries: list[Entry]
    reached: Place
    is_last: bool


class Lists:
    """The lists of one folder. No day is read twice."""

    def __init__(self, table_name: str, folder: Folder) -> None:
        self._table_name = table_name
        self._folder = folder
        self._read: dict[date, list[Entry]] = {}

    def walk(self, start: Place, last: datetime, *, back: bool) -> Iterator[Stretch]:
        """Walk from a place up to a time, backward or forward, excluding the place itself.

        Yields a stretch of days at a time, and ends after all DAYS_AT_ONCE.
        """
        day, end = start.at.astimezone(UTC).date(), last.astimezone(UTC).date()
        step = timedelta(days=-1 if back else 1)
        for most in DAYS_AT_ONCE:
            left = (day - end if back else end - day).days + 1
            days = [day + step * number for number in range(min(most, left))]
            entries = (entry for entries in self._lists(days) for entry in entries)
            beyond = [entry for entry in entries if (entry.place < start if back else entry.place > start)]
            beyond.sort(key=lambda entry: entry.place, reverse=back)
            day += step * len(days)
            edge = day + timedelta(days=1) if back else day
            yield Stretch(beyond, Place(datetime(edge.year, edge.month, edge.day, tzinfo=UTC)), left <= most)
            if left <= most:
                return

    def _lists(self, days: Sequence[date]) -> list[list[Entry]]:
        """Return the lists of some days. Those not read before are read concurrently."""
        new = [day for day in days if day not in self._read]
        names = [table.day_list(self._folder, datetime(day.year, day.month, day.day, tzinfo=UTC)) for day in new]
        if names:
            with retry_budget(), ThreadPoolExecutor(min(_THREADS, len(names))) as executor:
                # Each in its own context, but with the shared retry budget.
                calls = [executor.submit(copy_context().run, _list, self._table_name, name) for name in names]
                self._read |= {day: call.result() for day, call in zip(new, calls, strict=True)}
        return [self._read[day] for day in days]


def _list(table_name: str, name: str) -> list[Entry]:
    pages = dynamodb.pages("query", **table.of_list(table_name, name))
    return [_entry(item) for page in pages for item in page["Items"]]


def _entry(item: dict[str, Any]) -> Entry:
    # As DynamoDB writes it: thousands of them are read at once.
    pk, form = item["pk"]["S"], item.get("form")
    kind = table.kind_at(pk)
    if kind is not None and kind.model is SignUp:
        return Entry(datetime.fromisoformat(item["asked_at"]["S"]), pk, "newsletter")
    # The default form is not stored.
    return Entry(datetime.fromisoformat(item["received_at"]["S"]), pk, form["S"] if form else "contact")


def read(table_name: str, entries: Sequence[Entry]) -> list[Message | SignUp]:
    """Read the records of some entries, in order, leaving out what was erased or has expired since."""
    items = dynamodb.batch_get(table_name, [table.key_at(entry.pk) for entry in entries])
    now = table.seconds(utc_now())
    return [_record(item) for item in items if item["expires_at"] >= now]


def opened(table_name: str, record_id: str) -> tuple[Message | SignUp | None, list[Item]]:
    """Return a message, or a sign-up, with the rows of its emails as they stand, or None if it is gone."""
    for model in (Message, SignUp):
        items = list(
            dynamodb.items(
                "query",
                TableName=table_name,
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues=dynamodb.marshalled({":pk": table.key(model, record_id)["pk"]}),
                ConsistentRead=True,
            )
        )
        now = table.seconds(utc_now())
        for item in items:
            if table.is_record(item) and item["expires_at"] >= now:
                rows = [row for row in items if row.get("kind") == "email" and row["expires_at"] >= now]
                return _record(item), rows
    return None, []


def _record(item: Item) -> Message | SignUp:
    return cast("Message | SignUp", KINDS[item["kind"]].model.model_validate(item))
