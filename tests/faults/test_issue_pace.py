"""While a long issue is being sent, all other mail goes out within seconds: on a simulated clock, at SES's rate."""

import time
from collections import deque
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import time_machine

from guichet.locales import Language
from guichet.mail import pace, ses
from guichet.records.issue import Edition, Issue
from guichet.records.record import utc_now
from guichet.store import issues
from issues import handler, worker
from tests.support import many
from tests.support.app import START, App
from tests.support.newsletter import SECRET

# The SES rate of a typical account, as moto reports it, and the share that an issue may use.
RATE, SHARE = 14, 0.8
# More than a run sends: with a hundred thousand, the next runs would continue in the same way.
READERS = 3_000
# How long this run sends, in seconds; how many people sign up together, and every how many copies.
SENDS_FOR, TOGETHER, EACH = 25, 4, 60
EDITIONS: dict[Language, Edition] = {
    "fr": Edition(subject="Novembre", markdown="Bonjour"),
    "en": Edition(subject="November", markdown="Hello"),
}
WITHIN = 3.0


class Ses:
    """SES, which accepts a number of emails per second and refuses more."""

    def __init__(self, send: Any) -> None:
        self._send = send
        self._taken: deque[float] = deque()
        self.refused = 0
        self.sent: dict[str, float] = {}

    def send(self, message: Any, configuration_set: str, tags: Any = (), to: Any = None) -> str:
        """Accept an email, or refuse it."""
        now = time.time()
        while self._taken and self._taken[0] <= now - 1:
            self._taken.popleft()
        if len(self._taken) >= RATE:
            self.refused += 1
            raise ses.PostponedError("ThrottlingException: Maximum sending rate exceeded", certain=True, too_fast=True)
        self._taken.append(now)
        (recipient,) = to or [str(message["To"])]
        self.sent[recipient] = now
        return str(self._send(message, configuration_set, tags, to))


def test_confirmations_leave_within_seconds_while_a_long_issue_is_sent(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        monkeypatch.setattr(pace, "time", SimpleNamespace(monotonic=time.time, sleep=clock.shift))
        monkeypatch.setattr(worker, "MOST_AT_ONCE", 1)
        issue = started()
        engine = Ses(ses.send)
        asked: dict[str, float] = {}
        copies: list[float] = []

        def send(*arguments: Any) -> str:
            # The function Issues sends copies as bytes.
            if isinstance(arguments[0], bytes):
                copies.append(time.time())
                if len(copies) % EACH == 0:
                    sign_up(app, asked)
            return engine.send(*arguments)

        monkeypatch.setattr(ses, "send", send)
        end = time.time() + SENDS_FOR + worker.TIME_FOR_A_PAGE / 1000
        left = SimpleNamespace(get_remaining_time_in_millis=lambda: int(1000 * (end - time.time())))
        assert worker.work(issue.id, handler.settings(), left) == "sending"

    assert len(copies) > SENDS_FOR * RATE * SHARE / 2
    assert len(asked) >= 4 * TOGETHER
    # Everyone who signed up was mailed, and nobody waited.
    waited = {visitor: engine.sent[visitor] - at for visitor, at in asked.items()}
    assert max(waited.values()) < WITHIN
    # The issue leaves a fifth of the rate, so SES refused nothing.
    assert engine.refused == 0
    gaps = [after - before for before, after in pairwise(copies)]
    assert min(gaps) >= 1 / (RATE * SHARE) - 1e-6


def started() -> Issue:
    """Return an issue that is being sent, with its readers' rows created."""
    now = utc_now()
    many.subscribe(range(READERS), now - timedelta(days=1))
    issues.save("table", "long", EDITIONS, issues.content_hash(SECRET, EDITIONS), now)
    draft = issues.find("table", "long")
    assert draft is not None
    assert issues.begin("table", draft, now)
    many.write_down(draft, range(READERS))
    held = issues.lease("table", "long", "seed", now, now + timedelta(minutes=1))
    assert held is not None
    issues.release("table", issues.advance("table", held, now, audience=READERS), again=False)
    issue = issues.find("table", "long")
    assert issue is not None
    return issue


def sign_up(app: App, asked: dict[str, float]) -> None:
    """Sign some people up, each from another network, and play the stream to the notifier."""
    for _ in range(TOGETHER):
        visitor = f"visitor{len(asked)}@example.net"
        caller = {"REMOTE_ADDR": f"203.{len(asked)}.113.7"}
        assert app.post("/newsletter", json={"email": visitor}, environ_overrides=caller).status_code == 200
        asked[visitor] = time.time()
    app.play_stream("Notifier")
