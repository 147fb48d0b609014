"""To the owner: an erasure that they asked for has ended."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due, UnfinishedError
from guichet.records.erasure import Erasure
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings
from guichet.store import dynamodb, erasures

# How many seconds an erasure may run at a time: the rest of sweep.TIME_FOR_ONE is enough for its email.
TIME_TO_ERASE = 25.0

NAME = "erasure-done"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "owner"
STRANGER_SHARE: float | None = None


def queued(language: Language, erasure: Erasure) -> QueuedEmail:
    """Return the row for the outbox: one for each request."""
    occasion = f"{erasure.asked_at:%Y%m%dT%H%M%S%f}"
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=occasion)


def opened(due: Due[Erasure]) -> Erasure | None:
    """Return the erasure once it has ended. Until then, continue it for a while and raise UnfinishedError."""
    if due.record.done_at:
        return due.record
    settings = due.settings
    secrets, hook = (settings.signing_secret, settings.former_signing_secret), settings.deploy_hook == "on"
    # Where it stopped must be kept, even if the table is slow just then.
    with dynamodb.retry_budget(TIME_TO_ERASE + dynamodb.RETRY_BUDGET) as end:
        until = end - dynamodb.RETRY_BUDGET
        if not erasures.go_on(settings.table_name, due.record, *secrets, until=until, hook=hook):
            raise UnfinishedError
    return erasures.erasure(settings.table_name, due.record.id)


def ineligible(_due: Due[Erasure]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return None


def content(erasure: Erasure, _language: Language, settings: MailSettings) -> Content:
    """Return the content. It is no longer known who was erased, only when that was requested."""
    return Content(settings.owner_email, {"asked_at": erasure.asked_at, "of_message": bool(erasure.record)})
