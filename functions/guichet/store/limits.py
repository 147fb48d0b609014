"""Limits: posts per caller, one use per proof of work, emails to strangers per day."""

from datetime import timedelta
from typing import Any, Literal

from guichet.records.limits import Caller, Solved
from guichet.records.outbox import ClaimedEmail
from guichet.records.record import utc_now
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, marshalled

# How often one address may get the same email, whoever asks.
ADDRESS_GAP = timedelta(minutes=15)
ADDRESS_PER_DAY = 3
# A little longer than the longest counting period.
CAPS_KEPT = timedelta(days=2)


def count_caller(table_name: str, caller: Caller) -> dict[str, Any]:
    """Return the action that counts a caller's post, on condition that they are below their cap."""
    return _count(table_name, f"caller#{caller.key}", "caller", caller.cap, table.seconds(caller.until))


def use_proof(table_name: str, proof: Solved) -> dict[str, Any]:
    """Return the action that marks a proof of work as used, on condition that it is new."""
    item = {"pk": f"proof#{proof.key}", "sk": "proof", "kind": "proof", "expires_at": table.seconds(proof.until)}
    return table.put(table_name, item, condition="attribute_not_exists(pk)")


def latest_allowed(table_name: str, subscriber_id: str, name: str) -> str | None:
    """Return the key of the record whose email was last allowed for an address, or None."""
    item = table.get(table_name, {"pk": f"cap#{subscriber_id}", "sk": f"cap#{name}#latest"}) or {}
    return item.get("email_of")


def allow(
    table_name: str, email: ClaimedEmail, subscriber_id: str, per_day: int
) -> Literal["allowed", "often", "many"]:
    """Count an email to a stranger against the daily caps, in one write that names the email.

    Return `often` if the address had one within 15 minutes or three today, `many` if all strangers together had
    `per_day` today.
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
    latest = {
        "TableName": table_name,
        "Key": marshalled({"pk": f"cap#{subscriber_id}", "sk": f"cap#{email.name}#latest"}),
        "UpdateExpression": "SET kind = :kind, latest_at = :now, email_of = :email, expires_at = :end",
        # It may have been allowed just before midnight.
        "ConditionExpression": "attribute_not_exists(latest_at) OR latest_at <= :before OR email_of = :email",
        "ExpressionAttributeValues": marshalled(
            {
                ":kind": "cap",
                ":now": table.stamp(now),
                ":email": email.key.record,
                ":end": end,
                ":before": table.stamp(now - ADDRESS_GAP),
            }
        ),
    }
    actions = [
        {"Update": row},
        {"Update": latest},
        _count(table_name, f"cap#{subscriber_id}", f"cap#{email.name}#{today}", ADDRESS_PER_DAY, end),
        _count(table_name, "cap#visitors", f"cap#{today}", per_day, end),
    ]
    try:
        dynamodb.transact(actions)
    except ConditionFailedError as failed:
        if failed.action == 0:
            raise
        return "many" if failed.action == len(actions) - 1 else "often"
    return "allowed"


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
