"""/desk/subscribers: who is on the list, who left, and the record of consent of each."""

import re
from datetime import timedelta
from typing import Any, cast, get_args

from botocore.exceptions import BotoCoreError, ClientError

from desk import pages, subscribers_file, words
from desk.call import Call, DeskError, Route
from guichet.addresses import parse, readable
from guichet.http.responses import Response
from guichet.mail import ses
from guichet.records.record import utc_now
from guichet.records.subscriber import MOST_SOFT_BOUNCES, SUPPRESSED, State, Subscriber
from guichet.store import subscriber_lists, subscribers
from guichet.telemetry import count, logger

STATES: tuple[State, ...] = get_args(State)
_PER_PAGE = 50
_ID = re.compile(r"[0-9a-f]{32}")
# What the page knows about an address, by the metric that counts it.
_METRICS = {"unsubscribe": "Unsubscribed", "block": "Blocked"}


def show_list(call: Call) -> Response:
    """Show a page of the subscribers in a state."""
    return _list_page(call)


def _list_page(call: Call, status: int = 200, **found: Any) -> Response:
    query = call.request.query
    state = cast("State", query.get("state") if query.get("state") in STATES else "confirmed")
    after, before = (given if _ID.fullmatch(given := query.get(name, "")) else "" for name in ("after", "before"))
    shown = subscriber_lists.page(call.table_name, state, _PER_PAGE, after=after, before=before)
    # Counting reads the whole list, so only the first page does it.
    total = subscriber_lists.count(call.table_name, state) if not (after or before) else None
    return pages.page(
        call,
        "subscribers.html",
        title=words.say(f"subscribers.title_{state}", call.language),
        status=status,
        states=STATES,
        state=state,
        rows=shown.subscribers,
        is_first=not (after or before),
        total=None if total is None else call.number(total),
        newer=call.url("subscribers", state=state, before=shown.before) if shown.before else "",
        older=call.url("subscribers", state=state, after=shown.after) if shown.after else "",
        readable=readable,
        short=short,
        language_name=words.own_name,
        **{"typed": "", "wrong": "", "unknown": "", **found},
    )


def find(call: Call) -> Response:
    """Redirect to the subscriber with a typed address, or say that there is none. The address never gets into a URL."""
    typed = call.fields.get("address", "")
    address = parse(typed)
    if address is None:
        return _list_page(call, 422, typed=typed, wrong="no_address")
    found = subscribers.known(call.table_name, call.settings.ids_of(address))
    if found is None:
        return _list_page(call, typed=typed, unknown=address)
    return pages.done(call, f"subscribers/{found.id}", told="")


def show(call: Call) -> Response:
    """Show a subscriber: the state, the record of consent, and what can be done."""
    found = subscribers.subscriber_and_bounces(call.table_name, _id(call))
    if found is None:
        raise DeskError(404, "no_such_page")
    subscriber, bounces = found
    return pages.page(
        call,
        "subscribers_one.html",
        title=words.say("subscribers.one", call.language, id=short(subscriber.id)),
        subscriber=subscriber,
        address=readable(subscriber.email),
        since=subscriber.confirmed_at if subscriber.state == "confirmed" else subscriber.left_at,
        bounces=bounces,
        most_bounces=MOST_SOFT_BOUNCES,
        language_name=words.own_name,
        retention_days=call.number(call.settings.retention_days),
        actions=_actions(subscriber),
    )


def _actions(subscriber: Subscriber) -> list[str]:
    if subscriber.state in SUPPRESSED:
        return ["lift"]
    return ["unsubscribe", "block"] if subscriber.state == "confirmed" else ["block"]


def ask_to_change(call: Call) -> Response:
    """Say what a change of a subscriber will do, with the button that does it. Changes nothing."""
    action = call.page.rpartition("/")[2]
    subscriber = _subscriber(call)
    if action not in _actions(subscriber):
        # It has been done already, perhaps in another tab.
        return pages.done(call, f"subscribers/{subscriber.id}", told="unchanged")
    return _sure_page(call, subscriber, action)


def _sure_page(call: Call, subscriber: Subscriber, action: str, status: int = 200, **wrong: str) -> Response:
    return pages.page(
        call,
        "subscribers_sure.html",
        title=words.say(f"subscribers.{action}_title", call.language),
        status=status,
        action=f"subscribers/{subscriber.id}/{action}",
        back=f"subscribers/{subscriber.id}",
        what=action,
        subscriber=subscriber,
        address=readable(subscriber.email),
        short=short,
        retention_days=call.number(call.settings.retention_days),
        fields={},
        **{"typed": "", "wrong": "", **wrong},
    )


def unsubscribe(call: Call) -> Response:
    """Unsubscribe somebody who asked by other means than the link. Idempotent."""
    subscriber = _subscriber(call)
    done = subscribers.unsubscribe(call.table_name, subscriber.id, utc_now(), _kept(call))
    return _changed(call, subscriber.id, "unsubscribe", "unsubscribed", done=done)


