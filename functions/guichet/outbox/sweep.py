"""Sweep the outbox: deliver everything that waits, on the schedule or at the operator's request."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Literal, Protocol

from aws_lambda_powertools.metrics import MetricUnit

from guichet.mail import ses
from guichet.mail.notification import all_recipients
from guichet.mail.pace import Pace
from guichet.outbox.delivery import Outcome, deliver
from guichet.outbox.digest import queue_digest
from guichet.outbox.renewal import renew
from guichet.outbox.spam_note import queue_spam_note
from guichet.records.outbox import AUDIENCES, Audience, EmailKey, WaitingEmail
from guichet.records.record import utc_now
from guichet.settings import NotifierSettings
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import dynamodb, mailboxes, outbox
from guichet.telemetry import count, log_unexpected, logger

# The longest that one email takes, in milliseconds: lookup, pacing, sending and marking, each at its slowest. A run
# with less time left ends.
TIME_FOR_ONE = 70_000
# How many waiting emails are ordered by turns at once.
_IN_TURNS = 5_000
# After this many refusals in a row, SES seems to take no mail.
_ENOUGH = 3
REFUSED = ("postponed", "throttled")
# Held back on purpose: nothing is wrong.
HELD_BACK = ("capped", "rationed", "delayed")


class Clock(Protocol):
    """What a sweep needs of Lambda's context."""

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's time-out."""


def has_time(clock: Clock) -> bool:
    """Return whether one more email can be sent and marked before the function times out."""
    return clock.get_remaining_time_in_millis() >= TIME_FOR_ONE


def sweep(settings: NotifierSettings, clock: Clock) -> dict[str, int]:
    """Deliver everything that waits, the owner's mail first, oldest first, and count the outcomes."""
    _queue_if_due("digest", queue_digest, settings)
    _queue_if_due("spam note", queue_spam_note, settings)
    run = _Sweep(settings, clock)
    run.deliver_held()
    for audience in AUDIENCES:
        run.deliver_all(audience)
    _renew(settings, clock)
    age = (utc_now() - run.oldest).total_seconds()
    count("OldestQueuedAge", round(age), MetricUnit.Seconds)
    logger.info("swept", outcomes=run.outcomes, oldest_queued_seconds=round(age))
    return run.outcomes


class _Sweep:
    """One sweep: the outcomes so far, and the pace that its emails share."""

    def __init__(self, settings: NotifierSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pace = Pace(ses.send_rate)
        self.outcomes: dict[str, int] = {}
        self.oldest = utc_now()

    def deliver_held(self) -> None:
        """Deliver what waits for one of the owner's mailboxes: one email a day as a test, and all once it works again.

        All are examined when something has changed, and once a day, which catches whatever was held at the very moment
        of the change.
        """
        held = outbox.held(self._settings.table_name)
        first = next(held, None)
        if first is None:
            return
        known = mailboxes.mailboxes(self._settings.table_name)
        owners = [subscriber_id(self._settings.signing_secret, address) for address in all_recipients(self._settings)]
        alive = [owner for owner in owners if owner not in known.dead]
        seen = keyed_hash(self._settings.signing_secret, "held", utc_now().date().isoformat(), owners, alive)
        look_at_all = bool(alive) and seen != known.looked_at
        if not look_at_all and not any(map(known.due, owners)):
            return
        for email in chain([first], held):
            if not has_time(self._clock):
                return
            outcome = self._deliver(email.key)
            if outcome in REFUSED or (outcome == "sent" and not look_at_all):
                return
        if look_at_all:
            mailboxes.note_look(self._settings.table_name, seen)

    def deliver_all(self, audience: Audience) -> None:
        """Deliver what waits for an audience, until the time is up or SES takes no mail."""
        refused: list[EmailKey] = []
        held: set[tuple[str, str]] = set()
        for email in _in_turns(outbox.waiting_emails(self._settings.table_name, audience)):
            name, network = outbox.name_of(email.key), email.network_id
            # An email that was postponed or held back is not late.
            if (email.not_before and email.not_before > utc_now()) or held & {(name, ""), (name, network)}:
                continue
            outcome = self._deliver(email.key) if has_time(self._clock) and len(refused) < _ENOUGH else None
            if outcome not in HELD_BACK:
                self.oldest = min(self.oldest, email.queued_at)
            if outcome is None:
                continue
            if outcome == "capped":
                # So is every other email of that name today.
                held.add((name, ""))
            if outcome == "rationed":
                held.add((name, network))
            refused = [*refused, email.key] if outcome in REFUSED else []
            # Perhaps only these are refused, and others must not wait behind them.
            if len(refused) == _ENOUGH and self._is_taken(audience, refused):
                refused = []

    def _is_taken(self, audience: Audience, refused: list[EmailKey]) -> bool:
        """Return whether SES takes any of the newest emails."""
        newest = outbox.waiting(self._settings.table_name, audience, newest_first=True)
        for _, key in islice(newest, _ENOUGH):
            if key in refused or not has_time(self._clock):
                break
            if self._deliver(key) == "sent":
                return True
        return False

    def _deliver(self, key: EmailKey) -> str:
        outcome = deliver_or_leave(key, self._settings, self._pace)
        while outcome == "throttled" and self._pace.slower() and has_time(self._clock):
            # It is next in line, so it waits rather than letting others overtake it.
            outcome = deliver_or_leave(key, self._settings, self._pace)
        while outcome == "erasing" and has_time(self._clock):
            outcome = deliver_or_leave(key, self._settings, self._pace)
        self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
        return outcome


def _in_turns(emails: Iterator[WaitingEmail]) -> Iterator[WaitingEmail]:
    """Order emails, given oldest first, so that networks take turns: the oldest of each, then the next of each.

    That is done some thousand at a time, so that memory and the first email do not wait for however many there are.
    """

    def turn(email: WaitingEmail) -> int:
        before[email.network_id] += 1
        return before[email.network_id] if email.network_id else 1

    while block := list(islice(emails, _IN_TURNS)):
        before: Counter[str] = Counter()
        # The sort is stable within a turn.
        yield from sorted(block, key=turn)


def _queue_if_due(name: str, queue: Callable[[NotifierSettings, datetime], bool], settings: NotifierSettings) -> None:
    """Queue a digest or a note if it is due. Whatever is wrong with it must not keep other emails from going out."""
    try:
        # However much it counts, it takes no more time than one email.
        with dynamodb.retry_budget():
            queued = queue(settings, utc_now())
        if queued:
            logger.info("queued", email=name)
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, email=name)


def _renew(settings: NotifierSettings, clock: Clock) -> None:
    """Continue the renewals in the time that is left. An error in them must not fail the sweep."""
    try:
        renew(settings, utc_now(), clock.get_remaining_time_in_millis)
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, email="renewal")


def deliver_or_leave(key: EmailKey, settings: NotifierSettings, pace: Pace) -> Outcome | Literal["unexpected"]:
    """Deliver an email. One that cannot be composed stays in the outbox, and must not block the others."""
    try:
        return deliver(key, settings, pace)
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, record=key.record, email=key.email)
        return "unexpected"
