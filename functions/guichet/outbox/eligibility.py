"""Whether an email that is owed is still to be sent: decided here, out of the visitor's sight."""

from guichet.outbox.digest import next_is_due
from guichet.records.digest import Digest
from guichet.records.message import Message
from guichet.records.outbox import ClaimedEmail
from guichet.records.record import utc_now
from guichet.records.registry import Owner
from guichet.records.sign_up import CONFIRMATION_VALID, SignUp
from guichet.records.subscriber import Subscriber

# Nobody writes to these any more, whatever they ask, until the operator lifts it.
SUPPRESSED = ("bounced", "complained")


def stranger_of(email: ClaimedEmail, record: Owner) -> str | None:
    """Return the address that an email to somebody who has not confirmed goes to, None for every other email."""
    return record.email if email.recipient == "visitor" and isinstance(record, (Message, SignUp)) else None


def pointless(email: ClaimedEmail, record: Owner, subscriber: Subscriber | None) -> str | None:
    """Return why nobody is to get an email any more, None where it is to be sent.

    `subscriber` is what is known of the address of a stranger's email, None where it is not known.
    """
    state = subscriber.state if subscriber else None
    why = None
    match record:
        case Message() if record.spam:
            why = "it was filed as spam"
        case Message() if email.name == "acknowledgement" and utc_now() - email.queued_at > CONFIRMATION_VALID:
            why = "it is late to say that the message arrived"
        case SignUp():
            why = _of_sign_up(record, subscriber)
        case Digest() if next_is_due(record, utc_now()):
            why = "the next one is due"
        case Subscriber() if email.name == "welcome" and record.state != "confirmed":
            why = "the subscriber has left"
        case Subscriber() if not record.email:
            why = "the address must not be written to, and is not kept"
    if why is None and email.recipient == "visitor" and state in SUPPRESSED:
        why = f"the address {state}"
    return why


def _of_sign_up(request: SignUp, subscriber: Subscriber | None) -> str | None:
    if request.confirmable_until < utc_now():
        return "the confirmation link has expired"
    if subscriber and subscriber.state == "confirmed":
        return "the address is confirmed already"
    if subscriber and subscriber.left_at and subscriber.left_at > request.asked_at:
        return "the address left after it asked"
    return None
