"""To the owner: an issue as readers will get it, with a link that unsubscribes nobody."""

from guichet.locales import Language
from guichet.mail.emails import Content, issue
from guichet.records.issue import WrittenIssue
from guichet.records.outbox import Audience, ClaimedEmail, QueuedEmail
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings

NAME = "issue-test"
AUDIENCE: Audience = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, occasion: str) -> QueuedEmail:
    """Return the row for the outbox: one for each edition, each time that the owner asks for it."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=occasion)


def ineligible(_email: ClaimedEmail, _written: WrittenIssue, _subscriber: Subscriber | None) -> str | None:
    """Return None: whatever became of the issue meanwhile, the owner sees what they asked for."""
    return None


def content(written: WrittenIssue, language: Language, settings: MailSettings) -> Content:
    """Return the content, which is the issue's own."""
    return issue.content(written, language, settings)
