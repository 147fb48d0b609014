"""The owner erases a person at the desk: sees what will go, it runs in the background, and an email reports the end."""

import re
import time
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from html import unescape
from typing import Any

import pytest
import time_machine
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from guichet.records.message import Message
from guichet.store import dynamodb, erasure, table
from tests.support.app import START, App, isolated, resolve
from tests.support.contact import contact
from tests.support.desk import OWNER, Browser, forms_of
from tests.support.newsletter import READER, local, subscribe, welcome
from tests.support.site_forms import site_forms
from tests.support.threads import read, shown
from tests.support.wire import Wire, refusal, unreachable

Make = Callable[..., App]
ZOE = "zoe@example.org"


def only(app: App, **fields: str) -> str:
    """Return the id of the one message with these fields."""
    (found,) = [item for item in app.items("message") if fields.items() <= item.items()]
    return str(found["id"])


def erase(page: TestResponse, desk: Browser, typed: str, label: str = "Erase everything") -> TestResponse:
    return desk.press(page, label, confirmation=typed)


def done(app: App) -> list[EmailMessage]:
    return [mail for mail in app.mails() if "is complete" in mail["Subject"] or "est terminé" in mail["Subject"]]


def text_of(page: TestResponse) -> str:
    return " ".join(re.sub("<[^>]+>", " ", unescape(page.text)).split())


@pytest.mark.medium
def test_a_person_is_erased_once_their_address_is_typed_and_the_owner_is_told(app: App) -> None:
    contact(app, message="Secret words")
    contact(app, message="Other secret words", email="ZOE@example.org")
    contact(app, email="other@example.org", message="I know Zoe@Example.org")
    app.play_stream()
    desk = Browser(app).signed_in()
    before = app.items()
    page = desk.get(f"people?message={only(app, message='Secret words')}")
    assert app.items() == before
    after = erase(page, desk, " Zoe@EXAMPLE.org ")
    assert "The erasure has begun." in after.text
    assert "continues in the background" in after.text
    # The desk itself erases nothing.
    assert len(app.items("message")) == 3
    app.play_stream()
    left = str([item for item in app.items() if item["kind"] != "session"]).lower()
    assert ZOE not in left
    assert "secret" not in left
    assert "i know [erased]" in left
    (told,) = done(app)
    assert (told["To"], ZOE in told.as_string()) == (OWNER, False)
    (record,) = app.items("erasure")
    assert record["done_at"]
    page = desk.get(f"people/{record['id']}")
    assert "<h1>Erased</h1>" in page.text


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("typed", ["", "zoe", "other@example.org", "zoe@example.or", "ERASE", "<b>"])
def test_another_address_erases_nothing_and_is_told_beside_the_field(app: App, typed: str) -> None:
    contact(app)
    desk = Browser(app).signed_in()
    page = desk.get(f"people?message={only(app)}")
    (form,) = [form for form in forms_of(page) if form["buttons"] == ["Erase everything"]]
    wrong = desk.post(form["action"], {**form["fields"], "confirmation": typed})
    assert wrong.status_code == 422
    assert re.search(
        '<input id="confirmation"[^>]*aria-invalid="true" aria-describedby="confirmation-wrong"', wrong.text
    )
    assert f'value="{typed}"' in unescape(wrong.text)
    assert "This is not the address above." in wrong.text
    assert app.items("erasure") == []
    # What it asks for is still there.
    assert "The erasure has begun" in erase(wrong, desk, ZOE).text


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_page_says_what_goes_what_stays_and_whose_it_is(app: App, language: str) -> None:
    words = {
        "fr": {
            "subscribed": "Cette adresse est abonnée à la newsletter",
            "none": "Cette adresse n’est pas dans la liste des abonnés.",
            "unwanted": "Le message ou le commentaire est indésirable",
            "left": "Cette adresse s’est désabonnée",
            "goes": "tous les messages venus de cette adresse",
            "stays": "une empreinte de l’adresse",
        },
        "en": {
            "subscribed": "This address is subscribed",
            "none": "This address is not in the list of subscribers.",
            "unwanted": "Is the message or comment unwanted?",
            "left": "This address has unsubscribed",
            "goes": "all messages from this address",
            "stays": "a fingerprint of the address",
        },
    }[language]
    contact(app, message="Secret words", name="Zoé")
    subscribe(app, name="Secret Name")
    # A message with the address of a subscriber, who may not have written it.
    contact(app, email=READER.upper(), message="Buy this")
    (subscriber,) = app.items("subscriber")
    desk = Browser(app, language=language).signed_in()
    for page, address, said in (
        (desk.get(f"people?message={only(app, message='Secret words')}"), ZOE, {"none", "unwanted"}),
        (desk.get(f"people?subscriber={subscriber['id']}"), READER, {"subscribed"}),
        (
            desk.get(f"people?message={only(app, message='Buy this')}"),
            READER.upper().replace("EXAMPLE.ORG", "example.org"),
            {"subscribed", "unwanted"},
        ),
    ):
        content = text_of(page).partition("@atelier.example")[0]
        assert set(re.findall(r"[\w.]+@[\w.]+\w", content)) - {"owner"} == {address}
        assert {name for name, text in words.items() if text in content} == said | {"goes", "stays"}
        for wrote in ("Secret", "Buy", "Zoé"):
            assert wrote not in content
    app.post(local(str(welcome(app)["List-Unsubscribe"]).strip("<>")))
    assert words["left"] in text_of(desk.get(f"people?subscriber={subscriber['id']}"))


