"""The table: keys, encoding of values, and expiry.

Only this module builds the keys of records. Every other kind of key is built in exactly one module of the store.

| kind       | pk                     | sk                                    |
|------------|------------------------|---------------------------------------|
| each record | <kind>#<id>           | <kind>, one of `registry.KINDS`       |
| entry      | thread#<hash of page>  | entry#<time>#<id>, entry#<time>#<id>#<time>#<id> |
| thread     | thread#<hash of page>  | about                                 |
| authored   | author#<hash of address> | comment#<id>                        |
| deleted    | deleted#<comment's id> | deleted                               |
| email      | the key of its record  | email#<name>, email#<name>#<occasion> |
| email      | deploy-hook#site       | email#deploy-hook                     |
| told       | told#spam              | told                                  |
| caller     | caller#<hash>          | caller                                |
| proof      | proof#<challenge>      | proof                                 |
| cap        | cap#<mailbox's id>     | cap#<email>#latest, cap#<email>#<day> |
| cap        | cap#visitors#<email>   | cap#<day>                             |
| cap        | cap#network#<id>#<email> | cap#<day>                           |
| cap        | cap#desk#<owner>       | cap#<pool>#<day>                      |
| cap        | cap#desk#<owner>#<network> | cap#strangers#<day>               |
| mailboxes  | mailboxes              | mailboxes                             |
| renewals   | renewals               | renewals                              |
| edition    | issue#<id>             | edition#<language>                    |
| run        | issue#<id>             | run                                   |
| feedback   | issue#<id>             | feedback                              |
| reader     | issue#<id>#<shard>     | reader#<subscriber's id>              |

Every item has `expires_at` (seconds since 1970), except subscribers who are confirmed or must not be written to,
comments that wait or are approved, with what belongs to them, and the marks of those that were deleted. There are two
sparse indexes: `outbox` (rows of emails that wait, by audience and shard, or held for the owner's mailbox; oldest
first) and `lists` (messages and spam of a day, subscribers in a state, comments in a state and pages that have some,
issues that are under way and others, emails that failed for good, and confirmations of a day, by the row of the email
that reports them).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, cast

from guichet.records.outbox import EmailKey
from guichet.records.record import Record, utc_now
from guichet.records.registry import KINDS, Kind, Owner, kind_of
from guichet.records.subscriber import State
from guichet.store import dynamodb
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

DayList = Literal["messages", "spam", "confirmed"]
_Record = TypeVar("_Record", bound=Record)

# TTL deletes up to days late, so expired items are treated as gone.
NOT_THERE = "attribute_not_exists(pk) OR expires_at < :now"


def key(model: type[Owner], record_id: str) -> dict[str, str]:
    """Return the key of a record."""
    return _key(kind_of(model), record_id)


def row_key(email: EmailKey) -> dict[str, str]:
    """Return the key of an email's row."""
    return {"pk": email.record, "sk": email.email}


def email_key(row: Mapping[str, Any]) -> EmailKey:
    """Return the key of the email in a row."""
    return EmailKey(record=row["pk"], email=row["sk"])


def key_at(pk: str) -> dict[str, str]:
    """Return the full key of the record with a partition key. Raises KeyError if no kind of record has such a key."""
    return _key(KINDS[_prefix(pk)], id_at(pk))


def id_at(pk: str) -> str:
    """Return the id of the record with a partition key."""
    return pk.partition("#")[2]


def kind_at(pk: str) -> Kind | None:
    """Return the kind of the record with a partition key, or None if no kind of record has such a key."""
    return KINDS.get(_prefix(pk))


def is_record(item: Item) -> bool:
    """Return whether an item is a record itself, not one of the rows under its key."""
    return kind_at(item["pk"]) is not None and item["sk"] == key_at(item["pk"])["sk"]


def _key(kind: Kind, record_id: str) -> dict[str, str]:
    return {"pk": f"{kind.name}#{record_id}", "sk": kind.name}


def _prefix(pk: str) -> str:
    return pk.partition("#")[0]


def item_of(record: Owner, **more: Any) -> Item:
    """Return a record as an item: key, kind, fields, expiry and additional attributes."""
    values = record.model_dump(mode="json", exclude_defaults=True)
    end = getattr(record, "expires_at", None)
    return {
        **key(type(record), record.id),
        "kind": kind_of(type(record)).name,
        **values,
        **({"expires_at": seconds(end)} if end else {}),
        **more,
    }


