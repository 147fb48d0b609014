"""A subscriber and the record of consent."""

from datetime import datetime
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

State = Literal["confirmed", "unsubscribed", "bounced", "complained", "lifted"]


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
