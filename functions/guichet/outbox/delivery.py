"""Deliver one email: claim it, check that it is still needed, compose it, send it, mark it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple

from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.mail import ses
from guichet.mail.emails import cap_reached, desk_sign_in, issue_test, named, rejected_notice, renewal
from guichet.mail.mime import compose
from guichet.mail.notification import recipients_of
from guichet.mail.pace import Pace
from guichet.mail.tags import Attempt, tags_of
from guichet.outbox import deploy_hook, reasons
from guichet.outbox.eligibility import ineligible, pool_of, stranger_mail_per_day
from guichet.records.cap_reached import CapReached, Reached
from guichet.records.erasure import Erasure
from guichet.records.issue import Issue
from guichet.records.link_request import LinkRequest
from guichet.records.message import Message
from guichet.records.outbox import QUEUED_EMAIL_KEPT, SENT_EMAIL_KEPT, ClaimedEmail, EmailKey, reached_by
from guichet.records.record import utc_now
from guichet.records.registry import Reported
from guichet.records.sign_in import SignIn
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.records.spam_note import SpamNote
from guichet.records.subscriber import Subscriber
from guichet.settings import NotifierSettings
from guichet.signing import mailbox_id, subscriber_id
from guichet.store import (
    comments,
    issues,
    limits,
    mailboxes,
    outbox,
    renewals,
    sign_ins,
    spam_notes,
    submissions,
    subscribers,
)
from guichet.store.dynamodb import ConditionFailedError, retry_budget
from guichet.telemetry import count, log_unexpected, logger, name_of

_DESK_MANY = "too many asked to sign in as this owner today: ask again from a browser known to the desk, or tomorrow"
_DESK_SHARE = "its network has asked to sign in as this owner too often today"
_NO_OWNER = "the address that was typed is not the owner's"
# An email that SES was called for, and gave no answer, may have gone out: then an event of SES says so, within seconds,
# or minutes where Lambda is short of room for it. Only where that is missing too is it sent again; and it waits longer
# each time, so that it neither blocks the others nor goes out over and over. In the end a person must look.
WITHOUT_ANSWER = (timedelta(hours=1), timedelta(hours=6))
# A run that ends before it has called SES sent nothing. But one email may end every run, so that it waits, too, until
# the others have gone out.
WITHOUT_CALL = (timedelta(minutes=20), timedelta(hours=1))
MOST_TRIES = 100
# How long an erasure goes on at once, in seconds: what is left of sweep.TIME_FOR_ONE is enough for its email.
TIME_TO_ERASE = 25.0

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
_FAILURES = {"failed", "postponed", "unverified", "capped", "throttled", "held", "unanswered"}


class Ended(NamedTuple):
    """The outcome of an email and its reason, which is safe to log: it quotes no address."""

    outcome: Outcome
    reason: str


class Ready(NamedTuple):
    """An email that is to be sent: its record, to whom (addresses by keyed hash), and why some must wait for it."""

    email: ClaimedEmail
    record: Reported
    recipients: Mapping[str, str]
    held_for: str = ""


def deliver(key: EmailKey, settings: NotifierSettings, pace: Pace) -> Outcome:
    """Send an email, if it is still needed and no other run has claimed it. Return the outcome.

    Nine outcomes leave it in the outbox: `unverified` (the SES sandbox does not know the address; only this email
    waits), `capped` (beyond the daily cap), `rationed` (beyond its network's share), `delayed` (its mailbox had one
    just now, or enough of them today), `postponed` (SES takes no mail now), `throttled` (sent too fast), `held` (the
    owner's mailbox takes no mail), `erasing` (what it tells of goes on), `unanswered` (the deploy hook did not take the
    call). So does any exception.
    """
    # The calls before SES share one retry budget, so that an email takes no longer than sweep.TIME_FOR_ONE.
    with retry_budget():
        email = outbox.claim(settings.table_name, key)
    if email is None:
        return "not ours"
    try:
        ended = _delivered(email, settings, pace)
    except ConditionFailedError:
        # SES told meanwhile what became of an earlier attempt, or the claim has lapsed.
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
        # The owner is told as of an email that failed for good.
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
    return found if isinstance(found, Ended) else _sent(found, settings, pace)


def _let_go(email: ClaimedEmail, settings: NotifierSettings, cause: Exception) -> None:
    """Release the claim on an email that SES was not called for, so that the next run may send it at once."""
    try:
        with retry_budget():
            outbox.postpone(settings.table_name, email, f"{reasons.TABLE}: {name_of(cause)}")
    except Exception as error:  # noqa: BLE001  then the claim lapses
        log_unexpected(error, record=email.key.record, email=email.key.email)


def _looked_up(email: ClaimedEmail, settings: NotifierSettings) -> Ready | Ended:
    """Return what is to be sent of a claimed email, or the outcome if nothing is to be sent now."""
    if email.rejected:
        return _rejected(email, settings, email.rejected)
    unanswered, ended_early = email.unanswered, email.tries - 1
    if max(unanswered, ended_early) >= MOST_TRIES:
        in_doubt = f"no answer of SES after {unanswered} tries: it may have gone out"
        return _failed(email, settings, in_doubt if unanswered else f"{ended_early} runs ended before it was sent")
    if ended_early:
        wait = WITHOUT_CALL[min(ended_early, len(WITHOUT_CALL)) - 1]
        email = outbox.extend_claim(settings.table_name, email, utc_now() + wait)
    record = _opened(email, settings)
    if record is None:
        return _dropped(email, settings, "what it tells of was erased or has expired")
    if isinstance(record, Erasure) and record.done_at is None:
        return _erased(email, record, settings)
    # What tells of figures belongs to nobody, and goes to the owner alone.
    if email.recipient == "owner" or not isinstance(record, Message | SignUp | Subscriber | LinkRequest):
        return _for_owner(email, record, settings)
    return _for_visitor(email, record, settings)


def _opened(email: ClaimedEmail, settings: NotifierSettings) -> Reported | None:
    """Return what an email is written from, or None if it is gone."""
    table_name, record = settings.table_name, outbox.record_of(settings.table_name, email)
    if isinstance(record, SpamNote):
        return spam_notes.opened(table_name, record)
    if isinstance(record, Issue) and email.name == issue_test.NAME:
        link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, email.language, settings.signing_secret)
        return issues.written(table_name, record, email.language, settings.owner_email, link)
    return record


def _erased(email: ClaimedEmail, erasure: Erasure, settings: NotifierSettings) -> Ready | Ended:
    """Go on with an erasure for a while. The email that tells of it is sent once it has ended."""
    # Only it pays for the import.
    from guichet.store import erasures  # noqa: PLC0415

    with retry_budget(TIME_TO_ERASE) as until:
        secrets = settings.signing_secret, settings.former_signing_secret
        done = erasures.go_on(settings.table_name, erasure, *secrets, until=until, hook=settings.deploy_hook == "on")
    if not done:
        outbox.postpone(settings.table_name, email, reasons.ERASING)
        return Ended("erasing", "")
    ended = outbox.record_of(settings.table_name, email)
    return _for_owner(email, ended, settings) if ended else _dropped(email, settings, "it has expired")


def _not_at_desk(email: ClaimedEmail, sign_in: SignIn, settings: NotifierSettings) -> str | None:
    """Return why an email that lets an owner sign in is not to be sent, or None. Its link and code count from now.

    One that waited for the caps would come too late, so it is not to be sent at all.
    """
    if not recipients_of(email.name, sign_in, settings):
        return _NO_OWNER
    table_name, now = settings.table_name, utc_now()
    if email.allowed_at:
        sign_ins.note_sent(table_name, sign_in.id, now)
        return None
    of_browser: limits.DeskPool = "known" if sign_in.known else "strangers"
    pool: limits.DeskPool = "download" if sign_in.session else of_browser
    further = [sign_ins.sent(table_name, sign_in.id, now)]
    verdict = limits.allow_at_desk(table_name, email, sign_in.owner, pool, further)
    if verdict == "allowed":
        return None
    count("DeskCapReached")
    return _DESK_MANY if verdict == "many" else _DESK_SHARE


def _for_visitor(
    email: ClaimedEmail, record: Message | SignUp | Subscriber | LinkRequest, settings: NotifierSettings
) -> Ready | Ended:
    """Return an email to a visitor, if they may get it."""
    address_id = subscriber_id(settings.signing_secret, record.email)
    ready = Ready(email, record, {address_id: record.email})
    if named(email.name).STRANGER_SHARE is None:
        off = email.name == renewal.NAME and not settings.renewal_months
        why = "renewal is off" if off else ineligible(email, record, None)
        return _dropped(email, settings, why) if why else ready
    why = ineligible(email, record, subscribers.known(settings.table_name, settings.ids_of(record.email)))
    if why is None and isinstance(record, LinkRequest) and not comments.has_any(settings.table_name, address_id):
        why = "there are no comments of the address"
    if why:
        return _dropped(email, settings, why)
    return _held_back(email, record, settings) or ready


def _held_back(
    email: ClaimedEmail, record: Message | SignUp | Subscriber | LinkRequest, settings: NotifierSettings
) -> Ended | None:
    """Return the outcome of an email to an unconfirmed address that the caps do not allow now, or None."""
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
    # None at all is what the owner chose.
    if pool.per_day:
        _report(verdict, pool, settings)
    ended = Ended("capped", reasons.MANY) if verdict == "many" else Ended("rationed", reasons.SHARE)
    outbox.postpone(table_name, email, ended.reason)
    return ended


def _report(verdict: Literal["many", "share"], pool: limits.Pool, settings: NotifierSettings) -> None:
    """Queue an email that tells the owner that a cap is reached: once a day for each."""
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


def _for_owner(email: ClaimedEmail, record: Reported, settings: NotifierSettings) -> Ready | Ended:
    """Return an email to the owner as those of their addresses get it that have not got it yet and take mail."""
    why = ineligible(email, record, None)
    if why is None and isinstance(record, SignIn) and email.name == desk_sign_in.NAME:
        why = _not_at_desk(email, record, settings)
    if why:
        return _dropped(email, settings, why)
    recipients = recipients_of(email.name, record, settings)
    owners = {subscriber_id(settings.signing_secret, address): address for address in recipients}
    left = {owner: address for owner, address in owners.items() if owner not in reached_by(email.reached)}
    if not left:
        # The address that it waited for is no longer theirs.
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
    return Ready(email, record, now, held_for)


def _allowed_today(email: ClaimedEmail) -> bool:
    return email.allowed_at is not None and email.allowed_at.date() == utc_now().date()


def _replace(replaced: EmailKey, email: ClaimedEmail, settings: NotifierSettings) -> None:
    """Drop the email that waited, now that a later one takes its place. One that is claimed finds out by itself."""
    if outbox.replace(settings.table_name, replaced, _LATER) and replaced.record != email.key.record:
        submissions.end_request(settings.table_name, replaced.record, utc_now() + REQUEST_KEPT)


def _sent(ready: Ready, settings: NotifierSettings, pace: Pace) -> Ended:
    email = ready.email
    try:
        message = compose(email.name, email.language, ready.record, settings)
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
    if email.name == renewal.NAME and isinstance(ready.record, Subscriber):
        _note_renewal(email, ready.record, settings)
    return Ended("sent", "")


def _note_renewal(email: ClaimedEmail, subscriber: Subscriber, settings: NotifierSettings) -> None:
    """Note that a subscriber was asked whether they want to stay. Should it fail, the sweep does it by the row."""
    asked_at = subscriber.renewal_queued_at
    try:
        with retry_budget():
            if asked_at:
                renewals.note_sent(settings.table_name, subscriber.id, asked_at, utc_now())
    except Exception as error:  # noqa: BLE001
        log_unexpected(error, record=email.key.record, email=email.key.email)


def _rejected(email: ClaimedEmail, settings: NotifierSettings, why: str) -> Ended:
    """Mark an email that SES does not take. In the place of one to the owner goes a notice, without what was in it."""
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
