"""A request for the link that shows an address its comments."""

from datetime import datetime, timedelta

from guichet.locales import Language
from guichet.records.record import Record

LINK_VALID = timedelta(hours=48)


class LinkRequest(Record):
    """Somebody typed an address to see its comments. The link is mailed to that address, if there are comments."""

    id: str
    email: str
    # Why it was caught as spam, or empty. Then nobody is mailed.
    spam: str = ""
    language: Language
    asked_at: datetime
    # When its email was last sent, or tried.
    mailed_at: datetime | None = None
    expires_at: datetime

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.asked_at
