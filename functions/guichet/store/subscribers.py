"""Subscribers and their record of consent. Each change is one conditional write."""

from collections.abc import Sequence
from contextlib import suppress as suppress_error
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, cast

from guichet.records.outbox import QUEUED_EMAIL_KEPT, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import (
    SUPPRESSED,
    AskedToRenew,
    Confirmation,
    Leaving,
    Renewed,
    Resumed,
    State,
    Subscriber,
)
from guichet.store import dynamodb, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item

# Whom an old link may confirm: nobody who is suppressed, or left after requesting it.
_MAY_CONFIRM = f"{table.NOT_THERE} OR ((#state = :left OR #state = :lifted) AND left_at < :asked_at)"
APPEND = "history = list_append(if_not_exists(history, :none), :new)"
# The attributes that a sign of life clears: the renewal email, and having lapsed for want of an answer.
_ASKED = "renewal_queued_at, renewal_sent_at, left_for"
# A sign of life this soon after the last one is not recorded.
_A_DAY = timedelta(days=1)
# What brings somebody back, by a sign of life.
_BACK = f"SET #state = :confirmed, #list = :list, alive_at = :at, {APPEND} REMOVE left_at, expires_at, {_ASKED}"
# The attributes that are removed from an address that bounced or complained.
_NOT_THE_ADDRESS = f" REMOVE email, #name, expires_at, soft_bounces, soft_bounced_at, alive_at, {_ASKED}"


def subscriber(table_name: str, subscriber_id: str) -> Subscriber | None:
    """Return a subscriber in any state, or None if there is none or it has expired."""
    return table.record(table_name, Subscriber, subscriber_id)


def known(table_name: str, ids: Sequence[str]) -> Subscriber | None:
    """Return what is known of an address, under its own id or that of a former secret, or None.

    A suppression counts under any of the ids. Otherwise, the first id takes precedence.
    """
    found = [one for one in (subscriber(table_name, one) for one in ids) if one is not None]
    suppressed = [one for one in found if one.state in SUPPRESSED]
    return next(iter((*suppressed, *found)), None)


class SoftBounces(NamedTuple):
    """How many emails in a row could not be delivered for now, and when the last one bounced."""

    number: int
    last_at: datetime


def subscriber_and_bounces(table_name: str, subscriber_id: str) -> tuple[Subscriber, SoftBounces | None] | None:
    """Return a subscriber in any state with the soft bounces since the last delivery, or None as `subscriber` does."""
    item = table.get(table_name, table.key(Subscriber, subscriber_id))
    if item is None or table.expired(item):
        return None
    bounces = item.get("soft_bounces", ())
    told = SoftBounces(len(bounces), datetime.fromisoformat(item["soft_bounced_at"])) if bounces else None
    return Subscriber.model_validate(item), told


def confirm(  # noqa: PLR0913  the parts of one write
    table_name: str,
    subscriber_id: str,
    request: SignUp,
    confirmation: Confirmation,
    emails: Sequence[QueuedEmail],
    *,
    former_ids: Sequence[str] = (),
) -> State:
    """Atomically confirm a subscriber and queue the resulting emails. Return the state after it.

    Repeats return `confirmed` as well. Nothing changes if they unsubscribed after the request or are suppressed, even
    under a former id: an old link brings nobody back.
    """
    key = table.key(Subscriber, subscriber_id)
    at = confirmation.at
    changes = {
        "kind": "subscriber",
        "id": subscriber_id,
        "email": request.email,
        "name": request.name,
        "state": "confirmed",
        "language": confirmation.wording_language,
        "confirmed_at": table.stamp(at),
        "list": table.subscribers_list("confirmed"),
    }
    assignments = ", ".join(f"#{name} = :{name}" for name in changes)
    may_confirm: Item = {
        ":left": "unsubscribed",
        ":lifted": "lifted",
        ":asked_at": table.stamp(request.asked_at),
        ":now": table.seconds(at),
    }
    update = table.update(
        table_name,
        key,
        f"SET {assignments}, {APPEND} REMOVE expires_at, left_at, alive_at, {_ASKED}",
        _MAY_CONFIRM,
        {f":{name}": value for name, value in changes.items()} | appended(confirmation) | may_confirm,
        ReturnValuesOnConditionCheckFailure="ALL_OLD",
    )
    rows = [outbox.row(key["pk"], email, at, at + QUEUED_EMAIL_KEPT) for email in emails]
    try:
        dynamodb.transact(
            [
                update,
                *(_may_confirm(table_name, former, may_confirm) for former in former_ids),
                *(table.put(table_name, row) for row in rows),
            ]
        )
    except ConditionFailedError as failed:
        state: State = (failed.item or {})["state"]
        if state == "confirmed":
            note_life(table_name, subscriber_id, at)
        return state
    return "confirmed"


