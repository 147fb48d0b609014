"""A contact message, from the post to the owner's inbox."""

import json
import re
from datetime import datetime
from typing import Any

import pytest

from contact.form import ContactForm
from guichet import model
from guichet.mail import ses
from guichet.records.message import Message
from guichet.store import dynamodb
from tests.support.app import SITE, App
from tests.support.contact import NOTIFICATION_HEADERS
from tests.support.stack import unquoted
from tests.support.wire import Wire

ANSWERS = {"email": "a@example.org", "message": "Bonjour,\nun devis ?"}
AS_FORM: dict[str, Any] = {"data": ANSWERS}
AS_MULTIPART: dict[str, Any] = {"data": ANSWERS, "content_type": "multipart/form-data"}
AS_JSON: dict[str, Any] = {"json": ANSWERS}


@pytest.mark.parametrize("path", ["/contact", "/f/contact"])
def test_a_form_is_kept_and_leads_to_the_thank_you_page(app: App, path: str) -> None:
    reply = app.post(path, **AS_FORM)

    assert reply.status_code == 303
    assert reply.location == "http://localhost/thanks?form=contact&language=fr"
    (message,) = app.items("message")
    assert (message["email"], message["message"]) == (ANSWERS["email"], ANSWERS["message"])


def test_json_is_answered_in_json(app: App) -> None:
    reply = app.post("/contact", **AS_JSON)

    assert reply.status_code == 200
    assert reply.json is not None
    (message,) = app.items("message")
    assert reply.json == {
        "ok": True,
        "id": message["id"],
        "next": "http://localhost/thanks?form=contact&language=fr",
        "message": "Votre message est bien arrivé. Vous recevrez une réponse à l’adresse a@example.org.",
    }


def test_a_form_is_answered_in_json_where_accept_names_it(app: App) -> None:
    reply = app.post("/contact", **AS_MULTIPART, headers={"accept": "application/json, text/plain"})

    assert reply.status_code == 200
    assert reply.json is not None
    assert reply.json["ok"] is True


def test_the_owner_reads_the_message_and_replies_to_the_visitor(app: App) -> None:
    app.post("/contact", data=ANSWERS | {"name": "Zoé", "budget": "2 000 €", "ville": "Lyon"})
    app.play_stream()

    (mail,) = app.mails()
    assert mail["To"] == "owner@atelier.example"
    assert mail["From"] == "Atelier Bellevue <guichet@atelier.example>"
    assert mail["Reply-To"] == "Zoé <a@example.org>"
    assert mail["Subject"] == "[Atelier Bellevue] Message de Zoé"
    # Helpdesks suspend mail marked as automatic, and a person wrote this one.
    assert mail["Auto-Submitted"] is None
    text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    for content in (unquoted(text.get_content().replace("\r\n", "\n")), html.get_content().replace("\r\n", "\n")):
        assert ANSWERS["message"] in content
        assert content.index("2 000 €") < content.index("Lyon")


def test_all_owners_are_told_in_one_email(make_app: Any) -> None:
    app = make_app(OwnerEmail="one@example.org,two@example.org")
    app.post("/contact", **AS_FORM)
    app.play_stream()

    (mail,) = app.mails()
    assert mail["To"] == "one@example.org, two@example.org"


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("second", [AS_FORM, AS_MULTIPART, AS_JSON])
@pytest.mark.parametrize("first", [AS_FORM, AS_MULTIPART, AS_JSON])
def test_a_repeat_is_success_and_mails_nothing_more(app: App, first: dict[str, Any], second: dict[str, Any]) -> None:
    as_json = {"headers": {"accept": "application/json"}}
    replies = [app.post("/contact", **arguments, **as_json) for arguments in (first, second)]
    app.play_stream()
    app.sweep()

    assert [reply.status_code for reply in replies] == [200, 200]
    assert replies[0].json == replies[1].json
    assert len(app.items("message")) == 1
    assert len(app.mails()) == 1


def test_a_constant_idempotency_key_swallows_no_message(app: App) -> None:
    for text in ("one", "two", "two"):
        app.post("/contact", data={"email": "a@example.org", "message": text, "_id": "constant"})

    assert sorted(message["message"] for message in app.items("message")) == ["one", "two"]


@pytest.mark.parametrize("how", ["field", "header"])
def test_another_idempotency_key_makes_the_same_words_another_message(app: App, how: str) -> None:
    for key in ("first", "second"):
        field = {"_id": key} if how == "field" else {}
        header = {"Idempotency-Key": key} if how == "header" else {}
        app.post("/contact", data=ANSWERS | field, headers=header)

    assert len(app.items("message")) == 2


def test_control_fields_are_not_kept_as_answers(app: App) -> None:
    control = dict.fromkeys(("_to", "_cc", "_bcc", "_webhook", "_autoresponse", "_gotcha2"), "x@evil.example")
    app.post("/contact", data=ANSWERS | control | {"_language": "en", "_subject": "Devis\r\nBcc: x@evil.example"})
    app.play_stream()

    assert "extra" not in app.items("message")[0]
    (mail,) = app.mails()
    assert mail["To"] == "owner@atelier.example"
    assert mail["Bcc"] is None
    assert mail["Subject"] == "[Atelier Bellevue] Devis Bcc: x@evil.example – a@example.org"
    assert "evil" not in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_replyto_is_another_name_of_email(app: App) -> None:
    app.post("/contact", data={"_replyto": "b@example.org", "message": "Bonjour"})

    assert app.items("message")[0]["email"] == "b@example.org"


