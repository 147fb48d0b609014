"""Checks what is stored and mailed at the end of a run against what its visitors were told."""

import json
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from guichet.signing import subscriber_id
from tests.faults.aws import Sent, email
from tests.support.newsletter import SECRET

# The visitor who signs up, confirms and leaves.
VISITOR = "token-2@example.org"
_HOURS_48 = timedelta(hours=48)
Item = dict[str, Any]


@dataclass
class Run:
    """The results of a run."""

    seed: int
    faults: Tally[str] = field(default_factory=Tally)
    posts: int = 0
    unavailable: int = 0
    accepted: int = 0
    stored: int = 0
    owed: int = 0
    mailed: int = 0
    dropped: int = 0
    lost: int = 0
    twice: int = 0
    # For issues: those started; how many got them, again, or perhaps; and how many were missed.
    issues: int = 0
    copies: int = 0
    copied_twice: int = 0
    unknown: int = 0
    skipped: int = 0
    # For SES's events: whether some are lost on purpose, and how many were lost, including those that nobody could
    # accept.
    loses_events: bool = False
    events_lost: int = 0
    # The slowest answer, in seconds of the run's clock.
    longest: float = 0
    problems: list[str] = field(default_factory=list)
    # Every request to AWS, what happened to it, and what callers were told.
    story: list[str] = field(default_factory=list, repr=False)


@dataclass
class Told:
    """What visitors were told: which records are stored, and how the subscription changed.

    A change that was not confirmed may or may not have happened.
    """

    kept: set[str] = field(default_factory=set)
    changes: list[tuple[str, bool]] = field(default_factory=list)
    # The comments that an owner has, or may have, dealt with: their emails may no longer be needed.
    moderated: set[str] = field(default_factory=set)


@dataclass
class Row:
    """The row of an email, and which one it is."""

    email: str
    key: str
    item: Item


def judge(run: Run, items: Sequence[Item], log: Sequence[Sent], told: Told, *, ses_tells: bool = False) -> None:
    """Record the outcome of a run, and problems. With `ses_tells`, SES reported on its mails."""
    records = {item["pk"]: item for item in items if item["kind"] in ("message", "request", "comment")}
    # The one who signed up, as opposed to readers of issues.
    pk = f"subscriber#{subscriber_id(SECRET, VISITOR)}"
    subscriber: Item = next((item for item in items if item["pk"] == pk and item["kind"] == "subscriber"), {})
    events = [{name: next(iter(value.values())) for name, value in entry["M"].items()} for entry in history(subscriber)]
    # Issues are judged separately.
    of_forms = (item for item in items if item["kind"] == "email" and not item["pk"].startswith("issue#"))
    rows = [_row(item, records, subscriber) for item in of_forms]
    owed = Tally(row.email for row in rows)
    mails = [sent for sent in log if sent.operation == "SendEmail" and sent.acted]
    mailed = Tally(sent.email for sent in mails if not sent.email.startswith("issue"))
    unmailed = [row for row in rows if not mailed[row.email]]
    dropped = [row for row in rows if _rightly_dropped(row, rows, events, told)]
    confirmations = [event for event in events if event["event"] == "confirmed"]
    told_confirmed = ("confirmed", True) in told.changes

    found = {
        "accepted and not stored": told.kept - set(records),
        "confirmed and not stored": {"the subscriber"} if told_confirmed and not confirmations else set(),
        "stored and owes no email": _due(records, subscriber, confirmations) - {row.key for row in rows},
        "stored and not mailed": {row.key for row in unmailed if row not in dropped},
    }
    run.accepted, run.stored = len(told.kept) + told_confirmed, len(records) + bool(confirmations)
    run.owed = len(rows)
    # If there are several emails of one name, some may have gone out.
    run.dropped = sum(
        min(count, max(0, owed[name] - mailed[name])) for name, count in Tally(row.email for row in dropped).items()
    )
    # An address may get a few emails of one name: up to the number queued, they are not repeats.
    run.mailed = sum(min(count, owed[name]) for name, count in mailed.items())
    run.twice = sum(max(0, count - owed[name]) for name, count in mailed.items())
    run.lost = sum(map(len, found.values()))
    written = Tally(item["email"] for item in records.values() if item["kind"] in ("message", "comment"))
    found |= {
        "stored twice": {address for address, count in written.items() if count > 1},
        "mailed and not stored": set(mailed) - set(owed),
        "still owed": {row.key for row in rows if "outbox" in row.item},
        "never to be sent": {row.key for row in rows if "failed_at" in row.item},
    }
    run.problems += [f"{what}: {', '.join(sorted(which))}" for what, which in found.items() if which]
    if ses_tells and run.twice and not run.events_lost:
        again = [name for name, count in mailed.items() if count > owed[name]]
        run.problems.append(f"mailed twice although SES reported that it was sent: {', '.join(sorted(again))}")
    run.problems += _of_subscription(subscriber, [event["event"] for event in events], told.changes)
    run.problems += _needless_repeats(log, rows)
    run.problems += _of_threads(items)


