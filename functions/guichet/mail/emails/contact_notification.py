"""To the owner: a message came, or was released from the spam folder."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.message import Message
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings

NAME = "contact-notification"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, *, released: bool = False) -> QueuedEmail:
    """Return the row for the outbox: one when the message comes, one more when it is released from the spam folder."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion="released" if released else "")


def ineligible(due: Due[Message]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return "it was filed as spam" if due.record.spam else None


def content(message: Message, _language: Language, settings: MailSettings) -> Content:
    """Return the content. A reply goes to the visitor."""
    values = {"message": message, "link": at_desk(settings, f"messages/{message.id}")}
    return Content(settings.owner_email, values, reply_to=message.email, reply_to_name=message.name)