def record(table: str, model: type[_Record], record_id: str) -> _Record | None:
    """Return a record by its id, or None if there is none or it has expired."""
    item = get(table, key(cast("type[Owner]", model), record_id))
    return None if item is None or expired(item) else model.model_validate(item)


def record_at(table: str, pk: str) -> Owner | None:
    """Return the record with a partition key, or None if there is none or it has expired."""
    kind = kind_at(pk)
    return None if kind is None else record(table, kind.model, id_at(pk))


def expired(item: Item) -> bool:
    """Return whether an item has expired, although it still exists."""
    return "expires_at" in item and bool(item["expires_at"] < seconds(utc_now()))


def get(table: str, item_key: Item) -> Item | None:
    """Return the current item, expired or not (consistent read)."""
    answer = dynamodb.call("get_item", TableName=table, Key=marshalled(item_key), ConsistentRead=True)
    return dynamodb.unmarshalled(answer.get("Item"))


def put(table: str, item: Item, condition: str | None = None, values: Item | None = None) -> dict[str, Any]:
    """Return the transaction action that writes an item."""
    action: dict[str, Any] = {"TableName": table, "Item": marshalled(item)}
    if condition:
        action["ConditionExpression"] = condition
    if values:
        action["ExpressionAttributeValues"] = marshalled(values)
    return {"Put": action}


def update(  # noqa: PLR0913, PLR0917  the parts of one write
    table: str,
    item_key: Item,
    changes: str,
    condition: str = "",
    values: Item | None = None,
    names: dict[str, str] | None = None,
    **more: str,
) -> dict[str, Any]:
    """Return the transaction action that changes an item; the same parameters work for a single update.

    In `changes` and `condition`, `#name` is the attribute of that name, or the one that `names` has for it.
    """
    action: dict[str, Any] = {"TableName": table, "Key": marshalled(item_key), "UpdateExpression": changes, **more}
    if condition:
        action["ConditionExpression"] = condition
    if "#" in changes or "#" in condition:
        used = dict.fromkeys(re.findall(r"#(\w+)", f"{changes} {condition}"))
        action["ExpressionAttributeNames"] = {f"#{name}": (names or {}).get(name, name) for name in used}
    if values:
        action["ExpressionAttributeValues"] = marshalled(values)
    return {"Update": action}


def check(table: str, item_key: Item, condition: str, values: Item) -> dict[str, Any]:
    """Return the transaction action that only checks a condition on an item."""
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": marshalled(item_key),
            "ConditionExpression": condition,
            "ExpressionAttributeValues": marshalled(values),
        }
    }


def written(actions: Sequence[Mapping[str, Any]]) -> bool:
    """Write all actions or none. Return False if a condition of one does not hold."""
    try:
        dynamodb.transact(actions)
    except ConditionFailedError:
        return False
    return True


def day_list(name: DayList, day: datetime) -> str:
    """Return the name of a day's list of messages, spam or confirmations, in UTC."""
    return f"{name}#{day.astimezone(UTC).date().isoformat()}"


def subscribers_list(state: State) -> str:
    """Return the name of the list of the subscribers in a state."""
    return f"subscribers#{state}"


def count_list(table: str, name: DayList, day: datetime) -> int:
    """Count a list of a day, in UTC."""
    pages = dynamodb.pages("query", **of_list(table, day_list(name, day)), Select="COUNT")
    return sum(page["Count"] for page in pages)


def keys_of_list(table: str, name: DayList, day: datetime) -> Iterator[str]:
    """Yield the keys of the records on a list of a day, in UTC."""
    items = dynamodb.items("query", **of_list(table, day_list(name, day)))
    return (str(item["pk"]) for item in items)


def of_list(table: str, name: str) -> Item:
    """Return the parameters of a query of the index `lists` for one list, by its name."""
    return {
        "TableName": table,
        "IndexName": "lists",
        "KeyConditionExpression": "#list = :list",
        "ExpressionAttributeNames": {"#list": "list"},
        "ExpressionAttributeValues": marshalled({":list": name}),
    }


def seconds(at: datetime) -> int:
    """Return a time in whole seconds since 1970, as DynamoDB's time to live needs it."""
    return int(at.timestamp())


def stamp(at: datetime) -> str:
    """Return a time as text, always with microseconds, so that the texts sort chronologically."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
