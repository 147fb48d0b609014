"""To the owner: somebody confirmed their subscription."""

from guichet.http.links import owner_link, owner_links_until
from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "new-subscriber"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, request: SignUp) -> QueuedEmail:
    """Return the row for the outbox: one for each request that is confirmed, so a return is reported too."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=request.occasion, listed="confirmed")


def ineligible(_email: ClaimedEmail, subscriber: Subscriber, _known: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if subscriber.email else "the address must not be written to, and is not kept"


def content(subscriber: Subscriber, language: Language, settings: MailSettings) -> Content:
    """Return the content, with a link to erase the person."""
    until = owner_links_until()
    link = owner_link(settings.api_url, "erase", subscriber, language, settings.signing_secret, until)
    return Content(settings.owner_email, {"subscriber": subscriber, "erase_link": link, "until": until})
