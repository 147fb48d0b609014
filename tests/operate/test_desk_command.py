"""`guichet desk`: a link that signs in, for when no email arrives."""

from collections.abc import Callable
from datetime import timedelta

import time_machine

from guichet.mail import ses
from tests.support.app import START, App
from tests.support.desk import ORIGIN, OWNER, Browser, forms_of
from tests.support.operate import Operate
from tests.support.wire import Wire, refusal

TWO = {"OwnerEmail": "owner@atelier.example,second@atelier.example"}


def press(browser: Browser, link: str) -> int:
    """Open a link and press its button. Return the status."""
    page = browser.get(link)
    if page.status_code != 200:
        return page.status_code
    (form,) = forms_of(page)
    return browser.post(form["action"], form["fields"]).status_code


def is_in(browser: Browser) -> bool:
    return browser.get("settings").status_code == 200


def test_its_link_signs_in_in_any_browser_once_within_15_minutes(app: App, operate: Operate) -> None:
    Wire(ses.client()).always(refusal(400, "SendingPausedException"))
    with time_machine.travel(START, tick=False) as clock:
        said = operate(app, "desk")
        assert said.code == 0
        told, link = said.out.splitlines()
        assert told == f"Open this link within 15 minutes to sign in as {OWNER}. It works once:"
        assert link.startswith(f"{ORIGIN}/desk/sign-in/link?id=")
        before = app.items()
        # It has a button, so link previews change nothing.
        page = Browser(app, "192.0.2.66").get(link)
        assert page.status_code == 200
        assert f"You are about to sign in as {OWNER}." in page.text
        assert app.items() == before
        browser = Browser(app)
        assert press(browser, link) == 303
        assert is_in(browser)
        for other in (browser, Browser(app)):
            assert press(other, link) == 403
        link = operate(app, "desk").out.splitlines()[1]
        clock.shift(timedelta(minutes=15))
        assert press(Browser(app), link) == 403
    assert app.mails() == []
    assert app.items("email") == []


def test_it_signs_in_as_the_owner_that_is_asked_for(make_app: Callable[..., App], operate: Operate) -> None:
    app = make_app(**TWO)
    with time_machine.travel(START, tick=False):
        (row,) = operate(app, "desk", "--owner", "Second@Atelier.example", "--json").rows
        assert row["owner"] == "second@atelier.example"
        assert row["valid_until"] == "2026-11-23T10:15:00Z"
        browser = Browser(app)
        assert press(browser, row["link"]) == 303
        assert "second@atelier.example" in browser.get("sessions").text
    said = operate(app, "desk", "--owner", "nobody@example.org")
    assert said.code == 2
    assert said.told == "error: nobody@example.org is not in OwnerEmail: owner@atelier.example, second@atelier.example"
    assert operate(app, "desk", "--owner", "nobody").code == 2


def test_the_token_of_an_email_does_not_make_its_link_the_operators(app: App, operate: Operate) -> None:
    """Neither kind of link works in place of the other."""
    (row,) = operate(app, "desk", "--json").rows
    browser, thief = Browser(app), Browser(app, "192.0.2.66")
    browser.ask()
    app.play_stream()
    asked = browser.cookies["__Host-guichet-desk-sign-in"].partition(".")[0]
    of_operator = row["link"].partition("token=")[2]
    assert thief.get(f"sign-in/link?id={asked}&token={of_operator}").status_code == 403
    # A cookie that names the operator's request does not change whose it is.
    thief.cookies["__Host-guichet-desk-sign-in"] = f"{row['link'].partition('id=')[2][:32]}.{'A' * 43}."
    assert press(thief, row["link"]) == 303
    assert is_in(thief)


def test_the_other_commands_cope_with_sign_ins_and_sessions(app: App, operate: Operate) -> None:
    with time_machine.travel(START, tick=False) as clock:
        Browser(app).sign_in()
        Wire(ses.client()).always(refusal(400, "SendingPausedException"))
        Browser(app).ask()
        app.play_stream()
        (row,) = operate(app, "outbox", "--json").rows
        assert (row["kind"], row["state"], row["to"]) == ("desk-sign-in", "waiting", "owner")
        kinds = {item.get("kind") for item in operate(app, "export", "everything").rows}
        assert {"sign-in", "session", "email", "cap", "caller"} <= kinds
        # They contain no personal data.
        assert operate(app, "forget", OWNER, "--yes").code == 0
        assert {"sign-in", "session"} <= {item["kind"] for item in app.items()}
        clock.shift(timedelta(hours=1))
        assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0, "dropped": 1}]
        assert operate(app, "outbox").code == 0
