"""What waits in the outbox, page by page, oldest first, over all index keys, and how many of each kind."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from heapq import merge

from guichet.records.outbox import AUDIENCES, EmailKey
from guichet.store import dynamodb, outbox
from guichet.store.dynamodb import Item, marshalled
from guichet.store.table import email_key, row_key


@dataclass(frozen=True)
class Place:
    """Where a page ended: when the last email was queued, its index key, and its own key."""

    queued_at: str
    shard: str
    key: EmailKey

    @classmethod
    def from_texts(cls, queued_at: str, shard: str, key: str) -> "Place | None":
        """Return a place from texts that somebody may have made up, or None if they are invalid."""
        email = EmailKey.from_id(key)
        with suppress(ValueError):
            if datetime.fromisoformat(queued_at).tzinfo and shard in _shards() and email.record and email.email:
                return cls(queued_at, shard, email)
        return None


@dataclass(frozen=True)
class OutboxPage:
    """A page: the rows of emails that wait, and where it ended, if there are more.

    `counts` are how many wait for each audience, and how many are held; only the first page has them.
    """

    rows: tuple[Item, ...]
    after: Place | None
    counts: dict[str, int] | None


def page(table_name: str, most: int, after: Place | None = None) -> OutboxPage:
    """Return the waiting emails, oldest first. Emails that were queued simultaneously are ordered by key."""
    counts = dict.fromkeys((*AUDIENCES, outbox.HELD), 0)
    found: list[list[Item]] = []
    for shard in _shards():
        items, end = _begin(table_name, shard, most + 1, after)
        found.append(items)
        if after is None:
            counts[shard.partition("#")[0]] += len(items) + (_count(table_name, shard, end) if end else 0)
    listed = list(merge(*found, key=lambda item: (item["queued_at"], item["outbox"])))
    shown = listed[:most]
    last = shown[-1] if len(listed) > most else None
    return OutboxPage(
        tuple(_rows(table_name, shown)),
        Place(last["queued_at"], last["outbox"], email_key(last)) if last else None,
        counts if after is None else None,
    )


def _shards() -> list[str]:
    shards = (f"{audience}#{shard:02}" for audience in AUDIENCES for shard in range(outbox.SHARDS))
    return sorted([outbox.HELD, *shards])


def _begin(table_name: str, shard: str, most: int, after: Place | None) -> tuple[list[Item], Item | None]:
    """Return the first emails of an index key after a place, as the index has them, and where the query ended."""
    query = _query(table_name, shard)
    if after and shard == after.shard:
        start = {"outbox": shard, "queued_at": after.queued_at, **row_key(after.key)}
        query["ExclusiveStartKey"] = marshalled(start)
    elif after:
        # Of those queued at the same moment, lower keys have been shown already.
        query["KeyConditionExpression"] += f" AND queued_at {'>' if shard < after.shard else '>='} :at"
        query["ExpressionAttributeValues"] |= marshalled({":at": after.queued_at})
    answer = dynamodb.call("query", **query, Limit=most)
    return [dynamodb.unmarshalled(item) or {} for item in answer["Items"]], answer.get("LastEvaluatedKey")


def _count(table_name: str, shard: str, start: Item) -> int:
    pages = dynamodb.pages("query", **_query(table_name, shard), Select="COUNT", ExclusiveStartKey=start)
    return sum(page["Count"] for page in pages)


def _query(table_name: str, shard: str) -> Item:
    return {
        "TableName": table_name,
        "IndexName": "outbox",
        "KeyConditionExpression": "outbox = :shard",
        "ExpressionAttributeValues": marshalled({":shard": shard}),
    }


def _rows(table_name: str, listed: list[Item]) -> Iterator[Item]:
    """Read rows, in order, without those that have gone out meanwhile."""
    for row in dynamodb.batch_get(table_name, [{"pk": item["pk"], "sk": item["sk"]} for item in listed]):
        if "outbox" in row:
            yield row
