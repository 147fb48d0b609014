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
# A waiting email outlives any outage. It only expires because everything stored does.
QUEUED_EMAIL_KEPT = timedelta(days=1095)
# The name of the row that triggers a new build of the site, and of its record, which does not exist.
DEPLOY_HOOK = "deploy-hook"


def module_of(name: str) -> str:
    """Return the module of an email, given its name. The keys of its sentences begin with it, too."""
    return name.replace("-", "_")


class QueuedEmail(Record):
    """An email to be sent about a record. Its content is read from the record when it is sent.

    `name` is that of its module in `guichet.mail.emails`, with hyphens.
    """

    name: str
    recipient: Audience
    language: Language
    # Distinguishes emails of one name and record. Empty if there is only ever one.
    occasion: str = ""
    # The daily list that its row is on, for the digest to count.
    listed: Literal["confirmed"] | None = None


class EmailKey(Record):
    """The key of an email's row: its record's key as partition key, and its own sort key."""

    record: str
    email: str

    @property
    def id(self) -> str:
        """Both parts as one text."""
        return f"{self.record}/{self.email}"

    @classmethod
    def from_id(cls, text: str) -> "EmailKey":
        """Return the key that an id stands for."""
        record, _, email = text.partition("/")
        return cls(record=record, email=email)


class WaitingEmail(Record):
    """An email that waits, and until when it is postponed, if at all."""

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
    # How often it was claimed since a run last ended properly, including this time.
    tries: int = 1
    # The network that asked for it, if a stranger did.
    network_id: str = ""
    # When the caps last allowed it.
    allowed_at: datetime | None = None
    # For each recipient, the calls to SES that got no answer, and the one that reached them (`trace`).
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
    """Return the number of calls to SES in these traces: a call may have several recipients."""
    return len({one.partition("/")[0] for one in traces})


def trace(claim: str, recipient: str) -> str:
    """Return how an email's row records a call to SES: the claim, and the recipient's keyed hash."""
    return f"{claim}/{recipient}"


def reached_by(traces: Iterable[str]) -> set[str]:
    """Return the keyed hashes of the recipients of calls to SES."""
    return {one.partition("/")[2] for one in traces}
