"""“This was not me”, and unsubscribing: the address shown, what ends, and what can be undone."""

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from werkzeug.test import TestResponse

from guichet.addresses import masked
from guichet.http.links import refusal_link, unsubscribe_link
from guichet.records.record import utc_now
from guichet.records.subscriber import Leaving, Subscriber
from guichet.signing import subscriber_id
from guichet.store import dynamodb, subscribers, table
from guichet.store.erasure import Person, erase
from tests.support.app import START, App
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    SECRET,
    events_of,
    link_in_last_mail,
    open_link,
    press,
    refusal_in_last_mail,
    sign_up,
    subjects_to,
    subscribe,
    subscriber,
    unsubscribe_url,
    welcome,
)
from tests.support.states import bring_to
from tests.support.wire import Wire, unreachable

NOTHING_PERSONAL = {"pk", "sk", "kind", "id", "state", "list", "left_at", "history", "lifted_at"}


def refuse(app: App) -> None:
    """Press the button behind the link of the last email."""
    assert press(app, open_link(app, refusal_in_last_mail(app))).status_code == 200


@pytest.mark.medium
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_confirmation_email_leads_to_a_page_that_ends_all_mail(app: App, language: str) -> None:
    sign_up(app, name="Toto", _language=language)
    link = refusal_in_last_mail(app)
    html = app.mails()[-1].get_body(("html",))
    assert html is not None
    assert "/newsletter/refuse?" in html.get_content()
    page = open_link(app, link)
    assert page.status_code == 200
    assert f'<html lang="{language}">' in page.text
    assert READER not in page.text
    assert app.items("subscriber") == []

    for _ in range(2):
        done = press(app, page)
        assert done.status_code == 200
        assert ("Plus aucun email" if language == "fr" else "No more email") in done.text
    item = subscriber(app)
    assert (item["state"], events_of(item)) == ("blocked", ["blocked"])
    # The keyed hash, and until the operator lifts it.
    assert item.keys() <= NOTHING_PERSONAL
    assert READER not in json.dumps(item)


def test_opening_the_link_changes_nothing(app: App) -> None:
    sign_up(app)
    before = app.items()
    for _ in range(3):
        assert open_link(app, refusal_in_last_mail(app)).status_code == 200
    assert app.items() == before


@pytest.mark.medium
def test_nobody_can_sign_a_blocked_address_up_again(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app)
        before, confirm = len(app.mails()), open_link(app, link_in_last_mail(app))
        refuse(app)
        clock.shift(timedelta(hours=1))
        for spelling in (READER, READER.upper()):
            clock.shift(timedelta(days=1))
            assert app.post("/newsletter", data={"email": spelling}).status_code == 303
            app.play_stream()
            app.sweep()
        assert len(app.mails()) == before
        # The link that is still valid does not help either.
        clock.shift(timedelta(days=-2))
        assert press(app, confirm).status_code == 410
    assert subscriber(app)["state"] == "blocked"


@pytest.mark.medium
def test_an_acknowledgement_has_the_link_too_and_is_not_sent_again(make_app: Any) -> None:
    app = make_app(Acknowledge="on")
    with time_machine.travel(START, tick=False) as clock:
        app.post("/contact", data={"email": READER, "message": "Bonjour"})
        app.play_stream()
        (acknowledgement,) = [mail for mail in app.mails() if mail["To"] == READER]
        body = acknowledgement.get_body(("plain",))
        assert body is not None
        (link,) = re.findall(r"https://\S+", body.get_content())
        assert press(app, open_link(app, link)).status_code == 200
        clock.shift(timedelta(days=1))
        app.post("/contact", data={"email": READER, "message": "Encore"})
        app.play_stream()
        app.sweep()
    assert len(subjects_to(app, READER)) == 1
    # The owner gets both messages.
    assert len(subjects_to(app, "owner@atelier.example")) == 2


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("state", ["new", "asked", "confirmed", "unsubscribed", "bounced", "complained", "blocked"])
def test_it_ends_all_mail_in_whatever_state_the_address_is(app: App, state: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app)
        link = refusal_in_last_mail(app)
        clock.shift(timedelta(hours=1))
        bring_to(app, state)
        page = open_link(app, link)
        assert press(app, page).status_code == 200
    item = subscriber(app)
    assert (item["state"], events_of(item)) == ("blocked", ["blocked"])
    assert item.keys() <= NOTHING_PERSONAL


