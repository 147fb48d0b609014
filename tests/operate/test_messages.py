"""`guichet messages`: by day, in a period, the spam folder; one shown, filed and released."""

import re
from datetime import timedelta

import pytest
import time_machine

from guichet.mail import ses
from guichet.records.limits import Caller
from guichet.records.message import Message
from guichet.store import submissions
from infra.operate.output import printable
from tests.support.app import START, App
from tests.support.contact import contact
from tests.support.newsletter import link_in_last_mail, open_link, press
from tests.support.operate import Operate
from tests.support.wire import Wire, refusal


def test_messages_are_listed_by_day_the_newest_day_first(app: App, operate: Operate) -> None:
    ids = []
    for day in range(3):
        with time_machine.travel(START + timedelta(days=day)):
            ids.append(contact(app, message=f"Day {day}"))
    with time_machine.travel(START + timedelta(days=2)):
        assert [row["id"] for row in operate(app, "messages", "--json").rows] == ids[::-1]
        assert [row["id"] for row in operate(app, "messages", "--day", "2026-11-24", "--json").rows] == [ids[1]]
        period = ("--since", "2026-11-23", "--until", "2026-11-24")
        assert [row["id"] for row in operate(app, "messages", *period, "--json").rows] == [ids[1], ids[0]]
        assert (
            "No messages from 2026-11-01 to 2026-11-02."
            in operate(app, "messages", "--since", "2026-11-01", "--until", "2026-11-02").out
        )
        # A period that ends in the future still starts a week before today.
        assert [row["id"] for row in operate(app, "messages", "--until", "2027-01-01", "--json").rows] == ids[::-1]
    with time_machine.travel(START + timedelta(days=9)):
        assert operate(app, "messages", "--json").rows == []


