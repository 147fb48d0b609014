"""The outbox: rows queued with the record they report, claimed by one run, marked with the outcome."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any
from zlib import crc32

from guichet.records.outbox import (
    QUEUED_EMAIL_KEPT,
    SENT_EMAIL_KEPT,
    Audience,
    ClaimedEmail,
    EmailKey,
    QueuedEmail,
    WaitingEmail,
)
from guichet.records.record import utc_now
from guichet.records.registry import Owner
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# Longer than the notifier may run, so that no two runs send one email, and over by the next sweep.
CLAIM_LASTS = timedelta(minutes=5)
# How many index keys the rows of one audience are spread over. Each takes a thousand writes a second (AWS: "Designing
# partition keys to distribute your workload"), and a row is written to the index twice: when queued and when done.
SHARDS = 16
# The longest stored reason from SES, in characters.
_REASON_KEPT = 500
# Out of the index, with all that belongs to waiting.
_REMOVE_WAITING = "REMOVE outbox, not_before, network_id, claim, claimed_until, tries, waits_for, tried_at"

# A row that may be written anew: no run sends it, and SES has not had it.
NOT_SENT = (
    "attribute_not_exists(pk) OR attribute_exists(dropped_at)"
    " OR (attribute_exists(outbox) AND attribute_not_exists(claim))"
)

Waiting = tuple[datetime, EmailKey]


def row(pk: str, email: QueuedEmail, queued_at: datetime, expires_at: datetime, network_id: str = "") -> Item:
    """Return the row of an email, as an item beneath its record's key.

    `network_id` is the network of the stranger who asked for it.
    """
    occasion = f"#{email.occasion}" if email.occasion else ""
    return {
        "pk": pk,
        "sk": f"email#{email.name}{occasion}",
        "kind": "email",
        "name": email.name,
        "recipient": email.recipient,
        "language": email.language,
        "outbox": _shard(pk, email.recipient),
        "queued_at": table.stamp(queued_at),
        "expires_at": table.seconds(expires_at),
        **({"network_id": network_id} if network_id else {}),
        **({"list": table.day_list(email.listed, queued_at)} if email.listed else {}),
    }


def waiting(table_name: str, audience: Audience, *, newest_first: bool = False) -> Iterator[Waiting]:
    """Yield when each waiting email was queued, and its key: one audience, all shards, oldest or newest first."""
    return ((email.queued_at, email.key) for email in waiting_emails(table_name, audience, newest_first=newest_first))


def waiting_emails(table_name: str, audience: Audience, *, newest_first: bool = False) -> Iterator[WaitingEmail]:
    """Yield waiting emails: one audience, all shards, oldest or newest first."""
    shards = (_waiting_in(table_name, f"{audience}#{shard:02}", newest_first) for shard in range(SHARDS))
    return merge(*shards, key=lambda email: email.queued_at, reverse=newest_first)


def _waiting_in(table_name: str, shard: str, newest_first: bool) -> Iterator[WaitingEmail]:  # noqa: FBT001
    for item in dynamodb.items(
        "query",
        TableName=table_name,
        IndexName="outbox",
        KeyConditionExpression="outbox = :shard",
        ExpressionAttributeValues=marshalled({":shard": shard}),
        ScanIndexForward=not newest_first,
    ):
        put_off = item.get("not_before")
        yield WaitingEmail(
            key=EmailKey(record=item["pk"], email=item["sk"]),
            queued_at=datetime.fromisoformat(item["queued_at"]),
            network_id=item.get("network_id", ""),
            not_before=datetime.fromtimestamp(put_off, UTC) if put_off else None,
        )


def _shard(pk: str, audience: Audience) -> str:
    return f"{audience}#{crc32(pk.encode()) % SHARDS:02}"


def claim(table_name: str, key: EmailKey) -> ClaimedEmail | None:
    """Claim an email for this run, or return None if it no longer waits, is put off, or has a live claim."""
    claim_id, at = str(uuid.uuid4()), utc_now()
    try:
        response = _update(
            table_name,
            key,
            "SET claim = :claim, claimed_until = :until ADD tries :one",
            # `claim = :claim` makes this call safe to retry.
            "attribute_exists(outbox) AND (attribute_not_exists(not_before) OR not_before <= :now)"
            " AND (attribute_not_exists(claim) OR claimed_until < :now OR claim = :claim)",
            {
                ":claim": claim_id,
                ":until": table.seconds(at + CLAIM_LASTS),
                ":now": table.seconds(at),
                ":one": 1,
            },
        )
    except ConditionFailedError:
        return None
    return ClaimedEmail.model_validate({**(dynamodb.unmarshalled(response["Attributes"]) or {}), "key": key})


def extend_claim(table_name: str, email: ClaimedEmail, until: datetime) -> None:
    """Extend a claim: no other run may try this email before."""
    values = {":until": table.seconds(until), ":claim": email.claim}
    _update(table_name, email.key, "SET claimed_until = :until", "claim = :claim", values)


def record_of(table_name: str, email: ClaimedEmail) -> Owner | None:
    """Return the record that an email reports, or None if it is gone or has expired."""
    return table.record_at(table_name, email.key.record)


def mark_sent(table_name: str, email: ClaimedEmail, message_id: str) -> None:
    """Mark an email as sent, with SES's message id. The row expires after 90 days."""
    _end(table_name, email, {"sent_at": table.stamp(utc_now()), "message_id": message_id})


