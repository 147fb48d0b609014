"""What is counted against a limit: posts per caller, proofs of work used once, emails to strangers."""

from datetime import timedelta
from typing import Any, Literal

from guichet.records.limits import Caller, Solved
from guichet.records.outbox import ClaimedEmail, EmailName
from guichet.records.record import utc_now
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, marshalled

# How often one address gets the same email, whoever asks.
ADDRESS_GAP = timedelta(minutes=15)
ADDRESS_PER_DAY = 3
# A little longer than the longest of them counts.
CAPS_KEPT = timedelta(days=2)


def count_caller(table_name: str, caller: Caller) -> dict[str, Any]:
    """Return the action that counts one more post of a caller, if they may post in this hour."""
    return _count(table_name, f"caller#{caller.key}", "caller", caller.cap, table.seconds(caller.until))


def use_proof(table_name: str, proof: Solved) -> dict[str, Any]:
    """Return the action that remembers a proof of work, if it was not used before."""
    item = {"pk": f"proof#{proof.key}", "sk": "proof", "kind": "proof", "expires_at": table.seconds(proof.until)}
    return table.put(table_name, item, condition="attribute_not_exists(pk)")


def latest_allowed(table_name: str, subscriber_id: str, name: EmailName) -> str | None:
    """Return the key of the record whose email of a name was let through last for an address, or None."""
    item = table.get(table_name, {"pk": f"cap#{subscriber_id}", "sk": f"cap#{name}#latest"}) or {}
    return item.get("email_of")


def allow(
    table_name: str, email: ClaimedEmail, subscriber_id: str, per_day: int
) -> Literal["allowed", "often", "many"]:
    """Count an email to a stranger against the caps of a day, in one write that names the email it is for.

    Return `often` where the address had one within 15 minutes or three today, `many` where all strangers together
    had `per_day` of them today.
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
        # It may have been let through yesterday, a moment ago.
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
    """Return the action that counts one more, on condition that the cap, at least 1, is not reached."""
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