@pytest.mark.medium
def test_a_subscriber_is_erased_but_for_what_keeps_them_from_being_mailed_again(app: App) -> None:
    subscribe(app)
    (subscriber,) = app.items("subscriber")
    desk = Browser(app).signed_in()
    erase(desk.get(f"people?subscriber={subscriber['id']}"), desk, READER)
    app.play_stream()
    assert READER not in str(app.items())
    assert [item["state"] for item in app.items("subscriber")] == ["unsubscribed"]
    # There is no longer an address to erase by.
    gone = desk.get(f"people?subscriber={subscriber['id']}")
    assert gone.status_code == 404
    assert "type their address" in gone.text
    assert [form for form in forms_of(gone) if form["buttons"] == ["Erase everything"]] == []


@pytest.mark.medium
def test_an_address_is_typed_and_stands_in_no_url(app: App, written: Callable[[], str]) -> None:
    contact(app)
    app.play_stream()
    written()
    desk = Browser(app).signed_in()
    page = desk.get("people")
    (form,) = [form for form in forms_of(page) if form["buttons"] == ["Continue"]]
    wrong = desk.post(form["action"], {**form["fields"], "address": "zoé"})
    assert wrong.status_code == 422
    assert 'aria-describedby="address-wrong"' in wrong.text
    assert 'value="zoé"' in wrong.text
    confirm = desk.post(form["action"], {**form["fields"], "address": "Zoe@Example.org"})
    assert confirm.status_code == 200
    assert "Is the message or comment unwanted?" not in confirm.text
    assert "anything else stored with this address, such as requests to see their comments" in confirm.text
    assert all("zoe" not in url.lower() for url in re.findall(r'(?:href|action)="([^"]*)"', confirm.text))
    (form,) = [form for form in forms_of(confirm) if form["buttons"] == ["Erase everything"]]
    reply = desk.post(form["action"], {**form["fields"], "confirmation": ZOE})
    assert re.fullmatch(r"https://api\.example/desk/people/[0-9a-f]{32}\?told=queued", reply.headers["Location"])
    app.play_stream()
    assert app.items("message") == []
    logged = written()
    assert "desk" in logged
    assert "zoe" not in logged.lower()


@pytest.mark.medium
def test_an_address_with_accents_is_shown_and_taken_as_people_write_it(app: App) -> None:
    contact(app, email="zoe@écrire.example")
    desk = Browser(app).signed_in()
    page = desk.get(f"people?message={only(app)}")
    assert "<bdi>zoe@écrire.example</bdi>" in page.text
    assert "The erasure has begun" in erase(page, desk, "ZOE@ÉCRIRE.example").text
    app.play_stream()
    assert app.items("message") == []


@pytest.mark.slow
def test_pressed_twice_or_by_another_way_it_is_asked_for_once(app: App) -> None:
    subscribe(app)
    contact(app, email=READER)
    app.play_stream()
    (subscriber,) = app.items("subscriber")
    one, other = Browser(app).signed_in(), Browser(app).signed_in()
    page, page_too = one.get(f"people?message={only(app)}"), other.get(f"people?subscriber={subscriber['id']}")
    erase(page, one, READER)
    for again in (erase(page, one, READER), erase(page_too, other, READER)):
        assert "This erasure was asked for before, and continues." in again.text
    assert "This person is already being erased." in one.get(f"people?message={only(app)}").text
    assert len(app.items("erasure")) == 1
    app.play_stream()
    assert len(done(app)) == 1
    # Later messages are erased by another request.
    contact(app, email=READER, message="Once more")
    assert "erasure has begun" in erase(one.get(f"people?message={only(app, message='Once more')}"), one, READER).text
    app.play_stream()
    assert app.items("message") == []
    assert len(done(app)) == 2


