"""To a subscriber: they are confirmed, and here is how to leave."""

from guichet.http.links import unsubscribe_link
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "welcome"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "new_subscriber"
STRANGER_SHARE: float | None = None


def queued(language: Language, request: SignUp) -> QueuedEmail:
    """Return the row for the outbox: one for each request that is confirmed, so a returning subscriber gets another."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=request.occasion)


def ineligible(due: Due[Subscriber]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if due.record.state == "confirmed" else "the subscriber has left"


def content(subscriber: Subscriber, language: Language, settings: MailSettings) -> Content:
    """Return the content: the link to unsubscribe, which the mailbox provider may offer too."""
    link = unsubscribe_link(settings.api_url, subscriber.id, language, settings.signing_secret)
    return Content((subscriber.email,), {"link": link}, unsubscribe_link=link)
