"""SES's events: each settles the attempt that it names, once, in whatever order they arrive; and the consequences."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guichet.mail import pace, ses
from guichet.mail.tags import Attempt, attempt_in, tags_of
from guichet.records.outbox import EmailKey
from guichet.records.record import utc_now
from guichet.store import dynamodb, mailboxes, outbox
from infra.local import ses_events
from tests.support.app import START, App, isolated, resolve
from tests.support.contact import contact
from tests.support.feedback import event_about, feedback, taken, tell, told
from tests.support.newsletter import READER, sign_up, subscribe, subscriber
from tests.support.stack import text_of
from tests.support.threads import approve, post
from tests.support.wire import Wire, refusal, unanswered, unreachable

OWNER = "owner@atelier.example"
LATER = timedelta(minutes=15)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(START, tick=False) as travelled:
        yield travelled


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable pacing."""
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda _: None))


def row(app: App, name: str = "contact-notification") -> dict[str, Any]:
    (found,) = [item for item in app.items("email") if item["name"] == name]
    return found


def sweeps(app: App, clock: Any, until: timedelta, every: timedelta = LATER) -> None:
    """Run the schedule for some time."""
    for _ in range(int(until / every)):
        clock.shift(every)
        app.sweep()


def in_doubt(app: App, *further: Any) -> Any:
    """Post a message, lose SES's answer about its notification, and return that mail. `further` is planned after."""
    Wire(ses.client()).plan(unanswered, *further)
    contact(app)
    app.play_stream()
    (mail,) = taken()
    return mail


def alarms(written: Callable[[], str]) -> int:
    """Return how often the alarm of the owner's mailbox was raised."""
    lines = [json.loads(line) for line in written().splitlines()]
    return sum("OwnerUnreachable" in line for line in lines)


# --- tags -------------------------------------------------------------------------------------------------------


_KEYS = st.text(min_size=1, max_size=60)


@pytest.mark.medium
@given(record=_KEYS, name=_KEYS)
def test_tags_name_any_row_in_characters_that_ses_takes(record: str, name: str) -> None:
    attempt = Attempt(outbox.row_key(record, name), "0123456789abcdef")
    tags = tags_of(attempt)
    for tag in tags:
        assert all(character.isascii() and (character.isalnum() or character in "_-") for character in tag["Value"])
    assert attempt_in({tag["Name"]: [tag["Value"]] for tag in tags}) == attempt


@pytest.mark.medium
def test_every_email_names_its_row_and_its_claim_within_what_ses_takes(make_app: Callable[..., App]) -> None:
    app = make_app(Acknowledge="on")
    contact(app)
    subscribe(app)
    app.sweep()
    assert len(taken()) == 5
    for mail in taken():
        attempt = attempt_in(mail.tags)
        assert attempt
        (found,) = [item for item in app.items("email") if item["sk"] == attempt.key.email]
        assert found["pk"] == attempt.key.record
        assert all(0 < len(value) <= 256 for values in mail.tags.values() for value in values)
    # Each attempt has its own claim.
    assert len({attempt_in(mail.tags) for mail in taken()}) == 5


@pytest.mark.medium
@settings(max_examples=200)
@given(
    tags=st.dictionaries(
        st.sampled_from(["guichet-record", "guichet-email", "guichet-claim", "other"]),
        st.lists(st.text(max_size=40), max_size=2),
    )
)
def test_any_other_tags_name_no_attempt(tags: dict[str, list[str]]) -> None:
    attempt = attempt_in(tags)
    assert attempt is None or attempt.key.email.startswith("email#")


# --- doubt is settled -------------------------------------------------------------------------------------------


@pytest.mark.medium
@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("events", [["send"], ["delivery"], ["send", "delivery"], ["delivery", "send"], ["send"] * 3])
@pytest.mark.parametrize("wait", [timedelta(seconds=1), timedelta(minutes=50)])
def test_an_event_settles_what_ses_did_not_answer_and_it_is_mailed_once(
    app: App, clock: Any, events: list[str], wait: timedelta
) -> None:
    mail = in_doubt(app)
    clock.shift(wait)
    for name in events:
        tell(app, name, mail)
    assert (row(app)["message_id"], "outbox" in row(app)) == (mail.id, False)
    sweeps(app, clock, timedelta(days=2), timedelta(hours=1))
    assert len(app.mails()) == 1


