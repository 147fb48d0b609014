"""Renewal: who is asked, once, whether they want to stay, and the effect of an answer, or of none."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import notifier.handler
from guichet.http.links import unsubscribe_link
from guichet.locales import Language
from guichet.mail import ses
from guichet.outbox import renewal
from guichet.signing import subscriber_id
from guichet.store import dynamodb, issues, renewals, subscribers
from infra.local.functions import Context
from tests.support.app import App, isolated, resolve
from tests.support.desk import Browser
from tests.support.feedback import feedback, taken, tell
from tests.support.newsletter import (
    READER,
    SECRET,
    events_of,
    link_in_last_mail,
    open_link,
    press,
    sign_up,
    subscribe,
    subscriber,
)
from tests.support.races import just_before
from tests.support.renewal import DAY, LINK, READER_ID, START, asked, days, due, known_since, link_of, month, sent_at
from tests.support.states import bring_to
from tests.support.wire import Wire, refusal, unanswered, unreachable

Make = Callable[..., App]


@pytest.mark.slow
def test_whoever_gives_no_sign_of_life_is_asked_once_and_unsubscribed_thirty_days_after(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        clock.shift(timedelta(days=3 * 365 - 10))
        days(app, clock, 9)
        assert asked(app) == []
        days(app, clock, 2 + renewals.PARTS)
        assert len(asked(app)) == 1
        assert events_of(subscriber(app)) == ["confirmed", "asked_to_renew"]
        sent_at = datetime.fromisoformat(subscriber(app)["renewal_sent_at"])
        month(app, clock)
        item = subscriber(app)
        assert item["state"] == "unsubscribed"
        assert events_of(item) == ["confirmed", "asked_to_renew", "unsubscribed"]
        assert item["history"][-1]["M"]["reason"] == {"S": "no_answer"}
        left_at = datetime.fromisoformat(item["left_at"])
        assert timedelta(days=30) <= left_at - sent_at <= (30 + renewals.PARTS) * DAY
        # Kept like anybody who left.
        assert int(item["expires_at"]) == int((left_at + timedelta(days=1095)).timestamp())
        days(app, clock, 8)
    assert len(asked(app)) == 1


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(
    ("language", "subject", "button"),
    [
        (
            "fr",
            "Voulez-vous toujours recevoir la newsletter «\xa0Atelier Bellevue\xa0»\u202f?",
            "Oui, continuez à m’écrire",
        ),
        ("en", "Do you still want the Atelier Bellevue newsletter?", "Yes, keep writing to me"),
    ],
)
def test_the_email_leads_to_a_page_with_a_button_that_renews(
    app: App, language: Language, subject: str, button: str
) -> None:
    with due(language=language) as clock:
        days(app, clock, renewals.PARTS)
        (mail,) = asked(app)
        assert mail["Subject"] == subject
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert mail["List-Unsubscribe"] == f"<{unsubscribe_link('https://api.example', READER_ID, language, SECRET)}>"
        assert mail["Auto-Submitted"] == "auto-generated"
        html = mail.get_body(("html",))
        assert html is not None
        assert f">{button}</a>" in html.get_content()
        before = subscriber(app)
        for _ in range(3):
            page = open_link(app, link_of(mail))
            assert page.status_code == 200
            assert f"<button>{button}</button>" in page.text
            # And the other way out.
            assert 'href="http' in page.text
            assert "/newsletter/unsubscribe?" in page.text
            assert READER not in page.text
        # A scanner opens every link.
        assert subscriber(app) == before
        clock.shift(timedelta(minutes=5))
        for _ in range(2):
            done = press(app, page)
            assert done.status_code == 200
            assert ("se poursuit" if language == "fr" else "continues") in done.text
        item = subscriber(app)
        assert events_of(item) == ["imported", "asked_to_renew", "renewed"]
        assert item["alive_at"].startswith(f"{datetime.now(UTC):%Y-%m-%dT%H:%M}")
        assert not {"renewal_queued_at", "renewal_sent_at"} & item.keys()
        again = open_link(app, link_of(mail))
        assert (again.status_code, "<button" in again.text) == (200, False)
        month(app, clock)
        assert subscriber(app)["state"] == "confirmed"
        # And once more after the same period.
        clock.shift(timedelta(days=3 * 365))
        days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 2


@pytest.mark.slow
def test_the_page_s_other_link_unsubscribes(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        page = open_link(app, link_of(asked(app)[0]))
        (leave,) = re.findall(r'href="(http[^"]+/newsletter/unsubscribe[^"]+)"', page.text)
        assert press(app, open_link(app, leave.replace("&amp;", "&"))).status_code == 200
        assert subscriber(app)["state"] == "unsubscribed"
        assert "left_for" not in subscriber(app)
        # Anyone who left by themselves is not brought back.
        assert press(app, page).status_code == 410
        assert open_link(app, LINK).status_code == 410
        month(app, clock)
    assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")


@pytest.mark.slow
def test_who_comes_too_late_is_told_so_and_may_come_back(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        month(app, clock)
        assert subscriber(app)["state"] == "unsubscribed"
        clock.shift(100 * DAY)
        before = subscriber(app)
        page = open_link(app, LINK)
        assert page.status_code == 200
        assert "Your subscription has ended" in page.text
        assert "within 30 days" in page.text
        assert subscriber(app) == before
        for _ in range(2):
            assert press(app, page).status_code == 200
        item = subscriber(app)
        assert item["state"] == "confirmed"
        assert events_of(item) == ["imported", "asked_to_renew", "unsubscribed", "renewed"]
        assert not {"left_at", "left_for", "expires_at", "renewal_sent_at"} & item.keys()
        assert item["list"] == "subscribers#confirmed"
        month(app, clock)
    assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")


@pytest.mark.slow
def test_who_left_for_want_of_an_answer_and_then_unsubscribes_is_not_brought_back(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        month(app, clock)
        assert subscriber(app)["left_for"] == "no_answer"
        clock.shift(DAY)
        assert app.post(unsubscribe_link("", READER_ID, "en", SECRET)).status_code == 200
        assert events_of(subscriber(app))[-2:] == ["unsubscribed", "unsubscribed"]
        assert app.post(LINK).status_code == 410
        # Signing up again is different.
        clock.shift(DAY)
        sign_up(app)
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    assert subscriber(app)["state"] == "confirmed"


@pytest.mark.medium
@pytest.mark.parametrize("state", ["unsubscribed", "bounced", "complained", "blocked"])
def test_the_link_brings_nobody_back_who_left_otherwise(app: App, state: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        bring_to(app, state)
        clock.shift(DAY)
        before = subscriber(app)
        assert app.http.get(LINK).status_code == 410
        assert app.post(LINK).status_code == 410
        assert subscriber(app) == before


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("state", ["bounced", "complained", "blocked"])
def test_nor_who_was_suppressed_after_having_left_for_want_of_an_answer(app: App, state: str) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        month(app, clock)
        clock.shift(DAY)
        if state == "blocked":
            subscribers.block("table", READER_ID, datetime.now(UTC))
        else:
            feedback(app, "bounce-permanent" if state == "bounced" else "complaint")
        assert subscriber(app)["state"] == state
        assert app.post(LINK).status_code == 410
        assert app.post(unsubscribe_link("", READER_ID, "en", SECRET)).status_code == 200
        assert subscriber(app)["state"] == state
        assert not {"left_for", "alive_at", "renewal_queued_at", "renewal_sent_at"} & subscriber(app).keys()


def test_without_a_record_any_more_or_with_another_token_the_link_does_nothing(app: App) -> None:
    assert app.http.get(LINK).status_code == 410
    assert app.post(LINK).status_code == 410
    for link in (LINK.replace("token=", "token=A"), unsubscribe_link("", READER_ID, "en", SECRET).split("?")[1]):
        query = link.rpartition("?")[2]
        assert app.http.get(f"/newsletter/renew?{query}").status_code == 403
        assert app.post(f"/newsletter/renew?{query}").status_code == 403
    assert app.items("subscriber") == []


@pytest.mark.slow
def test_a_sign_of_life_puts_it_off_and_counts_as_an_answer(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 1
        # They sign up once more, and before they open the link, the owner imports them again.
        clock.shift(DAY)
        before = subscriber(app)
        subscribers.unsubscribe("table", READER_ID, datetime.now(UTC), DAY)
        clock.shift(2 * DAY)
        sign_up(app)
        confirm = open_link(app, link_in_last_mail(app))
        dynamodb.call("put_item", TableName="table", Item=dynamodb.marshalled(told(before)))
        assert press(app, confirm).status_code == 200
        item = subscriber(app)
        assert datetime.fromisoformat(item["alive_at"]) == datetime.now(UTC)
        assert "renewal_sent_at" not in item
        month(app, clock)
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")
        clock.shift(timedelta(days=3 * 365))
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 2


def told(item: dict[str, Any]) -> dict[str, Any]:
    """Return an item without its history, as stored."""
    return {name: value for name, value in item.items() if name != "history"}


@pytest.mark.medium
def test_it_can_be_off(make_app: Make) -> None:
    app = make_app(RenewalMonths="0")
    with due() as clock:
        days(app, clock, 2 * renewals.PARTS)
    assert (app.mails(), app.items("renewals")) == ([], [])


@pytest.mark.slow
def test_an_email_that_waits_is_dropped_once_it_is_off(make_app: Make) -> None:
    app, wire = make_app(), Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    with due() as clock:
        days(app, clock, renewals.PARTS)
        wire.always(None)
        app = make_app(RenewalMonths="0")
        notifier.handler.settings.cache_clear()
        month(app, clock)
        (row,) = app.items("email")
        assert (row["reason"], app.mails()) == ("renewal is off", [])
        assert subscriber(app)["state"] == "confirmed"


def switched(make_app: Make, months: str) -> App:
    """Return the same stack, deployed with another RenewalMonths."""
    app = make_app(RenewalMonths=months)
    notifier.handler.settings.cache_clear()
    return app


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("off_for", [1, 35, 800])
@pytest.mark.parametrize("asked_before", [20, 33])
def test_whoever_had_no_time_left_when_it_is_on_again_is_asked_anew_and_not_unsubscribed(
    make_app: Make, asked_before: int, off_for: int
) -> None:
    """They were asked some days before it was switched off. A week may pass until the sweep examines them again."""
    app = switched(make_app, "36")
    with due() as clock:
        days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 1
        first = sent_at(app)
        while datetime.now(UTC) - first < asked_before * DAY:
            clock.shift(DAY)
        assert subscriber(app)["state"] == "confirmed"
        app = switched(make_app, "0")
        days(app, clock, 2)
        clock.shift((off_for - 2) * DAY if off_for > 2 else timedelta())
        if off_for > 366:
            # What the sweeps remember expires.
            dynamodb.call(
                "delete_item", TableName="table", Key=dynamodb.marshalled({"pk": "renewals", "sk": "renewals"})
            )
        over = datetime.now(UTC) - first >= 30 * DAY
        app = switched(make_app, "36")
        if not over:
            # They have the time that the email stated, and get no other email.
            days(app, clock, 1)
            assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")
            month(app, clock)
            assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")
            return
        days(app, clock, renewals.PARTS + 1)
        assert (len(asked(app)), subscriber(app)["state"]) == (2, "confirmed")
        assert events_of(subscriber(app)) == ["imported", "asked_to_renew", "asked_to_renew"]
        # Once, with the whole time for an answer.
        days(app, clock, 29 - renewals.PARTS)
        assert (len(asked(app)), subscriber(app)["state"]) == (2, "confirmed")
        month(app, clock)
        assert (len(asked(app)), subscriber(app)["state"]) == (2, "unsubscribed")


@pytest.mark.slow
def test_whose_email_was_dropped_while_it_was_off_is_asked_once_it_is_on_again(make_app: Make) -> None:
    app, wire = switched(make_app, "36"), Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    with due() as clock:
        days(app, clock, renewals.PARTS)
        wire.always(None)
        app = switched(make_app, "0")
        month(app, clock)
        assert asked(app) == []
        app = switched(make_app, "36")
        days(app, clock, renewals.PARTS + 1)
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")
        days(app, clock, 20)
        assert len(asked(app)) == 1


@pytest.mark.slow
def test_an_answer_counts_while_it_is_off(make_app: Make) -> None:
    app = switched(make_app, "36")
    with due() as clock:
        days(app, clock, renewals.PARTS)
        app = switched(make_app, "0")
        days(app, clock, 2)
        page = open_link(app, LINK)
        assert "your subscription ends after" in page.text
        clock.shift(60 * DAY)
        page = open_link(app, LINK)
        # That day has passed, and nothing has ended.
        assert "your subscription ends after" not in page.text
        assert press(app, page).status_code == 200
        app = switched(make_app, "36")
        month(app, clock)
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")


@pytest.mark.slow
@given(st.lists(st.tuples(st.sampled_from(["0", "1"]), st.integers(1, 40)), min_size=1, max_size=3))
@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
def test_however_it_is_switched_nobody_is_unsubscribed_without_thirty_days_of_it_on(
    times: list[tuple[str, int]],
) -> None:
    with isolated(), time_machine.travel(START, tick=False):
        App(resolve())
        with due() as clock:
            _switch_at_random(clock, times)


def _switch_at_random(clock: Any, times: list[tuple[str, int]]) -> None:
    on_since, was = datetime.now(UTC), "1"
    for months, number in [("1", 10), *times, ("1", 45)]:
        app = switched(lambda **given: App(resolve(**given)), months)
        if months == "1" and was == "0":
            on_since = datetime.now(UTC)
        was = months
        for _ in range(number):
            before = asked(app)
            days(app, clock, 1)
            if subscriber(app)["state"] == "confirmed":
                continue
            assert months == "1"
            last = datetime.fromisoformat(subscriber(app)["history"][-2]["M"]["at"]["S"])
            assert datetime.now(UTC) - last >= 30 * DAY
            # If their time to answer was over by then, they were asked again.
            assert last + 30 * DAY > on_since
            assert len(asked(app)) == len(before)
            return
    raise AssertionError("nobody is unsubscribed at last")


@pytest.mark.medium
@pytest.mark.parametrize("months", ["1", "120"])
def test_the_time_is_the_parameter_s(make_app: Make, months: str) -> None:
    app = make_app(RenewalMonths=months)
    with time_machine.travel(START, tick=False) as clock:
        known_since(READER, START)
        clock.shift(timedelta(days=29 if months == "1" else 3650))
        days(app, clock, 1)
        assert asked(app) == []
        clock.shift(timedelta(days=3))
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 1


@pytest.mark.medium
def test_it_is_no_mail_to_a_stranger(make_app: Make) -> None:
    app = make_app(StrangerMailPerDay="0")
    with due() as clock:
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 1
    assert [item for item in app.items("cap") if "strangers" in item["pk"]] == []


@pytest.mark.slow
def test_the_thirty_days_count_from_when_ses_took_the_email(app: App) -> None:
    wire = Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    with due() as clock:
        days(app, clock, renewals.PARTS)
        month(app, clock)
        assert subscriber(app)["state"] == "confirmed"
        assert events_of(subscriber(app)) == ["imported"]
        wire.always(None)
        days(app, clock, 1)
        assert sent_at(app) == datetime.now(UTC)
        (mail,) = asked(app)
        clock.shift(29 * DAY)
        days(app, clock, 1, timedelta(hours=23))
        assert subscriber(app)["state"] == "confirmed"
        days(app, clock, renewals.PARTS + 1)
        item = subscriber(app)
        assert item["state"] == "unsubscribed"
        # The date in the email was that of the day it was sent.
        assert f"{mail['Date'].datetime:%Y-%m-%d}" == item["history"][1]["M"]["at"]["S"][:10]


@pytest.mark.slow
def test_nobody_is_unsubscribed_over_an_email_that_was_never_sent(app: App) -> None:
    wire = Wire(ses.client())
    wire.always(refusal(400, "MessageRejected"))
    with due() as clock:
        month(app, clock)
        month(app, clock)
        (row,) = app.items("email")
        assert "failed_at" in row
        assert (subscriber(app)["state"], events_of(subscriber(app))) == ("confirmed", ["imported"])
        # A year later, when the row is gone, neither.
        clock.shift(timedelta(days=400))
        days(app, clock, renewals.PARTS)
        assert subscriber(app)["state"] == "confirmed"
        assert len(app.items("email")) == 1
        # Then the time has passed once more, and it is tried again.
        wire.always(None)
        clock.shift(timedelta(days=700))
        days(app, clock, 2 * renewals.PARTS)
    assert len(asked(app)) == 1


@pytest.mark.slow
def test_nor_over_one_that_ses_rejected_after_taking_it(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        tell(app, "reject")
        month(app, clock)
        item = subscriber(app)
        assert item["state"] == "confirmed"
        assert "renewal_sent_at" not in item
    assert len(asked(app)) == 1


@pytest.mark.slow
def test_whoever_s_mailbox_is_gone_bounced_as_by_any_email(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        tell(app, "bounce-permanent")
        assert subscriber(app)["state"] == "bounced"
        month(app, clock)
        assert (subscriber(app)["state"], len(asked(app))) == ("bounced", 1)
    assert not {"alive_at", "renewal_queued_at", "renewal_sent_at"} & subscriber(app).keys()


@pytest.mark.slow
def test_a_run_that_is_killed_between_sending_and_noting_it_is_made_good(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> bool:
        raise dynamodb.UnavailableError("update_item")

    with due() as clock:
        with monkeypatch.context() as patch:
            patch.setattr(renewals, "note_sent", killed)
            days(app, clock, renewals.PARTS)
            at = datetime.now(UTC)
            days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 1
        assert "renewal_sent_at" not in subscriber(app)
        days(app, clock, renewals.PARTS)
        # When it was sent, not when it was noted.
        assert sent_at(app) <= at
        assert events_of(subscriber(app)) == ["imported", "asked_to_renew"]
        month(app, clock)
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")


@pytest.mark.slow
def test_an_answer_of_ses_that_is_lost_is_settled_by_its_event(app: App) -> None:
    wire = Wire(ses.client())
    wire.plan(unanswered)
    # The sample of the event is of a week later.
    with due(datetime.fromisoformat("2026-11-16T10:00:00Z")) as clock:
        for _ in range(renewals.PARTS):
            clock.shift(DAY)
            app.sweep()
            if app.items("email"):
                break
        app.play_stream()
        assert len(taken()) == 1
        assert "renewal_sent_at" not in subscriber(app)
        tell(app, "send")
        days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 1
        assert "renewal_sent_at" in subscriber(app)
        month(app, clock)
    assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")


@pytest.mark.slow
def test_after_months_without_a_sweep_nobody_is_asked_twice_or_ended_unasked(app: App) -> None:
    with due() as clock:
        days(app, clock, renewals.PARTS)
        assert len(asked(app)) == 1
        clock.shift(timedelta(days=200))
        days(app, clock, renewals.PARTS)
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")


@pytest.mark.slow
def test_a_sweep_that_comes_half_a_year_late_knows_nothing_of_a_row_that_has_expired(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with due() as clock:
        with monkeypatch.context() as patch:
            patch.setattr(renewals, "note_sent", lambda *_: False)
            days(app, clock, renewals.PARTS)
        clock.shift(timedelta(days=200))
        month(app, clock)
        # Whether it was sent is no longer known: so nobody is unsubscribed, or asked twice in one period.
        assert (len(asked(app)), subscriber(app)["state"]) == (1, "confirmed")
        clock.shift(timedelta(days=900))
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 2


@pytest.mark.slow
def test_two_sweeps_at_once_ask_once(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with due() as clock:

        def another_comes() -> None:
            clock.shift(timedelta(seconds=1))
            app.sweep()
            assert len(app.items("email")) == 1

        just_before(monkeypatch, renewals, "ask", another_comes)
        days(app, clock, 2 * renewals.PARTS)
    assert len(asked(app)) == 1
    assert len(app.items("email")) == 1


@pytest.mark.medium
def test_whoever_gives_a_sign_of_life_while_the_sweep_looks_at_them_is_not_asked(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with due() as clock:
        just_before(monkeypatch, renewals, "ask", lambda: app.post(LINK))
        days(app, clock, renewals.PARTS)
    item = subscriber(app)
    assert ("alive_at" in item, "renewal_queued_at" in item, asked(app)) == (True, False, [])


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["PutItem", "TransactWriteItems", "Query", "GetItem", "UpdateItem"])
def test_a_table_that_does_not_answer_only_delays_it(app: App, operation: str) -> None:
    with due() as clock, dynamodb.retry_budget(0.0):
        wire = Wire(dynamodb.client())
        failing: list[bool] = []

        def sometimes(request: Any) -> Any:
            target = request.headers["X-Amz-Target"]
            name = (target.decode() if isinstance(target, bytes) else target).rpartition(".")[2]
            if name != operation:
                return None
            failing.append(True)
            return unreachable(request) if len(failing) % 3 else None

        wire.always(sometimes)
        for _ in range(3 * renewals.PARTS):
            clock.shift(DAY)
            try:
                app.sweep()
                app.play_stream()
            except Exception:  # noqa: BLE001, S110  the next sweep continues
                pass
        wire.always(None)
        days(app, clock, 2 * renewals.PARTS)
        assert len(asked(app)) == 1
        month(app, clock)
    assert (len(asked(app)), subscriber(app)["state"]) == (1, "unsubscribed")


# --- how many, and what it costs -------------------------------------------------------------------------------------


def many(number: int) -> list[str]:
    addresses = [f"reader{one}@example.org" for one in range(number)]
    for address in addresses:
        known_since(address, START - timedelta(days=4 * 365))
    return addresses


def asks(app: App) -> int:
    return sum(item["name"] == "renewal" for item in app.items("email"))


def with_quota(patch: pytest.MonkeyPatch, per_day: float | None, left: float | None) -> None:
    patch.setattr(ses, "quota", lambda: ses.Quota(14.0, per_day, left))


@pytest.mark.slow
def test_a_day_asks_a_tenth_of_the_quota_at_most_and_a_sweep_a_small_part_of_that(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_quota(monkeypatch, 50.0, 50.0)
    with time_machine.travel(START, tick=False) as clock:
        many(70)
        before = 0
        for day in range(1, 2 * renewals.PARTS + 1):
            clock.move_to(START + day * DAY)
            for _ in range(8):
                clock.shift(timedelta(minutes=15))
                sent = asks(app)
                app.sweep()
                assert asks(app) - sent <= 1
                app.play_stream()
            assert asks(app) - before <= 5
            before = asks(app)
        # From each seventh of the list, two days' share.
        assert asks(app) >= 60
        with_quota(monkeypatch, None, None)
        for _ in range(renewals.PARTS):
            clock.shift(DAY)
            app.sweep()
            app.play_stream()
        assert asks(app) == 70
    assert len({mail["To"] for mail in app.mails()}) == len(app.mails()) == 70


@pytest.mark.slow
def test_what_waits_is_of_the_day_s_share(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with_quota(monkeypatch, 50.0, 50.0)
    wire = Wire(ses.client())
    wire.always(refusal(400, "SendingPausedException"))
    with time_machine.travel(START, tick=False) as clock:
        many(70)
        for _ in range(3):
            clock.shift(DAY)
            for _ in range(8):
                clock.shift(timedelta(minutes=15))
                app.sweep()
        # After days without mail, no more than one day's emails go out at once.
        assert asks(app) == 5
        wire.always(None)
        app.sweep()
        app.sweep()
        assert len(app.mails()) == 5


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("left", [10.0, 3.0, -5.0])
def test_nobody_is_asked_while_the_quota_is_short(app: App, monkeypatch: pytest.MonkeyPatch, left: float) -> None:
    with due() as clock:
        with monkeypatch.context() as patch:
            with_quota(patch, 50.0, left)
            days(app, clock, 2 * renewals.PARTS)
            assert asks(app) == 0
            patch.setattr(ses, "quota", lambda: None)
            days(app, clock, 2 * renewals.PARTS)
            assert asks(app) == 0
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 1


@pytest.mark.medium
def test_an_issue_that_is_being_sent_goes_first(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sending = [SimpleNamespace(state="scheduled"), SimpleNamespace(state="sending")]
    with due() as clock, monkeypatch.context() as patch:
        patch.setattr(issues, "open_issues", lambda _: sending)
        days(app, clock, renewals.PARTS)
        assert asks(app) == 0
        sending.pop()
        days(app, clock, renewals.PARTS)
    assert len(asked(app)) == 1


@pytest.mark.slow
def test_a_run_without_time_leaves_the_rest_to_the_next(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    with time_machine.travel(START, tick=False) as clock:
        many(30)
        left = [2]

        def time_left(_: object) -> int:
            left[0] -= 1
            return 100_000 if left[0] >= 0 else 0

        monkeypatch.setattr(Context, "get_remaining_time_in_millis", time_left)
        seen: list[int] = []
        for _ in range(60):
            clock.shift(timedelta(hours=12))
            left[0] = 2
            app.sweep()
            seen.append(asks(app))
        assert max(later - earlier for earlier, later in pairwise([0, *seen])) <= 2
    assert seen[-1] == 30


@pytest.mark.slow
def test_a_day_reads_a_seventh_of_the_list_and_no_subscriber_that_is_not_due(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for number in range(420):
            known_since(f"reader{number}@example.org", START)
        clock.shift(DAY)
        wire = Wire(dynamodb.client())
        app.sweep()
        begun = [operation for operation in wire.operations if operation == "PutItem"]
        # The day's beginning and its end.
        assert begun == ["PutItem", "PutItem"]
        reads = [json.loads(body) for body in wire.bodies if b"BETWEEN" in body]
        assert 1 <= len(reads) <= 2
        assert {read["Limit"] for read in reads} == {100}
        # And for the rest of the day, one item.
        wire.operations.clear()
        clock.shift(timedelta(hours=1))
        app.sweep()
        assert set(wire.operations) <= {"GetItem", "Query"}


@pytest.mark.medium
@pytest.mark.usefixtures("app")
def test_the_parts_of_the_list_are_all_of_it() -> None:
    with time_machine.travel(START, tick=False):
        addresses = many(50)
        found = [
            entry.id
            for part in range(1, renewals.PARTS + 1)
            for page in renewals.entries("table", part, "")
            for entry in page
        ]
        assert sorted(found) == sorted(subscriber_id(SECRET, address) for address in addresses)
        # From any place on, only the rest.
        for part in range(1, renewals.PARTS + 1):
            whole = [entry.id for page in renewals.entries("table", part, "") for entry in page]
            for number, one in enumerate(whole):
                rest = [entry.id for page in renewals.entries("table", part, one) for entry in page]
                assert rest == whole[number + 1 :]


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), months=st.integers(1, 120))  # noqa: DTZ001
def test_months_are_those_of_the_calendar(at: datetime, months: int) -> None:
    before = renewal.months_before(at, months)
    assert (at.year * 12 + at.month) - (before.year * 12 + before.month) == months
    assert before.time() == at.time()
    assert before.day == at.day or (before.day < at.day and (before + DAY).month != before.month)


# --- what the owner sees ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_digest_tells_how_many_were_asked_and_unsubscribed(make_app: Make) -> None:
    app = make_app(WeeklyDigest="on", DefaultLanguage="en")
    with due() as clock:
        days(app, clock, renewals.PARTS)
        clock.shift(30 * DAY)
        days(app, clock, 3 * renewals.PARTS)
    texts = [
        body.get_content()
        for mail in app.mails()
        if "The week" in mail["Subject"] and (body := mail.get_body(("plain",))) is not None
    ]
    assert sum("Subscribers asked to renew: 1\n" in text.replace("\r\n", "\n") for text in texts) == 1
    assert sum("Unsubscribed without an answer: 1\n" in text.replace("\r\n", "\n") for text in texts) == 1
    # A digest of a week without renewals does not mention them.
    assert any("renew" not in text for text in texts)


@pytest.mark.slow
def test_the_desk_shows_that_somebody_was_asked_and_what_came_of_it(app: App) -> None:
    with due(language="en") as clock:
        browser = Browser(app).signed_in()

        def page() -> str:
            return unescape(browser.get(f"subscribers/{READER_ID}").text)

        assert "Renewal" not in page()
        days(app, clock, renewals.PARTS)
        browser = Browser(app).signed_in()
        assert "Without an answer, they are unsubscribed soon after" in page()
        assert "Was asked whether they want to stay" in page()
        month(app, clock)
        browser = Browser(app).signed_in()
        assert "Unsubscribed for lack of an answer" in page()
        assert app.post(LINK).status_code == 200
        assert "Wants to stay" in page()
        assert "Last activity" in page()
