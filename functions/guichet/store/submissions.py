"""Messages and sign-ups: stored with their emails, filed as spam, released from the spam folder."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from guichet.records.comment import Comment
from guichet.records.limits import Caller, Solved
from guichet.records.link_request import LinkRequest
from guichet.records.message import SPAM_KEPT, Message
from guichet.records.outbox import QUEUED_EMAIL_KEPT, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.store import comments, dynamodb, limits, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item

# Two clicks, or a client that retries on its own.
DOUBLE_CLICK = timedelta(seconds=10)
# In seconds.
_REPEATS_IN_ONE_ROW = 600


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
    record: Message | SignUp | Comment | LinkRequest,
    emails: Sequence[QueuedEmail],
    caller: Caller,
    proof: Solved | None = None,
    *,
    neighbours: Sequence[str] = (),
    further: Sequence[Mapping[str, Any]] = (),
) -> Kept:
    """Atomically store a submission, queue its emails, mark its proof of work as used and count the caller.

    `further` are unconditional writes that belong to it.

    A submission whose id, or one of whose `neighbours`, is stored already is a repeat: it succeeds, changes nothing and
    is not counted. But a sign-up repeated later than a double click requests its email again, since the reply says that
    one is on its way. Raises UsedProofError, OverCapError.
    """
    at = record.submitted_at
    item, end = table.item_of(record), record.expires_at or at + QUEUED_EMAIL_KEPT
    if isinstance(record, Comment):
        item["list"] = comments.list_of(record.state)
    elif record.spam and not isinstance(record, LinkRequest):
        item["list"] = table.day_list("spam", at)
    elif isinstance(record, Message):
        item["list"] = table.day_list("messages", at)
    ids = (record.id, *neighbours)
    now = {":now": table.seconds(at)}
    repeated = [
        table.put(table_name, item, table.NOT_THERE, now),
        *(table.check(table_name, table.key(type(record), other), table.NOT_THERE, now) for other in neighbours),
    ]
    if isinstance(record, SignUp):
        # Small, and enough to detect a double click.
        for action in (one for part in repeated for one in part.values()):
            action["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    actions = [
        *repeated,
        *(table.put(table_name, row) for row in _rows(item["pk"], emails, at, end, caller)),
        *further,
        *([limits.use_proof(table_name, proof)] if proof else []),
        limits.count_caller(table_name, caller),
    ]
    try:
        dynamodb.transact(actions)
    except ConditionFailedError as failed:
        if failed.action < len(ids):
            if isinstance(record, SignUp) and not record.spam:
                _ask_again(table_name, ids[failed.action], record, emails, caller, failed.item)
            return Kept(ids[failed.action], new=False)
        if failed.action < len(actions) - 1:
            raise UsedProofError from None
        raise OverCapError(caller.until) from None
    return Kept(record.id, new=True)


def _rows(pk: str, emails: Sequence[QueuedEmail], at: datetime, end: datetime, caller: Caller) -> list[Item]:
    return [
        outbox.row(pk, email, at, end, network_id=caller.network_id if email.recipient == "visitor" else "")
        for email in emails
    ]


def _ask_again(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str,
    request_id: str,
    repeat: SignUp,
    emails: Sequence[QueuedEmail],
    caller: Caller,
    stored: Item | None,
) -> None:
    """Queue the emails of a stored request again, unless they wait, or the request was just made.

    Whether one was mailed, or the address is subscribed, makes no difference here: the notifier finds out, where the
    caller cannot observe it. One row covers all repeats within ten minutes.
    """
    at = repeat.asked_at
    if stored and at - datetime.fromisoformat(stored["asked_at"]) < DOUBLE_CLICK:
        return
    key, end = table.key(SignUp, request_id), at + QUEUED_EMAIL_KEPT
    update = table.update(
        table_name,
        key,
        "SET asked_at = :at, again = :again, expires_at = :end",
        # It may have been erased meanwhile, and must not be recreated.
        "attribute_exists(pk) AND attribute_not_exists(spam) AND asked_at < :at",
        {":at": table.stamp(at), ":again": table.seconds(at), ":end": table.seconds(end)},
    )
    occasion = f"again-{table.seconds(at) // _REPEATS_IN_ONE_ROW}"
    again = [email.model_copy(update={"occasion": occasion}) for email in emails]
    rows = _rows(key["pk"], again, at, end, caller)
    with suppress(ConditionFailedError):
        dynamodb.transact([update, *(table.put(table_name, row, outbox.NOT_SENT) for row in rows)])


def mailed(table_name: str, pk: str, at: datetime) -> dict[str, Any]:
    """Return the action that restarts a request's retention when its email is sent, if the request still exists."""
    return table.update(
        table_name,
        table.key_at(pk),
        "SET mailed_at = :at, expires_at = :end",
        "attribute_exists(pk)",
        {":at": table.stamp(at), ":end": table.seconds(at + REQUEST_KEPT)},
    )


