"""Sends the emails in the outbox: promptly from the table's stream, reliably on the schedule, with the same code."""

from functools import cache, partial
from typing import Any, Literal

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from guichet.lambda_runtime import guarded, prepare
from guichet.mail import ses, texts
from guichet.mail.pace import Pace
from guichet.outbox.delivery import Outcome
from guichet.outbox.sweep import REFUSED, Clock, deliver_or_leave, has_time, sweep
from guichet.settings import NotifierSettings
from guichet.store import dynamodb
from guichet.store.table import email_key


class StillQueuedError(Exception):
    """An email in a batch has not been sent yet. The stream retries a few times, then the schedule takes over."""


@cache
def settings() -> NotifierSettings:
    """Return the environment of this function."""
    return NotifierSettings.from_environment()


@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | dict[str, int]:
    """Deliver the emails of a batch of stream records or, on the schedule's event, the whole outbox."""
    if "Records" not in event:
        return sweep(settings(), context)
    # A batch that failed entirely is reported like any other: record by record.
    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    deliver_one = partial(deliver_record, pace=Pace(ses.send_rate), clock=context)
    return process_partial_response(event=event, record_handler=deliver_one, processor=processor, context=context)


def deliver_record(record: DynamoDBRecord, pace: Pace, clock: Clock) -> Outcome | Literal["unexpected"]:
    """Deliver the email of one stream record. Raises StillQueuedError if it should be retried."""
    keys = record.dynamodb.keys if record.dynamodb else None
    if not keys:
        raise ValueError("a stream record without keys")
    if not has_time(clock):
        raise StillQueuedError
    outcome = deliver_or_leave(email_key(keys), settings(), pace)
    if outcome in REFUSED:
        raise StillQueuedError
    return outcome


prepare(settings, texts.texts, dynamodb.client, ses.client)
