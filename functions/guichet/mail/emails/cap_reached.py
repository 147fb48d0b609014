"""To the owner: a daily cap on mail to strangers was reached, and emails wait."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.cap_reached import CapReached
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings

NAME = "cap-reached"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_due: Due[CapReached]) -> str | None:
    """Return None: the owner is notified, however late."""
    return None


def content(reached: CapReached, _language: Language, settings: MailSettings) -> Content:
    """Return the content."""
    return Content(settings.owner_email, {"reached": reached, "outbox": at_desk(settings, "outbox")})
