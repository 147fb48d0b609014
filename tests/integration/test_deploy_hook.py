"""The deploy hook: the site is rebuilt when its public comments change, once for many changes, whatever fails."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine

from guichet.http.links import comments_link
from guichet.outbox import deploy_hook
from guichet.store import outbox
from notifier import handler
from tests.support.app import START, App, resolve
from tests.support.desk import Browser
from tests.support.discussion import Discussion
from tests.support.hook import Host, host, status, trust

PAGE = "/articles/bonjour/"


@pytest.fixture
def at_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    with host(tmp_path) as known:
        trust(monkeypatch, known)
        yield known


@pytest.fixture
def site(at_host: Host) -> Iterator[Discussion]:
    """Return the discussion on a site with a hook. The clock is frozen until a test moves it."""
    with time_machine.travel(START, tick=False) as clock:
        discussion = Discussion(App(resolve(DeployHookUrl=at_host.url)))
        discussion.clock = clock
        yield discussion


def pass_by(site: Discussion, **much: float) -> None:
    """Let time pass, then run the stream and a sweep."""
    site.clock.shift(timedelta(**much))
    site.app.play_stream()
    site.app.sweep()


def row_of(app: App) -> dict[str, Any]:
    (row,) = [item for item in app.items("email") if item["name"] == "deploy-hook"]
    return row


@pytest.mark.medium
def test_many_approvals_within_a_short_time_are_one_post_without_anything_of_them(
    site: Discussion, at_host: Host
) -> None:
    ids = [site.post(PAGE, f"Visitor's words {number}") for number in range(5)]
    for one in ids:
        site.approve(one)
        site.app.play_stream()
    assert at_host.got == []

    pass_by(site, minutes=15)
    pass_by(site, minutes=15)

    ((method, path, headers, body),) = at_host.got
    assert (method, path, body) == ("POST", "/hooks/secret-1?b=2", b"{}")
    assert headers["content-type"] == "application/json"
    assert "Visitor" not in json.dumps(headers)
    assert "sent_at" in row_of(site.app)


@pytest.mark.medium
@pytest.mark.parametrize("change", ["withdraw", "delete"])
def test_what_is_withdrawn_or_deleted_is_built_away_too(site: Discussion, at_host: Host, change: str) -> None:
    one, pending = site.say(PAGE, "Un"), site.post(PAGE, "Deux")
    pass_by(site, minutes=15)
    assert len(at_host.got) == 1

    # Nobody saw this one.
    getattr(site, change)(pending)
    pass_by(site, minutes=15)
    assert len(at_host.got) == 1

    getattr(site, change)(one)
    pass_by(site, minutes=15)
    assert len(at_host.got) == 2


def by_author(site: Discussion) -> None:
    """Press the button on the page behind a comment author's link."""
    until = START + timedelta(days=1)
    secret = site.settings.signing_secret
    link = dict(parse_qsl(urlsplit(comments_link("", "anne@reader.example", "en", secret, until)).query))
    assert site.app.post("/comments/mine/delete", data={**link, "comment": "all"}).status_code == 200


def by_owner(site: Discussion) -> None:
    """Have the author erased at the desk."""
    desk = Browser(site.app).signed_in()
    (comment,) = site.app.items("comment")
    page = desk.get(f"people?comment={comment['id']}")
    desk.press(page, "Erase everything", confirmation="anne@reader.example")


@pytest.mark.medium
@pytest.mark.parametrize("erase", [by_author, by_owner])
def test_what_its_author_deletes_or_is_erased_is_built_away_too(
    site: Discussion, at_host: Host, erase: Callable[[Discussion], None]
) -> None:
    site.say(PAGE, "Un")
    pass_by(site, minutes=15)
    assert len(at_host.got) == 1
    erase(site)
    pass_by(site, minutes=15)
    pass_by(site, minutes=15)
    assert site.app.items("comment") == []
    assert len(at_host.got) == 2


@pytest.mark.slow
def test_an_approval_every_minute_does_not_put_the_build_off(site: Discussion, at_host: Host) -> None:
    for number in range(30):
        site.say(PAGE, str(number))
        pass_by(site, minutes=1)
    assert 5 <= len(at_host.got) <= 15


def test_without_a_hook_nothing_is_queued(app: App) -> None:
    discussion = Discussion(app)
    discussion.say(PAGE, "Un")
    assert all(item["name"] != "deploy-hook" for item in app.items("email"))


@pytest.mark.slow
def test_an_outage_delays_the_build_and_the_owner_reads_why(
    site: Discussion, at_host: Host, written: Callable[[], str]
) -> None:
    site.say(PAGE, "Un")
    at_host.answer = status(503)
    for _ in range(8):
        pass_by(site, minutes=15)
    assert len(at_host.got) >= 8
    log = written()
    assert '"DeployHookUnanswered"' in log
    # Its address is a secret.
    assert "secret-1" not in log
    assert "secret-1" not in json.dumps(site.app.items(), default=str)
    shown = Browser(site.app, language="en").signed_in().get("outbox").text
    assert "Request to rebuild the site" in shown
    assert "To the host of your site" in shown
    assert "The deploy hook of your site did not take the call." in shown
    assert "the deploy hook answered 503" in shown
    assert "n’a pas pris l’appel" in Browser(site.app, language="fr").signed_in().get("outbox").text
    # Its age rings the alarm of the outbox.
    ages = [json.loads(line)["OldestQueuedAge"] for line in log.splitlines() if '"OldestQueuedAge"' in line]
    assert max(map(_number, ages)) > 1800

    tried = len(at_host.got)
    at_host.answer = status(201)
    pass_by(site, minutes=15)
    pass_by(site, minutes=15)
    assert len(at_host.got) == tried + 1
    assert "DeployHookSent" in written()


