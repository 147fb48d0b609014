"""`guichet outbox` and `guichet test-email`: what waits or failed, why, and sending it again."""

from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.message import EmailMessage

import pytest
import time_machine

from guichet.mail import ses
from guichet.store import outbox
from tests.support.app import START, App
from tests.support.contact import contact
from tests.support.feedback import taken, tell
from tests.support.operate import Operate
from tests.support.wire import Wire, refusal, unreachable


def test_with_nothing_owed_it_says_so(app: App, operate: Operate) -> None:
    contact(app)
    app.play_stream()
    said = operate(app, "outbox")
    assert (said.code, said.out.strip()) == (0, "No email is waiting, and none has failed.")


def test_what_waits_is_told_with_its_reason_and_sent_at_once(app: App, operate: Operate) -> None:
    wire = Wire(ses.client())
    with time_machine.travel(START):
        contact(app)
        (row,) = operate(app, "outbox", "--json").rows
        assert row["why"] == "not tried yet"
        wire.always(refusal(400, "SendingPausedException"))
        app.sweep()
    with time_machine.travel(START + timedelta(hours=1)):
        said = operate(app, "outbox", "--json")
        assert said.code == 1
        (row,) = said.rows
        assert (row["state"], row["to"], row["kind"]) == ("waiting", "owner", "contact-notification")
        assert row["waiting_since"].startswith("2026-11-23T10:00:00")
        assert row["why"].startswith("SendingPausedException")
        still = operate(app, "outbox", "send", "--json")
        assert (still.code, still.rows) == (1, [{"queued_again": 0, "postponed": 1}])
        wire.always(None)
        assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1}]
        assert operate(app, "outbox", "--json").code == 0


def test_one_whose_run_ended_without_an_answer_says_that(app: App, operate: Operate) -> None:
    with time_machine.travel(START) as clock:
        contact(app)
        wire = Wire(ses.client())
        wire.plan(unreachable)
        wire.always(refusal(500, "InternalFailure"))
        # As if a run were killed while SES has the message.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ses, "_NOT_SENT", ())
            app.sweep()
        assert operate(app, "outbox", "--json").rows[0]["why"].startswith("SES has not answered, tries: 1")
        clock.shift(timedelta(minutes=61))
        assert "ended without an answer" in operate(app, "outbox", "--json").rows[0]["why"]


@pytest.mark.parametrize("how", ["--failed", "the id"])
def test_what_failed_is_told_with_its_reason_and_can_be_sent_again(app: App, operate: Operate, how: str) -> None:
    contact(app)
    contact(app, message="Two")
    Wire(ses.client()).plan(refusal(400, "MessageRejected"), refusal(400, "MessageRejected"))
    app.sweep()
    # The notices that replace them.
    assert app.sweep() == {"sent": 2}
    rows = operate(app, "outbox", "--json").rows
    assert [row["state"] for row in rows] == ["failed", "failed"]
    assert all(row["why"].startswith("MessageRejected") for row in rows)
    # Failed emails are not sent again unless requested.
    assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0}]
    said = operate(app, "outbox", "send", "--json", how if how == "--failed" else rows[0]["id"])
    sent = 2 if how == "--failed" else 1
    assert said.rows == [{"queued_again": sent, "sent": sent}]
    assert len(app.mails()) == 2 + sent
    left = operate(app, "outbox", "--json").rows
    assert [row["id"] for row in left] == [row["id"] for row in rows[sent:]]


def test_what_ses_rejected_after_taking_it_is_sent_again_as_if_nothing_had_been(app: App, operate: Operate) -> None:
    with time_machine.travel(START, tick=False) as clock:
        contact(app)
        app.sweep()
        tell(app, "bounce-transient")
        clock.shift(timedelta(hours=2))
        app.sweep()
        tell(app, "reject")
        assert app.sweep() == {"failed": 1}
        assert app.sweep() == {"sent": 1}
        assert operate(app, "outbox", "send", "--json", "--failed").rows == [{"queued_again": 1, "sent": 1}]
        # The first soft bounce again: it waits for an hour.
        tell(app, "bounce-transient")
        clock.shift(timedelta(hours=2))
        assert app.sweep() == {"sent": 1}


