"""To a subscriber who has shown no sign of life for a long time: asks whether they want to stay."""

from datetime import datetime

from guichet.http.links import renewal_link, unsubscribe_link
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.subscriber import RENEWAL_VALID, Subscriber
from guichet.settings import MailSettings
from guichet.store import renewals

NAME = "renewal"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "subscriber"
# It only goes to subscribers.
STRANGER_SHARE: float | None = None


def queued(language: Language, asked_at: datetime) -> QueuedEmail:
    """Return the row for the outbox: one for each time that a subscriber is asked."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion=_occasion(asked_at))


def ineligible(due: Due[Subscriber]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    if not due.settings.renewal_months:
        return "renewal is off"
    if due.record.state != "confirmed":
        return "the subscriber has left"
    asked_at = due.record.renewal_queued_at
    if asked_at is None or due.email.key != renewals.email_key(due.record.id, queued(due.email.language, asked_at)):
        return "the subscriber has given a sign of life since"
    return None


def content(subscriber: Subscriber, language: Language, settings: MailSettings) -> Content:
    """Return the content: the link to stay, until when, and the link to unsubscribe."""
    secret = settings.signing_secret
    leave = unsubscribe_link(settings.api_url, subscriber.id, language, secret)
    values = {
        "link": renewal_link(settings.api_url, subscriber.id, language, secret),
        # Computed just before sending, so it never promises too much.
        "until": utc_now() + RENEWAL_VALID,
        "since": subscriber.alive_at or subscriber.confirmed_at,
        "unsubscribe_link": leave,
    }
    return Content((subscriber.email,), values, unsubscribe_link=leave)


def sent(due: Due[Subscriber]) -> None:
    """Record that a subscriber was asked. If this fails, the sweep does it from the row."""
    asked_at = due.record.renewal_queued_at
    if asked_at:
        renewals.note_sent(due.settings.table_name, due.record.id, asked_at, utc_now())


def _occasion(asked_at: datetime) -> str:
    # To the microsecond, as the subscriber has it.
    return f"{asked_at:%Y%m%d%H%M%S%f}"
