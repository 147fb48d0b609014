"""What is kept: the records, and which emails they owe. They know neither HTTP nor DynamoDB."""

from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from guichet.languages import Language

Recipient = Literal["owner", "visitor"]
State = Literal["confirmed", "unsubscribed", "bounced", "complained", "lifted"]
# The names of the emails, and of the pairs of templates that they are made from.
EmailName = Literal[
    "contact-notification", "acknowledgement", "confirmation-request", "welcome", "new-subscriber", "digest"
]

REQUEST_KEPT = timedelta(days=7)
CONFIRMATION_VALID = timedelta(hours=48)
SPAM_KEPT = timedelta(days=30)
SENT_EMAIL_KEPT = timedelta(days=90)
# An email that is still owed outlives any outage; the end is there because everything that is kept has one.
OWED_EMAIL_KEPT = timedelta(days=1095)


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Record(BaseModel):
    """A record: frozen, and comparable by value."""

    # Built when first used: a function uses few of them.
    model_config = ConfigDict(frozen=True, defer_build=True)


class Message(Record):
    """A contact message. `extra` are the further fields of the site's form, in their order."""

    id: str
    email: str
    message: str
    name: str = ""
    subject: str = ""
    phone: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    # The subject that the form asks for, by the control field `_subject`.
    form_subject: str = ""
    page: str = ""
    # Why it is in the spam folder; empty where it is not.
    spam: str = ""
    language: Language
    received_at: datetime
    expires_at: datetime


class SignUp(Record):
    """A request to be subscribed. Nobody is, until the address confirms it."""

    id: str
    email: str
    name: str = ""
    page: str = ""
    # What the client says that the visitor agreed to: its claim, not our proof.
    consent_claim: str = ""
    # Only where the owner asked for it to be kept.
    caller_address: str = ""
    # Why it is in the spam folder; empty where it is not.
    spam: str = ""
    language: Language
    asked_at: datetime
    expires_at: datetime

    @property
    def confirmable_until(self) -> datetime:
        """When the link of the confirmation email stops to work. Whole seconds, as its token counts."""
        return self.asked_at.replace(microsecond=0) + CONFIRMATION_VALID


class Confirmation(Record):
    """The proof of consent: the wording that the confirmation page showed, and what was asked before."""

    event: Literal["confirmed"]
    at: datetime
    wording_version: str
    wording_language: Language
    wording: str
    request_id: str
    asked_at: datetime
    page: str = ""
    consent_claim: str = ""
    # Of the request and of the confirmation, only where the owner asked for them to be kept.
    asked_from: str = ""
    confirmed_from: str = ""


class Leaving(Record):
    """How a subscription ended."""

    event: Literal["unsubscribed", "bounced", "complained", "lifted"]
    at: datetime


class Imported(Record):
    """That the operator brought an address along: the proof of consent as they state it, and what their file says."""

    event: Literal["imported"]
    at: datetime
    statement: str
    # When the address consented, and where, by the file.
    consented_at: datetime | None = None
    source: str = ""


class Subscriber(Record):
    """An address that confirmed, or that must not be written to. `history` is the record of consent, oldest first.

    Of an address that bounced or complained only the keyed hash is kept, as `id`: enough to recognise it.
    """

    id: str
    state: State
    email: str = ""
    name: str = ""
    language: Language = "fr"
    confirmed_at: datetime | None = None
    left_at: datetime | None = None
    history: tuple[Confirmation | Imported | Leaving, ...] = ()

    @property
    def consent(self) -> Confirmation | None:
        """The latest proof of consent."""
        return next((event for event in reversed(self.history) if isinstance(event, Confirmation)), None)


class Digest(Record):
    """What a week brought, counted for the owner once it was over: `id` is the week, `2026-W47` (ISO 8601)."""

    id: str
    since: datetime
    # The first moment of the next week.
    until: datetime
    messages: int
    # Messages and sign-ups in the spam folder.
    spam: int
    # New subscribers.
    confirmed: int
    # Emails still owed when it was made, and since when the oldest. `owed` would be the key of an index, and a text.
    waiting: int
    oldest_waiting_since: datetime | None = None
    made_at: datetime
    expires_at: datetime


Owing = Message | SignUp | Subscriber | Digest


class Caller(Record):
    """Who posts, as a keyed hash of address, form and clock hour; how often they may; and when the hour ends."""

    key: str
    cap: int
    until: datetime


class Solved(Record):
    """A proof of work: the challenge that was solved, which may be used once, and until when it must be remembered."""

    key: str
    until: datetime


class OwedEmail(Record):
    """An email that a record owes. What it tells is read from the record when it is sent."""

    name: EmailName
    recipient: Recipient
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
    recipient: Recipient
    language: Language
    owed_at: datetime
    # How often it was claimed, this time included, without an answer from SES.
    tries: int = 1
    # When the caps let it through last.
    allowed_at: datetime | None = None