def block(call: Call) -> Response:
    """End all mail to a subscriber. Idempotent."""
    subscriber = _subscriber(call)
    done = subscribers.block(call.table_name, subscriber.id, utc_now())
    return _changed(call, subscriber.id, "block", "blocked", done=done)


def lift(call: Call) -> Response:
    """Let a suppressed address sign up again. It must be typed, as only its keyed hash is stored. Idempotent.

    It is removed from SES's suppression list first: while it is there, it gets no mail, whatever the table says.
    """
    subscriber = _subscriber(call)
    if subscriber.state not in SUPPRESSED:
        return pages.done(call, f"subscribers/{subscriber.id}", told="unchanged")
    typed = call.fields.get("address", "")
    address = parse(typed)
    if address is None:
        return _sure_page(call, subscriber, "lift", 422, typed=typed, wrong="no_address")
    if subscriber.id not in call.settings.ids_of(address):
        return _sure_page(call, subscriber, "lift", 422, typed=typed, wrong="other_address")
    try:
        ses.take_off_list(address)
    except (BotoCoreError, ClientError) as error:
        # The error's text may quote the address.
        logger.warning(
            "not lifted", request_id=call.request.id, subscriber_id=subscriber.id, error=type(error).__name__
        )
        return _sure_page(call, subscriber, "lift", 503, typed=typed, wrong="no_ses")
    # Under every id that it may have, including one from a former secret.
    ids = call.settings.ids_of(address)
    lifted = [one for one in ids if subscribers.lift(call.table_name, one, utc_now(), _kept(call))]
    return _changed(call, subscriber.id, "lift", "lifted", done=bool(lifted))


def _changed(call: Call, changed: str, action: str, told: str, *, done: bool) -> Response:
    if done:
        logger.info(told, request_id=call.request.id, subscriber_id=changed)
        if action in _METRICS:
            count(_METRICS[action])
    return pages.done(call, f"subscribers/{changed}", told=told if done else "unchanged")


def ask_for_address(call: Call) -> Response:
    """Show the field for an address to block, known or not."""
    return _block_page(call)


def _block_page(call: Call, status: int = 200, typed: str = "", wrong: str = "") -> Response:
    title = words.say("subscribers.block_typed_title", call.language)
    return pages.page(call, "subscribers_block.html", title=title, status=status, typed=typed, wrong=wrong)


def ask_to_block(call: Call) -> Response:
    """Say what blocking a typed address will do, with the button that does it. Changes nothing yet."""
    typed = call.fields.get("address", "")
    address = parse(typed)
    if address is None:
        return _block_page(call, 422, typed, "no_address")
    known = subscribers.known(call.table_name, call.settings.ids_of(address))
    if known is not None and known.state == "blocked":
        return pages.done(call, f"subscribers/{known.id}", told="unchanged")
    return pages.page(
        call,
        "subscribers_sure.html",
        title=words.say("subscribers.block_title", call.language),
        action="subscribers/block/sure",
        back="subscribers",
        what="block",
        subscriber=known,
        address=readable(address),
        short=short,
        retention_days="",
        fields={"address": address},
        typed="",
        wrong="",
    )


def block_address(call: Call) -> Response:
    """End all mail to a typed address. Idempotent."""
    address = parse(call.fields.get("address", ""))
    if address is None:
        return _block_page(call, 422, call.fields.get("address", ""), "no_address")
    blocked, *_ = call.settings.ids_of(address)
    done = subscribers.block(call.table_name, blocked, utc_now())
    return _changed(call, blocked, "block", "blocked", done=done)


def short(found: str) -> str:
    """Return enough of an id to distinguish it from others."""
    return found[:8]


def _id(call: Call) -> str:
    if not _ID.fullmatch(call.path["id"]):
        raise DeskError(404, "no_such_page")
    return call.path["id"]


def _subscriber(call: Call) -> Subscriber:
    found = subscribers.subscriber(call.table_name, _id(call))
    if found is None:
        raise DeskError(404, "no_such_page")
    return found


def _kept(call: Call) -> timedelta:
    return timedelta(days=call.settings.retention_days)


# Fixed paths come before the one whose variable would match them.
ROUTES: dict[str, Route] = {
    "GET subscribers": show_list,
    "POST subscribers/find": find,
    "GET subscribers/block": ask_for_address,
    "POST subscribers/block": ask_to_block,
    "POST subscribers/block/sure": block_address,
    **subscribers_file.ROUTES,
    "GET subscribers/{id}": show,
    "GET subscribers/{id}/unsubscribe": ask_to_change,
    "POST subscribers/{id}/unsubscribe": unsubscribe,
    "GET subscribers/{id}/block": ask_to_change,
    "POST subscribers/{id}/block": block,
    "GET subscribers/{id}/lift": ask_to_change,
    "POST subscribers/{id}/lift": lift,
}
