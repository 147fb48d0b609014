"""SES's events about a reader's copy of an issue."""

from typing import Literal

from feedback.rows import READ_AGAIN, RowBusyError
from feedback.soft_bounces import bounced_softly
from guichet.outbox.outcomes import Report
from guichet.records.issue import Reader
from guichet.records.outbox import EmailKey
from guichet.store import issues, readers, subscribers, table
from guichet.store.dynamodb import ConditionFailedError, Item
from guichet.telemetry import logger

Counted = Literal["bounced", "complained"]


def settle(key: EmailKey, report: Report, table_name: str) -> None:
    """Update a reader's row by an event, and apply the consequences for the subscriber. Idempotent.

    A row that does not exist is not created. Raises RowBusyError.
    """
    for _ in range(READ_AGAIN):
        row = readers.at(table_name, key)
        known = row is not None and report.claim in row.claims
        if row is None or not known:
            logger.info("nothing to settle", extra={"what": report.what, "message_id": report.message_id})
            return
        # The consequences come first, so that an event that is delivered again finds the row unchanged.
        if report.what == "delivered":
            subscribers.forget_soft_bounces(table_name, row.subscriber_id, report.at)
        if report.what == "soft":
            bounced_softly(table_name, row.subscriber_id, report)
        changes, counted = changed_by(row, report)
        if not changes:
            return
        try:
            issues.settle_by_event(table_name, key, row, changes, counted)
        except ConditionFailedError:
            continue
        logger.info("settled", extra={"record": key.record, "email": key.email, "what": report.what})
        return
    raise RowBusyError


def changed_by(row: Reader, report: Report) -> tuple[Item, Counted | None]:
    """Return what an event changes in a reader's row, and which of the issue's counts it increases.

    Events arrive in any order, and more than once. A rejection outranks `sent`; all other events imply `sent`.
    """
    at = table.stamp(report.at)
    if report.what == "rejected":
        return ({"state": "refused", "settled_at": at, "reason": report.reason} if row.state != "refused" else {}), None
    changes: Item = {}
    if row.state in {"claimed", "unknown"}:
        changes |= {"state": "sent", "settled_at": at, "message_id": report.message_id}
    if report.what in {"hard", "soft"} and not report.silent and row.bounced_at is None:
        return {**changes, "bounced_at": at, "bounce": report.reason}, "bounced"
    if report.what == "complained" and row.complained_at is None:
        return {**changes, "complained_at": at}, "complained"
    return changes, None
