"""`make run` reads the table's stream when something was written, and not otherwise."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends

from infra.local import engine
from infra.local.__main__ import TABLE, Local
from infra.local.functions import local_functions
from infra.local.streams import StreamReader
from tests.support.app import resolve
from tests.support.stack import wait_for

MANY = 1200


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many records each read of the stream found."""
    found: list[int] = []
    read = StreamReader.read

    def noted(reader: StreamReader) -> list[dict[str, Any]]:
        records = read(reader)
        found.append(len(records))
        return records

    monkeypatch.setattr(StreamReader, "read", noted)
    return found


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[str]]]:
    """Return a function that plays moto's stream, perhaps as another engine's, and returns what arrived."""
    for service in ("DYNAMODB", "DYNAMODB_STREAMS", "SESV2"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "")
    moto = engine.MotoServer()
    stop = threading.Event()
    engines = engine.connect(moto)
    stack = resolve()
    notifier = local_functions(stack.functions, stack.environment)["Notifier"]
    delivered: list[str] = []

    def deliver(event: dict[str, Any], _context: Any) -> None:
        delivered.extend(record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"])

    monkeypatch.setattr(notifier, "_handler", deliver)
    threads: list[threading.Thread] = []

    def begin(*, external: bool = False) -> list[str]:
        of_stream = replace(engines, moto="http://another") if external else engines
        local = Local(stack, {"Notifier": notifier}, of_stream, None, wake=moto.wrote)
        threads.append(threading.Thread(target=local.play_stream, args=(stop,)))
        threads[0].start()
        assert local.made.acquire(timeout=60)
        return delivered

    yield begin
    stop.set()
    moto.wrote.set()
    for thread in threads:
        thread.join()
    moto.stop()


def owe(number: int) -> None:
    """Write the row of a queued email."""
    item = {"pk": {"S": f"message#{number}"}, "sk": {"S": "email#contact-notification"}}
    engine.client("dynamodb").put_item(TableName=TABLE, Item=item)


def rest(reads: list[int]) -> None:
    """Wait until the stream is no longer read."""

    def rests() -> bool:
        before = len(reads)
        time.sleep(0.3)
        return before == len(reads) > 0

    wait_for("rest", rests)


def test_at_rest_moto_s_stream_is_not_read(start: Callable[..., list[str]], reads: list[int]) -> None:
    start()
    rest(reads)
    before = len(reads)
    time.sleep(1.5)
    assert len(reads) == before


def test_what_is_written_wakes_the_reader(start: Callable[..., list[str]], reads: list[int]) -> None:
    delivered = start()
    for number in range(1, 4):
        rest(reads)
        owe(number)
        wait_for("the record", lambda: delivered)
        assert delivered == [f"message#{number}"]
        delivered.clear()


def test_more_than_one_page_is_read_to_its_end_and_forgotten(start: Callable[..., list[str]], reads: list[int]) -> None:
    delivered = start()
    rest(reads)
    table = dynamodb_backends["123456789012"]["eu-west-3"].get_table(TABLE)
    for number in range(MANY):
        table.put_item({"pk": {"S": f"message#{number}"}, "sk": {"S": "email#contact-notification"}})
    owe(MANY)
    wait_for("the records", lambda: len(delivered) == MANY + 1)
    rest(reads)
    assert max(reads) == 1000
    assert table.stream_shard
    assert table.stream_shard.items == []


def test_another_engine_is_asked_now_and_then(start: Callable[..., list[str]], reads: list[int]) -> None:
    delivered = start(external=True)
    wait_for("the first reading", lambda: reads)
    table = dynamodb_backends["123456789012"]["eu-west-3"].get_table(TABLE)
    table.put_item({"pk": {"S": "message#1"}, "sk": {"S": "email#contact-notification"}})
    wait_for("the record", lambda: delivered == ["message#1"])


def test_a_long_batch_of_one_function_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in ("DYNAMODB", "DYNAMODB_STREAMS", "SESV2"):
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "")
    moto, stop, go_on = engine.MotoServer(), threading.Event(), threading.Event()
    engines, stack = engine.connect(moto), resolve()
    mine = local_functions(stack.functions, stack.environment)
    slow, quick = mine["Contact"], mine["Notifier"]
    (mapping,) = quick.function.streams
    # As an issue of the newsletter is sent: one batch takes minutes.
    monkeypatch.setattr(slow, "function", replace(slow.function, streams=[mapping]))
    begun: list[str] = []
    delivered: list[str] = []

    def takes_long(event: dict[str, Any], _context: Any) -> None:
        begun.extend(record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"])
        assert go_on.wait(60)

    def deliver(event: dict[str, Any], _context: Any) -> None:
        delivered.extend(record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"])

    monkeypatch.setattr(slow, "_handler", takes_long)
    monkeypatch.setattr(quick, "_handler", deliver)
    local = Local(stack, {"Slow": slow, "Quick": quick}, engines, None, wake=moto.wrote)
    thread = threading.Thread(target=local.play_stream, args=(stop,))
    thread.start()
    try:
        assert local.made.acquire(timeout=60)
        for number in range(1, 6):
            owe(number)
            wait_for("the record", lambda: len(delivered) == number)  # noqa: B023  it is called here
        assert begun == ["message#1"]
        # The slow one's remaining work keeps nothing in the stream.
        table = dynamodb_backends["123456789012"]["eu-west-3"].get_table(TABLE)
        wait_for("the stream to be forgotten", lambda: table.stream_shard and table.stream_shard.items == [])
        go_on.set()
        wait_for("the rest", lambda: begun == [f"message#{number}" for number in range(1, 6)])
    finally:
        go_on.set()
        stop.set()
        moto.wrote.set()
        thread.join()
        moto.stop()


def test_every_scheduled_function_is_called_and_a_long_one_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = resolve()
    mine = local_functions(stack.functions, stack.environment)
    slow, quick = mine["Contact"], mine["Notifier"]
    for function in (slow, quick):
        monkeypatch.setattr(function, "function", replace(function.function, schedules=[0]))
    go_on, called = threading.Event(), threading.Semaphore(0)
    monkeypatch.setattr(slow, "_handler", lambda *_: go_on.wait(60))
    monkeypatch.setattr(quick, "_handler", lambda *_: called.release())
    engines = engine.Engines({"DYNAMODB_STREAMS": "", "SESV2": ""}, None)
    local, stop = Local(stack, {"Slow": slow, "Quick": quick}, engines, None, wake=threading.Event()), threading.Event()
    thread = threading.Thread(target=local.play_schedules, args=(stop,))
    thread.start()
    try:
        assert all(called.acquire(timeout=60) for _ in range(3))
    finally:
        go_on.set()
        stop.set()
        thread.join()
