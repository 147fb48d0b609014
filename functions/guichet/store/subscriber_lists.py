"""The lists of subscribers, one per state, ordered by id. They come from the index `lists`."""

from collections.abc import Iterator
from dataclasses import dataclass

from guichet.records.subscriber import State, Subscriber
from guichet.store import dynamodb, table
from guichet.store.dynamodb import Item, marshalled

# The digits of an id (`signing.keyed_hash`), in hexadecimal.
_DIGITS = 32
# How many items one call returns (AWS: "BatchGetItem").
_AT_ONCE = 100


@dataclass(frozen=True)
class ListPage:
    """A page of a list, and the ids next to which the previous and the next page begin; empty if there is none."""

    subscribers: tuple[Subscriber, ...]
    before: str
    after: str


def page(table_name: str, state: State, most: int, *, after: str = "", before: str = "") -> ListPage:
    """Return the subscribers of a list after an id, or before one, or the first ones; at most `most`."""
    while True:
        ids, more = _ids(table_name, state, most, after or before, forward=not before)
        found = tuple(_read(table_name, state, ids))
        earlier, later = (more, True) if before else (bool(after), more)
        # If everything on the page has expired, the next one is shown: DynamoDB deletes late.
        if found or not more:
            return ListPage(found, ids[0] if ids and earlier else "", ids[-1] if ids and later else "")
        after, before = ("", ids[0]) if before else (ids[-1], "")


def count(table_name: str, state: State) -> int:
    """Count a list. Expired items count until DynamoDB deletes them."""
    query = table.of_list(table_name, table.subscribers_list(state))
    return sum(page["Count"] for page in dynamodb.pages("query", **query, Select="COUNT"))


def part(table_name: str, state: State, number: int, parts: int) -> Iterator[list[Subscriber]]:
    """Yield the subscribers of one of `parts` equal parts of a list, in batches. The first part is number 1.

    Ids are keyed hashes, so their first digits divide a list evenly and stably, even while people join or leave.
    """
    for found in dynamodb.pages("query", **of_part(table_name, state, number, parts)):
        ids = [_id(item) for item in found["Items"]]
        for start in range(0, len(ids), _AT_ONCE):
            yield list(_read(table_name, state, ids[start : start + _AT_ONCE]))


def of_part(table_name: str, state: State, number: int, parts: int, after: str = "") -> Item:
    """Return the query parameters for one of `parts` equal parts of a list, all of it or from after an id.

    The first part is number 1.
    """
    space = 16**_DIGITS
    low, high = (f"{space * bound // parts:0{_DIGITS}x}" for bound in (number - 1, number))
    query = table.of_list(table_name, table.subscribers_list(state))
    query["KeyConditionExpression"] += " AND pk BETWEEN :low AND :high"
    # DynamoDB's bounds are inclusive: `~` sorts after the last possible id of the part.
    first, last = f"{after}~" if after else low, f"{int(high, 16) - 1:0{_DIGITS}x}~"
    query["ExpressionAttributeValues"] |= marshalled({":low": _key(first)["pk"], ":high": _key(last)["pk"]})
    return query


def _ids(table_name: str, state: State, most: int, bound: str, *, forward: bool) -> tuple[list[str], bool]:
    """Return the next ids, in ascending order, and whether there are more in that direction."""
    name = table.subscribers_list(state)
    start = marshalled({"list": name, **_key(bound)}) if bound else None
    found = dynamodb.call(
        "query",
        **table.of_list(table_name, name),
        ScanIndexForward=forward,
        # One more, to detect a further page.
        Limit=most + 1,
        **({"ExclusiveStartKey": start} if start else {}),
    )
    ids = [_id(item) for item in found["Items"]]
    more = len(ids) > most or "LastEvaluatedKey" in found
    return sorted(ids[:most]), more


def _read(table_name: str, state: State, ids: list[str]) -> Iterator[Subscriber]:
    """Read subscribers, in order, without those whose state has changed or who have expired meanwhile."""
    for item in dynamodb.batch_get(table_name, [_key(one) for one in ids]):
        if item["state"] == state and not table.expired(item):
            yield Subscriber.model_validate(item)


def _key(subscriber_id: str) -> Item:
    return table.key(Subscriber, subscriber_id)


def _id(item: Item) -> str:
    return table.id_at(item["pk"]["S"])
