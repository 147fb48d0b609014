"""Daily notes about what was caught as spam, and the time up to which it was reported."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import cast

from guichet.records.comment import Comment
from guichet.records.message import SPAM_KEPT, Message
from guichet.records.outbox import QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.records.spam_note import OpenedSpamNote, SpamNote
from guichet.store import outbox, table

_TOLD = {"pk": "told#spam", "sk": "told"}


def told_until(table_name: str) -> datetime | None:
    """Return the day up to which spam was reported, or None if unknown."""
    item = table.get(table_name, _TOLD)
    return datetime.fromisoformat(item["told_until"]) if item else None


def add(table_name: str, before: datetime | None, until: datetime, note: SpamNote | None, email: QueuedEmail) -> bool:
    """Record up to when spam was reported, and queue the email of a note, if there is one.

    `before` is what `told_until` returned. Return False if another run was quicker.
    """
    # By then, everything that was caught has expired as well.
    told = {**_TOLD, "kind": "told", "told_until": table.stamp(until), "expires_at": table.seconds(until + SPAM_KEPT)}
    unchanged, values = "attribute_not_exists(pk)", None
    if before is not None:
        unchanged, values = "told_until = :before", {":before": table.stamp(before)}
    actions = [table.put(table_name, told, condition=unchanged, values=values)]
    if note is not None:
        item = table.item_of(note)
        actions += [
            table.put(table_name, item),
            table.put(table_name, outbox.row(item["pk"], email, note.made_at, note.expires_at)),
        ]
    return table.written(actions)


def caught(table_name: str, keys: Iterable[str]) -> Iterator[Message | SignUp | Comment]:
    """Yield, by key, what is still in the spam folder and was not filed there by the owner."""
    for key in keys:
        record = cast("Message | SignUp | Comment | None", table.record_at(table_name, key))
        if record is not None and record.spam not in ("", "owner"):
            yield record


def opened(table_name: str, note: SpamNote) -> OpenedSpamNote:
    """Return a note with the submissions that it names."""
    return OpenedSpamNote(note, tuple(caught(table_name, note.named)))
