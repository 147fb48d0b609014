"""What the migration page says about other services' special fields, checked against the handler."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from infra.template import TEMPLATE
from tests.support.app import App, resolve

PAGE = (TEMPLATE.parent / "infra" / "docs" / "migration.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `?([\w -]+?)`? \| ([a-z ]+) \|", PAGE, re.MULTILINE)
GOOD = {"email": "camille@example.org", "message": "Bonjour, je voudrais un devis."}
VALUE = "une valeur"


def fields_that_are(what: str) -> list[str]:
    """Return the fields about which the page says this, each once."""
    return sorted({field for field, here in ROWS if here == what})


def sent(app: App, fields: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Post a form, and return the stored message and the text of the email to the owner."""
    assert app.post("/contact", data=fields).status_code == 303
    (message,) = app.items("message")
    app.play_stream()
    (mail,) = app.mails()
    body = mail.get_body(("plain",))
    assert body is not None
    return message, f"{mail['Subject']}\n{body.get_content()}"


def test_the_page_uses_its_own_words_alone() -> None:
    assert {here for _, here in ROWS} == {"field", "same", "kept as an answer", "dropped", "refused"} - {"field"} | {
        "here"
    }
    assert len(ROWS) > 30


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("field", fields_that_are("kept as an answer"))
def test_what_is_kept_is_shown_to_the_owner(app: App, field: str) -> None:
    message, mail = sent(app, GOOD | {field: VALUE})
    assert [[part["S"] for part in pair["L"]] for pair in message["extra"]] == [[field, VALUE]]
    assert f"{field}\xa0: {VALUE}" in mail


@pytest.mark.parametrize("field", fields_that_are("dropped"))
def test_what_is_dropped_is_nowhere(app: App, field: str) -> None:
    message, mail = sent(app, GOOD | {field: VALUE})
    assert VALUE not in repr(message)
    assert VALUE not in mail


def test_a_file_is_refused(app: App) -> None:
    assert fields_that_are("refused") == ["a file"]
    reply = app.post(
        "/contact", data=GOOD | {"cv": (io.BytesIO(b"x"), "cv.pdf")}, headers={"accept": "application/json"}
    )
    assert reply.status_code == 415
    assert reply.json is not None
    assert reply.json["errors"][0]["code"] == "NO_FILE_UPLOADS"
    assert app.items("message") == []


def test_what_is_the_same_does_the_same(app: App) -> None:
    steering = {
        "_gotcha": VALUE,
        "_language": "en",
        "_next": "/merci",
        "_replyto": "camille@example.org",
        "_subject": "Un sujet",
    }
    answers = {
        "email": "camille@example.org",
        "message": "Bonjour",
        "name": "Camille",
        "phone": "06",
        "subject": "Devis",
    }
    assert fields_that_are("same") == sorted({**steering, **answers})

    message, mail = sent(app, answers)
    assert {name: message[name] for name in answers} == answers
    for answer in answers.values():
        assert answer in mail

    named = {name: steering[name] for name in ("_language", "_next", "_replyto", "_subject")}
    reply = app.post("/contact", data={"message": "Par alias"} | named)
    assert reply.location.endswith("/merci")
    (aliased,) = [item for item in app.items("message") if item["message"] == "Par alias"]
    assert (aliased["email"], aliased["language"], aliased["form_subject"]) == ("camille@example.org", "en", "Un sujet")

    app.post("/contact", data={**answers, "message": "Piège", "_gotcha": VALUE})
    assert [item["message"] for item in app.items("message") if item.get("spam") == "honeypot"] == ["Piège"]


@pytest.mark.parametrize("named", re.findall(r"deploy with `(\w+)=([\w-]+)`", PAGE))
def test_the_honeypot_of_another_service_can_be_kept(make_app: Callable[..., App], named: tuple[str, str]) -> None:
    parameter, field = named
    app = make_app(**{parameter: field})
    app.post("/contact", data=GOOD | {field: VALUE})
    assert app.items("message")[0]["spam"] == "honeypot"


def test_the_parameters_that_it_names_are_there() -> None:
    named = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][a-z]+)+)", PAGE))
    assert {"OwnerEmail", "ProofOfWork", "HoneypotField", "SiteName"} == named
    assert named <= set(resolve().parameters)
