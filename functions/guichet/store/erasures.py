"""Erasures: queued with the email that tells of their end, and gone on with in the background if need be."""

from datetime import timedelta
from typing import cast

from guichet.records.erasure import Erasure
from guichet.records.outbox import QueuedEmail
from guichet.records.record import utc_now
from guichet.store import dynamodb, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled
from guichet.store.erasure import NotFinishedError, Person, erase

# How long the function that was asked for an erasure has for it: until then nobody else goes on with it.
HEAD_START = timedelta(minutes=1)


def add(table_name: str, erasure: Erasure, email: QueuedEmail) -> None:
    """Store an erasure and queue the email of its end. One of the same person that goes on already does so."""
    item = table.item_of(erasure)
    row = outbox.row(item["pk"], email, erasure.asked_at, erasure.expires_at)
    row["not_before"] = table.seconds(erasure.asked_at + HEAD_START)
    put = table.put(
        table_name,
        item,
        condition=f"{table.NOT_THERE} OR attribute_exists(done_at)",
        values={":now": table.seconds(utc_now())},
    )
    try:
        dynamodb.transact([put, table.put(table_name, row)])
    except ConditionFailedError:
        return


def address_of(table_name: str, erasure_id: str) -> str:
    """Return the address of an erasure that goes on, or an empty string."""
    found = cast("Erasure | None", table.record_at(table_name, table.key(Erasure, erasure_id)["pk"]))
    return found.email if found else ""


def remove(table_name: str, erasure: Erasure) -> None:
    """Remove an erasure that has ended, and the email that nobody waits for."""
    pk = table.key(Erasure, erasure.id)["pk"]
    keys = [marshalled({"pk": pk, "sk": item["sk"]}) for item in dynamodb.items("query", **_beneath(table_name, pk))]
    if keys:
        dynamodb.transact([{"Delete": {"TableName": table_name, "Key": key}} for key in keys])


def _beneath(table_name: str, pk: str) -> Item:
    return {
        "TableName": table_name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": marshalled({":pk": pk}),
        "ConsistentRead": True,
    }


def go_on(table_name: str, erasure: Erasure, secret: str, until: float) -> bool:
    """Go on with an erasure, where it stopped, until a time (time.monotonic). Return whether it has ended."""
    person = Person(erasure.email, secret)
    kept = timedelta(days=erasure.kept_days)
    after = dict(zip(("pk", "sk"), erasure.read_up_to, strict=False)) or None
    try:
        erase(table_name, person, kept, last=erasure.last, until=until, after=after)
    except NotFinishedError as unfinished:
        if unfinished.read_up_to:
            place = [unfinished.read_up_to["pk"], unfinished.read_up_to["sk"]]
            _update(table_name, erasure, "SET read_up_to = :place", {":place": place})
        return False
    # The address goes last: without it nobody could go on.
    _update(table_name, erasure, "SET done_at = :now REMOVE email, read_up_to, #last", {":now": table.stamp(utc_now())})
    return True


def _update(table_name: str, erasure: Erasure, update: str, values: Item) -> None:
    names = {"ExpressionAttributeNames": {"#last": "last"}} if "#last" in update else {}
    dynamodb.call(
        "update_item",
        TableName=table_name,
        Key=marshalled(table.key(Erasure, erasure.id)),
        UpdateExpression=update,
        ConditionExpression="attribute_exists(pk)",
        ExpressionAttributeValues=marshalled(values),
        **names,
    )