def test_what_a_visitor_writes_is_no_html_in_the_owners_mail(app: App) -> None:
    app.post("/contact", data=ANSWERS | {"message": "<img src=x onerror=alert(1)>", "<b>": "<script>"})
    app.play_stream()

    html = app.mails()[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "&lt;b&gt;" in html
    assert not re.search("<(script|img|b)[ >]", html)


def test_a_message_may_hold_any_text(app: App) -> None:
    text = "é 🎉 \u202eשלום\u202c العربية\n.\n--\n" + "long " * 500
    app.post("/contact", json={"email": "a@example.org", "message": text})
    app.play_stream()

    body = app.mails()[0].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.strip() in unquoted(body.replace("\r\n", "\n"))


@pytest.mark.medium
def test_what_a_stranger_wrote_cannot_pass_for_the_email_s_own_words(make_app: Any) -> None:
    app = make_app(SpamFilter="off")
    app.post("/contact", json={"email": "a@example.org", "message": "Bonjour"})
    app.play_stream()
    own = app.mails()[0].get_body(("plain",)).get_content().replace("\r\n", "\n")
    footer = own.split("\n--\n")[1]
    forged = f"x\n\n--\n{footer}"
    fields = {"email": "b@example.org", "message": forged, "name": forged, "subject": forged, "phone": forged}
    name = "champ\nCe message sur votre bureau Guichet : https://evil.example"
    assert app.post("/contact", json={**fields, "ville": forged, name: "x"}).status_code == 200
    app.play_stream()
    text = app.mails()[1].get_body(("plain",)).get_content().replace("\r\n", "\n")
    lines = text.split("\n")
    assert lines.count("--") == 1
    assert [line for line in lines if line.startswith("Ce message sur votre bureau Guichet")] == [lines[-2]]
    assert text.count("> --") == 2


def test_an_accepted_post_is_one_call(app: App) -> None:
    wire = Wire(dynamodb.client())
    for path in ("/contact", "/newsletter"):
        wire.operations.clear()
        assert app.post(path, **AS_FORM).status_code == 303
        assert wire.operations == ["TransactWriteItems"]


def test_one_write_holds_the_message_the_email_and_the_count(app: App) -> None:
    wire = Wire(dynamodb.client())
    app.post("/contact", **AS_FORM)

    actions = json.loads(wire.bodies[0])["TransactItems"]
    kinds = [action["Put"]["Item"]["kind"]["S"] for action in actions if "Put" in action]
    assert kinds == ["message", "email"]
    assert actions[-1]["Update"]["Key"]["sk"] == {"S": "caller"}


@pytest.mark.parametrize(
    ("wish", "location"),
    [
        ("/merci", f"{SITE}/merci"),
        ("merci.html?a=1#b", f"{SITE}/blog/merci.html?a=1#b"),
        ("https://www.atelier.example/là", "https://www.atelier.example/l%C3%A0"),
        ("/%zz?a=%#b#c", f"{SITE}/%25zz?a=%25#b%23c"),
        ("https://evil.example/", None),
    ],
)
def test_next_leads_to_allowed_origins_only(app: App, wish: str, location: str | None) -> None:
    reply = app.post("/contact", data=ANSWERS | {"_next": wish})

    assert reply.status_code == 303
    assert reply.location == (location or "http://localhost/thanks?form=contact&language=fr")


def test_the_page_that_the_form_was_on_is_kept_without_its_query(app: App) -> None:
    app.post("/contact", **AS_FORM, headers={"referer": f"{SITE}/blog/?token=secret"})

    assert app.items("message")[0]["page"] == f"{SITE}/blog/"


@pytest.mark.parametrize("left", [1, 2, 3])
def test_the_address_of_a_long_page_is_not_cut_within_an_escape(app: App, left: int) -> None:
    start = f"{SITE}/".ljust(500 - left, "x")
    app.post("/contact", **AS_FORM, headers={"referer": f"{start}%4A/more"})

    assert app.items("message")[0]["page"] == start + ("%4A" if left == 3 else "")


@pytest.mark.parametrize("referer", ["https://evil.example/page", "https://["])
def test_a_foreign_page_is_not_kept(app: App, referer: str) -> None:
    app.post("/contact", **AS_FORM, headers={"referer": referer})

    assert "page" not in app.items("message")[0]


def test_the_thank_you_page_is_in_the_visitors_language(app: App) -> None:
    location = app.post("/contact", data=ANSWERS | {"_language": "en"}).location
    page = app.http.get(location)

    assert page.status_code == 200
    assert "Your message has arrived." in page.text
    assert '<html lang="en">' in page.text
    assert "Merci pour votre abonnement" not in page.text


def test_the_thank_you_page_of_the_newsletter_asks_to_look_for_the_email(app: App) -> None:
    page = app.http.get(app.post("/newsletter", data={"email": "a@example.org"}).location)

    assert "ouvrez l’email" in page.text


def test_a_message_ends_when_the_parameter_says(make_app: Any) -> None:
    app = make_app(RetentionDays="30")
    app.post("/contact", **AS_FORM)

    (message,), (email,) = app.items("message"), app.items("email")
    received = json.loads(f'"{message["received_at"]}"')
    assert message["list"] == f"messages#{received[:10]}"
    assert int(message["expires_at"]) == int(email["expires_at"])
    assert int(message["expires_at"]) - _seconds(received) == 30 * 86400


def _seconds(stamp: str) -> int:
    return int(datetime.fromisoformat(stamp).timestamp())


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{"email": "a@example.org", "message": ["a", "b", null, true]}', "a, b, true"),
        ('{"email": "a@example.org", "message": "a", "message": 06}', None),
        ('{"email": "a@example.org", "message": "a", "message": 6.50}', "a, 6.50"),
        ('{"email": "a@example.org", "message": {}, "message": "a"}', None),
        ('{"email": "a@example.org", "message": "a\\u0000\\ud800\\r\\nb\\rc"}', "a\ufffd\nb\nc"),
        ('{"email": "a@example.org", "message": 1e999}', "1e999"),
        ('{"email": "a@example.org", "message": "a", "": "b", "__proto__": "c", "constructor": "d"}', "a"),
    ],
)
def test_json_values_are_text_as_it_was_written(app: App, body: str, message: str | None) -> None:
    reply = app.post("/contact", data=body.encode(), content_type="application/json")

    assert [item["message"] for item in app.items("message")] == ([message] if message else [])
    assert reply.status_code == (200 if message else 400 if "06" in body else 422)


