"""Renewals: ask subscribers without a recent sign of life whether they want to stay, and unsubscribe the silent ones.

Only the sweep does it, in the time left over from all other mail. Each day it examines one part of the list, from the
index, so that a day costs little, however long the list is.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import ceil

from guichet.mail import ses
from guichet.mail.emails import renewal as email
from guichet.records.subscriber import RENEWAL_VALID
from guichet.settings import NotifierSettings
from guichet.store import issues, outbox, renewals
from guichet.store.renewals import Entry, Progress
from guichet.telemetry import count, logger

# The share of the account's daily quota that renewals may use. All other mail goes first.
SHARE = 0.1
# The daily share of an account without a daily limit.
MOST_A_DAY = 10_000
# The part of the account's daily quota that stays free, as with issues.
_RESERVE = 0.2
# A day has 96 sweeps. Each asks part of the day's share, so that other email does not wait behind many of these.
_SWEEPS = 40
# How long one subscriber may take, in milliseconds: a few calls to the table, each at its slowest.
TIME_FOR_ONE = 30_000


def months_before(at: datetime, months: int) -> datetime:
    """Return the same time `months` earlier, or the last day of that month if it has no such day."""
    year, month = divmod(at.year * 12 + at.month - 1 - months, 12)
    for day in range(at.day, 0, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise AssertionError("a month has days")


def renew(settings: NotifierSettings, now: datetime, time_left: Callable[[], int]) -> None:
    """Process the day's part of the list: ask those who are due, and unsubscribe those who have not answered in time.

    Every sweep calls it; usually it only reads one item. `time_left` returns the run's remaining milliseconds.
    """
    table_name, today = settings.table_name, f"{now:%Y-%m-%d}"
    if not settings.renewal_months:
        renewals.switch_off(table_name, now)
        return
    reached = renewals.progress(table_name).switched_on(now)
    if reached.day == today and reached.done:
        return
    # If SES does not answer, mail is down, and nobody is asked.
    quota = ses.quota()
    if quota is None or _others_first(quota, table_name):
        return
    if reached.day != today:
        reached = _begun(reached, today, quota, table_name)
    # Taken from the day's share before anybody is asked, so that two runs together do not exceed it.
    take = min(ceil(reached.share / _SWEEPS), reached.left)
    begun = renewals.save(table_name, replace(reached, left=reached.left - take), now)
    if begun is None:
        return
    run = _Run(settings, now, take, reached.on_since, more=begun.left > 0)
    ended = run.walk(begun, time_left)
    if run.asked or run.ended:
        count("AskedToRenew", run.asked)
        count("EndedUnanswered", run.ended)
        logger.info("renewals", asked=run.asked, ended=run.ended)
    ended = ended.counted(now, "asked", run.asked).counted(now, "ended", run.ended)
    renewals.save(table_name, replace(ended, left=ended.left + take - run.asked), now)


def _others_first(quota: ses.Quota, table_name: str) -> bool:
    """Return whether the remaining quota is reserved for other mail: it is short, or an issue is being sent."""
    if quota.per_day is not None and quota.left is not None and quota.left <= quota.per_day * _RESERVE:
        return True
    return any(issue.state == "sending" for issue in issues.open_issues(table_name))


def _begun(reached: Progress, today: str, quota: ses.Quota, table_name: str) -> Progress:
    """Return the progress as a day begins: with the next part of the list, or the rest of the last one."""
    share = MOST_A_DAY if quota.per_day is None else max(1, int(quota.per_day * SHARE))
    # Waiting ones go out today, so they count towards today's share: weeks without mail pile up one day's at most.
    waiting = sum(outbox.name_of(mail.key) == email.NAME for mail in outbox.waiting_emails(table_name, email.AUDIENCE))
    begun = replace(reached, day=today, done=False, share=share, left=max(0, share - waiting))
    return replace(begun, part=reached.part % renewals.PARTS + 1, after="") if reached.done else begun


class _Run:
    """One run: how many subscribers it may ask, how many it has asked, and how many it has unsubscribed.

    `more` says whether a later run may ask others today. Subscribers asked before renewals were last switched on,
    whose time to answer is over by then, are asked again: nobody is unsubscribed for a question from before.
    """

    def __init__(self, settings: NotifierSettings, now: datetime, most: int, on_since: datetime, *, more: bool) -> None:
        self._settings = settings
        self._table = settings.table_name
        self._now = now
        self._most, self._more = most, more
        self._due = months_before(now, settings.renewal_months)
        self._on_since = on_since
        self.asked = self.ended = 0

    def walk(self, begun: Progress, time_left: Callable[[], int]) -> Progress:
        """Process the rest of the part, as far as time and the day's share allow. Return the progress."""
        after = begun.after
        for page in renewals.entries(self._table, begun.part, begun.after):
            for entry in page:
                if time_left() < TIME_FOR_ONE or not self._look_at(entry):
                    return replace(begun, after=after)
                after = entry.id
        return replace(begun, after="", done=True)

    def _look_at(self, entry: Entry) -> bool:
        """Do what is due for a subscriber. Return False if a later run of the day must do it."""
        if entry.queued_at is None:
            return entry.alive_at > self._due or self._ask(entry.id)
        row = outbox.row_at(self._table, renewals.email_key(entry.id, email.queued("en", entry.queued_at))) or {}
        if "failed_at" in row:
            # SES may have rejected it after taking it.
            if entry.sent_at:
                renewals.forget_sent(self._table, entry.id, entry.queued_at)
            sent_at = None
        else:
            sent_at = entry.sent_at or (datetime.fromisoformat(row["sent_at"]) if "sent_at" in row else None)
        if sent_at is None:
            # It waits or was never sent. Nobody is unsubscribed then, but asked again after another period.
            return "outbox" in row or not self._may_ask_again(entry.queued_at) or self._ask(entry.id)
        if entry.sent_at is None:
            renewals.note_sent(self._table, entry.id, entry.queued_at, sent_at)
        if sent_at + RENEWAL_VALID <= self._on_since:
            return self._ask(entry.id)
        if sent_at + RENEWAL_VALID <= self._now:
            kept = timedelta(days=self._settings.retention_days)
            self.ended += renewals.end(self._table, entry.id, sent_at, self._now, kept)
        return True

    def _ask(self, subscriber_id: str) -> bool:
        if self._most <= self.asked:
            # Once the day's share is used up, the others are still processed.
            return not self._more
        item = renewals.confirmed(self._table, subscriber_id)
        if item is None:
            return True
        known = renewals.entry(item)
        # The index may lag behind the table.
        if known.alive_at <= self._due and (known.queued_at is None or self._may_ask_again(known.queued_at)):
            asked = email.queued(item.get("language", self._settings.default_language), self._now)
            self.asked += renewals.ask(self._table, item, asked, self._now)
        return True

    def _may_ask_again(self, queued_at: datetime) -> bool:
        """Return whether to ask again: after another full period, or once renewals were switched on again."""
        return queued_at <= self._due or queued_at < self._on_since
