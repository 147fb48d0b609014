"""A subscriber and the record of consent."""

from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record
from guichet.records.sign_up import SignUp

State = Literal["confirmed", "unsubscribed", "bounced", "complained", "blocked", "lifted"]
# These get no mail, whatever they request, until the operator lifts the suppression.
SUPPRESSED: tuple[State, ...] = ("bounced", "complained", "blocked")
# After this many soft bounces in a row, a subscriber gets no more mail.
MOST_SOFT_BOUNCES = 5
# How long a subscriber has to answer the renewal email, from when it was actually sent.
RENEWAL_VALID = timedelta(days=30)
# Why a subscription ended, if the subscriber did not end it.
LeftFor = Literal["", "no_answer"]


class Confirmation(Record):
    """Proof of consent: the wording shown on the confirmation page, and the request behind it."""

    event: Literal["confirmed"]
    at: datetime
    wording_version: str
    wording_language: Language
    wording: str
    request_id: str
    asked_at: datetime
    page: str = ""
    consent_claim: str = ""
    # IP addresses of request and confirmation, only if the owner wants them (KeepCallerAddress).
    asked_from: str = ""
    confirmed_from: str = ""


class Leaving(Record):
    """How a subscription ended."""

    event: Literal["unsubscribed", "bounced", "complained", "blocked", "lifted"]
    at: datetime
    # `no_answer`: they did not answer the email that asked whether they want to stay.
    reason: LeftFor = ""
    # They left another list, according to the operator's file: its name, when that was, and the operator's statement.
    file: str = ""
    left_there_at: datetime | None = None
    statement: str = ""


class Resumed(Record):
    """A subscriber undid unsubscribing a moment later."""

    event: Literal["resumed"]
    at: datetime


class AskedToRenew(Record):
    """An email asked the subscriber whether they want to stay. Recorded once SES has accepted the email."""

    event: Literal["asked_to_renew"]
    at: datetime


class Renewed(Record):
    """A subscriber pressed the button of that email: they want to stay, or to come back."""

    event: Literal["renewed"]
    at: datetime


class Imported(Record):
    """An import by the operator: the proof of consent that they gave, and the data from their file."""

    event: Literal["imported"]
    at: datetime
    statement: str
    # When and where the address consented, according to the file.
    consented_at: datetime | None = None
    source: str = ""


class Subscriber(Record):
    """A confirmed, former or suppressed subscriber. `history` is the record of consent, oldest first.

    For an address that bounced or complained, neither the address nor a name is kept: the keyed hash (`id`) recognises
    it, and the history shows the consent that it gave. For a blocked one (its owner wants no mail at all), even the
    earlier history is deleted.
    """

    id: str
    state: State
    email: str = ""
    name: str = ""
    language: Language = "fr"
    confirmed_at: datetime | None = None
    left_at: datetime | None = None
    # The last sign of life, if there was one after they confirmed.
    alive_at: datetime | None = None
    # Since then: when the renewal email was queued, and when it was sent.
    renewal_queued_at: datetime | None = None
    renewal_sent_at: datetime | None = None
    left_for: LeftFor = ""
    history: tuple[Confirmation | Imported | Leaving | Resumed | AskedToRenew | Renewed, ...] = ()

    @property
    def may_return(self) -> bool:
        """Whether a request made after they left can confirm them again."""
        return self.state in ("unsubscribed", "lifted")

    @property
    def renewal_until(self) -> datetime | None:
        """Until when they can answer the renewal email, if it was sent."""
        return self.renewal_sent_at + RENEWAL_VALID if self.renewal_sent_at else None

    def confirmed_by(self, request: SignUp) -> bool:
        """Return whether they confirmed through a request's link, from any of its emails."""
        used = (event.request_id for event in self.history if isinstance(event, Confirmation))
        return any(occasion == request.id or occasion.startswith(f"{request.id}-") for occasion in used)

    @property
    def consent(self) -> Confirmation | None:
        """The latest proof of consent."""
        return next((event for event in reversed(self.history) if isinstance(event, Confirmation)), None)
