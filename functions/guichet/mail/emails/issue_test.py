"""To the owner: an issue as readers will get it, with a link that unsubscribes nobody."""

from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, issue
from guichet.records.issue import Issue, WrittenIssue
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings
from guichet.store import issues

NAME = "issue-test"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, occasion: str) -> QueuedEmail:
    """Return the row for the outbox: one for each edition, each time that the owner asks for it."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=occasion)


def opened(due: Due[Issue]) -> WrittenIssue | None:
    """Return the issue as it is now, in the language that was asked for."""
    language, settings = due.email.language, due.settings
    link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, language, settings.signing_secret)
    return issues.written(settings.table_name, due.record, language, settings.owner_email, link)


def ineligible(_due: Due[WrittenIssue]) -> str | None:
    """Return None: the owner gets what they asked for, whatever happened to the issue meanwhile."""
    return None


def content(written: WrittenIssue, language: Language, settings: MailSettings) -> Content:
    """Return the content, which is the issue's own."""
    return issue.content(written, language, settings)
