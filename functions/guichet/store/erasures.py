"""Erasures: queued with the email that reports their end, and processed in the background."""

from datetime import timedelta

from guichet.records.erasure import Erasure
from guichet.records.outbox import QueuedEmail
from guichet.records.record import utc_now
from guichet.store import dynamodb, outbox, table
from guichet.store.dynamodb import Item
from guichet.store.erasure import NotFinishedError, Person, erase, erase_record


def add(table_name: str, erasure: Erasure, email: QueuedEmail) -> bool:
    """Store an erasure and queue the email about its end. Return False if one for this person is already under way."""
    item = table.item_of(erasure)
    row = outbox.row(item["pk"], email, erasure.asked_at, erasure.expires_at)
    put = table.put(
        table_name,
        item,
        condition=f"{table.NOT_THERE} OR attribute_exists(done_at)",
        values={":now": table.seconds(utc_now())},
    )
    return table.written([put, table.put(table_name, row)])


def erasure(table_name: str, erasure_id: str) -> Erasure | None:
    """Return an erasure that is under way or ended recently, or None."""
    return table.record(table_name, Erasure, erasure_id)


def go_on(  # noqa: PLR0913  how it is done
    table_name: str, erasure: Erasure, secret: str, former_secret: str = "", *, until: float, hook: bool = False
) -> bool:
    """Continue an erasure where it stopped, until a time (time.monotonic). Return whether it has ended."""
    if erasure.record:
        erase_record(table_name, erasure.record)
    elif not _erased(table_name, erasure, Person(erasure.email, secret, former_secret), until, hook=hook):
        return False
    # The address is deleted last: without it, the erasure could not continue.
    _update(table_name, erasure, "SET done_at = :now REMOVE email, read_up_to", {":now": table.stamp(utc_now())})
    return True


def _erased(table_name: str, erasure: Erasure, person: Person, until: float, *, hook: bool) -> bool:
    after = dict(zip(("pk", "sk"), erasure.read_up_to, strict=False)) or None
    try:
        erase(table_name, person, timedelta(days=erasure.kept_days), until=until, after=after, hook=hook)
    except NotFinishedError as unfinished:
        if unfinished.read_up_to:
            place = [unfinished.read_up_to["pk"], unfinished.read_up_to["sk"]]
            _update(table_name, erasure, "SET read_up_to = :place", {":place": place})
        return False
    return True


def _update(table_name: str, erasure: Erasure, update: str, values: Item) -> None:
    action = table.update(table_name, table.key(Erasure, erasure.id), update, "attribute_exists(pk)", values)
    dynamodb.call("update_item", **action["Update"])
