"""Rows of the outbox: emails that records owe."""

from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

Audience = Literal["owner", "visitor"]
# Mail to the owner goes first.
AUDIENCES: tuple[Audience, ...] = ("owner", "visitor")
# The names of the emails, and of the pairs of templates that they are made from.
EmailName = Literal[
    "contact-notification", "acknowledgement", "confirmation-request", "welcome", "new-subscriber", "digest"
]

SENT_EMAIL_KEPT = timedelta(days=90)
# An email that is still owed outlives any outage; the end is there because everything that is kept has one.
QUEUED_EMAIL_KEPT = timedelta(days=1095)


class QueuedEmail(Record):
    """An email that a record owes. What it tells is read from the record when it is sent."""

    name: EmailName
    recipient: Audience
    language: Language
    # Tells emails of one name and record apart; empty where there is only ever one.
    occasion: str = ""


class EmailKey(Record):
    """Where the row of an owed email is: the key of the record that owes it, and its own beneath."""

    record: str
    email: str

    @property
    def name(self) -> str:
        """The name of the email: `email#<name>`, or `email#<name>#<occasion>`."""
        return self.email.split("#")[1]


class ClaimedEmail(Record):
    """An email that this run alone may send, until the claim lapses."""

    key: EmailKey
    claim: str
    name: EmailName
    recipient: Audience
    language: Language
    queued_at: datetime
    # How often it was claimed, this time included, without an answer from SES.
    tries: int = 1
    # When the caps let it through last.
    allowed_at: datetime | None = None