@pytest.mark.parametrize(
    ("name", "state", "code"),
    [("bounce-transient", "waiting", 1), ("bounce-permanent", "held", 1), ("reject", "waiting", 1), ("", "replied", 0)],
)
def test_the_owner_s_mail_that_came_back_is_told_with_its_reason(
    app: App, operate: Operate, name: str, state: str, code: int
) -> None:
    contact(app)
    app.sweep()
    if name:
        tell(app, name)
    else:
        tell(app, "delivery")
        tell(app, "bounce-transient", status=None)
    said = operate(app, "outbox", "--json")
    (row,) = said.rows
    assert (row["state"], row["to"], said.code) == (state, "owner", code)
    words = {"bounce-transient": "mailbox full; the next try is after", "bounce-permanent": "user unknown"}
    assert words.get(name, {"reject": "Bad content"}.get(name, "Transient bounce")) in row["why"]
    assert row["tried_at"]


def test_a_mended_mailbox_is_tried_when_the_operator_says_so(app: App, operate: Operate) -> None:
    contact(app)
    contact(app, message="Two")
    app.sweep()
    for mail in taken():
        tell(app, "bounce-permanent", mail)
    assert app.sweep() == {}
    assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1}]
    tell(app, "delivery")
    assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1}]
    assert operate(app, "outbox", "--json").rows == []


def test_what_waits_for_room_under_a_cap_says_so(make_app: Callable[..., App], operate: Operate) -> None:
    # Strangers get no mail at all today.
    app = make_app(StrangerMailPerDay="0")
    app.post("/newsletter", json={"email": "new@example.org"})
    app.play_stream()
    said = operate(app, "outbox")
    assert said.code == 1
    assert "StrangerMailPerDay is used up" in said.out
    said = operate(app, "outbox", "send", "--json")
    assert (said.code, said.rows) == (1, [{"queued_again": 0, "capped": 1}])
    contact(app)
    assert operate(app, "outbox", "send", "--json").rows == [{"queued_again": 0, "sent": 1, "capped": 1}]


def test_what_the_stream_is_sending_meanwhile_is_not_left_to_do(app: App, operate: Operate) -> None:
    contact(app)
    (key,) = [key for _, key in outbox.waiting("table", "owner")]
    assert outbox.claim("table", key)
    said = operate(app, "outbox", "send", "--json")
    assert (said.code, said.rows) == (0, [{"queued_again": 0, "not_ours": 1}])


def test_an_id_that_is_not_there_is_said_and_nothing_is_sent(app: App, operate: Operate) -> None:
    contact(app)
    said = operate(app, "outbox", "send", "message#x/email#y")
    assert said.code == 2
    assert "message#x/email#y" in said.told
    assert app.mails() == []


def test_a_test_email_goes_to_the_owner_or_to_whom_is_named(app: App, operate: Operate) -> None:
    said = operate(app, "test-email")
    assert said.code == 0
    assert "message id" in said.out
    assert operate(app, "test-email", "--to", "me@example.org").code == 0
    first, second = app.mails()
    assert (first["To"], second["To"]) == ("owner@atelier.example", "me@example.org")
    # Only emails to visitors are marked as automatic.
    assert (first["Auto-Submitted"], second["Auto-Submitted"]) == (None, "auto-generated")
    assert isinstance(first, EmailMessage)
    assert first.policy is policy.default
    assert "https://api.example" in first.get_content()


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [("MessageRejected", 2, "SES refuses it: MessageRejected"), ("ThrottlingException", 3, "is not accepting it now")],
)
def test_what_ses_says_of_a_test_email_is_said(
    app: App, operate: Operate, code: str, exit_code: int, words: str
) -> None:
    Wire(ses.client()).plan(refusal(400, code))
    said = operate(app, "test-email")
    assert said.code == exit_code
    assert words in said.err
