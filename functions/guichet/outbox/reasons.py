"""Why an email waits: what the notifier writes into its row, and how commands and the desk read it back."""

import re
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, get_args

from guichet.mail.ses import without_addresses
from guichet.records.outbox import unanswered_calls
from guichet.store import outbox
from guichet.store.dynamodb import Item

MANY = "StrangerMailPerDay is used up for today"
SHARE = "its network had its share of StrangerMailPerDay today"
OFTEN = "the mailbox had one a moment ago, or enough of them today"
ERASING = "the erasure goes on"
MAILBOX = "the owner's mailbox takes no mail"
TABLE = "the table did not answer"
NOT_WRITTEN = "it cannot be written"
REJECTED = "SES rejected it after taking it"
HOOK = "the deploy hook"

Why = Literal[
    # Nothing has gone wrong.
    "new", "sending", "erasing",
    # SES's answer is missing.
    "in_doubt", "interrupted",
    # The caps.
    "many", "share", "often",
    # The owner's mailbox, for good or for some hours.
    "mailbox", "bounced", "rejected",
    # SES takes no mail, in its words.
    "sandbox", "paused", "quota", "rate", "ses",
    # Something is broken.
    "table", "not_written", "hook",
]  # fmt: skip
WHYS: tuple[Why, ...] = get_args(Why)

_WHOLE: dict[str, Why] = {MANY: "many", SHARE: "share", OFTEN: "often", ERASING: "erasing"}
_BEGINNINGS: dict[str, Why] = {
    TABLE: "table",
    NOT_WRITTEN: "not_written",
    REJECTED: "rejected",
    HOOK: "hook",
    "Throttling": "rate",
    "TooManyRequests": "rate",
    "LimitExceeded": "quota",
    "SendingPaused": "paused",
    "AccountSuspended": "paused",
}
_BY_WORDS: dict[Why, dict[str, Why]] = {
    "ses": {"not verified": "sandbox", "paused": "paused"},
    "rate": {"daily": "quota"},
}
_BOUNCE = re.compile(r"\w+ bounce, ")


class Reason(NamedTuple):
    """Why an email waits, until when if known, how often it was tried without an answer, and SES's words."""

    why: Why
    until: datetime | None = None
    tries: int = 0
    said: str = ""


def reason_of(row: Item, now: datetime) -> Reason:
    """Return why an email waits, from its row."""
    if "claim" in row:
        return _of_claim(row, now)
    until = _time(row.get("not_before"))
    why, said = _told_apart(row)
    return Reason(why, until if until and until > now else None, 0, said)


def _of_claim(row: Item, now: datetime) -> Reason:
    """Return why a claimed email waits, which its row does not say: a run is sending it, or ended without an answer."""
    until = _time(row["claimed_until"])
    tries = unanswered_calls(row.get("calls", ()))
    if until is None or until < now:
        return Reason("interrupted", None, tries)
    # While an email is claimed, this run's call to SES counts as unanswered.
    return Reason("in_doubt", until, tries) if tries else Reason("sending")


def _told_apart(row: Item) -> tuple[Why, str]:
    text = str(row.get("waits_for", ""))
    said = without_addresses(text)
    if not text or text in _WHOLE:
        return _WHOLE.get(text, "new"), ""
    if row.get("outbox") == outbox.HELD or text.startswith(MAILBOX):
        return "mailbox", said.removeprefix(MAILBOX).removeprefix(": ")
    if _BOUNCE.match(text):
        return "bounced", said
    why: Why = next((why for beginning, why in _BEGINNINGS.items() if text.startswith(beginning)), "ses")
    # Only SES's message distinguishes some of them: the daily quota has the same error as the rate.
    for one, other in _BY_WORDS.get(why, {}).items():
        if one in said.lower():
            return other, said
    return why, said


def _time(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if seconds else None
