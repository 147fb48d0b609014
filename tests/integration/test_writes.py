"""The one write of a post: retried only if that helps, and recognised if it had happened."""

import itertools
import json
import threading
import time
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from guichet.records.record import utc_now
from guichet.store import dynamodb
from guichet.store.table import day_list
from tests.support.app import App
from tests.support.newsletter import link_in_last_mail, open_link, press, sign_up
from tests.support.wire import Answer, Wire, cancelled, refusal, unreachable

GOOD = {"email": "a@example.org", "message": "Bonjour"}


def timed_out(request: Any) -> None:
    raise ReadTimeoutError(endpoint_url=request.url)


PASSING: list[Answer] = [
    cancelled("None", "None", "TransactionConflict"),
    cancelled("TransactionConflict", "None", "ConditionalCheckFailed"),
    cancelled("ThrottlingError", "None", "None"),
    refusal(400, "ThrottlingException"),
    refusal(400, "ProvisionedThroughputExceededException"),
    refusal(400, "TransactionInProgressException"),
    refusal(500, "InternalServerError"),
    refusal(503, "Unknown"),
    unreachable,
    timed_out,
]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("passing", PASSING)
def test_what_passes_is_sent_again_with_the_same_token(app: App, passing: Answer) -> None:
    wire = Wire(dynamodb.client())
    wire.plan(passing, passing)

    assert app.post("/contact", data=GOOD).status_code == 303
    assert wire.operations == ["TransactWriteItems"] * 3
    tokens = {json.loads(body)["ClientRequestToken"] for body in wire.bodies}
    assert len(tokens) == 1
    assert len(app.items("message")) == 1


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("passing", PASSING)
def test_what_does_not_pass_is_never_taken_for_success(
    app: App, monkeypatch: pytest.MonkeyPatch, passing: Answer
) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(passing)

    assert app.post("/contact", data=GOOD).status_code == 503


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (cancelled("ConditionalCheckFailed", "None", "TransactionConflict"), 303),
        (cancelled("ConditionalCheckFailed", "None", "ConditionalCheckFailed"), 303),
        (cancelled("None", "ConditionalCheckFailed", "None", "None", "ConditionalCheckFailed"), 303),
        (cancelled("None", "None", "None", "None", "ConditionalCheckFailed"), 429),
        (refusal(400, "ValidationException"), 503),
        (refusal(400, "ResourceNotFoundException"), 503),
        (refusal(400, "AccessDeniedException"), 503),
        (cancelled("ValidationError", "None", "None"), 503),
    ],
)
def test_what_sending_again_cannot_mend_is_decided_at_once(app: App, answer: Answer, status: int) -> None:
    wire = Wire(dynamodb.client())
    wire.plan(answer)

    assert app.post("/contact", data=GOOD).status_code == status
    assert len(wire.operations) == 1


def test_patience_ends_within_the_time_that_a_visitor_is_promised() -> None:
    # The last attempt may start when the retry budget ends. Both time-outs together limit it.
    assert dynamodb.RETRY_BUDGET + dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT < 10
    config = dynamodb.client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (dynamodb.CONNECT_TIMEOUT, dynamodb.READ_TIMEOUT)
    assert config.retries["total_max_attempts"] == 1


def test_two_calls_of_one_event_share_one_patience(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sign_up(app)
    page = open_link(app, link_in_last_mail(app))
    wire = Wire(dynamodb.client())

    def passing(_request: Any) -> None:
        # The whole retry budget passes until the first call is answered.
        monkeypatch.setattr("guichet.store.dynamodb.time.monotonic", lambda: next(clock))
        wire.always(unreachable)

    clock = itertools.count(time.monotonic() + dynamodb.RETRY_BUDGET, 0.5)
    wire.plan(passing)
    assert press(app, page).status_code == 503
    assert wire.operations == ["GetItem", "TransactWriteItems"]


def test_the_waits_grow_and_are_spread(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    bounds: list[float] = []

    def spread(low: float, high: float) -> float:
        bounds.append(high)
        return low + high / 2

    monkeypatch.setattr("guichet.store.dynamodb.random.uniform", spread)
    monkeypatch.setattr("guichet.store.dynamodb.time.sleep", waits.append)
    Wire(dynamodb.client()).plan(*[unreachable] * 6)
    app.post("/contact", data=GOOD)

    assert bounds == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    assert waits == [bound / 2 for bound in bounds]


def test_a_write_whose_answer_was_lost_is_a_repeat_for_the_visitor_who_sends_again(app: App) -> None:
    assert app.post("/contact", data=GOOD).status_code == 303
    wire = Wire(dynamodb.client())

    assert app.post("/contact", data=GOOD).status_code == 303
    assert wire.operations == ["TransactWriteItems"]
    assert [caller["counted"] for caller in app.items("caller")] == ["1"]


def test_parallel_posts_of_one_message_are_one_message(app: App) -> None:
    replies: list[int] = []
    threads = [
        threading.Thread(target=lambda: replies.append(app.post("/contact", data=GOOD).status_code)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    app.play_stream()

    assert replies == [303] * 8
    assert len(app.mails()) == 1


@pytest.mark.medium
def test_a_list_is_read_to_its_end(app: App) -> None:
    for number in range(3):
        app.post("/contact", data=GOOD | {"message": str(number)})
    wire = Wire(dynamodb.client())
    query = {
        "TableName": "table",
        "IndexName": "lists",
        "KeyConditionExpression": "#list = :day",
        "ExpressionAttributeNames": {"#list": "list"},
        "ExpressionAttributeValues": dynamodb.marshalled({":day": day_list("messages", utc_now())}),
    }

    assert len(list(dynamodb.items("query", **query, Limit=1))) == 3
    assert len(wire.operations) >= 3


def test_a_value_that_the_table_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError, match="float"):
        dynamodb.marshal(0.5)
