"""One owed email: claim it, see whether it is still to be sent, write it, send it, mark it."""

from typing import Literal

from guichet.records import ClaimedEmail, EmailKey, Owing
from guichet.settings import NotifierSettings
from guichet.signing import subscriber_id
from guichet.storage import Store
from guichet.telemetry import count, logger
from notifier import ses
from notifier.compose import compose
from notifier.need import pointless, stranger_of

_MANY = "strangers had all of today's emails"

Outcome = Literal["sent", "failed", "dropped", "postponed", "held", "throttled", "not ours"]


def deliver(key: EmailKey, store: Store, settings: NotifierSettings) -> Outcome:
    """Send an owed email, if it is still to be sent and nobody else is at it, and say what came of it.

    `held` is an email that waits alone: beyond the daily cap, or to an address that the sandbox does not know.
    `postponed` is one that waits with all others, `throttled` one that came too soon. All three stay owed. Whatever
    is raised leaves the email owed, too, and its claim lapses by itself.
    """
    email = store.claim(key)
    if email is None:
        return "not ours"
    outcome, reason = _try(email, store, settings)
    log = logger.error if outcome in {"failed", "postponed", "held", "throttled"} else logger.info
    log(outcome, extra={"record": key.record, "email": key.email, "reason": reason})
    count(f"Email{outcome.capitalize()}")
    return outcome


def _try(email: ClaimedEmail, store: Store, settings: NotifierSettings) -> tuple[Outcome, str]:
    """Send a claimed email and mark it, or say why not. The reason is fit for a log: it quotes no address."""
    record = store.record_of(email)
    if record is None:
        return _dropped(email, store, "what it tells of was erased or has expired")
    stranger = stranger_of(email, record)
    if stranger is None:
        why = pointless(email, record, None)
    else:
        address_id = subscriber_id(settings.signing_secret, stranger)
        why = pointless(email, record, store.subscriber(address_id))
        if why is None and email.allowed_at is None:
            verdict = store.allow(email, address_id, settings.stranger_mail_per_day)
            if verdict == "many":
                store.put_off(email, _MANY)
                return "held", _MANY
            if verdict == "often":
                why = "the address had one a moment ago, or enough of them today"
    return _dropped(email, store, why) if why else _sent(email, record, store, settings)


def _sent(email: ClaimedEmail, record: Owing, store: Store, settings: NotifierSettings) -> tuple[Outcome, str]:
    to_owner = email.recipient == "owner"
    try:
        message_id = ses.send(
            compose(email.name, email.language, record, settings),
            settings.owner_configuration_set if to_owner else settings.visitor_configuration_set,
        )
    except ses.RejectedError as rejected:
        # SES may quote an address: its words go into the row, only its code into the log.
        store.mark_failed(email, str(rejected))
        return "failed", str(rejected).partition(":")[0]
    except ses.PostponedError as postponed:
        if postponed.certain:
            store.put_off(email, postponed.reason)
        outcome: Outcome = "throttled" if postponed.too_fast else "held" if postponed.of_recipient else "postponed"
        return outcome, postponed.reason.partition(":")[0]
    store.mark_sent(email, message_id)
    return "sent", ""


def _dropped(email: ClaimedEmail, store: Store, why: str) -> tuple[Outcome, str]:
    store.mark_dropped(email, why)
    return "dropped", why
