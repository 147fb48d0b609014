"""A fresh code within a session, for what must not be possible with a stolen session alone."""

import sys
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType

import pytest
import time_machine

from desk import fresh_code, handler, pages
from desk.call import Call
from guichet.http.responses import Response
from guichet.records.sign_in import MOST_TRIES
from guichet.signing import code as code_of
from guichet.store.limits import DESK_MAIL_PER_DAY
from tests.support.app import PARAMETERS, START, App
from tests.support.desk import OWNER, Browser, code_and_link, forms_of

TWO = {"OwnerEmail": "owner@atelier.example,second@atelier.example"}
ASKED = "__Host-guichet-desk-code"


def _ask(call: Call) -> Response:
    return fresh_code.ask(call, "download", "settings")


def _take(call: Call) -> Response:
    return pages.done(call, "settings", told="yes" if fresh_code.accept(call) else "no")


@pytest.fixture(autouse=True)
def _area(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the desk an area that requests a code and accepts one."""
    area = ModuleType("area_of_the_test")
    vars(area)["ROUTES"] = {"POST fresh/ask": _ask, "POST fresh/take": _take}
    monkeypatch.setitem(sys.modules, area.__name__, area)
    monkeypatch.setitem(handler.AREAS, "fresh", area.__name__)


def press(browser: Browser, page: str, **fields: str) -> str:
    """Post to a page with the session's token, and return the message shown."""
    token = forms_of(browser.get("settings"))[-1]["fields"]["token"]
    reply = browser.post(f"fresh/{page}", {"token": token, **fields})
    assert reply.status_code == 303
    return str(reply.headers["Location"]).partition("told=")[2]


def asked(browser: Browser) -> str:
    """Ask for a code, and return it."""
    assert press(browser, "ask") == "code_sent"
    browser.app.play_stream()
    code, link = code_and_link(browser.app.mails()[-1])
    # A link would sign in.
    assert link == ""
    return code


@pytest.mark.medium
@pytest.mark.parametrize(
    ("language", "said"), [("en", "a download was asked for"), ("fr", "un téléchargement a été demandé")]
)
def test_it_is_mailed_to_the_owner_of_the_session_and_works_once(
    make_app: Callable[..., App], language: str, said: str
) -> None:
    app = make_app(**TWO)
    browser = Browser(app, language=language).signed_in("second@atelier.example")
    code = asked(browser)
    (mail,) = app.mails()
    assert mail["To"] == "second@atelier.example"
    body = mail.get_body(("plain",))
    assert body is not None
    assert said in body.get_content()
    assert press(browser, "take", code=code.lower()) == "yes"
    assert press(browser, "take", code=code) == "no"


@pytest.mark.medium
def test_it_is_no_code_to_sign_in_with_nor_the_other_way_round(app: App) -> None:
    browser = Browser(app).signed_in()
    code = asked(browser)
    stranger = Browser(app)
    stranger.cookies["__Host-guichet-desk-sign-in"] = browser.cookies[ASKED]
    assert stranger.post("sign-in/code", {"code": code}).status_code == 422
    (request,) = app.items("sign-in")
    as_other = code_of(PARAMETERS["SigningSecret"], "sign-in", request["id"])
    assert stranger.post("sign-in/code", {"code": as_other}).status_code == 422
    assert len(app.items("session")) == 1
    browser.ask()
    app.play_stream()
    code, _ = code_and_link(app.mails()[-1])
    browser.cookies[ASKED] = browser.cookies["__Host-guichet-desk-sign-in"]
    assert press(browser, "take", code=code) == "no"


@pytest.mark.medium
def test_it_works_in_its_own_session_and_browser_alone(app: App) -> None:
    browser, thief = Browser(app).signed_in(), Browser(app)
    code = asked(browser)
    # With only the session's cookie, as if it were stolen.
    thief.cookies["__Host-guichet-desk"] = browser.cookies["__Host-guichet-desk"]
    assert press(thief, "take", code=code) == "no"
    # And in another session of the same owner.
    other = Browser(app).signed_in()
    other.cookies[ASKED] = browser.cookies[ASKED]
    assert press(other, "take", code=code) == "no"
    assert press(browser, "take", code=code) == "yes"


@pytest.mark.medium
def test_it_has_five_tries_and_15_minutes(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser = Browser(app).signed_in()
        code = asked(browser)
        # Input that cannot be a code does not count as an attempt.
        assert press(browser, "take", code="12") == "no"
        for _ in range(MOST_TRIES):
            assert press(browser, "take", code="AAAA-AAAA") == "no"
        assert press(browser, "take", code=code) == "no"
        code = asked(browser)
        clock.shift(timedelta(minutes=15))
        assert press(browser, "take", code=code) == "no"
        code = asked(browser)
        clock.shift(timedelta(minutes=14, seconds=59))
        assert press(browser, "take", code=code) == "yes"


@pytest.mark.slow
def test_a_stolen_session_uses_up_no_email_that_signs_in(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        browser = Browser(app).signed_in()
        token = forms_of(browser.get("settings"))[-1]["fields"]["token"]
        statuses = []
        for _ in range(5):
            statuses += [browser.post("fresh/ask", {"token": token}).status_code for _ in range(21)]
            app.play_stream()
            clock.shift(timedelta(hours=1))
        assert statuses.count(303) == 100
        assert statuses.count(429) == 5
        assert len(app.mails()) == DESK_MAIL_PER_DAY
        other = Browser(app)
        other.sign_in(OWNER)
        assert other.get("settings").status_code == 200
