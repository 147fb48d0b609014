"""To the visitor: their message arrived. None of its text is quoted: anybody can type anybody's address."""

from datetime import timedelta

from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.message import Message
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings

NAME = "acknowledgement"
AUDIENCE: Audience = "visitor"
STRANGER_SHARE = 1 / 2
_WORTH_SENDING = timedelta(hours=48)


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(email: ClaimedEmail, message: Message, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    if message.spam:
        return "it was filed as spam"
    if utc_now() - email.queued_at > _WORTH_SENDING:
        return "it is late to say that the message arrived"
    return None


def content(message: Message, _language: Language, _settings: NotifierSettings) -> Content:
    """Return the content: fixed text."""
    return Content((message.email,), {})
