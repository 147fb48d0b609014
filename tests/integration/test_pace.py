"""How fast a sweep sends: at the account's rate, slower when SES says so, and no faster by itself."""

import json
from types import SimpleNamespace

import pytest
from moto.sesv2.responses import SESV2Response

from guichet import dynamodb
from notifier import handler, pace, ses
from tests.conftest import Counter, resolve
from tests.wire import Wire, refusal

GOOD = {"email": "a@example.org", "message": "Bonjour"}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the waits of the notifier, which take no time: the clock goes on by them alone."""
    waited: list[float] = []
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: sum(waited), sleep=waited.append))
    return waited


def post(counter: Counter, count: int) -> None:
    for number in range(count):
        counter.post("/contact", data=GOOD | {"message": str(number)})


def rate(monkeypatch: pytest.MonkeyPatch, per_second: float) -> None:
    quota = json.dumps({"SendQuota": {"MaxSendRate": per_second}})
    monkeypatch.setattr(SESV2Response, "get_account", lambda _: quota)


def test_emails_go_out_at_the_rate_of_the_account(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    rate(monkeypatch, 4)
    post(counter, 4)
    assert counter.sweep() == {"sent": 4}
    assert waits == pytest.approx([0.25] * 3)


def test_one_email_asks_for_no_rate_and_waits_for_nothing(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.delattr(SESV2Response, "get_account")
    post(counter, 1)
    assert counter.sweep() == {"sent": 1}
    assert waits == []


@pytest.mark.parametrize("code", ["TooManyRequestsException", "Throttling", "ThrottlingException"])
def test_a_throttled_email_stays_owed_and_the_others_go_slower(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, waits: list[float], code: str
) -> None:
    rate(monkeypatch, 10)
    post(counter, 4)
    Wire(ses.client()).plan(refusal(429, code, message="Maximum sending rate exceeded."))
    assert counter.sweep() == {"throttled": 1, "sent": 3}
    assert waits == pytest.approx([0.2] * 3)
    assert counter.sweep() == {"sent": 1}
    assert len(counter.mails()) == 4


def test_the_gap_is_learnt_from_refusals_alone_where_ses_tells_no_rate(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    monkeypatch.setattr(ses, "send_rate", lambda: None)
    post(counter, 5)
    throttled = refusal(429, "TooManyRequestsException")
    Wire(ses.client()).plan(throttled, throttled)
    assert counter.sweep() == {"throttled": 2, "sent": 3}
    assert waits == pytest.approx([0.1, 0.2, 0.2, 0.2])


def test_the_daily_quota_is_no_matter_of_pace(counter: Counter, waits: list[float]) -> None:
    post(counter, 5)
    spent = refusal(400, "LimitExceededException", message="Daily message quota exceeded")
    by_rate = refusal(429, "TooManyRequestsException", message="Daily message quota exceeded.")
    Wire(ses.client()).plan(spent, by_rate, spent)
    assert counter.sweep() == {"postponed": 3}
    assert waits == pytest.approx([1 / 14] * 2)


@pytest.mark.usefixtures("counter")
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


def test_a_sweep_leaves_time_for_an_email_of_which_every_call_is_slow() -> None:
    of_the_table = dynamodb.PATIENCE + dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT
    slowest = 4 * of_the_table + ses.CONNECT_TIMEOUT + ses.READ_TIMEOUT
    assert slowest < handler.TIME_FOR_ONE / 1000 < resolve().functions["Notifier"].timeout
    config = ses.client().meta.config
    assert (config.connect_timeout, config.read_timeout) == (ses.CONNECT_TIMEOUT, ses.READ_TIMEOUT)
    assert config.retries["total_max_attempts"] == 1


def test_a_visitor_is_answered_before_the_function_and_the_gateway_end() -> None:
    # To confirm takes two calls: the last try of the first one, and one try of the second.
    longest = dynamodb.PATIENCE + 2 * (dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT)
    for name in ("Contact", "Newsletter"):
        # API Gateway waits for 30 s (AWS: "Quotas for HTTP APIs").
        assert longest < 10 < resolve().functions[name].timeout < 30
