"""The desk's pages of the subscribers: by state, one of them, what can be done, and their lists as files."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
import time_machine
from botocore.awsrequest import AWSResponse
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from desk import fresh_code, subscribers, subscribers_file
from guichet.http.links import unsubscribe_link
from guichet.locales import Language
from guichet.mail import ses
from guichet.records.record import utc_now
from guichet.records.subscriber import Imported, Leaving, State, Subscriber
from guichet.signing import subscriber_id
from guichet.store import dynamodb, subscriber_lists, table
from guichet.store import subscribers as stored
from guichet.store.erasure import Person, erase
from infra.local import engine
from infra.operate import exporting
from tests.support import many
from tests.support.app import START, App, isolated, resolve
from tests.support.desk import Browser, code_and_link, forms_of
from tests.support.newsletter import READER, SECRET, sign_up, subscribe, subscriber
from tests.support.states import bring_to
from tests.support.wire import Wire, refusal, unreachable

READER_ID = subscriber_id(SECRET, READER)
ONE = f"subscribers/{READER_ID}"
SUPPRESSED = ("bounced", "complained", "blocked")
NOT_CONFIRMED = [state for state in get_args(State) if state != "confirmed"]


def lift(app: App) -> None:
    bring_to(app, "blocked")
    stored.lift("table", READER_ID, utc_now(), timedelta(days=30))


def into(app: App, state: str) -> None:
    lift(app) if state == "lifted" else bring_to(app, state)


def units(calls: list[dict[str, Any]]) -> float:
    """Return the read units that calls took, by DynamoDB's own rule: half a unit for 4 KB, eventually consistent."""
    return float(sum(call["units"] for call in calls))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Return the reads of the table from now on: operation and capacity units."""
    made: list[dict[str, Any]] = []
    call = dynamodb.call

    def counted(operation: str, **parameters: Any) -> dict[str, Any]:
        answer = call(operation, **parameters)
        assert operation != "scan"
        if operation in {"get_item", "query", "batch_get_item"}:
            consistent = parameters.get("ConsistentRead", False)
            made.append({"operation": operation, "units": _units(operation, answer, parameters, consistent=consistent)})
        return answer

    monkeypatch.setattr(dynamodb, "call", counted)
    return made


def _units(operation: str, answer: dict[str, Any], parameters: dict[str, Any], *, consistent: bool) -> float:
    """Return what a read costs (AWS: "DynamoDB read and write operations"): a query by its sum, others by the item."""
    if operation == "query":
        # moto does not report it for counts: an item has about 250 bytes in the index.
        size = 250 * answer["ScannedCount"] if parameters.get("Select") == "COUNT" else sum(map(_size, answer["Items"]))
        total = -(-max(size, 1) // 4096)
    elif operation == "get_item":
        total = -(-max(_size(answer.get("Item", {})), 1) // 4096)
    else:
        found = [item for items in answer["Responses"].values() for item in items]
        total = sum(-(-_size(item) // 4096) for item in found)
    return total if consistent else total / 2


def _size(item: dict[str, Any]) -> int:
    return len(json.dumps(item))


# --- lists ------------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_with_nobody_each_list_says_so_and_what_to_do(app: App) -> None:
    for language in ("en", "fr"):
        browser = Browser(app, language=language).signed_in()
        titles = set()
        for state in get_args(State):
            page = browser.get(f"subscribers?state={state}")
            assert page.status_code == 200
            assert "<table" not in page.text
            titles.add(re.findall("<h1>(.*)</h1>", page.text)[0])
        assert len(titles) == len(get_args(State))
    assert "sign-up form" in Browser(app).signed_in().get("subscribers").text


@pytest.mark.medium
@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("state", get_args(State))
def test_each_state_has_its_list_and_only_where_it_is_kept_the_address(app: App, state: str) -> None:
    into(app, state)
    browser = Browser(app).signed_in()
    for other in get_args(State):
        page = browser.get(f"subscribers?state={other}")
        assert (ONE in page.text) is (other == state)
    page = browser.get(f"subscribers?state={state}")
    assert "In this list: 1." in page.text
    kept = state in {"confirmed", "unsubscribed"}
    assert (READER in page.text) is kept
    assert (f"Entry {READER_ID[:8]}" in page.text) is not kept
    one = browser.get(ONE)
    assert one.status_code == 200
    assert (READER in one.text) is kept


@pytest.mark.medium
def test_an_erased_one_is_in_the_list_without_the_address_and_an_expired_one_in_none(app: App) -> None:
    with time_machine.travel(START, tick=False):
        subscribe(app)
        erase("table", Person(READER, SECRET), timedelta(days=30))
        browser = Browser(app).signed_in()
        page = browser.get("subscribers?state=unsubscribed")
        assert f"Entry {READER_ID[:8]}" in page.text
        one = browser.get(ONE).text
        assert "The record was erased with the address." in one
        assert "people?subscriber" not in one
    # It is still there: DynamoDB deletes late.
    with time_machine.travel(START + timedelta(days=31), tick=False):
        assert app.items("subscriber")
        browser = Browser(app).signed_in()
        assert ONE not in browser.get("subscribers?state=unsubscribed").text
        assert browser.get(ONE).status_code == 404


@pytest.mark.medium
def test_a_long_list_goes_on_in_both_directions_and_misses_nobody(app: App) -> None:
    many.subscribe(range(120), START)
    wanted = sorted(subscriber_id(SECRET, many.address(number)) for number in range(120))
    browser = Browser(app).signed_in()

    def ids(page: TestResponse) -> list[str]:
        return re.findall(r"/desk/subscribers/([0-9a-f]{32})\"", page.text)

    def link(page: TestResponse, rel: str) -> str:
        found = re.findall(f'<a rel="{rel}" href="([^"]+)"', page.text)
        return str(found[0]) if found else ""

    first = browser.get("subscribers")
    assert "In this list: 120." in first.text
    assert not link(first, "prev")
    second = browser.get(link(first, "next"))
    third = browser.get(link(second, "next"))
    assert [*ids(first), *ids(second), *ids(third)] == wanted
    assert [len(ids(page)) for page in (first, second, third)] == [50, 50, 20]
    assert not link(third, "next")
    assert ids(browser.get(link(third, "prev"))) == ids(second)
    back = browser.get(link(browser.get(link(third, "prev")), "prev"))
    assert ids(back) == ids(first)
    assert not link(back, "prev")


def test_a_page_of_which_all_have_expired_is_passed_over(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscribers, "_PER_PAGE", 2)
    ids = [f"{number:032x}" for number in range(6)]
    with time_machine.travel(START, tick=False):
        for number, one in enumerate(ids):
            gone = table.seconds(START) + (3600 if number in {0, 5} else -3600)
            many.put(
                {
                    **table.key(Subscriber, one),
                    "kind": "subscriber",
                    "id": one,
                    "state": "unsubscribed",
                    "list": "subscribers#unsubscribed",
                    "expires_at": gone,
                }
            )
        browser = Browser(app).signed_in()
        page = browser.get(f"subscribers?state=unsubscribed&after={ids[1]}")
        assert ids[5] in page.text
        page = browser.get(f"subscribers?state=unsubscribed&before={ids[4]}")
        assert f"subscribers/{ids[0]}" in page.text


@pytest.mark.medium
@pytest.mark.parametrize("way", ["after", "before"])
def test_a_page_that_everybody_has_left_does_not_say_that_the_list_is_empty(app: App, way: str) -> None:
    sign_up(app)
    subscribe(app)
    browser = Browser(app).signed_in()
    end = "f" * 32 if way == "after" else "0" * 32
    page = browser.get(f"subscribers?{way}={end}").text
    assert "Nobody is on this page of the list any more." in page
    assert "Nobody is subscribed yet" not in page


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("query", ["state=nonsense", "after=x", "before=%00", "after=" + "g" * 32, "state="])
def test_a_query_that_makes_no_sense_shows_the_first_page(app: App, query: str) -> None:
    subscribe(app)
    page = Browser(app).signed_in().get(f"subscribers?{query}")
    assert page.status_code == 200
    assert READER in page.text


# --- finding one ------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_a_typed_address_leads_to_its_page_and_gets_into_no_url(app: App, written: Callable[[], str]) -> None:
    subscribe(app)
    browser = Browser(app).signed_in()
    written()
    found = browser.post("subscribers/find", _token(browser, address=" Reader@EXAMPLE.org "))
    assert found.status_code == 303
    assert urlsplit(found.headers["Location"]).path == f"/desk/{ONE}"
    assert "eader" not in found.headers["Location"]
    assert "eader" not in written()


@pytest.mark.medium
def test_an_address_that_is_not_known_or_none_is_told_where_it_was_typed(app: App) -> None:
    # It has signed up, but not confirmed.
    sign_up(app, email="asked@example.org")
    browser = Browser(app).signed_in()
    unknown = browser.press(browser.get("subscribers"), "Find", address="asked@example.org")
    assert unknown.status_code == 200
    assert "never confirmed" in unknown.text
    assert "Block this address?" in browser.press(unknown, "Block it, so that nobody can sign it up").text
    wrong = browser.press(browser.get("subscribers"), "Find", address="no <b>address</b>")
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    assert 'value="no &lt;b&gt;address&lt;/b&gt;"' in wrong.text


@pytest.mark.slow
@given(typed=st.text(max_size=60) | st.emails() | st.text(max_size=20).map("<script>{}</script>".format))
@how(max_examples=25, suppress_health_check=list(HealthCheck), deadline=None)
def test_whatever_is_typed_is_text_and_gets_an_answer(typed: str) -> None:
    with isolated():
        browser = Browser(App(resolve())).signed_in()
        for page in ("find", "block"):
            reply = browser.post(f"subscribers/{page}", _token(browser, address=typed))
            assert reply.status_code in {200, 422}
            assert "<script" not in reply.text


def _token(browser: Browser, **fields: str) -> dict[str, str]:
    return {"token": forms_of(browser.get("sessions"))[-1]["fields"]["token"], **fields}


# --- one subscriber ---------------------------------------------------------------------------------------------------


@pytest.mark.medium
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["showed this wording", "Version of the wording: 1", "The form had been posted on", "French|Français"]),
        ("fr", ["affichait ce texte", "Version du texte\xa0: 1", "Le formulaire avait été envoyé le", "Français"]),
    ],
)
def test_the_record_of_consent_is_told_in_words(make_app: Any, language: str, said: list[str]) -> None:
    app = make_app(KeepCallerAddress="true")
    subscribe(
        app, name="Anne <b>", source="https://atelier.example/a?b=<script>", consent="I agree <i>", _language="fr"
    )
    page = Browser(app, language=language).signed_in().get(ONE).text
    for words in said:
        assert re.search(words, page)
    assert '<blockquote lang="fr" dir="auto">J’accepte de recevoir la newsletter' in page
    # What a stranger wrote is text, in a separate quote.
    assert '<blockquote dir="auto">https://atelier.example/a?b=&lt;script&gt;</blockquote>' in page
    assert '<blockquote dir="auto">I agree &lt;i&gt;</blockquote>' in page
    assert '<dd dir="auto">Anne &lt;b&gt;</dd>' in page
    assert page.count("203.0.113.7") or page.count("127.0.0.1")
    assert "people?subscriber=" + READER_ID in page


def test_the_whole_history_is_told_imports_leaving_and_resuming_included(app: App) -> None:
    imported = Imported(event="imported", at=START, statement="At the fair", consented_at=START, source="fair <2026>")
    one = Subscriber(id=READER_ID, state="confirmed", email=READER, confirmed_at=START, history=(imported,))
    stored.add_imported("table", one)
    with time_machine.travel(START + timedelta(days=1)):
        app.post(unsubscribe_link("", READER_ID, "fr", SECRET))
        stored.resume("table", READER_ID, utc_now(), utc_now() - timedelta(minutes=5))
    page = Browser(app).signed_in().get(ONE).text
    assert [page.index(words) for words in ("Imported by you", ">Unsubscribed<", "Undid unsubscribing")] == sorted(
        page.index(words) for words in ("Imported by you", ">Unsubscribed<", "Undid unsubscribing")
    )
    assert '<blockquote dir="auto">At the fair</blockquote>' in page
    assert "fair &lt;2026&gt;" in page


@pytest.mark.parametrize(("language", "words"), [("en", "According to a file"), ("fr", "Selon un fichier")])
def test_who_left_another_list_is_told_with_the_file_that_says_so(app: App, language: Language, words: str) -> None:
    leaving = Leaving(
        event="unsubscribed", at=START, file="désinscrits <2024>.csv", left_there_at=START, statement="Our old tool"
    )
    left = Subscriber(
        id=READER_ID, state="unsubscribed", email=READER, language=language, left_at=START, history=(leaving,)
    )
    stored.add_left("table", left, timedelta(days=30))
    page = Browser(app, language=language).signed_in().get(ONE).text
    assert words in page
    assert '<blockquote dir="auto">désinscrits &lt;2024&gt;.csv</blockquote>' in page
    assert '<blockquote dir="auto">Our old tool</blockquote>' in page
    # It was not through one of our links.
    assert "by their mail program" not in page
    assert "logiciel de messagerie" not in page


@pytest.mark.medium
def test_soft_bounces_are_counted(app: App) -> None:
    subscribe(app)
    assert "came back" not in Browser(app).signed_in().get(ONE).text
    for claim in ("a", "b"):
        stored.count_soft_bounce("table", READER_ID, claim, START)
    page = Browser(app).signed_in().get(ONE).text
    assert "since the last delivery: 2. At 5, mail to it ends." in page


@pytest.mark.parametrize("page", ["x", "A" * 32, READER, f"{'0' * 32}", f"{'0' * 32}/unsubscribe", "x/block", "y/lift"])
def test_what_is_not_there_is_404(app: App, page: str) -> None:
    browser = Browser(app).signed_in()
    assert browser.get(f"subscribers/{page}").status_code == 404
    if "/" in page:
        assert browser.post(f"subscribers/{page}", _token(browser)).status_code == 404


# --- changes ----------------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_somebody_is_unsubscribed_after_a_page_that_says_what_that_does(app: App, written: Callable[[], str]) -> None:
    subscribe(app)
    browser = Browser(app).signed_in()
    before = app.items()
    sure = browser.get(f"{ONE}/unsubscribe")
    assert "may sign up again at any time" in sure.text
    assert "1,095 more days" in sure.text
    assert app.items() == before
    written()
    done = browser.press(sure, "Unsubscribe")
    assert "The address is unsubscribed." in done.text
    assert (subscriber(app)["state"], subscriber(app)["list"]) == ("unsubscribed", "subscribers#unsubscribed")
    log = written()
    assert READER_ID in log
    assert READER not in log
    # The page is still open in another tab.
    again = browser.press(sure, "Unsubscribe")
    assert "Nothing was changed" in again.text
    assert "Nothing was changed" in browser.follow(browser.get(f"{ONE}/unsubscribe")).text


@pytest.mark.medium
def test_of_a_blocked_one_nothing_but_the_hash_is_left(app: App) -> None:
    subscribe(app, name="Anne")
    browser = Browser(app, language="fr").signed_in()
    sure = browser.get(f"{ONE}/block")
    assert "C’est irréversible." in sure.text
    done = browser.press(sure, "Bloquer")
    assert "L’adresse est bloquée." in done.text
    item = subscriber(app)
    assert item["state"] == "blocked"
    assert not {"email", "name", "language", "confirmed_at"} & set(item)
    assert READER not in json.dumps(item)


@pytest.mark.medium
def test_an_address_that_is_not_known_is_blocked_after_a_second_page(app: App, written: Callable[[], str]) -> None:
    browser = Browser(app).signed_in()
    wrong = browser.press(browser.get("subscribers/block"), "Continue", address="nobody")
    assert wrong.status_code == 422
    assert 'value="nobody"' in wrong.text
    sure = browser.press(browser.get("subscribers/block"), "Continue", address="Reader@example.org")
    assert "Reader@example.org" in sure.text
    assert "in no list yet" in sure.text
    assert app.items("subscriber") == []
    written()
    assert "The address is blocked." in browser.press(sure, "Block").text
    assert "eader@" not in written()
    assert subscriber(app)["state"] == "blocked"
    sign_up(app)
    assert [mail for mail in app.mails() if mail["To"] == READER] == []
    again = browser.press(browser.get("subscribers/block"), "Continue", address=READER)
    assert "Nothing was changed" in again.text


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("state", SUPPRESSED)
def test_a_suppressed_address_is_lifted_by_typing_it_at_ses_too(app: App, state: str) -> None:
    bring_to(app, state)
    account = engine.client("sesv2")
    account.put_suppressed_destination(EmailAddress=READER, Reason="BOUNCE")
    browser = Browser(app).signed_in()
    assert f"{ONE}/unsubscribe" not in browser.get(ONE).text
    sure = browser.get(f"{ONE}/lift")
    for typed, said in (("nobody", "not an email address"), ("other@example.org", "not the address of this entry")):
        wrong = browser.press(sure, "Lift", address=typed)
        assert wrong.status_code == 422
        assert said in wrong.text
        assert f'value="{typed}"' in wrong.text
        assert subscriber(app)["state"] == state
    Wire(ses.client()).plan(refusal(503, "ServiceUnavailable"))
    down = browser.press(sure, "Lift", address=READER)
    assert (down.status_code, subscriber(app)["state"]) == (503, state)
    assert "The address may sign up again." in browser.press(sure, "Lift", address="READER@example.org").text
    assert subscriber(app)["state"] == "lifted"
    with pytest.raises(account.exceptions.NotFoundException):
        account.get_suppressed_destination(EmailAddress=READER)
    assert "Nothing was changed" in browser.press(sure, "Lift", address=READER).text
    with time_machine.travel(utc_now() + timedelta(hours=1)):
        subscribe(app)
    assert subscriber(app)["state"] == "confirmed"


@pytest.mark.medium
def test_no_page_changes_anything_and_no_button_works_from_elsewhere(app: App) -> None:
    subscribe(app)
    browser = Browser(app).signed_in()
    before = app.items("subscriber")
    for page in (
        "",
        "/block",
        "/file",
        "/file/code",
        f"/{READER_ID}",
        *(f"/{READER_ID}/{what}" for what in ("unsubscribe", "block", "lift")),
    ):
        browser.get(f"subscribers{page}")
    for page in (
        "find",
        "block",
        "block/sure",
        "file",
        "file/code",
        "file/download",
        f"{READER_ID}/block",
        f"{READER_ID}/unsubscribe",
    ):
        fields = {"address": READER, "state": "confirmed"}
        assert browser.post(f"subscribers/{page}", fields).status_code == 403
        assert (
            browser.post(f"subscribers/{page}", _token(browser, **fields), Origin="https://evil.example").status_code
            == 403
        )
    assert app.items("subscriber") == before
    assert Browser(app).get(ONE).status_code == 303


# --- files ------------------------------------------------------------------------------------------------------------


def opened(app: App, browser: Browser) -> TestResponse:
    """Return the page with the files, behind a fresh code."""
    asked = browser.press(browser.get("subscribers/file"), "Send me the code")
    assert "on its way" in asked.text
    app.play_stream("Notifier")
    code, _ = code_and_link(app.mails()[-1])
    return browser.press(asked, "Continue", code=code)


def fetched(browser: Browser, page: TestResponse, label: str, **headers: str) -> TestResponse:
    (form,) = [form for form in forms_of(page) if label in form["buttons"]]
    return browser.post(form["action"], form["fields"], **headers)


def _unsubscribe_url(one: Subscriber) -> str:
    return unsubscribe_link("https://api.example", one.id, one.language, SECRET)


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("zipped", [True, False])
def test_the_file_is_the_command_s_and_comes_after_a_fresh_code(app: App, *, zipped: bool) -> None:
    subscribe(app, name="=cmd|' /C calc'!A0", source="https://atelier.example/é")
    browser = Browser(app).signed_in()
    page = opened(app, browser)
    assert page.status_code == 200
    file = fetched(browser, page, "Download (Subscribed)", **{"Accept-Encoding": "gzip, br" if zipped else "identity"})
    assert file.status_code == 200
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith("attachment; filename=")
    assert file.headers["Cache-Control"] == "no-store"
    assert file.headers["Vary"] == "accept-encoding"
    assert file.headers.get("Content-Encoding") == ("gzip" if zipped else None)
    content = gzip.decompress(file.data) if zipped else file.data
    assert content.startswith(b"\xef\xbb\xbf")
    options = exporting.Options("table", "subscribers", "csv", ";", "confirmed", spam=False)
    command = io.BytesIO()
    exporting.export_to_stream(options, command, _unsubscribe_url, lambda _: None)
    assert content == command.getvalue()
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";")
    assert row["email"] == READER
    assert row["name"].startswith("'=cmd")


@pytest.mark.medium
def test_without_the_code_of_this_session_there_is_no_file(app: App) -> None:
    subscribe(app)
    with time_machine.travel(START, tick=False) as clock:
        browser = Browser(app).signed_in()
        asked = browser.press(browser.get("subscribers/file"), "Send me the code")
        app.play_stream("Notifier")
        code, _ = code_and_link(app.mails()[-1])
        wrong = browser.press(asked, "Continue", code="AAAA-AAAA")
        assert wrong.status_code == 422
        assert 'aria-invalid="true"' in wrong.text
        # Another session of the same owner has not asked.
        other = Browser(app).signed_in()
        assert other.press(other.get("subscribers/file/code"), "Continue", code=code).status_code == 422
        page = browser.press(asked, "Continue", code=code)
        assert page.status_code == 200
        # It works once.
        assert browser.press(asked, "Continue", code=code).status_code == 422
        # A form of one session's page cannot be posted in another session.
        (form,) = [form for form in forms_of(page) if "Download (Subscribed)" in form["buttons"]]
        stolen = other.post(form["action"], {**form["fields"], **_token(other)})
        assert stolen.headers["Location"].endswith("subscribers/file?told=ended")
        for changed in ({"permit": ""}, {"expires": "1999999999"}, {"expires": "x"}):
            assert browser.post(form["action"], {**form["fields"], **changed}).status_code == 303
        for changed in ({"state": "all"}, {"part": "0"}, {"part": "2"}, {"parts": "9" * 11}, {"part": "-1"}):
            assert browser.post(form["action"], {**form["fields"], **changed}).status_code == 404
        assert browser.post(form["action"], form["fields"]).status_code == 200
        clock.shift(timedelta(minutes=11))
        late = browser.post(form["action"], form["fields"])
        assert "The time for downloads is over." in browser.follow(late).text


@pytest.mark.medium
def test_a_list_too_large_for_one_response_is_divided(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    many.subscribe(range(60), START)
    browser = Browser(app).signed_in()
    page = opened(app, browser)
    monkeypatch.setattr(subscribers_file, "_MOST_BYTES", 10_000)
    plain = {"Accept-Encoding": "identity"}
    again = fetched(browser, page, "Download (Subscribed)", **plain)
    assert "was too large to be sent at once" in again.text
    parts = 2
    # Each time it is half as much.
    while (
        file := fetched(browser, again, f"Download part 1 of {parts} (Subscribed)", **plain)
    ).mimetype == "text/html":
        again, parts = file, 2 * parts
    rows: list[dict[str, str]] = []
    for part in range(1, parts + 1):
        file = fetched(browser, again, f"Download part {part} of {parts} (Subscribed)", **{"Accept-Encoding": "gzip"})
        text = gzip.decompress(file.data).decode("utf-8-sig")
        rows += csv.DictReader(io.StringIO(text), delimiter=";")
    assert sorted(row["email"] for row in rows) == sorted(map(many.address, range(60)))


@pytest.mark.medium
def test_a_call_that_fails_late_in_a_file_is_made_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    many.subscribe(range(3), START)
    browser = Browser(app).signed_in()
    page = opened(app, browser)
    # The retry budget of a page's calls is used up.
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.0)
    failed: list[str] = []

    def fails_once(request: Any) -> AWSResponse | None:
        if failed or "BatchGetItem" not in str(request.headers["X-Amz-Target"]):
            return None
        failed.append(request.url)
        return unreachable(request)

    Wire(dynamodb.client()).always(fails_once)
    file = fetched(browser, page, "Download (Subscribed)")
    assert (file.status_code, file.mimetype, len(failed)) == (200, "text/csv", 1)


@pytest.mark.medium
def test_where_all_lists_are_empty_there_is_no_file(app: App) -> None:
    page = opened(app, Browser(app).signed_in())
    assert "There is nothing to download" in page.text
    assert "Download (" not in page.text


def test_who_asks_for_many_codes_waits(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_code, "PER_HOUR", 1)
    browser = Browser(app).signed_in()
    browser.press(browser.get("subscribers/file"), "Send me the code")
    many_codes = browser.press(browser.get("subscribers/file"), "Send me the code")
    assert many_codes.status_code == 429
    assert "Wait until the hour is over" in many_codes.text


@pytest.mark.slow
@given(parts=st.integers(1, 50), ids=st.sets(st.integers(0, 16**32 - 1), max_size=12))
@how(max_examples=20, suppress_health_check=list(HealthCheck), deadline=None)
def test_the_parts_of_a_list_are_the_list(parts: int, ids: set[int]) -> None:
    with isolated():
        App(resolve())
        bounds = {number * 16**32 // parts for number in range(1, parts)}
        wanted = {f"{one:032x}" for one in ids | bounds | {0, 16**32 - 1}}
        for one in wanted:
            record = Subscriber(id=one, state="confirmed", email=READER)
            many.put(table.item_of(record, list="subscribers#confirmed"))
        found = [
            [one.id for some in subscriber_lists.part("table", "confirmed", number, parts) for one in some]
            for number in range(1, parts + 1)
        ]
        assert [one for part in found for one in part] == sorted(wanted)


# --- many -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_pages_of_a_long_list_take_few_reads_and_none_reads_the_whole_table(
    app: App, reads: list[dict[str, Any]]
) -> None:
    many.subscribe(range(600), START)
    browser = Browser(app).signed_in()
    some = subscriber_id(SECRET, many.address(0))
    page = opened(app, browser)
    token = _token(browser)
    # A page has a menu, which counts the comments that wait.
    menu = 0.5
    for path, most, posted in (
        # A page of fifty: half a unit for each, and their list; the first one counts it, too.
        (f"subscribers?after={some}", 30, None),
        ("subscribers", 30 + 600 * 250 / 8_192, None),
        (f"subscribers/{some}", 2 + menu, None),
        (f"subscribers/{some}/block", 2 + menu, None),
        ("subscribers/find", 2, {"address": many.address(0)}),
        ("subscribers/block", 2 + menu, {"address": many.address(0)}),
    ):
        reads.clear()
        reply = browser.get(path) if posted is None else browser.post(path, {**token, **posted})
        assert reply.status_code in {200, 303}
        assert units(reads) <= most, path
    reads.clear()
    file = fetched(browser, page, "Download (Subscribed)", **{"Accept-Encoding": "gzip"})
    assert len(gzip.decompress(file.data).splitlines()) == 601
    # Half a unit for each, and their list.
    assert units(reads) <= 600 * (1 / 2 + 250 / 8_192) + 2