@pytest.mark.medium
def test_without_an_address_the_message_alone_is_erased_once_a_word_is_typed(app: App, tmp_path: Any) -> None:
    with site_forms(tmp_path, '[sondage]\ntitle = "Sondage"\nfields.avis = { type = "long_text", required = true }'):
        for answer in ("Bien.", "Mal."):
            app.post("/f/sondage", data=MultiDict({"avis": answer}))
        app.play_stream()
        bad = next(item["id"] for item in app.items("message") if "Mal." in str(item))
        desk = Browser(app, language="fr").signed_in()
        assert "Effacer ce message…" in desk.get(f"messages/{bad}").text
        page = desk.get(f"people?message={bad}")
        assert "Effacer ce message\u202f?" in page.text
        assert "Pour confirmer, saisissez EFFACER" in page.text
        assert "Saisissez le mot EFFACER." in erase_refused(desk, page)
        erase(page, desk, "effacer", "Effacer le message")
        app.play_stream()
        assert [item["id"] == bad for item in app.items("message")] == [False]
        assert [row for row in app.items("email") if row["pk"] == table.key(Message, bad)["pk"]] == []
        (told,) = done(app)
        text = told.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "ne conserve plus ce message" in text
        assert "cette personne" not in text


def erase_refused(desk: Browser, page: TestResponse) -> str:
    (form,) = [form for form in forms_of(page) if form["buttons"] == ["Effacer le message"]]
    reply = desk.post(form["action"], {**form["fields"], "confirmation": "oui"})
    assert reply.status_code == 422
    return str(reply.text)


@pytest.mark.parametrize("query", ["message=x", "subscriber=x", "message=", "message=%00"])
def test_what_is_gone_leads_to_where_an_address_is_typed(app: App, query: str) -> None:
    desk = Browser(app).signed_in()
    page = desk.get(f"people?{query}")
    assert page.status_code == (200 if query == "message=" else 404)
    assert ["Continue"] in [form["buttons"] for form in forms_of(page)]
    (form,) = [form for form in forms_of(page) if form["buttons"] == ["Continue"]]
    for given in ({"message": "x"}, {"address": "x"}, {}):
        reply = desk.post("people/erase", {**form["fields"], **given, "confirmation": "x"})
        assert reply.status_code == 404
    assert desk.get("people/x").status_code == 404
    assert app.items("erasure") == []


# --- in the background ------------------------------------------------------------------------------------------------


def asked(app: App, address: str = ZOE) -> None:
    """Request an erasure at the desk."""
    desk = Browser(app).signed_in()
    (form,) = [form for form in forms_of(desk.get("people")) if form["buttons"] == ["Continue"]]
    erase(desk.post(form["action"], {**form["fields"], "address": address}), desk, address)


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