def _number(value: Any) -> float:
    return float(value[0] if isinstance(value, list) else value)


@pytest.mark.slow
def test_it_is_given_up_a_day_after_the_last_change_and_the_owner_is_told(
    site: Discussion, at_host: Host, written: Callable[[], str]
) -> None:
    site.say(PAGE, "Un")
    at_host.answer = status(404)
    for _ in range(23):
        pass_by(site, hours=1)
    assert "outbox" in row_of(site.app)
    written()
    pass_by(site, hours=1)
    row = row_of(site.app)
    assert ("outbox" in row, row["reason"]) == (False, "the deploy hook answered 404")
    log = written()
    assert '"DeployHookFailed"' in log
    # The alarm of emails that failed for good rings.
    assert '"EmailFailed"' in log
    tried = len(at_host.got)
    pass_by(site, hours=1)
    assert len(at_host.got) == tried

    browser = Browser(site.app, language="en").signed_in()
    shown = browser.get("outbox")
    assert "the deploy hook answered 404" in shown.text
    at_host.answer = status(200)
    browser.press(shown, "Send it again")
    pass_by(site, minutes=15)
    assert len(at_host.got) == tried + 1
    assert "sent_at" in row_of(site.app)


@pytest.mark.medium
def test_a_change_after_it_was_given_up_or_done_is_built(site: Discussion, at_host: Host) -> None:
    site.say(PAGE, "Un")
    at_host.answer = status(500)
    pass_by(site, hours=25)
    assert "failed_at" in row_of(site.app)
    assert outbox.failed("table", 10)[0]
    at_host.answer = status(200)
    site.say(PAGE, "Deux")
    row = row_of(site.app)
    assert not {"failed_at", "reason", "list"} & row.keys()
    pass_by(site, minutes=15)
    assert len(at_host.got) == 2


@pytest.mark.medium
def test_a_change_during_the_call_is_followed_by_another_call(site: Discussion, at_host: Host) -> None:
    site.say(PAGE, "Un")
    late = site.post(PAGE, "Deux")

    def approves_meanwhile(handler: BaseHTTPRequestHandler) -> None:
        if len(at_host.got) == 1:
            site.approve(late)
        status(200)(handler)

    at_host.answer = approves_meanwhile
    pass_by(site, minutes=15)
    pass_by(site, minutes=15)
    pass_by(site, minutes=15)
    assert len(at_host.got) == 2


@pytest.mark.medium
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(site: Discussion, at_host: Host, tmp_path: Path, code: int) -> None:
    (tmp_path / "other").mkdir()
    with host(tmp_path / "other", "/elsewhere") as other:
        at_host.answer = status(code, location=other.url)
        site.say(PAGE, "Un")
        pass_by(site, minutes=15)
        assert other.got == []
    at_host.answer = status(code, location=at_host.url.replace("https:", "http:"))
    pass_by(site, minutes=15)
    assert row_of(site.app)["waits_for"] == f"the deploy hook answered {code}"


@pytest.mark.medium
def test_a_host_without_a_valid_certificate_is_not_called(
    site: Discussion, at_host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    site.say(PAGE, "Un")
    pass_by(site, minutes=15)
    assert at_host.got == []
    assert row_of(site.app)["waits_for"].startswith("the deploy hook has no valid certificate")


def _drips(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.mark.medium
@pytest.mark.parametrize(
    "answer",
    [
        lambda _: time.sleep(2),
        _drips,
        lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"),
        lambda handler: handler.connection.close(),
    ],
    ids=["silent", "dripping", "no http", "closing"],
)
def test_a_host_that_does_not_answer_holds_nothing_up(
    site: Discussion, at_host: Host, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setattr(deploy_hook, "_STEP", 0.3)
    monkeypatch.setattr(deploy_hook, "_LONGEST", 0.6)
    at_host.answer = answer
    site.say(PAGE, "Un")
    site.app.post("/contact", data={"email": "a@reader.example", "message": "Bonjour"})
    site.clock.shift(timedelta(minutes=15))
    began = time.perf_counter()
    site.app.sweep()
    assert time.perf_counter() - began < 2
    assert row_of(site.app)["waits_for"].startswith("the deploy hook did not answer")
    # All emails went out.
    assert [item["name"] for item in site.app.items("email") if "outbox" in item] == ["deploy-hook"]


@pytest.mark.medium
def test_nobody_listening_is_an_outage() -> None:
    assert deploy_hook.call("https://127.0.0.1:9/") == "the deploy hook did not answer: ConnectionRefusedError"
    assert deploy_hook.call("https://no-such-host.invalid/") == "the deploy hook did not answer: gaierror"


@pytest.mark.medium
def test_a_hook_that_was_taken_away_is_no_longer_owed(site: Discussion, at_host: Host) -> None:
    site.say(PAGE, "Un")
    # Deployed without it.
    app, at = App(resolve()), START + timedelta(minutes=15)
    handler.settings.cache_clear()
    with time_machine.travel(at, tick=False):
        app.sweep()
    assert at_host.got == []
    assert row_of(app)["reason"] == "DeployHookUrl is empty"
    assert "outbox" not in row_of(app)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.host.example/hook",
        "https://user:word@host.example/",
        "https://Host.example/",
        "https://host.example/#x",
        "https://host.example/ x",
        "https://host.example:99999/",
        "ftp://host.example/",
        "https:///x",
        "javascript:alert(1)",
    ],
)
def test_only_a_plain_https_address_is_taken(url: str) -> None:
    with pytest.raises(Exception, match="DeployHookUrl"):
        resolve(DeployHookUrl=url)
