"""To the owner: somebody confirmed their subscription."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "new-subscriber"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, request: SignUp) -> QueuedEmail:
    """Return the row for the outbox: one for each request that is confirmed, so a return is reported too."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=request.occasion, listed="confirmed")


def ineligible(due: Due[Subscriber]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if due.record.email else "the address must not be written to, and is not kept"


def content(subscriber: Subscriber, _language: Language, settings: MailSettings) -> Content:
    """Return the content."""
    link = at_desk(settings, f"subscribers/{subscriber.id}")
    return Content(settings.owner_email, {"subscriber": subscriber, "link": link})
