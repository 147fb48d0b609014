"""The owner's links in notification emails: what they lead to, what their buttons do, and for whom they do nothing."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from werkzeug.test import TestResponse

from guichet.records.record import utc_now
from guichet.store import dynamodb, erasure, submissions
from tests.support.app import START, App, isolated, resolve
from tests.support.newsletter import READER, local, open_link, press, subscribe
from tests.support.wire import Wire, refusal, unreachable

LINK = re.compile(r"https://api\.example/owner/(\w+)\?[^\s\"'<>]+")


def notified(app: App, **fields: str) -> None:
    app.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour", **fields})
    app.play_stream()


def links(mail: EmailMessage, kind: str = "plain") -> dict[str, str]:
    body = mail.get_body((kind,))
    assert body is not None
    return {found[1]: found[0] for found in LINK.finditer(unescape(body.get_content()))}


def owners(app: App) -> list[EmailMessage]:
    return [mail for mail in app.mails() if mail["To"] == "owner@atelier.example"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_notification_has_both_links_in_text_and_html_and_they_are_the_same(
    make_app: Callable[..., App], language: str
) -> None:
    app = make_app(DefaultLanguage=language)
    notified(app)
    subscribe(app)
    told, subscribed = owners(app)
    assert set(links(told)) == {"spam", "erase"}
    assert set(links(subscribed)) == {"erase"}
    for mail in (told, subscribed):
        assert links(mail) == links(mail, "html")
    page = open_link(app, links(told)["spam"])
    assert {"fr": "C’est du spam", "en": "This is spam"}[language] in unescape(page.text)


@pytest.mark.parametrize("action", ["spam", "erase"])
def test_a_page_of_the_owner_changes_nothing(app: App, action: str) -> None:
    notified(app)
    before = app.items()
    for _ in range(2):
        page = open_link(app, links(owners(app)[0])[action])
        assert page.status_code == 200
        assert page.text.count("<button") == 1
    assert app.items() == before


def test_the_button_files_a_message_as_spam_for_thirty_days_and_says_so_again(app: App) -> None:
    with time_machine.travel(START):
        notified(app)
    with time_machine.travel(START + timedelta(days=1), tick=False):
        page = open_link(app, links(owners(app)[0])["spam"])
        for _ in range(2):
            assert "dossier de spam" in press(app, page).text
            (item,) = app.items("message")
            assert (item["spam"], item["list"]) == ("owner", "spam#2026-11-23")
            assert int(item["expires_at"]) == int((START + timedelta(days=31)).timestamp())


def test_a_message_filed_before_it_was_mailed_is_not_mailed(app: App) -> None:
    notified(app)
    link = links(owners(app)[0])["spam"]
    app.post("/contact", json={"email": "zoe@example.org", "message": "Encore"})
    other = next(item for item in app.items("message") if item["message"] == "Encore")
    message = submissions.message("table", other["id"])
    assert message is not None
    submissions.mark_spam("table", message, utc_now())
    assert app.sweep() == {"dropped": 1}
    assert link


def test_a_message_filed_before_it_was_acknowledged_is_not_acknowledged(make_app: Callable[..., App]) -> None:
    app = make_app(Acknowledge="on")
    app.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour"})
    (item,) = app.items("message")
    message = submissions.message("table", item["id"])
    assert message is not None
    submissions.mark_spam("table", message, utc_now())
    # The owner's email and the visitor's.
    assert app.sweep() == {"dropped": 2}
    assert app.mails() == []


def test_the_button_erases_the_person_and_pressed_again_finds_nothing(app: App) -> None:
    notified(app, message="Secret words")
    notified(app, message="Other secret words")
    notified(app, email="other@example.org", message="I know Zoe@Example.org")
    page = open_link(app, links(owners(app)[0])["erase"])
    assert "ne conserve plus rien" in press(app, page).text
    assert "Ce lien ne mène plus à rien" in press(app, page).text
    left = str(app.items()).lower()
    assert "zoe@example.org" not in left
    assert "secret" not in left
    assert "i know [erased]" in left
    assert len(app.items("message")) == 1


def test_a_subscriber_is_erased_by_the_link_in_the_email_that_tells_of_them(app: App) -> None:
    subscribe(app)
    page = open_link(app, links(owners(app)[0])["erase"])
    for _ in range(2):
        assert press(app, page).status_code == 200
    assert READER not in str(app.items())
    assert [item["state"] for item in app.items("subscriber")] == ["unsubscribed"]


@pytest.mark.slow
@pytest.mark.parametrize("by", ["message", "subscriber"])
def test_what_takes_longer_than_the_page_may_goes_on_by_itself_and_its_end_is_mailed(
    app: App, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    if by == "subscriber":
        subscribe(app)
    notified(app, email=READER, message="Secret words")
    for number in range(40):
        message = {"email": f"other{number}@example.org", "message": f"I know {READER}"}
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        assert app.post("/contact", json=message, environ_overrides=caller).status_code == 200
    app.sweep()
    page = open_link(app, links(owners(app)[0])["erase"])
    with monkeypatch.context() as patch:
        patch.setattr("owner.handler._TIME_TO_ERASE", -1.0)
        unfinished = press(app, page)
        assert "poursuit l’effacement" in unescape(unfinished.text)
        # To press again asks for the same once.
        assert press(app, page).text == unfinished.text
    assert len(app.items("erasure")) == 1
    # Each time it stops after a while, and goes on from there.
    scans = limited(monkeypatch)
    before = len(app.mails())
    app.play_stream()
    assert len(app.mails()) == before
    with time_machine.travel(utc_now() + timedelta(minutes=2)):
        for _ in range(5):
            app.sweep()
    assert scans["pages"] > 4
    (told,) = app.mails()[before:]
    assert "est terminé" in told["Subject"]
    assert READER not in told.as_string()
    left = str(app.items()).lower()
    assert READER not in left
    assert "secret" not in left
    assert left.count("i know [erased]") == 40
    assert {item["state"] for item in app.items("subscriber")} == ({"unsubscribed"} if by == "subscriber" else set())
    assert app.items("erasure")[0]["done_at"]


def limited(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Let a scan have small pages, and an erasure stop after each second one. Return how many there were."""
    scans = {"pages": 0}
    call = dynamodb.call

    def few(operation: str, **parameters: Any) -> Any:
        if operation != "scan":
            return call(operation, **parameters)
        scans["pages"] += 1
        return call(operation, **parameters, Limit=20)

    in_time = erasure._in_time  # noqa: SLF001

    def soon_over(until: float | None) -> None:
        if until is not None and scans["pages"] % 2 == 0 and scans["pages"] != scans.get("stopped"):
            scans["stopped"] = scans["pages"]
            raise erasure.NotFinishedError
        in_time(until)

    monkeypatch.setattr(dynamodb, "call", few)
    monkeypatch.setattr(erasure, "_in_time", soon_over)
    return scans


