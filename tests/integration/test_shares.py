"""Mail to strangers is shared fairly: nobody can block the newsletter for others, and the owner is notified."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from guichet.locales import LANGUAGES
from guichet.mail import ses
from guichet.outbox.sweep import _in_turns
from guichet.records.outbox import EmailKey, WaitingEmail
from guichet.store.limits import Pool
from tests.support.app import START, App
from tests.support.newsletter import link_in_last_mail, open_link, press
from tests.support.wire import Wire, refusal

OWNER = "owner@atelier.example"


def sign_up(app: App, caller: str, address: str) -> None:
    reply = app.post("/newsletter", json={"email": address}, environ_overrides={"REMOTE_ADDR": caller})
    assert reply.status_code == 200


def mailed(app: App) -> list[str]:
    return [mail["To"] for mail in app.mails() if mail["To"] != OWNER]


def told(app: App) -> list[str]:
    return [mail["Subject"] for mail in app.mails() if mail["To"] == OWNER]


def per_network(app: App) -> Counter[str]:
    """Count who was mailed, by the word that their addresses begin with."""
    return Counter(address.partition("-")[0] for address in mailed(app))


@pytest.mark.slow
@pytest.mark.parametrize("callers", [["203.0.113.1", "203.0.113.200"], ["2001:db8:7:1::1", "2001:db8:7:ffff::1"]])
def test_one_network_takes_a_tenth_and_the_newsletter_stays_open(
    make_app: Callable[..., App], callers: list[str]
) -> None:
    app = make_app(StrangerMailPerDay="30")
    with time_machine.travel(START) as clock:
        for number in range(20):
            for which, caller in enumerate(callers):
                sign_up(app, caller, f"attack-{which}-{number}@example.org")
        app.play_stream()
        assert per_network(app) == {"attack": 3}
        sign_up(app, "198.51.100.9", "reader-1@example.org")
        app.play_stream()
        assert mailed(app)[-1] == "reader-1@example.org"
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
        app.play_stream()
        # What waits is neither lost nor dropped: it goes out, a tenth a day.
        for day in range(1, 4):
            clock.move_to(START + timedelta(days=day))
            app.sweep()
            assert per_network(app)["attack"] == 3 + 3 * day
    assert not [row for row in app.items("email") if "dropped_at" in row]


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("per_day", [1, 3, 9])
def test_a_network_gets_one_at_least(make_app: Callable[..., App], per_day: int) -> None:
    app = make_app(StrangerMailPerDay=str(per_day))
    with time_machine.travel(START):
        for number in range(4):
            sign_up(app, "203.0.113.7", f"a-{number}@example.org")
        sign_up(app, "198.51.100.9", "b-0@example.org")
        app.play_stream()
        app.sweep()
    assert per_network(app) == ({"a": 1, "b": 1} if per_day > 1 else {"a": 1})


@pytest.mark.slow
def test_networks_take_turns_when_it_is_short(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="20")
    with time_machine.travel(START) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(400, "SendingPausedException"))
        for network in range(5):
            for number in range(4):
                sign_up(app, f"203.0.{network}.7", f"early{network}-{number}@example.org")
                clock.shift(1)
        for network in range(18):
            sign_up(app, f"198.51.{network}.7", f"late{network}-0@example.org")
            clock.shift(1)
        wire.always(None)
        app.sweep()
        # Oldest first, five networks would have had two each.
        assert len(mailed(app)) == 20
        assert max(per_network(app).values()) == 1
        for day in range(1, 5):
            clock.move_to(START + timedelta(days=day))
            app.sweep()
    assert sorted(per_network(app).values()) == [1] * 18 + [4] * 5


def test_as_a_day_s_emails_run_short_a_network_gets_fewer() -> None:
    assert [Pool(500, used).share for used in (0, 249, 250, 400, 450, 491, 499, 500)] == [50, 50, 25, 10, 5, 1, 1, 1]
    assert [Pool(per_day, 0).share for per_day in (1, 9, 10, 19, 20, 500)] == [1, 1, 1, 1, 2, 50]


@pytest.mark.medium
@given(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=30))
def test_a_turn_is_one_of_each_network_oldest_first(networks: Iterable[str]) -> None:
    emails = [
        WaitingEmail(
            key=EmailKey(record=f"request#{number}", email="email#x"),
            queued_at=START + timedelta(seconds=number),
            network_id=network,
        )
        for number, network in enumerate(networks)
    ]
    ordered = list(_in_turns(iter(emails)))
    assert sorted(ordered, key=lambda email: email.queued_at) == emails
    for network in "abc":
        mine = [email for email in ordered if email.network_id == network]
        assert mine == sorted(mine, key=lambda email: email.queued_at)
    # Nobody gets a second one before everybody has a first.
    counts: Counter[str] = Counter()
    waiting = Counter(email.network_id for email in emails if email.network_id)
    for email in ordered:
        if email.network_id:
            others = [counts[other] for other in waiting if counts[other] < waiting[other]]
            assert counts[email.network_id] <= min(others)
            counts[email.network_id] += 1


def test_the_hash_of_a_network_is_kept_as_long_as_it_is_needed(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="10")
    with time_machine.travel(START):
        for number in range(2):
            sign_up(app, "203.0.113.7", f"a-{number}@example.org")
        app.play_stream()
    rows = [row for row in app.items("email") if row["name"] == "confirmation-request"]
    assert sorted(("outbox" in row, "network_id" in row) for row in rows) == [(False, False), (True, True)]
    assert "203.0" not in str(app.items())


@pytest.mark.slow
def test_acknowledgements_and_links_have_shares_of_their_own(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="6", Acknowledge="on")
    with time_machine.travel(START):
        for number in range(9):
            caller = {"REMOTE_ADDR": f"203.0.{number}.7"}
            app.post("/newsletter", json={"email": f"link-{number}@example.org"}, environ_overrides=caller)
        app.play_stream()
        assert per_network(app) == {"link": 3}
        for number in range(9):
            caller = {"REMOTE_ADDR": f"203.0.{number}.7"}
            data = {"email": f"ack-{number}@example.org", "message": "x"}
            app.post("/contact", json=data, environ_overrides=caller)
        app.play_stream()
    assert per_network(app) == {"link": 3, "ack": 3}


@pytest.mark.medium
def test_a_network_has_its_share_of_each(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="6", Acknowledge="on")
    with time_machine.travel(START):
        for number in range(2):
            app.post("/newsletter", json={"email": f"link-{number}@example.org"})
            app.post("/contact", json={"email": f"ack-{number}@example.org", "message": "x"})
        app.play_stream()
    assert per_network(app) == {"link": 1, "ack": 1}


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_owner_is_told_once_a_day_that_the_cap_is_reached(
    make_app: Callable[..., App], language: str, written: Callable[[], str]
) -> None:
    app = make_app(StrangerMailPerDay="2", DefaultLanguage=language)
    subject = {"fr": "Limite quotidienne d’emails atteinte", "en": "Daily email limit reached"}[language]
    with time_machine.travel(START) as clock:
        for day in range(2):
            clock.move_to(START + timedelta(days=day))
            for number in range(5):
                sign_up(app, f"203.0.{number}.7", f"a{day}-{number}@example.org")
                app.play_stream()
                app.sweep()
            app.play_stream()
            app.sweep()
            assert len(told(app)) == day + 1
    assert all(subject in line for line in told(app))
    notice = next(mail for mail in app.mails() if mail["To"] == OWNER).get_body(("plain",))
    assert notice is not None
    assert " 2 emails" in notice.get_content()
    assert "StrangerMailPerDay" in notice.get_content()
    assert written().count('"StrangerCapReached":[1.0]') == 2


@pytest.mark.medium
def test_the_owner_is_told_that_a_network_wants_more_than_its_share(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="20")
    with time_machine.travel(START):
        for number in range(5):
            sign_up(app, "203.0.113.7", f"a-{number}@example.org")
            app.play_stream()
        app.play_stream()
        app.sweep()
    (notice,) = [mail for mail in app.mails() if mail["To"] == OWNER]
    text = notice.get_body(("plain",))
    assert text is not None
    assert "un même réseau" in text.get_content()


@pytest.mark.slow
def test_what_waits_for_its_turn_rings_no_alarm_about_a_stuck_outbox(
    make_app: Callable[..., App], written: Callable[[], str]
) -> None:
    app = make_app(StrangerMailPerDay="10")
    with time_machine.travel(START, tick=False) as clock:
        for number in range(5):
            sign_up(app, "203.0.113.7", f"a-{number}@example.org")
        app.play_stream()
        app.sweep()
        clock.shift(timedelta(hours=5))
        written()
        outcomes: Any = app.sweep()
        assert outcomes == {"rationed": 1}
        assert '"OldestQueuedAge":[0.0]' in written()
