"""A flood: a caller over the cap is remembered, and refused without a write until the hour is over."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from guichet.forms import rate_limit
from guichet.forms.rate_limit import OverCap
from guichet.records.limits import Caller
from guichet.store import dynamodb
from tests.support.app import START, App
from tests.support.newsletter import link_in_last_mail, open_link, press
from tests.support.wire import Wire

FORMS = ["/contact", "/newsletter"]
END = START + timedelta(hours=1)


def post(app: App, path: str, number: int, caller: str = "203.0.113.7") -> int:
    data = {"email": f"a{number}@example.org", "message": "x"}
    return app.post(path, json=data, environ_overrides={"REMOTE_ADDR": caller}).status_code


@pytest.mark.medium
@pytest.mark.parametrize("path", FORMS)
def test_after_the_first_429_nothing_is_written_until_the_hour_is_over(make_app: Callable[..., App], path: str) -> None:
    app = make_app(CallerHourlyCap="2")
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(dynamodb.client())
        assert [post(app, path, number) for number in range(3)] == [200, 200, 429]
        before, called = app.items(), len(wire.operations)
        for number in range(50):
            clock.shift(60)
            reply = app.post(path, json={"email": f"b{number}@example.org", "message": "x"})
            assert reply.status_code == 429
            assert int(reply.headers["retry-after"]) == 3600 - 60 * (number + 1)
        assert len(wire.operations) == called
        assert app.items() == before
        # A form with errors still gets them listed, in the visitor's language.
        assert app.post(path, json={"email": "x", "_language": "en"}).status_code == 422
        assert "Too many" in app.post(path, json={"email": "a@example.org", "message": "x", "_language": "en"}).text
        clock.move_to(END)
        assert post(app, path, 4) == 200


def test_others_and_the_other_form_are_served(make_app: Callable[..., App]) -> None:
    app = make_app(CallerHourlyCap="1")
    with time_machine.travel(START, tick=False):
        assert [post(app, "/contact", number) for number in range(3)] == [200, 429, 429]
        assert post(app, "/contact", 9, "203.0.113.8") == 200
        assert post(app, "/newsletter", 9) == 200


@pytest.mark.medium
def test_asking_for_another_link_writes_nothing_either(make_app: Callable[..., App]) -> None:
    app = make_app(CallerHourlyCap="1")
    with time_machine.travel(START, tick=False) as clock:
        post(app, "/newsletter", 0)
        app.play_stream()
        link = link_in_last_mail(app)
        clock.shift(timedelta(hours=49))
        page = open_link(app, link)
        post(app, "/newsletter", 1)
        post(app, "/newsletter", 2)
        wire = Wire(dynamodb.client())
        assert press(app, page).status_code == 200
        assert wire.operations == ["GetItem"]


def test_a_caller_who_is_not_over_the_cap_is_not_remembered(app: App) -> None:
    for number in range(5):
        post(app, "/contact", number)
    assert len(rate_limit.OVER_CAP) == 0


@pytest.mark.medium
@given(st.lists(st.integers(0, 9), max_size=50))
def test_only_so_many_are_remembered_the_latest(keys: list[int]) -> None:
    known = OverCap(4)
    for key in keys:
        known.remember(Caller(key=str(key), cap=1, until=END))
        assert len(known) <= 4
    with time_machine.travel(START, tick=False):
        if keys:
            assert known.knows(Caller(key=str(keys[-1]), cap=1, until=END))
    with time_machine.travel(END, tick=False):
        assert not any(known.knows(Caller(key=str(key), cap=1, until=END)) for key in keys)


def test_several_threads_may_remember_at_once() -> None:
    known = OverCap(64)
    failed: list[Exception] = []

    def remember(thread: int) -> None:
        try:
            for number in range(2000):
                known.remember(Caller(key=f"{thread}-{number}", cap=1, until=END))
        except Exception as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=remember, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(known) == 64