def test_an_erasure_that_does_not_end_keeps_no_email_from_going_out_and_ends_some_day(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        notified(app)
        page = open_link(app, links(owners(app)[0])["erase"])
        with monkeypatch.context() as patch:
            patch.setattr("owner.handler._TIME_TO_ERASE", -1.0)
            press(app, page)
        # As much time as one erasure takes, again and again; and then that is up for the sweep.
        patch_time = iter([True] * 5)
        with monkeypatch.context() as patch:
            patch.setattr("guichet.outbox.delivery.TIME_TO_ERASE", -1.0)
            patch.setattr("guichet.outbox.sweep.has_time", lambda _: next(patch_time, False))
            clock.shift(timedelta(minutes=2))
            assert app.sweep() == {"erasing": 1}
            app.post("/contact", json={"email": "later@example.org", "message": "Encore"})
            app.play_stream()
        assert owners(app)[-1]["Reply-To"] == "later@example.org"
        clock.shift(timedelta(days=31))
        assert app.sweep() == {"dropped": 1}


def test_an_erasure_whose_function_is_killed_goes_on_by_itself(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        """The function does not come back."""

    def kill(*_: Any, **__: Any) -> None:
        raise KilledError

    notified(app, message="Secret words")
    page = open_link(app, links(owners(app)[0])["erase"])
    with monkeypatch.context() as patch:
        patch.setattr("owner.handler.erase", kill)
        with pytest.raises(KilledError):
            press(app, page)
    # At first it is the page's alone.
    assert app.sweep() == {}
    assert "secret" in str(app.items()).lower()
    with time_machine.travel(utc_now() + timedelta(minutes=2)):
        assert app.sweep() == {"sent": 1}
    assert "secret" not in str(app.items()).lower()
    assert "zoe@" not in str(app.items())


def test_where_the_table_takes_nothing_the_page_has_its_button(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    notified(app)
    page = open_link(app, links(owners(app)[0])["erase"])
    monkeypatch.setattr("owner.handler._TIME_TO_ERASE", -1.0)
    wire = Wire(dynamodb.client())
    # What the page is for is read; then nothing is.
    wire.plan(lambda _: None)
    wire.always(unreachable)
    unfinished = press(app, page)
    assert "Ce n’est pas fini" in unescape(unfinished.text)
    assert "guichet forget" in unfinished.text
    wire.always(None)
    monkeypatch.undo()
    assert "ne conserve plus rien" in press(app, unfinished).text


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "fr",
            {
                "subscribed": "Cette adresse est abonnée",
                "not subscribed": "Cette adresse n’est pas abonnée",
                "unwanted": "Utilisez le lien «\xa0C’est du spam\xa0»",
            },
        ),
        (
            "en",
            {
                "subscribed": "This address is subscribed",
                "not subscribed": "This address is not subscribed",
                "unwanted": "Use the link “This is spam”",
            },
        ),
    ],
)
def test_the_page_says_whose_address_is_erased_and_whether_it_is_a_subscribers(
    make_app: Callable[..., App], language: str, words: dict[str, str]
) -> None:
    app = make_app(DefaultLanguage=language)
    notified(app, message="Secret words", name="Zoé")
    subscribe(app, name="Secret Name")
    # A message with the address of a subscriber, who may not have written it.
    notified(app, email=READER.upper(), message="Buy this")
    ours, subscribed, unwanted = (unescape(open_link(app, links(mail)["erase"]).text) for mail in owners(app))
    for page, address, said in (
        (ours, "zoe@example.org", {"not subscribed", "unwanted"}),
        (subscribed, READER, {"subscribed"}),
        (unwanted, READER.upper().replace("EXAMPLE.ORG", "example.org"), {"subscribed", "unwanted"}),
    ):
        # No more than the address that a reply to that email goes to, and nothing that anybody wrote.
        assert re.findall(r"[\w.]+@[\w.]+\w", page) == [address]
        assert {name for name, text in words.items() if text in page} == said
        for wrote in ("Secret", "Buy", "Zoé"):
            assert wrote not in page
    app.post(local(str(subscriber_mail(app)["List-Unsubscribe"]).strip("<>")))
    assert words["not subscribed"] in unescape(open_link(app, links(owners(app)[1])["erase"]).text)


