"""One run of sending an issue: create its readers' rows, send each copy, settle what is in doubt, end it.

Runs may overlap: the lease keeps them apart, and each copy is claimed by a conditional write.
"""

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import timedelta
from math import ceil
from typing import Any, Literal, NamedTuple, Protocol

from guichet.http.links import unsubscribe_link
from guichet.locales import Language
from guichet.mail import ses
from guichet.mail.emails import issue_paused, issue_sent
from guichet.mail.pace import Pace
from guichet.mail.series import Series
from guichet.mail.tags import Attempt, tags_of
from guichet.records.issue import Edition, Issue, Reader, Reason, Tally, WaitsFor
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.settings import IssuesSettings
from guichet.store import issues, readers, subscribers, table
from guichet.store.dynamodb import UnavailableError, retry_budget
from guichet.store.issues import Lease, LeaseLostError
from guichet.store.readers import SHARDS
from guichet.telemetry import count, log_unexpected, logger

# The share of the account's rate and daily quota, which leaves the rest to all other mail.
SHARE = 0.8
# If SES does not report the rate, the sandbox's is assumed.
_UNKNOWN_RATE = 1.0
# A slow call to SES, in seconds; it determines how many copies are sent concurrently.
_CALL_TAKES = 0.2
MOST_AT_ONCE = 32
# About how long a page takes, in seconds. After each, the run checks whether the issue is paused.
_PAGE_TAKES = 1.0
_LONGEST_PAGE = 200
# An unanswered copy may have been sent: then SES's event says so, within minutes. Otherwise, it is sent again once.
WITHOUT_ANSWER = (timedelta(hours=1), timedelta(hours=6))
# Longer than a page takes at its slowest, and over by the next sweep.
_LEASE_LASTS = timedelta(minutes=4)
# After this many refusals in a row, SES is considered down.
_ENOUGH = 3
# How long to leave SES alone then, from the start of the run: until the next sweep.
_PAUSE = timedelta(minutes=14)
# After this many copies in a row that SES refuses, or that cannot be composed, the others would fail as well; fewer are
# enough if none has been sent so far.
_REFUSED_IN_A_ROW, _REFUSED_FIRST = 20, 5
# How many rows are examined between checks of time and lease.
_ROWS_AT_A_TIME = 5_000
# The time left at which no other page and no other copy is started, in milliseconds: enough for the slowest one.
TIME_FOR_A_PAGE = 60_000
TIME_FOR_ONE = 35_000
# How often a run examines all rows, as long as one of them needs work.
_LOOKS = 5
# How many readers' rows are created before the progress is recorded.
_AT_A_TIME = 400
# What pauses an issue (AWS: SES reviews accounts at 5 % bounces, 0.1 % complaints).
_BOUNCES_OF, _BOUNCES, _COMPLAINTS, _COMPLAINTS_AT_LEAST = 200, 0.05, 0.001, 3

# An issue that is overdue for longer is held, and the owner is asked: its moment may have passed.
LATE = timedelta(hours=1)

Outcome = Literal["sent", "refused", "left", "unknown", "waiting", "claimed", "not ours"]
# Calls a function with each of some items, concurrently, and returns the results.
_RunAll = Callable[[Callable[[Any], Any], Iterable[Any]], list[Any]]


class Clock(Protocol):
    """What a run needs of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's time-out."""


class _StoppedError(Exception):
    """The run ends here. The next one starts at once, or from the schedule once there is room."""

    def __init__(self, waits_for: WaitsFor | None = None) -> None:
        super().__init__()
        self.waits_for = waits_for


def work(issue_id: str, settings: IssuesSettings, clock: Clock, among: int = 1) -> str:
    """Work on an issue until it has ended, time is up, or there is nothing to do now. Return its state.

    `among` is how many issues share the account's rate. Returns `busy` if another run works on it, or nothing is due.
    """
    now = utc_now()
    held = issues.lease(settings.table_name, issue_id, uuid.uuid4().hex, now, now + _LEASE_LASTS)
    if held is None:
        return "busy"
    run = _Run(held, settings, clock, among)
    again, waits_for = False, None
    try:
        run.go_on()
    except _StoppedError as stopped:
        again, waits_for = stopped.waits_for is None, stopped.waits_for
    except LeaseLostError:
        logger.info("another run works on it", extra={"issue": issue_id})
    finally:
        run.tell()
        not_before = now + _PAUSE if waits_for else None
        issues.release(settings.table_name, run.held, again=again, not_before=not_before, waits_for=waits_for)
    return run.state


