"""The outbox: rows queued with the record they report, claimed by one run, marked with the outcome."""

import uuid
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from heapq import merge
from typing import Any
from zlib import crc32

from guichet.records.outbox import (
    DEPLOY_HOOK,
    QUEUED_EMAIL_KEPT,
    SENT_EMAIL_KEPT,
    Audience,
    ClaimedEmail,
    EmailKey,
    QueuedEmail,
    WaitingEmail,
    trace,
)
from guichet.records.record import utc_now
from guichet.records.registry import Owner
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# Longer than the notifier may run, so that no two runs send the same email, but over by the next sweep.
CLAIM_LASTS = timedelta(minutes=5)
# How many index keys the rows of one audience are spread over. Each takes a thousand writes a second (AWS: "Designing
# partition keys to distribute your workload"), and a row is written to the index twice: when queued and when done.
SHARDS = 16
# The index key of rows that wait for one of the owner's mailboxes. One is enough, as SES's rate limits how fast it
# fills.
HELD = "held"
# The list of emails that failed for good (index `lists`), for the desk. An email on another list stays there, because
# the digest counts it.
FAILED = "failed"
_FAILED_TOO = ", #list = if_not_exists(#list, :failed)"
# The longest stored reason from SES, in characters.
_REASON_KEPT = 500
# The attributes that are removed once an email no longer waits.
OF_WAITING = (
    "outbox", "claim", "claimed_until", "tries", "waits_for", "tried_at", "calls", "not_before", "network_id"
)  # fmt: skip
# A row that may be rewritten: no run is sending it, and SES has not had it. A row that the caps have allowed is sent as
# it is: rewritten, it would count as a repeat of itself.
NOT_SENT = (
    "attribute_not_exists(pk) OR attribute_exists(dropped_at)"
    " OR (attribute_exists(outbox) AND attribute_not_exists(claim) AND attribute_not_exists(allowed_at))"
)

# The shortest wait of the deploy hook: the owner may be about to approve another comment.
DEPLOY_HOOK_WAITS = timedelta(minutes=2)

_PREFIX = "email#"

Waiting = tuple[datetime, EmailKey]


def row(pk: str, email: QueuedEmail, queued_at: datetime, expires_at: datetime, network_id: str = "") -> Item:
    """Return the row of an email, as an item under its record's key.

    `network_id` is the network of the stranger who asked for it.
    """
    return {
        "pk": pk,
        "sk": _sort_key(email.name, email.occasion),
        "kind": "email",
        "name": email.name,
        "recipient": email.recipient,
        "language": email.language,
        "outbox": shard_of(pk, email.recipient),
        "queued_at": table.stamp(queued_at),
        "expires_at": table.seconds(expires_at),
        **({"network_id": network_id} if network_id else {}),
        **({"list": table.day_list(email.listed, queued_at)} if email.listed else {}),
    }


def row_key(pk: str, name: str, occasion: str = "") -> EmailKey:
    """Return the key of an email's row under its record's partition key."""
    return EmailKey(record=pk, email=_sort_key(name, occasion))


def _sort_key(name: str, occasion: str) -> str:
    return f"{_PREFIX}{name}#{occasion}" if occasion else f"{_PREFIX}{name}"


def is_row(key: EmailKey) -> bool:
    """Return whether a key is that of an email's row."""
    return key.email.startswith(_PREFIX)


def label_of(key: EmailKey) -> str:
    """Return what distinguishes an email from others about its record: its name, and its occasion if it has one."""
    return key.email.removeprefix(_PREFIX)


def name_of(key: EmailKey) -> str:
    """Return the name of an email."""
    return label_of(key).partition("#")[0]


def deploy_hook(table_name: str, at: datetime) -> dict[str, Any]:
    """Return the action that queues a call to the deploy hook. Its single row covers all changes until the call.

    A run that is calling right now loses its claim, so that another call follows this change.
    """
    key = row_key("deploy-hook#site", DEPLOY_HOOK)
    values: Item = {
        "kind": "email",
        "name": DEPLOY_HOOK,
        # It concerns the owner's site, so it comes before mail to visitors.
        "recipient": "owner",
        # It has no words.
        "language": "en",
        "outbox": shard_of(key.record, "owner"),
        "queued_at": table.stamp(at),
        "expires_at": table.seconds(at + QUEUED_EMAIL_KEPT),
    }
    gone = [name for name in (*OF_WAITING, "sent_at", "failed_at", "dropped_at", "reason") if name not in values]
    gone.remove("not_before")
    return table.update(
        table_name,
        table.row_key(key),
        # Successive changes do not keep putting it off.
        f"SET {', '.join(f'#{name} = :{name}' for name in values)},"
        f" not_before = if_not_exists(not_before, :not_before) REMOVE {', '.join(gone)}, #list ADD version :one",
        values={f":{name}": value for name, value in values.items()}
        | {":not_before": table.seconds(at + DEPLOY_HOOK_WAITS), ":one": 1},
    )


