"""Subscribers' soft bounces: counted until a delivery; too many suppress the address."""

from guichet.outbox.outcomes import Report
from guichet.records.subscriber import MOST_SOFT_BOUNCES
from guichet.store import subscribers
from guichet.telemetry import count, logger


def bounced_softly(table_name: str, subscriber_id: str, report: Report) -> None:
    """Count a soft bounce of a subscriber, and suppress one who has had too many."""
    bounces = subscribers.count_soft_bounce(table_name, subscriber_id, report.claim, report.at)
    if bounces >= MOST_SOFT_BOUNCES and subscribers.suppress(table_name, subscriber_id, "bounced", report.at):
        logger.info("bounced too often", extra={"subscriber_id": subscriber_id})
        count("Bounced")
