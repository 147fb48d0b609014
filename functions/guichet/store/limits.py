"""Limits: posts per caller, one use per proof of work, emails to strangers per mailbox and day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from guichet.records.cap_reached import CapReached
from guichet.records.limits import Caller, Solved
from guichet.records.outbox import ClaimedEmail, EmailKey, QueuedEmail
from guichet.records.record import utc_now
from guichet.store import dynamodb, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item

# How often one mailbox may get the same email, no matter who asks.
ADDRESS_GAP = timedelta(minutes=15)
ADDRESS_PER_DAY = 3
# How many emails per day an owner gets from each pool: for strangers' browsers, whose networks share it; for browsers
# that this owner has signed in with before; and for fresh codes within a session. Strangers can only use up their own
# pool.
DESK_MAIL_PER_DAY = 80
# A little longer than the longest counting period.
CAPS_KEPT = timedelta(days=2)
# How long to remember which email waits for a mailbox. After that, two may wait.
SLOT_KEPT = timedelta(days=7)


class Slot(NamedTuple):
    """For one kind of email, the row that a mailbox was last allowed and the one that waits: ids and queue times."""

    allowed: str = ""
    allowed_queued_at: str = ""
    allowed_at: datetime | None = None
    waiting: str = ""
    waiting_queued_at: str = ""

    def replaces(self, email: ClaimedEmail) -> bool:
        """Return whether a later email replaces this one: one that was allowed, or one that waits too."""
        place = _place(email)
        return (self.allowed_queued_at, self.allowed) > place or (
            email.allowed_at is None and (self.waiting_queued_at, self.waiting) > place
        )


class PutOff(NamedTuple):
    """A mailbox has had enough emails of this kind for now."""

    until: datetime


class Pool(NamedTuple):
    """The emails of one name, or counted under it: how many strangers may get per day, and have had today."""

    per_day: int
    used: int
    # The name under which they are counted, if not the email's.
    name: str = ""

    @property
    def share(self) -> int:
        """How many of them one network may get: a tenth, and at least one.

        Once half of the pool is used, it is a tenth of the rest, so that networks take turns.
        """
        left = self.per_day - self.used
        return max(1, (self.per_day if 2 * self.used < self.per_day else left) // 10)


Verdict = Literal["allowed", "share", "many"] | PutOff
DeskPool = Literal["strangers", "known", "download"]


def count_caller(table_name: str, caller: Caller) -> dict[str, Any]:
    """Return the action that counts a caller's post, on condition that they are below their cap."""
    key = {"pk": f"caller#{caller.key}", "sk": "caller"}
    return _count(table_name, "caller", key, caller.cap, table.seconds(caller.until))


def use_proof(table_name: str, proof: Solved) -> dict[str, Any]:
    """Return the action that marks a proof of work as used, on condition that it is new."""
    item = {"pk": f"proof#{proof.key}", "sk": "proof", "kind": "proof", "expires_at": table.seconds(proof.until)}
    return table.put(table_name, item, condition="attribute_not_exists(pk)")


def used_today(table_name: str, name: str) -> int:
    """Return how many emails of a name strangers had today, by UTC."""
    item = table.get(table_name, _cap(_of_visitors(name), utc_now().date().isoformat()))
    return int((item or {}).get("counted", 0))


def slot(table_name: str, mailbox_id: str, name: str) -> Slot:
    """Return a mailbox's slot for one kind of email."""
    item = table.get(table_name, _slot_key(mailbox_id, name)) or {}
    allowed_at = item.get("allowed_at")
    return Slot(
        **{part: item[part] for part in Slot._fields if part in item and part != "allowed_at"},
        allowed_at=datetime.fromisoformat(allowed_at) if allowed_at else None,
    )


def allow(  # noqa: PLR0913  the parts of one write
    table_name: str,
    email: ClaimedEmail,
    mailbox_id: str,
    *,
    known: Slot,
    pool: Pool,
    further: Sequence[dict[str, Any]] = (),
) -> Verdict:
    """Count an email to a stranger against the daily caps, in one write that names the email, with `further` actions.

    Return `many` if all strangers together have used up today's emails, `share` if the requesting network has, or until
    when it is postponed: a mailbox gets one in 15 minutes and three a day. `known` is its slot. Raises
    ConditionFailedError if the claim is lost, or if a condition of `further` fails.
    """
    if pool.per_day < 1:
        return "many"
    now = utc_now()
    today, end = now.date().isoformat(), table.seconds(now + CAPS_KEPT)
    queued_at, key = _place(email)
    counted = pool.name or email.name
    of_network = f"network#{email.network_id}#{counted}"
    latest = table.update(
        table_name,
        _slot_key(mailbox_id, email.name),
        "SET kind = :kind, allowed = :key, allowed_queued_at = :queued_at, allowed_at = :now, expires_at = :end"
        " REMOVE waiting, waiting_queued_at",
        # It may have been allowed just before midnight.
        "attribute_not_exists(allowed_at) OR allowed_at <= :before OR allowed = :key",
        {
            ":kind": "cap",
            ":key": key,
            ":queued_at": queued_at,
            ":now": table.stamp(now),
            ":end": end,
            ":before": table.stamp(now - ADDRESS_GAP),
        },
    )
    actions = [
        _allowed(table_name, email, now),
        latest,
        _count(table_name, "cap", _cap(mailbox_id, f"{email.name}#{today}"), ADDRESS_PER_DAY, end),
        _count(table_name, "cap", _cap(_of_visitors(counted), today), pool.per_day, end),
        # An operator's request does not count as a stranger's.
        *([_count(table_name, "cap", _cap(of_network, today), pool.share, end)] if email.network_id else []),
        *further,
    ]
    try:
        dynamodb.transact(actions)
    except ConditionFailedError as failed:
        match failed.action:
            case 1:
                return PutOff(max(known.allowed_at or now, now - ADDRESS_GAP) + ADDRESS_GAP)
            case 2:
                return PutOff(datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1))
            case 3:
                return "many"
            case 4 if email.network_id:
                return "share"
            case _:
                raise
    return "allowed"


