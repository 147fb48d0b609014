"""Checks the outcome of a run's issues against the owner's actions and the calls to SES."""

import json
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from guichet.records.issue import Issue, Reader
from guichet.store import readers
from tests.faults.aws import Sent
from tests.faults.issues import Newsletter, rows_of
from tests.faults.judge import Run

_STATES = ("waiting", "claimed", "sent", "refused", "left", "unknown")
# The longest delay before an unsubscription is recorded. SES's reports come any time later.
_LATE = timedelta(minutes=10)
_ENDED = {"unsubscribed", "bounced", "complained", "blocked"}
Item = dict[str, Any]


@dataclass(frozen=True)
class Copy:
    """A call to SES for a reader's copy, by its number in the log."""

    number: int
    sent: Sent
    reader: str
    claim: str


def judge_issues(run: Run, newsletter: Newsletter, *, ses_tells: bool) -> None:
    """Record the outcome of a run's issues, and problems. With `ses_tells`, SES reported on its mails."""
    items, log = newsletter.items(), newsletter.weather.log
    found = (Issue.model_validate(item) for item in items if item["kind"] == "issue")
    for issue in found:
        if issue.started_at is None:
            continue
        one = _Judged(run, newsletter, issue, issue.started_at, items, log, ses_tells=ses_tells)
        run.issues += 1
        run.problems += [f"issue {issue.id}: {problem}" for problem in one.problems()]
    run.problems += newsletter.too_early
    of_issues = [item for item in items if item["kind"] == "email" and item["pk"].partition("#")[0] == "issue"]
    left = [f"{item['pk']} {item['sk']}" for item in of_issues if "outbox" in item or "failed_at" in item]
    run.problems += [f"the owner is still to be told: {which}" for which in left]