@pytest.mark.slow
def test_where_answer_and_event_are_missing_it_is_sent_again_after_an_hour_and_then_six(app: App, clock: Any) -> None:
    wire = Wire(ses.client())
    wire.always(refusal(500, "InternalFailure"))
    contact(app)
    app.play_stream()
    at = []
    for minutes in range(0, 24 * 60, 15):
        before = len(wire.operations)
        app.sweep()
        at += [minutes] * (len(wire.operations) - before)
        clock.shift(LATER)
    assert at == [75, 450, 825, 1200]


@pytest.mark.medium
def test_an_event_of_an_earlier_attempt_keeps_the_next_one_from_being_made(
    app: App, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = in_doubt(app)
    clock.shift(timedelta(hours=2))
    record_of = outbox.record_of

    def while_the_event_comes(*arguments: Any) -> Any:
        tell(app, "send", mail)
        return record_of(*arguments)

    monkeypatch.setattr(outbox, "record_of", while_the_event_comes)
    assert app.sweep() == {"not ours": 1}
    assert len(app.mails()) == 1
    assert "outbox" not in row(app)


@pytest.mark.medium
def test_a_later_try_that_ses_refuses_for_now_leaves_the_first_in_doubt(app: App, clock: Any) -> None:
    mail = in_doubt(app, refusal(400, "SendingPausedException"))
    clock.shift(timedelta(hours=2))
    assert app.sweep() == {"postponed": 1}
    tell(app, "send", mail)
    assert (row(app)["message_id"], "outbox" in row(app)) == (mail.id, False)
    sweeps(app, clock, timedelta(hours=1))
    assert len(app.mails()) == 1


@pytest.mark.medium
@pytest.mark.parametrize("name", ["delivery", "bounce-transient"])
def test_an_event_of_the_first_try_does_not_take_the_claim_of_the_second(
    make_app: Callable[..., App], clock: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    mail = in_doubt(app)
    clock.shift(timedelta(hours=2))
    send = ses.send

    def while_the_event_comes(*arguments: Any) -> str:
        tell(app, name, mail, address=one)
        return send(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ses, "send", while_the_event_comes)
        assert app.sweep() == {"sent": 1}
    sweeps(app, clock, timedelta(hours=8), timedelta(hours=2))
    assert [mail.to for mail in taken()] == [[one, other]] * 2


@pytest.mark.medium
def test_an_event_that_comes_before_the_mark_is_no_trouble_for_it(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    mark_sent = outbox.mark_sent

    def after_the_event(*arguments: Any) -> None:
        tell(app, "send")
        mark_sent(*arguments)

    monkeypatch.setattr(outbox, "mark_sent", after_the_event)
    contact(app)
    assert app.sweep() == {"sent": 1}
    assert "sent_at" in row(app)


@pytest.mark.medium
def test_a_bounce_that_comes_before_the_mark_is_not_lost_by_it(
    app: App, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark_sent = outbox.mark_sent

    def after_the_event(*arguments: Any) -> None:
        tell(app, "bounce-transient")
        mark_sent(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "mark_sent", after_the_event)
        contact(app)
        app.sweep()
    assert row(app)["outbox"].startswith("owner#")
    sweeps(app, clock, timedelta(hours=2))
    assert len(app.mails()) == 2


@pytest.mark.medium
@pytest.mark.parametrize("how", [refusal(400, "AccessDeniedException"), unreachable])
def test_ten_minutes_of_a_refused_read_are_no_missing_answer_of_ses(
    app: App, clock: Any, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0)
    contact(app)
    wire = Wire(dynamodb.client())

    def refuses_to_read(request: Any) -> Any:
        target = request.headers["X-Amz-Target"]
        target = target.decode() if isinstance(target, bytes) else target
        return how(request) if target.endswith(".GetItem") else None

    wire.always(refuses_to_read)
    for _ in range(3):
        app.sweep()
        clock.shift(timedelta(minutes=5))
    assert app.mails() == []
    assert "did not answer" in row(app)["waits_for"]
    wire.always(None)
    assert app.sweep() == {"sent": 1}


# --- what changes nothing ---------------------------------------------------------------------------------------


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize("name", ["send", "delivery", "bounce-permanent", "bounce-transient", "reject"])
@pytest.mark.usefixtures("clock")
def test_a_forged_or_foreign_event_changes_no_row_and_makes_none(app: App, name: str) -> None:
    mail = in_doubt(app)
    tags = {name: values[0] for name, values in mail.tags.items()}
    key = EmailKey(record=row(app)["pk"], email=row(app)["sk"])
    message = outbox.row_key(key.record, "another")
    forged = {
        "no tags": {},
        "a claim of nobody's": {**tags, "guichet-claim": "0" * 32},
        "a part of the claim": {**tags, "guichet-claim": tags["guichet-claim"][:-1]},
        "no row": {tag["Name"]: tag["Value"] for tag in tags_of(Attempt(message, tags["guichet-claim"]))},
        "not encoded": {**tags, "guichet-record": key.record},
        "no claim": {**tags, "guichet-claim": ""},
    }
    before = app.items()
    for changed in forged.values():
        event = event_about(name, mail)
        for tag in tags:
            event["mail"]["tags"].pop(tag)
        event["mail"]["tags"] |= {tag: [value] for tag, value in changed.items()}
        told(app, event)
        assert app.items() == before
    # By the tags of the owner's email, in a set of another kind of mail, or of another stack.
    for configuration_set in ("guichet-VisitorMail", "another-OwnerMail"):
        event = event_about(name, mail)
        event["mail"]["tags"]["ses:configuration-set"] = [configuration_set]
        told(app, event)
        assert [item for item in app.items() if item["kind"] != "subscriber"] == before


@pytest.mark.medium
@pytest.mark.parametrize("name", ["send", "delivery", "bounce-permanent", "bounce-transient", "reject"])
def test_an_event_of_a_row_that_was_erased_makes_it_not_anew(app: App, name: str) -> None:
    contact(app)
    app.sweep()
    mail = taken()[0]
    for item in app.items():
        dynamodb.client().delete_item(TableName="table", Key={part: {"S": item[part]} for part in ("pk", "sk")})
    tell(app, name, mail)
    assert app.items() == []


def test_an_event_of_a_row_that_is_busy_comes_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    Wire(ses.client()).plan(unanswered)
    contact(app)
    app.play_stream()

    def busy(*_: Any) -> None:
        raise dynamodb.ConditionFailedError(0, None)

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "settle", busy)
        with pytest.raises(Exception, match="RowBusyError"):
            tell(app, "send")
    tell(app, "send")
    assert "sent_at" in row(app)


@pytest.mark.medium
def test_what_follows_from_an_event_is_done_when_it_comes_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    contact(app)
    app.sweep()

    def unavailable(*_: Any) -> None:
        raise dynamodb.UnavailableError

    with monkeypatch.context() as patch:
        patch.setattr(mailboxes, "declare_dead", unavailable)
        with pytest.raises(Exception, match="UnavailableError"):
            tell(app, "bounce-permanent")
    tell(app, "bounce-permanent")
    assert app.items("mailboxes")


# --- the order does not matter ----------------------------------------------------------------------------------

# The events of one attempt, in SES's order, and their result.
STORIES: dict[str, tuple[list[str], str]] = {
    "delivered": (["send", "delivery"], "sent"),
    "an absence note": (["send", "delivery", "bounce-transient"], "sent"),
    "a full mailbox": (["send", "bounce-transient"], "waits"),
    "no such mailbox": (["send", "bounce-permanent"], "held"),
    "no such mailbox, told late": (["send", "delivery", "bounce-permanent"], "held"),
    "rejected": (["send", "reject"], "waits"),
}


def state_of(found: dict[str, Any]) -> str:
    if "outbox" not in found:
        return "sent" if "sent_at" in found else "neither"
    return "held" if found["outbox"] == "held" else "waits"


@pytest.mark.medium
@pytest.mark.quick_cases(3)
@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("answered", [True, False])
def test_events_come_to_the_same_in_any_order_and_however_often(story: str, answered: bool) -> None:  # noqa: FBT001
    events, state = STORIES[story]
    for order in itertools.permutations(events):
        with isolated(), time_machine.travel(START, tick=False) as clock:
            app = App(resolve())
            if not answered:
                Wire(ses.client()).plan(unanswered)
            contact(app)
            app.play_stream()
            (mail,) = taken()
            for name in [one for one in order for _ in range(2)]:
                tell(app, name, mail)
            expected = "held" if state == "held" else state
            # An email that SES did not answer is still in the index, where the sweep finds that its mailbox is dead.
            if not answered and expected == "held":
                clock.shift(timedelta(hours=2))
                app.sweep()
            assert state_of(row(app)) == expected, order
            # A second time, all at once.
            for name in order:
                tell(app, name, mail)
            assert state_of(row(app)) == expected, order
            assert len(app.mails()) == 1


# --- mail to the owner ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bounce-transient", "bounce-undetermined"])
def test_a_soft_bounce_of_the_owner_s_mail_is_told_and_sent_again_after_the_stated_hours(
    app: App, clock: Any, written: Callable[[], str], name: str
) -> None:
    contact(app)
    app.sweep()
    written()
    at = START
    for hours in (1, 6, 24, 72):
        tell(app, name, status=None)
        assert alarms(written) == 1
        assert "bounce" in row(app)["waits_for"]
        at = utc_now()
        before = len(app.mails())
        # Not before its time, and soon after.
        sweeps(app, clock, timedelta(hours=hours) - LATER, timedelta(hours=hours) - LATER)
        assert len(app.mails()) == before
        while len(app.mails()) == before:
            clock.shift(LATER)
            app.sweep()
        assert timedelta(0) <= utc_now() - at - timedelta(hours=hours) <= 2 * LATER
    # After one more, the mailbox is considered dead.
    tell(app, name, status=None)
    assert row(app)["outbox"] == "held"
    sweeps(app, clock, timedelta(hours=23), timedelta(hours=1))
    assert len(app.mails()) == 5
    # Then it is tried once a day, with what waits.
    sweeps(app, clock, timedelta(days=3), timedelta(hours=3))
    assert len(app.mails()) == 6


@pytest.mark.slow
def test_an_email_that_is_delivered_at_last_is_sent_no_more(app: App, clock: Any) -> None:
    contact(app)
    app.sweep()
    tell(app, "bounce-transient")
    sweeps(app, clock, timedelta(hours=2))
    tell(app, "delivery")
    sweeps(app, clock, timedelta(days=30), timedelta(hours=6))
    assert len(app.mails()) == 2
    assert state_of(row(app)) == "sent"


@pytest.mark.quick_cases(5)
@pytest.mark.parametrize(
    ("kind", "status", "diagnostic", "dead"),
    [
        ("Permanent", "5.1.1", "smtp; 550 5.1.1 user unknown", True),
        ("Transient", "5.1.1", "smtp; 550 5.1.1 user unknown", True),
        ("Undetermined", "5.1.1", None, True),
        ("Transient", "5.1.2", None, True),
        ("Transient", "5.2.1", None, True),
        ("Transient", "5.1.10", None, True),
        ("Transient", "5.4.4", None, True),
        ("Transient", None, "smtp; 550 5.1.1 <owner@atelier.example>: no such user", True),
        ("Transient", "5.0.0", "smtp; 550-5.1.1 The email account does not exist", True),
        ("Permanent", None, None, True),
        ("Permanent", "5.3.0", None, True),
        ("Permanent", "5.2.2", "smtp; 552 5.2.2 mailbox full", False),
        ("Permanent", "5.7.1", "smtp; 554 5.7.1 rejected as spam", False),
        ("Permanent", "5.7.26", None, False),
        ("Permanent", "5.0.0", "smtp; 550 5.7.1 blocked", False),
        ("Transient", "4.2.2", None, False),
        ("Transient", None, None, False),
        ("Undetermined", None, None, False),
        ("Transient", "5.1.7", None, False),
    ],
)
def test_what_a_bounce_is_depends_on_the_status_before_the_type(
    app: App, kind: str, status: str | None, diagnostic: str | None, *, dead: bool
) -> None:
    contact(app)
    app.sweep()
    tell(app, "bounce-permanent", bounceType=kind, status=status, diagnosticCode=diagnostic)
    assert (row(app)["outbox"] == "held") is dead
    assert bool(app.items("mailboxes")) is dead
    assert "@" not in row(app)["waits_for"]
    # The same for a subscriber.
    subscribe(app)
    mail = next(mail for mail in taken() if mail.to == [READER])
    tell(app, "bounce-permanent", mail, bounceType=kind, status=status, diagnosticCode=diagnostic)
    assert (subscriber(app)["state"] == "bounced") is dead


@pytest.mark.slow
def test_after_a_permanent_bounce_mail_waits_one_email_a_day_tries_and_nothing_is_lost(
    app: App, clock: Any, written: Callable[[], str]
) -> None:
    contact(app, message="first")
    app.sweep()
    tell(app, "bounce-permanent")
    for number in range(5):
        clock.shift(timedelta(minutes=1))
        contact(app, message=f"held {number}")
        app.play_stream()
    assert len(app.mails()) == 1
    assert [item["outbox"] for item in app.items("email")] == ["held"] * 6
    written()
    for day in range(3):
        sweeps(app, clock, timedelta(days=1), timedelta(hours=1))
        # One email a day is tried; it bounces, and that is reported.
        assert len(app.mails()) == 2 + day
        tell(app, "bounce-permanent")
        assert alarms(written) == 1
    sweeps(app, clock, timedelta(days=1), timedelta(hours=1))
    tell(app, "delivery")
    assert app.items("mailboxes")[0].keys() <= {"pk", "sk", "kind", "expires_at", "looked_at"}
    app.sweep()
    # Everything that waited goes out, oldest first, and the tried one only once.
    texts = [text_of(mail.as_string()) for mail in app.mails()]
    assert [next(f"held {n}" for n in range(5) if f"held {n}" in text) for text in texts[-5:]] == [
        f"held {number}" for number in range(5)
    ]
    assert [state_of(item) for item in app.items("email")] == ["sent"] * 6
    app.sweep()
    assert len(app.mails()) == 10


@pytest.mark.medium
def test_another_owner_gets_what_the_dead_mailbox_did_not(make_app: Callable[..., App], clock: Any) -> None:
    app = make_app()
    contact(app)
    app.sweep()
    tell(app, "bounce-permanent")
    again = make_app(OwnerEmail="new@atelier.example")
    clock.shift(timedelta(minutes=1))
    contact(again, message="second")
    from notifier import handler  # noqa: PLC0415

    handler.settings.cache_clear()
    again.sweep()
    assert [mail.to for mail in taken()] == [[OWNER], ["new@atelier.example"], ["new@atelier.example"]]


@pytest.mark.slow
def test_of_several_owners_only_the_one_whose_mailbox_is_dead_waits(make_app: Callable[..., App], clock: Any) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    contact(app, message="1")
    app.sweep()
    assert taken()[-1].to == [one, other]
    tell(app, "bounce-permanent", address=other)
    clock.shift(timedelta(minutes=1))
    contact(app, message="2")
    app.sweep()
    # The first has reached one of them, and is not sent there again.
    assert [mail.to for mail in taken()] == [[one, other], [one]]
    sweeps(app, clock, timedelta(hours=26), timedelta(hours=1))
    assert [mail.to for mail in taken()] == [[one, other], [one], [other]]
    tell(app, "delivery", address=other)
    sweeps(app, clock, timedelta(hours=1))
    assert [mail.to for mail in taken()][3:] == [[other]]
    assert [state_of(item) for item in app.items("email")] == ["sent", "sent"]


@pytest.mark.medium
def test_an_owner_that_only_a_call_in_doubt_was_for_still_gets_it(make_app: Callable[..., App], clock: Any) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    Wire(ses.client()).plan(refusal(500, "InternalFailure"))
    contact(app, message="1")
    app.play_stream()
    contact(app, message="2")
    app.play_stream()
    tell(app, "bounce-permanent", address=other)
    clock.shift(timedelta(hours=2))
    app.sweep()
    # SES did not answer the first call for the first message. The second call was for one of them alone.
    assert [mail.to for mail in taken()] == [[one, other], [one]]
    # They outlive any outage of the mailbox.
    years = (utc_now() + timedelta(days=1000)).timestamp()
    assert all(int(item["expires_at"]) > years for item in app.items("email"))
    clock.shift(timedelta(days=1))
    app.sweep()
    tell(app, "delivery")
    app.sweep()
    assert [mail.to for mail in taken()][2:] == [[other], [other]]


@pytest.mark.medium
def test_an_event_of_an_earlier_call_during_the_next_one_is_not_lost_by_its_mark(
    make_app: Callable[..., App], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    Wire(ses.client()).plan(unanswered)
    contact(app, message="1")
    app.play_stream()
    (mail,) = taken()
    contact(app, message="2")
    app.play_stream()
    tell(app, "bounce-permanent", address=other)
    clock.shift(timedelta(hours=2))
    send = ses.send

    def while_the_event_comes(*arguments: Any) -> str:
        tell(app, "delivery", mail, address=other)
        return send(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(ses, "send", while_the_event_comes)
        app.sweep()
    sweeps(app, clock, timedelta(days=3), timedelta(days=1))
    # The first message has reached both: only the second one still goes to the other.
    assert [mail.to for mail in taken()] == [[one, other], [one, other], [one], [other]]


@pytest.mark.medium
def test_of_two_events_at_once_neither_is_lost(
    make_app: Callable[..., App], clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    mail = in_doubt(app)
    settle = outbox.settle

    def after_the_other(*arguments: Any) -> None:
        monkeypatch.setattr(outbox, "settle", settle)
        tell(app, "delivery", mail, address=other)
        settle(*arguments)

    monkeypatch.setattr(outbox, "settle", after_the_other)
    tell(app, "delivery", mail, address=one)
    sweeps(app, clock, timedelta(hours=8), timedelta(hours=2))
    assert [mail.to for mail in taken()] == [[one, other]]


@pytest.mark.medium
def test_a_late_bounce_of_one_owner_is_not_lost_when_the_other_is_tried_again(
    make_app: Callable[..., App], clock: Any
) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    contact(app)
    app.sweep()
    first = taken()[-1]
    tell(app, "bounce-transient", first, address=other)
    sweeps(app, clock, timedelta(hours=2))
    assert [mail.to for mail in taken()] == [[one, other], [other]]
    tell(app, "bounce-transient", first, address=one)
    tell(app, "bounce-transient", first, address=one)
    sweeps(app, clock, timedelta(hours=7))
    assert [mail.to for mail in taken()] == [[one, other], [other], [one]]
    assert state_of(row(app)) == "sent"


@pytest.mark.medium
@pytest.mark.parametrize("end", ["dropped_at", "failed_at"])
def test_a_late_bounce_does_not_revive_an_email_that_has_ended(
    make_app: Callable[..., App], clock: Any, end: str
) -> None:
    one, other = "one@atelier.example", "other@atelier.example"
    app = make_app(OwnerEmail=f"{one},{other}")
    comment_id = post(app)
    app.sweep()
    first = taken()[-1]
    # It waits for the other one.
    tell(app, "bounce-transient", first, address=other)
    if end == "dropped_at":
        assert approve(comment_id) == "approved"
    sweeps(app, clock, timedelta(hours=2))
    if end == "failed_at":
        tell(app, "reject")
        # A notice replaces it.
        sweeps(app, clock, timedelta(hours=1))
    before, mails = row(app, "comment-notification"), len(taken())
    assert (end in before, "outbox" in before) == (True, False)
    tell(app, "bounce-transient", first, address=one)
    after = row(app, "comment-notification")
    # The bounce is recorded.
    assert after["bounced_at"] > before["bounced_at"]
    assert ("outbox" in after, after[end], after["reason"]) == (False, before[end], before["reason"])
    sweeps(app, clock, timedelta(hours=2))
    assert len(taken()) == mails


@pytest.mark.medium
def test_in_the_place_of_a_rejected_email_goes_a_notice_without_what_the_visitor_wrote(
    app: App, clock: Any, written: Callable[[], str]
) -> None:
    identifier = contact(app, message="poison words", subject="poison subject", name="Poison")
    app.sweep()
    written()
    tell(app, "reject")
    assert alarms(written) == 1
    sweeps(app, clock, timedelta(hours=1))
    (_, notice) = app.mails()
    assert identifier in notice["Subject"]
    assert "oison" not in notice.as_string()
    assert "zoe@example.org" not in notice.as_string()
    assert notice["To"] == OWNER
    assert f"https://api.example/desk/messages/{identifier}" in text_of(notice.as_string())
    assert "Bad content" in row(app)["reason"]
    # The rejection of the notice itself is reported, but causes no further notice.
    tell(app, "reject")
    assert alarms(written) == 1
    sweeps(app, clock, timedelta(days=1), timedelta(hours=1))
    assert len(app.mails()) == 2
    assert all("failed_at" in item for item in app.items("email"))


@pytest.mark.medium
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_notice_of_a_rejected_comment_leads_to_it_without_a_word_of_it(
    make_app: Callable[..., App], clock: Any, written: Callable[[], str], language: str
) -> None:
    app = make_app(DefaultLanguage=language)
    fields = {"page": "/poison/", "name": "Poison", "email": "zoe@example.org", "comment": "poison words"}
    identifier = app.post("/comments", json=fields).get_json()["id"]
    app.sweep()
    tell(app, "reject")
    sweeps(app, clock, timedelta(hours=1))
    (_, notice) = app.mails()
    assert "oison" not in notice.as_string()
    assert "zoe@example.org" not in notice.as_string()
    text = text_of(notice.as_string())
    assert f"https://api.example/desk/comments/{identifier}" in text
    assert {"fr": "Un commentaire reçu sur le site", "en": "A comment on"}[language] in text
    written()


@pytest.mark.slow
def test_there_is_a_notice_of_a_rejected_spam_note_too(app: App, clock: Any) -> None:
    contact(app, message="poison words", _gotcha="x")
    sweeps(app, clock, timedelta(days=1))
    assert "poison words" in app.mails()[-1].as_string()
    tell(app, "reject")
    sweeps(app, clock, timedelta(hours=1))
    (_, notice) = app.mails()
    assert "n’a pas pu vous parvenir" in notice["Subject"]
    assert "poison words" not in notice.as_string()
    assert not any("outbox" in item for item in app.items("email"))


@pytest.mark.parametrize("language", ["fr", "en"])
def test_a_notice_is_in_the_owner_s_language(make_app: Callable[..., App], language: str) -> None:
    app = make_app(DefaultLanguage=language)
    Wire(ses.client()).plan(refusal(400, "MessageRejected"))
    contact(app)
    app.sweep()
    app.sweep()
    words = {"fr": "n’a pas pu vous parvenir", "en": "could not reach you"}
    assert words[language] in app.mails()[0]["Subject"]


@pytest.mark.medium
def test_an_absence_note_is_told_and_nothing_is_sent_again(app: App, clock: Any, written: Callable[[], str]) -> None:
    contact(app)
    app.sweep()
    mail = taken()[0]
    tell(app, "delivery", mail)
    written()
    tell(app, "bounce-transient", mail, status=None, diagnosticCode=None)
    assert alarms(written) == 1
    assert row(app)["absent_at"]
    sweeps(app, clock, timedelta(days=5), timedelta(hours=6))
    assert len(app.mails()) == 1


# --- mail to subscribers ----------------------------------------------------------------------------------------


def newsletters(app: App, count: int) -> list[Any]:
    """Mail a subscriber a number of times, and return the mails: each is a welcome, as if they came back."""
    found = []
    for number in range(count):
        row = outbox.row_key(subscriber(app)["pk"], "welcome", str(number))
        key = dynamodb.marshalled({"pk": row.record, "sk": row.email})
        like = next(item for item in app.items("email") if item["name"] == "welcome")
        item = {name: {"S": like[name]} for name in ("kind", "name", "recipient", "language")}
        item |= {
            "outbox": {"S": "visitor#00"},
            "queued_at": {"S": utc_now().isoformat()},
            "expires_at": {"N": str(int(utc_now().timestamp()) + 10**6)},
        }
        dynamodb.client().put_item(TableName="table", Item={**item, **key})
        app.sweep()
        found.append(taken()[-1])
        assert found[-1].to == [READER]
    return found


@pytest.mark.slow
def test_five_soft_bounces_without_a_delivery_between_end_mail_to_a_subscriber(app: App, clock: Any) -> None:
    subscribe(app)
    mails = newsletters(app, 9)
    for mail in mails[:4]:
        tell(app, "bounce-transient", mail)
        # Repeating it changes nothing.
        tell(app, "bounce-transient", mail)
    assert subscriber(app)["state"] == "confirmed"
    clock.shift(timedelta(hours=1))
    tell(app, "delivery", mails[4])
    for mail in mails[5:]:
        tell(app, "bounce-transient", mail)
    assert subscriber(app)["state"] == "confirmed"
    assert len(subscriber(app)["soft_bounces"]) == 4
    clock.shift(timedelta(hours=1))
    (last,) = newsletters(app, 1)
    tell(app, "bounce-undetermined", last, status=None)
    assert subscriber(app)["state"] == "bounced"
    assert {"email", "name", "soft_bounces"}.isdisjoint(subscriber(app))


@pytest.mark.medium
@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("order", [["delivery", "bounce-transient"], ["bounce-transient", "delivery"]])
def test_absence_notes_of_a_subscriber_are_never_counted(app: App, clock: Any, order: list[str]) -> None:
    subscribe(app)
    for mail in newsletters(app, 7):
        for name in order:
            tell(app, name, mail, **({"status": None} if "bounce" in name else {}))
        clock.shift(timedelta(hours=1))
    assert subscriber(app)["state"] == "confirmed"
    assert not subscriber(app).get("soft_bounces")


def test_soft_bounces_of_one_who_is_no_subscriber_make_none(app: App) -> None:
    sign_up(app)
    for _ in range(6):
        tell(app, "bounce-transient")
    assert app.items("subscriber") == []
    assert "mailbox full" in row(app, "confirmation-request")["bounce"]


@pytest.mark.medium
def test_a_rejected_email_to_a_visitor_has_failed_with_the_reason(app: App, written: Callable[[], str]) -> None:
    sign_up(app)
    written()
    tell(app, "reject")
    assert "Bad content" in row(app, "confirmation-request")["reason"]
    assert "EmailFailed" in written()


@pytest.mark.medium
def test_a_bounce_settles_what_was_in_doubt_to_a_visitor(app: App, clock: Any) -> None:
    Wire(ses.client()).plan(unanswered)
    app.post("/newsletter", data={"email": READER})
    app.play_stream()
    tell(app, "bounce-permanent")
    sweeps(app, clock, timedelta(days=1), timedelta(hours=1))
    assert len(app.mails()) == 1
    assert subscriber(app)["state"] == "bounced"


@pytest.mark.medium
@pytest.mark.parametrize(
    # An out-of-office reply means that the mailbox got it; any other bounce says nothing about the second call.
    ("name", "sent"),
    [("bounce-transient", 1), ("bounce-undetermined", 2)],
)
def test_after_a_soft_bounce_of_one_call_another_in_doubt_counts(app: App, clock: Any, name: str, sent: int) -> None:
    Wire(ses.client()).plan(unanswered, refusal(500, "InternalFailure"))
    app.post("/newsletter", data={"email": READER})
    app.play_stream()
    (mail,) = taken()
    clock.shift(timedelta(minutes=70))
    app.sweep()
    tell(app, name, mail, status=None)
    sweeps(app, clock, timedelta(hours=8), timedelta(hours=2))
    assert len(taken()) == sent


# --- the simulator's addresses ------------------------------------------------------------------------------------


@pytest.mark.quick_cases(3)
@pytest.mark.parametrize(
    ("address", "kinds", "state"),
    [
        ("success@simulator.amazonses.com", ["Send", "Delivery"], None),
        ("bounce@simulator.amazonses.com", ["Send", "Bounce"], "bounced"),
        ("bounce+label@simulator.amazonses.com", ["Send", "Bounce"], "bounced"),
        ("ooto@simulator.amazonses.com", ["Send", "Delivery", "Bounce"], None),
        ("complaint@simulator.amazonses.com", ["Send", "Delivery", "Complaint"], "complained"),
        ("suppressionlist@simulator.amazonses.com", ["Send", "Bounce"], "bounced"),
        (READER, ["Send", "Delivery"], None),
    ],
)
def test_the_local_stack_s_events_are_taken_as_ses_s_are(
    app: App, address: str, kinds: list[str], state: str | None
) -> None:
    sign_up(app, email=address)
    events = list(ses_events.events_of(taken()[-1]))
    assert [event["eventType"] for event in events] == kinds
    for event in events:
        assert app.functions["Feedback"](ses_events.sns_event(event)) is None
    assert [item["state"] for item in app.items("subscriber")] == ([state] if state else [])
    assert "outbox" not in row(app, "confirmation-request")


def test_a_mail_without_a_configuration_set_has_no_events(app: App) -> None:
    contact(app)
    app.sweep()
    mail = taken()[0]
    mail.configuration_set = ""
    assert list(ses_events.events_of(mail)) == []


# --- any events -------------------------------------------------------------------------------------------------

_EVENTS = st.sampled_from(["send", "delivery", "bounce-transient", "bounce-permanent", "bounce-undetermined", "reject"])


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    answers=st.lists(st.booleans(), min_size=1, max_size=4),
    events=st.lists(st.tuples(_EVENTS, st.integers(0, 5), st.sampled_from([0, 1, 61, 400, 1500])), max_size=12),
)
def test_whatever_events_come_no_row_is_lost_and_none_is_made(
    answers: list[bool], events: list[tuple[str, int, int]]
) -> None:
    """Play any events about any attempts: there is still one row, which is sent, waits, or says why it failed."""
    with isolated(), time_machine.travel(START, tick=False) as clock, pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda _: None))
        app = App(resolve())
        wire = Wire(ses.client())
        plans: list[Any] = [(lambda _: None) if answered else unanswered for answered in answers]
        wire.plan(*plans)
        contact(app)
        app.play_stream()
        for name, which, minutes in events:
            mails = [mail for mail in taken() if mail.to == [OWNER]]
            tell(app, name, mails[which % len(mails)])
            clock.shift(timedelta(minutes=minutes))
            app.sweep()
            rows = [item for item in app.items("email") if item["name"] == "contact-notification"]
            assert len(rows) == 1
            ends = {"outbox", "sent_at", "failed_at"} & rows[0].keys()
            assert ends, rows
            assert "dropped_at" not in rows[0]
            assert len(app.items("message")) == 1


# --- the wiring -------------------------------------------------------------------------------------------------


def test_both_kinds_of_mail_publish_all_events_that_are_taken_in(app: App) -> None:
    destinations = app.stack.of_type("AWS::SES::ConfigurationSetEventDestination").values()
    assert {part["ConfigurationSetName"] for part in destinations} == {"guichet-OwnerMail", "guichet-VisitorMail"}
    for part in destinations:
        assert set(part["EventDestination"]["MatchingEventTypes"]) == {
            "SEND",
            "DELIVERY",
            "BOUNCE",
            "COMPLAINT",
            "REJECT",
        }


def test_a_mail_without_tags_is_no_attempt_and_its_bounce_is_told(app: App, written: Callable[[], str]) -> None:
    for name in ("bounce-permanent", "bounce-transient", "bounce-undetermined", "reject", "complaint"):
        feedback(app, name, ADDRESS=OWNER, SET="guichet-OwnerMail")
        assert alarms(written) == 1
    assert app.items() == []