def _of_threads(items: Sequence[Item]) -> Iterator[str]:
    """Yield where a page differs from its approved comments, each shown once and counted."""
    approved = sorted(item["entry"] for item in items if item["kind"] == "comment" and item["state"] == "approved")
    entries = sorted(item["sk"].removeprefix("entry#") for item in items if item["kind"] == "entry")
    counted = sum(int(item["count"]) for item in items if item["kind"] == "thread")
    if entries != approved or counted != len(entries):
        yield f"approved {len(approved)}, shown {len(entries)}, counted {counted}"


def history(subscriber: Item) -> list[Any]:
    """Return the stored events of a subscriber; none if there is no subscriber."""
    return list(subscriber.get("history", []))


def _row(item: Item, records: dict[str, Item], subscriber: Item) -> Row:
    kind, _, record_id = item["pk"].partition("#")
    record = subscriber if kind == "subscriber" else records[item["pk"]]
    token = record["email"].partition("@")[0]
    which = email(item["name"], token, record_id if kind == "request" else "")
    return Row(which, f"{item['pk']} {item['sk']}", item)


def _due(records: dict[str, Item], subscriber: Item, confirmations: Sequence[Item]) -> set[str]:
    """Return the keys of all rows that there must be."""
    names = {
        "message": ("contact-notification", "acknowledgement"),
        "request": ("confirmation-request",),
        "comment": ("comment-notification",),
    }
    of_records = {f"{pk} email#{name}" for pk, item in records.items() for name in names[item["kind"]]}
    return of_records | {
        f"{subscriber['pk']} email#{name}#{event['request_id']}"
        for event in confirmations
        for name in ("welcome", "new-subscriber")
    }


def _rightly_dropped(row: Row, rows: Sequence[Row], events: Sequence[Item], told: Told) -> bool:
    """Return whether an email was dropped for a valid reason, whatever the row itself says."""
    if "dropped_at" not in row.item:
        return False
    at, queued_at = (datetime.fromisoformat(row.item[name]) for name in ("dropped_at", "queued_at"))
    name = row.item["name"]
    before = {event["event"] for event in events if datetime.fromisoformat(event["at"]) <= at}
    too_late = at - queued_at > _HOURS_48 - timedelta(seconds=1)
    # A run has one subscriber. A later email replaces a waiting one, and so does one that the caps allowed before and
    # that SES accepts only now: the caps may have allowed it again meanwhile, so it counts when it was sent.
    had_one = any(
        other is not row
        and (
            datetime.fromisoformat(other.item["allowed_at"]) <= at
            or datetime.fromisoformat(other.item["queued_at"]) > queued_at
            or ("sent_at" in other.item and datetime.fromisoformat(other.item["sent_at"]) > queued_at)
        )
        for other in rows
        if other.item["name"] == name and "allowed_at" in other.item
    )
    match name:
        case "confirmation-request":
            return too_late or had_one or bool(before)
        case "welcome":
            return "unsubscribed" in before
        case "acknowledgement":
            return too_late
        case "comment-notification":
            return row.item["pk"] in told.moderated
        case _:
            return False


def _of_subscription(subscriber: Item, events: list[str], changes: list[tuple[str, bool]]) -> Iterator[str]:
    state = subscriber.get("state")
    if events and events[-1] != state:
        yield f"the record of consent ends with {events[-1]}, and the state is {state}"
    if any(one == other for one, other in pairwise(events)):
        yield f"done twice: {events}"
    if not changes:
        return
    # What nobody was told may still have happened, and late.
    last, was_told = changes[-1]
    certain = all(change == last for change, told in changes if not told)
    if was_told and certain and state != last:
        yield f"told to be {last}, and is {state}"


def _needless_repeats(log: Sequence[Sent], rows: Sequence[Row]) -> Iterator[str]:
    """Yield emails that were sent again although nothing was in doubt: one had been answered and marked.

    The answer is SES's to the notifier, or its event to the feedback function.
    """
    by_key = {row.key: row.email for row in rows}
    owed = Tally(row.email for row in rows)
    marked: set[str] = set()
    for sent in log:
        if sent.operation == "SendEmail" and sent.acted:
            done = sum(by_key[key] == sent.email for key in marked)
            if done >= owed[sent.email] > 0:
                yield f"mailed again after it was marked as sent: {sent.email}"
        # One that came late did not exist yet when somebody asked meanwhile.
        elif (
            sent.operation == "UpdateItem" and sent.acted and sent.fault != "killed during" and b":sent_at" in sent.body
        ):
            key = " ".join(part["S"] for part in json.loads(sent.body)["Key"].values())
            if key in by_key:
                marked.add(key)
