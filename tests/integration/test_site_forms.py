"""Forms of the site's own: posted, refused, mailed to their recipients, acknowledged, stored."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest
import time_machine
from werkzeug.datastructures import MultiDict

from contact import site_form
from contact.form import FIELDS
from guichet import model
from guichet.definitions import lookup
from guichet.mail import ses
from guichet.mail.notification import queued
from guichet.records.message import Labelled, Message
from tests.support.app import PARAMETERS, START, App
from tests.support.contact import contact
from tests.support.feedback import taken, tell
from tests.support.marks import check
from tests.support.site_forms import QUOTE, site_forms
from tests.support.stack import text_of
from tests.support.wire import Wire, unanswered

READER = "zoe@example.org"
ANSWERS: dict[str, Any] = {
    "name": "Zoé",
    "email": READER,
    "budget": "< 1 000 €",
    "surface": "1 234,50",
    "date": "31/12/2026",
    "rooms": ["Chambre", "Cuisine, salle"],
    "message": "Bonjour,\nvoici.",
    "accord": "on",
}
JSON = {"accept": "application/json", "accept-language": "fr"}


@pytest.fixture(autouse=True, params=["source", "compiled"])
def forms(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Let the site define the form, as a developer has it and as it is deployed."""
    with site_forms(tmp_path, compiled=request.param == "compiled"):
        yield


def post(app: App, form: str = "devis", **answers: Any) -> Any:
    return app.post(f"/f/{form}", data=MultiDict(ANSWERS | answers), headers=JSON)


def problems(reply: Any) -> dict[str, str]:
    """Return the codes of a refusal by field."""
    return {problem.get("field", ""): problem["code"] for problem in reply.get_json()["errors"]}


def message(app: App) -> dict[str, Any]:
    (found,) = app.items("message")
    return found


def answers(item: dict[str, Any]) -> dict[str, str]:
    return {pair["L"][0]["S"]: pair["L"][1]["S"] for pair in item.get("extra", [])}


# --- posting ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "multipart/form-data", "application/json"])
def test_the_answers_are_stored_normalized_whatever_their_media_type(app: App, media_type: str) -> None:
    body = {"json": ANSWERS} if "json" in media_type else {"data": MultiDict(ANSWERS), "content_type": media_type}
    reply = app.post("/f/devis", headers=JSON, **body)
    assert reply.status_code == 200
    thanks = "Nous avons bien reçu votre envoi\u00a0: Demande de devis. Vous avez indiqué l’adresse zoe@example.org."
    assert reply.get_json()["message"] == thanks
    stored = message(app)
    assert (stored["form"], stored["email"], stored["name"], stored["message"]) == (
        "devis",
        READER,
        "Zoé",
        "Bonjour,\nvoici.",
    )
    assert answers(stored) == {
        "surface": "1234.5",
        "date": "2026-12-31",
        "rooms": "Cuisine, salle\nChambre",
        "budget": "< 1 000 €",
        "accord": "J’accepte d’être rappelé.",
    }


def test_a_browser_is_led_to_thanks_for_this_form(app: App) -> None:
    reply = app.post("/f/devis", data=MultiDict(ANSWERS), headers={"accept": "text/html", "accept-language": "en"})
    assert reply.status_code == 303
    page = app.http.get(reply.headers["location"].removeprefix("http://localhost"))
    assert "We have received what you sent: Request for a quote." in page.text
    # A stranger's form name is not a form.
    assert "Request" not in app.http.get("/thanks?form=other&language=en").text