def waiting(table_name: str, audience: Audience, *, newest_first: bool = False) -> Iterator[Waiting]:
    """Yield the queue time and key of each waiting email: one audience, all shards, oldest or newest first."""
    return ((email.queued_at, email.key) for email in waiting_emails(table_name, audience, newest_first=newest_first))


def waiting_emails(table_name: str, audience: Audience, *, newest_first: bool = False) -> Iterator[WaitingEmail]:
    """Yield waiting emails: one audience, all shards, oldest or newest first."""
    shards = (_waiting_in(table_name, f"{audience}#{shard:02}", newest_first) for shard in range(SHARDS))
    return merge(*shards, key=lambda email: email.queued_at, reverse=newest_first)


def held(table_name: str) -> Iterator[WaitingEmail]:
    """Yield the emails that wait for one of the owner's mailboxes to accept mail again, oldest first."""
    return _waiting_in(table_name, HELD, newest_first=False)


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
            key=table.email_key(item),
            queued_at=datetime.fromisoformat(item["queued_at"]),
            network_id=item.get("network_id", ""),
            not_before=datetime.fromtimestamp(put_off, UTC) if put_off else None,
        )


def waiting_anew(item: Item, pk: str, audience: Audience) -> Item:
    """Return a waiting email's row as if no run had tried it."""
    kept = {name: value for name, value in item.items() if name not in {*OF_WAITING, "allowed_at"}}
    return {**kept, "pk": pk, "outbox": shard_of(pk, audience)}


def dropped(item: Item, reason: str, at: datetime) -> Item:
    """Return a waiting email's row as dropped, with the reason."""
    kept = {name: value for name, value in item.items() if name not in OF_WAITING}
    end = min(item["expires_at"], table.seconds(at + SENT_EMAIL_KEPT))
    return {**kept, "dropped_at": table.stamp(at), "reason": reason, "expires_at": end}


def shard_of(pk: str, audience: Audience) -> str:
    """Return the index key of a waiting row."""
    return f"{audience}#{crc32(pk.encode()) % SHARDS:02}"


def claim(table_name: str, key: EmailKey) -> ClaimedEmail | None:
    """Claim an email for this run, or return None if it is not due, or another run's claim is still alive."""
    claim_id, at = uuid.uuid4().hex, utc_now()
    try:
        response = _update(
            table_name,
            key,
            "SET claim = :claim, claimed_until = :until, tries = if_not_exists(tries, :none) + :one",
            # `claim = :claim` makes this call safe to retry.
            "attribute_exists(outbox) AND (attribute_not_exists(not_before) OR not_before <= :now)"
            " AND (attribute_not_exists(claim) OR claimed_until < :now OR claim = :claim)",
            {
                ":claim": claim_id,
                ":until": table.seconds(at + CLAIM_LASTS),
                ":now": table.seconds(at),
                ":none": 0,
            },
        )
    except ConditionFailedError:
        return None
    return _claimed(key, dynamodb.unmarshalled(response["Attributes"]) or {})


def extend_claim(table_name: str, email: ClaimedEmail, until: datetime) -> ClaimedEmail:
    """Extend a claim: no other run may try this email before `until`."""
    values = {":until": table.seconds(until), ":claim": email.claim}
    response = _update(table_name, email.key, "SET claimed_until = :until", "claim = :claim", values)
    return _claimed(email.key, dynamodb.unmarshalled(response["Attributes"]) or {})


def begin_call(table_name: str, email: ClaimedEmail, recipients: Collection[str], until: datetime) -> ClaimedEmail:
    """Record that SES is about to be called, for the keyed hashes of some recipients.

    Only from then on is an email without an answer in doubt. Until `until`, SES's events may settle it.
    """
    mine = [trace(email.claim, recipient) for recipient in recipients]
    response = _update(
        table_name,
        email.key,
        "SET calls = :calls, claimed_until = :until",
        # The second makes this call safe to retry.
        "claim = :claim AND (version = :version OR contains(calls, :mine))",
        {
            ":calls": [*email.calls, *mine],
            ":until": table.seconds(until),
            ":claim": email.claim,
            ":version": email.version,
            ":mine": mine[0],
        },
    )
    return _claimed(email.key, dynamodb.unmarshalled(response["Attributes"]) or {})


