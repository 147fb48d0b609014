"""To an address that asked for the newsletter: the link to confirm."""

from guichet.http.links import confirmation_link
from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings

NAME = "confirmation-request"
AUDIENCE: Audience = "visitor"
STRANGER_SHARE: float | None = 1


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_email: ClaimedEmail, request: SignUp, subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    if request.confirmable_until < utc_now():
        return "the confirmation link has expired"
    if subscriber and subscriber.state == "confirmed":
        return "the address is confirmed already"
    if subscriber and subscriber.left_at and subscriber.left_at > request.asked_at:
        return "the address left after it asked"
    return None


def content(request: SignUp, language: Language, settings: NotifierSettings) -> Content:
    """Return the content: the link, and until when it works."""
    link = confirmation_link(settings.api_url, request, language, settings.signing_secret)
    return Content((request.email,), {"link": link, "until": request.confirmable_until})
