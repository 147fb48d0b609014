"""To an address that was used to comment: the link to see its comments, and to delete them."""

from guichet.http.links import comments_link, refusal_link
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.link_request import LINK_VALID, LinkRequest
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.settings import MailSettings
from guichet.signing import subscriber_id
from guichet.store import comments

NAME = "comments-link"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "author"
# Counted together with the links that confirm a subscription.
STRANGER_SHARE: float | None = 1


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(due: Due[LinkRequest]) -> str | None:
    """Return why it is no longer to be sent, or None. The requester never learns of it."""
    if due.record.spam:
        return "it was filed as spam"
    author = subscriber_id(due.settings.signing_secret, due.record.email)
    return None if comments.has_any(due.settings.table_name, author) else "there are no comments of the address"


def content(request: LinkRequest, language: Language, settings: MailSettings) -> Content:
    """Return the content: the link, until when it works, and another for somebody who did not ask."""
    until = utc_now().replace(microsecond=0) + LINK_VALID
    link = comments_link(settings.api_url, request.email, language, settings.signing_secret, until)
    refusal = refusal_link(settings.api_url, request.email, language, settings.signing_secret)
    return Content((request.email,), {"link": link, "until": until, "refusal_link": refusal})