def record_of(table_name: str, email: ClaimedEmail) -> Owner | None:
    """Return the record that an email reports, or None if it is gone or has expired."""
    return table.record_at(table_name, email.key.record)


def mark_sent(table_name: str, email: ClaimedEmail, message_id: str, held_for: str = "") -> None:
    """Mark an email as sent, with SES's message id, to those that SES was called for. The row expires after 90 days.

    With `held_for`, other recipients are still to get it, and it is held for that reason.
    """
    reached = [*email.reached, *(call for call in email.calls if call.startswith(email.claim))]
    changes: Item = {"sent_at": table.stamp(utc_now()), "message_id": message_id, "reached": reached}
    if held_for:
        changes |= {"outbox": HELD, "waits_for": held_for[:_REASON_KEPT]}
    try:
        _end(
            table_name,
            email,
            changes,
            "(claim = :claim AND version = :version) OR message_id = :message_id",
            {":version": email.version},
            waits=bool(held_for),
        )
    except ConditionFailedError:
        now = table.get(table_name, table.row_key(email.key)) or {}
        if now.get("claim", email.claim) != email.claim:
            raise
        if "claim" in now:
            # An event reported on another recipient.
            mark_sent(table_name, _claimed(email.key, now), message_id, held_for)
        # Otherwise, an SES event settled it first, or it was erased.


def mark_reached(table_name: str, email: ClaimedEmail) -> None:
    """Mark an email that has already reached everybody as sent."""
    _end(table_name, email, {"sent_at": table.stamp(utc_now())})


def mark_failed(table_name: str, email: ClaimedEmail, reason: str, notice: Item | None = None) -> None:
    """Mark an email as failed for good, with the reason. The row expires after 90 days.

    If `notice` is given, queue that row instead, unless it was queued before.
    """
    changes: Item = {"failed_at": table.stamp(utc_now()), "reason": reason[:_REASON_KEPT]}
    if notice is None:
        _end(table_name, email, changes)
        return
    update = _action(table_name, email.key, *_ended(email, changes))
    try:
        dynamodb.transact([update, table.put(table_name, notice, condition="attribute_not_exists(pk)")])
    except ConditionFailedError as failed:
        if failed.action == 0:
            raise
        _end(table_name, email, changes)


def mark_dropped(table_name: str, email: ClaimedEmail, reason: str) -> None:
    """Mark an email as no longer needed, with the reason. The row expires after 90 days."""
    _end(table_name, email, {"dropped_at": table.stamp(utc_now()), "reason": reason})


def postpone(table_name: str, email: ClaimedEmail, reason: str, not_before: datetime | None = None) -> None:
    """Release the claim on an email that was certainly not sent, with the reason, so that a later run may try it.

    That is the next one, or the first one from `not_before` on.
    """
    _release(table_name, email, reason, **({"not_before": table.seconds(not_before)} if not_before else {}))


def hold(table_name: str, email: ClaimedEmail, reason: str) -> None:
    """Release the claim on an email that waits for one of the owner's mailboxes to accept mail again."""
    _release(table_name, email, reason, outbox=HELD)


def _release(table_name: str, email: ClaimedEmail, reason: str, **changes: Any) -> None:
    # Earlier unanswered calls are still in doubt.
    doubted = [call for call in email.calls if not call.startswith(email.claim)]
    changes |= {"waits_for": reason[:_REASON_KEPT], "tried_at": table.stamp(utc_now())}
    changes |= {"calls": doubted} if doubted else {}
    removed = [name for name in ("claim", "claimed_until", "tries", "calls", "not_before") if name not in changes]
    _update(
        table_name,
        email.key,
        f"SET {_assigned(changes)} REMOVE {', '.join(removed)}",
        # This call may be retried.
        "claim = :claim OR (tried_at = :tried_at AND waits_for = :waits_for)",
        {**_values(changes), ":claim": email.claim},
    )


