"""`guichet outbox` and `guichet test-email`: what waits or failed, why, and sending it again."""

from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import pytest
import time_machine

from guichet.mail import ses
from guichet.store import outbox
from tests.support.app import START, Counter
from tests.support.contact import contact
from tests.support.operate import Operate
from tests.support.wire import Wire, refusal, unreachable


def test_with_nothing_owed_it_says_so(counter: Counter, operate: Operate) -> None:
    contact(counter)
    counter.play_stream()
    said = operate(counter, "outbox")
    assert (said.code, said.out.strip()) == (0, "No email is waiting, and none has failed.")


def test_what_waits_is_told_with_its_reason_and_sent_at_once(counter: Counter, operate: Operate) -> None:
    wire = Wire(ses.client())
    with time_machine.travel(START):
        contact(counter)
        (row,) = operate(counter, "outbox", "--json").rows
        assert row["why"] == "not tried yet"
        wire.always(refusal(400, "SendingPausedException"))
        counter.sweep()
    with time_machine.travel(START + timedelta(hours=1)):
        said = operate(counter, "outbox", "--json")
        assert said.code == 1
        (row,) = said.rows
        assert (row["state"], row["to"], row["email"]) == ("waiting", "owner", "contact-notification")
        assert row["waiting_since"].startswith("2026-11-23T10:00:00")
        assert row["why"].startswith("SendingPausedException")
        still = operate(counter, "outbox", "send", "--json")
        assert (still.code, still.rows) == (1, [{"queued_again": 0, "postponed": 1}])
        wire.always(None)
        assert operate(counter, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1}]
        assert operate(counter, "outbox", "--json").code == 0


def test_one_whose_run_ended_without_an_answer_says_that(counter: Counter, operate: Operate) -> None:
    with time_machine.travel(START) as clock:
        contact(counter)
        wire = Wire(ses.client())
        wire.plan(unreachable)
        wire.always(refusal(500, "InternalFailure"))
        # As a run that is killed while SES has the message.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ses, "_NOT_SENT", ())
            counter.sweep()
        assert operate(counter, "outbox", "--json").rows[0]["why"] == "being sent"
        clock.shift(timedelta(minutes=6))
        assert "ended without an answer" in operate(counter, "outbox", "--json").rows[0]["why"]


@pytest.mark.parametrize("how", ["--failed", "the id"])
def test_what_failed_is_told_with_its_reason_and_can_be_sent_again(
    counter: Counter, operate: Operate, how: str
) -> None:
    contact(counter)
    contact(counter, message="Two")
    Wire(ses.client()).plan(refusal(400, "MessageRejected"), refusal(400, "MessageRejected"))
    counter.sweep()
    rows = operate(counter, "outbox", "--json").rows
    assert [row["state"] for row in rows] == ["failed", "failed"]
    assert all(row["why"].startswith("MessageRejected") for row in rows)
    # What failed is not sent again unless it is asked for.
    assert operate(counter, "outbox", "send", "--json").rows == [{"queued_again": 0}]
    said = operate(counter, "outbox", "send", "--json", how if how == "--failed" else rows[0]["id"])
    sent = 2 if how == "--failed" else 1
    assert said.rows == [{"queued_again": sent, "sent": sent}]
    assert len(counter.mails()) == sent
    left = operate(counter, "outbox", "--json").rows
    assert [row["id"] for row in left] == [row["id"] for row in rows[sent:]]


def test_what_waits_for_room_under_a_cap_says_so(make_counter: Callable[..., Counter], operate: Operate) -> None:
    # Strangers get no mail at all today.
    counter = make_counter(StrangerMailPerDay="0")
    counter.post("/newsletter", json={"email": "new@example.org"})
    counter.play_stream()
    said = operate(counter, "outbox")
    assert said.code == 1
    assert "StrangerMailPerDay is used up" in said.out
    said = operate(counter, "outbox", "send", "--json")
    assert (said.code, said.rows) == (1, [{"queued_again": 0, "capped": 1}])
    contact(counter)
    assert operate(counter, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1, "capped": 1}]


def test_what_the_stream_is_sending_meanwhile_is_not_left_to_do(counter: Counter, operate: Operate) -> None:
    contact(counter)
    (key,) = [key for _, key in outbox.waiting("table", "owner")]
    assert outbox.claim("table", key)
    said = operate(counter, "outbox", "send", "--json")
    assert (said.code, said.rows) == (0, [{"queued_again": 0, "not_ours": 1}])


def test_an_id_that_is_not_there_is_said_and_nothing_is_sent(counter: Counter, operate: Operate) -> None:
    contact(counter)
    said = operate(counter, "outbox", "send", "message#x/email#y")
    assert said.code == 2
    assert "message#x/email#y" in said.err
    assert counter.mails() == []


def test_a_test_email_goes_to_the_owner_or_to_whom_is_named(counter: Counter, operate: Operate) -> None:
    said = operate(counter, "test-email")
    assert said.code == 0
    assert "message id" in said.out
    assert operate(counter, "test-email", "--to", "me@example.org").code == 0
    first, second = counter.mails()
    assert (first["To"], second["To"]) == ("owner@atelier.example", "me@example.org")
    assert isinstance(first, EmailMessage)
    assert first.policy is policy.default
    assert "https://api.example" in first.get_content()


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [("MessageRejected", 2, "SES refuses it: MessageRejected"), ("ThrottlingException", 3, "is not accepting it now")],
)
def test_what_ses_says_of_a_test_email_is_said(
    counter: Counter, operate: Operate, code: str, exit_code: int, words: str
) -> None:
    Wire(ses.client()).plan(refusal(400, code))
    said = operate(counter, "test-email")
    assert said.code == exit_code
    assert words in said.err
