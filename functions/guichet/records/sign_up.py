"""A request to be subscribed to the newsletter."""

from datetime import datetime, timedelta

from guichet.locales import Language
from guichet.records.record import Record

REQUEST_KEPT = timedelta(days=7)
CONFIRMATION_VALID = timedelta(hours=48)


class SignUp(Record):
    """A subscription request. Nobody is subscribed until the address confirms it."""

    id: str
    email: str
    name: str = ""
    page: str = ""
    # What the client claims that the visitor agreed to. Not a proof.
    consent_claim: str = ""
    # Stored only if the owner asks for it (KeepCallerAddress).
    caller_address: str = ""
    # Why it is in the spam folder, or empty.
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
        """When the link in the confirmation email expires, in whole seconds as in its token."""
        return self.asked_at.replace(microsecond=0) + CONFIRMATION_VALID
