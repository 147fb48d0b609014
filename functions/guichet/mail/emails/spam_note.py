"""To the owner: what was caught as spam the day before, and how to get it back."""

from datetime import timedelta

from guichet.locales import Language
from guichet.mail.emails import Content
from guichet.records.message import SPAM_KEPT
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.spam_note import OpenedSpamNote
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings

NAME = "spam-note"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_email: ClaimedEmail, opened: OpenedSpamNote, _subscriber: Subscriber | None) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if opened.submissions else "nothing that it names is in the spam folder any more"


def content(opened: OpenedSpamNote, _language: Language, settings: NotifierSettings) -> Content:
    """Return the content: who wrote, their first words, and the command that releases each."""
    note = opened.note
    values = {
        "note": note,
        "last_day": note.until - timedelta(days=1),
        "submissions": opened.submissions,
        "others": note.caught - len(note.named),
        "days_kept": SPAM_KEPT.days,
    }
    return Content(settings.owner_email, values)
