"""The owner's mailboxes that accept no mail: since when, why, and when to try one email again.

One item holds them all, each by the keyed hash of its address. An address that accepts mail is not in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guichet.records.outbox import QUEUED_EMAIL_KEPT
from guichet.records.record import utc_now
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, Item

_KEY = {"pk": "mailboxes", "sk": "mailboxes"}
# How often a mailbox is tried.
PROBED_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class DeadMailbox:
    """A mailbox that takes no mail."""

    since: str
    reason: str
    probe_at: int


@dataclass(frozen=True)
class Mailboxes:
    """The owner's mailboxes that take no mail, by the keyed hash of the address."""

    dead: Mapping[str, DeadMailbox]
    # The state of these and of the owner's addresses when all held emails were last examined.
    looked_at: str = ""

    def due(self, mailbox: str) -> bool:
        """Return whether a mailbox is dead and due for another try."""
        return mailbox in self.dead and self.dead[mailbox].probe_at <= table.seconds(utc_now())


def mailboxes(table_name: str) -> Mailboxes:
    """Return the mailboxes that take no mail."""
    item = table.get(table_name, _KEY) or {}
    entries = {name: value for name, value in item.items() if isinstance(value, dict)}
    dead = {name: DeadMailbox(value["since"], value["reason"], value["probe_at"]) for name, value in entries.items()}
    return Mailboxes(dead, item.get("looked_at", ""))


def declare_dead(table_name: str, mailbox: str, claim: str, at: datetime, reason: str) -> None:
    """Record that a mailbox accepts no mail, as an attempt to send showed. A known one keeps its next try."""
    entry = {"since": table.stamp(at), "reason": reason, "by": claim, "probe_at": table.seconds(at + PROBED_EVERY)}
    end = table.seconds(utc_now() + QUEUED_EMAIL_KEPT)
    try:
        _update(
            table_name,
            "SET kind = :kind, expires_at = :end, #mailbox = :entry",
            "attribute_not_exists(#mailbox)",
            mailbox,
            {":kind": "mailboxes", ":end": end, ":entry": entry},
        )
    except ConditionFailedError:
        _update(
            table_name,
            # A try with this outcome must not count as a success.
            "SET expires_at = :end, #mailbox.#reason = :reason, #mailbox.#by = :by REMOVE #mailbox.#probe",
            "attribute_exists(#mailbox)",
            mailbox,
            {":end": end, ":reason": reason, ":by": claim},
        )


def try_again(table_name: str, mailbox: str, claim: str) -> bool:
    """Make an attempt the one that tries a mailbox. Return False if it is not due, or another attempt was quicker."""
    now = utc_now()
    try:
        _update(
            table_name,
            "SET #mailbox.#probe_at = :next, #mailbox.#probe = :claim",
            # The second makes this call safe to retry.
            "#mailbox.#probe_at <= :now OR #mailbox.#probe = :claim",
            mailbox,
            {":next": table.seconds(now + PROBED_EVERY), ":now": table.seconds(now), ":claim": claim},
        )
    except ConditionFailedError:
        return False
    return True


def mend(table_name: str, mailbox: str, claim: str, *, excused: bool = False) -> bool:
    """Record that a mailbox accepts mail again, if this attempt is the one that tried it. Return whether it was dead.

    With `excused`, if this attempt is the one that had it declared dead.
    """
    condition = "#mailbox.#by = :claim" if excused else "#mailbox.#probe = :claim"
    try:
        _update(table_name, "REMOVE #mailbox", condition, mailbox, {":claim": claim})
    except ConditionFailedError:
        return False
    return True


def try_now(table_name: str, dead: Iterable[str]) -> None:
    """Have mailboxes tried with the next email, at the operator's request."""
    for mailbox in dead:
        try:
            _update(
                table_name,
                "SET #mailbox.#probe_at = :now",
                "attribute_exists(#mailbox)",
                mailbox,
                {":now": table.seconds(utc_now())},
            )
        except ConditionFailedError:
            # It has recovered meanwhile.
            continue


def note_look(table_name: str, looked_at: str) -> None:
    """Record that all held emails were examined, and the state at that time."""
    values = {
        ":kind": "mailboxes",
        ":end": table.seconds(utc_now() + QUEUED_EMAIL_KEPT),
        ":looked_at": looked_at,
    }
    update = table.update(
        table_name, _KEY, "SET kind = :kind, expires_at = :end, looked_at = :looked_at", values=values
    )
    dynamodb.call("update_item", **update["Update"])


def _update(table_name: str, update: str, condition: str, mailbox: str, values: Item) -> None:
    action = table.update(table_name, _KEY, update, condition, values, names={"mailbox": mailbox})
    dynamodb.call("update_item", **action["Update"])
