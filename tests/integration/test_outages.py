"""When SES or a run fails in the middle: nothing is sent over and over, and nothing waits behind what cannot go."""

import base64
import json
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from guichet.mail import pace, ses
from guichet.mail.mime import compose
from guichet.outbox import delivery
from guichet.store import dynamodb, outbox
from infra.local.functions import Context
from notifier import handler
from tests.support.app import START, Counter
from tests.support.newsletter import READER, link_in_last_mail, open_link, press
from tests.support.wire import Wire, refusal, unanswered, unreachable

pytestmark = pytest.mark.usefixtures("few_shards")
PAUSED = refusal(400, "SendingPausedException")


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pace take no time."""
    monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=lambda: 0, sleep=lambda _: None))


def post(counter: Counter, *words: str) -> None:
    for number, word in enumerate(words):
        caller = {"REMOTE_ADDR": f"203.0.113.{number}"}
        counter.post("/contact", data={"email": f"{word}@example.org", "message": word}, environ_overrides=caller)


def days(clock: Any, count: float) -> Iterator[None]:
    """Yield at each quarter of an hour of some days."""
    for _ in range(int(count * 96)):
        clock.shift(timedelta(minutes=15))
        yield


def rows(counter: Counter) -> list[dict[str, Any]]:
    return [email for email in counter.items("email") if "outbox" in email]


# --- what may have gone out ---------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_ses_takes_without_an_answer_is_not_sent_all_day_and_holds_nobody_up(counter: Counter) -> None:
    with time_machine.travel(START, tick=False) as clock:
        post(counter, "one", "two", "three", "four", "five")
        wire = Wire(ses.client())
        wire.always(unanswered)
        for _ in days(clock, 1):
            counter.sweep()
        sent = Tally(mail["Reply-To"] for mail in counter.mails())
        assert len(sent) == 5
        assert max(sent.values()) <= 7
        wire.always(None)
        for _ in days(clock, 0.5):
            counter.sweep()
        assert rows(counter) == []


@pytest.mark.slow
def test_after_a_week_of_silence_all_goes_out_within_hours(counter: Counter) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(refusal(504, "GatewayTimeout"))
        for day in range(7):
            post(counter, f"day{day}")
            # A sweep in three hours is as good as twelve: a row in doubt waits for six.
            for _ in range(8):
                clock.shift(timedelta(hours=3))
                counter.sweep()
        assert (len(rows(counter)), counter.mails()) == (7, [])
        wire.always(None)
        for _ in days(clock, 0.3):
            counter.sweep()
    assert sorted(mail["Reply-To"] for mail in counter.mails()) == [f"day{day}@example.org" for day in range(7)]


def test_one_that_never_gets_an_answer_is_a_person_s_matter_in_the_end(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "MOST_TRIES", 3)
    with time_machine.travel(START, tick=False) as clock:
        post(counter, "one")
        Wire(ses.client()).always(refusal(500, "InternalFailure"))
        for _ in days(clock, 1):
            counter.sweep()
    (email,) = counter.items("email")
    assert "no answer of SES after 3 tries: it may have gone out" in email["reason"]
    assert "outbox" not in email


class KilledError(BaseException):
    """The function does not come back."""


def test_a_row_that_kills_the_function_holds_up_the_others_for_one_sweep(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kills(name: Any, language: Any, record: Any, settings: Any) -> Any:
        if record.message == "poison":
            raise KilledError
        return compose(name, language, record, settings)

    monkeypatch.setattr(delivery, "compose", kills)
    with time_machine.travel(START, tick=False) as clock:
        post(counter, "poison", "after", "later")
        for _ in range(3):
            clock.shift(timedelta(minutes=15))
            with suppress(KilledError):
                counter.sweep()
        assert sorted(mail["Reply-To"] for mail in counter.mails()) == ["after@example.org", "later@example.org"]
        assert len(rows(counter)) == 1


# --- what SES refuses for now -------------------------------------------------------------------------------------


def test_refused_rows_at_the_head_do_not_keep_the_others_from_going_out(counter: Counter) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for word in ("bad0", "bad1", "bad2", "bad3", "bad4", "fine0", "fine1"):
            post(counter, word)
            clock.shift(1)

        def refuses_some(request: Any) -> Any:
            reply_to = next(word for word in ("bad", "fine") if word in _mail_of(request))
            return PAUSED(request) if reply_to == "bad" else None

        Wire(ses.client()).always(refuses_some)
        assert counter.sweep()["sent"] == 2
        assert len(rows(counter)) == 5


def _mail_of(request: Any) -> str:
    return base64.b64decode(json.loads(request.body)["Content"]["Raw"]["Data"]).decode()


def test_mail_to_visitors_does_not_wait_for_the_owner_s(counter: Counter) -> None:
    with time_machine.travel(START):
        post(counter, *(f"n{number}" for number in range(9)))
        counter.post("/newsletter", json={"email": READER})
        Wire(ses.client()).always(lambda request: PAUSED(request) if b"OwnerMail" in request.body else None)
        outcomes = counter.sweep()
    assert [mail["To"] for mail in counter.mails()] == [READER]
    assert outcomes["sent"] == 1


def test_an_address_that_ses_quotes_says_nothing_of_the_account(counter: Counter) -> None:
    post(counter, "one")
    Wire(ses.client()).plan(refusal(400, "MessageRejected", message="Invalid content for <paused@example.org>"))
    assert counter.sweep() == {"failed": 1}


# --- the caps -----------------------------------------------------------------------------------------------------


def test_a_welcome_does_not_wait_behind_strangers_beyond_the_cap(make_counter: Callable[..., Counter]) -> None:
    counter = make_counter(StrangerMailPerDay="1")
    with time_machine.travel(START):
        for number in range(9):
            counter.post("/newsletter", json={"email": f"a{number}@example.org"})
        counter.sweep()
    with time_machine.travel(START + timedelta(minutes=1)):
        address = counter.mails()[0]["To"]
        confirm(counter)
        counter.sweep()
    assert [mail["To"] for mail in counter.mails()] == [address, "owner@atelier.example", address]


def confirm(counter: Counter) -> None:
    assert press(counter, open_link(counter, link_in_last_mail(counter))).status_code == 200


def test_acknowledgements_take_half_of_the_cap_at_most(make_counter: Callable[..., Counter]) -> None:
    counter = make_counter(StrangerMailPerDay="5", Acknowledge="on")
    with time_machine.travel(START):
        post(counter, *(f"n{number}" for number in range(9)))
        for number in range(4):
            counter.post("/newsletter", json={"email": f"reader{number}@example.org"})
        counter.sweep()
    sent = [mail["To"] for mail in counter.mails() if mail["To"] != "owner@atelier.example"]
    assert [address.startswith("reader") for address in sent] == [False] * 3 + [True] * 2


def test_an_acknowledgement_that_is_late_is_not_sent(make_counter: Callable[..., Counter]) -> None:
    counter = make_counter(Acknowledge="on")
    with time_machine.travel(START):
        post(counter, "one")
    with time_machine.travel(START + timedelta(hours=49)):
        assert counter.sweep() == {"sent": 1, "dropped": 1}


def test_after_an_outage_an_address_gets_its_latest_link_alone(counter: Counter) -> None:
    with time_machine.travel(START, tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(unreachable)
        for _ in range(9):
            counter.post("/newsletter", json={"email": READER})
            counter.play_stream()
            clock.shift(timedelta(hours=5))
            counter.sweep()
        wire.always(None)
        counter.sweep()
        assert len(counter.mails()) == 1
        # And that still works.
        confirm(counter)


def test_an_email_counts_on_the_day_it_goes_out(make_counter: Callable[..., Counter]) -> None:
    counter = make_counter(StrangerMailPerDay="2")
    with time_machine.travel(START.replace(hour=23, minute=50), tick=False) as clock:
        wire = Wire(ses.client())
        wire.always(unreachable)
        for number in range(2):
            counter.post("/newsletter", json={"email": f"a{number}@example.org"})
        counter.play_stream()
        # The next day, a moment later.
        clock.shift(timedelta(minutes=20))
        for number in range(2, 4):
            counter.post("/newsletter", json={"email": f"a{number}@example.org"})
        wire.always(None)
        counter.sweep()
        assert sorted(mail["To"] for mail in counter.mails()) == ["a0@example.org", "a1@example.org"]


# --- answers that were lost, and runs that are late -----------------------------------------------------------------


@pytest.mark.parametrize("nth", range(4))
def test_a_write_whose_answer_was_lost_is_recognised(counter: Counter, nth: int) -> None:
    post(counter, "one")
    wire = Wire(dynamodb.client())
    # Claimed, read, marked.
    wire.plan(*[lambda _: None] * nth, unanswered)
    assert counter.sweep() == {"sent": 1}
    assert len(counter.mails()) == 1
    assert rows(counter) == []


def test_a_refusal_that_was_noted_without_an_answer_is_recognised(counter: Counter) -> None:
    post(counter, "one")
    Wire(ses.client()).plan(PAUSED)
    wire = Wire(dynamodb.client())
    wire.plan(*[lambda _: None] * 3, unanswered)
    assert counter.sweep() == {"postponed": 1}
    (row,) = rows(counter)
    assert "claim" not in row


def test_a_run_that_is_late_does_not_touch_the_claim_of_another(counter: Counter) -> None:
    table_name = "table"
    with time_machine.travel(START, tick=False) as clock:
        post(counter, "one")
        ((_, key),) = outbox.waiting(table_name, "owner")
        late = outbox.claim(table_name, key)
        clock.shift(timedelta(minutes=6))
        mine = outbox.claim(table_name, key)
        assert late
        assert mine
        before = rows(counter)
        writes: list[Callable[[], None]] = [
            lambda: outbox.postpone(table_name, late, "late"),
            lambda: outbox.mark_dropped(table_name, late, "late"),
            lambda: outbox.mark_failed(table_name, late, "late"),
            lambda: outbox.mark_sent(table_name, late, "late"),
            lambda: outbox.extend_claim(table_name, late, START + timedelta(days=1)),
        ]
        for write in writes:
            with pytest.raises(dynamodb.ConditionFailedError):
                write()
        assert rows(counter) == before


def test_a_batch_of_the_stream_ends_before_its_time_is_up(counter: Counter) -> None:
    post(counter, "one", "two")
    records = [
        {
            "eventName": "INSERT",
            "dynamodb": {
                "Keys": {name: {"S": row[name]} for name in ("pk", "sk")},
                "SequenceNumber": str(number),
            },
        }
        for number, row in enumerate(rows(counter))
    ]
    answer: Any = handler.handler({"Records": records}, Context("Notifier", 59))  # type: ignore[arg-type]
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["0", "1"]
    assert counter.mails() == []