def test_all_problems_are_told_at_once_at_their_fields_by_their_labels(app: App) -> None:
    wrong = {
        "budget": "9",
        "email": "zoe",
        "surface": "ten",
        "date": "31/13/2026",
        "rooms": ["Cave"],
        "phone": "x",
        "site": ":",
    }
    reply = app.post("/f/devis", data=MultiDict(wrong | {"name": "n" * 61}), headers=JSON)
    assert reply.status_code == 422
    assert problems(reply) == {
        "budget": "NOT_A_CHOICE",
        "email": "TYPE_EMAIL",
        "surface": "TYPE_NUMERIC",
        "date": "TYPE_DATE",
        "rooms": "NOT_A_CHOICE",
        "phone": "TYPE_PHONE",
        "site": "TYPE_URL",
        "name": "TOO_LONG",
        # Browsers send nothing for an unticked box.
        "accord": "REQUIRED_FIELD_EMPTY",
    }
    sentences = " ".join(problem["message"] for problem in reply.get_json()["errors"])
    assert "«\u00a0Votre nom\u00a0» est trop long" in sentences.replace(" »", "\u00a0»").replace("« ", "«\u00a0")
    assert app.items() == []


def test_a_name_counts_in_any_case_and_an_error_has_the_name_that_was_sent(app: App) -> None:
    reply = app.post("/f/devis", data=MultiDict({**ANSWERS, "EMAIL": "zoe"} | {"email": ""}), headers=JSON)
    assert problems(reply) == {"EMAIL": "TYPE_EMAIL"}


def test_other_names_are_no_forms_and_a_form_is_not_opened(app: App) -> None:
    assert app.post("/f/other", data=ANSWERS).status_code == 404
    assert app.http.get("/f/other").status_code == 404
    opened = app.http.get("/f/devis")
    assert (opened.status_code, opened.headers["allow"]) == (405, "POST")
    assert contact(app)


def test_the_same_answers_are_one_message_in_whatever_order(app: App) -> None:
    first = post(app).get_json()["id"]
    reordered = {**dict(reversed(ANSWERS.items())), "rooms": ["Cuisine, salle", "Chambre"]}
    assert app.post("/f/devis", json=reordered).get_json()["id"] == first
    assert post(app, message="Another").get_json()["id"] != first
    assert len(app.items("message")) == 2


def test_a_form_has_a_cap_of_its_own(make_app: Callable[..., App]) -> None:
    app = make_app(CallerHourlyCap="1")
    assert contact(app)
    assert post(app).status_code == 200
    assert post(app, message="Another").status_code == 429


def test_a_form_can_want_a_proof_of_work(make_app: Callable[..., App]) -> None:
    assert problems(post(make_app(ProofOfWork="required"))) == {"": "BLOCKED"}


def test_spam_is_caught_and_an_address_of_a_site_is_no_sign_in_its_own_field(app: App) -> None:
    assert post(app, site="https://casino.example/backlinks").status_code == 200
    assert "spam" not in message(app)
    assert post(app, message="x", name="https://a.example", phone="01 99 00 12 34", _gotcha="x").status_code == 200
    assert {item.get("spam") for item in app.items("message")} == {None, "honeypot"}


@pytest.mark.parametrize(
    ("other_fields", "status", "kept"), [("keep", 200, {"code": "x"}), ("drop", 200, {}), ("refuse", 422, None)]
)
def test_other_fields_are_kept_dropped_or_refused(
    app: App, tmp_path: Path, other_fields: str, status: int, kept: dict[str, str] | None
) -> None:
    text = f'[a]\nother_fields = "{other_fields}"\nfields.plus = {{ type = "text" }}'
    with site_forms(tmp_path / "other", text):
        reply = app.post("/f/a", data={"plus": "a", "code": "x", "empty": ""}, headers=JSON)
    assert reply.status_code == status
    if kept is None:
        assert problems(reply) == {"code": "UNKNOWN_FIELD"}
    else:
        assert answers(message(app)) == {"plus": "a"} | kept


def test_too_many_other_fields_are_refused(app: App) -> None:
    assert problems(post(app, **{f"f{number}": "x" for number in range(31)})) == {"": "TOO_MANY_FIELDS"}


def test_a_field_that_every_message_has_is_kept_as_that(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Message.__annotations__, "mobile_number", Annotated[str, Labelled(max_length=4)])
    monkeypatch.setattr(Message, "mobile_number", "", raising=False)
    for made in ("_validators", "_serializers"):
        monkeypatch.setattr(model, made, {})
    monkeypatch.setattr(site_form, "FIELDS", (*FIELDS, "mobile_number"))
    with site_forms(tmp_path / "other", '[a]\nfields.mobile_number = { type = "text" }\nfields.b = { type = "text" }'):
        # The form has limits of its own.
        assert app.post("/f/a", data={"mobile_number": "06 12 34", "b": "x"}, headers=JSON).status_code == 200
    assert message(app)["mobile_number"] == "06 12 34"
    assert answers(message(app)) == {"b": "x"}


