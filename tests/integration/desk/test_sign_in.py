"""Signing in at the desk: by a code or a link from an email, in the browser that asked for it."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import Client

from desk import access
from desk.browsers import browser_name
from desk.sign_in import PER_HOUR
from guichet.locales import LANGUAGES
from guichet.mail import ses
from guichet.records.sign_in import MOST_TRIES
from guichet.signing import code as code_of
from guichet.signing import spaced, subscriber_id, token, typed_code
from guichet.store import dynamodb
from guichet.store.limits import DESK_MAIL_PER_DAY, Pool
from infra.local.functions import routes
from infra.local.gateway import Gateway
from tests.support.app import PARAMETERS, START, App
from tests.support.contact import contact
from tests.support.desk import HOST, ORIGIN, OWNER, Browser, code_and_link, deploy, forms_of
from tests.support.feedback import taken, tell
from tests.support.site_forms import site_forms
from tests.support.wire import Wire, refusal, unanswered

SECRET = PARAMETERS["SigningSecret"]
TWO = {"OwnerEmail": "owner@atelier.example,second@atelier.example"}
SECOND = "second@atelier.example"
IN = "__Host-guichet-desk"
ASKED = "__Host-guichet-desk-sign-in"
KNOWN = "__Host-guichet-desk-known"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def mailed(app: App) -> tuple[str, str]:
    """Send the queued emails, and return the code and the link of the last one."""
    app.play_stream()
    return code_and_link(app.mails()[-1])


def is_in(browser: Browser) -> bool:
    return browser.get("settings").status_code == 200


def sent_to(app: App) -> list[str]:
    return [mail["To"] for mail in app.mails()]


def rows(app: App) -> list[dict[str, Any]]:
    return [item for item in app.items("email") if item["name"] == "desk-sign-in"]


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("by", ["code", "link"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_owner_signs_in_and_gets_to_the_page_that_they_wanted(app: App, by: Any, language: str) -> None:
    browser = Browser(app, language=language)
    wanted = browser.get("sessions?told=ended")
    page = browser.follow(wanted)
    (form,) = forms_of(page)
    assert form["fields"] == {"next": "sessions", "address": ""}
    asked = browser.follow(browser.post(form["action"], {**form["fields"], "address": " Owner@ATELIER.example "}))
    assert not is_in(browser)
    code, link = mailed(app)
    (mail,) = app.mails()
    assert mail["To"] == OWNER
    assert code not in mail["Subject"]
    body = mail.get_body(("plain",))
    assert body is not None
    said = {"fr": "quelqu’un a saisi cette adresse", "en": "somebody typed this address"}
    assert said[language] in body.get_content()
    if by == "code":
        (form,) = forms_of(asked)
        reply = browser.post(form["action"], {"code": code})
    else:
        (form,) = forms_of(browser.get(link))
        reply = browser.post(form["action"], form["fields"])
    assert (reply.status_code, reply.headers["Location"]) == (303, f"{ORIGIN}/desk/sessions")
    there = browser.follow(reply)
    assert there.status_code == 200
    assert f"{OWNER}</p>" in there.text
    assert ASKED not in browser.cookies
    # Nothing stays in a mail program or a cache.
    for each in (wanted, page, asked, reply, there):
        assert each.headers["Cache-Control"] == "no-store"
        assert each.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}


def told(app: App, address: str) -> list[Any]:
    """Request a sign-in and type wrong codes; return everything the requester sees, and everything that was done."""
    wire, browser = Wire(dynamodb.client()), Browser(app)
    steps = [browser.post("sign-in", {"address": address, "next": "messages", "remember": "yes"})]
    steps.append(browser.get("sign-in/code"))
    # After the email has gone out, or has not.
    app.play_stream()
    from_here = len(wire.bodies)
    steps += [browser.post("sign-in/code", {"code": "AAAA-AAAA"}) for _ in range(MOST_TRIES + 2)]
    asked = browser.cookies[ASKED].partition(".")[0]
    steps.append(browser.get(f"sign-in/link?id={asked}&token=x"))
    asking = list(zip(wire.operations[:1], map(len, wire.bodies[:1]), strict=True))
    typing = list(zip(wire.operations[from_here:], map(len, wire.bodies[from_here:]), strict=True))
    seen = [(step.status_code, re.sub(r"[0-9a-f]{32}\.[^.]{43}", "…", str(step.headers)), step.data) for step in steps]
    return [seen, asking, typing]


@pytest.mark.medium
@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("address", ["nobody@elsewhere.xx", "owner@atelier.exampl", "guichet@atelier.exampl"])
def test_words_status_headers_and_work_are_the_same_for_every_address(
    make_app: Callable[..., App], address: str
) -> None:
    with time_machine.travel(START, tick=False):
        of_owner = told(make_app(), OWNER)
        other = told(make_app(), address)
    assert of_owner == other
    seen, asking, typing = of_owner
    assert [operation for operation, _ in asking] == ["TransactWriteItems"]
    assert [operation for operation, _ in typing] == ["UpdateItem"] * (MOST_TRIES + 2)
    assert [status for status, *_ in seen] == [303, 200, *[422] * (MOST_TRIES - 1), 403, 403, 403, 403]


@pytest.mark.medium
def test_only_the_address_that_was_typed_is_mailed_and_only_if_it_is_an_owners(
    make_app: Callable[..., App], tmp_path: Path
) -> None:
    app = make_app(**TWO)
    with site_forms(tmp_path / "forms"):
        for address in ("devis@example.org", "grands@example.org", "nobody@example.org", "owner@atelier.exampl"):
            Browser(app).ask(address)
        app.play_stream()
        app.sweep()
        assert app.mails() == []
        assert {row["reason"] for row in rows(app)} == {"the address that was typed is not the owner's"}
        Browser(app).ask(SECOND)
        app.play_stream()
        app.sweep()
    assert sent_to(app) == [SECOND]
    # SES's event settles it only for this owner.
    tell(app, "delivery", address=SECOND)
    assert not [row for row in rows(app) if "outbox" in row]


def test_an_address_that_is_none_is_said_to_be_none_and_nothing_is_stored(app: App) -> None:
    for language, sentence in (("en", "This is not an email address"), ("fr", "Ce n’est pas une adresse email")):
        reply = Browser(app, language=language).post("sign-in", {"address": '"><b>x', "next": "outbox"})
        assert reply.status_code == 422
        assert sentence in reply.text
        assert 'aria-invalid="true"' in reply.text
        (form,) = forms_of(reply)
        assert form["fields"] == {"next": "outbox", "address": '"><b>x'}
        assert "<b>x" not in reply.text
    assert app.items() == []


@pytest.mark.medium
def test_nothing_that_a_stranger_typed_or_sent_is_stored_or_mailed(app: App) -> None:
    browser = Browser(app)
    words = "call-us-at-555"
    browser.post(
        "sign-in",
        {"address": f"{words}@example.org", "next": f"messages?form={words}", "remember": words, words: words},
        **{"User-Agent": f"{words} Firefox/1 Windows {words}", "X-Forwarded-For": words},
    )
    browser.post(
        "sign-in", {"address": OWNER, "next": f"messages?form={words}"}, **{"User-Agent": f"{words} Firefox/1"}
    )
    app.play_stream()
    assert words not in json.dumps(app.items())
    assert "203.0.113" not in json.dumps(app.items())
    (mail,) = app.mails()
    text = str(mail)
    assert words not in text
    assert "With: Firefox" in text


@pytest.mark.medium
@pytest.mark.parametrize("by", ["code", "link"])
def test_a_scanner_that_opens_every_link_of_the_email_first_changes_nothing(app: App, by: str) -> None:
    browser, scanner = Browser(app), Browser(app, "192.0.2.66")
    browser.ask()
    code, link = mailed(app)
    (mail,) = app.mails()
    html = mail.get_body(("html",))
    assert html is not None
    links = {*re.findall(r"https?://[^\s\"<]+", html.get_content()), link}
    before = app.items()
    for _ in range(3):
        for one in links:
            if one.startswith(ORIGIN):
                assert scanner.get(one).status_code == 403
    # It may even have the owner's cookies.
    scanner.cookies = dict(browser.cookies)
    assert scanner.get(link).status_code == 200
    assert app.items() == before
    assert not is_in(scanner)
    if by == "code":
        browser.post("sign-in/code", {"code": code})
    else:
        (form,) = forms_of(browser.get(link))
        browser.post(form["action"], form["fields"])
    assert is_in(browser)


@pytest.mark.medium
def test_a_stolen_link_or_code_is_worth_nothing_in_another_browser_and_tells_nothing(app: App) -> None:
    browser, thief, other_thief = Browser(app), Browser(app, "192.0.2.66"), Browser(app, "192.0.2.67")
    browser.ask()
    code, link = mailed(app)
    # One has asked for the same owner, and has a cookie of its own.
    other_thief.ask()
    wrong = re.sub(r"token=...", "token=xxx", link)
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    pages = set()
    for who in (thief, other_thief):
        for one in (link, wrong, f"{ORIGIN}/desk/sign-in/link", re.sub("id=...", "id=xxx", link)):
            reply = who.get(one)
            pages.add((reply.status_code, reply.text))
        for posted in (fields, {**fields, "token": "x"}, {"id": "x", "token": "y"}, {"a": "b"}):
            reply = who.post("sign-in/link", posted)
            pages.add((reply.status_code, reply.text))
    ((status, text),) = pages
    assert status == 403
    assert "works only in the browser where it was asked for" in text
    assert thief.post("sign-in/code", {"code": code}).status_code == 403
    assert other_thief.post("sign-in/code", {"code": code}).status_code == 422
    assert app.items("session") == []
    # A cookie of another request, or with another secret, does not help.
    mine = browser.cookies[ASKED]
    for forged in (
        mine.partition(".")[0] + ".x",
        mine[:40] + "A" * 36 + ".",
        mine.replace(".", "~"),
        "~~~",
        "x" * 5000,
    ):
        thief.cookies = {ASKED: forged}
        assert thief.post("sign-in/link", fields).status_code == 403
        assert thief.post("sign-in/code", {"code": code}).status_code in {403, 422}
    assert app.items("session") == []
    browser.post("sign-in/code", {"code": code})
    assert is_in(browser)


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("by", ["code", "link"])
def test_it_works_once_and_for_15_minutes_from_sending(app: App, by: str) -> None:
    with time_machine.travel(START, tick=False) as clock:

        def enter(browser: Browser, code: str, link: str) -> int:
            if by == "code":
                return browser.post("sign-in/code", {"code": code}).status_code
            fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
            shown = browser.get(link).status_code
            entered = browser.post("sign-in/link", fields).status_code
            assert (shown, entered) in {(200, 303), (403, 403)}
            return entered

        for after, works in ((timedelta(minutes=14, seconds=59), True), (timedelta(minutes=15), False)):
            browser = Browser(app)
            browser.ask()
            # It counts from sending.
            clock.shift(timedelta(minutes=14))
            code, link = mailed(app)
            before = dict(browser.cookies)
            clock.shift(after)
            assert (enter(browser, code, link) == 303) is works
            assert is_in(browser) is works
            # Once.
            again = Browser(app)
            again.cookies = before
            assert enter(again, code, link) in {403, 422}
            assert not is_in(again)


@pytest.mark.medium
def test_a_code_has_five_tries_which_are_counted_before_it_is_compared(app: App) -> None:
    browser = Browser(app)
    browser.ask()
    code, link = mailed(app)
    # Input that cannot be a code does not count as an attempt.
    for typed in ("", "12", "AAAA-AAA!", "AAAA-AAAAA"):
        reply = browser.post("sign-in/code", {"code": typed, "x": "y"})
        assert reply.status_code == 422
        assert "eight letters and digits" in reply.text
    for left in range(MOST_TRIES - 1, 0, -1):
        reply = browser.post("sign-in/code", {"code": "AAAA-AAAA"})
        assert f"Attempts left: {left}." in reply.text
        assert forms_of(reply)[0]["fields"] == {"code": "AAAA-AAAA"}
    assert browser.post("sign-in/code", {"code": "AAAA-AAAA"}).status_code == 403
    assert browser.post("sign-in/code", {"code": code}).status_code == 403
    assert not is_in(browser)
    # Even an attempt whose response was lost counts.
    other = Browser(app)
    other.ask()
    code, link = mailed(app)
    wire = Wire(dynamodb.client())
    wire.plan(unanswered)
    other.post("sign-in/code", {"code": "AAAA-AAAA"})
    (request,) = [item for item in app.items("sign-in") if item["id"] in link]
    assert int(request["tries"]) == 2


def test_the_code_of_a_request_that_was_never_mailed_does_not_work(app: App) -> None:
    """So guesses are limited by the emails of a day, no matter how many networks ask."""
    browser = Browser(app)
    browser.ask()
    (request,) = app.items("sign-in")
    reply = browser.post("sign-in/code", {"code": code_of(SECRET, "sign-in", request["id"])})
    assert reply.status_code == 422
    link = f"sign-in/link?id={request['id']}&token={token(SECRET, 'desk-link', request['id'], None)}"
    assert browser.get(link).status_code == 403
    assert app.items("session") == []


@pytest.mark.medium
@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**40 - 1), st.data())
def test_a_code_is_taken_however_it_is_typed(number: int, data: st.DataObject) -> None:
    code = code_of(SECRET, "sign-in", str(number))
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{8}", code)
    shown = spaced(code)
    assert shown == f"{code[:4]}-{code[4:]}"
    alike = {"0": "0oO", "1": "1iIlL", "V": "VvUu"}
    typed = "".join(data.draw(st.sampled_from(alike.get(one, one + one.lower()))) for one in code)
    between = data.draw(st.sampled_from(["", "-", " ", " - ", "\u2011", "\u00a0", "–"]))
    wide = "".join(chr(ord(one) + 0xFEE0) for one in typed)
    for text in (f" {typed[:4]}{between}{typed[4:]}\n", wide):
        assert typed_code(text) == code


@pytest.mark.medium
@settings(deadline=None)
@given(st.text(max_size=30))
def test_whatever_is_typed_for_a_code_is_one_or_none(text: str) -> None:
    assert re.fullmatch("|[0-9A-HJKMNP-TV-Z]{8}", typed_code(text))


@pytest.mark.medium
def test_an_email_that_comes_too_late_is_dropped(app: App) -> None:
    late = "it would come too late: ask again"
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(400, "SendingPausedException"))
        browser = Browser(app)
        browser.ask()
        app.play_stream()
        clock.shift(timedelta(minutes=14))
        app.sweep()
        wire.always(None)
        clock.shift(timedelta(minutes=1))
        app.sweep()
        assert app.mails() == []
        (row,) = rows(app)
        assert row["reason"] == late
        # One that may have gone out is not sent again, and its code works if it did.
        wire.always(unanswered)
        browser.ask()
        app.play_stream()
        wire.always(None)
        (mail,) = app.mails()
        code, _ = code_and_link(mail)
        for _ in range(5):
            clock.shift(timedelta(minutes=3))
            app.sweep()
        assert len(app.mails()) == 1
        clock.shift(timedelta(hours=2))
        app.sweep()
        assert len(app.mails()) == 1
        assert {row["reason"] for row in rows(app)} == {late}
        assert browser.post("sign-in/code", {"code": code}).status_code == 422


@pytest.mark.medium
def test_an_email_that_was_put_off_counts_from_when_it_is_sent(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(400, "SendingPausedException"))
        browser = Browser(app)
        browser.ask()
        app.play_stream()
        wire.always(None)
        clock.shift(timedelta(minutes=14))
        app.sweep()
        (mail,) = app.mails()
        clock.shift(timedelta(minutes=14))
        browser.post("sign-in/code", {"code": code_and_link(mail)[0]})
        assert is_in(browser)
    # It was counted once.
    assert [int(item["counted"]) for item in app.items("cap")] == [1, 1]


@pytest.mark.medium
def test_what_waits_for_the_owners_mailbox_is_dropped_once_it_is_mended(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        contact(app)
        app.play_stream()
        tell(app, "bounce-permanent")
        Browser(app).ask()
        app.play_stream()
        (row,) = rows(app)
        assert row["outbox"] == "held"
        clock.shift(timedelta(days=1, hours=1))
        app.sweep()
        tell(app, "delivery", taken()[-1])
        app.sweep()
        app.sweep()
    (row,) = rows(app)
    assert row["reason"] == "it would come too late: ask again"
    assert not any("desk/sign-in/link" in str(mail) for mail in app.mails())


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize("remember", [True, False])
def test_cookies_are_for_this_host_and_no_script(app: App, scheme: str, remember: bool) -> None:  # noqa: FBT001
    base, prefix = f"{scheme}://{HOST}", "__Host-" if scheme == "https" else ""
    http = Client(Gateway(routes(app.functions), app.stack.cors), use_cookies=False)

    def post(page: str, cookie: str, **data: str) -> list[str]:
        headers = {"Origin": base, "Cookie": cookie, "X-Forwarded-Proto": scheme, "Accept": "text/html"}
        reply = http.post(f"/desk/{page}", data=data, headers=headers, base_url=base)
        assert reply.status_code == 303
        assert reply.headers["Location"].startswith(f"{base}/desk")
        return list(reply.headers.getlist("Set-Cookie"))

    always = {"Path=/", "HttpOnly", "SameSite=Lax", *(["Secure"] if prefix else [])}
    (asked,) = post("sign-in", "", address=OWNER, **({"remember": "yes"} if remember else {}))
    value, *flags = asked.split("; ")
    assert value.startswith(f"{prefix}guichet-desk-sign-in=")
    assert {*flags} == always | {"Max-Age=3600"}
    code, link = mailed(app)
    assert link.startswith(f"{base}/desk/")
    entered = post("sign-in/code", value, code=code)
    lasts = {"Max-Age=2592000"} if remember else set()
    expected = {
        f"{prefix}guichet-desk": lasts,
        f"{prefix}guichet-desk-known": {f"Max-Age={400 * 24 * 3600}"},
        f"{prefix}guichet-desk-sign-in": {"Max-Age=0"},
    }
    got = {one.split("=")[0]: {*one.split("; ")[1:]} for one in entered}
    assert got == {name: always | more for name, more in expected.items()}
    session = next(one.split("; ")[0] for one in entered if one.startswith(f"{prefix}guichet-desk="))
    (left,) = post("sessions/sign-out", session)
    assert {*left.split("; ")} == always | {f"{prefix}guichet-desk=", "Max-Age=0"}
    # The stored data cannot open a session.
    assert session.partition("=")[2] not in json.dumps(app.items())
    ends = (access.REMEMBERED_FOR if remember else access.SESSION_LASTS).total_seconds()
    assert ends == (30 * 24 if remember else 12) * 3600


@pytest.mark.medium
def test_signing_in_makes_a_new_session_and_ends_the_one_before(app: App) -> None:
    browser, old = Browser(app).signed_in(), Browser(app)
    old.cookies = dict(browser.cookies)
    assert is_in(old)
    browser.sign_in()
    assert is_in(browser)
    assert browser.cookies[IN] != old.cookies[IN]
    assert not is_in(old)
    # A value planted by somebody else is worthless afterwards.
    victim = Browser(app)
    victim.cookies[IN] = "planted"
    victim.sign_in()
    thief = Browser(app)
    thief.cookies[IN] = "planted"
    assert is_in(victim)
    assert not is_in(thief)


BAD_NEXT = [
    "//evil.example", "https://evil.example", "/\\evil.example", "\\evil", "@evil.example", "../x", "a/../b", ".evil",
    "a?x=//evil.example", "a?x=%2F", "javascript:x", "a#b", "a\nb", "sign-in", "sign-in/link?id=x", "a?", "a?b", "A",
    "a//b", "a b", "a?x=" + "y" * 300,
]  # fmt: skip


@pytest.mark.medium
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.one_of(st.text(max_size=60), st.from_regex(r"[/\\:.@a-z?=&%#-]{1,30}")))
def test_next_leads_to_pages_of_the_desk_alone(text: str) -> None:
    page = access.next_of(text)
    assert page in {"", text}
    target = urlsplit(f"{ORIGIN}/desk/{page}")
    assert (target.scheme, target.netloc, target.fragment) == ("https", HOST, "")
    assert ".." not in target.path
    assert not re.search(r"[\s\\%;,\"~]", page)


@pytest.mark.parametrize("text", BAD_NEXT)
def test_what_is_no_page_of_the_desk_is_no_next(text: str) -> None:
    assert access.next_of(text) == ""


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("text", BAD_NEXT[:6])
def test_a_hostile_next_is_left_out_wherever_it_comes_from(app: App, text: str) -> None:
    browser = Browser(app)
    page = browser.get(f"sign-in?{'&'.join(['next=' + re.sub('[^a-z]', lambda c: f'%{ord(c[0]):02X}', text)])}")
    assert forms_of(page)[0]["fields"]["next"] == ""
    browser.post("sign-in", {"address": OWNER, "next": text})
    code, _ = mailed(app)
    browser.cookies[ASKED] += text
    reply = browser.post("sign-in/code", {"code": code})
    assert reply.headers["Location"] == f"{ORIGIN}/desk"


@pytest.mark.medium
def test_filters_of_a_list_are_kept_and_words_of_a_search_are_not(app: App) -> None:
    browser = Browser(app)
    reply = browser.get("messages?form=contact&search=a@example.org&told=erased&day=2026-11-23")
    next_page = parse_qs(urlsplit(reply.headers["Location"]).query)["next"]
    assert next_page == ["messages?form=contact&day=2026-11-23"]
    assert browser.sign_in(next=next_page[0]).request.url == f"{ORIGIN}/desk/{next_page[0]}"


@pytest.mark.slow
def test_strangers_who_ask_all_day_use_up_their_own_emails_and_the_owner_gets_in(make_app: Callable[..., App]) -> None:
    app = make_app(**TWO)
    with time_machine.travel(START) as clock:
        at_home = Browser(app, "198.51.100.9")
        at_home.sign_in()
        assert at_home.follow(at_home.post("sessions/sign-out")).status_code == 200
        for network in range(8):
            # A network is wider than an address.
            for number in range(12):
                Browser(app, f"203.0.{network}.{number}").post("sign-in", {"address": OWNER})
            app.play_stream()
        sent = [mail["To"] for mail in app.mails()][1:]
        first = Pool(DESK_MAIL_PER_DAY, 1).share
        assert first * 5 <= len(sent) < DESK_MAIL_PER_DAY
        reasons = {row.get("reason") for row in rows(app)} - {None}
        assert reasons == {"its network has asked to sign in as this owner too often today"}
        for network in range(8, 90):
            Browser(app, f"203.0.{network}.7").post("sign-in", {"address": OWNER})
        app.play_stream()
        assert len(app.mails()) == DESK_MAIL_PER_DAY
        new_laptop = Browser(app, "192.0.2.200")
        new_laptop.ask()
        app.play_stream()
        assert len(app.mails()) == DESK_MAIL_PER_DAY
        # A browser that this owner has signed in with has its own pool of emails, and so has another owner.
        at_home.sign_in()
        assert is_in(at_home)
        second = Browser(app, "192.0.2.201")
        second.sign_in(SECOND)
        assert is_in(second)
        # It is known only to this owner.
        at_home.ask(SECOND)
        (of_second,) = [item for item in app.items("sign-in") if item.get("known") is True]
        assert of_second["owner"] == subscriber_id(SECRET, OWNER)
        clock.shift(timedelta(days=1))
        new_laptop.sign_in()
        assert is_in(new_laptop)


@pytest.mark.slow
def test_beyond_the_cap_it_is_dropped_with_a_reason_that_is_logged_and_counted(
    app: App, written: Callable[[], str]
) -> None:
    for _ in range(Pool(DESK_MAIL_PER_DAY, 0).share + 2):
        Browser(app).ask()
    written()
    app.play_stream()
    lines = [json.loads(line) for line in written().splitlines()]
    assert len([line for line in lines if line.get("DeskCapReached")]) == 2
    dropped = [line for line in lines if line.get("message") == "dropped"]
    assert {line["reason"] for line in dropped} == {"its network has asked to sign in as this owner too often today"}
    assert OWNER not in json.dumps(lines)


@pytest.mark.slow
def test_a_network_asks_twenty_times_an_hour_and_a_browser_that_is_known_counts_apart(app: App) -> None:
    with time_machine.travel(START.replace(minute=50), tick=False) as clock:
        known = Browser(app)
        known.sign_in()
        known.post("sessions/sign-out")
        for number in range(PER_HOUR - 1):
            assert Browser(app).post("sign-in", {"address": f"a{number}@example.org"}).status_code == 303
        before = len(app.items())
        refused = Browser(app).post("sign-in", {"address": OWNER, "next": "outbox"})
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "600")
        assert "Try again in 10 min" in refused.text
        assert forms_of(refused)[0]["fields"] == {"next": "outbox", "address": OWNER}
        assert len(app.items()) == before
        # The same for every address, and the forms of the site are open.
        other = Browser(app).post("sign-in", {"address": "owner@atelier.exampl0", "next": "outbox"})
        assert other.text.replace("owner@atelier.exampl0", OWNER) == refused.text
        contact(app)
        known.sign_in()
        assert is_in(known)
        clock.shift(timedelta(minutes=10))
        assert Browser(app).post("sign-in", {"address": OWNER}).status_code == 303


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"{ORIGIN}:444", "http://api.example"])
@pytest.mark.parametrize("page", ["sign-in", "sign-in/code", "sign-in/link", "sessions/sign-out"])
def test_another_sites_page_signs_nobody_in_or_out(app: App, page: str, origin: str | None) -> None:
    browser = Browser(app).signed_in()
    browser.ask()
    code, link = mailed(app)
    before = app.items()
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    headers = {"Origin": origin} if origin else {"Origin": ""}
    reply = browser.post(page, {**fields, "code": code, "address": OWNER}, **headers)
    assert reply.status_code == 403
    assert "Set-Cookie" not in reply.headers
    assert app.items() == before


@pytest.mark.medium
def test_the_page_for_the_code_goes_on_once_the_link_has_signed_in(app: App) -> None:
    browser = Browser(app)
    browser.sign_in(by="link")
    reply = browser.get("sign-in/code")
    assert (reply.status_code, reply.headers["location"]) == (303, f"{ORIGIN}/desk")
    assert is_in(browser)
    browser.cookies.clear()
    assert browser.get("sign-in/code").status_code == 403


@pytest.mark.medium
def test_whoever_asks_twice_in_one_browser_may_use_either_email(app: App) -> None:
    browser = Browser(app)
    browser.ask(next="outbox")
    first, first_link = mailed(app)
    browser.ask(next="settings")
    second, _ = mailed(app)
    assert first != second
    assert browser.get(first_link).status_code == 200
    reply = browser.post("sign-in/code", {"code": first})
    assert reply.headers["Location"] == f"{ORIGIN}/desk/outbox"
    assert is_in(browser)
    # The other one is finished.
    assert browser.post("sign-in/code", {"code": second}).status_code == 403
    # At most three at once, each with five attempts.
    browser = Browser(app, "198.51.100.1")
    for _ in range(5):
        browser.ask("nobody@example.org")
    assert browser.cookies[ASKED].count("~") == 2
    statuses = [browser.post("sign-in/code", {"code": "AAAA-AAAA"}).status_code for _ in range(MOST_TRIES + 1)]
    assert statuses == [422] * (MOST_TRIES - 1) + [403] * 2
    assert sorted(int(item.get("tries", 0)) for item in app.items("sign-in")) == [0, 0, 1, 1, 5, 5, 5]


@pytest.mark.parametrize(("language", "said"), [("en", "keeps no cookies"), ("fr", "ne conserve pas les cookies")])
def test_a_browser_without_cookies_is_told_so(app: App, language: str, said: str) -> None:
    browser = Browser(app, language=language)
    reply = browser.post("sign-in", {"address": OWNER})
    browser.cookies.clear()
    page = browser.follow(reply)
    assert page.status_code == 403
    assert said in page.text
    posted = browser.post("sign-in/code", {"code": "AAAA-AAAA"})
    assert posted.status_code == 403
    assert said in posted.text


@pytest.mark.medium
def test_who_is_no_owner_any_more_gets_no_email_and_does_not_get_in(make_app: Callable[..., App]) -> None:
    app = make_app(**TWO)
    browser, inside, waiting = Browser(app), Browser(app), Browser(app)
    inside.sign_in(SECOND)
    browser.ask(SECOND)
    code, link = mailed(app)
    waiting.ask(SECOND)
    deploy(OWNER_EMAIL=OWNER)
    assert inside.get("settings").status_code == 303
    assert browser.get(link).status_code == 403
    fields = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert browser.post("sign-in/link", fields).status_code == 403
    assert browser.post("sign-in/code", {"code": code}).status_code == 422
    assert not is_in(browser)
    before = len(app.mails())
    app.play_stream()
    assert len(app.mails()) == before
    deploy(OWNER_EMAIL=f"{OWNER},{SECOND}")
    assert is_in(inside)


def test_the_link_keeps_the_host_that_the_browser_used_and_no_header_changes_it(app: App) -> None:
    seen = []
    desk = app.functions["Desk"]

    def at_other_host(event: dict[str, Any]) -> Any:
        event["requestContext"]["domainName"] = "abc.execute-api.example"
        event["headers"] |= {"origin": "https://abc.execute-api.example", "host": "evil.example"}
        event["headers"] |= {"x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
        seen.append(event["requestContext"]["domainName"])
        return desk(event)

    http = Client(Gateway(dict.fromkeys(desk.function.routes, at_other_host), {}), use_cookies=False)
    reply = http.post("/desk/sign-in", data={"address": OWNER}, base_url=ORIGIN)
    assert reply.headers["Location"] == "https://abc.execute-api.example/desk/sign-in/code"
    _, link = mailed(app)
    assert link.startswith("https://abc.execute-api.example/desk/sign-in/link?")
    assert seen


@pytest.mark.medium
def test_two_owners_have_sessions_of_their_own(make_app: Callable[..., App]) -> None:
    app = make_app(**TWO)
    one, two = Browser(app), Browser(app)
    one.sign_in()
    two.sign_in(SECOND, by="link", next="sessions")
    assert OWNER in one.get("sessions").text
    assert SECOND not in one.get("sessions").text
    assert SECOND in two.get("sessions").text
    # In one browser, the later session replaces the earlier one, and both owners are known.
    one.sign_in(SECOND)
    assert SECOND in one.get("sessions").text
    one.post("sessions/sign-out")
    one.ask(OWNER)
    one.ask(SECOND)
    assert [item.get("known") for item in app.items("sign-in")].count(True) == 2


def test_a_forged_or_foreign_known_cookie_is_a_strangers(app: App) -> None:
    owner = subscriber_id(SECRET, OWNER)
    for value in (
        "x",
        owner,
        token("x" * 32, "desk-known", owner, None),
        token(SECRET, "desk-form", owner, None),
        "é.",
    ):
        browser = Browser(app)
        browser.cookies[KNOWN] = value
        browser.ask()
    assert not [item for item in app.items("sign-in") if "known" in item]


@pytest.mark.medium
def test_logs_hold_neither_code_nor_link_nor_address(app: App, written: Callable[[], str]) -> None:
    browser = Browser(app)
    browser.ask()
    code, link = mailed(app)
    browser.post("sign-in/code", {"code": "AAAA-AAAA"})
    browser.post("sign-in/code", {"code": code})
    log = written()
    assert "signed in" in log
    for secret in (code, code.replace("-", ""), link.partition("token=")[2], OWNER, *browser.cookies.values()):
        assert secret not in log
    assert "AAAA" not in log


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1", "Safari, iPhone"),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8) Chrome/126.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.5 Safari/605.1.15", "Safari, macOS"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_browsers_are_named_in_our_words(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name
