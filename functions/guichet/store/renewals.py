"""Renewals: who is due to be asked whether they want to stay, each step, and the progress in the day's part.

Each step is one conditional write, so that a second attempt finds it done. The row of the email decides whether a
subscriber was really asked: only an email that SES accepted was sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from guichet.records.outbox import QUEUED_EMAIL_KEPT, EmailKey, QueuedEmail
from guichet.records.subscriber import AskedToRenew, Leaving, Subscriber
from guichet.store import dynamodb, outbox, subscriber_lists, table
from guichet.store.dynamodb import ConditionFailedError, Item
from guichet.store.subscribers import APPEND, appended

# The number of parts of the list, of which one is processed per day.
PARTS = 7
# How many subscribers are read at once.
_PAGE = 100
_KEY = {"pk": "renewals", "sk": "renewals"}
_KEPT = timedelta(days=365)
# How many weeks of counts are kept, for the digests.
_WEEKS = 5


class Entry(NamedTuple):
    """A confirmed subscriber as the index has them: the last sign of life, and what they were asked since."""

    id: str
    alive_at: datetime
    queued_at: datetime | None
    sent_at: datetime | None


@dataclass(frozen=True)
class Progress:
    """The renewals' progress: which part of the list is processed on a day, and after which id it continues.

    `left` is how many more may be asked that day, `weeks` counts who was asked, and unsubscribed for not answering, by
    week (ISO 8601). `off` says whether renewals are switched off, and `since` when they were switched on for the last
    time.
    """

    day: str = ""
    part: int = 0
    after: str = ""
    done: bool = True
    left: int = 0
    share: int = 0
    weeks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    off: bool = False
    since: str = ""
    version: int = 0

    @property
    def on_since(self) -> datetime:
        """When renewals were switched on for the last time."""
        return datetime.fromisoformat(self.since) if self.since else datetime.min.replace(tzinfo=UTC)

    def switched_on(self, at: datetime) -> "Progress":
        """Return it as switched on, if it was not, or never before."""
        return self if self.version and not self.off else replace(self, off=False, since=table.stamp(at))

    def counted(self, at: datetime, what: str, number: int) -> "Progress":
        """Return it with more counted in the week of a time. The oldest weeks are dropped."""
        week = week_of(at)
        counts = {**self.weeks.get(week, {})}
        counts[what] = counts.get(what, 0) + number
        kept = sorted({*self.weeks, week})[-_WEEKS:]
        return replace(self, weeks={name: counts if name == week else self.weeks[name] for name in kept})


def week_of(at: datetime) -> str:
    """Return the week of a time, `2026-W47` (ISO 8601)."""
    return f"{at:%G-W%V}"


def progress(table_name: str) -> Progress:
    """Return the progress of the renewals."""
    item = table.get(table_name, _KEY) or {}
    return Progress(**{name: item[name] for name in Progress.__dataclass_fields__ if name in item})


def save(table_name: str, reached: Progress, now: datetime) -> Progress | None:
    """Store the progress of the renewals as the next version. Return it, or None if another run was quicker."""
    saved = replace(reached, version=reached.version + 1)
    values = {name: getattr(saved, name) for name in Progress.__dataclass_fields__}
    item = {**_KEY, "kind": "renewals", **values, "expires_at": table.seconds(now + _KEPT)}
    unchanged = "version = :read" if reached.version else "attribute_not_exists(pk)"
    put = table.put(table_name, item, unchanged, {":read": reached.version} if reached.version else None)["Put"]
    try:
        dynamodb.call("put_item", **put)
    except ConditionFailedError:
        return None
    return saved


def switch_off(table_name: str, now: datetime) -> None:
    """Record that renewals are switched off, unless that is known already, or they were never on."""
    reached = progress(table_name)
    if reached.version and not reached.off:
        save(table_name, replace(reached, off=True), now)


def entries(table_name: str, part: int, after: str) -> Iterator[list[Entry]]:
    """Yield the confirmed subscribers of a part of the list, after an id, some at a time. They come from the index."""
    query = subscriber_lists.of_part(table_name, "confirmed", part, PARTS, after)
    for page in dynamodb.pages("query", **query, Limit=_PAGE):
        found = (dynamodb.unmarshalled(item) or {} for item in page["Items"])
        yield [entry(item) for item in found if _is_dated(item)]


def _is_dated(item: Item) -> bool:
    return "alive_at" in item or "confirmed_at" in item


def entry(item: Item) -> Entry:
    """Return an entry from an item of a subscriber, or of the index."""
    return Entry(
        table.id_at(item["pk"]),
        datetime.fromisoformat(item.get("alive_at") or item["confirmed_at"]),
        _time(item.get("renewal_queued_at")),
        _time(item.get("renewal_sent_at")),
    )


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def email_key(subscriber_id: str, email: QueuedEmail) -> EmailKey:
    """Return the key of the email that asks a subscriber."""
    return outbox.row_key(table.key(Subscriber, subscriber_id)["pk"], email.name, email.occasion)


def confirmed(table_name: str, subscriber_id: str) -> Item | None:
    """Return the current item of a subscriber, or None if they are no longer confirmed."""
    item = table.get(table_name, table.key(Subscriber, subscriber_id))
    return item if item and item["state"] == "confirmed" and item.get("email") and _is_dated(item) else None


def ask(table_name: str, item: Item, email: QueuedEmail, at: datetime) -> bool:
    """Atomically note that a subscriber is asked, and queue the email. Return False if they changed since.

    For one period this succeeds once: it depends on the last sign of life, and on when they were asked since.
    """
    key = {"pk": item["pk"], "sk": item["sk"]}
    # As they are stored: an import may write a time differently.
    known = {name: item.get(name) for name in ("alive_at", "confirmed_at", "renewal_queued_at", "renewal_sent_at")}
    unchanged = (
        f"attribute_not_exists({name})" if value is None else f"{name} = :{name}" for name, value in known.items()
    )
    noted = table.update(
        table_name,
        key,
        "SET renewal_queued_at = :at REMOVE renewal_sent_at",
        " AND ".join(("#state = :confirmed", *unchanged)),
        {":at": table.stamp(at), ":confirmed": "confirmed"}
        | {f":{name}": value for name, value in known.items() if value is not None},
    )
    row = outbox.row(key["pk"], email, at, at + QUEUED_EMAIL_KEPT)
    return table.written([noted, table.put(table_name, row, "attribute_not_exists(pk)")])


def note_sent(table_name: str, subscriber_id: str, queued_at: datetime, sent_at: datetime) -> bool:
    """Record, also in the record of consent, that SES accepted the email. Return False if known, or they answered."""
    return _update(
        table_name,
        subscriber_id,
        f"SET renewal_sent_at = :sent, {APPEND}",
        "#state = :confirmed AND renewal_queued_at = :queued AND attribute_not_exists(renewal_sent_at)",
        {":sent": table.stamp(sent_at), ":queued": table.stamp(queued_at), ":confirmed": "confirmed"}
        | appended(AskedToRenew(event="asked_to_renew", at=sent_at)),
    )


def forget_sent(table_name: str, subscriber_id: str, queued_at: datetime) -> bool:
    """Undo that the email was sent: SES rejected it after accepting it."""
    return _update(
        table_name,
        subscriber_id,
        "REMOVE renewal_sent_at",
        "renewal_queued_at = :queued AND attribute_exists(renewal_sent_at)",
        {":queued": table.stamp(queued_at)},
    )


def end(table_name: str, subscriber_id: str, sent_at: datetime, at: datetime, kept: timedelta) -> bool:
    """Unsubscribe a subscriber who has not answered the email sent at `sent_at`. Return False if they have, or left."""
    return _update(
        table_name,
        subscriber_id,
        "SET #state = :left, #list = :list, left_at = :at, left_for = :no_answer, expires_at = :end, "
        f"{APPEND} REMOVE renewal_queued_at, renewal_sent_at",
        "#state = :confirmed AND renewal_sent_at = :sent",
        {
            ":left": "unsubscribed",
            ":list": table.subscribers_list("unsubscribed"),
            ":at": table.stamp(at),
            ":no_answer": "no_answer",
            ":end": table.seconds(at + kept),
            ":confirmed": "confirmed",
            ":sent": table.stamp(sent_at),
        }
        | appended(Leaving(event="unsubscribed", at=at, reason="no_answer")),
    )


def _update(table_name: str, subscriber_id: str, changes: str, condition: str, values: Item) -> bool:
    update = table.update(table_name, table.key(Subscriber, subscriber_id), changes, condition, values)
    try:
        dynamodb.call("update_item", **update["Update"])
    except ConditionFailedError:
        return False
    return True
