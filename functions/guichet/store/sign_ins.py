"""Requests to sign in at the desk, and for fresh codes: made, sent, tried, used once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from guichet.records.limits import Caller
from guichet.records.outbox import QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_in import MOST_TRIES, SIGN_IN_VALID, SignIn
from guichet.store import dynamodb, limits, outbox, table
from guichet.store.dynamodb import ConditionFailedError
from guichet.store.submissions import OverCapError


def ask(table_name: str, request: SignIn, email: QueuedEmail, caller: Caller) -> None:
    """Store a request, queue its email and count the caller, in one write. Raises OverCapError.

    Whose address it is makes no difference here: the notifier finds out, where the caller cannot observe it.
    """
    item = table.item_of(request)
    row = outbox.row(item["pk"], email, request.asked_at, request.expires_at, network_id=caller.network_id)
    try:
        dynamodb.transact(
            [table.put(table_name, item), table.put(table_name, row), limits.count_caller(table_name, caller)]
        )
    except ConditionFailedError:
        raise OverCapError(caller.until) from None


def make(table_name: str, request: SignIn, at: datetime) -> None:
    """Store an operator's request, whose link is handed over without an email."""
    dynamodb.transact([table.put(table_name, table.item_of(request, sent_at=table.stamp(at)))])


def sign_in(table_name: str, request_id: str) -> SignIn | None:
    """Return a request, or None if there is none."""
    return table.record(table_name, SignIn, request_id)


def count_try(table_name: str, request_id: str, browser: str) -> SignIn | None:
    """Count an attempt at a browser's code before comparing it. Return the updated request.

    None if it belongs to another browser, was used, or has no attempts left. Whether its email was sent makes no
    difference, so that nobody learns whose address it was.
    """
    update = table.update(
        table_name,
        table.key(SignIn, request_id),
        "ADD tries :one",
        "browser = :browser AND attribute_not_exists(used_at) AND expires_at > :now"
        " AND (attribute_not_exists(tries) OR tries < :most)",
        {":one": 1, ":browser": browser, ":now": table.seconds(utc_now()), ":most": MOST_TRIES},
    )
    try:
        answer = dynamodb.call("update_item", **update["Update"], ReturnValues="ALL_NEW")
    except ConditionFailedError:
        return None
    return SignIn.model_validate(dynamodb.unmarshalled(answer["Attributes"]) or {})


def use(table_name: str, request: SignIn, further: Sequence[dict[str, Any]] = ()) -> bool:
    """Mark a request as used, with `further` actions. Return False if it was used before, or sent too long ago."""
    now = utc_now()
    update = table.update(
        table_name,
        table.key(SignIn, request.id),
        "SET used_at = :now",
        "attribute_not_exists(used_at) AND sent_at > :since",
        {":now": table.stamp(now), ":since": table.stamp(now - SIGN_IN_VALID)},
    )
    return table.written([update, *further])


def sent(table_name: str, request_id: str, at: datetime) -> dict[str, Any]:
    """Return the action that records that a request's email is sent now, if the request still exists."""
    key, values = table.key(SignIn, request_id), {":at": table.stamp(at)}
    return table.update(table_name, key, "SET sent_at = :at", "attribute_exists(pk)", values)


def note_sent(table_name: str, request_id: str, at: datetime) -> None:
    """Record that a request's email is sent now."""
    with suppress(ConditionFailedError):
        dynamodb.call("update_item", **sent(table_name, request_id, at)["Update"])
