"""`guichet subscribers`: list, count, show, unsubscribe or block."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, get_args

import click

from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import State, Subscriber
from guichet.records.subscriber_fields import of_subscriber
from guichet.signing import subscriber_id
from guichet.store import subscribers as subscribers_table
from guichet.store.table import key
from infra.operate import elsewhere, queries
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import address_of, on_stack
from infra.operate.connection import Connection, OperatorError
from infra.operate.output import Output
from infra.operate.queries import Advance

_STATES = (*get_args(State), "pending")
# Only the keyed hash is kept of an address that bounced, complained or is blocked.
_NOT_KEPT = "(not kept)"
_NOT_SUBSCRIBED = {
    "unsubscribed": "was already unsubscribed",
    "lifted": "is not subscribed",
    "bounced": "bounced, and gets no mail",
    "complained": "complained, and gets no mail",
    "blocked": "is blocked, and gets no mail",
}


@click.group(cls=Listing)
def subscribers() -> None:
    """List, count, show, unsubscribe or block subscribers.

    Without a command, `list` runs; `guichet subscribers list --help` shows its options.
    """


@subscribers.command("list")
@click.option(
    "--state",
    type=click.Choice(_STATES),
    metavar="STATE",
    help=f"One of {', '.join(_STATES)}. Default: all except pending.",
)
@click.option("--count", is_flag=True, help="Count the subscribers in each state.")
@on_stack
def list_subscribers(connection: Connection, output: Output, *, state: str | None, count: bool) -> None:
    """List subscribers, newest first, or count them.

    The address of a subscriber who bounced, complained or is blocked is no longer stored.
    """
    table = connection.settings.table_name
    with output.progress("items read", queries.size(table)) as advance:
        if state == "pending":
            rows = _pending(connection, advance)
        else:
            rows = map(_row, queries.records(table, Subscriber, advance))
        chosen = (row for row in rows if state in (None, row["state"]))
        if count:
            counts = Counter(row["state"] for row in chosen)
            if state is None:
                counts["pending"] = sum(1 for _ in _pending(connection, advance))
        else:
            newest_first = sorted(chosen, key=lambda row: row["since"].timestamp() if row["since"] else 0, reverse=True)
    if count:
        output.show({name: counts[name] for name in ([state] if state else _STATES)})
    else:
        columns = ("since", "state", "email", "name")
        output.rows(newest_first, columns, "No subscribers.", lambda row: {**row, "email": row["email"] or _NOT_KEPT})


def _row(subscriber: Subscriber) -> dict[str, Any]:
    fields = of_subscriber(subscriber)
    fields.pop("history")
    return {**fields, "since": subscriber.confirmed_at if subscriber.state == "confirmed" else subscriber.left_at}


def _pending(connection: Connection, advance: Advance) -> Iterator[dict[str, Any]]:
    """Yield the requests that can still be confirmed and whose address is not a subscriber in any state."""
    table, ids_of = connection.settings.table_name, connection.settings.ids_of
    requests = queries.records(table, SignUp, advance)
    live = (one for one in requests if not one.spam and one.confirmable)
    seen: set[tuple[str, ...]] = set()
    for block in queries.blocks(live, 100):
        asked = {ids_of(one.email): one for one in block}
        asked = {ids: request for ids, request in asked.items() if ids not in seen}
        seen.update(asked)
        keys = [key(Subscriber, one) for ids in asked for one in ids]
        known = {item["id"] for item in queries.by_keys(table, keys)}
        for ids, request in asked.items():
            if known.isdisjoint(ids):
                yield {"email": request.email, "state": "pending", "since": request.asked_at, "name": request.name}


def _subscriber(connection: Connection, address: str) -> Subscriber:
    settings = connection.settings
    found = subscribers_table.known(settings.table_name, settings.ids_of(address))
    if found is None:
        raise OperatorError(
            f"{address} is not a subscriber: `guichet subscribers --state pending` lists unconfirmed sign-ups"
        )
    return found


@subscribers.command("show")
@click.argument("address", callback=address_of)
@on_stack
def show_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Show a subscriber and the record of consent."""
    output.show(of_subscriber(_subscriber(connection, address), "json" if output.as_json else "python"))


@subscribers.command("lift")
@click.argument("address", callback=address_of)
@on_stack
def lift(connection: Connection, output: Output, *, address: str) -> None:
    """Let a bounced, complained or blocked address sign up again.

    Also removes it from SES's suppression list, so that mail reaches it again.
    """
    settings = connection.settings
    table = settings.table_name
    # What may fail comes first: while it is on the list, it gets no mail, whatever the table says.
    taken_off = elsewhere.take_off_list(connection, address)
    kept = timedelta(days=settings.retention_days)
    # Under every id that it may have, including one from a former secret.
    lifted = [one for one in settings.ids_of(address) if subscribers_table.lift(table, one, utc_now(), kept)]
    if not lifted and not taken_off:
        _subscriber(connection, address)
        raise OperatorError(f"{address} did not bounce or complain, and is not blocked: there is nothing to lift")
    output.tell(
        [
            *([f"{address} may sign up again."] if lifted else []),
            *([f"{address} is off SES's suppression list, and may get mail again."] if taken_off else []),
        ],
        email=address,
        now="lifted",
        taken_off_suppression_list=taken_off,
    )


@subscribers.command("block")
@click.argument("address", callback=address_of)
@on_stack
def block(connection: Connection, output: Output, *, address: str) -> None:
    """End all mail to an address.

    Nobody can sign it up until `guichet subscribers lift`. Only its keyed hash is kept.
    """
    settings = connection.settings
    new = subscribers_table.block(settings.table_name, subscriber_id(settings.signing_secret, address), utc_now())
    output.tell(
        f"{address} is blocked, and gets no more mail." if new else f"{address} was already blocked.",
        email=address,
        now="blocked",
        changed=new,
    )


@subscribers.command("unsubscribe")
@click.argument("address", callback=address_of)
@on_stack
def unsubscribe_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Unsubscribe an address that asked by other means."""
    subscriber = _subscriber(connection, address)
    kept = timedelta(days=connection.settings.retention_days)
    done = subscribers_table.unsubscribe(connection.settings.table_name, subscriber.id, utc_now(), kept)
    state = "unsubscribed" if done else subscriber.state
    output.tell(
        f"{address} is unsubscribed." if done else f"Nothing to do: {address} {_NOT_SUBSCRIBED[state]}.",
        email=address,
        now=state,
        changed=done,
    )