def _may_confirm(table_name: str, former_id: str, values: Item) -> Item:
    """Return the action that checks that nothing known under a former id prevents confirming."""
    action = table.check(table_name, table.key(Subscriber, former_id), _MAY_CONFIRM, values)
    action["ConditionCheck"] |= {
        "ExpressionAttributeNames": {"#state": "state"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    return action


def lapse(table_name: str, subscriber_id: str, at: datetime, kept: timedelta) -> bool:
    """Unsubscribe a subscriber who did not answer another stack. Return False if there is nothing to change."""
    return _leave(
        table_name,
        subscriber_id,
        Leaving(event="unsubscribed", at=at, reason="no_answer"),
        condition="#state = :confirmed",
        values={":confirmed": "confirmed", ":no_answer": "no_answer", ":end": table.seconds(at + kept)},
        changes=", expires_at = :end, left_for = :no_answer REMOVE renewal_queued_at, renewal_sent_at",
    )


def unsubscribe(table_name: str, subscriber_id: str, at: datetime, kept: timedelta) -> bool:
    """Unsubscribe a subscriber. Return False if there is nothing to change, which is also success."""
    return _leave(
        table_name,
        subscriber_id,
        Leaving(event="unsubscribed", at=at),
        # If they had lapsed and now unsubscribe themselves, no old link may bring them back.
        condition="#state = :confirmed OR (#state = :state AND left_for = :no_answer)",
        values={":confirmed": "confirmed", ":no_answer": "no_answer", ":end": table.seconds(at + kept)},
        changes=f", expires_at = :end REMOVE {_ASKED}",
    )


def resume(table_name: str, subscriber_id: str, at: datetime, since: datetime) -> bool:
    """Undo unsubscribing, if it happened since a time. Return whether the subscriber is subscribed now. Idempotent."""
    try:
        _update(
            table_name,
            subscriber_id,
            _BACK,
            # If it was erased meanwhile, it has no address.
            "#state = :unsubscribed AND left_at >= :since AND attribute_exists(email)",
            {
                ":confirmed": "confirmed",
                ":unsubscribed": "unsubscribed",
                ":list": table.subscribers_list("confirmed"),
                ":since": table.stamp(since),
                ":at": table.stamp(at),
            }
            | appended(Resumed(event="resumed", at=at)),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ConditionFailedError as failed:
        return (failed.item or {}).get("state") == "confirmed"
    return True


def note_life(table_name: str, subscriber_id: str, at: datetime) -> None:
    """Record a confirmed subscriber's sign of life: they pressed a button that only they have. Once a day is enough."""
    with suppress_error(ConditionFailedError):
        _update(
            table_name,
            subscriber_id,
            f"SET alive_at = :at REMOVE {_ASKED}",
            "#state = :confirmed AND (attribute_exists(renewal_queued_at)"
            " OR (confirmed_at < :lately AND (attribute_not_exists(alive_at) OR alive_at < :lately)))",
            {":at": table.stamp(at), ":lately": table.stamp(at - _A_DAY), ":confirmed": "confirmed"},
        )


def renew(table_name: str, subscriber_id: str, at: datetime) -> tuple[State | None, bool]:
    """Renew the subscription of somebody who pressed the button in the renewal email. Idempotent.

    Return the new state, None if there is no such subscriber; and whether this brought them back, which only happens to
    those who lapsed by not answering.
    """
    try:
        response = _update(
            table_name,
            subscriber_id,
            _BACK,
            "(#state = :confirmed AND (attribute_exists(renewal_queued_at) OR attribute_not_exists(alive_at)"
            " OR alive_at < :lately))"
            " OR (#state = :left AND left_for = :no_answer AND attribute_exists(email) AND expires_at >= :now)",
            {
                ":confirmed": "confirmed",
                ":left": "unsubscribed",
                ":no_answer": "no_answer",
                ":list": table.subscribers_list("confirmed"),
                ":at": table.stamp(at),
                ":lately": table.stamp(at - _A_DAY),
                ":now": table.seconds(at),
            }
            | appended(Renewed(event="renewed", at=at)),
            ReturnValues="ALL_OLD",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ConditionFailedError as failed:
        item = failed.item
        return (None, False) if item is None or table.expired(item) else (item["state"], False)
    before = dynamodb.unmarshalled(response.get("Attributes")) or {}
    return "confirmed", before.get("state") != "confirmed"


def block(table_name: str, subscriber_id: str, at: datetime) -> bool:
    """Block an address, known or not, for its owner or the operator. Return False if it is blocked already.

    Only the keyed hash is kept, so that nobody can sign it up, until the operator lifts it.
    """
    return _leave(
        table_name,
        subscriber_id,
        Leaving(event="blocked", at=at),
        condition="attribute_not_exists(pk) OR #state <> :blocked",
        values={":blocked": "blocked"},
        changes=(
            " REMOVE email, #name, #language, confirmed_at, expires_at, soft_bounces, soft_bounced_at, alive_at,"
            f" {_ASKED}"
        ),
        keep_history=False,
    )


def suppress(table_name: str, subscriber_id: str, event: Literal["bounced", "complained"], at: datetime) -> bool:
    """Suppress an address that bounced or complained: delete the address and name, keep its id and history.

    Return False if nothing changes: it is known already, a block outranks a complaint and this a bounce, or the event
    predates the operator's lifting of the suppression.
    """
    stronger = ("blocked", "complained") if event == "complained" else ("blocked", "complained", "bounced")
    weaker = " AND ".join(f"#state <> :{state}" for state in stronger)
    return _leave(
        table_name,
        subscriber_id,
        Leaving(event=event, at=at),
        condition=(f"attribute_not_exists(pk) OR ({weaker} AND (attribute_not_exists(lifted_at) OR lifted_at < :at))"),
        values={f":{state}": state for state in stronger},
        changes=_NOT_THE_ADDRESS,
    )


def count_soft_bounce(table_name: str, subscriber_id: str, claim: str, at: datetime) -> int:
    """Count a confirmed subscriber's soft bounce, once per attempt.

    Return how many there were without a delivery in between.
    """
    try:
        response = _update(
            table_name,
            subscriber_id,
            "SET soft_bounced_at = :at ADD soft_bounces :claim",
            "#state = :confirmed",
            {":at": table.stamp(at), ":claim": frozenset({claim}), ":confirmed": "confirmed"},
            ReturnValues="ALL_NEW",
        )
    except ConditionFailedError:
        return 0
    return len((dynamodb.unmarshalled(response["Attributes"]) or {})["soft_bounces"])


def forget_soft_bounces(table_name: str, subscriber_id: str, delivered_at: datetime) -> None:
    """Forget the soft bounces of a subscriber from before an email was delivered to them."""
    with suppress_error(ConditionFailedError):
        _update(
            table_name,
            subscriber_id,
            "REMOVE soft_bounces, soft_bounced_at",
            "soft_bounced_at <= :at",
            {":at": table.stamp(delivered_at)},
        )


def excuse_soft_bounce(table_name: str, subscriber_id: str, claim: str) -> None:
    """Undo the soft bounce of an attempt that turned out to be delivered: it was an out-of-office reply."""
    with suppress_error(ConditionFailedError):
        _update(
            table_name,
            subscriber_id,
            "DELETE soft_bounces :claim",
            "contains(soft_bounces, :one)",
            {":claim": frozenset({claim}), ":one": claim},
        )


def lift(table_name: str, subscriber_id: str, at: datetime, kept: timedelta) -> bool:
    """Lift the suppression or block of an address, for the operator. Return False if there is none.

    Earlier SES events are ignored from then on.
    """
    return _leave(
        table_name,
        subscriber_id,
        Leaving(event="lifted", at=at),
        condition="#state = :bounced OR #state = :complained OR #state = :blocked",
        values={
            ":bounced": "bounced",
            ":complained": "complained",
            ":blocked": "blocked",
            ":end": table.seconds(at + kept),
        },
        changes=", lifted_at = :at, expires_at = :end",
    )


def add_imported(table_name: str, imported: Subscriber, former_ids: Sequence[str] = ()) -> State | None:
    """Store an imported subscriber without queueing an email. Return None, or the state of a known subscriber.

    Known subscribers stay as they are, even under a former id: no import brings back anyone who unsubscribed or is
    suppressed.
    """
    item, now = table.item_of(imported, list=table.subscribers_list("confirmed")), {":now": table.seconds(utc_now())}
    put = table.put(table_name, item, condition=table.NOT_THERE, values=now)
    formers = [table.check(table_name, table.key(Subscriber, one), table.NOT_THERE, now) for one in former_ids]
    for action in (one for part in (put, *formers) for one in part.values()):
        action["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    try:
        if formers:
            dynamodb.transact([put, *formers])
        else:
            dynamodb.call("put_item", **put["Put"])
    except ConditionFailedError as failed:
        state: State = (failed.item or {})["state"]
        return state
    return None


def state_after(known: Subscriber | None, leaving: Leaving) -> State:
    """Return the state of an address that left another list, according to an import. `known` is its subscriber here.

    Somebody who clicked to confirm or renew here after leaving there, or at an unknown time, stays. The strongest of
    several suppressions stays, and after the operator lifts one, only later events suppress again.
    """
    if known is None:
        return leaving.event
    at = leaving.left_there_at
    if known.state == "confirmed":
        clicks = [event.at for event in known.history if isinstance(event, Confirmation | Resumed | Renewed)]
        return "confirmed" if clicks and (at is None or at < max(clicks)) else leaving.event
    if known.state == "lifted":
        since = known.left_at is not None and at is not None and at > known.left_at
        return leaving.event if since and leaving.event in SUPPRESSED else "lifted"
    order = ("unsubscribed", "bounced", "complained", "blocked")
    return max(known.state, leaving.event, key=order.index)


def add_left(table_name: str, left: Subscriber, kept: timedelta) -> tuple[State | None, State]:
    """Record that an address left another list, according to an import. Return its state before, if any, and after.

    `left` is stored if the address is unknown here: unsubscribed or suppressed. Idempotent.
    """
    key = table.key(Subscriber, left.id)
    leaving = cast("Leaving", left.history[-1])
    unsubscribed = {":end": table.seconds(leaving.at + kept)}
    while True:
        item = table.get(table_name, key)
        known = None if item is None or table.expired(item) else Subscriber.model_validate(item)
        before, after = known.state if known else None, state_after(known, leaving)
        if after == before:
            return before, after
        if known is None:
            written = _put_left(table_name, left, unsubscribed[":end"])
        else:
            written = _leave(
                table_name,
                left.id,
                leaving,
                condition="#state = :before",
                values={":before": before} | (unsubscribed if after == "unsubscribed" else {}),
                changes=f", expires_at = :end REMOVE {_ASKED}" if after == "unsubscribed" else _NOT_THE_ADDRESS,
            )
        # Otherwise, it changed in between.
        if written:
            return before, after


def _put_left(table_name: str, left: Subscriber, end: int) -> bool:
    """Create an unsubscribed or suppressed subscriber. Return False if it is there."""
    more = {"expires_at": end} if left.state == "unsubscribed" else {}
    item = table.item_of(left, list=table.subscribers_list(left.state), **more)
    put = table.put(table_name, item, condition=table.NOT_THERE, values={":now": table.seconds(utc_now())})["Put"]
    try:
        dynamodb.call("put_item", **put)
    except ConditionFailedError:
        return False
    return True


def _leave(  # noqa: PLR0913  the parts of one write
    table_name: str,
    subscriber_id: str,
    leaving: Leaving,
    *,
    condition: str,
    values: Item,
    changes: str,
    keep_history: bool = True,
) -> bool:
    history = appended(leaving)
    if not keep_history:
        del history[":none"]
    try:
        _update(
            table_name,
            subscriber_id,
            "SET kind = :kind, id = :id, #state = :state, #list = :list, left_at = :at, "
            f"{APPEND if keep_history else 'history = :new'}{changes}",
            condition,
            {
                ":kind": "subscriber",
                ":id": subscriber_id,
                ":state": leaving.event,
                ":list": table.subscribers_list(leaving.event),
                ":at": table.stamp(leaving.at),
            }
            | history
            | values,
        )
    except ConditionFailedError:
        return False
    return True


def _update(
    table_name: str, subscriber_id: str, changes: str, condition: str, values: Item, **returned: str
) -> dict[str, Any]:
    action = table.update(table_name, table.key(Subscriber, subscriber_id), changes, condition, values)
    return dynamodb.call("update_item", **action["Update"], **returned)


def appended(event: Confirmation | Leaving | Resumed | AskedToRenew | Renewed) -> Item:
    """Return the expression values that append an event to a subscriber's history."""
    return {":none": [], ":new": [event.model_dump(mode="json", exclude_defaults=True)]}
