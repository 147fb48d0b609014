"""Owed emails become emails: at once by the table's stream, surely by the schedule. Both run the same code."""

from functools import cache
from typing import Any, Literal, Protocol

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from guichet import dynamodb
from guichet.init_phase import prepare
from guichet.records import EmailKey, Recipient, utc_now
from guichet.settings import NotifierSettings
from guichet.storage import Store
from guichet.telemetry import count, log_unexpected, logger
from notifier import ses
from notifier.delivery import Outcome, deliver
from notifier.digest import owe_digest
from notifier.pace import Pace

# Mail to the owner goes first.
ORDER: tuple[Recipient, ...] = ("owner", "visitor")
# A sweep ends in time to let its last email be marked, in milliseconds: claimed, read, allowed, sent and marked, each
# at its slowest.
TIME_FOR_ONE = 45_000
# So many refusals one after the other, and SES is not taking mail: the next sweep will try again.
_ENOUGH = 3
_REFUSED = ("postponed", "throttled")


class StillOwedError(Exception):
    """An email of a batch was not sent now. The stream tries again a few times, then the schedule takes it up."""


@cache
def settings() -> NotifierSettings:
    """Return the environment of this function."""
    return NotifierSettings.from_environment()


def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | dict[str, int]:
    """Deliver the owed emails of a batch of stream records; on the schedule's event, all that are still owed."""
    if "Records" not in event:
        return sweep(context)
    # A batch of which nothing could be sent is told like any other: by its failed records.
    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    return process_partial_response(event=event, record_handler=deliver_record, processor=processor, context=context)


def deliver_record(record: DynamoDBRecord) -> Outcome | Literal["unexpected"]:
    """Deliver the owed email of one stream record. Raises StillOwedError for what is to be tried again."""
    keys = record.dynamodb.keys if record.dynamodb else None
    if not keys:
        raise ValueError("a stream record without keys")
    outcome = _deliver_or_leave(EmailKey(record=keys["pk"], email=keys["sk"]), Store(settings().table_name))
    if outcome in _REFUSED:
        raise StillOwedError
    return outcome


class Clock(Protocol):
    """What a sweep needs of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's time-out."""


def sweep(context: Clock) -> dict[str, int]:
    """Deliver all that is still owed, the owner's mail first, oldest first, and count what came of it."""
    store = Store(settings().table_name)
    _owe_digest(store)
    outcomes: dict[str, int] = {}
    oldest = utc_now()
    refusals = 0
    pace = Pace(ses.send_rate)
    for recipient in ORDER:
        for key, owed_at in store.owed(recipient):
            oldest = min(oldest, owed_at)
            if refusals == _ENOUGH or context.get_remaining_time_in_millis() < TIME_FOR_ONE:
                break
            pace.wait()
            outcome = _deliver_or_leave(key, store)
            if outcome == "throttled":
                pace.slower()
            refusals = refusals + 1 if outcome in _REFUSED else 0
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    age = (utc_now() - oldest).total_seconds()
    count("OldestOwedAge", round(age), MetricUnit.Seconds)
    logger.info("swept", outcomes=outcomes, oldest_owed_seconds=round(age))
    return outcomes


def _owe_digest(store: Store) -> None:
    """Owe the weekly digest where it is due; whatever is wrong with it must not keep the others from going out."""
    try:
        if owe_digest(store, settings(), utc_now()):
            logger.info("owed a digest")
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, email="digest")


def _deliver_or_leave(key: EmailKey, store: Store) -> Outcome | Literal["unexpected"]:
    """Deliver an email; one that cannot be written stays owed, and must not keep the others from going out."""
    try:
        return deliver(key, store, settings())
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, record=key.record, email=key.email)
        return "unexpected"


prepare(settings, dynamodb.client, ses.client)
