"""Addresses outside the table: on SES's suppression list, and in the failure queue."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from guichet.addresses import normalized
from guichet.mail import ses
from guichet.store.erasure import Person
from infra.operate.connection import Connection, OperatorError, existing

# Messages that SQS returns at once, at most, and how many seconds it hides them from other readers: long enough to read
# the whole queue.
_AT_ONCE = 10
_HIDDEN_FOR = 60
# In seconds. Without waiting, SQS may miss messages (AWS: "Short and long polling").
_WAIT = 1


@dataclass(frozen=True)
class FailedEvent:
    """An SES event that could not be processed: its payload, and the handle for deleting it."""

    payload: dict[str, Any]
    handle: str


def suppressed_by_ses(connection: Connection, address: str) -> str | None:
    """Return why an address is on SES's suppression list, `BOUNCE` or `COMPLAINT`, or None."""
    client = connection.client("sesv2")
    for spelling in _spellings(address):
        found = existing(client.get_suppressed_destination, EmailAddress=spelling)
        if found is not None:
            return str(found["SuppressedDestination"]["Reason"])
    return None


def take_off_list(connection: Connection, address: str) -> bool:
    """Remove an address from SES's suppression list. Return whether it was there."""
    return ses.take_off_list(address, connection.client("sesv2"))


def _spellings(address: str) -> list[str]:
    """Return an address as given, and normalized: either may be on the list."""
    return list(dict.fromkeys((address, normalized(address))))


def failed_events(connection: Connection, person: Person) -> list[FailedEvent]:
    """Return the events in the failure queue that mention a person. A local stack has no such queue."""
    if connection.local:
        return []
    sqs, queue = connection.client("sqs"), _queue(connection)
    found, others = [], []
    for message in _messages(sqs, queue):
        about = person.redacted(message["Body"]) != message["Body"]
        if about:
            found.append(FailedEvent(json.loads(message["Body"])["requestPayload"], message["ReceiptHandle"]))
        else:
            others.append(message["ReceiptHandle"])
    for handle in others:
        # Makes it visible to other readers again at once.
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
    return found


def replay(connection: Connection, events: list[FailedEvent]) -> int:
    """Process failed events again, and delete those that succeed. Return how many failed again."""
    left = 0
    for event in events:
        try:
            connection.feed_back(event.payload)
        except OperatorError:
            left += 1
        else:
            connection.client("sqs").delete_message(QueueUrl=_queue(connection), ReceiptHandle=event.handle)
    return left


def _queue(connection: Connection) -> str:
    if "FeedbackFailures" not in connection.resources:
        raise OperatorError(f"the stack {connection.name} has no queue FeedbackFailures: deploy it again")
    return connection.resources["FeedbackFailures"]


def _messages(sqs: Any, queue: str) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    while True:
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE, VisibilityTimeout=_HIDDEN_FOR, WaitTimeSeconds=_WAIT
        )
        new = [message for message in answer.get("Messages", []) if message["MessageId"] not in seen]
        if not new:
            return
        seen |= {message["MessageId"] for message in new}
        yield from new
