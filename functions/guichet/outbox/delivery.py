"""Deliver one email: claim it, check that it is still needed, compose it, send it, mark it."""

from datetime import timedelta
from typing import Literal, NamedTuple

from guichet.mail import ses
from guichet.mail.emails import cap_reached, named
from guichet.mail.mime import compose
from guichet.mail.pace import Pace
from guichet.outbox.eligibility import ineligible, stranger_mail_per_day
from guichet.records.cap_reached import CapReached, Reached
from guichet.records.digest import Digest
from guichet.records.message import Message
from guichet.records.outbox import SENT_EMAIL_KEPT, ClaimedEmail, EmailKey
from guichet.records.record import utc_now
from guichet.records.registry import Owner, Reported
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.records.spam_note import OpenedSpamNote, SpamNote
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings
from guichet.signing import mailbox_id, subscriber_id
from guichet.store import limits, outbox, spam_notes, submissions, subscribers
from guichet.store.dynamodb import retry_budget
from guichet.telemetry import count, logger

_MANY = "StrangerMailPerDay is used up for today"
_SHARE = "its network had its share of StrangerMailPerDay today"
_OFTEN = "the mailbox had one a moment ago, or enough of them today"
# An email whose run ended without an answer from SES may have gone out. It waits longer each time that happens, so that
# it neither blocks the others nor goes out over and over. In the end a person must look.
WITHOUT_ANSWER = (timedelta(hours=1), timedelta(hours=6))
MOST_TRIES = 100

_LATER = "a later one of this address takes its place"

Outcome = Literal[
    "sent", "failed", "dropped", "postponed", "unverified", "capped", "rationed", "delayed", "throttled", "not ours"
]


class Ended(NamedTuple):
    """The outcome of an email and its reason, which is safe to log: it quotes no address."""

    outcome: Outcome
    reason: str


def deliver(key: EmailKey, settings: NotifierSettings, pace: Pace) -> Outcome:
    """Send an email, if it is still needed and no other run has claimed it. Return the outcome.

    Six outcomes leave it in the outbox: `unverified` (the SES sandbox does not know the address; only this email
    waits), `capped` (beyond the daily cap), `rationed` (beyond its network's share), `delayed` (its mailbox had one
    just now, or enough of them today), `postponed` (SES takes no mail now), `throttled` (sent too fast). So does any
    exception.
    """
    # The calls before SES share one retry budget, so that an email takes no longer than sweep.TIME_FOR_ONE.
    with retry_budget():
        email = outbox.claim(settings.table_name, key)
        if email is None:
            return "not ours"
        found = _looked_up(email, settings)
    ended = found if isinstance(found, Ended) else _sent(email, found, settings, pace)
    failure = ended.outcome in {"failed", "postponed", "unverified", "capped", "throttled"}
    log = logger.error if failure else logger.info
    log(ended.outcome, extra={"record": key.record, "email": key.email, "reason": ended.reason})
    count(f"Email{ended.outcome.capitalize()}")
    return ended.outcome


def _looked_up(email: ClaimedEmail, settings: NotifierSettings) -> Reported | Ended:
    """Return the record of a claimed email, or the outcome if it is not to be sent now."""
    unanswered = email.tries - 1
    if unanswered:
        if unanswered >= MOST_TRIES:
            return _failed(email, settings, f"no answer of SES after {unanswered} tries: it may have gone out")
        outbox.extend_claim(
            settings.table_name, email, utc_now() + WITHOUT_ANSWER[min(unanswered, len(WITHOUT_ANSWER)) - 1]
        )
    record: Reported | None = outbox.record_of(settings.table_name, email)
    if record is None:
        return _dropped(email, settings, "what it tells of was erased or has expired")
    if isinstance(record, SpamNote):
        record = spam_notes.opened(settings.table_name, record)
    share = named(email.name).STRANGER_SHARE
    # What tells the owner of figures belongs to nobody.
    if share is None or isinstance(record, Digest | OpenedSpamNote | CapReached):
        why = ineligible(email, record, None)
        return _dropped(email, settings, why) if why else record
    address_id = subscriber_id(settings.signing_secret, record.email)
    why = ineligible(email, record, subscribers.subscriber(settings.table_name, address_id))
    return _dropped(email, settings, why) if why else _to_stranger(email, record, settings)


