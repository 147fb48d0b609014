"""Decides what an SES event changes in the row of the email that it names; guichet.store.outbox writes it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from guichet.records.outbox import QUEUED_EMAIL_KEPT, SENT_EMAIL_KEPT, reached_by, trace
from guichet.store import outbox, table
from guichet.store.dynamodb import Item

# `soft` and `hard` are bounces. A `transient` soft bounce is an out-of-office reply if the email was delivered.
What = Literal["sent", "delivered", "soft", "hard", "rejected", "complained"]

# How long an email to the owner waits after each soft bounce. After one more, its mailbox is considered dead.
AFTER_BOUNCE = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))


@dataclass(frozen=True)
class Report:
    """What an SES event reports about an attempt, for its `recipients` (keyed hashes), or for all if it names none.

    `reason` quotes no address.
    """

    what: What
    claim: str
    at: datetime
    recipients: frozenset[str] = frozenset()
    transient: bool = False
    # A bounce without details: probably a mailbox's automatic reply, unless the email was never delivered.
    silent: bool = False
    message_id: str = ""
    reason: str = ""


@dataclass
class Change:
    """What changes in a row, and what follows from it.

    `dead` are the owner's mailboxes (keyed hashes) that take no mail, `bounced` those whose mail just bounced, `absent`
    those with an out-of-office reply, `excused` those whose earlier bounce turned out to be one.
    """

    changes: Item
    removed: set[str] = field(default_factory=set)
    dead: frozenset[str] = frozenset()
    bounced: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    excused: frozenset[str] = frozenset()


class _Row:
    """An email's row as an event finds it, and its changes."""

    def __init__(self, row: Item, report: Report) -> None:
        self.row = row
        self.report = report
        self.calls, self.reached, self.delivered, self.soft = (
            set(row.get(name, ())) for name in ("calls", "reached", "delivered", "soft")
        )
        self.change = Change({})
        known = {one for one in self.calls | self.reached | self.soft if one.startswith(f"{report.claim}/")}
        named = {trace(report.claim, recipient) for recipient in report.recipients}
        self.named = known & named if named else known

    @property
    def open(self) -> set[str]:
        """The traces that the event names, and that no other event has overruled."""
        return self.named & (self.calls | self.reached)

    def take(self, traces: set[str]) -> None:
        """Remove traces: SES reports that their recipients did not get the email after all."""
        self.calls -= traces
        self.reached -= traces

    def reach(self, traces: set[str]) -> None:
        """Mark traces as those of recipients who got the email."""
        self.calls -= traces
        self.reached |= traces

    def end(self, **changes: str) -> Change:
        """End it: nobody is left to get it."""
        self.change.removed |= set(outbox.OF_WAITING)
        return self._with(changes, SENT_EMAIL_KEPT)

    def wait(self, key: str, reason: str, **changes: str | int) -> Change:
        """Keep it waiting: somebody is still to get it."""
        if self.row.get("claim") == self.report.claim:
            self.change.removed |= {"claim", "claimed_until", "tries"}
        self.change.removed |= {"sent_at", "message_id"}
        return self._with({"outbox": key, "waits_for": reason, **changes}, QUEUED_EMAIL_KEPT)

    def stay(self, **changes: str | int) -> Change:
        """Leave its state unchanged, and only note something."""
        return self._with(changes, None)

    def _with(self, changes: Item, kept: timedelta | None) -> Change:
        if kept is not None:
            changes["expires_at"] = table.seconds(self.report.at + kept)
        for name in ("calls", "reached", "delivered", "soft"):
            traces = sorted(getattr(self, name))
            if traces and name not in self.change.removed:
                changes[name] = traces
            elif name in self.row:
                self.change.removed.add(name)
        self.change.changes = changes
        # Only existing attributes are removed, and none that is also set.
        self.change.removed = {name for name in self.change.removed if name in self.row and name not in changes}
        return self.change


