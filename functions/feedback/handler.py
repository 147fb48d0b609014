"""SES bounces and complaints, delivered by SNS: permanent ones suppress the address."""

from email.utils import parseaddr
from functools import cache
from typing import Any

from feedback.event import event_of
from guichet.addresses import parse
from guichet.init_phase import prepare
from guichet.settings import FeedbackSettings
from guichet.signing import subscriber_id
from guichet.store import dynamodb, subscribers
from guichet.telemetry import count, guarded, logger


@cache
def settings() -> FeedbackSettings:
    """Return the environment of this function."""
    return FeedbackSettings.from_environment()


@guarded
def handler(event: dict[str, Any], _context: object) -> None:
    """Process SNS records. What cannot be parsed or stored is raised, so that it is delivered again."""
    for record in event["Records"]:
        take_in(record)


def take_in(record: dict[str, Any]) -> None:
    """Suppress the addresses named by an event. The owner's are never suppressed, but raise an alarm."""
    event = event_of(record)
    if event is None or event.configuration_set not in _ours():
        # Others may publish to the topic, too.
        logger.warning("not an event of this stack's mail", extra={"sns_message_id": record["Sns"].get("MessageId")})
        count("FeedbackPassedOver")
        return
    ended = event.ended()
    if ended is None:
        logger.info("ignored", extra={"type": event.event_type, "message_id": event.mail.message_id})
        return
    what, at, addresses = ended
    if event.configuration_set == settings().owner_configuration_set:
        logger.error(
            "the owner's address does not take mail", extra={"what": what, "message_id": event.mail.message_id}
        )
        count("OwnerUnreachable")
        return
    for text in addresses:
        address = parse(parseaddr(text)[1])
        if address is None:
            # We never wrote to it: SES reports the address that the mail was sent to.
            logger.error("not an address of ours", extra={"message_id": event.mail.message_id})
            continue
        subscriber = subscriber_id(settings().signing_secret, address)
        new = subscribers.suppress(settings().table_name, subscriber, what, at)
        logger.info(what if new else "known already", extra={"subscriber_id": subscriber, "what": what})
        if new:
            count(what.capitalize())


def _ours() -> tuple[str, str]:
    return settings().owner_configuration_set, settings().visitor_configuration_set


prepare(settings, dynamodb.client)
