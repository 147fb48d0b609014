"""Issues of the newsletter, and the outcome of each reader's copy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

# How long an issue's readers are kept, from its start or last change as a draft. The issue itself is kept until
# DynamoDB has deleted them, which takes days: a new issue of the same name must not find them.
READERS_KEPT = timedelta(days=365)
ISSUE_KEPT = READERS_KEPT + timedelta(days=30)

IssueState = Literal["draft", "scheduled", "sending", "paused", "sent", "cancelled"]
# The state of each reader's copy: it waits, is being sent, or ended in one of four ways.
ReaderState = Literal["waiting", "claimed", "sent", "refused", "left", "unknown"]
# Why an issue paused: the owner did it, too many bounces or complaints, it was due more than an hour ago, SES is in
# its sandbox, the text is no longer the one that was to be sent, or copy after copy is refused.
Reason = Literal["owner", "bounces", "complaints", "late", "sandbox", "changed", "refused"]

# What an issue that is being sent waits for: the daily quota, SES, unanswered calls, or the owner.
WaitsFor = Literal["quota", "ses", "answer", "owner"]


class Edition(Record):
    """An issue in one language, as its author wrote it. `url` is that of the same text on the site."""

    subject: str
    markdown: str
    preheader: str = ""
    url: str = ""


class Tally(Record):
    """How many of an issue's readers are in each state, and how many copies bounced or were reported as spam."""

    waiting: int = 0
    claimed: int = 0
    sent: int = 0
    refused: int = 0
    left: int = 0
    unknown: int = 0
    bounced: int = 0
    complained: int = 0


class Issue(Record):
    """An issue of the newsletter. `id` is lower-case letters, digits and hyphens, as the owner names it.

    `content` is the keyed hash of its editions, which ensures that only the text that was started is sent.
    """

    id: str
    state: IssueState = "draft"
    languages: tuple[Language, ...]
    content: str
    changed_at: datetime
    scheduled_for: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    # Why it paused.
    reason: Reason | None = None
    # How many readers it has. None until all have a row.
    audience: int | None = None
    # Since its start. While it is being sent, a few copies behind, and without bounces; exact once it has ended.
    tally: Tally | None = None
    # The tally when it was last resumed: the counts that pause it start from there.
    resumed_at: Tally | None = None
    # No run works on it before this time, and why.
    not_before: datetime | None = None
    waits_for: WaitsFor | None = None
    expires_at: datetime

    @property
    def counts(self) -> Tally:
        """The tally, all zero before it is started."""
        return self.tally or Tally()


class Reader(Record):
    """A reader's row of an issue. `subscriber_id` is the keyed hash of the address."""

    subscriber_id: str
    state: ReaderState
    # The calls to SES that may have accepted it.
    claims: tuple[str, ...] = ()
    claimed_until: datetime | None = None
    # Why it was refused or was not sent.
    reason: str = ""
    settled_at: datetime | None = None
    message_id: str = ""
    bounced_at: datetime | None = None
    bounce: str = ""
    complained_at: datetime | None = None
    version: int = 0


@dataclass(frozen=True)
class WrittenIssue:
    """An issue as one reader gets it: the edition, the recipient, and their unsubscribe link."""

    issue: Issue
    edition: Edition
    language: Language
    to: tuple[str, ...]
    unsubscribe_link: str
