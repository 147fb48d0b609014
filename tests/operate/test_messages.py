"""`guichet messages`: by day, in a period, the spam folder; one shown, filed and released."""

from datetime import timedelta

import pytest
import time_machine

from tests.conftest import Counter
from tests.integration.test_life import START
from tests.operate.conftest import Operate


def contact(counter: Counter, **fields: str) -> str:
    reply = counter.post("/contact", json={"email": "zoe@example.org", "message": "Bonjour", **fields})
    assert reply.status_code == 200
    return str(reply.get_json()["id"])


def test_messages_are_listed_by_day_the_newest_day_first(counter: Counter, operate: Operate) -> None:
    ids = []
    for day in range(3):
        with time_machine.travel(START + timedelta(days=day)):
            ids.append(contact(counter, message=f"Day {day}"))
    with time_machine.travel(START + timedelta(days=2)):
        assert [row["id"] for row in operate(counter, "messages", "--json").rows] == ids[::-1]
        assert [row["id"] for row in operate(counter, "messages", "--day", "2026-11-24", "--json").rows] == [ids[1]]
        period = ("--since", "2026-11-23", "--until", "2026-11-24")
        assert [row["id"] for row in operate(counter, "messages", *period, "--json").rows] == [ids[1], ids[0]]
        assert (
            "Nothing from 2026-11-01 to 2026-11-02"
            in operate(counter, "messages", "--since", "2026-11-01", "--until", "2026-11-02").out
        )
    with time_machine.travel(START + timedelta(days=9)):
        assert operate(counter, "messages", "--json").rows == []


def test_two_hundred_and_fifty_messages_of_a_day_are_all_listed_in_their_order(
    counter: Counter, operate: Operate
) -> None:
    from guichet.records import Caller, Message  # noqa: PLC0415
    from guichet.storage import Store  # noqa: PLC0415

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
            Store("table").keep(message, [], Caller(key=str(number), cap=1, until=at + timedelta(hours=1)))
        rows = operate(counter, "messages", "--json").rows
    assert [row["message"] for row in rows] == [f"number {number}" for number in range(250)]


@pytest.mark.parametrize("text", ["FACTURE", "zoe@", "Zoé", "Marseille", "VILLE"])
def test_a_search_looks_in_every_field_in_any_letters(counter: Counter, operate: Operate, text: str) -> None:
    wanted = contact(counter, message="La facture", name="ZOÉ", ville="Marseille")
    # Its own field names are no words of it.
    contact(counter, email="other@example.org", message="Autre chose")
    assert operate(counter, "messages", "--search", "received_at", "--json").rows == []
    assert [row["id"] for row in operate(counter, "messages", "--search", text, "--json").rows] == [wanted]


def test_what_has_expired_is_not_listed(counter: Counter, operate: Operate) -> None:
    with time_machine.travel(START):
        contact(counter, _gotcha="x")
    with time_machine.travel(START + timedelta(days=29)):
        assert len(operate(counter, "messages", "--spam", "--day", "2026-11-23", "--json").rows) == 1
    with time_machine.travel(START + timedelta(days=31)):
        assert operate(counter, "messages", "--spam", "--day", "2026-11-23", "--json").rows == []


def test_one_is_shown_whole_with_the_further_fields_of_the_form(counter: Counter, operate: Operate) -> None:
    message = contact(counter, message="Première ligne\nDeuxième ligne", ville="Lyon")
    shown = operate(counter, "messages", "show", message)
    assert "Première ligne" in shown.out
    assert "Deuxième ligne" in shown.out
    assert "Lyon" in shown.out
    (row,) = operate(counter, "messages", "show", message, "--json").rows
    assert row["extra"] == [["ville", "Lyon"]]

    missing = operate(counter, "messages", "show", "nope")
    assert (missing.code, missing.out) == (2, "")
    assert "no message nope" in missing.err


def test_what_a_stranger_wrote_does_not_act_on_the_terminal(counter: Counter, operate: Operate) -> None:
    message = contact(counter, message="before\x1b[2J\x9b31m\u202eafter [bold]x[/bold]", name="\x1b]0;title\x07")
    for said in (operate(counter, "messages"), operate(counter, "messages", "show", message)):
        assert not set("\x1b\x9b\x07\u202e") & set(said.out)
        assert "before" in said.out
        assert "[bold]x[/bold]" in said.out


def test_the_spam_folder_tells_why_and_a_release_mails_the_owner_once(counter: Counter, operate: Operate) -> None:
    message = contact(counter, _gotcha="x")
    (row,) = operate(counter, "messages", "--spam", "--json").rows
    assert (row["id"], row["spam"]) == (message, "honeypot")
    assert operate(counter, "messages", "--json").rows == []

    assert operate(counter, "messages", "release", message).code == 0
    assert operate(counter, "messages", "release", message).code == 0
    counter.play_stream()
    assert len(counter.mails()) == 1
    assert operate(counter, "messages", "--spam", "--json").rows == []
    assert [row["id"] for row in operate(counter, "messages", "--json").rows] == [message]


def test_a_message_filed_as_spam_leaves_the_list_and_its_email_is_not_sent(counter: Counter, operate: Operate) -> None:
    message = contact(counter)
    assert operate(counter, "messages", "spam", message).code == 0
    counter.play_stream()
    assert counter.mails() == []
    assert operate(counter, "messages", "--json").rows == []
    (row,) = operate(counter, "messages", "--spam", "--json").rows
    assert row["id"] == message
    # Released, it is mailed after all.
    operate(counter, "messages", "release", message)
    counter.play_stream()
    assert len(counter.mails()) == 1


def test_a_sign_up_from_the_spam_folder_is_sent_its_link_while_that_is_valid(
    counter: Counter, operate: Operate
) -> None:
    with time_machine.travel(START):
        counter.post("/newsletter", json={"email": "new@example.org", "_gotcha": "x"})
        (row,) = operate(counter, "messages", "--spam", "--json").rows
        assert "nobody is mailed" in operate(counter, "messages", "spam", row["id"]).err
        for _ in range(2):
            assert operate(counter, "messages", "release", row["id"]).code == 0
        counter.sweep()
        assert [mail["To"] for mail in counter.mails()] == ["new@example.org"]

        counter.post("/newsletter", json={"email": "late@example.org", "_gotcha": "x"})
        (row,) = operate(counter, "messages", "--spam", "--json").rows
    with time_machine.travel(START + timedelta(hours=49)):
        late = operate(counter, "messages", "release", row["id"])
    assert late.code == 2
    assert "sign up again" in late.err
