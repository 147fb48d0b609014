"""What the commands read of the table: pages of a scan, the lists of a day, items by their keys."""

import time
from collections.abc import Iterable, Iterator
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
from guichet.store.dynamodb import Item, UnavailableError, marshal, marshalled, unmarshalled
from guichet.store.table import day_list

Key = dict[str, Any]

_Any = TypeVar("_Any")
_Record = TypeVar("_Record", Message, SignUp, Subscriber, Digest)
# AWS: "BatchGetItem".
_PER_BATCH = 100
# Before asking again for what DynamoDB left out of a batch, in seconds; each time longer.
_PAUSE = 0.1


class Advance(Protocol):
    """Tells that a step of something long is done."""

    def __call__(self, done: int) -> None:
        """Tell how much is done by now."""


@dataclass(frozen=True)
class Page:
    """A page of a scan: its items of the kind that was asked for, how many were looked at, and where it ended."""

    items: list[Item]
    looked_at: int
    # None after the last one. As DynamoDB gives it, ready for JSON.
    end: Key | None


def scan(table: str, kind: str | None = None, after: Key | None = None, tell: Advance | None = None) -> Iterator[Page]:
    """Read the whole table, page by page, from the end of an earlier page if one is given. Expired items are left out.

    Items of a kind, or all; `tell` is told how many were looked at. What changes meanwhile is read or not, but nothing
    is read twice (AWS: "Scan").
    """
    parameters: dict[str, Any] = {"TableName": table}
    conditions = ["(attribute_not_exists(expires_at) OR expires_at >= :now)"]
    values: Item = {":now": int(utc_now().timestamp())}
    if kind:
        conditions.append("kind = :kind")
        values[":kind"] = kind
    parameters["FilterExpression"] = " AND ".join(conditions)
    parameters["ExpressionAttributeValues"] = marshalled(values)
    looked_at = 0
    for page in dynamodb.pages("scan", **parameters, **({"ExclusiveStartKey": after} if after else {})):
        items = [unmarshalled(item) or {} for item in page["Items"]]
        looked_at += page["ScannedCount"]
        if tell:
            tell(looked_at)
        yield Page(items, page["ScannedCount"], page.get("LastEvaluatedKey"))


def size(table: str) -> int:
    """Return about how many items a table has: DynamoDB counts them every six hours."""
    return int(dynamodb.call("describe_table", TableName=table)["Table"]["ItemCount"])


def records(table: str, model: type[_Record], tell: Advance) -> Iterator[_Record]:
    """Read all records of a kind, such as `Subscriber`, in whatever state."""
    pages = scan(table, kind_of(model).name, tell=tell)
    return (model.model_validate(item) for page in pages for item in page.items)


def of_day(table: str, name: Literal["messages", "spam"], day: date) -> list[Message | SignUp]:
    """Read a day's messages, or what was caught as spam on it, messages and sign-ups, oldest first."""
    wanted = day_list(name, datetime(day.year, day.month, day.day, tzinfo=UTC))
    keys = [
        {"pk": item["pk"], "sk": item["sk"]}
        for item in dynamodb.items(
            "query",
            TableName=table,
            IndexName="lists",
            KeyConditionExpression="#list = :list",
            ExpressionAttributeNames={"#list": "list"},
            ExpressionAttributeValues={":list": marshal(wanted)},
        )
    ]
    now = int(utc_now().timestamp())
    found = [item for item in by_keys(table, keys) if item.get("expires_at", now) >= now]
    return sorted((submission(item) for item in found), key=lambda record: record.submitted_at)


def submission(item: Item) -> Message | SignUp:
    """Return the message or the request that an item is."""
    return cast("Message | SignUp", KINDS[item["kind"]].model.model_validate(item))


def by_keys(table: str, keys: Iterable[Key]) -> Iterator[Item]:
    """Read items by their keys, in any order; those that are not there are left out. Raises UnavailableError."""
    for some in blocks(keys, _PER_BATCH):
        wanted: dict[str, Any] = {table: {"Keys": [marshalled(key) for key in some], "ConsistentRead": True}}
        pause, deadline = _PAUSE, time.monotonic() + dynamodb.RETRY_BUDGET
        while wanted:
            answer = dynamodb.call("batch_get_item", RequestItems=wanted)
            yield from (unmarshalled(item) or {} for item in answer["Responses"].get(table, []))
            wanted = answer.get("UnprocessedKeys", {})
            if wanted:
                if time.monotonic() + pause > deadline:
                    raise UnavailableError("batch_get_item")
                time.sleep(pause)
                pause *= 2


def blocks(things: Iterable[_Any], size: int) -> Iterator[list[_Any]]:
    """Yield things in lists of a size, the last one shorter."""
    rest = iter(things)
    while block := list(islice(rest, size)):
        yield block