# --- emails -----------------------------------------------------------------------------------------------------


@pytest.mark.medium
def test_the_recipients_get_the_answers_in_order_by_their_labels(app: App) -> None:
    post(app, page="autre", site="exemple.fr")
    app.play_stream()
    told, thanked = app.mails()
    assert (told["To"], told["Reply-To"]) == ("devis@example.org", f"Zoé <{READER}>")
    assert told["Subject"] == "[Atelier Bellevue] Demande de devis – Zoé"
    lines = [line.removeprefix("> ") for line in text_of(told.as_string()).splitlines() if line.startswith("> ")]
    assert [line.replace("\u00a0", " ") for line in lines] == [
        "Votre nom : Zoé",
        f"Votre email : {READER}",
        "Site : https://exemple.fr",
        "Surface (m²) : 1\u202f234,5",
        "Date souhaitée : jeudi 31 décembre 2026",
        "Votre projet :",
        "  Bonjour,",
        "  voici.",
        "Pièces :",
        "  Cuisine, salle",
        "  Chambre",
        "Budget : < 1 000 €",
        "Accepté : J’accepte d’être rappelé.",
        "page : autre",
    ]
    # They are not the owner, and have no access to the desk.
    assert "/desk" not in told.as_string()
    assert (thanked["To"], thanked["Subject"]) == (READER, "Demande de devis – Atelier Bellevue")
    assert "Merci, je réponds sous deux jours." in text_of(thanked.as_string())
    assert "Bonjour,\nvoici" not in text_of(thanked.as_string())


def _id(app: App, form: str) -> str:
    (found,) = [item["id"] for item in app.items("message") if item["form"] == form]
    return str(found)


@pytest.mark.medium
def test_a_choice_routes_and_the_owner_gets_what_names_nobody(app: App, tmp_path: Path) -> None:
    post(app, budget="plus")
    app.play_stream()
    assert app.mails()[0]["To"] == "grands@example.org, devis@example.org"
    with site_forms(tmp_path / "other", '[a]\nfields.email = { type = "email" }'):
        app.post("/f/a", data={"email": READER})
        app.play_stream()
    last = app.mails()[-1]
    assert (last["To"], f"/desk/messages/{_id(app, 'a')}" in last.as_string()) == (PARAMETERS["OwnerEmail"], True)


def test_without_an_address_there_is_no_reply_and_nobody_to_erase(app: App, tmp_path: Path) -> None:
    with site_forms(
        tmp_path / "other", '[sondage]\ntitle = "Sondage"\nfields.avis = { type = "long_text", required = true }'
    ):
        app.post("/f/sondage", data={"avis": "Bien."})
        app.play_stream()
    (mail,) = app.mails()
    assert mail["Reply-To"] is None
    assert mail["Subject"].startswith("[Atelier Bellevue] Sondage – ")
    assert f"/desk/messages/{_id(app, 'sondage')}" in mail.as_string()


@pytest.mark.parametrize(
    ("recipients", "led"), [(["OWNER@atelier.example"], True), (["owner@atelier.example", "devis@example.org"], False)]
)
def test_only_owners_are_led_to_the_desk(app: App, tmp_path: Path, recipients: list[str], led: bool) -> None:  # noqa: FBT001
    with site_forms(tmp_path / "other", f'[a]\nrecipients = {recipients}\nfields.email = {{ type = "email" }}'):
        app.post("/f/a", data={"email": READER})
        app.play_stream()
    (mail,) = app.mails()
    assert ("/desk" in mail.as_string()) == led


@pytest.mark.medium
def test_what_a_stranger_wrote_is_marked(app: App) -> None:
    text = "x" + "\u2800" * 60 + "https://evil.example/"
    post(app, message=text, name=text[:60], **{text[:64]: "https://evil.example/"})
    app.play_stream()
    check(app.mails()[0])


