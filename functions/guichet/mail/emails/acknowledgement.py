"""To the visitor: their message arrived. Nothing is quoted from it, as anybody can type anybody's address."""

from datetime import timedelta

from guichet.definitions.lookup import definition
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.message import Message
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.settings import MailSettings

NAME = "acknowledgement"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "sender"
STRANGER_SHARE = 1 / 2
_WORTH_SENDING = timedelta(hours=48)


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(due: Due[Message]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    if due.record.spam:
        return "it was filed as spam"
    if utc_now() - due.email.queued_at > _WORTH_SENDING:
        return "it is late to say that the message arrived"
    return None


def content(message: Message, language: Language, settings: MailSettings) -> Content:
    """Return the content: fixed text, the form's own text if any, and a link for somebody who did not write."""
    # Only the notifier pays for the import.
    from guichet.http.links import refusal_link  # noqa: PLC0415

    link = refusal_link(settings.api_url, message.email, language, settings.signing_secret)
    own = definition(message.form)
    reply = own.reply[language] if own and own.reply else ""
    values = {"refusal_link": link, "title": own.title[language] if own else "", "reply": reply}
    return Content((message.email,), values)