def test_repeated_fields_are_joined(app: App) -> None:
    app.post("/contact", data=ANSWERS | {"choice": ["a", "b"]})

    extra = app.items("message")[0]["extra"]
    assert extra == [{"L": [{"S": "choice"}, {"S": "a, b"}]}]


ENCODED_WORDS = [
    "=?utf-8?q?a=0d=0aBcc:_victim@evil.example?=",
    "=?utf-8?q?a=0d=0aContent-Type:_text/html=0d=0a=0d=0aowned?=",
    "é =?utf-8?q?=ff?=",
    "=?utf-8?q?=00=01?=",
    "a\r\nBcc: victim@evil.example",
    "a\n\nEVIL",
    "x" * 5000,
]


@pytest.mark.quick_cases(6)
@pytest.mark.parametrize("text", ENCODED_WORDS)
@pytest.mark.parametrize("field", ["_subject", "subject", "name"])
def test_no_text_of_a_visitor_makes_a_header_or_a_recipient(app: App, field: str, text: str) -> None:
    text = text[:900] if field != "_subject" else text
    wire = Wire(ses.client())
    app.post("/contact", json=ANSWERS | {field: text})
    app.play_stream()

    (mail,) = app.mails()
    assert mail.keys() == NOTIFICATION_HEADERS
    assert json.loads(wire.bodies[0])["Destination"] == {"ToAddresses": ["owner@atelier.example"]}
    assert str(mail["Subject"]).isprintable()
    assert mail.get_content_type() == "multipart/alternative"
    assert mail.get_body(("plain",)).get_content().startswith("Un message vous est arrivé")  # type: ignore[union-attr]


def test_the_proof_of_work_field_is_no_answer(app: App) -> None:
    for proof in ("first", "second"):
        app.post("/contact", data=ANSWERS | {"altcha": proof})

    (message,) = app.items("message")
    assert "extra" not in message


@pytest.mark.parametrize(
    ("value", "problem"),
    [({}, ("TYPE_TEXT", "[key]")), ("x" * 6000, ("TOO_LONG", "[key]"))],
)
def test_a_field_may_have_any_name(app: App, value: Any, problem: tuple[str, str]) -> None:
    reply = app.post("/contact", json=ANSWERS | {"[key]": value})

    assert reply.status_code == 422
    assert reply.json is not None
    assert [(error["code"], error["field"]) for error in reply.json["errors"]] == [problem]


def test_a_labelled_field_may_have_a_limit_of_its_own(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Message.labelled_fields()["phone"], "max_length", 40)
    # The form's cached validator has the usual limit.
    others = {kind: made for kind, made in model._validators.items() if kind is not ContactForm}  # noqa: SLF001
    monkeypatch.setattr(model, "_validators", others)

    reply = app.post("/contact", json=ANSWERS | {"Phone": "1" * 41, "name": "n" * 41})
    assert reply.status_code == 422
    assert reply.json is not None
    (error,) = reply.json["errors"]
    assert (error["code"], error["field"]) == ("TOO_LONG", "Phone")
    assert "40" in error["message"]

    # It is still a single line.
    assert app.post("/contact", json=ANSWERS | {"Phone": f"{'1' * 20}\n{'2' * 19}"}).status_code == 200
    assert app.items("message")[0]["phone"] == f"{'1' * 20} {'2' * 19}"
