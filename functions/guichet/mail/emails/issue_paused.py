"""To the owner: an issue paused itself, why, and how to continue."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.issue import Issue, Tally
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import NotifierSettings

NAME = "issue-paused"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, occasion: str) -> QueuedEmail:
    """Return the row for the outbox: one each time that it pauses."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=occasion)


def ineligible(due: Due[Issue]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    if due.record.state != "paused":
        return "the issue is no longer paused"
    return "the owner paused it" if due.record.reason in {None, "owner"} else None


def content(issue: Issue, _language: Language, settings: NotifierSettings) -> Content:
    """Return the content. The counts that made it pause start at its last resumption."""
    tally, before = issue.tally or Tally(), issue.resumed_at or Tally()
    values = {
        "issue": issue,
        "link": at_desk(settings, f"issues/{issue.id}"),
        "tally": tally,
        # The keys of its sentences.
        "why": f"issue_paused_{issue.reason}",
        "what_to_do": f"issue_paused_{issue.reason}_do",
        "sent": tally.sent - before.sent,
        "bounced": tally.bounced - before.bounced,
        "complained": tally.complained - before.complained,
        "begun": issue.started_at is not None,
        # A changed text is never sent, whatever is typed.
        "where_to_go_on": "issue_cancel" if issue.reason == "changed" else "issue_resume",
    }
    return Content(settings.owner_email, values)