def replace(table_name: str, key: EmailKey, reason: str) -> bool:
    """Drop a waiting email that no run has claimed. Return False if it does not wait, or is claimed."""
    now = utc_now()
    try:
        _update(
            table_name,
            key,
            f"SET dropped_at = :dropped_at, reason = :reason, expires_at = :end REMOVE {', '.join(OF_WAITING)}",
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
    update = "SET outbox = :shard, expires_at = :end REMOVE failed_at, reason, rejected, bounces, not_before"
    condition = "attribute_exists(failed_at)"
    values = {":shard": shard_of(key.record, audience), ":end": table.seconds(utc_now() + QUEUED_EMAIL_KEPT)}
    with suppress(ConditionFailedError):
        on_list = {**values, ":failed": FAILED}
        _update(table_name, key, f"{update}, #list", f"{condition} AND #list = :failed", on_list)
        return True
    with suppress(ConditionFailedError):
        _update(table_name, key, update, condition, values)
        return True
    return False


def failed(table_name: str, most: int) -> tuple[list[Item], bool]:
    """Return the rows of emails that failed for good, at most `most`, latest first; and whether there are more."""
    answer = dynamodb.call("query", **table.of_list(table_name, FAILED), Limit=most + 1)
    keys = [dynamodb.unmarshalled(item) or {} for item in answer["Items"]]
    rows = dynamodb.batch_get(table_name, [{"pk": item["pk"], "sk": item["sk"]} for item in keys[:most]])
    # Except those that were queued again a moment ago.
    found = [row for row in rows if "failed_at" in row and not table.expired(row)]
    return sorted(found, key=lambda row: str(row["failed_at"]), reverse=True), len(keys) > most


def row_at(table_name: str, key: EmailKey) -> Item | None:
    """Return the current row of an email, or None if there is none or it has expired."""
    item = table.get(table_name, table.row_key(key))
    if item is None or item.get("kind") != "email" or item["expires_at"] < table.seconds(utc_now()):
        return None
    return item


def settle(table_name: str, row: Item, changes: Item, removed: Collection[str]) -> None:
    """Write the changes by an SES event to a row. Raises ConditionFailedError if it changed since it was read."""
    key = table.email_key(row)
    update = f"SET {_assigned(changes)}" + (f" REMOVE {', '.join(sorted(removed))}" if removed else "")
    _update(table_name, key, update, "version = :version", {**_values(changes), ":version": row["version"]})


def _claimed(key: EmailKey, item: Item) -> ClaimedEmail:
    return ClaimedEmail.model_validate({**item, "key": key})


def _update(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> dict[str, Any]:
    action = _action(table_name, key, update, condition, values)
    return dynamodb.call("update_item", **action["Update"], ReturnValues="ALL_NEW")


def _action(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> dict[str, Any]:
    # Lets readers of the row detect whether it has changed.
    counted, values = f"{update} ADD version :one", {**values, ":one": 1}
    return table.update(table_name, table.row_key(key), counted, condition, values)


def _end(  # noqa: PLR0913  the parts of one write
    table_name: str,
    email: ClaimedEmail,
    changes: Item,
    condition: str = "",
    values: Item | None = None,
    *,
    waits: bool = False,
) -> None:
    """Take an email out of the index, unless others still wait for it."""
    update, usual, all_values = _ended(email, changes, waits=waits)
    _update(table_name, email.key, update, condition or usual, {**all_values, **(values or {})})


def _ended(email: ClaimedEmail, changes: Item, *, waits: bool = False) -> tuple[str, str, Item]:
    """Return update, condition and values of the write that ends a claim, or all waiting."""
    kept = QUEUED_EMAIL_KEPT if waits else SENT_EMAIL_KEPT
    changes = {**changes, "expires_at": table.seconds(utc_now() + kept)}
    removed = [name for name in OF_WAITING if name not in changes]
    # This call may be retried.
    as_it_is_then = " AND ".join(f"{name} = :{name}" for name in changes if name != "expires_at")
    return (
        f"SET {_assigned(changes)} REMOVE {', '.join(removed)}",
        f"claim = :claim OR ({as_it_is_then})",
        {**_values(changes), ":claim": email.claim},
    )


def _assigned(changes: Item) -> str:
    """Return the SET part of an update. A failed email is put on the list of failures."""
    return ", ".join(f"{name} = :{name}" for name in changes) + (_FAILED_TOO if "failed_at" in changes else "")


def _values(changes: Item) -> Item:
    values = {f":{name}": value for name, value in changes.items()}
    return {**values, ":failed": FAILED} if "failed_at" in changes else values
