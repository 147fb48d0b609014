"""To the owner: what a week brought, and what is still in the outbox."""

from datetime import timedelta

from guichet.locales import Language
from guichet.mail.emails import Content, at_desk
from guichet.records.digest import Digest
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "digest"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_email: ClaimedEmail, digest: Digest, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return "the next one is due" if utc_now() >= digest.next_due else None


def content(digest: Digest, _language: Language, settings: MailSettings) -> Content:
    """Return the content."""
    values = {
        "digest": digest,
        "last_day": digest.until - timedelta(days=1),
        "outbox": at_desk(settings, "outbox"),
        "comments": at_desk(settings, "comments"),
    }
    return Content(settings.owner_email, values)
