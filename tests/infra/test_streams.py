"""The event source mapping and the schedule, as they call the notifier."""

from datetime import UTC, datetime
from typing import Any

import pytest

from infra.local import engine
from infra.local.streams import StreamReader, play, schedule_event, stream_event, wanted
from infra.template import StreamMapping
from tests.support.app import resolve

ARN = "arn:aws:dynamodb:eu-west-3:123456789012:table/table/stream/2026-01-01T00:00:00.000"


def record(number: int, sort_key: str = "email#x", event_name: str = "INSERT") -> dict[str, Any]:
    """Return a stream record with a sequence number."""
    return {
        "eventName": event_name,
        "dynamodb": {"Keys": {"pk": {"S": "message#1"}, "sk": {"S": sort_key}}, "SequenceNumber": str(number)},
    }


def mapping(batch_size: int = 10, retries: int = 2, *, bisect: bool = True) -> StreamMapping:
    """Return a mapping without filters."""
    return StreamMapping(batch_size, retries, bisect, [])


class Function:
    """A function behind a stream that fails at some records; it remembers the numbers of each batch."""

    def __init__(self, *failing: int, times: int = 99, reports: bool = True) -> None:
        self.batches: list[list[int]] = []
        self._left = dict.fromkeys(failing, times)
        self._reports = reports

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        """Process a batch; report the first record that fails, or raise."""
        numbers = [int(record["dynamodb"]["SequenceNumber"]) for record in event["Records"]]
        self.batches.append(numbers)
        failed = [number for number in numbers if self._left.get(number, 0) > 0][:1]
        for number in failed:
            self._left[number] -= 1
        if failed and not self._reports:
            raise ValueError
        return {"batchItemFailures": [{"itemIdentifier": str(number)} for number in failed]}


def played(function: Any, records: list[dict[str, Any]], how: StreamMapping) -> Any:
    """Play records to a function and return it."""
    play(records, how, ARN, function)
    return function


def test_records_come_in_batches_of_the_mapping_s_size() -> None:
    function = played(Function(), [record(n) for n in range(1, 6)], mapping(batch_size=2))
    assert function.batches == [[1, 2], [3, 4], [5]]


def test_without_records_nothing_is_called() -> None:
    assert played(Function(), [], mapping()).batches == []


def test_what_failed_once_is_delivered_again_with_all_behind_it_and_nothing_before_it() -> None:
    function = played(Function(2, times=1), [record(n) for n in (1, 2, 3)], mapping(bisect=False))
    assert function.batches == [[1, 2, 3], [2, 3]]


def test_a_batch_is_halved_when_it_is_tried_again() -> None:
    function = played(Function(1, times=1), [record(n) for n in (1, 2, 3)], mapping())
    assert function.batches == [[1, 2, 3], [1, 2], [3]]


@pytest.mark.parametrize("reports", [True, False])
def test_a_record_that_always_fails_is_tried_so_often_as_the_mapping_says(*, reports: bool) -> None:
    function = played(Function(1, reports=reports), [record(1)], mapping(retries=2))
    assert function.batches == [[1]] * 3


def test_a_failing_record_does_not_stop_the_next_batch() -> None:
    function = played(Function(1), [record(1), record(2)], mapping(batch_size=1, retries=1))
    assert function.batches == [[1], [1], [2]]


def test_a_function_that_raises_gets_the_whole_batch_again() -> None:
    function = played(Function(2, times=1, reports=False), [record(n) for n in (1, 2)], mapping(bisect=False))
    assert function.batches == [[1, 2], [1, 2]]


def test_a_failure_that_names_no_record_of_the_batch_is_one_of_the_whole_batch() -> None:
    batches = []

    def function(event: dict[str, Any]) -> dict[str, Any]:
        batches.append(len(event["Records"]))
        return {"batchItemFailures": [{"itemIdentifier": "unknown"}]}

    played(function, [record(1), record(2)], mapping(retries=1, bisect=False))
    assert batches == [2, 2]


def test_a_function_that_returns_nothing_succeeded() -> None:
    batches: list[dict[str, Any]] = []
    played(batches.append, [record(1)], mapping())
    assert len(batches) == 1


@pytest.mark.parametrize(
    ("given", "passes"),
    [
        (record(1, "email#contact-notification"), True),
        (record(1, "message"), False),
        (record(1, "subscriber"), False),
        (record(1, "email#contact-notification", "MODIFY"), False),
        (record(1, "email#contact-notification", "REMOVE"), False),
    ],
)
def test_the_template_lets_new_rows_of_owed_emails_through_and_nothing_else(
    given: dict[str, Any], *, passes: bool
) -> None:
    (of_template,) = resolve().functions["Notifier"].streams
    assert wanted(given, of_template.patterns) is passes
    assert played(Function(), [given], of_template).batches == ([[1]] if passes else [])


def test_a_record_passes_where_one_of_several_patterns_matches() -> None:
    patterns = [{"eventName": ["REMOVE"]}, {"eventName": ["INSERT"]}]
    assert wanted(record(1), patterns)
    assert not wanted(record(1, event_name="MODIFY"), patterns)


def test_the_event_of_a_batch_names_the_stream_and_the_region() -> None:
    event = stream_event([record(1), record(2)], ARN)
    assert [entry["eventSourceARN"] for entry in event["Records"]] == [ARN, ARN]
    assert [entry["awsRegion"] for entry in event["Records"]] == ["eu-west-3", "eu-west-3"]
    assert [entry["dynamodb"]["SequenceNumber"] for entry in event["Records"]] == ["1", "2"]


def test_the_event_of_the_schedule_is_eventbridge_s() -> None:
    event = schedule_event()
    assert event["detail-type"] == "Scheduled Event"
    assert event["source"] == "aws.events"
    assert datetime.fromisoformat(event["time"]) <= datetime.now(UTC)
    assert event["id"] != schedule_event()["id"]


def put(number: int) -> None:
    """Write an item to the table."""
    key = {"pk": {"S": f"message#{number}"}, "sk": {"S": "message"}}
    engine.client("dynamodb").put_item(TableName="table", Item=key)


def keys(records: list[dict[str, Any]]) -> list[str]:
    """Return the partition keys of stream records."""
    return [entry["dynamodb"]["Keys"]["pk"]["S"] for entry in records]


def test_the_reader_returns_each_record_once_in_its_order() -> None:
    reader = StreamReader(engine.client("dynamodbstreams"), engine.create_table(resolve(), "table"))
    assert reader.read() == []
    put(1)
    put(2)
    assert keys(reader.read()) == ["message#1", "message#2"]
    assert reader.read() == []
    put(3)
    assert keys(reader.read()) == ["message#3"]


def test_a_new_reader_begins_at_the_beginning() -> None:
    arn = engine.create_table(resolve(), "table")
    put(1)
    for _ in range(2):
        assert keys(StreamReader(engine.client("dynamodbstreams"), arn).read()) == ["message#1"]


def test_the_time_of_a_record_is_a_number() -> None:
    reader = StreamReader(engine.client("dynamodbstreams"), engine.create_table(resolve(), "table"))
    put(1)
    (entry,) = reader.read()
    assert isinstance(entry["dynamodb"]["ApproximateCreationDateTime"], float)


def test_only_the_record_that_always_fails_is_given_up_where_batches_are_halved() -> None:
    function = played(Function(5), [record(n) for n in range(1, 11)], mapping(retries=2))
    assert {number for batch in function.batches for number in batch if number > 5} == {6, 7, 8, 9, 10}
    assert [batch for batch in function.batches if 6 in batch and 5 not in batch] == [[6]]
    assert function.batches.count([5]) == 3