def start_due(issue: Issue, settings: IssuesSettings) -> None:
    """Start a scheduled issue once its time has come. If that was more than an hour ago, ask the owner instead."""
    now = utc_now()
    if issue.state != "scheduled" or issue.scheduled_for is None or issue.scheduled_for > now:
        return
    if now - issue.scheduled_for <= LATE:
        issues.begin(settings.table_name, issue, now)
        return
    email = issue_paused.queued(settings.default_language, table.stamp(now))
    if issues.pause_itself(settings.table_name, issue, "late", email, now):
        logger.error("too late", extra={"issue": issue.id})
        count("IssuePaused")


class _Copy(NamedTuple):
    """A reader's copy that this run has claimed."""

    claim: str
    message: bytes
    address: str


class _Run:
    """One run: its lease, its results, and why it should stop."""

    def __init__(self, held: Lease, settings: IssuesSettings, clock: Clock, among: int) -> None:
        self.held = held
        self.state: str = held.issue.state
        self._settings = settings
        self._table = settings.table_name
        self._clock = clock
        self._among = among
        self._texts: Mapping[Language, Edition] = {}
        self._series: dict[Language, Series] = {}
        self._rate = _UNKNOWN_RATE
        self._pace = Pace(lambda: self._rate)
        # How many copies may still be sent in these 24 hours.
        self._left: float | None = None
        # Everything it did, and the part that is not in the issue's tally yet.
        self._done: Counter[str] = Counter()
        self._new: Counter[str] = Counter()
        # Shared by the threads: how many refusals in a row, and why no other copy is started.
        self._lock = threading.Lock()
        self._refused = 0
        self._stop = threading.Event()
        # How many in a row were rejected, and which readers' copies could not be composed.
        self._broken = 0
        self._unwritten: set[str] = set()
        self._waits_for: WaitsFor | None = None
        self._reason: Reason | None = None

    @property
    def issue(self) -> Issue:
        """The current issue."""
        return self.held.issue

    def go_on(self) -> None:
        """Continue where the last run ended. Raises _StoppedError, LeaseLostError."""
        if self.issue.state == "sending":
            self._read_text()
            if self.issue.audience is None:
                self._write_readers_down()
            self._look_at_quota()
            self._send_all()
        self._settle()

    def tell(self) -> None:
        """Log and count what it did."""
        logger.info("worked", extra={"issue": self.issue.id, "state": self.state, "outcomes": dict(self._done)})
        if self._done["sent"]:
            count("IssueEmailSent", self._done["sent"])

    # --- before it is sent: text, readers, quota ---

    def _read_text(self) -> None:
        self._texts = issues.editions(self._table, self.issue.id)
        if issues.content_hash(self._settings.signing_secret, self._texts) != self.issue.content:
            self._pause("changed")

    def _write_readers_down(self) -> None:
        """Create a row for each subscriber who is confirmed now: the issue is sent only to these."""
        started, place = self.issue.started_at or utc_now(), self.held.audience_after

        def write_down(subscriber_id: str) -> None:
            readers.add(self._table, self.issue, subscriber_id)

        with _threads(MOST_AT_ONCE) as run_all:
            while place is not None:
                self._in_time()
                found, after = issues.subscribers_after(self._table, place, _AT_A_TIME)
                # Anyone who confirmed later gets the next issue.
                run_all(
                    write_down, [one for one, confirmed_at in found if confirmed_at is None or confirmed_at <= started]
                )
                if after is None:
                    break
                place = after
                self._advance(audience_after=place)
        audience = readers.count(self._table, self.issue.id)
        self._advance(audience=audience, tally=Tally(waiting=audience))
        logger.info("readers written down", extra={"issue": self.issue.id, "readers": audience})

    def _look_at_quota(self) -> None:
        quota = ses.quota()
        if quota is None:
            return
        self._rate = quota.per_second * SHARE / self._among
        if quota.per_day is not None and quota.left is not None:
            self._left = (quota.left - quota.per_day * (1 - SHARE)) / self._among

    # --- sending ---

    def _send_all(self) -> None:
        """Send to each remaining reader, a page of each shard in turn."""
        with _threads(max(1, min(MOST_AT_ONCE, ceil(self._rate * _CALL_TAKES)))) as run_all:
            while open_shards := [shard for shard in range(SHARDS) if not self.held.is_through(shard)]:
                for shard in open_shards:
                    self._in_time()
                    size = self._page_size()
                    rows = readers.next_of(self._table, self.issue.id, shard, self.held.place(shard), size)
                    self._send_page([row for row in rows if row.state == "waiting"], run_all)
                    last = rows[-1].subscriber_id if len(rows) == size else None
                    self._advance(places=self.held.places_with(shard, last), tally=self._new_tally())
                    self._look_at_feedback()

    def _page_size(self) -> int:
        """Return how many copies are sent before the issue is checked again: fewer when SES throttles."""
        per_second = 1 / self._pace.gap if self._pace.gap else self._rate
        return max(1, min(_LONGEST_PAGE, ceil(per_second * _PAGE_TAKES)))

    def _send_page(self, rows: Sequence[Reader], run_all: _RunAll) -> None:
        outcomes = run_all(self._deliver, rows)
        self._done.update(outcomes)
        self._new.update(outcomes)
        if self._reason:
            self._pause(self._reason)
        if self._stop.is_set():
            # Readers who were skipped come next: the place does not move.
            self._advance(tally=self._new_tally())
            raise _StoppedError(self._waits_for)

    def _new_tally(self) -> Tally:
        """Return the issue's tally including this run's results since it was last stored."""
        known = self.issue.counts
        counts = {state: getattr(known, state) + self._new[state] for state in _SETTLED}
        counts["waiting"] = max(0, known.waiting - sum(self._new[state] for state in _SETTLED))
        self._new.clear()
        return Tally(**counts)

    def _deliver(self, row: Reader) -> Outcome:
        """Send a reader their copy, if they should still have it."""
        try:
            return self._delivered(row)
        except UnavailableError:
            # The table is unavailable: the run ends, and another one continues.
            self._stop.set()
            raise
        except Exception as error:  # noqa: BLE001  one reader must not keep the others from getting theirs
            log_unexpected(error, issue=self.issue.id, subscriber_id=row.subscriber_id)
            return self._could_not_write(row, error)

    def _delivered(self, row: Reader) -> Outcome:
        begun = self._pace.wait() if self._may_begin() else None
        # With SES throttling, that may have taken long.
        if begun is None or self._ends():
            self._stop.set()
            return "waiting"
        copy = self._claimed(row)
        return self._called(row, copy, begun) if isinstance(copy, _Copy) else copy

    def _claimed(self, row: Reader) -> "_Copy | Outcome":
        """Claim a reader's copy, if they should still have it."""
        now = utc_now()
        with retry_budget():
            subscriber = subscribers.subscriber(self._table, row.subscriber_id)
            if subscriber is None or subscriber.state != "confirmed":
                # A copy in doubt may have been sent before they left.
                state: Literal["left", "unknown"] = "unknown" if row.claims else "left"
                why = str(subscriber.state) if subscriber else "erased"
                return state if readers.mark(self._table, self.issue.id, row, state, now, reason=why) else "not ours"
            message = self._message(subscriber)
            claim = uuid.uuid4().hex
            until = now + WITHOUT_ANSWER[min(len(row.claims), len(WITHOUT_ANSWER) - 1)]
            claimed = readers.claim(self._table, self.issue.id, row, claim, now, until)
        return _Copy(claim, message, subscriber.email) if claimed else "not ours"

    def _called(self, row: Reader, copy: "_Copy", begun: int) -> Outcome:
        """Call SES with a claimed copy, and record the outcome."""
        tags = tags_of(Attempt(readers.key_of(self.issue.id, row.subscriber_id), copy.claim))
        while True:
            try:
                message_id = ses.send(copy.message, self._settings.visitor_configuration_set, tags, [copy.address])
            except ses.RejectedError as rejected:
                return self._refused_for_good(row, copy.claim, rejected)
            except ses.PostponedError as postponed:
                if not postponed.too_fast or not (self._ends() or self._pace.slower(begun)):
                    return self._postponed(row, copy.claim, postponed)
            else:
                break
            # It is next in line, so it waits rather than letting others overtake it.
            begun = self._pace.wait()
            if self._ends():
                # The next run continues with it.
                self._stop.set()
                readers.release_claim(self._table, self.issue.id, row, copy.claim, "", utc_now())
                return "waiting"
        self._refused = self._broken = 0
        readers.mark(self._table, self.issue.id, row, "sent", utc_now(), claim_id=copy.claim, message_id=message_id)
        return "sent"

    def _message(self, subscriber: Subscriber) -> bytes:
        """Return a reader's copy, in their language, or in the only other one there is."""
        theirs = subscriber.language
        series = self._series_in(theirs if theirs in self._texts else next(iter(self._texts)))
        link = unsubscribe_link(self._settings.api_url, subscriber.id, theirs, self._settings.signing_secret)
        return series.addressed(subscriber.email, link)

    def _series_in(self, language: Language) -> Series:
        with self._lock:
            if language not in self._series:
                self._series[language] = Series(self.issue, self._texts[language], language, self._settings)
            return self._series[language]

    def _may_begin(self) -> bool:
        """Return whether this run may send one more copy, and take it from the day's quota."""
        with self._lock:
            if self._left is not None and self._left < 1:
                self._waits_for = "quota"
                self._stop.set()
            if self._ends():
                self._stop.set()
                return False
            if self._left is not None:
                self._left -= 1
            return True

    def _postponed(self, row: Reader, claim: str, postponed: ses.PostponedError) -> Outcome:
        """Handle a copy that SES did not accept, or did not answer."""
        self._note_refusal(alone=not postponed.certain or postponed.of_recipient)
        if not postponed.certain:
            return "claimed"
        if postponed.of_recipient and self._stop.is_set():
            self._reason = "sandbox"
        why = postponed.reason.partition(":")[0]
        readers.release_claim(self._table, self.issue.id, row, claim, why, utc_now())
        return "waiting"

    def _refused_for_good(self, row: Reader, claim: str, rejected: ses.RejectedError) -> Outcome:
        """Record that SES rejects a copy. If it is in doubt, an earlier call may have sent it."""
        state: Literal["refused", "unknown"] = "unknown" if row.claims else "refused"
        self._note_broken()
        why = ses.without_addresses(str(rejected))
        readers.mark(self._table, self.issue.id, row, state, utc_now(), claim_id=claim, reason=why)
        return state

    def _could_not_write(self, row: Reader, error: Exception) -> Outcome:
        """Retry a copy that cannot be composed once more, after all others have been sent."""
        self._note_broken()
        with self._lock:
            if row.subscriber_id not in self._unwritten:
                self._unwritten.add(row.subscriber_id)
                return "waiting"
        state: Literal["refused", "unknown"] = "unknown" if row.claims else "refused"
        why = f"it could not be written: {type(error).__name__}"
        readers.mark(self._table, self.issue.id, row, state, utc_now(), reason=why)
        return state

    def _note_broken(self) -> None:
        """Pause the issue if all other copies would fail as well."""
        with self._lock:
            self._broken += 1
            none_sent = not (self.issue.counts.sent or self._done["sent"])
            if self._broken >= (_REFUSED_FIRST if none_sent else _REFUSED_IN_A_ROW):
                self._reason = "refused"
                self._stop.set()

    def _ends(self) -> bool:
        return self._stop.is_set() or not self._has_time(TIME_FOR_ONE)

    def _note_refusal(self, *, alone: bool = True) -> None:
        """Start no other copy if SES accepts no mail now. `alone` means that the refusal may concern this copy only."""
        with self._lock:
            self._refused += 1
            if not alone or self._refused >= _ENOUGH:
                self._waits_for = "ses"
                self._stop.set()

    def _look_at_feedback(self) -> None:
        """Pause the issue if too many copies bounced or were reported as spam since it was started or resumed."""
        before = self.issue.resumed_at or Tally()
        sent = self.issue.counts.sent - before.sent
        bounced, complained = issues.feedback_of(self._table, self.issue.id)
        bounced, complained = bounced - before.bounced, complained - before.complained
        if sent >= _BOUNCES_OF and bounced > sent * _BOUNCES:
            self._pause("bounces")
        if complained >= _COMPLAINTS_AT_LEAST and complained >= sent * _COMPLAINTS:
            self._pause("complaints")

    # --- the end ---

    def _settle(self) -> None:
        """Settle copies in doubt, and end the issue once every copy is settled.

        Every row is read, whatever was recorded before, so that the counts match the rows, and no reader is missed.
        """
        for _ in range(_LOOKS):
            dealt_with, counts = 0, Counter[str]()
            moved = issues.moved(self._table, self.issue.id)
            for number, row in enumerate(readers.all_of(self._table, self.issue.id), 1):
                if number % _ROWS_AT_A_TIME == 0:
                    self._in_time()
                    self._advance()
                if self._is_due(row):
                    self._in_time()
                    self._deal_with(row)
                    dealt_with += 1
                counts.update(readers.counted(row))
            # Events may also have changed others meanwhile.
            if not dealt_with:
                break
        if dealt_with or counts["claimed"] or (counts["waiting"] and self.issue.state == "sending"):
            raise _StoppedError("answer")
        self._end(Tally(**counts), moved)

    def _is_due(self, row: Reader) -> bool:
        """Return whether a reader's row needs work now."""
        if row.state == "waiting":
            return self.issue.state == "sending"
        return row.state == "claimed" and (row.claimed_until is None or row.claimed_until < utc_now())

    def _deal_with(self, row: Reader) -> None:
        """Send to a reader who was skipped, or settle an unanswered call."""
        if row.state == "claimed" and (len(row.claims) >= readers.MOST_CLAIMS or self.issue.state != "sending"):
            why = "SES gave no answer, and no event told of it"
            readers.mark(self._table, self.issue.id, row, "unknown", utc_now(), reason=why)
            return
        self._send_page([row], _one_after_the_other)
        self._advance(tally=self._new_tally())

    def _end(self, tally: Tally, moved: int) -> None:
        email = issue_sent.queued(self._settings.default_language)
        if not issues.finish(self._table, self.held, tally, moved, email, utc_now()):
            # Something changed meanwhile: the next run will see it.
            raise _StoppedError
        self.state = "cancelled" if self.issue.state == "cancelled" else "sent"
        logger.info("ended", extra={"issue": self.issue.id, "state": self.state})
        count("IssueEnded")

    # --- the lease ---

    def _advance(self, **changes: Any) -> None:
        """Record the progress. Raises LeaseLostError, and _StoppedError if the issue was paused."""
        self.held = issues.advance(self._table, self.held, utc_now() + _LEASE_LASTS, **changes)
        if self.issue.state != self.state:
            self.state = self.issue.state
            # A cancelled one is ended by the next run.
            raise _StoppedError(None if self.state == "cancelled" else "owner")

    def _pause(self, reason: Reason) -> None:
        now, tally = utc_now(), self._new_tally()
        bounced, complained = issues.feedback_of(self._table, self.issue.id)
        tally = Tally(**{**tally.model_dump(), "bounced": bounced, "complained": complained})
        email = issue_paused.queued(self._settings.default_language, table.stamp(now))
        if not issues.pause_itself(self._table, self.issue, reason, email, now, holder=self.held.holder, tally=tally):
            # It was paused or cancelled meanwhile: the next run will see it.
            raise _StoppedError
        self.state = "paused"
        logger.error("paused", extra={"issue": self.issue.id, "reason": reason})
        count("IssuePaused")
        raise _StoppedError("owner")

    def _in_time(self) -> None:
        if not self._has_time(TIME_FOR_A_PAGE):
            raise _StoppedError

    def _has_time(self, milliseconds: int) -> bool:
        return self._clock.get_remaining_time_in_millis() >= milliseconds


# The possible outcomes of a copy in a run.
_SETTLED = ("sent", "refused", "left", "unknown", "claimed")


@contextmanager
def _threads(most: int) -> Iterator[_RunAll]:
    """Yield a function that calls another one with each of some items, `most` at once."""
    if most == 1:
        yield _one_after_the_other
        return
    with ThreadPoolExecutor(most) as executor:

        def run_all(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
            # Each in its own context, but with the run's context variables.
            calls = [executor.submit(copy_context().run, function, item) for item in items]
            return [call.result() for call in calls]

        yield run_all


def _one_after_the_other(function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    return [function(item) for item in items]