def change_by(row: Item, report: Report, owners: Collection[str]) -> Change | None:
    """Return what an event changes in an email's row, or None if it names none of its attempts, or is known already.

    Events arrive in any order, and more than once. A bounce or rejection outranks `sent`. `owners` are
    the keyed hashes of the owner's addresses.
    """
    state = _Row(row, report)
    to_owner = row["recipient"] == "owner"
    match report.what:
        case "complained":
            return None
        case "sent":
            return _sent(state, owners, to_owner=to_owner)
        case "delivered":
            return _delivered(state, owners, to_owner=to_owner)
        case "rejected":
            return _rejected(state, to_owner=to_owner)
        case _:
            return _bounced(state, owners, to_owner=to_owner)


def _left(state: _Row, owners: Collection[str], *, to_owner: bool) -> set[str]:
    """Return who is still to get it."""
    if to_owner:
        return set(owners) - reached_by(state.reached)
    return set() if state.reached or state.soft else reached_by(state.calls)


def _sent(state: _Row, owners: Collection[str], *, to_owner: bool) -> Change | None:
    new = state.named & state.calls
    if not new:
        return None
    state.reach(new)
    return _told(state, owners, to_owner=to_owner)


def _told(state: _Row, owners: Collection[str], *, to_owner: bool) -> Change:
    """Settle a sent attempt, as the notifier would have done on SES's answer."""
    if "outbox" not in state.row:
        return state.stay()
    if _left(state, owners, to_owner=to_owner):
        # The remaining recipients get it in the next sweep.
        if state.row.get("claim") == state.report.claim:
            state.change.removed |= {"claim", "claimed_until", "tries"}
        return state.stay()
    return state.end(sent_at=table.stamp(state.report.at), message_id=state.report.message_id)


def _delivered(state: _Row, owners: Collection[str], *, to_owner: bool) -> Change | None:
    new = state.named - state.delivered
    if not new:
        return None
    # The bounce came first, and was an out-of-office reply.
    excused = new & state.soft
    state.soft -= excused
    state.reach(new)
    state.delivered |= new
    state.change.excused = frozenset(reached_by(excused))
    change = _told(state, owners, to_owner=to_owner)
    if excused and state.row.get("bounces"):
        change.changes["bounces"] = state.row["bounces"] - 1
    return change


def _rejected(state: _Row, *, to_owner: bool) -> Change | None:
    if not state.open:
        return None
    state.take(state.open)
    at, reason = table.stamp(state.report.at), state.report.reason
    if to_owner:
        # The notifier puts a notice in its place.
        return state.wait(outbox.shard_of(state.row["pk"], "owner"), reason, rejected=reason, rejected_at=at)
    return state.end(failed_at=at, reason=reason)


def _bounced(state: _Row, owners: Collection[str], *, to_owner: bool) -> Change | None:
    report, at = state.report, table.stamp(state.report.at)
    absence = report.what == "soft" and report.transient
    absent = state.open & state.delivered if absence else set()
    found = state.open - absent
    if not found:
        if not absent or state.row.get("absent_at"):
            return None
        state.change.absent = frozenset(reached_by(absent))
        return state.stay(absent_at=at, bounce=report.reason)
    state.take(found)
    if absence:
        # A delivery event may still follow.
        state.soft |= found
    state.change.bounced = frozenset(reached_by(found))
    noted = {"bounced_at": at, "bounce": report.reason}
    if to_owner and not {"failed_at", "dropped_at"} & state.row.keys():
        return _back_from_owner(state, owners, noted)
    if "outbox" not in state.row or _left(state, owners, to_owner=to_owner):
        return state.stay(**noted)
    return state.end(**noted)


def _back_from_owner(state: _Row, owners: Collection[str], noted: dict[str, str]) -> Change:
    """Make a bounced email wait for the owner's mailbox: some hours, or until the mailbox works again."""
    report, key = state.report, outbox.shard_of(state.row["pk"], "owner")
    if not set(owners) & state.change.bounced:
        # The owner has other addresses now, which get it.
        return state.wait(key, report.reason, **noted)
    bounces = state.row.get("bounces", 0) + 1
    if report.what == "soft" and bounces <= len(AFTER_BOUNCE):
        not_before = table.seconds(report.at + AFTER_BOUNCE[bounces - 1])
        return state.wait(key, report.reason, bounces=bounces, not_before=not_before, **noted)
    state.change.dead = state.change.bounced
    # If it also waits for another mailbox, it keeps waiting.
    return state.wait(state.row.get("outbox", outbox.HELD), report.reason, **noted)
