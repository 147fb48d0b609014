"""Whether an email in the outbox is still to be sent: decided here, out of the visitor's sight."""

from guichet.mail.emails import named
from guichet.records.outbox import ClaimedEmail
from guichet.records.registry import Owner
from guichet.records.subscriber import Subscriber

# No more mail to these, whatever they ask, until the operator lifts it.
SUPPRESSED = ("bounced", "complained")


def ineligible(email: ClaimedEmail, record: Owner, subscriber: Subscriber | None) -> str | None:
    """Return why an email is no longer to be sent, or None.

    `subscriber` is what is known about the address of an email to somebody who has not confirmed.
    """
    why = named(email.name).ineligible(email, record, subscriber)
    if why is None and subscriber and subscriber.state in SUPPRESSED:
        why = f"the address {subscriber.state}"
    return why
