"""To the owner: an erasure that they asked for has ended."""

from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.erasure import Erasure
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "erasure-done"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, erasure: Erasure) -> QueuedEmail:
    """Return the row for the outbox: one each time that it is asked for."""
    occasion = f"{erasure.asked_at:%Y%m%dT%H%M%S%f}"
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=occasion)


def ineligible(_email: ClaimedEmail, _erasure: Erasure, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None


def content(erasure: Erasure, _language: Language, settings: MailSettings) -> Content:
    """Return the content. Whose erasure it was is not known any more: only when it was asked for."""
    return Content(settings.owner_email, {"asked_at": erasure.asked_at, "of_message": bool(erasure.record)})