def allow_at_desk(
    table_name: str, email: ClaimedEmail, owner: str, of: DeskPool, further: Sequence[dict[str, Any]] = ()
) -> Literal["allowed", "share", "many"]:
    """Count a sign-in email against a pool of the day, in one write with `further` actions.

    Return `many` if the owner's pool is used up, `share` if the network of a stranger's browser has used up its share.
    Raises ConditionFailedError if the claim is lost, or if a condition of `further` fails.
    """
    now = utc_now()
    today, end = now.date().isoformat(), table.seconds(now + CAPS_KEPT)
    key = _cap(f"desk#{owner}", f"{of}#{today}")
    counted = [_count(table_name, "cap", key, DESK_MAIL_PER_DAY, end)]
    if of == "strangers":
        used = int((table.get(table_name, key) or {}).get("counted", 0))
        of_network = _cap(f"desk#{owner}#{email.network_id}", f"{of}#{today}")
        counted.append(_count(table_name, "cap", of_network, Pool(DESK_MAIL_PER_DAY, used).share, end))
    try:
        dynamodb.transact([_allowed(table_name, email, now), *counted, *further])
    except ConditionFailedError as failed:
        if failed.action == 1:
            return "many"
        if failed.action == len(counted) == 2:  # noqa: PLR2004  the network's
            return "share"
        raise
    return "allowed"


def report(table_name: str, reached: CapReached, email: QueuedEmail) -> bool:
    """Record that a cap was reached, and queue the email about it. Return False if that was done already."""
    item = table.item_of(reached)
    row = outbox.row(item["pk"], email, reached.reached_at, reached.expires_at)
    return table.written(
        [table.put(table_name, item, condition="attribute_not_exists(pk)"), table.put(table_name, row)]
    )


def wait(table_name: str, email: ClaimedEmail, mailbox_id: str) -> tuple[bool, EmailKey | None]:
    """Make an email wait for a mailbox, where only the latest one waits.

    Return whether it is the latest, and the key of the one that it replaces.
    """
    queued_at, key = _place(email)
    waits = table.update(
        table_name,
        _slot_key(mailbox_id, email.name),
        "SET kind = :kind, waiting = :key, waiting_queued_at = :queued_at, expires_at = :end",
        "attribute_not_exists(waiting) OR waiting = :key OR waiting_queued_at < :queued_at"
        " OR (waiting_queued_at = :queued_at AND waiting < :key)",
        {":kind": "cap", ":key": key, ":queued_at": queued_at, ":end": table.seconds(utc_now() + SLOT_KEPT)},
    )
    try:
        answer = dynamodb.call("update_item", **waits["Update"], ReturnValues="UPDATED_OLD")
    except ConditionFailedError:
        return False, None
    before: Item = dynamodb.unmarshalled(answer.get("Attributes")) or {}
    other = before.get("waiting", key)
    return True, None if other == key else EmailKey.from_id(other)


def mailbox_key(mailbox_id: str) -> str:
    """Return the partition key of what is counted for a mailbox."""
    return _cap(mailbox_id, "")["pk"]


def _slot_key(mailbox_id: str, name: str) -> dict[str, str]:
    return _cap(mailbox_id, f"{name}#latest")


def _of_visitors(name: str) -> str:
    return f"visitors#{name}"


def _cap(of: str, what: str) -> dict[str, str]:
    return {"pk": f"cap#{of}", "sk": f"cap#{what}"}


def _place(email: ClaimedEmail) -> tuple[str, str]:
    """Return the sort order of an email among those of its mailbox."""
    return table.stamp(email.queued_at), email.key.id


def _allowed(table_name: str, email: ClaimedEmail, now: datetime) -> dict[str, Any]:
    """Return the action that records that an email was allowed, while this run has it."""
    values = {":now": table.stamp(now), ":claim": email.claim}
    return table.update(table_name, table.row_key(email.key), "SET allowed_at = :now", "claim = :claim", values)


def _count(table_name: str, kind: str, key: Item, cap: int, end: int) -> dict[str, Any]:
    """Return the action that increments a counter, on condition that it is below its cap (at least 1)."""
    return table.update(
        table_name,
        key,
        "SET kind = :kind, expires_at = :end ADD counted :one",
        "attribute_not_exists(counted) OR counted < :cap",
        {":kind": kind, ":end": end, ":one": 1, ":cap": cap},
    )
