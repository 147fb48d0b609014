"""Repeats: a form sent again is one submission; another caller's is neither suppressed nor revealed."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from guichet.http.request import Request
from guichet.store import dynamodb
from tests.support.app import START, App, isolated, resolve
from tests.support.wire import Wire, cancelled, unanswered, unreachable

EVENTS = Path(__file__).parent.parent / "events" / "start-api"
FORMS = {"/contact": "message", "/newsletter": "request"}
WORDS = {"email": "a@example.org", "name": "Zoé", "message": "Bonjour"}
ALICE, BOB = "203.0.113.7", "198.51.100.9"


def post(app: App, path: str, caller: str = ALICE, **fields: str) -> TestResponse:
    reply = app.post(path, json=WORDS | fields, environ_overrides={"REMOTE_ADDR": caller})
    assert reply.status_code == 200, reply.text
    return reply


def kept(app: App, path: str) -> list[dict[str, Any]]:
    return app.items(FORMS[path])


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    ("first", "seconds"),
    [
        ("2026-11-23T23:59:59Z", 1),
        ("2026-11-23T10:00:00Z", 0),
        ("2026-11-23T10:09:59.9Z", 0.2),
        ("2026-11-23T10:09:59Z", 599),
        ("2026-11-23T10:00:00Z", 599),
    ],
)
def test_sending_again_within_ten_minutes_is_a_repeat(app: App, path: str, first: str, seconds: float) -> None:
    with time_machine.travel(first, tick=False) as clock:
        replies = [post(app, path)]
        clock.shift(timedelta(seconds=seconds))
        replies.append(post(app, path))

    assert replies[0].json == replies[1].json
    (item,) = kept(app, path)
    assert (replies[0].json or {})["id"] == item["id"]
    assert [caller["counted"] for caller in app.items("caller")] == ["1"]


@pytest.mark.parametrize("path", FORMS)
def test_the_same_words_half_an_hour_later_are_another_submission(app: App, path: str) -> None:
    with time_machine.travel("2026-11-23T09:00:00Z", tick=False) as clock:
        for _ in range(3):
            post(app, path)
            clock.shift(timedelta(minutes=30))

    assert len(kept(app, path)) == 3


@pytest.mark.parametrize("path", FORMS)
def test_an_earlier_click_that_is_stored_later_is_a_repeat(app: App, path: str) -> None:
    with time_machine.travel("2026-11-23T10:10:00Z", tick=False) as clock:
        post(app, path)
        # Its function took a second longer: by the gateway's clock it came first, in the window before.
        clock.move_to("2026-11-23T10:09:59Z")
        post(app, path)

    assert len(kept(app, path)) == 1


def test_the_window_is_the_gateway_s_and_the_functions_clock_does_not_matter(app: App) -> None:
    function, events = app.functions["Contact"], []

    def recorded(event: dict[str, Any]) -> Any:
        events.append(event)
        return function(event)

    app.http.application._routes["POST /contact"] = recorded  # type: ignore[attr-defined]  # noqa: SLF001
    with time_machine.travel(START, tick=False) as clock:
        post(app, "/contact")
        clock.shift(timedelta(hours=1))
        # Lambda delivers the event again.
        assert function(events[0])["statusCode"] == 200

    assert len(app.items("message")) == 1


def test_the_sam_cli_tells_the_time_in_seconds() -> None:
    sample = json.loads((EVENTS / "contact-json.json").read_text(encoding="utf-8"))
    context = sample["requestContext"]
    assert Request.from_event(sample, "fr").at.strftime("%d/%b/%Y:%H:%M:%S +0000") == context["time"]
    on_aws = sample | {"requestContext": context | {"timeEpoch": context["timeEpoch"] * 1000 + 999}}
    assert Request.from_event(on_aws, "fr").at == Request.from_event(sample, "fr").at + timedelta(milliseconds=999)
    # A handmade event may not have one.
    del context["timeEpoch"]
    with time_machine.travel(START, tick=False):
        assert Request.from_event(sample, "fr").at == START


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("key", [{}, {"_id": "constant"}])
def test_what_another_caller_sent_is_another_submission(app: App, path: str, key: dict[str, str]) -> None:
    with time_machine.travel(START, tick=False):
        replies = [post(app, path, caller, **key).json or {} for caller in (ALICE, BOB)]

    assert len(kept(app, path)) == 2
    assert replies[0].pop("id") != replies[1].pop("id")
    assert replies[0] == replies[1]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("key", [{}, {"_id": "constant"}])
def test_a_caller_over_the_cap_does_not_learn_what_another_sent(
    make_app: Callable[..., App], path: str, key: dict[str, str]
) -> None:
    app = make_app(CallerHourlyCap="1")
    with time_machine.travel(START, tick=False):
        post(app, path, ALICE, **key)
        post(app, path, BOB, email="b@example.org")
        asked = [
            app.post(path, json=WORDS | key | {"email": email}, environ_overrides={"REMOTE_ADDR": BOB})
            for email in (WORDS["email"], "nobody@example.org")
        ]

    assert [reply.status_code for reply in asked] == [429, 429]
    assert asked[0].data == asked[1].data
    assert sorted(asked[0].headers) == sorted(asked[1].headers)


@pytest.mark.parametrize("path", FORMS)
def test_a_caller_below_the_cap_learns_nothing_from_the_count(make_app: Callable[..., App], path: str) -> None:
    app = make_app(CallerHourlyCap="2")
    with time_machine.travel(START, tick=False):
        post(app, path, ALICE)
        post(app, path, BOB)
        post(app, path, BOB, email="b@example.org")
        over = app.post(path, json=WORDS | {"email": "c@example.org"}, environ_overrides={"REMOTE_ADDR": BOB})

    assert over.status_code == 429


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("caught_first", [True, False])
def test_a_copy_with_the_honeypot_filled_does_not_swallow_the_genuine_one(
    app: App,
    path: str,
    caught_first: bool,  # noqa: FBT001
) -> None:
    with time_machine.travel(START, tick=False):
        for honeypot in ({"_gotcha": "x"}, {}) if caught_first else ({}, {"_gotcha": "x"}):
            for caller in (ALICE, BOB):
                post(app, path, caller, **honeypot)
        app.play_stream()

    assert sorted("spam" in item for item in kept(app, path)) == [False, False, True, True]
    if path == "/contact":
        assert len(app.mails()) == 2


@pytest.mark.parametrize("path", FORMS)
def test_a_client_s_own_key_outlasts_the_window_and_tells_the_same_words_apart(app: App, path: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for key in ("first", "second", "first"):
            post(app, path, _id=key)
            clock.shift(timedelta(hours=1))

    assert len(kept(app, path)) == 2


@pytest.mark.medium
@pytest.mark.parametrize("path", FORMS)
def test_what_could_not_be_confirmed_is_harmless_to_send_again(
    app: App, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    with time_machine.travel("2026-11-23T10:09:30Z") as clock:
        wire = Wire(dynamodb.client())
        wire.plan(unanswered)
        wire.always(unreachable)
        assert app.post(path, json=WORDS).status_code == 503
        wire.always(None)
        clock.shift(timedelta(minutes=9))
        post(app, path)
        assert len(kept(app, path)) == 1
        for _ in range(4):
            app.play_stream()
            app.sweep()
            clock.shift(timedelta(minutes=15))
    assert len(app.mails()) == 1


def test_a_conflict_with_a_click_of_the_other_window_is_tried_again(app: App) -> None:
    wire = Wire(dynamodb.client())
    wire.plan(cancelled("None", "TransactionConflict", "None", "None", "None"))
    post(app, "/contact")

    assert wire.operations == ["TransactWriteItems"] * 2
    assert len(app.items("message")) == 1


def test_the_windows_are_checked_in_the_one_write(app: App) -> None:
    wire = Wire(dynamodb.client())
    post(app, "/contact")
    post(app, "/newsletter")
    post(app, "/newsletter", _id="key")

    assert wire.operations == ["TransactWriteItems"] * 3
    checks = [sum("ConditionCheck" in action for action in json.loads(body)["TransactItems"]) for body in wire.bodies]
    assert checks == [2, 2, 0]


text = st.text(max_size=20)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    fields=st.fixed_dictionaries({"name": text, "source": text, "consent": text}, optional={"_id": text}),
    seconds=st.floats(0, 600, exclude_max=True),
    other=st.sampled_from(["caller", "name", "later"]),
)
def test_whatever_is_written_a_repeat_is_one_and_anything_else_is_not(
    fields: dict[str, str], seconds: float, other: str
) -> None:
    with isolated(), time_machine.travel(START, tick=False) as clock:
        app = App(resolve(SpamFilter="off"))
        for path in FORMS:
            ids = [(post(app, path, **fields).json or {})["id"]]
            clock.shift(seconds)
            ids.append((post(app, path, **fields).json or {})["id"])
            clock.shift(1201 if other == "later" else 0)
            changed = {"name": fields["name"] + "x"} if other == "name" else {}
            if other == "later" and fields.get("_id"):
                changed = {"_id": fields["_id"] + "x"}
            ids.append((post(app, path, BOB if other == "caller" else ALICE, **fields | changed).json or {})["id"])
            assert ids[0] == ids[1] != ids[2]
            assert {item["id"] for item in kept(app, path)} == set(ids)
