"""When SES or a run fails midway: nothing is sent repeatedly, and nothing waits behind an undeliverable email."""

import base64
import json
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from guichet.mail import pace, ses
from guichet.mail.mime import compose
from guichet.outbox import delivery
from guichet.store import dynamodb, outbox
from infra.local.functions import Context
from notifier import handler
from tests.support.app import START, App
from tests.support.newsletter import READER, link_in_last_mail, open_link, press
from tests.support.wire import Wire, refusal, unanswered, unreachable

PAUSED = refusal(400, "SendingPausedException")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable pacing."""
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda _: None))


def post(app: App, *words: str) -> None:
    for number, word in enumerate(words):
        caller = {"REMOTE_ADDR": f"203.0.{number}.7"}
        app.post("/contact", data={"email": f"{word}@example.org", "message": word}, environ_overrides=caller)


def days(clock: Any, count: float) -> Iterator[None]:
    """Yield at each quarter of an hour of some days."""
    for _ in range(int(count * 96)):
        clock.shift(timedelta(minutes=15))
        yield


def rows(app: App) -> list[dict[str, Any]]:
    return [email for email in app.items("email") if "outbox" in email]


# --- emails that may have gone out
# ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_ses_takes_without_an_answer_is_not_sent_all_day_and_holds_nobody_up(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        post(app, "one", "two", "three", "four", "five")
        wire = Wire(ses.client())
        wire.always(unanswered)
        for _ in days(clock, 1):
            app.sweep()
        sent = Tally(mail["Reply-To"] for mail in app.mails())
        assert len(sent) == 5
        assert max(sent.values()) <= 7
        wire.always(None)
        for _ in days(clock, 0.5):
            app.sweep()
        assert rows(app) == []


@pytest.mark.slow
def test_after_a_week_of_silence_all_goes_out_within_hours(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(504, "GatewayTimeout"))
        for day in range(7):
            post(app, f"day{day}")
            # A sweep in three hours is as good as twelve: a row in doubt waits for six.
            for _ in range(8):
                clock.shift(timedelta(hours=3))
                app.sweep()
        assert (len(rows(app)), app.mails()) == (7, [])
        wire.always(None)
        for _ in days(clock, 0.3):
            app.sweep()
    assert sorted(mail["Reply-To"] for mail in app.mails()) == [f"day{day}@example.org" for day in range(7)]


@pytest.mark.slow
def test_one_that_never_gets_an_answer_is_a_person_s_matter_in_the_end(
    make_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_TRIES", 3)
    # A call to several recipients is one try.
    app = make_app(OwnerEmail="one@atelier.example,other@atelier.example")
    with time_machine.travel(START, tick=False) as clock:
        post(app, "one")
        Wire(ses.client()).always(refusal(500, "InternalFailure"))
        for _ in days(clock, 1):
            app.sweep()
    (email,) = app.items("email")
    assert "no answer of SES after 3 tries: it may have gone out" in email["reason"]
    assert "outbox" not in email


class KilledError(BaseException):
    """The function was killed."""


@pytest.mark.medium
def test_a_row_that_kills_the_function_holds_up_the_others_for_one_sweep(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kills(name: Any, language: Any, record: Any, settings: Any) -> Any:
        if record.message == "poison":
            raise KilledError
        return compose(name, language, record, settings)

    monkeypatch.setattr(delivery, "compose", kills)
    with time_machine.travel(START, tick=False) as clock:
        post(app, "poison", "after", "later")
        for _ in range(3):
            clock.shift(timedelta(minutes=15))
            with suppress(KilledError):
                app.sweep()
        assert sorted(mail["Reply-To"] for mail in app.mails()) == ["after@example.org", "later@example.org"]
        assert len(rows(app)) == 1


@pytest.mark.medium
def test_a_row_that_kills_the_function_again_and_again_is_a_person_s_matter_in_the_end(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kills(*_: Any) -> Any:
        raise KilledError

    monkeypatch.setattr(delivery, "compose", kills)
    monkeypatch.setattr(delivery, "MOST_TRIES", 4)
    killed = []
    with time_machine.travel(START, tick=False) as clock:
        post(app, "poison")
        for minutes in range(15, 240, 15):
            clock.shift(timedelta(minutes=15))
            try:
                app.sweep()
            except KilledError:
                killed.append(minutes)
    (email,) = app.items("email")
    assert (killed, email["reason"]) == ([15, 30, 60, 135], "4 runs ended before it was sent")


# --- temporary refusals by SES ------------------------------------------------------------------------------------


@pytest.mark.medium
def test_refused_rows_at_the_head_do_not_keep_the_others_from_going_out(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for word in ("bad0", "bad1", "bad2", "bad3", "bad4", "fine0", "fine1"):
            post(app, word)
            clock.shift(1)

        def refuses_some(request: Any) -> Any:
            reply_to = next(word for word in ("bad", "fine") if word in _mail_of(request))
            return PAUSED(request) if reply_to == "bad" else None

        Wire(ses.client()).always(refuses_some)
        assert app.sweep()["sent"] == 2
        assert len(rows(app)) == 5


@pytest.mark.medium
def test_a_sweep_ends_after_three_refusals_in_a_row_not_in_all(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for word in ("bad0", "bad1", "fine0", "bad2", "fine1", "bad3", "bad4", "bad5"):
            post(app, word)
            clock.shift(1)
        Wire(ses.client()).always(lambda request: PAUSED(request) if "bad" in _mail_of(request) else None)
        assert app.sweep()["sent"] == 2


def _mail_of(request: Any) -> str:
    return base64.b64decode(json.loads(request.body)["Content"]["Raw"]["Data"]).decode()


@pytest.mark.medium
def test_mail_to_visitors_does_not_wait_for_the_owner_s(app: App) -> None:
    with time_machine.travel(START):
        post(app, *(f"n{number}" for number in range(9)))
        app.post("/newsletter", json={"email": READER})
        Wire(ses.client()).always(lambda request: PAUSED(request) if b"OwnerMail" in request.body else None)
        outcomes = app.sweep()
    assert [mail["To"] for mail in app.mails()] == [READER]
    assert outcomes["sent"] == 1


def test_an_address_that_ses_quotes_says_nothing_of_the_account(app: App) -> None:
    post(app, "one")
    Wire(ses.client()).plan(refusal(400, "MessageRejected", message="Invalid content for <paused@example.org>"))
    assert app.sweep() == {"failed": 1}


# --- the caps -----------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_a_welcome_does_not_wait_behind_strangers_beyond_the_cap(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="1")
    with time_machine.travel(START):
        for number in range(9):
            app.post("/newsletter", json={"email": f"a{number}@example.org"})
        app.sweep()
    with time_machine.travel(START + timedelta(minutes=1)):
        address = app.mails()[0]["To"]
        confirm(app)
        app.sweep()
    told, *mails = app.mails()[1:]
    assert "Limite quotidienne" in told["Subject"]
    assert [mail["To"] for mail in mails] == ["owner@atelier.example", address]


def confirm(app: App) -> None:
    assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200


@pytest.mark.slow
def test_acknowledgements_take_half_of_the_cap_at_most(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="5", Acknowledge="on")
    with time_machine.travel(START):
        post(app, *(f"n{number}" for number in range(9)))
        for number in range(4):
            caller = {"REMOTE_ADDR": f"198.51.{number}.9"}
            app.post("/newsletter", json={"email": f"reader{number}@example.org"}, environ_overrides=caller)
        app.sweep()
    sent = [mail["To"] for mail in app.mails() if mail["To"] != "owner@atelier.example"]
    assert [address.startswith("reader") for address in sent] == [False] * 3 + [True] * 2


def test_an_acknowledgement_that_is_late_is_not_sent(make_app: Callable[..., App]) -> None:
    app = make_app(Acknowledge="on")
    with time_machine.travel(START):
        post(app, "one")
    with time_machine.travel(START + timedelta(hours=49)):
        assert app.sweep() == {"sent": 1, "dropped": 1}


@pytest.mark.slow
def test_after_an_outage_an_address_gets_its_latest_link_alone(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(unreachable)
        for _ in range(9):
            app.post("/newsletter", json={"email": READER})
            app.play_stream()
            clock.shift(timedelta(hours=5))
            app.sweep()
        wire.always(None)
        app.sweep()
        assert len(app.mails()) == 1
        # And that still works.
        confirm(app)


@pytest.mark.medium
def test_an_email_counts_on_the_day_it_goes_out(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="2")
    with time_machine.travel(START.replace(hour=23, minute=50), tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(unreachable)
        for number in range(4):
            if number == 2:
                app.play_stream()
                # The next day, a moment later.
                clock.shift(timedelta(minutes=20))
            caller = {"REMOTE_ADDR": f"198.51.{number}.9"}
            app.post("/newsletter", json={"email": f"a{number}@example.org"}, environ_overrides=caller)
        wire.always(None)
        app.sweep()
        assert sorted(mail["To"] for mail in app.mails()) == ["a0@example.org", "a1@example.org"]


# --- lost answers and late runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("nth", range(4))
def test_a_write_whose_answer_was_lost_is_recognised(app: App, nth: int) -> None:
    post(app, "one")
    wire = Wire(dynamodb.client())
    # Claimed, read, marked.
    wire.plan(*[lambda _: None] * nth, unanswered)
    assert app.sweep() == {"sent": 1}
    assert len(app.mails()) == 1
    assert rows(app) == []


@pytest.mark.medium
def test_a_refusal_that_was_noted_without_an_answer_is_recognised(app: App) -> None:
    post(app, "one")
    Wire(ses.client()).plan(PAUSED)
    wire = Wire(dynamodb.client())
    wire.plan(*[lambda _: None] * 3, unanswered)
    assert app.sweep() == {"postponed": 1}
    (row,) = rows(app)
    assert "claim" not in row


def test_a_run_that_is_late_does_not_touch_the_claim_of_another(app: App) -> None:
    table_name = "table"
    with time_machine.travel(START, tick=False) as clock:
        post(app, "one")
        ((_, key),) = outbox.waiting(table_name, "owner")
        late = outbox.claim(table_name, key)
        clock.shift(timedelta(minutes=6))
        mine = outbox.claim(table_name, key)
        assert late
        assert mine
        before = rows(app)
        writes: list[Callable[[], Any]] = [
            lambda: outbox.postpone(table_name, late, "late"),
            lambda: outbox.mark_dropped(table_name, late, "late"),
            lambda: outbox.mark_failed(table_name, late, "late"),
            lambda: outbox.mark_sent(table_name, late, "late"),
            lambda: outbox.extend_claim(table_name, late, START + timedelta(days=1)),
        ]
        for write in writes:
            with pytest.raises(dynamodb.ConditionFailedError):
                write()
        assert rows(app) == before


def test_a_batch_of_the_stream_ends_before_its_time_is_up(app: App) -> None:
    post(app, "one", "two")
    records = [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: {"S": row[name]} for name in ("pk", "sk")},
                "SequenceNumber": str(number),
            },
        }
        for number, row in enumerate(rows(app))
    ]
    answer: Any = handler.handler({"Records": records}, Context("Notifier", 59))  # type: ignore[arg-type]
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0", "1"]
    assert app.mails() == []
