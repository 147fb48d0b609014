"""Renewal over four years of virtual time, with failing mail, sweeps and table, and readers who answer or not."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from guichet.http.links import renewal_link
from guichet.lambda_runtime import FunctionError
from guichet.mail import ses
from guichet.outbox import sweep
from guichet.records.outbox import EmailKey
from guichet.signing import subscriber_id
from guichet.store import dynamodb, outbox, renewals
from tests.support.app import App
from tests.support.feedback import event_about, taken, told
from tests.support.newsletter import SECRET
from tests.support.renewal import DAY, START, known_since
from tests.support.wire import Wire, refusal, unanswered, unreachable

# After how many days a reader answers.
WAITS = {"soon": 20, "late": 90, "never": 100_000}
# RenewalMonths in days, at least.
PERIOD = timedelta(days=1095)


def _after(number: int, answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a listener that answers a request in a given way, after a number of requests."""
    left = [number]

    def count_down(request: Any) -> Any:
        left[0] -= 1
        return answer(request) if left[0] < 0 else None

    return count_down


class Years:
    """A list of readers over the years, and what is observable from outside: accepted mail, and answers."""

    def __init__(self, app: App, patch: pytest.MonkeyPatch, seed: int) -> None:
        self.app = app
        self.patch = patch
        self.chance = random.Random(seed)  # noqa: S311
        self.mail, self.table = Wire(ses.client()), Wire(dynamodb.client())
        self.note_sent = renewals.note_sent
        addresses = [f"reader{number}@example.org" for number in range(12)]
        self.alive = {address: START - timedelta(days=self.chance.randrange(1090)) for address in addresses}
        self.first_due = {address: at + PERIOD for address, at in self.alive.items()}
        self.habit = {address: self.chance.choice(sorted(WAITS)) for address in addresses}
        self.asked: dict[str, list[datetime]] = {address: [] for address in addresses}
        self.left: set[str] = set()
        self.down_until = {"mail": START, "sweeps": START}
        self.told_of = 0
        for address, at in self.alive.items():
            known_since(address, at)

    def day(self) -> None:
        """Play a day with its failures, check the results, and let readers answer."""
        now = datetime.now(UTC)
        for what, rarity in (("mail", 25), ("sweeps", 50)):
            if now >= self.down_until[what] and self.chance.random() < 1 / rarity:
                self.down_until[what] = now + timedelta(days=self.chance.randrange(5, 60))
        lost = self.chance.random() < 0.2
        down = now < self.down_until["mail"]
        self.mail.always(refusal(400, "SendingPausedException") if down else unanswered if lost else None)
        # A function that is killed right after it has marked the email as sent.
        killed = self.chance.random() < 0.3
        self.patch.setattr(renewals, "note_sent", (lambda *_: False) if killed else self.note_sent)
        if self.chance.random() < 0.1:
            self.table.always(_after(self.chance.randrange(40), unreachable))
        if now >= self.down_until["sweeps"]:
            with suppress(FunctionError), dynamodb.retry_budget(0.0):
                self.app.sweep()
        self.table.always(None)
        with suppress(FunctionError):
            self.app.play_stream()
        self._tell(now)
        self._look(now)

    def quiet_days(self, number: int, clock: Any) -> None:
        """Play days in which nothing fails, and nobody answers."""
        self.mail.always(None)
        self.patch.setattr(renewals, "note_sent", self.note_sent)
        for _ in range(number):
            clock.shift(DAY)
            self.app.sweep()
            self.app.play_stream()

    def _tell(self, now: datetime) -> None:
        """Deliver SES's events about the mails that it accepted."""
        for mail in taken()[self.told_of :]:
            self.asked[mail.to[0]].append(now)
            event = event_about("send", mail)
            event["mail"]["timestamp"] = now.isoformat()
            told(self.app, event)
        self.told_of = len(taken())

    def _look(self, now: datetime) -> None:
        for item in self.app.items("subscriber"):
            address = item["email"]
            since_alive = [at for at in self.asked[address] if at > self.alive[address]]
            # Once per period, and not before it is over.
            assert len(since_alive) <= 1, (address, since_alive)
            assert not since_alive or since_alive[0] - self.alive[address] >= PERIOD
            if item["state"] == "unsubscribed" and address not in self.left:
                # Not unless an email was really sent, and not after a timely answer.
                assert now - since_alive[0] >= timedelta(days=30)
                assert self.habit[address] != "soon"
                self.left.add(address)
            if since_alive and now - since_alive[0] >= WAITS[self.habit[address]] * DAY:
                self._answer(address, now)

    def _answer(self, address: str, now: datetime) -> None:
        link = renewal_link("", subscriber_id(SECRET, address), "fr", SECRET)
        for _ in range(2):
            assert self.app.post(link).status_code == 200
        self.alive[address] = now
        self.left.discard(address)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1))
def test_over_four_years_with_outages_nobody_is_asked_twice_or_leaves_unasked(
    app: App, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    # It reads every day since the last note, which took a third of this test's time.
    monkeypatch.setattr(sweep, "queue_spam_note", lambda *_: False)
    with time_machine.travel(START, tick=False) as clock:
        years = Years(app, monkeypatch, seed)
        while datetime.now(UTC) < START + timedelta(days=4 * 365):
            clock.shift(timedelta(days=years.chance.choice([3, 4, 5, 6])))
            years.day()
        # Once all failures are over, everyone due is asked within a week,
        due_by_now = datetime.now(UTC)
        years.quiet_days(renewals.PARTS, clock)
        for address, at in years.first_due.items():
            if at < due_by_now:
                assert years.asked[address] or [mail for mail in taken() if mail.to == [address]], address
        # and unsubscribed within 37 days from then, if there is no answer.
        clock.shift(30 * DAY)
        years.quiet_days(renewals.PARTS, clock)
        states = {item["email"]: item["state"] for item in app.items("subscriber")}
        for address, habit in years.habit.items():
            if habit == "never" and years.first_due[address] < due_by_now:
                assert states[address] == "unsubscribed"
    assert set(years.left) <= set(states)


@pytest.mark.medium
def test_a_row_that_is_claimed_by_a_run_that_was_killed_is_sent_once(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        known_since("reader@example.org", START - timedelta(days=2000))
        for _ in range(renewals.PARTS):
            clock.shift(DAY)
            app.sweep()
            if app.items("email"):
                break
        (row,) = app.items("email")
        # It had claimed the email, but not called SES.
        assert outbox.claim("table", EmailKey(record=row["pk"], email=row["sk"]))
        app.play_stream()
        assert taken() == []
        for _ in range(20):
            clock.shift(timedelta(minutes=15))
            app.sweep()
    assert len(taken()) == 1
