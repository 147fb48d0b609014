"""To an address that asked for the newsletter: the link to confirm."""

from datetime import timedelta

from guichet.http.links import confirmation_link, refusal_link
from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.outbox import Audience, QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp, link_expiry
from guichet.settings import MailSettings

NAME = "confirmation-request"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "signed_up"
STRANGER_SHARE: float | None = 1
# Somebody who asks again this soon has not had time to look for the first email.
_A_MOMENT = timedelta(minutes=2)


def queued(language: Language) -> QueuedEmail:
    """Return the row for the outbox."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language)


def ineligible(due: Due[SignUp]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    left_at = due.subscriber.left_at if due.subscriber else None
    mailed_at = due.record.mailed_at
    if (
        # Asked for again.
        mailed_at
        and due.email.allowed_at is None
        and due.email.queued_at - mailed_at < _A_MOMENT
        and not (left_at and left_at > mailed_at)
    ):
        return "its link was mailed a moment before it was asked for again, or since"
    if due.subscriber and due.subscriber.state == "confirmed":
        return "the address is confirmed already"
    if left_at and left_at > due.record.asked_at:
        return "the address left after it asked"
    return None


def content(request: SignUp, language: Language, settings: MailSettings) -> Content:
    """Return the content: the link, until when it works, and another for somebody who did not ask."""
    until = link_expiry(utc_now())
    link = confirmation_link(settings.api_url, request, language, settings.signing_secret, until)
    refusal = refusal_link(settings.api_url, request.email, language, settings.signing_secret)
    return Content((request.email,), {"link": link, "until": until, "refusal_link": refusal})
