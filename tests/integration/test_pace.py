"""How fast a sweep sends: at the account's rate, slower when SES throttles, and never faster."""

import json
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from moto.sesv2.responses import SESV2Response

from guichet.mail import pace, ses
from guichet.outbox import sweep
from guichet.store import dynamodb
from guichet.store.outbox import CLAIM_LASTS
from tests.support.app import START, App, resolve
from tests.support.wire import Wire, refusal

GOOD = {"email": "a@example.org", "message": "Bonjour"}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits of the notifier, which take no time: only they advance the clock."""
    waited: list[float] = []
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: sum(waited), sleep=waited.append))
    return waited


def post(app: App, count: int) -> None:
    for number in range(count):
        app.post("/contact", data=GOOD | {"message": str(number)})


def rate(monkeypatch: pytest.MonkeyPatch, per_second: float) -> None:
    quota = json.dumps({"SendQuota": {"MaxSendRate": per_second}})
    monkeypatch.setattr(SESV2Response, "get_account", lambda _: quota)


@pytest.mark.medium
def test_emails_go_out_at_the_rate_of_the_account(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    rate(monkeypatch, 4)
    post(app, 4)
    assert app.sweep() == {"sent": 4}
    assert waits == pytest.approx([0.25] * 3)


def test_one_email_asks_for_no_rate_and_waits_for_nothing(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.delattr(SESV2Response, "get_account")
    post(app, 1)
    assert app.sweep() == {"sent": 1}
    assert waits == []


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("code", ["TooManyRequestsException", "Throttling", "ThrottlingException"])
def test_a_throttled_email_is_tried_again_slower_before_the_others(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float], code: str
) -> None:
    rate(monkeypatch, 10)
    post(app, 4)
    Wire(ses.client()).plan(refusal(429, code, message="Maximum sending rate exceeded."))
    assert app.sweep() == {"sent": 4}
    assert waits == pytest.approx([0.2] * 4)
    assert [mail["Subject"] for mail in app.mails()] == [mail["Subject"] for mail in sorted_by_age(app)]


def sorted_by_age(app: App) -> list[EmailMessage]:
    """Return the mails in the order in which their messages arrived."""
    ids = [message["id"] for message in sorted(app.items("message"), key=lambda item: item["received_at"])]
    return sorted(app.mails(), key=lambda mail: next(n for n, one in enumerate(ids) if one in str(mail)))


@pytest.mark.medium
def test_where_another_sender_has_most_of_the_rate_all_goes_out_slower(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    rate(monkeypatch, 14)
    post(app, 10)
    last = [-1.0]

    def one_a_second(request: Any) -> Any:
        now = sum(waits)
        if now - last[0] < 1:
            return refusal(429, "TooManyRequestsException")(request)
        last[0] = now
        return None

    Wire(ses.client()).always(one_a_second)
    assert app.sweep() == {"sent": 10}


@pytest.mark.medium
def test_a_service_that_takes_nothing_however_slow_ends_the_sweep(app: App, waits: list[float]) -> None:
    post(app, 9)
    wire = Wire(ses.client())
    wire.always(refusal(429, "TooManyRequestsException"))
    assert app.sweep() == {"throttled": 6}
    # The first one until the gap is at its longest; those after it once.
    assert len(wire.operations) == 5 + 6
    assert max(waits) == 2.0


@pytest.mark.medium
def test_the_gap_is_learnt_from_refusals_alone_where_ses_tells_no_rate(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setattr(ses, "send_rate", lambda: None)
    post(app, 3)
    throttled = refusal(429, "TooManyRequestsException")
    Wire(ses.client()).plan(throttled, throttled)
    assert app.sweep() == {"sent": 3}
    assert waits == pytest.approx([0.1, 0.2, 0.2, 0.2])


@pytest.mark.medium
def test_the_daily_quota_is_no_matter_of_pace(app: App, waits: list[float]) -> None:
    post(app, 8)
    spent = refusal(400, "LimitExceededException", message="Daily message quota exceeded")
    by_rate = refusal(429, "TooManyRequestsException", message="Daily message quota exceeded.")
    Wire(ses.client()).plan(spent, by_rate, *[spent] * 4)
    assert app.sweep() == {"postponed": 6}
    assert waits == pytest.approx([1 / 14] * 5)


@pytest.mark.medium
def test_the_emails_of_a_batch_of_the_stream_keep_the_pace_too(
    app: App, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    rate(monkeypatch, 2)
    post(app, 4)
    app.play_stream()
    assert len(app.mails()) == 4
    assert waits == pytest.approx([0.5] * 3)


@pytest.mark.medium
def test_what_sends_nothing_takes_no_time_of_the_others(make_app: Callable[..., App], waits: list[float]) -> None:
    app = make_app(StrangerMailPerDay="1", RenewalMonths="0")
    with time_machine.travel(START):
        for number in range(30):
            app.post("/newsletter", json={"email": f"a{number}@example.org"})
    wire = Wire(dynamodb.client())
    with time_machine.travel(START + timedelta(hours=1)):
        assert app.sweep() == {"sent": 1, "capped": 1}
        # Beyond the day's cap, only the first one is even looked up.
        assert len([operation for operation in wire.operations if operation != "Query"]) < 30
    assert waits == []


@pytest.mark.usefixtures("app")
def test_a_rate_that_ses_does_not_tell_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SESV2Response, "get_account", lambda _: "{}")
    assert ses.send_rate() is None


def test_no_gap_is_longer_than_two_seconds(waits: list[float]) -> None:
    slow = pace.Pace(lambda: None)
    slow.wait()
    for _ in range(10):
        slow.slower()
    slow.wait()
    assert waits == [2.0]


def test_a_run_leaves_time_for_an_email_of_which_every_call_is_slow() -> None:
    one_try = dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT
    # Claimed, held, read, its address and its mailbox known, the day's count read, allowed, another one replaced and
    # its request ended: one retry budget, but each may wait for its last attempt.
    looked_up = dynamodb.RETRY_BUDGET + 9 * one_try
    # An SES endpoint has at most four addresses, tried one after the other. The rate is requested, too.
    of_ses = 2 * (4 * ses.CONNECT_TIMEOUT + ses.READ_TIMEOUT)
    marked = dynamodb.RETRY_BUDGET + one_try
    longest_gap = 2
    notifier = resolve().functions["Notifier"]
    assert looked_up + longest_gap + of_ses + marked < sweep.TIME_FOR_ONE / 1000 < notifier.timeout
    # No claim ends while its run may still send, and none blocks the next sweep.
    assert notifier.timeout < CLAIM_LASTS.total_seconds() < notifier.schedules[0]
    config = ses.client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (ses.CONNECT_TIMEOUT, ses.READ_TIMEOUT)
    assert config.retries["total_max_attempts"] == 1


def test_a_visitor_is_answered_before_the_function_and_the_gateway_end() -> None:
    # Confirming takes two calls: the last attempt of the first one, and one attempt of the second.
    longest = dynamodb.RETRY_BUDGET + 2 * (dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT)
    for name in ("Contact", "Newsletter"):
        # API Gateway waits for 30 s (AWS: "Quotas for HTTP APIs"), and answers when the function's time is up.
        assert longest < resolve().functions[name].timeout <= 10


def test_a_refusal_at_a_high_rate_halves_it_and_it_recovers(waits: list[float]) -> None:
    fast = pace.Pace(lambda: 400.0)
    slowed = fast.wait()
    assert fast.slower(slowed)
    # Another one at the same moment changes nothing.
    assert fast.slower(slowed)
    assert fast.gap == pytest.approx(1 / 200)
    # It is halved once, and not below the account's rate.
    for _ in range(120):
        fast.wait()
    assert fast.gap == pytest.approx(1 / 400)
    assert len(waits) == 120
