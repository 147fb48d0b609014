"""Limits: posts per caller, one use per proof of work, emails to strangers per mailbox and day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

from guichet.records.limits import Caller, Solved
from guichet.records.outbox import QUEUED_EMAIL_KEPT, ClaimedEmail, EmailKey
from guichet.records.record import utc_now
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# How often one mailbox may get the same email, whoever asks.
ADDRESS_GAP = timedelta(minutes=15)
ADDRESS_PER_DAY = 3
# A little longer than the longest counting period.
CAPS_KEPT = timedelta(days=2)


class Slot(NamedTuple):
    """What a mailbox was last allowed of one email, and what waits for it: ids of rows, and when they were queued."""

    allowed: str = ""
    allowed_queued_at: str = ""
    allowed_at: datetime | None = None
    waiting: str = ""
    waiting_queued_at: str = ""

    def replaces(self, email: ClaimedEmail) -> bool:
        """Return whether a later one takes an email's place: one that was allowed, or one that waits as it does."""
        place = _place(email)
        return (self.allowed_queued_at, self.allowed) > place or (
            email.allowed_at is None and (self.waiting_queued_at, self.waiting) > place
        )


class PutOff(NamedTuple):
    """A mailbox had enough of an email for now."""

    until: datetime


Verdict = Literal["allowed", "many"] | PutOff


def count_caller(table_name: str, caller: Caller) -> dict[str, Any]:
    """Return the action that counts a caller's post, on condition that they are below their cap."""
    return _count(table_name, f"caller#{caller.key}", "caller", caller.cap, table.seconds(caller.until))


def use_proof(table_name: str, proof: Solved) -> dict[str, Any]:
    """Return the action that marks a proof of work as used, on condition that it is new."""
    item = {"pk": f"proof#{proof.key}", "sk": "proof", "kind": "proof", "expires_at": table.seconds(proof.until)}
    return table.put(table_name, item, condition="attribute_not_exists(pk)")


def slot(table_name: str, mailbox_id: str, name: str) -> Slot:
    """Return what a mailbox was last allowed of an email, and what waits."""
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
    per_day: int,
    further: Sequence[dict[str, Any]] = (),
) -> Verdict:
    """Count an email to a stranger against the daily caps, in one write that names the email, with `further` actions.

    Return `many` if all strangers together had `per_day` today, or until when it is put off: a mailbox gets one in 15
    minutes and three a day. `known` is its slot. Raises ConditionFailedError if the claim is lost.
    """
    if per_day < 1:
        return "many"
    now = utc_now()
    today, end = now.date().isoformat(), table.seconds(now + CAPS_KEPT)
    row = {
        "TableName": table_name,
        "Key": marshalled({"pk": email.key.record, "sk": email.key.email}),
        "UpdateExpression": "SET allowed_at = :now",
        "ConditionExpression": "claim = :claim",
        "ExpressionAttributeValues": marshalled({":now": table.stamp(now), ":claim": email.claim}),
    }
    queued_at, key = _place(email)
    latest = {
        "TableName": table_name,
        "Key": marshalled(_slot_key(mailbox_id, email.name)),
        "UpdateExpression": (
            "SET kind = :kind, allowed = :key, allowed_queued_at = :queued_at, allowed_at = :now, expires_at = :end"
            " REMOVE waiting, waiting_queued_at"
        ),
        # It may have been allowed just before midnight.
        "ConditionExpression": "attribute_not_exists(allowed_at) OR allowed_at <= :before OR allowed = :key",
        "ExpressionAttributeValues": marshalled(
            {
                ":kind": "cap",
                ":key": key,
                ":queued_at": queued_at,
                ":now": table.stamp(now),
                ":end": end,
                ":before": table.stamp(now - ADDRESS_GAP),
            }
        ),
    }
    actions = [
        {"Update": row},
        {"Update": latest},
        _count(table_name, f"cap#{mailbox_id}", f"cap#{email.name}#{today}", ADDRESS_PER_DAY, end),
        _count(table_name, "cap#visitors", f"cap#{today}", per_day, end),
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
            case _:
                raise
    return "allowed"


def wait(table_name: str, email: ClaimedEmail, mailbox_id: str) -> tuple[bool, EmailKey | None]:
    """Let an email wait for a mailbox, where only the latest does.

    Return whether it is the latest, and the key of the one whose place it takes.
    """
    queued_at, key = _place(email)
    try:
        answer = dynamodb.call(
            "update_item",
            TableName=table_name,
            Key=marshalled(_slot_key(mailbox_id, email.name)),
            UpdateExpression="SET kind = :kind, waiting = :key, waiting_queued_at = :queued_at, expires_at = :end",
            ConditionExpression=(
                "attribute_not_exists(waiting) OR waiting = :key OR waiting_queued_at < :queued_at"
                " OR (waiting_queued_at = :queued_at AND waiting < :key)"
            ),
            ExpressionAttributeValues=marshalled(
                {
                    ":kind": "cap",
                    ":key": key,
                    ":queued_at": queued_at,
                    ":end": table.seconds(utc_now() + QUEUED_EMAIL_KEPT),
                }
            ),
            ReturnValues="UPDATED_OLD",
        )
    except ConditionFailedError:
        return False, None
    before: Item = dynamodb.unmarshalled(answer.get("Attributes")) or {}
    other = before.get("waiting", key)
    return True, None if other == key else EmailKey.from_id(other)


def _slot_key(mailbox_id: str, name: str) -> dict[str, str]:
    return {"pk": f"cap#{mailbox_id}", "sk": f"cap#{name}#latest"}


def _place(email: ClaimedEmail) -> tuple[str, str]:
    """Return what tells earlier emails from later ones."""
    return table.stamp(email.queued_at), email.key.id


def _count(table_name: str, pk: str, sk: str, cap: int, end: int) -> dict[str, Any]:
    """Return the action that increments a counter, on condition that it is below its cap (at least 1)."""
    return {
        "Update": {
            "TableName": table_name,
            "Key": marshalled({"pk": pk, "sk": sk}),
            "UpdateExpression": "SET kind = :kind, expires_at = :end ADD counted :one",
            "ConditionExpression": "attribute_not_exists(counted) OR counted < :cap",
            "ExpressionAttributeValues": marshalled(
                {":kind": pk.partition("#")[0], ":end": end, ":one": 1, ":cap": cap}
            ),
        }
    }
