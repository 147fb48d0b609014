"""Emails in the outbox."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

Audience = Literal["owner", "visitor"]
# Mail to the owner goes first.
AUDIENCES: tuple[Audience, ...] = ("owner", "visitor")

SENT_EMAIL_KEPT = timedelta(days=90)
# A waiting email outlives any outage. It expires only because everything stored does.
QUEUED_EMAIL_KEPT = timedelta(days=1095)
# What its row is called that asks for a new build of the site, and that of its record. There is no such record.
DEPLOY_HOOK = "deploy-hook"


class QueuedEmail(Record):
    """An email to be sent about a record. Its content is read from the record when it is sent.

    `name` is that of its module in `guichet.mail.emails`, with hyphens.
    """

    name: str
    recipient: Audience
    language: Language
    # Distinguishes emails of one name and record. Empty if there is only ever one.
    occasion: str = ""
    # The list of the day that its row is on, for the digest to count.
    listed: Literal["confirmed"] | None = None


class EmailKey(Record):
    """The key of an email's row: its record's key, and its own beneath."""

    record: str
    email: str

    @property
    def id(self) -> str:
        """Both as one text."""
        return f"{self.record}/{self.email}"

    @classmethod
    def from_id(cls, text: str) -> "EmailKey":
        """Return the key with an id."""
        record, _, email = text.partition("/")
        return cls(record=record, email=email)

    @property
    def name(self) -> str:
        """The name of the email: `email#<name>`, or `email#<name>#<occasion>`."""
        return self.email.split("#")[1]


class WaitingEmail(Record):
    """An email that waits, and until when it is put off, if it is."""

    key: EmailKey
    queued_at: datetime
    # The network that asked for it, if a stranger did.
    network_id: str = ""
    not_before: datetime | None = None


class ClaimedEmail(Record):
    """An email that only this run may send, until the claim lapses."""

    key: EmailKey
    claim: str
    name: str
    recipient: Audience
    language: Language
    queued_at: datetime
    # How often it was claimed since a run last ended as it should, including this time.
    tries: int = 1
    # The network that asked for it, if a stranger did.
    network_id: str = ""
    # When the caps last allowed it.
    allowed_at: datetime | None = None
    # Of each recipient: the calls to SES that got no answer, and the one that reached them (`trace`).
    calls: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    # Why SES rejected it after taking it, or empty.
    rejected: str = ""
    # Changes with every write to the row.
    version: int = 0

    @property
    def unanswered(self) -> int:
        """How many calls to SES got no answer."""
        return unanswered_calls(self.calls)


def unanswered_calls(traces: Iterable[str]) -> int:
    """Return how many calls to SES some traces tell of: a call may be for several recipients."""
    return len({one.partition("/")[0] for one in traces})


def trace(claim: str, recipient: str) -> str:
    """Return what stands in an email's row for a call to SES: the claim, and the keyed hash of the recipient."""
    return f"{claim}/{recipient}"


def reached_by(traces: Iterable[str]) -> set[str]:
    """Return the keyed hashes of the recipients of calls to SES."""
    return {one.partition("/")[2] for one in traces}
