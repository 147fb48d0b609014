"""Reading the table for the commands: pages of a scan, a day's lists, items by key."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, Literal, Protocol, TypeVar, cast

from guichet.records.digest import Digest
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.registry import KINDS, kind_of
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.store import dynamodb
from guichet.store.dynamodb import Item, marshalled, unmarshalled
from guichet.store.table import day_list, is_record, key, of_list

Key = dict[str, Any]

_Any = TypeVar("_Any")
_Record = TypeVar("_Record", Message, SignUp, Subscriber, Digest)
# AWS: "BatchGetItem".
_PER_BATCH = 100


class Advance(Protocol):
    """Called after each step of a long operation."""

    def __call__(self, done: int) -> None:
        """Report how much is done so far."""


@dataclass(frozen=True)
class Page:
    """A page of a scan: its items of the requested kind, how many were read, and where it ended."""

    items: list[Item]
    looked_at: int
    # As DynamoDB returns it, JSON-serializable. None for the last page.
    end: Key | None


def scan(
    table: str,
    kind: str | None = None,
    after: Key | None = None,
    advance: Advance | None = None,
    *,
    as_stored: bool = False,
) -> Iterator[Page]:
    """Read the whole table, page by page, or the rest of it after `after`. Expired items are left out.

    Pages contain the items of `kind`, or all; `advance` is called with the number of items read. Changes made in the
    meantime may be read or missed, but nothing is read twice (AWS: "Scan"). With `as_stored`, reads are strongly
    consistent, and items are as DynamoDB returns them, of any types.
    """
    parameters: dict[str, Any] = {"TableName": table, **({"ConsistentRead": True} if as_stored else {})}
    conditions = ["(attribute_not_exists(expires_at) OR expires_at >= :now)"]
    values: Item = {":now": int(utc_now().timestamp())}
    if kind:
        conditions.append("kind = :kind")
        values[":kind"] = kind
    parameters["FilterExpression"] = " AND ".join(conditions)
    parameters["ExpressionAttributeValues"] = marshalled(values)
    looked_at = 0
    for page in dynamodb.pages("scan", **parameters, **({"ExclusiveStartKey": after} if after else {})):
        items = page["Items"] if as_stored else [unmarshalled(item) or {} for item in page["Items"]]
        looked_at += page["ScannedCount"]
        if advance:
            advance(looked_at)
        yield Page(items, page["ScannedCount"], page.get("LastEvaluatedKey"))


def size(table: str) -> int:
    """Return the approximate number of items in a table: DynamoDB updates it every six hours."""
    return int(dynamodb.call("describe_table", TableName=table)["Table"]["ItemCount"])


def records(table: str, model: type[_Record], advance: Advance) -> Iterator[_Record]:
    """Read all records of a kind, such as `Subscriber`, in any state."""
    pages = scan(table, kind_of(model).name, advance=advance)
    return (model.model_validate(item) for page in pages for item in page.items)


def of_day(table: str, name: Literal["messages", "spam"], day: date) -> list[Message | SignUp]:
    """Read the messages of a day, or its messages and sign-ups caught as spam; newest first."""
    list_name = day_list(name, datetime(day.year, day.month, day.day, tzinfo=UTC))
    keys = [{"pk": item["pk"], "sk": item["sk"]} for item in dynamodb.items("query", **of_list(table, list_name))]
    now = int(utc_now().timestamp())
    found = [item for item in by_keys(table, keys) if item.get("expires_at", now) >= now]
    return sorted((submission(item) for item in found), key=lambda record: record.submitted_at, reverse=True)


def begun_by(table: str, prefix: str) -> list[Key]:
    """Return the keys of the listed messages and sign-ups whose id begins with `prefix`."""
    begun = {f":{number}": key(model, prefix)["pk"] for number, model in enumerate((Message, SignUp))}
    pages = dynamodb.items(
        "scan",
        TableName=table,
        IndexName="lists",
        FilterExpression=" OR ".join(f"begins_with(pk, {name})" for name in begun),
        ExpressionAttributeValues=marshalled(begun),
    )
    # The rows of a record's emails are under its key, and failed ones are on a list, too.
    records = filter(is_record, pages)
    return [{"pk": item["pk"], "sk": item["sk"]} for item in records]


def submission(item: Item) -> Message | SignUp:
    """Return an item as a message or a sign-up."""
    return cast("Message | SignUp", KINDS[item["kind"]].model.model_validate(item))


def by_keys(table: str, keys: Iterable[Key], read: Callable[[Item], Item | None] = unmarshalled) -> Iterator[Item]:
    """Read items by key, however many; missing ones are left out. Raises UnavailableError.

    `read` turns what DynamoDB returns into plain values; its types may not be ours.
    """
    for batch in blocks(keys, _PER_BATCH):
        yield from dynamodb.batch_get(table, batch, consistent=True, read=read)


def blocks(things: Iterable[_Any], size: int) -> Iterator[list[_Any]]:
    """Yield things in lists of `size`; the last one may be shorter."""
    rest = iter(things)
    while block := list(islice(rest, size)):
        yield block