@pytest.mark.medium
@pytest.mark.parametrize("how", ["blocked", "bounced", "complained", "bounced elsewhere", "erased"])
def test_of_all_that_a_subscriber_may_have_nothing_personal_stays(app: App, how: str) -> None:
    full = Subscriber(
        id=subscriber_id(SECRET, READER),
        state="confirmed",
        email=READER,
        name="Ann",
        language="en",
        confirmed_at=START,
        left_at=START,
        alive_at=START,
        renewal_queued_at=START,
        renewal_sent_at=START,
        left_for="no_answer",
        history=(Leaving(event="unsubscribed", at=START),),
    )
    bounces = {"soft_bounces": frozenset({"claim"}), "soft_bounced_at": table.stamp(START)}
    item = table.item_of(full, list=table.subscribers_list("confirmed"), expires_at=table.seconds(utc_now()), **bounces)
    # Add a new field to the record above, and what happens to it below.
    assert {*Subscriber.model_fields()} <= item.keys()
    dynamodb.call("put_item", **table.put("table", item)["Put"])
    kept = {"pk", "sk", "kind", "id", "state", "list", "left_at"}
    if how == "bounced elsewhere":
        left = Subscriber(id=full.id, state="bounced", history=(Leaving(event="bounced", at=START, file="list"),))
        subscribers.add_left("table", left, timedelta(days=1))
    elif how == "erased":
        erase("table", Person(READER, SECRET), timedelta(days=1))
    elif how == "blocked":
        app.post(refusal_link("", READER, "fr", SECRET))
    else:
        feedback(app, {"bounced": "bounce-permanent", "complained": "complaint"}[how], ADDRESS=READER)
    # The history also has the time and the language of the consent.
    kept |= {"erased": {"expires_at"}, "blocked": {"history"}}.get(how, {"history", "confirmed_at", "language"})
    assert subscriber(app).keys() == kept


@pytest.mark.medium
@pytest.mark.parametrize("name", ["bounce-permanent", "complaint"])
def test_no_event_of_ses_lifts_a_block(app: App, name: str) -> None:
    sign_up(app)
    refuse(app)
    feedback(app, name)
    assert events_of(subscriber(app)) == ["blocked"]


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("field", ["subscriber", "expires", "token"])
@pytest.mark.parametrize("value", ["", "x", "9999999999", "é"])
def test_a_link_that_was_changed_proves_nothing(app: App, field: str, value: str) -> None:
    sign_up(app)
    fields = {name: values[0] for name, values in parse_qs(urlsplit(refusal_in_last_mail(app)).query).items()}
    for path in ("refuse", "unsubscribe/undo", "unsubscribe"):
        assert app.post(f"/newsletter/{path}", data=fields | {field: value}).status_code == 403
    assert app.http.get("/newsletter/refuse", query_string=fields | {field: value}).status_code == 403
    assert app.items("subscriber") == []


@pytest.mark.medium
def test_a_token_of_another_purpose_ends_nothing(app: App) -> None:
    subscribe(app)
    leaving = {name: values[0] for name, values in parse_qs(urlsplit(unsubscribe_url(app)).query).items()}
    sign_up(app, email="second@example.org")
    refusing = {name: values[0] for name, values in parse_qs(urlsplit(refusal_in_last_mail(app)).query).items()}
    assert app.post("/newsletter/refuse", data=leaving).status_code == 403
    assert app.post("/newsletter/refuse", data=refusing | {"token": leaving["token"]}).status_code == 403
    assert app.post("/newsletter/unsubscribe/undo", data=refusing).status_code == 403
    assert app.post("/newsletter/unsubscribe", data=refusing).status_code == 403


def test_the_link_ends_after_30_days(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        sign_up(app)
        link, page = refusal_in_last_mail(app), open_link(app, refusal_in_last_mail(app))
        clock.shift(timedelta(days=29, hours=23))
        assert open_link(app, link).status_code == 200
        clock.shift(timedelta(hours=2))
        assert open_link(app, link).status_code == 410
        assert press(app, page).status_code == 410
    assert app.items("subscriber") == []


# Unsubscribing


def leave(app: App) -> TestResponse:
    """Press the button of the page behind the unsubscribe link."""
    return press(app, open_link(app, unsubscribe_url(app)))


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("camille.dupont@example.org", "c•••@e•••.org"),
        ("c@e.fr", "c•••@e•••.fr"),
        ("a@mail.example.co.uk", "a•••@m•••.uk"),
    ],
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


