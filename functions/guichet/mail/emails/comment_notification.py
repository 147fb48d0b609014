"""To the owner: somebody wrote a comment, which waits for approval; or it was released from the spam folder."""

from urllib.parse import unquote

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.comment import Comment
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings

NAME = "comment-notification"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, *, released: bool = False) -> QueuedEmail:
    """Return the row for the outbox: one when the comment comes, one more when it is released from the spam folder."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion="released" if released else "")


def ineligible(due: Due[Comment]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None if due.record.state == "pending" else "the comment was dealt with before"


def content(comment: Comment, _language: Language, settings: MailSettings) -> Content:
    """Return the content. A reply goes to the author of the comment, and to nobody else."""
    values = {"comment": comment, "page": unquote(comment.page), "link": at_desk(settings, f"comments/{comment.id}")}
    return Content(settings.owner_email, values, reply_to=comment.email, reply_to_name=comment.name)
