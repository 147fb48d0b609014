"""A reply that says that an email is on its way is true: it may wait, and a later one may replace it."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from guichet.mail import ses
from guichet.store import dynamodb
from infra.operate.checks.stack import queued_emails
from tests.support.app import START, App
from tests.support.newsletter import (
    READER,
    link_in_last_mail,
    local,
    open_link,
    press,
    sign_up,
    subscribe,
    unsubscribe_url,
)
from tests.support.wire import Wire, refusal

A_QUARTER = timedelta(minutes=15)
LINK = "Confirmez votre abonnement"


def ask(app: App, caller: str = "203.0.113.7", email: str = READER, **fields: str) -> Any:
    reply = app.post("/newsletter", json={"email": email, **fields}, environ_overrides={"REMOTE_ADDR": caller})
    assert reply.status_code == 200
    app.play_stream()
    return {name: value for name, value in (reply.json or {}).items() if name != "id"}


def quarters(app: App, clock: Any) -> None:
    """Run the stream and the schedule for an hour and a quarter."""
    for _ in range(5):
        app.play_stream()
        app.sweep()
        clock.shift(A_QUARTER)


def links(app: App) -> int:
    return sum(mail["Subject"].startswith(LINK) for mail in app.mails())


def waiting(app: App) -> list[dict[str, Any]]:
    return [row for row in app.items("email") if "outbox" in row]


def confirm(app: App) -> None:
    assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("caller", ["203.0.113.7", "198.51.100.9"])
@pytest.mark.parametrize("minutes", [1, 3, 5, 9, 11, 14])
def test_a_second_sign_up_within_15_minutes_is_put_off_and_mailed(app: App, caller: str, minutes: int) -> None:
    with time_machine.travel(START) as clock:
        first = ask(app)
        clock.shift(timedelta(minutes=minutes))
        assert ask(app, caller) == first
        assert links(app) == 1
        app.sweep()
        assert links(app) == 1
        clock.move_to(START + A_QUARTER + timedelta(seconds=5))
        app.sweep()
        if caller == "203.0.113.7" and minutes == 1:
            # It was just mailed, so that is the email on its way.
            assert links(app) == 1
            return
        assert links(app) == 2
        assert waiting(app) == []
        confirm(app)


@pytest.mark.medium
def test_a_third_is_no_repeat_of_one_that_was_never_mailed(app: App) -> None:
    with time_machine.travel(START) as clock:
        for minutes in (0, 4, 4, 4):
            clock.shift(timedelta(minutes=minutes))
            ask(app, name=f"{minutes}")
            assert len(waiting(app)) <= 1
        clock.shift(A_QUARTER)
        app.sweep()
        app.sweep()
        assert links(app) == 2
        confirm(app)


@pytest.mark.medium
def test_one_waits_per_address_and_a_later_one_takes_its_place(app: App) -> None:
    with time_machine.travel(START) as clock:
        for number in range(6):
            ask(app, f"198.51.{number}.9", name=f"name {number}")
            clock.shift(timedelta(minutes=2))
        (row,) = waiting(app)
        dropped = [row for row in app.items("email") if "dropped_at" in row]
        assert {row["reason"] for row in dropped} == {"a later one of this address takes its place"}
        assert len(dropped) == 4
        clock.shift(A_QUARTER)
        app.sweep()
        confirm(app)
        assert links(app) == 2
    (subscriber,) = app.items("subscriber")
    assert subscriber["name"] == "name 5"
    assert row["pk"].endswith(subscriber["history"][0]["M"]["request_id"]["S"])


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("minutes", [1, 5, 12])
def test_coming_back_within_15_minutes_is_mailed_too(app: App, minutes: int) -> None:
    with time_machine.travel(START) as clock:
        subscribe(app)
        clock.shift(timedelta(seconds=20))
        app.post(local(unsubscribe_url(app)))
        clock.shift(timedelta(minutes=minutes))
        # With the same words, from the same caller.
        sign_up(app)
        clock.move_to(START + A_QUARTER + timedelta(seconds=5))
        app.sweep()
        assert links(app) == 2
        confirm(app)
        # They and the owner are notified by separate emails, at once.
        before = len(app.mails())
        app.play_stream()
        assert len(app.mails()) == before + 2
    (subscriber,) = app.items("subscriber")
    assert subscriber["state"] == "confirmed"
    rows = [row["sk"] for row in app.items("email") if row["pk"] == subscriber["pk"]]
    assert len(rows) == 4


@pytest.mark.medium
def test_who_was_subscribed_and_left_since_is_mailed_though_the_sign_up_before_was_not(app: App) -> None:
    with time_machine.travel(START) as clock:
        subscribe(app, name="Z")
        clock.shift(timedelta(hours=1))
        sign_up(app)
        clock.shift(timedelta(minutes=1))
        app.post(local(unsubscribe_url(app)))
        clock.shift(timedelta(minutes=1))
        sign_up(app)
        app.sweep()
        assert links(app) == 2
        confirm(app)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("seconds", [0, 1, 9])
def test_a_double_click_is_one_email_even_where_the_first_is_out_already(app: App, seconds: float) -> None:
    with time_machine.travel(START) as clock:
        ask(app)
        assert links(app) == 1
        clock.shift(seconds)
        wire = Wire(dynamodb.client())
        app.post("/newsletter", json={"email": READER})
        assert wire.operations == ["TransactWriteItems"]
        quarters(app, clock)
    assert links(app) == 1
    assert len(app.items("email")) == 1


@pytest.mark.medium
def test_a_form_sent_again_after_an_error_is_one_email(app: App) -> None:
    with time_machine.travel(START) as clock:
        app.post("/newsletter", json={"email": READER})
        clock.shift(timedelta(minutes=4))
        app.post("/newsletter", json={"email": READER})
        quarters(app, clock)
    assert links(app) == 1
    assert len(app.items("request")) == 1


@pytest.mark.medium
def test_a_repeat_asks_once_however_often_it_comes(app: App) -> None:
    with time_machine.travel(START) as clock:
        for _ in range(9):
            ask(app)
            clock.shift(timedelta(minutes=1))
        assert len(app.items("request")) == 1
        assert len(waiting(app)) == 1
        assert [caller["counted"] for caller in app.items("caller")] == ["1"]
        clock.shift(A_QUARTER)
        app.sweep()
        assert links(app) == 2
        (request,) = app.items("request")
        assert int(request["expires_at"]) < (START + timedelta(days=8)).timestamp()


def test_a_repeat_that_was_caught_as_spam_asks_for_nothing(app: App) -> None:
    with time_machine.travel(START) as clock:
        for _ in range(3):
            ask(app, _gotcha="x")
            clock.shift(timedelta(minutes=3))
        app.sweep()
    assert app.items("email") == []


@pytest.mark.slow
def test_who_had_three_today_is_mailed_tomorrow(app: App) -> None:
    with time_machine.travel(START) as clock:
        for number in range(5):
            ask(app, name=f"{number}")
            clock.shift(timedelta(minutes=20))
            app.sweep()
        assert links(app) == 3
        assert len(waiting(app)) == 1
        clock.move_to(START.replace(hour=23, minute=59))
        app.sweep()
        assert links(app) == 3
        clock.shift(timedelta(minutes=2))
        app.sweep()
        assert links(app) == 4
        confirm(app)


@pytest.mark.slow
def test_a_stranger_who_asks_on_and_on_does_not_keep_the_email_back(app: App) -> None:
    with time_machine.travel(START) as clock:
        for number in range(40):
            ask(app, f"198.51.{number}.9", name=f"{number}")
            app.sweep()
            clock.shift(timedelta(minutes=1))
        # At 0, 15 and 30 minutes.
        assert links(app) == 3


@pytest.mark.medium
def test_what_is_put_off_is_neither_late_nor_tried_before_its_time(app: App, written: Callable[[], str]) -> None:
    with time_machine.travel(START) as clock:
        for number in range(5):
            ask(app, name=f"{number}")
            clock.shift(timedelta(minutes=20))
        app.sweep()
        written()
        wire = Wire(dynamodb.client())
        clock.shift(timedelta(hours=3))
        assert app.sweep() == {}
        # Nothing is claimed.
        assert set(wire.operations) == {"Query", "GetItem"}
        assert '"OldestQueuedAge":[0.0]' in written()


@pytest.mark.medium
def test_doctor_does_not_take_what_is_put_off_for_late(app: App) -> None:
    with time_machine.travel(START) as clock:
        for number in range(4):
            ask(app, name=f"{number}")
            clock.shift(timedelta(minutes=20))
        app.sweep()
        clock.shift(timedelta(hours=5))
        inspection: Any = SimpleNamespace(stack=SimpleNamespace(settings=SimpleNamespace(table_name="table")))
        (found,) = queued_emails(inspection)
    assert (found.state, found.message) == ("ok", "1 waiting")


@pytest.mark.medium
def test_what_is_counted_of_a_mailbox_ends(app: App) -> None:
    with time_machine.travel(START, tick=False):
        ask(app)
        ask(app, "198.51.100.9")
    ends = {int(cap["expires_at"]) for cap in app.items("cap")}
    assert max(ends) <= (START + timedelta(days=7)).timestamp()


@pytest.mark.medium
def test_the_slot_is_the_mailbox_s_and_an_email_that_ses_refused_is_not_forgotten(app: App) -> None:
    with time_machine.travel(START) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(400, "SendingPausedException"))
        ask(app, email="re.ader+a@gmail.com", name="first")
        clock.shift(timedelta(minutes=5))
        ask(app, email="reader@googlemail.com", name="second")
        wire.always(None)
        app.sweep()
        assert [mail["To"] for mail in app.mails()] == ["re.ader+a@gmail.com"]
        clock.shift(A_QUARTER)
        app.sweep()
        assert [mail["To"] for mail in app.mails()] == ["re.ader+a@gmail.com", "reader@googlemail.com"]


@pytest.mark.medium
def test_asking_again_while_ses_is_away_does_not_take_the_email_that_waits_for_one_that_went_out(app: App) -> None:
    with time_machine.travel(START) as clock:
        ask(app)
        assert links(app) == 1
        clock.shift(timedelta(minutes=16))
        # The caps allow it, but SES does not accept it.
        away = Wire(ses.client())
        away.always(refusal(503, "ServiceUnavailable"))
        ask(app)
        clock.shift(timedelta(minutes=1))
        ask(app)
        away.always(None)
        clock.shift(timedelta(hours=6))
        app.sweep()
        assert links(app) == 2
        assert waiting(app) == []