@pytest.mark.slow
def test_two_hundred_and_fifty_messages_of_a_day_are_all_listed_in_their_order(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        for number in range(250):
            at = START + timedelta(seconds=number)
            message = Message(
                id=f"{number * 7919 % 251:032x}",
                email="a@example.org",
                message=f"number {number}",
                language="fr",
                received_at=at,
                expires_at=at + timedelta(days=1),
            )
            submissions.keep("table", message, [], Caller(key=str(number), cap=1, until=at + timedelta(hours=1)))
        rows = operate(app, "messages", "--json").rows
    assert [row["message"] for row in rows] == [f"number {number}" for number in reversed(range(250))]


@pytest.mark.parametrize("text", ["FACTURE", "zoe@", "Zoé", "Marseille", "VILLE"])
def test_a_search_looks_in_every_field_in_any_letters(app: App, operate: Operate, text: str) -> None:
    wanted = contact(app, message="La facture", name="ZOÉ", ville="Marseille")
    # The names of its fields do not count as its text.
    contact(app, email="other@example.org", message="Autre chose")
    assert operate(app, "messages", "--search", "received_at", "--json").rows == []
    assert [row["id"] for row in operate(app, "messages", "--search", text, "--json").rows] == [wanted]


def test_what_has_expired_is_not_listed(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        contact(app, _gotcha="x")
    with time_machine.travel(START + timedelta(days=29)):
        assert len(operate(app, "messages", "--spam", "--day", "2026-11-23", "--json").rows) == 1
    with time_machine.travel(START + timedelta(days=31)):
        assert operate(app, "messages", "--spam", "--day", "2026-11-23", "--json").rows == []


def test_one_is_shown_whole_with_the_further_fields_of_the_form(app: App, operate: Operate) -> None:
    message = contact(app, message="Première ligne\nDeuxième ligne", ville="Lyon")
    shown = operate(app, "messages", "show", message)
    assert "Première ligne" in shown.out
    assert "Deuxième ligne" in shown.out
    assert "Lyon" in shown.out
    (row,) = operate(app, "messages", "show", message, "--json").rows
    assert row["other_fields"] == [["ville", "Lyon"]]

    missing = operate(app, "messages", "show", "nope")
    assert (missing.code, missing.out) == (2, "")
    assert "no message has the id nope" in missing.told


def test_the_further_fields_of_a_form_stand_apart_and_replace_nothing(app: App, operate: Operate) -> None:
    message = contact(app, id="FAKE", received_at="2020-01-01", page="/fake", ville="Lyon")
    said = operate(app, "messages", "show", message).out.splitlines()
    before = said[: next(n for n, line in enumerate(said) if line.startswith("other fields"))]
    assert not [line for line in before if "FAKE" in line or "2020-01" in line or "/fake" in line]
    assert any(line.split() == ["id", message] for line in before)
    assert any(line.strip() == "received_at: 2020-01-01" for line in said)


def test_a_long_text_does_not_take_the_place_of_the_other_columns(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ids = [contact(app, email="x@example.org", name="N" * 900, message="M" * 20_000, _id="1"), contact(app)]
    for arguments in ((), ("--search", "example")):
        said = operate(app, "messages", *arguments).out.splitlines()
        for one, address in zip(ids, ("x@example.org", "zoe@example.org"), strict=True):
            (line,) = [line for line in said if one[:8] in line]
            assert address in line
            assert len(line) <= 80
            assert line.split()[2:4] != ["…", "…"]


def test_a_message_is_found_by_the_beginning_of_its_id(app: App, operate: Operate) -> None:
    with time_machine.travel(START, tick=False):
        ids = ["aa" + "0" * 30, "ab" + "0" * 30]
        for number, one in enumerate(ids):
            message = Message(
                id=one, email="a@example.org", message=f"number {number}", language="fr", received_at=START,
                expires_at=START + timedelta(days=1),
            )  # fmt: skip
            submissions.keep("table", message, [], Caller(key=one, cap=1, until=START + timedelta(hours=1)))

        assert operate(app, "messages", "show", "ab", "--json").rows[0]["message"] == "number 1"
        assert operate(app, "messages", "show", "AB", "--json").rows[0]["id"] == ids[1]
        assert operate(app, "messages", "show", "").code == 2
        assert operate(app, "messages", "spam", "aa0", "--json").rows == [{"id": ids[0], "now": "in the spam folder"}]
        both = operate(app, "messages", "show", "a")
        assert both.code == 2
        assert all(one in both.err for one in ids)


def test_one_whose_email_failed_is_found_by_the_beginning_of_its_id(app: App, operate: Operate) -> None:
    message = contact(app)
    Wire(ses.client()).plan(refusal(400, "MessageRejected"))
    app.sweep()
    assert [item["list"] for item in app.items("email") if "failed_at" in item] == ["failed"]
    assert operate(app, "messages", "show", message[:6], "--json").rows[0]["id"] == message


def test_a_word_of_any_length_is_shown_whole(app: App, operate: Operate) -> None:
    word = f"https://example.org/{'path/' * 80}?token=END"
    message = contact(app, message=f"see {word} thanks")
    assert word in "".join(line.strip() for line in operate(app, "messages", "show", message).out.splitlines())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x9b31m\x07", "�[2J�31m�"),
        ("a\u202eb\u2066c\u200fd\u061ce\u2028f\U000e0041", "a�b�c�d�e�f�"),
        ("line\r\nline\r\tline", "line\nline�\tline"),
        ("é 你 👩‍👩‍👧 [bold]x[/bold]", "é 你 👩‍👩‍👧 [bold]x[/bold]"),
    ],
)
def test_what_acts_on_a_terminal_is_not_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_what_a_stranger_wrote_does_not_act_on_the_terminal(app: App, operate: Operate) -> None:
    acts = "\x1b[2J\x9b31m\u202e"
    with time_machine.travel(START):
        # Stored unchanged, unlike what a form's own parsing stores.
        message = Message(
            id="1",
            email="zoe@example.org",
            message=f"before{acts}after [bold]x[/bold]",
            name=acts,
            extra=((f"field{acts}", f"value{acts}"),),
            language="fr",
            received_at=START,
            expires_at=START + timedelta(days=1),
        )
        submissions.keep("table", message, [], Caller(key="1", cap=1, until=START + timedelta(hours=1)))
        said = [operate(app, *command) for command in (("messages",), ("messages", "show", "1"))]
    for one in said:
        assert not set("\x1b\x9b\u202e") & set(one.out)
        assert "before" in one.out
        assert "[bold]x[/bold]" in one.out
    assert "field" in said[1].out
    as_json = operate(app, "messages", "show", "1", "--json")
    assert not set("\x1b\x9b\u202e") & set(as_json.out)
    assert as_json.rows[0]["name"] == acts
    assert not set("\x1b\x9b\u202e") & set(operate(app, "messages", "show", acts).err)


def test_a_command_that_is_misspelt_is_no_list(app: App, operate: Operate) -> None:
    said = operate(app, "messages", "relase", "1")
    assert said.code == 2
    assert "No such command 'relase'" in said.told


def test_the_spam_folder_tells_why_and_a_release_mails_the_owner_once(app: App, operate: Operate) -> None:
    message = contact(app, _gotcha="x")
    (row,) = operate(app, "messages", "--spam", "--json").rows
    assert (row["id"], row["spam"]) == (message, "honeypot")
    assert operate(app, "messages", "--json").rows == []

    for words in ("Released", "not in the spam folder"):
        said = operate(app, "messages", "release", message)
        assert said.code == 0
        assert words in said.out
    app.play_stream()
    assert len(app.mails()) == 1
    assert operate(app, "messages", "--spam", "--json").rows == []
    assert [row["id"] for row in operate(app, "messages", "--json").rows] == [message]


def test_what_the_daily_note_names_comes_back_by_command(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        contact(app, message="Genuine after all", _gotcha="x")
    with time_machine.travel(START + timedelta(days=1)):
        app.sweep()
        app.play_stream()
        (note,) = app.mails()
        text = note.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        (reference,) = re.findall(r"/desk/messages/(\w{32})\b", text)
        assert operate(app, "messages", "release", reference).code == 0
        app.play_stream()
    assert app.mails()[1]["Reply-To"] == "zoe@example.org"


def test_a_message_filed_as_spam_leaves_the_list_and_its_email_is_not_sent(app: App, operate: Operate) -> None:
    message = contact(app)
    said = operate(app, "messages", "spam", message)
    assert said.code == 0
    assert said.out == f"Filed {message[:8]} as spam.\n"
    app.play_stream()
    assert app.mails() == []
    assert operate(app, "messages", "--json").rows == []
    (row,) = operate(app, "messages", "--spam", "--json").rows
    assert (row["id"], row["spam"]) == (message, "owner")
    # Released, it is mailed after all.
    operate(app, "messages", "release", message)
    app.play_stream()
    assert len(app.mails()) == 1


def test_a_sign_up_from_the_spam_folder_is_sent_its_link_however_late(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        app.post("/newsletter", json={"email": "new@example.org", "_gotcha": "x"})
        (row,) = operate(app, "messages", "--spam", "--json").rows
        assert "only messages can be filed as spam" in operate(app, "messages", "spam", row["id"]).told
        for _ in range(2):
            assert operate(app, "messages", "release", row["id"]).code == 0
        app.sweep()
        assert [mail["To"] for mail in app.mails()] == ["new@example.org"]

        app.post("/newsletter", json={"email": "late@example.org", "_gotcha": "x"})
        (row,) = operate(app, "messages", "--spam", "--json").rows
    with time_machine.travel(START + timedelta(days=20)):
        # The link counts from when its email is sent.
        assert operate(app, "messages", "release", row["id"]).code == 0
        app.sweep()
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