@pytest.mark.slow
def test_what_takes_long_goes_on_where_it_stopped_and_its_end_is_mailed(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(app)
    contact(app, email=READER, message="Secret words")
    for number in range(40):
        message = {"email": f"other{number}@example.org", "message": f"I know {READER}"}
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        assert app.post("/contact", json=message, environ_overrides=caller).status_code == 200
    app.sweep()
    app.play_stream()
    asked(app, READER)
    scans = limited(monkeypatch)
    before = len(app.mails())
    app.play_stream()
    (record,) = app.items("erasure")
    assert (record["email"], len(app.mails())) == (READER, before)
    assert "continues in the background" in Browser(app).signed_in().get(f"people/{record['id']}").text
    for _ in range(8):
        app.sweep()
    assert scans["pages"] > 4
    (told,) = app.mails()[before:]
    assert "est terminé" in told["Subject"]
    assert READER not in told.as_string()
    left = str(app.items()).lower()
    assert READER not in left
    assert "secret" not in left
    assert left.count("i know [erased]") == 40
    assert {item["state"] for item in app.items("subscriber")} == {"unsubscribed"}
    assert app.items("erasure")[0]["done_at"]


@pytest.mark.slow
def test_an_erasure_that_does_not_end_keeps_no_email_from_going_out_and_ends_some_day(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        contact(app)
        app.play_stream()
        asked(app)
        # As much time as one erasure takes, repeatedly, until the sweep's time is up.
        patch_time = iter([True] * 5)
        with monkeypatch.context() as patch:
            patch.setattr("guichet.mail.emails.erasure_done.TIME_TO_ERASE", -1.0)
            patch.setattr("guichet.outbox.sweep.has_time", lambda _: next(patch_time, False))
            assert app.sweep() == {"erasing": 1}
            contact(app, email="later@example.org", message="Encore")
            app.play_stream()
        assert app.mails()[-1]["Reply-To"] == "later@example.org"
        clock.shift(timedelta(days=31))
        assert app.sweep() == {"dropped": 1}


@pytest.mark.medium
def test_an_erasure_that_used_up_its_time_keeps_where_it_stopped_though_the_table_is_slow(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(app)
    app.play_stream()
    asked(app)
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.5)
    monkeypatch.setattr("guichet.mail.emails.erasure_done.TIME_TO_ERASE", 0.7)
    wire = Wire(dynamodb.client())
    throttled: set[bytes] = set()

    def once(request: Any) -> Any:
        # The first attempt of each write comes after the erasure's time.
        late = wire.operations[-1] == "UpdateItem" and any(word in request.body for word in (b":place", b"goes on"))
        if not late or request.body in throttled:
            return None
        throttled.add(request.body)
        return refusal(400, "ThrottlingException")(request)

    def slow(*_: Any, **__: Any) -> Any:
        time.sleep(0.8)
        raise erasure.NotFinishedError({"pk": "message#1", "sk": "message"})

    wire.always(once)
    has_time = iter([True] * 3)
    with monkeypatch.context() as patch:
        patch.setattr("guichet.store.erasures.erase", slow)
        patch.setattr("guichet.outbox.sweep.has_time", lambda _: next(has_time, False))
        assert app.sweep() == {"erasing": 1}
    assert len(throttled) >= 2
    (record,) = app.items("erasure")
    assert "message#1" in str(record["read_up_to"])


def failing_from(number: int, wire: Wire) -> Callable[[Any], Any]:
    """Return a function that refuses an erasure's writes from a given one on, as if the function had ended there."""

    def answer(request: Any) -> Any:
        asked = list(zip(wire.operations, wire.bodies, strict=True))
        writes = sum(is_of_erasure(*one) for one in asked)
        stopped = is_of_erasure(*asked[-1]) and writes >= number
        return refusal(400, "ValidationException")(request) if stopped else None

    def is_of_erasure(operation: str, body: bytes) -> bool:
        # Not the row of its email, which is claimed and released.
        return operation in {"UpdateItem", "DeleteItem"} and b"erasure-done" not in body

    return answer


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 16, 3))
def test_an_erasure_that_stops_at_any_write_is_finished_by_the_next_run(first: int) -> None:
    for number in range(first, first + 3):
        with isolated():
            app = App(resolve())
            subscribe(app, name="Secret Name")
            contact(app, email=READER, message="Secret words")
            contact(app, email=READER, message="More secret words")
            contact(app, email="other@example.org", message=f"I know {READER}")
            app.play_stream()
            asked(app, READER)
            wire = Wire(dynamodb.client())
            wire.always(failing_from(number, wire))
            app.play_stream()
            # It takes eleven writes in all.
            assert (done(app) == []) == (number <= 11), number
            wire.always(None)
            app.sweep()
            left = str(app.items()).lower()
            assert READER not in left, number
            assert "secret" not in left, number
            assert [item["state"] for item in app.items("subscriber")] == ["unsubscribed"]
            assert len(done(app)) == 1


def test_where_the_table_does_not_answer_nothing_is_said_to_be_asked_for(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(app)
    desk = Browser(app).signed_in()
    page = desk.get(f"people?message={only(app)}")
    (form,) = [form for form in forms_of(page) if form["buttons"] == ["Erase everything"]]
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    wire = Wire(dynamodb.client())
    wire.plan(lambda _: None, lambda _: None)
    wire.always(unreachable)
    assert desk.post(form["action"], {**form["fields"], "confirmation": ZOE}).status_code == 503
    wire.always(None)
    assert app.items("erasure") == []
    assert "The erasure has begun" in erase(page, desk, ZOE).text


@pytest.mark.medium
def test_whoever_commented_is_erased_by_a_comment_of_theirs_with_what_everybody_sees(app: App) -> None:
    comment_id = shown(app, email=ZOE, name="Zoe", comment="Secret words")
    answer = shown(app, parent=comment_id)
    desk = Browser(app).signed_in()
    page = desk.get(f"people?comment={comment_id}")
    assert "also published ones" in text_of(page)
    # Somebody else may have typed the address.
    assert "somebody else" in text_of(page)
    assert erase(page, desk, "other@example.org").status_code == 422
    erase(page, desk, ZOE)
    app.play_stream()
    assert len(done(app)) == 1
    assert read(app)["comments"] == [{"id": comment_id, "deleted": True, "replies": [{**entry_of(app, answer)}]}]
    assert "secret" not in str([item for item in app.items() if item["kind"] != "session"]).lower()
    assert desk.get(f"people?comment={comment_id}").status_code == 404


def entry_of(app: App, comment_id: str) -> dict[str, Any]:
    """Return a reply as everybody sees it."""
    return next(one for part in read(app)["comments"] for one in part["replies"] if one["id"] == comment_id)
