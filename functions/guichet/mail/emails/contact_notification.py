"""To the owner: a message came, or was released from the spam folder."""

from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.message import Message
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "contact-notification"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, *, released: bool = False) -> QueuedEmail:
    """Return the row for the outbox: one when the message comes, one more when it is released from the spam folder."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion="released" if released else "")


def ineligible(_email: ClaimedEmail, message: Message, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return "it was filed as spam" if message.spam else None


def content(message: Message, language: Language, settings: MailSettings) -> Content:
    """Return the content, with links to file it as spam and to erase the person. A reply goes to the visitor."""
    # Only the notifier pays for the import.
    from guichet.http.links import owner_link, owner_links_until  # noqa: PLC0415

    secret, until = settings.signing_secret, owner_links_until()
    values = {
        "message": message,
        "spam_link": owner_link(settings.api_url, "spam", message, language, secret, until),
        "erase_link": owner_link(settings.api_url, "erase", message, language, secret, until),
        "until": until,
    }
    return Content(settings.owner_email, values, reply_to=message.email, reply_to_name=message.name)
