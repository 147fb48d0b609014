"""Messages of the site's own forms, by form: listed, searched, counted, shown, released, exported and erased."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from guichet.definitions import lookup
from guichet.store import dynamodb
from tests.support.app import START, App
from tests.support.contact import contact
from tests.support.operate import Operate
from tests.support.site_forms import QUOTE, site_forms

FORMS = f"""{QUOTE}
[sondage]
title = {{ fr = "Sondage", en = "Survey" }}
fields.couleur = {{ type = "choice", choices = ["Rouge", {{ value = "b", label = {{ fr = "Bleu", en = "Blue" }} }}] }}
fields.note = {{ type = "number", label = {{ fr = "Note", en = "Mark" }} }}
fields.language = {{ type = "text", label = {{ fr = "Votre langue", en = "Your language" }} }}

[amis]
fields.moi = {{ type = "email" }}
fields.ami = {{ type = "email", label = "Ami" }}
"""
DEVIS = {
    "name": "Zoé", "email": "zoe@example.org", "budget": "plus", "accord": "oui", "surface": "1 234,5",
    "rooms": ["Salon", "Cuisine, salle"], "date": "31/12/2026", "message": "Un toit.\nBudget : aucun", "ville": "Lyon",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _forms(tmp_path: Path) -> Iterator[None]:
    folder = tmp_path / "forms"
    folder.mkdir()
    with site_forms(folder, FORMS):
        yield


def posted(app: App, form: str = "devis", **fields: Any) -> str:
    reply = app.post(f"/f/{form}", json={**(DEVIS if form == "devis" else {}), **fields})
    assert reply.status_code == 200, reply.text
    return str(reply.get_json()["id"])


def rows_of(said: str, separator: str = ";") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(said.removeprefix("\ufeff"), newline=""), delimiter=separator))


def test_messages_are_listed_searched_and_counted_by_form(app: App, operate: Operate) -> None:
    ids = [posted(app), posted(app, "sondage", couleur="b", note="7"), contact(app)]
    caught = posted(app, "sondage", couleur="Rouge", _gotcha="x")
    app.post("/newsletter", json={"email": "new@example.org", "_gotcha": "x"})

    def listed(*options: str) -> list[str]:
        return [row["id"] for row in operate(app, "messages", *options, "--json").rows]

    assert set(listed()) == set(ids)
    assert listed("--form", "devis") == [ids[0]]
    assert listed("--form", "contact") == [ids[2]]
    assert listed("--form", "sondage", "--spam") == [caught]
    assert listed("--form", "autre") == []
    # By stored values, and by displayed ones.
    for text, one in (("bleu", ids[1]), ("2026-12-31", ids[0]), ("31 DÉCEMBRE", ids[0]), ("davantage", ids[0])):
        assert listed("--search", text) == [one]
    assert listed("--search", "bleu", "--form", "devis") == []
    assert operate(app, "messages", "--count", "--json").rows == [{"contact": 1, "amis": 0, "devis": 1, "sondage": 1}]
    assert operate(app, "messages", "--count", "--form", "devis", "--json").rows == [{"devis": 1}]
    (spam,) = operate(app, "messages", "--count", "--spam", "--json").rows
    assert spam == {"contact": 0, "amis": 0, "devis": 0, "sondage": 1, "newsletter": 1}
    assert "No messages of the form autre from" in operate(app, "messages", "--form", "autre").out


def test_a_list_names_the_form_and_has_no_hole_where_a_form_asks_for_no_address(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        posted(app, "sondage", couleur="b", note="1234.5")
        contact(app)
        lines = operate(app, "messages").out.splitlines()
        one = operate(app, "messages", "--form", "sondage").out.splitlines()
        lookup.SOURCE.write_text("", encoding="utf-8")
        lookup.forget()
        without = operate(app, "messages").out.splitlines()
    assert lines[0].split() == ["received", "at", "id", "form", "email", "name", "message"]
    (survey,) = [line for line in lines if " sondage " in line]
    assert "Bleu · 1 234,5" in survey
    assert "form" not in one[0].split()
    # The form is gone from the file, but its answers are still there.
    assert without[0].split() == ["received", "at", "id", "email", "name", "message"]
    assert len(without) == 3


def test_a_message_is_shown_in_the_order_of_its_form_with_its_labels(app: App, operate: Operate) -> None:
    message = posted(app, id="FAKE")
    said = operate(app, "messages", "show", message).out
    lines = [line.strip() for line in said.splitlines()]
    answers = [
        "Votre nom: Zoé", "Votre email: zoe@example.org", "Surface (m²): 1\u202f234,5", "Date souhaitée: jeudi 31",
        "Votre projet: Un toit.", "Budget : aucun", "Pièces: Cuisine, salle", "Salon", "Budget: Davantage",
        "Accepté: J’accepte d’être rappelé.",
    ]  # fmt: skip
    places = [next(n for n, line in enumerate(lines) if answer in line) for answer in answers]
    assert places == sorted(places)
    assert any(line.startswith("form") and line.endswith("devis: Demande de devis") for line in lines)
    # A visitor's additional lines are set apart, and so are additional fields.
    assert len([line for line in said.splitlines() if line.rstrip().endswith("   Budget : aucun")]) == 1
    assert places[-1] < next(n for n, line in enumerate(lines) if "ville: Lyon" in line)
    (row,) = operate(app, "messages", "show", message, "--json").rows
    assert list(row["answers"]) == ["name", "email", "surface", "date", "message", "rooms", "budget", "accord"]
    assert row["answers"]["date"] == "2026-12-31"
    assert row["other_fields"] == [["ville", "Lyon"], ["id", "FAKE"]]


def test_a_message_without_address_and_text_is_shown_without_holes(app: App, operate: Operate) -> None:
    message = posted(app, "sondage", note="3")
    said = operate(app, "messages", "show", message).out
    assert "Note: 3" in said
    assert not [line for line in said.splitlines() if line.split()[:1] in (["email"], ["name"], ["message"])]


def test_a_released_message_goes_to_its_forms_recipients_and_is_kept_as_long_as_it_says(
    app: App, operate: Operate
) -> None:
    with time_machine.travel(START):
        message = posted(app, budget="< 1 000 €", _gotcha="x")
        assert operate(app, "messages", "release", message).code == 0
        app.play_stream()
    (mail,) = app.mails()
    assert mail["To"] == "devis@example.org"
    assert "Demande de devis" in mail["Subject"]
    (item,) = app.items("message")
    assert int(item["expires_at"]) == int((START + timedelta(days=365)).timestamp())


def test_a_command_that_needs_a_wrong_file_says_what_names_its_mistakes(app: App, operate: Operate) -> None:
    contact(app, _gotcha="x")
    (row,) = operate(app, "messages", "--spam", "--json").rows
    lookup.SOURCE.write_text("[", encoding="utf-8")
    lookup.forget()
    said = operate(app, "messages", "release", row["id"])
    assert said.code == 2
    assert "functions/forms.toml has a mistake: `guichet forms check` names it" in said.told


# --- export -----------------------------------------------------------------------------------------------------------


def test_an_export_of_a_form_has_a_column_for_each_of_its_fields_in_its_order(app: App, operate: Operate) -> None:
    posted(app)
    posted(app, "sondage", couleur="b", note="3", language="=1+1")
    contact(app)
    said = operate(app, "export", "messages", "--form", "devis", "--format", "csv")
    (row,) = rows_of(said.out)
    assert list(row) == [
        "received_at", "name", "email", "phone", "site", "surface", "date", "message", "rooms", "budget", "accord",
        "other_fields", "page", "language", "spam", "id",
    ]  # fmt: skip
    assert (row["surface"], row["date"], row["budget"]) == ("1234.5", "2026-12-31", "plus")
    assert (row["rooms"], row["other_fields"], row["phone"]) == ("Cuisine, salle\nSalon", "ville: Lyon", "")
    (survey,) = rows_of(operate(app, "export", "messages", "--form", "sondage").out)
    # No column is there twice, and no cell is a formula.
    assert list(survey)[:4] == ["received_at", "couleur", "note", "field_language"]
    assert (survey["field_language"], survey["language"]) == ("'=1+1", "fr")


def test_an_export_of_all_messages_names_the_form_of_each(app: App, operate: Operate) -> None:
    posted(app)
    contact(app, message="Bonjour")
    rows = {row["form"]: row for row in rows_of(operate(app, "export", "messages").out)}
    assert set(rows) == {"contact", "devis"}
    assert rows["contact"]["message"] == "Bonjour"
    assert "rooms: Cuisine, salle\nSalon" in rows["devis"]["other_fields"]
    assert [row["message"] for row in rows_of(operate(app, "export", "messages", "--form", "contact").out)] == [
        "Bonjour"
    ]


def test_json_lines_have_the_answers(app: App, operate: Operate, tmp_path: Path) -> None:
    posted(app)
    posted(app, "sondage", couleur="b")
    posted(app, _gotcha="x")
    file = tmp_path / "devis.jsonl"
    for options, count in (((), 1), (("--spam",), 2)):
        order = ("export", "messages", "--form", "devis", "--format", "jsonl", "-o", str(file), *options)
        assert operate(app, *order, "--json").rows == [{"file": str(file), "rows": count}]
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert {row["form"] for row in rows} == {"devis"}
        assert rows[0]["answers"]["rooms"] == "Cuisine, salle\nSalon"
        assert rows[0]["other_fields"] == [["ville", "Lyon"]]
        file.unlink()


def test_a_form_that_is_not_declared_is_exported_as_it_is_stored(app: App, operate: Operate) -> None:
    posted(app, "sondage", couleur="b")
    lookup.SOURCE.write_text("", encoding="utf-8")
    lookup.forget()
    said = operate(app, "export", "messages", "--form", "sondage")
    (row,) = rows_of(said.out)
    assert "declares no form sondage" in said.told
    assert row["other_fields"] == "couleur: b"
    wrong = operate(app, "export", "subscribers", "--form", "sondage")
    assert (wrong.code, "--form is for messages" in wrong.err) == (2, True)


def test_an_interrupted_export_does_not_go_on_with_other_columns(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    posted(app)
    file = tmp_path / "devis.csv"
    order = ("export", "messages", "--form", "devis", "-o", str(file))
    with monkeypatch.context() as patch:

        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(Path, "rename", lambda one, to: interrupted() if to == file else one.replace(to))
        assert operate(app, *order).code == 130
    lookup.SOURCE.write_text(FORMS.replace("fields.site ", "fields.web "), encoding="utf-8")
    lookup.forget()
    said = operate(app, *order)
    assert said.code == 2
    assert "with other options" in said.told


# --- one person -------------------------------------------------------------------------------------------------------


def test_a_person_is_found_in_every_form_by_their_address_and_by_what_others_wrote(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    person = "gone@example.org"
    posted(app, email=person, message="My secret words", _id="1")
    posted(app, email=person, message="My secret spam", _gotcha="x")
    # In a field with another name, which still is the form's address.
    posted(app, "amis", moi=person.upper(), ami="friend@example.org")
    posted(app, "amis", moi="friend@example.org", ami=person, _id="2")
    posted(app, "sondage", language=f"mail {person}", note="3")
    file = tmp_path / "access.json"
    operate(app, "forget", person, "--access", str(file))
    told = json.loads(file.read_text(encoding="utf-8"))
    assert (len(told["messages"]), told["mentions by others"]) == (3, 2)
    assert "My secret words" in json.dumps(told["messages"])

    assert operate(app, "forget", person, "--yes").code == 0
    left = json.dumps(app.items(), ensure_ascii=False).lower()
    assert "gone@" not in left
    assert "secret" not in left
    assert {item["form"] for item in app.items("message")} == {"amis", "sondage"}
    kept = operate(app, "messages", "--json").rows
    assert [row["answers"] for row in kept if row["form"] == "amis"] == [
        {"moi": "friend@example.org", "ami": "[erased]"}
    ]
    assert [row["answers"]["language"] for row in kept if row["form"] == "sondage"] == ["mail [erased]"]
    # Shown and exported as they are.
    assert operate(app, "export", "messages", "--form", "amis").code == 0


# --- erasing messages
# --------------------------------------------------------------------------------------------------


def beneath(app: App, *ids: str) -> list[str]:
    """Return the kinds of the items stored under the keys of messages."""
    return sorted(item["kind"] for item in app.items() if item["pk"].partition("#")[2] in ids)


def test_a_message_without_an_address_is_erased_with_its_emails_once_somebody_says_yes(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = posted(app, "sondage", note="3"), posted(app, "sondage", note="4")
    assert beneath(app, gone) == ["email", "message"]
    for answer, code, words in (("n\n", 0, "Nothing was erased."), ("", 130, "--yes")):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        said = operate(app, "messages", "erase", gone[:8])
        assert said.code == code
        assert words in said.err
        assert f"{gone[:8]}, of " in said.told
        assert "sondage" in said.told
        assert beneath(app, gone) == ["email", "message"]
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    said = operate(app, "messages", "erase", gone[:8])
    assert (said.code, said.out) == (0, f"Erased {gone[:8]}.\n")
    assert beneath(app, gone) == []
    assert beneath(app, kept) == ["email", "message"]
    # Nothing is left to be mailed.
    app.play_stream()
    assert len(app.mails()) == 1


def test_several_are_erased_also_from_the_spam_folder_and_again_changes_nothing(app: App, operate: Operate) -> None:
    ids = [posted(app), contact(app), posted(app, "sondage", note="1", _gotcha="x")]
    app.post("/newsletter", json={"email": "new@example.org", "_gotcha": "x"})
    (sign_up,) = [row["id"] for row in operate(app, "messages", "--spam", "--json").rows if row["kind"] == "sign-up"]
    order = ("messages", "erase", ids[0][:8], ids[0], ids[1][:9], ids[2].upper(), sign_up[:8], "--yes", "--json")
    said = operate(app, *order)
    assert said.code == 0
    assert said.rows == [{"id": one, "now": "erased", "changed": True} for one in (*ids, sign_up)]
    assert beneath(app, *ids, sign_up) == []
    whole = operate(app, "messages", "erase", *ids, "--yes", "--json")
    assert (whole.code, [row["changed"] for row in whole.rows]) == (0, [False] * 3)
    # A mistyped prefix does not prevent the others.
    another = posted(app, "sondage", note="9")
    begun = operate(app, "messages", "erase", ids[0][:8], another[:8], "--yes")
    assert begun.code == 2
    assert f"no message has the id {ids[0][:8]}" in begun.told
    assert beneath(app, another) == []


def test_what_is_not_one_message_is_not_erased(app: App, operate: Operate) -> None:
    ids = [posted(app, "sondage", note=str(number)) for number in range(17)]
    (first,) = [one for one in sorted({one[0] for one in ids}) if sum(other[0] == one for other in ids) > 1][:1]
    app.post("/newsletter", json={"email": "new@example.org"})
    (request,) = app.items("request")
    for arguments, words in (
        ((ids[0], first), f"several ids begin with {first}"),
        ((ids[0], request["id"]), "is a sign-up, but not spam: `guichet forget ADDRESS`"),
        ((), "Give the IDs of messages, or --form NAME."),
        ((ids[0], "--form", "sondage"), "Give the IDs of messages, or --form NAME."),
    ):
        said = operate(app, "messages", "erase", *arguments, "--yes")
        assert said.code == 2
        assert words in said.err
    assert len(app.items("message")) == 17
    assert len(app.items("request")) == 1


def test_all_messages_of_a_form_are_erased_once_their_number_is_typed(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = [posted(app), contact(app)]
    with time_machine.travel(START - timedelta(days=400)):
        old = posted(app, "sondage", note="0")
    ids = [posted(app, "sondage", note="1"), posted(app, "sondage", note="2", _gotcha="x"), old]
    for answer, code in (("2\n", 0), ("y\n", 0), ("\n", 0), ("", 130)):
        monkeypatch.setattr("sys.stdin", io.StringIO(answer))
        said = operate(app, "messages", "erase", "--form", "sondage")
        assert said.code == code
        assert "3 messages of the form sondage, 1 of them in the spam folder" in said.told
        assert len(beneath(app, *ids)) == 5
    monkeypatch.setattr("sys.stdin", io.StringIO("3\n"))
    said = operate(app, "messages", "erase", "--form", "sondage")
    assert (said.code, said.out) == (0, "Erased 3 messages of the form sondage.\n")
    assert beneath(app, *ids) == []
    assert len(app.items("message")) == 2
    # A contact message does not store the form's name.
    (row,) = operate(app, "messages", "erase", "--form", "contact", "--yes", "--json").rows
    assert row == {"form": "contact", "now": "erased", "messages": 1}
    assert beneath(app, *kept) == beneath(app, kept[0])
    again = operate(app, "messages", "erase", "--form", "contact", "--yes")
    assert (again.code, again.out) == (0, "There is no message of the form contact.\n")


def test_an_interrupted_erasure_goes_on_where_it_stopped(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [posted(app, "sondage", note=str(number)) for number in range(4)]
    call, calls = dynamodb.call, []

    def interrupted(operation: str, **parameters: Any) -> Any:
        calls.append(operation)
        # After the second one's email, and before itself.
        if operation == "delete_item" and calls.count(operation) > 3:
            raise KeyboardInterrupt
        return call(operation, **parameters)

    with monkeypatch.context() as patch:
        patch.setattr(dynamodb, "call", interrupted)
        assert operate(app, "messages", "erase", "--form", "sondage", "--yes").code == 130
    # No email row is left without its record.
    assert beneath(app, *ids) == ["email", "email", "message", "message", "message"]
    (row,) = operate(app, "messages", "erase", "--form", "sondage", "--yes", "--json").rows
    assert row["messages"] == 3
    assert beneath(app, *ids) == []


def test_caught_sign_ups_are_erased_as_those_of_the_newsletter(app: App, operate: Operate) -> None:
    app.post("/newsletter", json={"email": "robot@example.org", "_gotcha": "x"})
    app.post("/newsletter", json={"email": "new@example.org"})
    (row,) = operate(app, "messages", "erase", "--form", "newsletter", "--yes", "--json").rows
    assert row["messages"] == 1
    assert [item["email"] for item in app.items("request")] == ["new@example.org"]
