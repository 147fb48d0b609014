"""Messages and sign-ups: stored with their emails, filed as spam, released from the spam folder."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple, cast

from guichet.records.limits import Caller, Solved
from guichet.records.message import SPAM_KEPT, Message
from guichet.records.outbox import QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.store import dynamodb, limits, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled


class OverCapError(Exception):
    """A caller reached their cap for this hour. `until` is when the hour ends."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class UsedProofError(Exception):
    """A proof of work was already used for another submission."""


class Kept(NamedTuple):
    """The id under which a submission is stored, and whether it is new or a repeat."""

    id: str
    new: bool


def keep(  # noqa: PLR0913  the parts of one write
    table_name: str,
    record: Message | SignUp,
    emails: Sequence[QueuedEmail],
    caller: Caller,
    proof: Solved | None = None,
    *,
    neighbours: Sequence[str] = (),
) -> Kept:
    """Atomically store a submission, queue its emails, mark its proof of work as used and count the caller.

    A submission whose id, or one of whose `neighbours`, is stored already is a repeat: it succeeds, changes nothing and
    is not counted. Raises UsedProofError, OverCapError.
    """
    at = record.submitted_at
    item = table.item_of(record)
    if record.spam:
        item["list"] = table.day_list("spam", at)
    elif isinstance(record, Message):
        item["list"] = table.day_list("messages", at)
    ids = (record.id, *neighbours)
    now = {":now": table.seconds(at)}
    actions = [
        table.put(table_name, item, table.NOT_THERE, now),
        *(table.check(table_name, table.key(type(record), other), table.NOT_THERE, now) for other in neighbours),
        *(table.put(table_name, outbox.row(item["pk"], email, at, record.expires_at)) for email in emails),
        *([limits.use_proof(table_name, proof)] if proof else []),
        limits.count_caller(table_name, caller),
    ]
    try:
        dynamodb.transact(actions)
    except ConditionFailedError as failed:
        if failed.action < len(ids):
            return Kept(ids[failed.action], new=False)
        if failed.action < len(actions) - 1:
            raise UsedProofError from None
        raise OverCapError(caller.until) from None
    return Kept(record.id, new=True)


def message(table_name: str, message_id: str) -> Message | None:
    """Return a message, in the spam folder or not, or None if there is none or it has expired."""
    return cast("Message | None", table.record_at(table_name, f"message#{message_id}"))


def sign_up(table_name: str, request_id: str) -> SignUp | None:
    """Return a request to be subscribed, or None if there is none or it has expired."""
    return cast("SignUp | None", table.record_at(table_name, f"request#{request_id}"))


def ask(table_name: str, request: SignUp, email: QueuedEmail) -> bool:
    """Store a request that the operator makes for an address, and queue its email.

    Return False if it was made before: the email's row outlives the request itself. A request whose email was dropped
    was never mailed, so it is made again.
    """
    item = table.item_of(request)
    row = outbox.row(item["pk"], email, request.asked_at, request.expires_at)
    try:
        dynamodb.transact(
            [
                table.put(table_name, item),
                table.put(table_name, row, condition="attribute_not_exists(pk) OR attribute_exists(dropped_at)"),
            ]
        )
    except ConditionFailedError:
        return False
    return True


def mark_spam(table_name: str, filed: Message, at: datetime) -> None:
    """File a message as spam, to be kept as long as caught spam. Idempotent."""
    end = min(filed.expires_at, at + SPAM_KEPT)
    with suppress(ConditionFailedError):
        dynamodb.call(
            "update_item",
            TableName=table_name,
            Key=marshalled(table.key(Message, filed.id)),
            UpdateExpression="SET spam = :spam, #list = :list, expires_at = :end",
            # It may have been erased meanwhile, and must not be recreated.
            ConditionExpression="attribute_exists(pk) AND attribute_not_exists(spam)",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues=marshalled(
                {":spam": "owner", ":list": table.day_list("spam", filed.received_at), ":end": table.seconds(end)}
            ),
        )


def release_message(table_name: str, caught: Message, email: QueuedEmail, kept: timedelta) -> bool:
    """Release a message from the spam folder and queue an email. Return False if it is not in there."""
    listed = table.day_list("messages", caught.received_at)
    return _release(table_name, caught, email, caught.received_at + kept, listed)


def release_sign_up(table_name: str, caught: SignUp, email: QueuedEmail) -> bool:
    """Release a sign-up from the spam folder and queue an email. Return False if it is not in there."""
    return _release(table_name, caught, email, caught.asked_at + REQUEST_KEPT, None)


def _release(table_name: str, record: Message | SignUp, email: QueuedEmail, end: datetime, listed: str | None) -> bool:
    key = table.key(type(record), record.id)
    values: Item = {":end": table.seconds(end)} | ({":list": listed} if listed else {})
    update = {
        "TableName": table_name,
        "Key": marshalled(key),
        "UpdateExpression": (
            f"SET expires_at = :end{', #list = :list' if listed else ''} REMOVE spam{'' if listed else ', #list'}"
        ),
        "ConditionExpression": "attribute_exists(spam)",
        "ExpressionAttributeNames": {"#list": "list"},
        "ExpressionAttributeValues": marshalled(values),
    }
    row = outbox.row(key["pk"], email, utc_now(), end)
    try:
        dynamodb.transact([{"Update": update}, table.put(table_name, row)])
    except ConditionFailedError:
        return False
    return True
