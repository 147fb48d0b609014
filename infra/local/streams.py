"""Calls of the background functions: the stream's event source mappings, and the schedule."""

import logging
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Condition
from typing import Any, cast

from moto.events.models import EventPattern

from infra.local.functions import LocalFunction
from infra.template import PSEUDO_PARAMETERS, StreamMapping

Deliver = Callable[[dict[str, Any]], Any]

_log = logging.getLogger(__name__)


def schedule_event() -> dict[str, Any]:
    """Return the event that an EventBridge schedule sends (AWS: "Scheduled Event")."""
    region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": account,
        "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [f"arn:aws:events:{region}:{account}:rule/guichet-Sweep"],
        "detail": {},
    }


def stream_event(records: Sequence[dict[str, Any]], stream_arn: str) -> dict[str, Any]:
    """Return the event of a batch of stream records, as the event source mapping sends it to a function."""
    region = PSEUDO_PARAMETERS["AWS::Region"]
    return {"Records": [{**record, "awsRegion": region, "eventSourceARN": stream_arn} for record in records]}


def wanted(record: dict[str, Any], patterns: Sequence[dict[str, Any]]) -> bool:
    """Return whether a stream record passes a mapping's filters (AWS: "Lambda event filtering")."""
    return not patterns or any(EventPattern(None, pattern).matches_event(cast("Any", record)) for pattern in patterns)


def play(records: Sequence[dict[str, Any]], mapping: StreamMapping, stream_arn: str, deliver: Deliver) -> None:
    """Deliver stream records as the mapping says: filtered, in batches, retried from the first failure on.

    Records that fail too often are dropped, as Lambda does: the schedule takes over.
    """
    passed = [record for record in records if wanted(record, mapping.patterns)]
    for start in range(0, len(passed), mapping.batch_size):
        _deliver_batch(passed[start : start + mapping.batch_size], mapping, stream_arn, deliver, mapping.retries)


def _deliver_batch(
    batch: Sequence[dict[str, Any]], mapping: StreamMapping, stream_arn: str, deliver: Deliver, retries: int
) -> None:
    try:
        reply = deliver(stream_event(batch, stream_arn)) or {}
    except Exception:
        _log.exception("the function behind the stream failed")
        first = 0
    else:
        failed = {failure["itemIdentifier"] for failure in reply.get("batchItemFailures", [])}
        if not failed:
            return
        # Everything from the first failed record on is delivered again.
        first = next((index for index, record in enumerate(batch) if record["dynamodb"]["SequenceNumber"] in failed), 0)
    rest = batch[first:]
    if mapping.bisect and len(rest) > 1:
        # A split does not count as a retry, so a poison record ends up alone, and nothing else is dropped with it.
        middle = (len(rest) + 1) // 2
        for half in (rest[:middle], rest[middle:]):
            _deliver_batch(half, mapping, stream_arn, deliver, retries)
    elif retries:
        _deliver_batch(rest, mapping, stream_arn, deliver, retries - 1)


class MappingPlayer:
    """Plays an event source mapping in a separate thread, as Lambda does: a long batch does not hold up other mappings.

    It keeps only what passes the mapping's filter, so its queue stays small during a long batch.
    """

    def __init__(self, function: LocalFunction, mapping: StreamMapping, stream_arn: str) -> None:
        self.name = function.function.name
        self._function = function
        self._mapping = mapping
        self._stream_arn = stream_arn
        self._changed = Condition()
        self._records: deque[dict[str, Any]] = deque()
        self._busy_since: float | None = None
        self._stopped = False

    def take(self, records: Sequence[dict[str, Any]]) -> None:
        """Accept the next records of the stream, to deliver those that the mapping wants."""
        passed = [record for record in records if wanted(record, self._mapping.patterns)]
        if not passed:
            return
        with self._changed:
            self._records.extend(passed)
            if self._busy_since is None:
                self._busy_since = time.monotonic()
            self._changed.notify()

    def busy_for(self) -> float:
        """Return for how many seconds it has been delivering, or 0 if it is idle."""
        since = self._busy_since
        return 0.0 if since is None else max(time.monotonic() - since, 1e-9)

    def stop(self) -> None:
        """Make `play` end after the current batch."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def play(self) -> None:
        """Deliver the accepted records, batch by batch, until stopped."""
        while True:
            with self._changed:
                if not self._records:
                    self._busy_since = None
                while not self._records and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                batch = [self._records.popleft() for _ in range(min(len(self._records), self._mapping.batch_size))]
            _deliver_batch(batch, self._mapping, self._stream_arn, self._function, self._mapping.retries)


class StreamReader:
    """Reads a table's stream from where it left off."""

    def __init__(self, client: Any, stream_arn: str) -> None:
        self._client = client
        self._stream_arn = stream_arn
        # The last sequence number that was read, by shard.
        self.read_up_to: dict[str, str] = {}

    def read(self) -> list[dict[str, Any]]:
        """Return the next records since the last time, at most a thousand of each shard.

        It gets a new iterator each time, as they expire after a quarter of an hour.
        """
        records: list[dict[str, Any]] = []
        description = self._client.describe_stream(StreamArn=self._stream_arn)["StreamDescription"]
        for shard in description["Shards"]:
            shard_id = shard["ShardId"]
            position = (
                {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.read_up_to[shard_id]}
                if shard_id in self.read_up_to
                else {"ShardIteratorType": "TRIM_HORIZON"}
            )
            iterator = self._client.get_shard_iterator(StreamArn=self._stream_arn, ShardId=shard_id, **position)
            page = self._client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
            if page:
                self.read_up_to[shard_id] = page[-1]["dynamodb"]["SequenceNumber"]
            records += map(_as_lambda_has_it, page)
        return records


def _as_lambda_has_it(record: dict[str, Any]) -> dict[str, Any]:
    """Convert an API record to the form that functions get: its time is a number, seconds since 1970."""
    created = record["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    return {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": created}}