def _to_stranger(
    email: ClaimedEmail, record: Message | SignUp | Subscriber, settings: NotifierSettings
) -> Owner | Ended:
    """Return the record of an email to an unconfirmed address if the caps allow it, or the outcome."""
    table_name, now = settings.table_name, utc_now()
    mailbox = mailbox_id(settings.signing_secret, record.email)
    slot = limits.slot(table_name, mailbox, email.name)
    if slot.replaces(email):
        return _dropped(email, settings, _LATER)
    of_request = isinstance(record, SignUp)
    if _allowed_today(email):
        # The link counts from this try.
        if of_request:
            submissions.note_mailed(table_name, email.key.record, now)
        return record
    pool = limits.Pool(stranger_mail_per_day(email.name, settings), limits.used_today(table_name, email.name))
    further = [submissions.mailed(table_name, email.key.record, now)] if of_request else []
    verdict = limits.allow(table_name, email, mailbox, known=slot, pool=pool, further=further)
    if verdict == "allowed":
        if slot.waiting not in {"", email.key.id}:
            _replace(EmailKey.from_id(slot.waiting), email, settings)
        return record
    is_latest, replaced = limits.wait(table_name, email, mailbox)
    if not is_latest:
        return _dropped(email, settings, _LATER)
    if replaced:
        _replace(replaced, email, settings)
    if isinstance(verdict, limits.PutOff):
        outbox.postpone(table_name, email, _OFTEN, verdict.until)
        return Ended("delayed", _OFTEN)
    # None at all is what the owner chose.
    if pool.per_day:
        _report(verdict, email, pool, settings)
    ended = Ended("capped", _MANY) if verdict == "many" else Ended("rationed", _SHARE)
    outbox.postpone(table_name, email, ended.reason)
    return ended


def _report(
    verdict: Literal["many", "share"], email: ClaimedEmail, pool: limits.Pool, settings: NotifierSettings
) -> None:
    """Queue an email that tells the owner that a cap is reached: once a day for each."""
    now = utc_now()
    what: Reached = "all" if verdict == "many" else "network"
    reached = CapReached(
        id=f"{now.date().isoformat()}-{what}-{email.name}",
        what=what,
        email_name=email.name,
        per_day=pool.per_day,
        reached_at=now,
        expires_at=now + SENT_EMAIL_KEPT,
    )
    if limits.report(settings.table_name, reached, cap_reached.queued(settings.default_language)):
        logger.info("cap reached", extra={"cap": reached.id})
        count("StrangerCapReached")


def _allowed_today(email: ClaimedEmail) -> bool:
    return email.allowed_at is not None and email.allowed_at.date() == utc_now().date()


def _replace(replaced: EmailKey, email: ClaimedEmail, settings: NotifierSettings) -> None:
    """Drop the email that waited, now that a later one takes its place. One that is claimed finds out by itself."""
    if outbox.replace(settings.table_name, replaced, _LATER) and replaced.record != email.key.record:
        submissions.end_request(settings.table_name, replaced.record, utc_now() + REQUEST_KEPT)


def _sent(email: ClaimedEmail, record: Reported, settings: NotifierSettings, pace: Pace) -> Ended:
    to_owner = email.recipient == "owner"
    try:
        message = compose(email.name, email.language, record, settings)
    except Exception as error:
        # It was certainly not sent. It goes out once this is fixed.
        outbox.postpone(settings.table_name, email, f"it cannot be written: {type(error).__name__}")
        raise
    pace.wait()
    try:
        message_id = ses.send(
            message, settings.owner_configuration_set if to_owner else settings.visitor_configuration_set
        )
    except ses.RejectedError as rejected:
        return _failed(email, settings, str(rejected))
    except ses.PostponedError as postponed:
        if postponed.certain:
            outbox.postpone(settings.table_name, email, postponed.reason)
        alone: Outcome = "unverified" if postponed.of_recipient else "postponed"
        outcome: Outcome = "throttled" if postponed.too_fast else alone
        return Ended(outcome, postponed.reason.partition(":")[0])
    outbox.mark_sent(settings.table_name, email, message_id)
    return Ended("sent", "")


def _failed(email: ClaimedEmail, settings: NotifierSettings, why: str) -> Ended:
    # As long as the row, which the operator may queue again.
    submissions.end_request(settings.table_name, email.key.record, utc_now() + SENT_EMAIL_KEPT, extend=True)
    outbox.mark_failed(settings.table_name, email, why)
    # SES may quote an address, so its message goes into the row and only its code into the log.
    return Ended("failed", why.partition(":")[0])


def _dropped(email: ClaimedEmail, settings: NotifierSettings, why: str) -> Ended:
    submissions.end_request(settings.table_name, email.key.record, utc_now() + REQUEST_KEPT)
    outbox.mark_dropped(settings.table_name, email, why)
    return Ended("dropped", why)
