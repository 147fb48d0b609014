"""The events that SES would publish about a mail that moto accepted, as its topic passes them to `Feedback`.

Addresses of SES's mailbox simulator produce their outcomes; mail to all others is delivered.
"""

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_string, policy
from queue import SimpleQueue
from typing import Any

from infra.template import PSEUDO_PARAMETERS

Document = dict[str, Any]

_SIMULATOR = "simulator.amazonses.com"
# How often Lambda calls a function with an event (AWS: "How Lambda handles errors and retries with asynchronous
# invocation").
_TRIES = 3

_log = logging.getLogger(__name__)


class SesEvents:
    """Plays SES's events to a function, one after another, in a separate thread."""

    def __init__(self, deliver: Callable[[Document], Any]) -> None:
        self._deliver = deliver
        self._mails: SimpleQueue[Any] = SimpleQueue()

    def note(self, mail: Any) -> None:
        """Note a mail that SES accepted."""
        self._mails.put(mail)

    def stop(self) -> None:
        """Make `play` end."""
        self._mails.put(None)

    def play(self) -> None:
        """Play the events of each mail, until the end."""
        while (mail := self._mails.get()) is not None:
            for event in events_of(mail):
                self._play(sns_event(event))

    def _play(self, event: Document) -> None:
        for _ in range(_TRIES):
            try:
                self._deliver(event)
            except Exception:
                _log.exception("the function behind the topic of SES's events failed")
            else:
                return


def events_of(mail: Any) -> Iterator[Document]:
    """Yield SES's events on a mail as moto keeps it (AWS: "Contents of event data that Amazon SES publishes to SNS").

    There are none if it was sent without a configuration set, which is what publishes them.
    """
    if not mail.configuration_set:
        return
    described = _mail(mail)
    yield {"eventType": "Send", "mail": described, "send": {}}
    for address in mail.to:
        for kind, part in _outcome(address):
            yield {"eventType": kind, "mail": described, kind.lower(): part}


def sns_event(message: Document) -> Document:
    """Return the event by which SNS calls a function with a message."""
    region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
    topic = f"arn:aws:sns:{region}:{account}:guichet-FeedbackTopic"
    sns = {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": topic,
        "Subject": "Amazon SES Email Event Notification",
        "Message": json.dumps(message),
        "Timestamp": _now(),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertUrl": f"https://sns.{region}.amazonaws.com/SimpleNotificationService.pem",
        "UnsubscribeUrl": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe",
        "MessageAttributes": {},
    }
    subscription = f"{topic}:{uuid.uuid4()}"
    record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription, "Sns": sns}
    return {"Records": [record]}


def _outcome(address: str) -> Iterator[tuple[str, Document]]:
    """Yield the outcome of a mail to an address (AWS: "Using the mailbox simulator manually")."""
    local, _, domain = address.lower().rpartition("@")
    match local.partition("+")[0] if domain == _SIMULATOR else "":
        case "bounce":
            yield "Bounce", bounce(address, "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown")
        case "suppressionlist":
            words = "Amazon SES has suppressed sending to this address because it has a recent history of bouncing."
            yield "Bounce", bounce(address, "Permanent", "Suppressed", "5.1.1", words)
        case "ooto":
            yield "Delivery", _delivery(address)
            yield "Bounce", bounce(address, "Transient", "General", None, None)
        case "complaint":
            yield "Delivery", _delivery(address)
            yield "Complaint", _complaint(address)
        case _:
            yield "Delivery", _delivery(address)


def bounce(address: str, kind: str, sub_type: str, status: str | None, diagnostic_code: str | None) -> Document:
    """Return the content of a bounce. An automatic reply has neither status nor diagnostic code."""
    recipient = {"emailAddress": address}
    if status:
        recipient |= {"action": "failed", "status": status}
    if diagnostic_code:
        recipient["diagnosticCode"] = diagnostic_code
    return {
        "feedbackId": str(uuid.uuid4()),
        "bounceType": kind,
        "bounceSubType": sub_type,
        "bouncedRecipients": [recipient],
        "timestamp": _now(),
        "reportingMTA": "dns; amazonses.com",
    }


def _delivery(address: str) -> Document:
    return {
        "timestamp": _now(),
        "processingTimeMillis": 500,
        "recipients": [address],
        "smtpResponse": "250 2.6.0 Message received",
        "remoteMtaIp": "192.0.2.54",
        "reportingMTA": "amazonses.com",
    }


def _complaint(address: str) -> Document:
    return {
        "feedbackId": str(uuid.uuid4()),
        "complaintSubType": None,
        "complainedRecipients": [{"emailAddress": address}],
        "timestamp": _now(),
        "userAgent": "Amazon SES Mailbox Simulator",
        "complaintFeedbackType": "abuse",
        "arrivalDate": _now(),
    }


def _mail(mail: Any) -> Document:
    message = message_from_string(mail.raw_data, policy=policy.default)
    region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
    domain = mail.source.rpartition("@")[2]
    return {
        "timestamp": _now(),
        "source": str(message["From"]),
        "sourceArn": f"arn:aws:ses:{region}:{account}:identity/{domain}",
        "sendingAccountId": account,
        "messageId": mail.id,
        "destination": list(mail.to),
        "headersTruncated": False,
        "headers": [{"name": name, "value": str(value)} for name, value in message.items()],
        "commonHeaders": {
            "from": [str(message["From"])],
            "to": [address.addr_spec for address in message["To"].addresses],
            "messageId": mail.id,
            "subject": str(message["Subject"]),
        },
        "tags": {
            "ses:operation": ["SendEmail"],
            "ses:configuration-set": [mail.configuration_set],
            "ses:from-domain": [domain],
            **mail.tags,
        },
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
