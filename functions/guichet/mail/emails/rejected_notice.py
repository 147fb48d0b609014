"""To the owner, instead of an email that SES rejected: that there is one, and where to read it."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.outbox import Audience, EmailKey, QueuedEmail
from guichet.records.registry import Owner, kind_of
from guichet.settings import MailSettings
from guichet.store import outbox

NAME = "rejected-notice"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, rejected: EmailKey) -> QueuedEmail:
    """Return the row for the outbox: one for each email that was rejected."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=outbox.label_of(rejected))


def ineligible(_due: Due[Owner]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None


def content(record: Owner, _language: Language, settings: MailSettings) -> Content:
    """Return the content, without anything that SES could reject again, so nothing from the visitor."""
    kind = kind_of(type(record)).name
    page = {"message": f"messages/{record.id}", "comment": f"comments/{record.id}"}.get(kind, "outbox")
    what = kind if kind in {"message", "comment"} else "other"
    values = {"said": f"rejected_notice_{what}", "reference": record.id, "link": at_desk(settings, page)}
    return Content(settings.owner_email, values)
