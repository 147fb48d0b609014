"""Issues of the newsletter, and what became of each reader's copy."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

# The readers of an issue, from its start, or its last change as a draft. The issue itself is kept until DynamoDB has
# deleted them, which takes it days: an issue of the same name must not find them.
READERS_KEPT = timedelta(days=365)
ISSUE_KEPT = READERS_KEPT + timedelta(days=30)

IssueState = Literal["draft", "scheduled", "sending", "paused", "sent", "cancelled"]
# What becomes of the copy of each reader: it waits, is being sent, or ended in one of four ways.
ReaderState = Literal["waiting", "claimed", "sent", "refused", "left", "unknown"]
# Why an issue paused: the owner did it, too many bounces or complaints, it was due more than an hour ago, SES is in
# its sandbox, the text is no longer the one that was to be sent, or copy after copy is refused.
Reason = Literal["owner", "bounces", "complaints", "late", "sandbox", "changed", "refused"]

# What an issue waits for that is being sent: room in the day's quota, SES, answers that are in doubt, the owner.
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

    `content` is the keyed hash of its editions, by which nothing else is sent than what was started.
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
    # How many readers it has. None until all are written down.
    audience: int | None = None
    # From its start on. While it is sent, up to a few copies behind, and without what bounced; exact once it has ended.
    tally: Tally | None = None
    # The tally when it was last resumed: what pauses it is counted anew from there.
    resumed_at: Tally | None = None
    # It is not worked on before, and why.
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
    # The calls to SES that may have had it.
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
    """An issue as one reader gets it: the edition, to whom, and the link by which they unsubscribe."""

    issue: Issue
    edition: Edition
    language: Language
    to: tuple[str, ...]
    unsubscribe_link: str
