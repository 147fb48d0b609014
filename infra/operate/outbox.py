"""Emails that are still owed, and those that failed: which, why, since when; and to owe them again."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from guichet.records.outbox import AUDIENCES, Audience, EmailKey
from guichet.records.record import utc_now
from guichet.store import outbox
from guichet.store.dynamodb import Item
from infra.operate.queries import Advance, by_keys, scan


@dataclass(frozen=True)
class Owed:
    """An email that was not sent: its key as one text, whom it is for, since when it is owed, and why it still is."""

    key: str
    state: Literal["waiting", "failed"]
    email: str
    to: Audience
    waiting_since: datetime
    tried_at: datetime | None
    why: str


def listed(table: str, tell: Advance) -> Iterator[Owed]:
    """Yield the emails that wait, the owner's first, oldest first, and then those that failed, which takes a scan."""
    for audience in AUDIENCES:
        keys = [key for _, key in outbox.waiting(table, audience)]
        found = by_keys(table, ({"pk": key.record, "sk": key.email} for key in keys))
        yield from sorted(map(_waiting, found), key=lambda owed: owed.waiting_since)
    yield from _failed(table, tell)


def _failed(table: str, tell: Advance) -> Iterator[Owed]:
    """Yield the emails that SES refused for good."""
    for page in scan(table, "email", tell=tell):
        for item in page.items:
            if "failed_at" in item:
                yield _owed(item, "failed", item["failed_at"], item.get("reason", ""))


def _waiting(item: Item) -> Owed:
    if "claim" not in item:
        return _owed(item, "waiting", item.get("tried_at"), item.get("waits_for", "it was not tried yet"))
    # The reason for the claim is not kept: a run holds it, or ended without a word from SES.
    until = datetime.fromtimestamp(int(item["claimed_until"]), UTC)
    unanswered = int(item.get("tries", 1)) - 1
    if until < utc_now():
        why = "the run that sent it ended without an answer; it is tried again"
    elif unanswered:
        why = f"SES gave no answer, tries: {unanswered}; the next one is after {until:%Y-%m-%d %H:%M} UTC"
    else:
        why = "it is being sent"
    return _owed(item, "waiting", item.get("tried_at"), why)


def _owed(item: Item, state: Literal["waiting", "failed"], tried_at: str | None, why: str) -> Owed:
    return Owed(
        key=f"{item['pk']}/{item['sk']}",
        state=state,
        email=item["name"],
        to=item["recipient"],
        waiting_since=datetime.fromisoformat(item["queued_at"]),
        tried_at=datetime.fromisoformat(tried_at) if tried_at else None,
        why=why,
    )


def retry(table: str, owed: Owed) -> bool:
    """Owe an email again that failed. Return False where it did not fail."""
    record, _, email = owed.key.partition("/")
    return outbox.retry(table, EmailKey(record=record, email=email), owed.to)
