"""To the owner: what was caught as spam the day before, and how to get it back."""

from dataclasses import dataclass
from datetime import timedelta

from guichet.definitions.lookup import definition
from guichet.locales import Language, say
from guichet.mail.emails import Addressee, Content, Due, at_desk, form_notification
from guichet.records.comment import Comment
from guichet.records.message import SPAM_KEPT, Message
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.records.spam_note import OpenedSpamNote, SpamNote
from guichet.settings import MailSettings
from guichet.store import spam_notes

NAME = "spam-note"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def opened(due: Due[SpamNote]) -> OpenedSpamNote:
    """Return the note with the submissions that it names, in their current state."""
    return spam_notes.opened(due.settings.table_name, due.record)


def ineligible(due: Due[OpenedSpamNote]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if due.record.submissions else "nothing that it names is in the spam folder any more"


@dataclass(frozen=True)
class Caught:
    """A submission as the note names it: its words and their label, a comment's page, and its page at the desk.

    A sign-up has no words.
    """

    submission: Message | SignUp | Comment
    title: str
    words: str
    page: str
    link: str


def content(opened: OpenedSpamNote, language: Language, settings: MailSettings) -> Content:
    """Return the content: who wrote, their first words, and a link to each at the desk."""
    note = opened.note
    values = {
        "note": note,
        "last_day": note.until - timedelta(days=1),
        "caught": [_caught(submission, language, settings) for submission in opened.submissions],
        "folder": at_desk(settings, "messages/spam"),
        "others": note.caught - len(note.named),
        "days_kept": SPAM_KEPT.days,
    }
    return Content(settings.owner_email, values)


def _caught(submission: Message | SignUp | Comment, language: Language, settings: MailSettings) -> Caught:
    link = at_desk(settings, f"messages/{submission.id}")
    if isinstance(submission, SignUp):
        return Caught(submission, "", "", "", link)
    if isinstance(submission, Comment):
        link = at_desk(settings, f"comments/{submission.id}")
        return Caught(submission, say("comment", language), submission.comment, submission.page, link)
    own = definition(submission.form)
    # If the form was removed from the file, only its name is left.
    title = own.title[language] if own else submission.form if submission.form != "contact" else ""
    words = form_notification.words(own, submission.answers, language)
    return Caught(submission, title or say("message", language), words, "", link)
