"""Owed emails become emails: at once by the table's stream, surely by the schedule. Both run the same code."""

from functools import cache, partial
from itertools import islice
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
from guichet.telemetry import count, guarded, log_unexpected, logger
from notifier import ses
from notifier.delivery import Outcome, deliver
from notifier.digest import owe_digest
from notifier.pace import Pace

# Mail to the owner goes first.
ORDER: tuple[Recipient, ...] = ("owner", "visitor")
# A run ends in time to let its last email be marked, in milliseconds: looked up, its pace asked for, sent and marked,
# each at its slowest.
TIME_FOR_ONE = 60_000
# So many refusals one after the other, and SES seems to take no mail.
_ENOUGH = 3
_REFUSED = ("postponed", "throttled")


class StillOwedError(Exception):
    """An email of a batch was not sent now. The stream tries again a few times, then the schedule takes it up."""


class Clock(Protocol):
    """What a sweep needs of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's time-out."""


@cache
def settings() -> NotifierSettings:
    """Return the environment of this function."""
    return NotifierSettings.from_environment()


@guarded
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse | dict[str, int]:
    """Deliver the owed emails of a batch of stream records; on the schedule's event, all that are still owed."""
    if "Records" not in event:
        return sweep(context)
    # A batch of which nothing could be sent is told like any other: by its failed records.
    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    deliver_one = partial(deliver_record, pace=Pace(ses.send_rate), clock=context)
    return process_partial_response(event=event, record_handler=deliver_one, processor=processor, context=context)


def deliver_record(record: DynamoDBRecord, pace: Pace, clock: Clock) -> Outcome | Literal["unexpected"]:
    """Deliver the owed email of one stream record. Raises StillOwedError for what is to be tried again."""
    keys = record.dynamodb.keys if record.dynamodb else None
    if not keys:
        raise ValueError("a stream record without keys")
    if not _has_time(clock):
        raise StillOwedError
    key = EmailKey(record=keys["pk"], email=keys["sk"])
    outcome = _deliver_or_leave(key, Store(settings().table_name), pace)
    if outcome in _REFUSED:
        raise StillOwedError
    return outcome


def _has_time(clock: Clock) -> bool:
    return clock.get_remaining_time_in_millis() >= TIME_FOR_ONE


def sweep(context: Clock) -> dict[str, int]:
    """Deliver all that is still owed, the owner's mail first, oldest first, and count what came of it."""
    store = Store(settings().table_name)
    _owe_digest(store)
    run = _Sweep(store, context)
    for recipient in ORDER:
        run.deliver_all(recipient)
    age = (utc_now() - run.oldest).total_seconds()
    count("OldestOwedAge", round(age), MetricUnit.Seconds)
    logger.info("swept", outcomes=run.outcomes, oldest_owed_seconds=round(age))
    return run.outcomes


class _Sweep:
    """One sweep: what came of its emails so far, and the pace that they share."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._pace = Pace(ses.send_rate)
        self.outcomes: dict[str, int] = {}
        self.oldest = utc_now()

    def deliver_all(self, recipient: Recipient) -> None:
        """Deliver what is owed to the owner or to visitors, until the time is up or SES takes no mail."""
        refused: list[EmailKey] = []
        capped: set[str] = set()
        for key, owed_at in self._store.owed(recipient):
            self.oldest = min(self.oldest, owed_at)
            if not _has_time(self._clock):
                break
            if key.name in capped:
                continue
            outcome = self._deliver(key)
            if outcome == "capped":
                # So is every other one of its name today.
                capped.add(key.name)
            refused = [*refused, key] if outcome in _REFUSED else []
            if len(refused) == _ENOUGH:
                # These may be refused for what they are. Then others must not wait behind them.
                if not self._is_taken(recipient, refused):
                    break
                refused = []

    def _is_taken(self, recipient: Recipient, refused: list[EmailKey]) -> bool:
        """Tell whether SES takes any of the newest emails."""
        for key, _ in islice(self._store.owed(recipient, newest_first=True), _ENOUGH):
            if key in refused or not _has_time(self._clock):
                break
            if self._deliver(key) == "sent":
                return True
        return False

    def _deliver(self, key: EmailKey) -> str:
        outcome = _deliver_or_leave(key, self._store, self._pace)
        while outcome == "throttled" and self._pace.slower() and _has_time(self._clock):
            # It comes first, so it waits rather than letting others pass.
            outcome = _deliver_or_leave(key, self._store, self._pace)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        return outcome


def _owe_digest(store: Store) -> None:
    """Owe the weekly digest where it is due; whatever is wrong with it must not keep the others from going out."""
    try:
        # However much it counts, it takes no more from the emails than one of them.
        with dynamodb.one_patience():
            owed = owe_digest(store, settings(), utc_now())
        if owed:
            logger.info("owed a digest")
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, email="digest")


def _deliver_or_leave(key: EmailKey, store: Store, pace: Pace) -> Outcome | Literal["unexpected"]:
    """Deliver an email; one that cannot be written stays owed, and must not keep the others from going out."""
    try:
        return deliver(key, store, settings(), pace)
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, record=key.record, email=key.email)
        return "unexpected"


prepare(settings, dynamodb.client, ses.client)
