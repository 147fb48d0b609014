"""Emails waiting in the outbox and failed ones: which, why and since when; and retrying failed ones."""

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
class UnsentEmail:
    """An email that is waiting or failed: its key as one string, its audience, since when, and why."""

    key: str
    state: Literal["waiting", "failed"]
    email: str
    to: Audience
    waiting_since: datetime
    tried_at: datetime | None
    why: str


def listed(table: str, advance: Advance) -> Iterator[UnsentEmail]:
    """Yield waiting emails, the owner's first, oldest first; then failed ones, which takes a scan of the table."""
    for audience in AUDIENCES:
        keys = [key for _, key in outbox.waiting(table, audience)]
        found = by_keys(table, ({"pk": key.record, "sk": key.email} for key in keys))
        yield from sorted(map(_waiting, found), key=lambda email: email.waiting_since)
    yield from _failed(table, advance)


def _failed(table: str, advance: Advance) -> Iterator[UnsentEmail]:
    """Yield the emails that SES rejected for good."""
    for page in scan(table, "email", advance=advance):
        for item in page.items:
            if "failed_at" in item:
                yield _unsent(item, "failed", item["failed_at"], item.get("reason", ""))


def _waiting(item: Item) -> UnsentEmail:
    if "claim" not in item:
        return _unsent(item, "waiting", item.get("tried_at"), item.get("waits_for", "not tried yet"))
    # The item does not say why it is claimed: a run is sending it, or ended without an answer from SES.
    until = datetime.fromtimestamp(int(item["claimed_until"]), UTC)
    unanswered = int(item.get("tries", 1)) - 1
    if until < utc_now():
        why = "the run that was sending it ended without an answer; it will be retried"
    elif unanswered:
        why = f"SES did not answer, tries: {unanswered}; the next try is after {until:%Y-%m-%d %H:%M} UTC"
    else:
        why = "being sent"
    return _unsent(item, "waiting", item.get("tried_at"), why)


def _unsent(item: Item, state: Literal["waiting", "failed"], tried_at: str | None, why: str) -> UnsentEmail:
    return UnsentEmail(
        key=f"{item['pk']}/{item['sk']}",
        state=state,
        email=item["name"],
        to=item["recipient"],
        waiting_since=datetime.fromisoformat(item["queued_at"]),
        tried_at=datetime.fromisoformat(tried_at) if tried_at else None,
        why=why,
    )


def retry(table: str, unsent: UnsentEmail) -> bool:
    """Queue a failed email again. Return False if it had not failed."""
    record, _, email = unsent.key.partition("/")
    return outbox.retry(table, EmailKey(record=record, email=email), unsent.to)
