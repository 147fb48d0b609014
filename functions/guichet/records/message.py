"""A message from a contact form."""

from datetime import datetime, timedelta

from guichet.locales import Language
from guichet.records.record import Record

SPAM_KEPT = timedelta(days=30)


class Message(Record):
    """A contact message. `extra` are the site's further fields, in order."""

    id: str
    email: str
    message: str
    name: str = ""
    subject: str = ""
    phone: str = ""
    extra: tuple[tuple[str, str], ...] = ()
    # The email subject set by the control field `_subject`.
    form_subject: str = ""
    page: str = ""
    # Why it is in the spam folder, or empty.
    spam: str = ""
    language: Language
    received_at: datetime
    expires_at: datetime

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.received_at
