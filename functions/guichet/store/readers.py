"""The readers of an issue: one row each, spread over shards, with the outcome of their copy."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Literal
from zlib import crc32

from guichet.records.issue import READERS_KEPT, Issue, Reader, ReaderState, Tally
from guichet.records.outbox import EmailKey
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# How many partitions an issue's readers are spread over: each takes a thousand writes a second (AWS: "Designing
# partition keys to distribute your workload"), and sending takes two per reader.
SHARDS = 16
# An unanswered copy may have been sent: then an SES event says so. Only if that is missing as well is it sent again.
MOST_CLAIMS = 2
_REASON_KEPT = 500
_READER = "reader#"
# How many rows one query examines for the wanted ones, and how many a page examines.
_LOOKED_AT, _GOOD_LOOK = 500, 2_000


def all_of(table_name: str, issue_id: str) -> Iterator[Reader]:
    """Yield the row of each reader of an issue."""
    return chain.from_iterable(_rows(table_name, issue_id, shard) for shard in range(SHARDS))


@dataclass(frozen=True)
class Page:
    """Some readers of an issue, how many rows were examined for them, and the place to continue from, if any."""

    rows: list[Reader]
    looked_at: int
    after: str


# A bounce or spam report is independent of the copy's state.
Wanted = ReaderState | Literal["bounced", "complained"]


def page(table_name: str, issue_id: str, wanted: Wanted | None, after: str, most: int) -> Page:
    """Return the next readers of an issue, all or the wanted ones: up to `most`, as far as one page searches.

    `after` is the place where the previous page ended, `<shard>-<subscriber's id>`, or an empty string. Eventually
    consistent.
    """
    shard_given, _, last = after.partition("-")
    shard = int(shard_given or 0)
    rows: list[Reader] = []
    looked_at = 0
    while shard < SHARDS:
        limit = most - len(rows) if wanted is None else _LOOKED_AT
        found, scanned, end = _some(table_name, issue_id, shard, wanted, last, limit)
        rows += found
        looked_at += scanned
        if len(rows) > most:
            rows = rows[:most]
            return Page(rows, looked_at, f"{shard:02}-{rows[-1].subscriber_id}")
        shard, last = (shard, end) if end else (shard + 1, "")
        if shard < SHARDS and (len(rows) == most or looked_at >= _GOOD_LOOK):
            return Page(rows, looked_at, f"{shard:02}-{last}")
    return Page(rows, looked_at, "")


def _some(  # noqa: PLR0913, PLR0917  the parts of one query
    table_name: str, issue_id: str, shard: int, wanted: Wanted | None, after: str, limit: int
) -> tuple[list[Reader], int, str | None]:
    """Return readers of a shard, how many rows were examined, and the last of these if there may be more."""
    query = {**_query(table_name, issue_id, shard), "ConsistentRead": False, "Limit": limit}
    if after:
        query["ExclusiveStartKey"] = marshalled({"pk": _shard_pk(issue_id, shard), "sk": f"{_READER}{after}"})
    if wanted in {"bounced", "complained"}:
        query["FilterExpression"] = f"attribute_exists({wanted}_at)"
    elif wanted:
        query["FilterExpression"] = "#state = :state"
        query["ExpressionAttributeNames"] = {"#state": "state"}
        query["ExpressionAttributeValues"] |= marshalled({":state": wanted})
    answer = dynamodb.call("query", **query)
    end = answer.get("LastEvaluatedKey")
    last = str(end["sk"]["S"]).removeprefix(_READER) if end else None
    return [_reader(dynamodb.unmarshalled(item) or {}) for item in answer["Items"]], answer["ScannedCount"], last


def at(table_name: str, key: EmailKey) -> Reader | None:
    """Return a reader's row by its key, or None."""
    item = table.get(table_name, table.row_key(key))
    return _reader(item) if item and item.get("kind") == "reader" else None


def tally_of(table_name: str, issue_id: str) -> Tally:
    """Count the outcomes of the readers' copies, from the rows."""
    counts: Counter[str] = Counter()
    for row in all_of(table_name, issue_id):
        counts.update(counted(row))
    return Tally(**counts)


def counted(row: Reader) -> list[str]:
    """Return what a row counts as in a tally: its state, and whether it bounced or was reported as spam."""
    happened = {"bounced": row.bounced_at, "complained": row.complained_at}
    return [row.state, *(name for name, at in happened.items() if at)]


def add(table_name: str, issue: Issue, subscriber_id: str) -> None:
    """Create a reader's row. An existing one stays as it is."""
    key = key_of(issue.id, subscriber_id)
    item = {
        "pk": key.record,
        "sk": key.email,
        "kind": "reader",
        "state": "waiting",
        "version": 0,
        "expires_at": table.seconds((issue.started_at or issue.changed_at) + READERS_KEPT),
    }
    with suppress(ConditionFailedError):
        dynamodb.call("put_item", **table.put(table_name, item, condition="attribute_not_exists(pk)")["Put"])


def count(table_name: str, issue_id: str) -> int:
    """Count the rows of all readers of an issue."""
    pages = (
        page
        for shard in range(SHARDS)
        for page in dynamodb.pages("query", **_query(table_name, issue_id, shard), Select="COUNT")
    )
    return sum(page["Count"] for page in pages)


def next_of(table_name: str, issue_id: str, shard: int, after: str, most: int) -> list[Reader]:
    """Return the next readers of a shard, in the order of their ids."""
    start = marshalled({"pk": _shard_pk(issue_id, shard), "sk": f"{_READER}{after}"}) if after else None
    query = _query(table_name, issue_id, shard)
    page = dynamodb.call("query", **query, Limit=most, **({"ExclusiveStartKey": start} if start else {}))
    return [_reader(dynamodb.unmarshalled(item) or {}) for item in page["Items"]]