def subscriber_mail(app: App) -> EmailMessage:
    return next(mail for mail in app.mails() if mail["List-Unsubscribe"])


def test_a_page_of_who_is_gone_has_no_button(app: App) -> None:
    notified(app)
    link = links(owners(app)[0])["erase"]
    press(app, open_link(app, link))
    page = open_link(app, link)
    assert page.status_code == 200
    assert "<button" not in page.text
    assert "Ce lien ne mène plus à rien" in page.text


def failing_from(number: int, wire: Wire) -> Callable[[Any], Any]:
    """Return what refuses all writes from one on, as if the function had ended there."""

    def answer(request: Any) -> Any:
        writes = [one for one in wire.operations if one in ("UpdateItem", "DeleteItem")]
        stopped = wire.operations[-1] in ("UpdateItem", "DeleteItem") and len(writes) >= number
        return refusal(400, "ValidationException")(request) if stopped else None

    return answer


@pytest.mark.slow
@pytest.mark.parametrize("by", ["message", "subscriber"])
def test_an_erasure_that_stops_at_any_write_is_finished_by_the_next_press(by: str) -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        with isolated():
            app = App(resolve())
            subscribe(app, name="Secret Name")
            notified(app, email=READER, message="Secret words")
            notified(app, email=READER, message="More secret words")
            notified(app, email="other@example.org", message=f"I know {READER}")
            mails = [mail for mail in owners(app) if READER in mail.as_string()]
            page = open_link(app, links(mails[1 if by == "message" else 0])["erase"])
            wire = Wire(dynamodb.client())
            wire.always(failing_from(number, wire))
            first = press(app, page)
            wire.always(None)
            finished = first.status_code == 200
            if not finished:
                assert first.status_code == 503
                assert "ne conserve plus rien" in press(app, page).text, number
            left = str(app.items()).lower()
            assert READER not in left, number
            assert "secret" not in left, number
            assert [item["state"] for item in app.items("subscriber")] == ["unsubscribed"]
    # The mention, two messages with a row each, the subscription with two, the request with one, counts of two emails.
    assert number > 10


