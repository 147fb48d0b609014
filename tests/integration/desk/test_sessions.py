"""The sessions of an owner: listed and ended, but nobody else's."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine

from desk import access
from guichet.settings import DeskSettings
from tests.support.app import START, App
from tests.support.desk import ORIGIN, OWNER, Browser, code_and_link, forms_of

TWO = {"OwnerEmail": "owner@atelier.example,second@atelier.example"}
SECOND = "second@atelier.example"
IN = "__Host-guichet-desk"


def is_in(browser: Browser) -> bool:
    return browser.get("settings").status_code == 200


def ends(browser: Browser) -> list[str]:
    """Return the sessions that a browser is offered to end, by their ids."""
    return re.findall(r"/desk/sessions/([0-9a-f]{32})/end", browser.get("sessions").text)


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("language", "this"), [("en", "this browser"), ("fr", "ce navigateur")])
def test_they_are_listed_with_browser_beginning_and_end(app: App, language: str, this: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        Browser(app).sign_in(remember="yes")
        clock.shift(timedelta(hours=1))
        here = Browser(app, language=language)
        here.sign_in()
        page = here.get("sessions")
        # For this one, only signing out is offered.
        assert len(ends(here)) == 1
        text = " ".join(re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2]).split())
    assert f"({this})" in text
    begun, ended = re.findall(r'<time datetime="([^"]+)">', page.text)[:2]
    assert (begun, ended) == ("2026-11-23T11:00:00+00:00", "2026-11-23T23:00:00+00:00")
    # The remembered one lasts for 30 days.
    assert '<time datetime="2026-12-23T10:00:00+00:00">' in page.text


@pytest.mark.medium
def test_what_a_browser_calls_itself_is_text(app: App) -> None:
    browser = Browser(app)
    browser.ask()
    app.play_stream()
    code, _ = code_and_link(app.mails()[-1])
    browser.post("sign-in/code", {"code": code}, **{"User-Agent": "<script>alert(1)</script>" + "x" * 500})
    page = browser.get("sessions").text
    assert "<script>" not in page
    assert "“&lt;script&gt;" in page
    assert "x" * 300 not in page
    odd = Browser(app)
    odd.sign_in()
    assert "An unknown browser" in odd.get("sessions").text


@pytest.mark.medium
def test_one_is_ended_and_the_others_stay(app: App) -> None:
    here, lost, other = Browser(app), Browser(app), Browser(app)
    for browser in (lost, other, here):
        browser.sign_in()
    ids = ends(here)
    assert len(ids) == 2
    lost_id = next(one for one in ids if one not in ends(lost))
    (form,) = [form for form in forms_of(here.get("sessions")) if lost_id in form["action"]]
    told = here.follow(here.post(form["action"], form["fields"]))
    assert "that browser is signed out" in told.text
    assert [is_in(browser) for browser in (here, other, lost)] == [True, True, False]
    # Once more: it is gone.
    assert here.post(form["action"], form["fields"]).status_code == 404


@pytest.mark.slow
def test_all_others_are_ended_at_once(make_app: Callable[..., App]) -> None:
    app = make_app(**TWO)
    here, others, second = Browser(app), [Browser(app), Browser(app)], Browser(app)
    second.sign_in(SECOND)
    for browser in (*others, here):
        browser.sign_in()
    told = here.press(here.get("sessions"), "End all other sessions")
    assert "All other sessions are ended." in told.text
    assert "You are signed in nowhere else." in told.text
    assert [is_in(browser) for browser in (here, *others, second)] == [True, False, False, True]


@pytest.mark.slow
def test_nobody_sees_or_ends_the_session_of_another_owner(make_app: Callable[..., App]) -> None:
    app = make_app(**TWO)
    one, two = Browser(app), Browser(app)
    one.sign_in()
    two.sign_in(SECOND)
    of_second = next(item["id"] for item in app.items("session") if item["id"] not in _own(one, app))
    assert of_second not in one.get("sessions").text
    token = forms_of(one.get("sessions"))[-1]["fields"]["token"]
    for wanted in (of_second, "0" * 32, "x", "sign-in#x"):
        assert one.post(f"sessions/{wanted}/end", {"token": token}).status_code in {403, 404}
    assert is_in(two)
    # Nor with a token of another session.
    stolen = forms_of(two.get("sessions"))[-1]["fields"]["token"]
    assert one.post("sessions/end-others", {"token": stolen}).status_code == 403
    assert one.post("sessions/end-others").status_code in {403, 422}


def _own(browser: Browser, app: App) -> set[str]:
    """Return the ids of the sessions of a browser's owner."""
    mine = next(item["owner"] for item in app.items("session") if item["id"] == _id(browser))
    return {item["id"] for item in app.items("session") if item["owner"] == mine}


def _id(browser: Browser) -> str:
    return access.session_id(DeskSettings.from_environment(), browser.cookies[IN])


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_signing_out_ends_the_session_itself(app: App, language: str) -> None:
    browser, thief = Browser(app, language=language), Browser(app)
    browser.sign_in()
    thief.cookies = dict(browser.cookies)
    page = browser.press(browser.get("sessions"), {"en": "Sign out", "fr": "Se déconnecter"}[language])
    assert page.request.url == f"{ORIGIN}/desk/sign-in?told=signed_out"
    assert {"en": "You are signed out", "fr": "Vous êtes déconnecté"}[language] in page.text
    assert IN not in browser.cookies
    assert not is_in(browser)
    assert not is_in(thief)
    assert app.items("session") == []


@pytest.mark.medium
def test_signing_out_works_with_an_old_page_and_after_the_session_has_ended(app: App) -> None:
    browser = Browser(app)
    browser.sign_in()
    old = forms_of(browser.get("sessions"))[-1]
    browser.sign_in()
    assert browser.post(old["action"], old["fields"]).status_code == 303
    assert not is_in(browser)
    # Pressed again, and by somebody who was never signed in.
    for data in (old["fields"], {}, {"token": "x"}):
        reply = browser.post(old["action"], data)
        assert reply.headers["Location"] == f"{ORIGIN}/desk/sign-in?told=signed_out"
    # It is a button, not a link.
    browser.sign_in()
    assert browser.get("sessions/sign-out").status_code == 405
    assert is_in(browser)


@pytest.mark.medium
def test_to_end_this_session_is_to_sign_out(app: App) -> None:
    browser = Browser(app)
    browser.sign_in()
    token = forms_of(browser.get("sessions"))[-1]["fields"]["token"]
    reply = browser.post(f"sessions/{_id(browser)}/end", {"token": token})
    assert reply.headers["Location"] == f"{ORIGIN}/desk/sign-in?told=signed_out"
    assert not is_in(browser)


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize(("fields", "lasts"), [({}, timedelta(hours=12)), ({"remember": "yes"}, timedelta(days=30))])
def test_a_session_ends_by_itself(app: App, fields: dict[str, str], lasts: timedelta) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser = Browser(app)
        browser.sign_in(OWNER, by="code", **fields)
        clock.shift(lasts - timedelta(seconds=1))
        assert is_in(browser)
        clock.shift(timedelta(seconds=2))
        assert not is_in(browser)
        # It is still stored, until DynamoDB deletes it, and not listed.
        other = Browser(app)
        other.sign_in()
        assert ends(other) == []
