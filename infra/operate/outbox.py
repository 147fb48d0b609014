"""List waiting, held and failed emails, and retry failed ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Literal

from guichet.outbox.reasons import reason_of
from guichet.records.outbox import AUDIENCES, Audience, EmailKey
from guichet.records.record import utc_now
from guichet.store import mailboxes, outbox
from guichet.store.dynamodb import Item
from guichet.store.table import id_at, row_key
from infra.operate.queries import Advance, by_keys, scan

# Held emails wait for the owner's mailbox. `replied` ones were sent and got an automatic reply: no action is needed.
State = Literal["waiting", "held", "failed", "replied"]


@dataclass(frozen=True)
class UnsentEmail:
    """An email that is waiting, held or failed, or that got an automatic reply, and why.

    `id` is that of the record that it reports, such as a message; `key` distinguishes the emails of one record.
    """

    id: str
    key: str
    state: State
    kind: str
    to: Audience
    waiting_since: datetime
    tried_at: datetime | None
    why: str


def listed(table: str, advance: Advance) -> list[UnsentEmail]:
    """Return the waiting, held and failed emails, newest first, and those that got an automatic reply.

    Finding the failed ones and those with a reply requires a scan of the table.
    """
    waiting = (_rows(table, (key for _, key in outbox.waiting(table, audience))) for audience in AUDIENCES)
    held = _rows(table, (email.key for email in outbox.held(table)))
    found = [
        *map(_waiting, chain.from_iterable(waiting)),
        *(_unsent(item, "held", item.get("bounced_at"), item.get("waits_for", "")) for item in held),
        *_ended(table, advance),
    ]
    return sorted(found, key=lambda email: email.waiting_since, reverse=True)


def _rows(table: str, keys: Iterable[EmailKey]) -> Iterator[Item]:
    return by_keys(table, map(row_key, keys))


def _ended(table: str, advance: Advance) -> Iterator[UnsentEmail]:
    for page in scan(table, "email", advance=advance):
        for item in page.items:
            if "failed_at" in item:
                yield _unsent(item, "failed", item["failed_at"], item.get("reason", ""))
            elif "absent_at" in item and item["recipient"] == "owner" and "outbox" not in item:
                yield _unsent(item, "replied", item["absent_at"], item.get("bounce", ""))


def _waiting(item: Item) -> UnsentEmail:
    tried_at = item.get("tried_at") or item.get("bounced_at") or item.get("rejected_at")
    reason = reason_of(item, utc_now())
    match reason.why:
        case "interrupted":
            why = "the run that was sending it ended without an answer; it will be retried"
        case "in_doubt":
            why = f"SES has not answered, tries: {reason.tries}"
        case "sending":
            why = "being sent"
        case _:
            why = item.get("waits_for", "not tried yet")
    if reason.until:
        why = f"{why}; the next try is after {reason.until:%Y-%m-%d %H:%M} UTC"
    return _unsent(item, "waiting", tried_at, why)


def _unsent(item: Item, state: State, tried_at: str | None, why: str) -> UnsentEmail:
    return UnsentEmail(
        id=id_at(item["pk"]),
        key=f"{item['pk']}/{item['sk']}",
        state=state,
        kind=item["name"],
        to=item["recipient"],
        waiting_since=datetime.fromisoformat(item["queued_at"]),
        tried_at=datetime.fromisoformat(tried_at) if tried_at else None,
        why=why,
    )


def try_mailboxes(table: str) -> None:
    """Have the next sweep try the owner's mailboxes that accept no mail, which are otherwise tried once a day."""
    mailboxes.try_now(table, mailboxes.mailboxes(table).dead)


def retry(table: str, unsent: UnsentEmail) -> bool:
    """Queue a failed email again. Return False if it had not failed."""
    record, _, email = unsent.key.partition("/")
    return outbox.retry(table, EmailKey(record=record, email=email), unsent.to)