@pytest.mark.medium
@pytest.mark.parametrize(
    ("answers", "reply_to"),
    [({"b": "b@example.org"}, "b@example.org"), ({"a": "a@example.org", "b": "b@example.org"}, "a@example.org")],
)
def test_of_several_addresses_the_first_given_gets_the_reply(
    app: App, tmp_path: Path, answers: dict[str, str], reply_to: str
) -> None:
    text = '[a]\nreply = "Merci"\nfields.a = { type = "email" }\nfields.b = { type = "email" }'
    with site_forms(tmp_path / "other", text):
        app.post("/f/a", data=answers)
        app.play_stream()
        told, thanked = app.mails()
        assert (told["Reply-To"], thanked["To"], message(app)["email"]) == (reply_to,) * 3
        # A form's own text may begin in any way.
        assert text_of(thanked.as_string()).startswith("Merci")


@pytest.mark.parametrize("other_fields", ["keep", "refuse"])
def test_the_alias_of_the_address_fills_in_whatever_field_asks_for_it(
    app: App, tmp_path: Path, other_fields: str
) -> None:
    text = f'[a]\nother_fields = "{other_fields}"\nfields.courriel = {{ type = "email", required = true }}'
    with site_forms(tmp_path / "other", text):
        assert app.post("/f/a", data={"_replyto": READER}).status_code == 303
    assert message(app)["email"] == READER


def test_a_further_field_of_any_name_is_shown(app: App, tmp_path: Path) -> None:
    with site_forms(tmp_path / "other", '[a]\nfields.courriel = { type = "email" }'):
        app.post("/f/a", data={"courriel": "a@example.org", "email": "b@example.org"})
        app.play_stream()
    said = text_of(app.mails()[0].as_string())
    assert "a@example.org" in said
    assert "b@example.org" in said


@pytest.mark.medium
def test_no_line_of_an_answer_passes_for_another_field(app: App) -> None:
    post(app, message="Bonjour\nVotre email\u00a0: other@example.org")
    app.play_stream()
    lines = text_of(app.mails()[0].as_string()).splitlines()
    assert [line for line in lines if line.startswith("> Votre email")] == [f"> Votre email\u00a0: {READER}"]


@pytest.mark.medium
def test_the_defined_contact_form_acknowledges_as_set(make_app: Callable[..., App], tmp_path: Path) -> None:
    app = make_app(Acknowledge="on")
    with site_forms(tmp_path / "other", '[contact]\nfields.email = { type = "email" }'):
        app.post("/contact", data={"email": READER})
        app.play_stream()
    assert READER in [mail["To"] for mail in app.mails()]


def test_a_name_with_accents_counts_in_any_case(app: App, tmp_path: Path) -> None:
    with site_forms(tmp_path / "other", '[a]\nfields."Société" = { type = "text", required = true }'):
        assert app.post("/f/a", data={"société": "ACME"}).status_code == 303
    assert answers(message(app)) == {"Société": "ACME"}


def test_a_name_that_is_refused_is_told_in_part(app: App, tmp_path: Path) -> None:
    with site_forms(tmp_path / "other", '[a]\nother_fields = "refuse"\nfields.b = { type = "text" }'):
        reply = app.post("/f/a", data={"b": "b", "n" * 60_000: "x"}, headers=JSON)
    assert problems(reply) == {"n" * 64: "UNKNOWN_FIELD"}


def test_a_release_without_the_file_goes_where_the_form_says() -> None:
    assert queued("devis", "fr", released=True).name == queued("gone", "fr").name == "form-notification"
    assert queued("contact", "fr").name == "contact-notification"


@pytest.mark.medium
def test_a_form_that_is_gone_from_the_file_is_still_told(app: App, tmp_path: Path) -> None:
    post(app)
    with site_forms(tmp_path / "other", '[a]\nfields.email = { type = "email" }'):
        app.play_stream()
    told = app.mails()[0]
    assert told["To"] == PARAMETERS["OwnerEmail"]
    assert "> budget\u00a0: < 1 000 €" in text_of(told.as_string()).replace(" :", "\u00a0:")