def note_mailed(table_name: str, pk: str, at: datetime) -> None:
    """Restart a request's retention when its email is sent."""
    with suppress(ConditionFailedError):
        dynamodb.call("update_item", **mailed(table_name, pk, at)["Update"])


def end_request(table_name: str, pk: str, end: datetime, *, extend: bool = False) -> None:
    """Set when a request without a sent email expires; only to an earlier time, unless `extend`.

    Records of other kinds stay as they are.
    """
    kind = table.kind_at(pk)
    if kind is None or kind.model not in {SignUp, LinkRequest}:
        return
    update = table.update(
        table_name,
        table.key_at(pk),
        "SET expires_at = :end",
        f"attribute_exists(pk){'' if extend else ' AND expires_at > :end'}",
        {":end": table.seconds(end)},
    )
    with suppress(ConditionFailedError):
        dynamodb.call("update_item", **update["Update"])


def message(table_name: str, message_id: str) -> Message | None:
    """Return a message, in the spam folder or not, or None if there is none or it has expired."""
    return table.record(table_name, Message, message_id)


def sign_up(table_name: str, request_id: str) -> SignUp | None:
    """Return a request to be subscribed, or None if there is none or it has expired."""
    return table.record(table_name, SignUp, request_id)


def ask(table_name: str, request: SignUp, email: QueuedEmail) -> bool:
    """Store a request that the operator makes for an address, and queue its email.

    Return False if it was made before: the email's row outlives the request itself. If that email was dropped, and so
    never mailed, the request is made again.
    """
    item = table.item_of(request)
    row = outbox.row(item["pk"], email, request.asked_at, request.expires_at)
    return table.written(
        [
            table.put(table_name, item),
            table.put(table_name, row, condition="attribute_not_exists(pk) OR attribute_exists(dropped_at)"),
        ]
    )


def mark_spam(table_name: str, filed: Message, at: datetime) -> bool:
    """File a message as spam, with the retention of spam. Return False if it is in the folder already, or gone."""
    end = min(filed.expires_at, at + SPAM_KEPT)
    update = table.update(
        table_name,
        table.key(Message, filed.id),
        "SET spam = :spam, #list = :list, expires_at = :end",
        # It may have been erased meanwhile, and must not be recreated.
        "attribute_exists(pk) AND attribute_not_exists(spam)",
        {":spam": "owner", ":list": table.day_list("spam", filed.received_at), ":end": table.seconds(end)},
    )
    try:
        dynamodb.call("update_item", **update["Update"])
    except ConditionFailedError:
        return False
    return True


def release_message(table_name: str, caught: Message, email: QueuedEmail, kept: timedelta) -> bool:
    """Release a message from the spam folder and queue an email. Return False if it is not in there."""
    listed = table.day_list("messages", caught.received_at)
    return _release(table_name, caught, email, caught.received_at + kept, listed)


def release_sign_up(table_name: str, caught: SignUp, email: QueuedEmail) -> bool:
    """Release a sign-up from the spam folder and queue an email. Return False if it is not in there."""
    return _release(table_name, caught, email, utc_now() + QUEUED_EMAIL_KEPT, None)


def _release(table_name: str, record: Message | SignUp, email: QueuedEmail, end: datetime, listed: str | None) -> bool:
    key = table.key(type(record), record.id)
    values: Item = {":end": table.seconds(end)} | ({":list": listed} if listed else {})
    changes = f"SET expires_at = :end{', #list = :list' if listed else ''} REMOVE spam{'' if listed else ', #list'}"
    row = outbox.row(key["pk"], email, utc_now(), end)
    update = table.update(table_name, key, changes, "attribute_exists(spam)", values)
    return table.written([update, table.put(table_name, row)])