def test_a_link_whose_record_is_gone_does_not_say_that_nothing_is_held(app: App) -> None:
    with time_machine.travel(START):
        notified(app)
        notified(app, message="Another")
        first, second = (links(mail) for mail in owners(app))
        (gone,) = [item for item in app.items("message") if item["id"] in first["erase"]]
        dynamodb.call("delete_item", TableName="table", Key=dynamodb.marshalled({"pk": gone["pk"], "sk": gone["sk"]}))
    with time_machine.travel(START + timedelta(days=6)):
        replies = [app.post(local(first["erase"])) for _ in range(2)]
        assert len(app.items("message")) == 1
        for reply in replies:
            assert reply.status_code == 200
            assert "ne conserve plus rien" not in reply.text
            assert "le lien d’un autre email" in unescape(reply.text)
        press(app, open_link(app, second["erase"]))
        assert app.items("message") == []


def test_a_call_that_is_refused_for_a_while_does_not_end_an_erasure(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    notified(app)
    page = open_link(app, links(owners(app)[0])["erase"])
    clock, late = time.monotonic, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock() + late[0])

    def slow(_request: Any) -> None:
        # As long as any other function has patience.
        late[0] += dynamodb.RETRY_BUDGET

    Wire(dynamodb.client()).plan(slow, *[refusal(400, "ThrottlingException")] * 2)
    assert "ne conserve plus rien" in press(app, page).text
    assert app.items("message") == []


def test_a_table_that_does_not_answer_is_told_as_not_finished(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    notified(app)
    page = open_link(app, links(owners(app)[0])["erase"])
    monkeypatch.setattr("owner.handler._TIME_TO_ERASE", 0.1)
    wire = Wire(dynamodb.client())
    wire.always(unreachable)
    unfinished = press(app, page)
    assert "Ce n’est pas fini" in unescape(unfinished.text)
    wire.always(None)
    monkeypatch.undo()
    assert "ne conserve plus rien" in press(app, unfinished).text


def test_the_page_is_answered_before_the_gateway_gives_up() -> None:
    from owner.handler import _TIME_TO_ERASE  # noqa: PLC0415

    longest = _TIME_TO_ERASE + dynamodb.CONNECT_TIMEOUT + dynamodb.READ_TIMEOUT
    assert longest + 2 < resolve().functions["Owner"].timeout < 30


def asked(app: App, link: str) -> tuple[TestResponse, TestResponse]:
    """Open a link, and post to it, as its button does."""
    return app.http.get(local(link)), app.http.post(local(link))


def test_a_link_of_one_purpose_is_none_of_the_other(app: App) -> None:
    notified(app)
    notified(app, message="Another")
    first, second = (links(mail) for mail in owners(app))
    token = re.compile(r"token=[^&]+")
    id_ = re.compile(r"\bid=[^&]+")
    before = app.items()
    for link in (
        first["spam"].replace("/spam?", "/erase?"),
        first["erase"].replace("/erase?", "/spam?"),
        token.sub(str(token.findall(second["spam"])[0]), first["spam"]),
        id_.sub(str(id_.findall(second["erase"])[0]), first["erase"]),
        first["erase"].replace("kind=message", "kind=subscriber"),
        re.sub(r"expires=\d+", "expires=4102444800", first["erase"]),
        token.sub("token=", first["erase"]),
        "https://api.example/owner/erase",
    ):
        assert [reply.status_code for reply in asked(app, link)] == [403, 403], link
    assert app.items() == before


def test_a_link_ends_within_eight_days(app: App) -> None:
    with time_machine.travel(START):
        notified(app)
        subscribe(app)
        told, subscribed = (links(mail) for mail in owners(app))
    for link in (told["spam"], told["erase"], subscribed["erase"]):
        until = datetime.fromtimestamp(int(dict(parse_qsl(urlsplit(link).query))["expires"]), UTC)
        assert timedelta(days=7) <= until - START <= timedelta(days=8)
        with time_machine.travel(until - timedelta(seconds=5)):
            assert app.http.get(local(link)).status_code == 200
        with time_machine.travel(until + timedelta(seconds=5)):
            replies = asked(app, link)
            assert [reply.status_code for reply in replies] == [410, 410]
            assert "il a expiré, ou ce à quoi il menait a été effacé" in unescape(replies[0].text)


def test_a_message_that_is_erased_cannot_be_filed(app: App) -> None:
    notified(app)
    found = links(owners(app)[0])
    spam = open_link(app, found["spam"])
    press(app, open_link(app, found["erase"]))
    assert press(app, spam).status_code == 410
    assert app.items("message") == []