@pytest.mark.medium
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_pages_say_which_address_masked(app: App, language: str) -> None:
    subscribe(app, _language=language)
    page = open_link(app, unsubscribe_url(app))
    done = press(app, page)
    for reply in (page, done):
        assert "r•••@e•••.org" in reply.text
        assert READER not in reply.text


@pytest.mark.medium
def test_unsubscribing_can_be_undone_for_some_minutes(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        before = subscriber(app)
        done = leave(app)
        assert subscriber(app)["state"] == "unsubscribed"
        assert "newsletter/unsubscribe/undo" in done.text
        clock.shift(timedelta(minutes=14))
        for _ in range(2):
            undone = press(app, done)
            assert undone.status_code == 200
            assert "Abonnement conservé" in undone.text
        item = subscriber(app)
        assert events_of(item) == ["confirmed", "unsubscribed", "resumed"]
        # And it was a sign of life.
        assert {name: value for name, value in item.items() if name not in {"history", "alive_at"}} == {
            name: value for name, value in before.items() if name != "history"
        }


@pytest.mark.slow
def test_it_cannot_be_undone_later(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        done = leave(app)
        clock.shift(timedelta(minutes=15, seconds=1))
        assert press(app, done).status_code == 410
        # The page no longer offers it either.
        assert "/undo" not in leave(app).text
    assert subscriber(app)["state"] == "unsubscribed"


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("state", ["bounced", "complained", "blocked"])
def test_what_happened_since_is_not_undone(app: App, state: str) -> None:
    subscribe(app)
    done = leave(app)
    bring = {"bounced": "bounce-permanent", "complained": "complaint"}
    if state == "blocked":
        app.post(refusal_link("", READER, "fr", SECRET))
    else:
        feedback(app, bring[state])
    assert press(app, done).status_code == 410
    assert subscriber(app)["state"] == state


@pytest.mark.medium
def test_one_click_is_answered_as_ever_and_offers_nothing(app: App) -> None:
    subscribe(app)
    reply = app.post(unsubscribe_url(app), data={"List-Unsubscribe": "One-Click"})
    assert reply.status_code == 200
    assert "<button" not in reply.text
    assert "•••" not in reply.text
    assert subscriber(app)["state"] == "unsubscribed"


@pytest.mark.medium
def test_after_one_click_the_page_of_the_link_undoes_it(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        app.post(unsubscribe_url(app), data={"List-Unsubscribe": "One-Click"})
        before = app.items()
        page = open_link(app, unsubscribe_url(app))
        assert "vous ne recevrez plus la newsletter" in page.text
        assert app.items() == before
        assert press(app, page).status_code == 200
        assert subscriber(app)["state"] == "confirmed"
        app.post(unsubscribe_url(app), data={"List-Unsubscribe": "One-Click"})
        clock.shift(timedelta(minutes=16))
        assert "/undo" not in open_link(app, unsubscribe_url(app)).text


@pytest.mark.medium
def test_who_was_erased_a_moment_ago_is_offered_nothing(app: App) -> None:
    subscribe(app)
    link = unsubscribe_url(app)
    leave(app)
    erase("table", Person(READER, SECRET), timedelta(days=1095))
    assert subscriber(app)["state"] == "unsubscribed"
    page = open_link(app, link)
    assert (page.status_code, "/undo" in page.text) == (200, False)


@pytest.mark.medium
def test_a_scanner_that_opens_everything_undoes_nothing(app: App) -> None:
    subscribe(app)
    done = leave(app)
    before = app.items()
    for link in (unsubscribe_url(app), "/newsletter/unsubscribe/undo"):
        app.http.get(link)
    for link in re.findall(r'(?:href|action)="([^"]+)"', done.text):
        app.http.get(urlsplit(link).path)
    assert app.items() == before


def test_who_is_not_known_is_unsubscribed_as_before(app: App) -> None:
    link = unsubscribe_link("", subscriber_id(SECRET, "nobody@example.org"), "fr", SECRET)
    page = app.http.get(link)
    assert (page.status_code, "•••" in page.text) == (200, False)
    done = app.post(link)
    assert (done.status_code, "/undo" in done.text) == (200, False)
    assert app.items("subscriber") == []


@pytest.mark.medium
def test_the_table_away_afterwards_hides_the_address_and_not_that_it_is_done(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(app)
    page = open_link(app, unsubscribe_url(app))
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    wire = Wire(dynamodb.client())
    wire.plan(lambda _: None, *[unreachable] * 50)
    done = press(app, page)
    assert done.status_code == 200
    assert "vous ne recevrez plus la newsletter" in done.text
    assert welcome(app)["To"] == READER
