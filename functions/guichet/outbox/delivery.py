"""Deliver one email: claim it, check that it is still needed, compose it, send it, mark it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from guichet.mail import ses
from guichet.mail.emails import Due, UnfinishedError, cap_reached, named, offered, rejected_notice
from guichet.mail.mime import compose
from guichet.mail.notification import recipients_of
from guichet.mail.pace import Pace
from guichet.mail.tags import Attempt, tags_of
from guichet.outbox import deploy_hook, reasons
from guichet.outbox.eligibility import ineligible, pool_of, stranger_mail_per_day
from guichet.records.cap_reached import CapReached, Reached
from guichet.records.link_request import LinkRequest
from guichet.records.message import Message
from guichet.records.outbox import QUEUED_EMAIL_KEPT, SENT_EMAIL_KEPT, ClaimedEmail, EmailKey, reached_by
from guichet.records.record import utc_now
from guichet.records.registry import Reported
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings
from guichet.signing import mailbox_id, subscriber_id
from guichet.store import limits, mailboxes, outbox, submissions, subscribers
from guichet.store.dynamodb import ConditionFailedError, retry_budget
from guichet.telemetry import count, log_unexpected, logger, name_of

# If SES gave no answer to a call, the email may have gone out. An SES event then says so, within seconds, or within
# minutes when Lambda is short of capacity. Only without that event is the email sent again, after a longer wait each
# time, so that it neither blocks the others nor goes out over and over. In the end, a person must look at it.
WITHOUT_ANSWER = (timedelta(hours=1), timedelta(hours=6))
# A run that ends before calling SES sent nothing. But one email may crash every run, so it waits as well, until the
# others have been sent.
WITHOUT_CALL = (timedelta(minutes=20), timedelta(hours=1))
MOST_TRIES = 100

_LATER = "a later one of this address takes its place"

Outcome = Literal[
    "sent",
    "failed",
    "dropped",
    "postponed",
    "unverified",
    "capped",
    "rationed",
    "delayed",
    "throttled",
    "held",
    "erasing",
    "unanswered",
    "not ours",
]
# The records with an address at which visitors are mailed.
Visitors = Message | SignUp | Subscriber | LinkRequest
_FAILURES = {"failed", "postponed", "unverified", "capped", "throttled", "held", "unanswered"}


class Ended(NamedTuple):
    """The outcome of an email and its reason, which is safe to log: it quotes no address."""

    outcome: Outcome
    reason: str


class Ready(NamedTuple):
    """An email that is to be sent: to whom (addresses by keyed hash), and why some must wait for it."""

    due: Due[Reported]
    recipients: Mapping[str, str]
    held_for: str = ""


def deliver(key: EmailKey, settings: NotifierSettings, pace: Pace) -> Outcome:
    """Send an email, if it is still needed and no other run has claimed it. Return the outcome.

    Nine outcomes leave it in the outbox: `unverified` (the SES sandbox does not know the address; only this email
    waits), `capped` (beyond the daily cap), `rationed` (beyond its network's share), `delayed` (its mailbox had one
    just now, or enough of them today), `postponed` (SES takes no mail now), `throttled` (sent too fast), `held` (the
    owner's mailbox takes no mail), `erasing` (the erasure that it reports is still running), `unanswered` (the deploy
    hook did not accept the call). So does any exception.
    """
    # The calls before SES share one retry budget, so that an email takes no longer than sweep.TIME_FOR_ONE.
    with retry_budget():
        email = outbox.claim(settings.table_name, key)
    if email is None:
        return "not ours"
    try:
        ended = _delivered(email, settings, pace)
    except ConditionFailedError:
        # SES has meanwhile reported the outcome of an earlier attempt, or the claim has lapsed.
        ended = Ended("not ours", "it was settled meanwhile")
    log = logger.error if ended.outcome in _FAILURES else logger.info
    log(ended.outcome, extra={"record": key.record, "email": key.email, "reason": ended.reason})
    if ended.outcome != "not ours":
        _count(email.name, ended.outcome)
    return ended.outcome


def _count(name: str, outcome: Outcome) -> None:
    if name != deploy_hook.NAME:
        count(f"Email{outcome.capitalize()}")
        return
    count(f"DeployHook{outcome.capitalize()}")
    if outcome == "failed":
        # The owner is notified, as for an email that failed for good.
        count("EmailFailed")


def _delivered(email: ClaimedEmail, settings: NotifierSettings, pace: Pace) -> Ended:
    if email.name == deploy_hook.NAME:
        return Ended(*deploy_hook.deliver(email, settings))
    try:
        with retry_budget():
            found = _looked_up(email, settings)
    except ConditionFailedError:
        raise
    except Exception as error:
        _let_go(email, settings, error)
        raise
    return found if isinstance(found, Ended) else _sent(found, pace)


def _let_go(email: ClaimedEmail, settings: NotifierSettings, cause: Exception) -> None:
    """Release the claim on an email that SES was not called for, so that the next run may send it at once."""
    try:
        with retry_budget():
            outbox.postpone(settings.table_name, email, f"{reasons.TABLE}: {name_of(cause)}")
    except Exception as error:  # noqa: BLE001  then the claim lapses
        log_unexpected(error, record=email.key.record, email=email.key.email)


def _looked_up(email: ClaimedEmail, settings: NotifierSettings) -> Ready | Ended:
    """Return the content to send for a claimed email, or the outcome if nothing is to be sent now."""
    if email.rejected:
        return _rejected(email, settings, email.rejected)
    unanswered, ended_early = email.unanswered, email.tries - 1
    if max(unanswered, ended_early) >= MOST_TRIES:
        in_doubt = f"no answer of SES after {unanswered} tries: it may have gone out"
        return _failed(email, settings, in_doubt if unanswered else f"{ended_early} runs ended before it was sent")
    if ended_early:
        wait = WITHOUT_CALL[min(ended_early, len(WITHOUT_CALL)) - 1]
        email = outbox.extend_claim(settings.table_name, email, utc_now() + wait)
    record: Reported | None = outbox.record_of(settings.table_name, email)
    if record is not None and (opened := offered(email.name, "opened")):
        try:
            record = opened(Due(email, record, settings))
        except UnfinishedError:
            # It took longer than the retry budget of what comes before SES.
            with retry_budget():
                outbox.postpone(settings.table_name, email, reasons.ERASING)
            return Ended("erasing", "")
    if record is None:
        return _dropped(email, settings, "what it tells of was erased or has expired")
    # A record of figures belongs to nobody, and its email goes only to the owner.
    if email.recipient == "visitor" and isinstance(record, Message | SignUp | Subscriber | LinkRequest):
        return _for_visitor(Due(email, record, settings))
    return _for_owner(Due(email, record, settings))


def _for_visitor(due: Due[Visitors]) -> Ready | Ended:
    """Return an email to a visitor, if they may get it."""
    email, record, settings, _ = due
    by_strangers = named(email.name).STRANGER_SHARE is not None
    if by_strangers:
        due = due._replace(subscriber=subscribers.known(settings.table_name, settings.ids_of(record.email)))
    if why := ineligible(due):
        return _dropped(email, settings, why)
    ready = Ready(due, {subscriber_id(settings.signing_secret, record.email): record.email})
    return (_held_back(due) if by_strangers else None) or ready


def _held_back(due: Due[Visitors]) -> Ended | None:
    """Return the outcome of an email to an unconfirmed address that the caps do not allow now, or None."""
    email, record, settings, _ = due
    table_name, now = settings.table_name, utc_now()
    mailbox = mailbox_id(settings.signing_secret, record.email)
    slot = limits.slot(table_name, mailbox, email.name)
    if slot.replaces(email):
        return _dropped(email, settings, _LATER)
    of_request = isinstance(record, SignUp | LinkRequest)
    if _allowed_today(email):
        # The link counts from this try.
        if of_request:
            submissions.note_mailed(table_name, email.key.record, now)
        return None
    counted = pool_of(email.name)
    pool = limits.Pool(stranger_mail_per_day(counted, settings), limits.used_today(table_name, counted), counted)
    further = [submissions.mailed(table_name, email.key.record, now)] if of_request else []
    verdict = limits.allow(table_name, email, mailbox, known=slot, pool=pool, further=further)
    if verdict == "allowed":
        if slot.waiting not in {"", email.key.id}:
            _replace(EmailKey.from_id(slot.waiting), email, settings)
        return None
    is_latest, replaced = limits.wait(table_name, email, mailbox)
    if not is_latest:
        return _dropped(email, settings, _LATER)
    if replaced:
        _replace(replaced, email, settings)
    if isinstance(verdict, limits.PutOff):
        outbox.postpone(table_name, email, reasons.OFTEN, verdict.until)
        return Ended("delayed", reasons.OFTEN)
    # The owner chose to send none at all.
    if pool.per_day:
        _report(verdict, pool, settings)
    ended = Ended("capped", reasons.MANY) if verdict == "many" else Ended("rationed", reasons.SHARE)
    outbox.postpone(table_name, email, ended.reason)
    return ended


def _report(verdict: Literal["many", "share"], pool: limits.Pool, settings: NotifierSettings) -> None:
    """Queue an email that notifies the owner of a reached cap: once a day for each cap."""
    now = utc_now()
    what: Reached = "all" if verdict == "many" else "network"
    reached = CapReached(
        id=f"{now.date().isoformat()}-{what}-{pool.name}",
        what=what,
        email_name=pool.name,
        per_day=pool.per_day,
        reached_at=now,
        expires_at=now + SENT_EMAIL_KEPT,
    )
    if limits.report(settings.table_name, reached, cap_reached.queued(settings.default_language)):
        logger.info("cap reached", extra={"cap": reached.id})
        count("StrangerCapReached")


def _for_owner(due: Due[Reported]) -> Ready | Ended:
    """Return an email to the owner, for those of their addresses that accept mail and have not received it yet."""
    email, record, settings, _ = due
    if why := ineligible(due):
        return _dropped(email, settings, why)
    recipients = recipients_of(email.name, record, settings)
    owners = {subscriber_id(settings.signing_secret, address): address for address in recipients}
    left = {owner: address for owner, address in owners.items() if owner not in reached_by(email.reached)}
    if not left:
        # The address that it waited for is no longer the owner's.
        outbox.mark_reached(settings.table_name, email)
        return Ended("sent", "to all others before")
    known = mailboxes.mailboxes(settings.table_name)
    now = {
        owner: address
        for owner, address in left.items()
        if owner not in known.dead
        or (known.due(owner) and mailboxes.try_again(settings.table_name, owner, email.claim))
    }
    waiting = [known.dead[owner] for owner in left if owner not in now]
    held_for = f"{reasons.MAILBOX}: {waiting[0].reason}" if waiting else ""
    if not now:
        outbox.hold(settings.table_name, email, held_for)
        return Ended("held", reasons.MAILBOX)
    return Ready(due, now, held_for)


def _allowed_today(email: ClaimedEmail) -> bool:
    return email.allowed_at is not None and email.allowed_at.date() == utc_now().date()


def _replace(replaced: EmailKey, email: ClaimedEmail, settings: NotifierSettings) -> None:
    """Drop the email that waited, now that a later one replaces it. A claimed one finds out on its own."""
    if outbox.replace(settings.table_name, replaced, _LATER) and replaced.record != email.key.record:
        submissions.end_request(settings.table_name, replaced.record, utc_now() + REQUEST_KEPT)


def _sent(ready: Ready, pace: Pace) -> Ended:
    email, record, settings, _ = ready.due
    try:
        message = compose(email.name, email.language, record, settings)
    except Exception as error:
        # It was certainly not sent. It goes out once this is fixed.
        outbox.postpone(settings.table_name, email, f"{reasons.NOT_WRITTEN}: {type(error).__name__}")
        raise
    pace.wait()
    until = utc_now() + WITHOUT_ANSWER[min(email.unanswered, len(WITHOUT_ANSWER) - 1)]
    email = outbox.begin_call(settings.table_name, email, ready.recipients, until)
    try:
        message_id = ses.send(
            message,
            settings.owner_configuration_set if email.recipient == "owner" else settings.visitor_configuration_set,
            tags_of(Attempt(email.key, email.claim)),
            list(ready.recipients.values()),
        )
    except ses.RejectedError as rejected:
        return _rejected(email, settings, str(rejected))
    except ses.PostponedError as postponed:
        if postponed.certain:
            outbox.postpone(settings.table_name, email, postponed.reason)
        alone: Outcome = "unverified" if postponed.of_recipient else "postponed"
        outcome: Outcome = "throttled" if postponed.too_fast else alone
        return Ended(outcome, postponed.reason.partition(":")[0])
    outbox.mark_sent(settings.table_name, email, message_id, ready.held_for)
    _note_sent(ready.due)
    return Ended("sent", "")


def _note_sent(due: Due[Reported]) -> None:
    try:
        if sent := offered(due.email.name, "sent"):
            with retry_budget():
                sent(due)
    except Exception as error:  # noqa: BLE001  it is sent all the same
        log_unexpected(error, record=due.email.key.record, email=due.email.key.email)


def _rejected(email: ClaimedEmail, settings: NotifierSettings, why: str) -> Ended:
    """Mark an email that SES rejects. Instead of one to the owner, a notice goes out, without its content."""
    if email.recipient == "visitor" or email.name == rejected_notice.NAME:
        return _failed(email, settings, why)
    notice, now = rejected_notice.queued(email.language, email.key), utc_now()
    row = outbox.row(email.key.record, notice, now, now + QUEUED_EMAIL_KEPT)
    outbox.mark_failed(settings.table_name, email, why, row)
    return Ended("failed", why.partition(":")[0])


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