def mark_failed(table_name: str, email: ClaimedEmail, reason: str) -> None:
    """Mark an email as failed for good, with the reason. The row expires after 90 days."""
    _end(table_name, email, {"failed_at": table.stamp(utc_now()), "reason": reason[:_REASON_KEPT]})


def mark_dropped(table_name: str, email: ClaimedEmail, reason: str) -> None:
    """Mark an email as no longer needed, with the reason. The row expires after 90 days."""
    _end(table_name, email, {"dropped_at": table.stamp(utc_now()), "reason": reason})


def postpone(table_name: str, email: ClaimedEmail, reason: str, not_before: datetime | None = None) -> None:
    """Release the claim on an email that was certainly not sent, with the reason, so that a later run may try it.

    That is the next one, or the first one from `not_before` on.
    """
    put_off = {":put_off": table.seconds(not_before)} if not_before else {}
    _update(
        table_name,
        email.key,
        f"SET waits_for = :reason, tried_at = :now{', not_before = :put_off' if put_off else ''}"
        f" REMOVE claim, claimed_until, tries{'' if put_off else ', not_before'}",
        # This call may be retried.
        "claim = :claim OR (tried_at = :now AND waits_for = :reason)",
        {":reason": reason[:_REASON_KEPT], ":now": table.stamp(utc_now()), ":claim": email.claim, **put_off},
    )


def replace(table_name: str, key: EmailKey, reason: str) -> bool:
    """Drop a waiting email that no run has claimed. Return False if it does not wait, or one has."""
    now = utc_now()
    try:
        _update(
            table_name,
            key,
            f"SET dropped_at = :dropped_at, reason = :reason, expires_at = :end {_REMOVE_WAITING}",
            "attribute_exists(outbox) AND (attribute_not_exists(claim) OR claimed_until < :now)",
            {
                ":dropped_at": table.stamp(now),
                ":reason": reason,
                ":end": table.seconds(now + SENT_EMAIL_KEPT),
                ":now": table.seconds(now),
            },
        )
    except ConditionFailedError:
        return False
    return True


def retry(table_name: str, key: EmailKey, audience: Audience) -> bool:
    """Queue a failed email again. Return False if there is none, or it did not fail."""
    try:
        _update(
            table_name,
            key,
            "SET outbox = :shard, expires_at = :end REMOVE failed_at, reason",
            "attribute_exists(failed_at)",
            {":shard": _shard(key.record, audience), ":end": table.seconds(utc_now() + QUEUED_EMAIL_KEPT)},
        )
    except ConditionFailedError:
        return False
    return True


def _update(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> dict[str, Any]:
    return dynamodb.call(
        "update_item",
        TableName=table_name,
        Key=marshalled({"pk": key.record, "sk": key.email}),
        UpdateExpression=update,
        ConditionExpression=condition,
        ExpressionAttributeValues=marshalled(values),
        ReturnValues="ALL_NEW",
    )


def _end(table_name: str, email: ClaimedEmail, changes: dict[str, str]) -> None:
    """Take an email out of the index."""
    assignments = ", ".join(f"{name} = :{name}" for name in changes)
    # This call may be retried.
    as_it_is_then = " AND ".join(f"{name} = :{name}" for name in changes)
    values: Item = {f":{name}": value for name, value in changes.items()}
    _update(
        table_name,
        email.key,
        f"SET {assignments}, expires_at = :end {_REMOVE_WAITING}",
        f"claim = :claim OR ({as_it_is_then})",
        {**values, ":end": table.seconds(utc_now() + SENT_EMAIL_KEPT), ":claim": email.claim},
    )
