"""To an address under which somebody commented: the link that shows its comments, and deletes them."""

from guichet.http.links import comments_link, refusal_link
from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.link_request import LINK_VALID, LinkRequest
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "comments-link"
AUDIENCE: Audience = "visitor"
# Counted together with the links that confirm a subscription.
STRANGER_SHARE: float | None = 1


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_email: ClaimedEmail, request: LinkRequest, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None. Whether there are comments at all, the notifier looks up."""
    return "it was filed as spam" if request.spam else None


def content(request: LinkRequest, language: Language, settings: MailSettings) -> Content:
    """Return the content: the link, until when it works, and another for whoever did not ask."""
    until = utc_now().replace(microsecond=0) + LINK_VALID
    link = comments_link(settings.api_url, request.email, language, settings.signing_secret, until)
    refusal = refusal_link(settings.api_url, request.email, language, settings.signing_secret)
    return Content((request.email,), {"link": link, "until": until, "refusal_link": refusal})
