"""A request to be subscribed to the newsletter."""

from datetime import datetime, timedelta

from guichet.locales import Language
from guichet.records.record import Record

REQUEST_KEPT = timedelta(days=7)
CONFIRMATION_VALID = timedelta(hours=48)


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
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.asked_at

    @property
    def confirmable_until(self) -> datetime:
        """When the link of the confirmation email stops to work. Whole seconds, as its token counts."""
        return self.asked_at.replace(microsecond=0) + CONFIRMATION_VALID
