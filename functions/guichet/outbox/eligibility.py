"""Decide whether an email is still to be sent, where the visitor cannot observe it."""

from math import ceil

from guichet.definitions.lookup import definitions
from guichet.mail.emails import Due, acknowledgement, confirmation_request, named
from guichet.records.registry import Reported
from guichet.records.subscriber import SUPPRESSED
from guichet.settings import NotifierSettings


def ineligible(due: Due[Reported]) -> str | None:
    """Return why an email is not to be sent, or None."""
    why = named(due.email.name).ineligible(due)
    if why is None and due.subscriber and due.subscriber.state in SUPPRESSED:
        state = due.subscriber.state
        why = "the address is blocked" if state == "blocked" else f"the address {state}"
    return why


def pool_of(name: str) -> str:
    """Return the name under which an email to an unconfirmed address is counted.

    Emails without a smaller share of their own are counted together, with the links that confirm a subscription.
    """
    return confirmation_request.NAME if named(name).STRANGER_SHARE == 1 else name


def stranger_mail_per_day(name: str, settings: NotifierSettings) -> int:
    """Return how many emails of a name may go to unconfirmed addresses a day.

    Acknowledgements have a share of their own. The rest, at least one, is for people who want to subscribe.
    """
    total = settings.stranger_mail_per_day
    share = max(0, min(ceil(total * acknowledgement.STRANGER_SHARE), total - 1))
    if name == acknowledgement.NAME:
        return share
    return total - share if settings.acknowledge == "on" or _forms_reply() else total


def _forms_reply() -> bool:
    """Return whether a form of the site's own mails acknowledgements."""
    return any(own.reply for own in definitions().values())
