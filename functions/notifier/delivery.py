"""One owed email: claim it, write it, send it, mark it."""

from typing import Literal

from guichet.records import EmailKey
from guichet.settings import NotifierSettings
from guichet.storage import Store
from guichet.telemetry import count, logger
from notifier import ses
from notifier.compose import PointlessError, compose

Outcome = Literal["sent", "failed", "dropped", "postponed", "not ours"]


def deliver(key: EmailKey, store: Store, settings: NotifierSettings) -> Outcome:
    """Send an owed email, if it is still owed and nobody else is at it, and say what came of it.

    Whatever is raised leaves the email owed; its claim lapses by itself.
    """
    email = store.claim(key)
    if email is None:
        return "not ours"
    outcome: Outcome
    reason = ""
    record = store.record_of(email)
    try:
        if record is None:
            raise PointlessError("what it tells of was erased or has expired")  # noqa: TRY301
        message = compose(email.name, email.language, record, settings)
        to_owner = email.recipient == "owner"
        message_id = ses.send(
            message, settings.owner_configuration_set if to_owner else settings.visitor_configuration_set
        )
    except PointlessError as pointless:
        outcome, reason = "dropped", str(pointless)
        store.mark_dropped(email, reason)
    except ses.RejectedError as rejected:
        # SES may quote an address: the reason goes into the row, only its code into the log.
        outcome, reason = "failed", str(rejected).partition(":")[0]
        store.mark_failed(email, str(rejected))
    except ses.PostponedError as postponed:
        outcome, reason = "postponed", postponed.reason.partition(":")[0]
        if postponed.certain:
            store.release(email)
    else:
        outcome = "sent"
        store.mark_sent(email, message_id)
    log = logger.error if outcome in ("failed", "postponed") else logger.info
    log(outcome, record=key.record, email=key.email, reason=reason)
    count(f"Email{outcome.capitalize()}", email=email.name)
    return outcome
