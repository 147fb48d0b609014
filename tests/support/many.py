"""An issue with many readers, put directly into moto's memory: through the API it would take hours."""

from datetime import datetime
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from guichet.records.issue import Issue
from guichet.signing import subscriber_id
from guichet.store import dynamodb, readers, table
from tests.support.app import ACCOUNT, REGION
from tests.support.newsletter import SECRET, imported


def address(number: int) -> str:
    """Return the address of a reader."""
    return f"reader{number}@example.org"


def put(item: dict[str, Any]) -> None:
    """Put an item into the table, without a record in its stream."""
    attributes = dynamodb.marshalled(item)
    keys = DynamoType(attributes["pk"]), DynamoType(attributes["sk"])
    items: Any = dynamodb_backends[ACCOUNT][REGION].tables["table"].items
    items[keys[0]][keys[1]] = Item(*keys, attributes)


def subscribe(numbers: range, at: datetime) -> None:
    """Create subscribers, as an import does."""
    for number in numbers:
        subscriber = imported(address(number), at, "en" if number % 3 == 0 else "fr")
        put(table.item_of(subscriber, list=table.subscribers_list("confirmed")))


def write_down(issue: Issue, numbers: range) -> None:
    """Create readers' rows, all waiting."""
    for number in numbers:
        key = readers.key_of(issue.id, subscriber_id(SECRET, address(number)))
        item = {"pk": key.record, "sk": key.email, "kind": "reader", "state": "waiting", "version": 0}
        put({**item, "expires_at": table.seconds(issue.expires_at)})
