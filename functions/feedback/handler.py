"""SES's events, delivered by SNS: they settle the outcome of each email, and suppress addresses that accept no mail."""

from email.utils import parseaddr
from functools import cache
from typing import Any

from feedback import reader_rows
from feedback.event import SesEvent, event_of
from feedback.rows import READ_AGAIN, RowBusyError
from feedback.soft_bounces import bounced_softly
from guichet.addresses import parse
from guichet.lambda_runtime import guarded, prepare
from guichet.mail.emails import desk_sign_in, form_notification
from guichet.mail.notification import recipients_of
from guichet.outbox.outcomes import Change, Report, change_by
from guichet.records.outbox import EmailKey
from guichet.settings import FeedbackSettings
from guichet.signing import subscriber_id
from guichet.store import dynamodb, mailboxes, outbox, subscribers, table
from guichet.store.dynamodb import ConditionFailedError
from guichet.store.readers import is_reader
from guichet.telemetry import count, logger


@cache
def settings() -> FeedbackSettings:
    """Return the environment of this function."""
    return FeedbackSettings.from_environment()


@guarded
def handler(event: dict[str, Any], _context: object) -> None:
    """Process SNS records. If one cannot be parsed or stored, this raises, so that SNS delivers it again."""
    for record in event["Records"]:
        take_in(record)


def take_in(record: dict[str, Any]) -> None:
    """Settle the attempt that an event names, and suppress the addresses that take no mail.

    The owner's addresses are never suppressed; they raise an alarm instead.
    """
    event = event_of(record)
    if event is None or event.configuration_set not in _ours():
        # Others may publish to the topic as well.
        logger.warning("not an event of this stack's mail", extra={"sns_message_id": record["Sns"].get("MessageId")})
        count("FeedbackPassedOver")
        return
    if event.configuration_set == settings().owner_configuration_set:
        if event.event_type in {"Bounce", "Reject"} or event.ended():
            what = {"what": event.event_type, "message_id": event.mail.message_id}
            logger.error("the owner did not get an email, or complained", extra=what)
            count("OwnerUnreachable")
    else:
        _suppress(event)
    for report in event.reports(_hashed):
        _settle(event, report)


def _suppress(event: SesEvent) -> None:
    ended = event.ended()
    if ended is None:
        return
    what, at, addresses = ended
    for text in addresses:
        subscriber = _hashed(text)
        if subscriber is None:
            # We never wrote to it: SES reports the address that the mail was sent to.
            logger.error("not an address of ours", extra={"message_id": event.mail.message_id})
            continue
        new = subscribers.suppress(settings().table_name, subscriber, what, at)
        logger.info(what if new else "known already", extra={"subscriber_id": subscriber, "what": what})
        if new:
            count(what.capitalize())


def _settle(event: SesEvent, report: Report) -> None:
    """Update the row that an event names. A row that does not exist is not created."""
    attempt = event.attempt
    if attempt is None:
        return
    if is_reader(attempt.key):
        reader_rows.settle(attempt.key, report, settings().table_name)
        return
    owners = _owners(attempt.key)
    for _ in range(READ_AGAIN):
        row = outbox.row_at(settings().table_name, attempt.key)
        ours = row is not None and row["recipient"] == _audience(event)
        change = change_by(row, report, owners) if row is not None and ours else None
        if row is None or change is None:
            logger.info("nothing to settle", extra={"what": report.what, "message_id": report.message_id})
            return
        # The consequences come first, so that an event that is delivered again finds the row unchanged.
        follow = _follow_in_mailboxes if row["recipient"] == "owner" else _follow_in_subscribers
        follow(report, change)
        try:
            outbox.settle(settings().table_name, row, change.changes, change.removed)
        except ConditionFailedError:
            continue
        _tell(attempt.key, report, change)
        return
    raise RowBusyError


def _owners(key: EmailKey) -> list[str]:
    """Return the keyed hashes of the addresses that an email to the owner is for."""
    # Only these have recipients of their own, which depend on the answers, or on the address that was typed.
    name = outbox.name_of(key)
    own = name in {form_notification.NAME, desk_sign_in.NAME}
    record = table.record_at(settings().table_name, key.record) if own else None
    return [subscriber_id(settings().signing_secret, address) for address in recipients_of(name, record, settings())]


def _follow_in_mailboxes(report: Report, change: Change) -> None:
    """Apply the consequences for the owner's mailboxes."""
    table_name = settings().table_name
    for mailbox in change.dead:
        mailboxes.declare_dead(table_name, mailbox, report.claim, report.at, report.reason)
    for mailbox in change.excused:
        mailboxes.mend(table_name, mailbox, report.claim, excused=True)
    for mailbox in report.recipients if report.what == "delivered" else ():
        if mailboxes.mend(table_name, mailbox, report.claim):
            logger.info("the owner's mailbox takes mail again")


def _follow_in_subscribers(report: Report, change: Change) -> None:
    """Apply the consequences for subscribers: soft bounces are counted until a delivery."""
    table_name = settings().table_name
    for subscriber in change.excused:
        subscribers.excuse_soft_bounce(table_name, subscriber, report.claim)
    for subscriber in report.recipients if report.what == "delivered" else ():
        subscribers.forget_soft_bounces(table_name, subscriber, report.at)
    for subscriber in change.bounced if report.what == "soft" else ():
        bounced_softly(table_name, subscriber, report)


def _tell(key: EmailKey, report: Report, change: Change) -> None:
    what = "absence note" if change.absent else report.what
    logger.info("settled", extra={"record": key.record, "email": key.email, "what": what})
    if "failed_at" in change.changes:
        count("EmailFailed")


def _hashed(text: str) -> str | None:
    """Return the keyed hash of an address, or None if we do not write to it."""
    address = parse(parseaddr(text)[1])
    return subscriber_id(settings().signing_secret, address) if address else None


def _audience(event: SesEvent) -> str:
    return "owner" if event.configuration_set == settings().owner_configuration_set else "visitor"


def _ours() -> tuple[str, str]:
    return settings().owner_configuration_set, settings().visitor_configuration_set


prepare(settings, dynamodb.client)