class _Judged:
    def __init__(  # noqa: PLR0913, PLR0917  all that is known of it
        self,
        run: Run,
        newsletter: Newsletter,
        issue: Issue,
        started: datetime,
        items: Sequence[Item],
        log: Sequence[Sent],
        *,
        ses_tells: bool,
    ) -> None:
        self.run = run
        self.newsletter = newsletter
        self.issue = issue
        self.started = started
        self.items = items
        self.log = log
        self.ses_tells = ses_tells
        self.rows = {row.subscriber_id: row for row in rows_of(list(items), issue.id)}
        self.asked = [
            Copy(number, sent, sent.attempt.key.email.partition("#")[2], sent.attempt.claim)
            for number, sent in enumerate(log)
            if sent.attempt
            and readers.is_reader(sent.attempt.key)
            and readers.issue_of(sent.attempt.key.record) == issue.id
        ]
        self.copies = [copy for copy in self.asked if copy.sent.acted]
        self.marked = {
            claim
            for sent in log
            if sent.operation == "UpdateItem" and sent.acted and b":message_id" in sent.body
            for claim in [_value(sent, ":claim")]
            if claim
        }

    def problems(self) -> Iterator[str]:
        """Yield all problems."""
        run, issue, got = self.run, self.issue, Tally(copy.reader for copy in self.copies)
        run.copies += len(got)
        run.copied_twice += sum(count - 1 for count in got.values())
        run.unknown += sum(row.state == "unknown" for row in self.rows.values())
        if issue.state not in {"sent", "cancelled"} or issue.ended_at is None:
            yield f"it does not end: {issue.state}, it waits for {issue.waits_for}, paused for {issue.reason}"
        skipped = list(self._skipped())
        run.skipped += len(skipped)
        yield from skipped
        yield from self._not_in_the_audience()
        yield from self._twice()
        yield from self._to_whom_had_left()
        yield from self._not_stopped()
        yield from self._counts()
        yield from self._owner_told()

    # --- each reader -----------------------------------------------------------------------------------------------

    def _skipped(self) -> Iterator[str]:
        written_down = next((number for number, sent in enumerate(self.log) if self._writes_audience(sent)), None)
        for item in self.items if written_down is not None else ():
            if item["kind"] == "subscriber" and item["id"] not in self.rows and self._all_along(item):
                yield f"{item['id'][:6]} was confirmed when it started and is not among its readers"
        for reader, row in self.rows.items():
            if problem := self._wrong(row):
                yield f"{reader[:6]} is {row.state}: {problem}"

    def _wrong(self, row: Reader) -> str | None:
        """Return why a reader's row does not match the outcome of their copy, or None."""
        copies = [copy for copy in self.copies if copy.reader == row.subscriber_id]
        events = {event["event"] for event in self._history(row.subscriber_id)}
        rightly = {
            "sent": bool(copies),
            "refused": bool(self.newsletter.rejected.intersection(row.claims)),
            "left": not copies and bool(events & _ENDED),
            "unknown": bool(row.claims) and all(map(self._in_doubt, row.claims)),
            "waiting": self.issue.state == "cancelled",
            "claimed": False,
        }
        why = {"sent": "nothing was sent", "refused": "SES refused nothing", "unknown": "nothing is in doubt"}
        why["left"] = "something was sent" if copies else "they are there"
        return None if rightly[row.state] else why.get(row.state, "nothing becomes of it")

    def _in_doubt(self, claim: str) -> bool:
        """Return whether a call's answer and event were lost, or it was never made and the claiming run is gone."""
        asked = [copy for copy in self.asked if copy.claim == claim]
        told = self.ses_tells and claim not in self.newsletter.lost
        if any(copy.sent.acted for copy in asked) and told:
            return False
        return claim not in self.marked

    def _twice(self) -> Iterator[str]:
        for reader, count in Tally(copy.reader for copy in self.copies).items():
            first = [copy for copy in self.copies if copy.reader == reader][: count - 1]
            yield from (
                f"{reader[:6]} got it {count} times, and the first was known to be sent"
                for copy in first
                if not self._in_doubt(copy.claim)
            )

    def _not_in_the_audience(self) -> Iterator[str]:
        started = self.started
        for reader in self.rows:
            before = [event for event in self._history(reader) if self._at(event) <= started]
            last = before[-1] if before else {}
            if not last or (last["event"] == "unsubscribed" and started - self._at(last) > _LATE):
                yield f"{reader[:6]} was not confirmed when it started and is among its readers"

    def _to_whom_had_left(self) -> Iterator[str]:
        for copy in self.asked:
            left = self.newsletter.left.get(copy.reader)
            if left is None or copy.number < left or self._came_back(copy.reader):
                continue
            # It is too late to leave after being looked up and before the call to SES.
            looked = [
                number
                for number in range(copy.number)
                if self.log[number].caller == copy.sent.caller and _looks_up(self.log[number], copy.reader)
            ]
            between = [
                other
                for other in self.asked
                if looked
                and looked[-1] < other.number < copy.number
                and other.sent.caller == copy.sent.caller
                # Too fast, it is sent again.
                and other.reader != copy.reader
            ]
            if not looked or between or looked[-1] >= left:
                yield f"{copy.reader[:6]} had left and got it"

    # --- the whole -------------------------------------------------------------------------------------------------

    def _not_stopped(self) -> Iterator[str]:
        """Yield what was sent after the owner stopped it, except for the page in progress."""
        cancelled = self.newsletter.owner.cancelled.get(self.issue.id)
        stops = [[cancelled]] if cancelled is not None else []
        stops += self.newsletter.owner.paused.get(self.issue.id, [])
        for since, *until in stops:
            for copy in self.asked:
                if since <= copy.number < (until[0] if until else len(self.log)) and self._may_have_known(copy, since):
                    yield f"{copy.reader[:6]} got it after the owner stopped it"

    def _may_have_known(self, copy: Copy, since: int) -> bool:
        of_this_run = [number for number, sent in enumerate(self.log) if sent.caller == copy.sent.caller]
        if of_this_run[0] >= since:
            return True
        # The progress is recorded after each page, and the answer has the state.
        return any(
            since <= number < copy.number and self.log[number].fault is None and self._advances(self.log[number])
            for number in of_this_run
        )

    def _counts(self) -> Iterator[str]:
        tally, rows = self.issue.counts, Tally(row.state for row in self.rows.values())
        told = {state: getattr(tally, state) for state in _STATES if getattr(tally, state)}
        if told != dict(rows):
            yield f"its counts are {told}, and its rows {dict(rows)}"
        if self.issue.audience is not None and self.issue.audience != len(self.rows):
            yield f"its audience is {self.issue.audience}, and it has {len(self.rows)} rows"
        if self.issue.audience is None and self.issue.state != "cancelled":
            yield "its audience was never recorded"
        feedback = next((item for item in self.items if item["pk"] == self._pk and item["sk"] == "feedback"), {})
        for name, at in (("bounced", "bounced_at"), ("complained", "complained_at")):
            of_rows = sum(getattr(row, at) is not None for row in self.rows.values())
            if feedback.get(name, 0) != of_rows:
                yield f"{feedback.get(name, 0)} are counted as {name}, and {of_rows} rows are"

    def _owner_told(self) -> Iterator[str]:
        name = f"issue-sent {self.issue.id}"
        told = [sent for sent in self.log if sent.email == name and sent.acted]
        of_end = [item for item in self.items if item["pk"] == self._pk and item["sk"] == "email#issue-sent"]
        if self.issue.ended_at and (len(of_end) != 1 or not told):
            yield "the owner was not told of the end"
        if self.ses_tells and not self.run.events_lost and len(told) > 1:
            yield f"the owner was told of the end {len(told)} times"

    # --- what the owner asked for
    # --------------------------------------------------------------------------------------------

    @property
    def _pk(self) -> str:
        return f"issue#{self.issue.id}"

    def _advances(self, sent: Sent) -> bool:
        return (
            sent.operation == "UpdateItem"
            and sent.acted
            and b":leased_until" in sent.body
            and json.loads(sent.body)["Key"]["pk"]["S"] == self._pk
        )

    def _writes_audience(self, sent: Sent) -> bool:
        return self._advances(sent) and b'":audience"' in sent.body

    def _history(self, reader: str) -> list[Item]:
        item = next((item for item in self.items if item["kind"] == "subscriber" and item["id"] == reader), {})
        return list(item.get("history", ()))

    @staticmethod
    def _at(event: Item) -> datetime:
        return datetime.fromisoformat(event["at"])

    def _all_along(self, subscriber: Item) -> bool:
        """Return whether somebody was confirmed when it started, and nothing happened to them afterwards."""
        events = subscriber["history"]
        return not any(event["event"] in _ENDED for event in events) and self._at(events[0]) < self.started

    def _came_back(self, reader: str) -> bool:
        events = [event["event"] for event in self._history(reader)]
        return any(event not in _ENDED for event in events[1:])


def _value(sent: Sent, name: str) -> str:
    return str(json.loads(sent.body).get("ExpressionAttributeValues", {}).get(name, {}).get("S", ""))


def _looks_up(sent: Sent, reader: str) -> bool:
    return sent.operation == "GetItem" and f"subscriber#{reader}".encode() in sent.body
