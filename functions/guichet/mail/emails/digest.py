"""To the owner: what happened in a week, and what is still in the outbox."""

from datetime import timedelta

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.digest import Digest
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.settings import MailSettings

NAME = "digest"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(due: Due[Digest]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return "the next one is due" if utc_now() >= due.record.next_due else None


def content(digest: Digest, _language: Language, settings: MailSettings) -> Content:
    """Return the content."""
    values = {
        "digest": digest,
        "last_day": digest.until - timedelta(days=1),
        "outbox": at_desk(settings, "outbox"),
        "comments": at_desk(settings, "comments"),
    }
    return Content(settings.owner_email, values)
