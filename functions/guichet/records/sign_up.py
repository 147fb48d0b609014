"""A request to be subscribed to the newsletter."""

from datetime import datetime, timedelta

from guichet.locales import Language
from guichet.records.record import Record, utc_now

# Both start when the email with the link is sent, however long it waited.
REQUEST_KEPT = timedelta(days=7)
CONFIRMATION_VALID = timedelta(hours=48)


class SignUp(Record):
    """A subscription request. Nobody is subscribed until the address confirms it."""

    id: str
    email: str
    name: str = ""
    page: str = ""
    # What the visitor agreed to, according to the client. Not a proof.
    consent_claim: str = ""
    # Stored only if the owner asks for it (KeepCallerAddress).
    caller_address: str = ""
    # Why it is in the spam folder, or empty.
    spam: str = ""
    language: Language
    asked_at: datetime
    # When it was last asked for again, in seconds since 1970; 0 if it was not.
    again: int = 0
    # When the email with its link was last sent, or tried.
    mailed_at: datetime | None = None
    expires_at: datetime

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.asked_at

    @property
    def occasion(self) -> str:
        """Distinguishes confirmations: somebody may confirm, leave, ask again, and confirm again."""
        return f"{self.id}-{self.again}" if self.again else self.id

    @property
    def confirmable(self) -> bool:
        """Whether the address may still confirm: its email waits, or the link in it has not expired."""
        return self.mailed_at is None or utc_now() < link_expiry(self.mailed_at)


def link_expiry(sent_at: datetime) -> datetime:
    """Return when the link in a confirmation email expires, in whole seconds as in its token."""
    return sent_at.replace(microsecond=0) + CONFIRMATION_VALID
