"""`guichet subscribers`: by state, counted, one with the record of consent, a bounce lifted."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from guichet.records.limits import Caller
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.store import submissions
from infra.local import engine
from infra.operate import output
from tests.support.app import START, App
from tests.support.feedback import feedback
from tests.support.newsletter import READER, events_of, subscribe, subscriber
from tests.support.operate import Operate
from tests.support.states import bring_to


def test_they_are_listed_and_counted_by_state(app: App, operate: Operate) -> None:
    subscribe(app)
    app.post("/newsletter", json={"email": "waiting@example.org"})
    app.post("/newsletter", json={"email": "caught@example.org", "_gotcha": "x"})
    # Signed up again, but already confirmed: not pending.
    app.post("/newsletter", json={"email": READER})

    (row,) = operate(app, "subscribers", "--json").rows
    assert (row["email"], row["state"]) == (READER, "confirmed")
    (row,) = operate(app, "subscribers", "--state", "pending", "--json").rows
    assert (row["email"], row["state"]) == ("waiting@example.org", "pending")
    assert operate(app, "subscribers", "--state", "unsubscribed", "--json").rows == []
    (counts,) = operate(app, "subscribers", "--count", "--json").rows
    none = dict.fromkeys(("unsubscribed", "bounced", "complained", "blocked", "lifted"), 0)
    assert counts == {"confirmed": 1, **none, "pending": 1}
    assert operate(app, "subscribers", "--state", "pending", "--count", "--json").rows == [{"pending": 1}]


@pytest.mark.slow
def test_an_address_that_asked_often_is_pending_once(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        for number in range(250):
            sign_up = SignUp(
                id=f"{number}",
                # Each of a hundred addresses, also in separate blocks.
                email=f"reader{number % 100}@example.org",
                language="fr",
                asked_at=START,
                expires_at=START + REQUEST_KEPT,
            )
            submissions.keep("table", sign_up, [], Caller(key=f"{number}", cap=1, until=START + timedelta(hours=1)))
        assert operate(app, "subscribers", "--state", "pending", "--count", "--json").rows == [{"pending": 100}]
        assert len(operate(app, "subscribers", "--state", "pending", "--json").rows) == 100


def test_one_is_shown_with_the_proof_of_consent(app: App, operate: Operate) -> None:
    subscribe(app, source="/blog")
    (row,) = operate(app, "subscribers", "show", READER.upper(), "--json").rows
    (proof,) = row["history"]
    assert (proof["event"], proof["page"], proof["wording_version"]) == ("confirmed", "/blog", "1")
    said = operate(app, "subscribers", "show", READER)
    assert "newsletter de ce site par email" in said.out

    unknown = operate(app, "subscribers", "show", "unknown@example.org")
    assert (unknown.code, unknown.out) == (2, "")
    assert "'nobody' is not an email address" in operate(app, "subscribers", "show", "nobody").told


def test_who_asks_otherwise_than_by_the_link_is_unsubscribed(app: App, operate: Operate) -> None:
    subscribe(app)
    for said, words in ((1, "is unsubscribed."), (2, "Nothing to do: READER@example.org was already unsubscribed.")):
        assert words in operate(app, "subscribers", "unsubscribe", READER.upper()).out, said
    assert subscriber(app)["state"] == "unsubscribed"
    assert events_of(subscriber(app)) == ["confirmed", "unsubscribed"]
    assert operate(app, "subscribers", "unsubscribe", "nobody@example.org").code == 2


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("state", ["new", "confirmed", "unsubscribed", "complained", "blocked"])
def test_an_address_is_blocked_until_it_is_lifted(app: App, operate: Operate, tmp_path: Path, state: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        bring_to(app, state)
        for said in ("was already blocked" if state == "blocked" else "is blocked, and gets", "was already blocked"):
            assert said in operate(app, "subscribers", "block", READER.upper()).out
        item = subscriber(app)
        assert (item["state"], events_of(item), "email" in item) == ("blocked", ["blocked"], False)
        assert operate(app, "subscribers", "--count", "--json").rows[0]["blocked"] == 1

        mails = len(app.mails())
        clock.shift(timedelta(days=1))
        assert app.post("/newsletter", data={"email": READER}).status_code == 303
        app.play_stream()
        # Neither a sign-up nor an import brings it back, and erasing leaves the block.
        file = tmp_path / "list.csv"
        file.write_text(f"email\n{READER}\n", encoding="utf-8")
        for how in (("--consent", "Asked on paper"), ("--ask",)):
            operate(app, "import", str(file), *how)
        app.play_stream()
        assert "as blocked, so that it is never mailed" in operate(app, "forget", READER, "--yes").out
        assert (subscriber(app)["state"], len(app.mails())) == ("blocked", mails)
        assert READER not in operate(app, "export", "subscribers").out

        clock.shift(timedelta(days=1))
        assert "may sign up again" in operate(app, "subscribers", "lift", READER).out
        clock.shift(timedelta(days=1))
        subscribe(app)
        assert subscriber(app)["state"] == "confirmed"
        assert "nothing to lift" in operate(app, "subscribers", "lift", READER).told


@pytest.mark.parametrize("name", ["bounce-permanent", "complaint"])
def test_a_lifted_address_may_ask_again_and_late_news_of_before_change_nothing(
    make_app: Callable[..., App], operate: Operate, name: str
) -> None:
    app = make_app(RetentionDays="30")
    with time_machine.travel(START):
        subscribe(app)
        feedback(app, name)
    with time_machine.travel(START + timedelta(hours=1), tick=False):
        lifted = operate(app, "subscribers", "lift", READER.upper())
        assert lifted.code == 0
        assert "may sign up again" in lifted.out
        assert operate(app, "subscribers", "--count", "--json").rows[0]["lifted"] == 1
        assert int(subscriber(app)["expires_at"]) == int((START + timedelta(days=30, hours=1)).timestamp())
        feedback(app, name, AT=START.isoformat())
        again = operate(app, "subscribers", "lift", READER)
        assert again.code == 2
        assert "nothing to lift" in again.told
    with time_machine.travel(START + timedelta(hours=2)):
        subscribe(app)
    item = subscriber(app)
    assert item["state"] == "confirmed"
    assert events_of(item)[-2:] == ["lifted", "confirmed"]
    with time_machine.travel(START + timedelta(hours=3)):
        feedback(app, name)
    assert subscriber(app)["state"] != "confirmed"


def suppress_at_ses(address: str) -> Any:
    """Put an address on SES's suppression list, as SES does when it bounces, and return a client."""
    ses = engine.client("sesv2")
    ses.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    return ses


@pytest.mark.parametrize("here", [True, False])
def test_what_is_lifted_is_off_ses_s_own_list_too(app: App, operate: Operate, *, here: bool) -> None:
    with time_machine.travel(START, tick=False):
        if here:
            subscribe(app)
            feedback(app, "bounce-permanent")
    ses = suppress_at_ses(READER)
    said = operate(app, "subscribers", "lift", READER.upper())
    assert said.code == 0
    assert "off SES's suppression list" in said.out
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress=READER)
    assert [item["state"] for item in app.items("subscriber")] == (["lifted"] if here else [])
    assert operate(app, "subscribers", "lift", READER).code == 2


@pytest.mark.parametrize(
    "command",
    [
        ("subscribers",),
        ("subscribers", "--count"),
        ("subscribers", "--state", "pending"),
        ("outbox",),
        ("outbox", "send", "--failed"),
        ("forget", READER, "--yes"),
        ("export", "everything"),
    ],
)
def test_what_reads_the_whole_table_tells_how_far_it_is(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    subscribe(app)
    monkeypatch.setattr(output, "_REPORT_EVERY", 1)
    before = len(app.items())
    said = operate(app, *command)
    assert f": {before:,} of about {before:,}" in said.told
    assert "of about" not in said.out
