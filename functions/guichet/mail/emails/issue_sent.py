"""To the owner: an issue has ended, with the outcome of its readers' copies."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.issue import Issue, Tally
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import NotifierSettings

NAME = "issue-sent"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(_due: Due[Issue]) -> str | None:
    """Return None: the owner is notified, however late."""
    return None


def content(issue: Issue, _language: Language, settings: NotifierSettings) -> Content:
    """Return the content: the counts, which add up to the audience."""
    tally, cancelled = issue.tally or Tally(), issue.state == "cancelled"
    kind = "issue_cancelled" if cancelled else "issue_sent"
    values = {
        "issue": issue,
        "link": at_desk(settings, f"issues/{issue.id}"),
        "tally": tally,
        "cancelled": cancelled,
        # The keys of its sentences.
        "subject": f"{kind}_subject",
        "heading": f"{kind}_heading",
        "lead": f"{kind}_lead",
        # Cancelled before its readers were written down, it went to nobody.
        "audience": issue.audience or 0,
        "withheld": tally.waiting + tally.claimed if issue.audience is not None else 0,
    }
    return Content(settings.owner_email, values)