def claim(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, row: Reader, claim_id: str, now: datetime, until: datetime
) -> bool:
    """Claim a reader's copy right before SES is called. Return False if another run did, or an event settled it."""
    return _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        "SET #state = :claimed, claims = list_append(if_not_exists(claims, :none), :claims), claimed_until = :until",
        # The last makes this call safe to retry.
        "(#state = :waiting OR (#state = :claimed AND claimed_until < :now)) AND version = :version"
        " OR contains(claims, :claim)",
        {
            ":claimed": "claimed",
            ":waiting": "waiting",
            ":none": [],
            ":claims": [claim_id],
            ":claim": claim_id,
            ":now": table.stamp(now),
            ":until": table.stamp(until),
            ":version": row.version,
        },
    )


def release_claim(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, row: Reader, claim_id: str, reason: str, now: datetime
) -> None:
    """Put an unsent copy back to waiting: SES certainly does not have it. An earlier call may still be in doubt.

    `row` is as it was before the claim.
    """
    earlier = list(row.claims)
    values: Item = {":claim": claim_id, ":claimed": "claimed", ":reason": reason[:_REASON_KEPT], ":earlier": earlier}
    if earlier:
        # In doubt as before, and its wait is over.
        update = "SET claims = :earlier, reason = :reason, claimed_until = :now"
        values[":now"] = table.stamp(now)
    else:
        update = "SET #state = :waiting, reason = :reason, claims = :earlier REMOVE claimed_until"
        values[":waiting"] = "waiting"
    _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        update,
        "#state = :claimed AND contains(claims, :claim)",
        values,
    )


def mark(  # noqa: PLR0913  the parts of one write
    table_name: str,
    issue_id: str,
    row: Reader,
    state: Literal["sent", "refused", "left", "unknown"],
    now: datetime,
    *,
    claim_id: str = "",
    message_id: str = "",
    reason: str = "",
) -> bool:
    """Record the outcome of a reader's copy. Return False if it was settled otherwise meanwhile."""
    changes = {"state": state, "settled_at": table.stamp(now)}
    changes |= {"message_id": message_id} if message_id else {}
    changes |= {"reason": reason[:_REASON_KEPT]} if reason else {}
    values: Item
    condition, values = "version = :version AND #state IN (:waiting, :claimed)", {":version": row.version}
    if claim_id:
        condition, values = "#state = :claimed AND contains(claims, :claim)", {":claim": claim_id}
    values |= {":claimed": "claimed"} | ({} if claim_id else {":waiting": "waiting"})
    return _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        f"SET {assigned(changes)} REMOVE claimed_until" + ("" if reason else ", reason"),
        # A retried call finds its own write.
        f"({condition}) OR (#state = :state AND settled_at = :settled_at)",
        {**values, **values_of(changes)},
    )


def is_reader(key: EmailKey) -> bool:
    """Return whether an email's key is that of a reader's row."""
    kind = table.kind_at(key.record)
    return kind is not None and kind.model is Issue and key.email.startswith(_READER)


def issue_of(pk: str) -> str:
    """Return the id of the issue that a partition key belongs to: the issue's own, or that of one of its shards."""
    return table.id_at(pk).partition("#")[0]


def subscriber_of(item: Item) -> str:
    """Return the id of the subscriber that a reader's item is about."""
    return str(item["sk"]).removeprefix(_READER)


def at_rest(item: Item, at: datetime, reason: str) -> Item:
    """Return a reader's item without a run at work: a copy that was being sent may have gone out."""
    if item.get("state") != "claimed":
        return item
    rested = {name: value for name, value in item.items() if name != "claimed_until"}
    return {**rested, "state": "unknown", "settled_at": table.stamp(at), "reason": reason}


def key_of(issue_id: str, subscriber_id: str) -> EmailKey:
    """Return the key of a reader's row."""
    shard = crc32(subscriber_id.encode()) % SHARDS
    return EmailKey(record=_shard_pk(issue_id, shard), email=f"{_READER}{subscriber_id}")


def _shard_pk(issue_id: str, shard: int) -> str:
    return f"{table.key(Issue, issue_id)['pk']}#{shard:02}"


def _query(table_name: str, issue_id: str, shard: int) -> Item:
    return {
        "TableName": table_name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": marshalled({":pk": _shard_pk(issue_id, shard)}),
        "ConsistentRead": True,
    }


def _rows(table_name: str, issue_id: str, shard: int) -> Iterator[Reader]:
    return map(_reader, dynamodb.items("query", **_query(table_name, issue_id, shard)))


def _reader(item: Item) -> Reader:
    return Reader.model_validate({**item, "subscriber_id": subscriber_of(item)})


def _settle(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> bool:
    try:
        dynamodb.call("update_item", **update_of(table_name, key, update, condition, values))
    except ConditionFailedError:
        return False
    return True


def update_of(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> Item:
    """Return the parameters of an update of a reader's row."""
    counted, values = f"{update} ADD version :one", {**values, ":one": 1}
    parameters: Item = table.update(table_name, table.row_key(key), counted, condition, values)["Update"]
    return parameters


def assigned(changes: Item) -> str:
    """Return the part of an update expression that sets attributes, by their names."""
    return ", ".join(f"#{name} = :{name}" if name == "state" else f"{name} = :{name}" for name in changes)


def values_of(changes: Item) -> Item:
    """Return the values for an update expression that sets attributes."""
    return {f":{name}": value for name, value in changes.items()}