@pytest.mark.medium
def test_an_event_settles_a_notification_for_its_own_recipients(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        Wire(ses.client()).plan(unanswered)
        post(app, budget="plus")
        app.play_stream()
        mail = next(one for one in taken() if "grands@example.org" in str(one.to))
        tell(app, "send", mail)
        (row,) = [item for item in app.items("email") if item["name"] == "form-notification"]
        assert "sent_at" in row
        clock.shift(timedelta(days=1))
        app.sweep()
    assert len([one for one in taken() if "devis@example.org" in str(one.to)]) == 1


@pytest.mark.medium
@pytest.mark.quick_cases(1)
def test_a_recipient_whose_mailbox_is_dead_keeps_no_other_mail_waiting(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        post(app)
        app.play_stream()
        tell(app, "bounce-permanent", next(one for one in taken() if "devis@" in str(one.to)))
        contact(app)
        post(app, message="Another")
        app.play_stream()
        waiting = [item for item in app.items("email") if item.get("outbox") == "held"]
        assert [item["name"] for item in waiting] == ["form-notification"] * 2
        assert [mail["To"] for mail in app.mails()].count(PARAMETERS["OwnerEmail"]) == 1
        # One a day tries it, and once that arrives, all follow.
        clock.shift(timedelta(days=1, minutes=1))
        app.sweep()
        tell(app, "delivery", next(one for one in reversed(taken()) if "devis@" in str(one.to)))
        app.sweep()
    assert not [item for item in app.items("email") if item.get("outbox") == "held"]


@pytest.mark.medium
@pytest.mark.quick_cases(1)
def test_acknowledgements_of_forms_have_a_share_of_their_own(make_app: Callable[..., App]) -> None:
    app = make_app(StrangerMailPerDay="4", CallerHourlyCap="100")
    for number in range(4):
        app.post(
            "/f/devis",
            data=MultiDict(ANSWERS | {"email": f"a{number}@example.org"}),
            environ_overrides={"REMOTE_ADDR": f"198.51.{number}.1"},
        )
    app.play_stream()
    assert len([mail for mail in app.mails() if str(mail["To"]).startswith("a")]) == 2


# --- keeping ----------------------------------------------------------------------------------------------------


def test_a_form_has_its_own_retention(app: App) -> None:
    with time_machine.travel(START, tick=False):
        post(app)
    stored = message(app)
    kept = datetime.fromtimestamp(int(stored["expires_at"]), START.tzinfo) - START
    assert (kept, stored["retention_days"]) == (timedelta(days=365), "365")


def test_contact_can_be_defined_too(app: App, tmp_path: Path) -> None:
    topic = 'fields.topic = { type = "choice", choices = ["a"] }'
    text = f'[contact]\nfields.email = {{ type = "email", required = true }}\n{topic}'
    with site_forms(tmp_path / "other", text):
        for path in ("/contact", "/f/contact"):
            assert problems(app.post(path, data={"email": READER, "topic": "b"}, headers=JSON)) == {
                "topic": "NOT_A_CHOICE"
            }
            assert app.post(path, data={"email": READER, "topic": "a"}).status_code == 303
    assert answers(message(app)) == {"topic": "a"}


def test_a_metric_has_the_names_of_the_file_alone(app: App, written: Callable[[], str]) -> None:
    post(app)
    app.post("/f/made-up", data=ANSWERS)
    lines = [json.loads(line) for line in written().splitlines() if '"_aws"' in line]
    assert [(line.get("form"), [name for name in ("Accepted", "Refused") if name in line]) for line in lines] == [
        ("devis", ["Accepted"]),
        (None, ["Refused"]),
    ]


def test_a_wrong_file_ends_a_start_that_no_build_has_checked(tmp_path: Path) -> None:
    with (
        site_forms(tmp_path / "other", QUOTE.replace('"url"', '"uri"')),
        pytest.raises(Exception, match="expected one of"),
    ):
        lookup.names()
