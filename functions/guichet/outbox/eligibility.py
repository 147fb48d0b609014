"""Decide whether an email is still to be sent, out of the visitor's sight."""

from guichet.mail.emails import named
from guichet.records.outbox import ClaimedEmail
from guichet.records.registry import Reported
from guichet.records.subscriber import Subscriber

# These get no mail, whatever they ask for, until the operator lifts the suppression.
SUPPRESSED = ("bounced", "complained")


def ineligible(email: ClaimedEmail, record: Reported, subscriber: Subscriber | None) -> str | None:
    """Return why an email is no longer to be sent, or None.

    `subscriber` is what is known about the address of an email to somebody who has not confirmed.
    """
    why = named(email.name).ineligible(email, record, subscriber)
    if why is None and subscriber and subscriber.state in SUPPRESSED:
        why = f"the address {subscriber.state}"
    return why
