"""SES events as published to SNS (AWS: "Contents of event data that Amazon SES publishes to Amazon SNS")."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Literal

from pydantic_core import ValidationError

from guichet.lambda_runtime import FunctionError
from guichet.mail.tags import Attempt, attempt_in
from guichet.model import Model
from guichet.outbox.outcomes import Report
from guichet.records.record import utc_now

# The codes of an address that accepts no mail from anybody, however SES classifies the bounce (RFC 3463; IANA: "SMTP
# Enhanced Status Codes"): no such mailbox, no such domain, invalid address, moved, a domain without mail, a closed
# mailbox, no route to the domain.
_NO_SUCH_ADDRESS = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.4.4"}
# The codes of an address that accepts mail, but not now or not this email: a full mailbox, or policy, such as a spam
# filter.
_FULL, _POLICY = "5.2.2", "5.7."
# In a diagnostic code, after the server's reply code: `smtp; 550 5.1.1 user unknown`.
_STATUS = re.compile(r"\b[45][0-9]{2}[ -]([45]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_ADDRESS = re.compile(r"\S+@\S+")
_REASON_KEPT = 300


class MalformedEventError(FunctionError):
    """An SES event that cannot be parsed. The text names the field and quotes nothing."""


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return "".join((first, *map(str.capitalize, others)))


class _Part(Model, alias_generator=_camel_case):
    pass


class _Recipient(_Part):
    email_address: str


class _BouncedRecipient(_Recipient):
    # Only there if the bounce said so.
    status: str | None = None
    diagnostic_code: str | None = None

    @property
    def code(self) -> str:
        """The enhanced status code, or an empty string. A generic one says less than the server's text."""
        status = (self.status or "").strip()
        found = _STATUS.search(self.diagnostic_code or "") if not status or status.endswith(".0.0") else None
        return found[1] if found else status


class _Bounce(_Part):
    bounce_type: str
    bounce_sub_type: str = ""
    bounced_recipients: list[_BouncedRecipient]
    timestamp: datetime

    def is_hard(self, recipient: _BouncedRecipient) -> bool:
        """Return whether an address accepts no mail from anybody."""
        code = recipient.code
        if code in _NO_SUCH_ADDRESS:
            return True
        return self.bounce_type == "Permanent" and code != _FULL and not code.startswith(_POLICY)

    def reason(self, recipient: _BouncedRecipient) -> str:
        """Return why it bounced, without the address."""
        said = recipient.diagnostic_code or recipient.status or ""
        return _bare(f"{self.bounce_type} bounce, {self.bounce_sub_type}: {said}")


class _Complaint(_Part):
    complained_recipients: list[_Recipient]
    timestamp: datetime
    complaint_feedback_type: str | None = None


class _Delivery(_Part):
    recipients: list[str]
    timestamp: datetime


class _Reject(_Part):
    reason: str = ""


class _Mail(_Part):
    message_id: str
    timestamp: datetime | None = None
    tags: dict[str, list[str]] | None = None


class SesEvent(_Part):
    """An SES event. Only the types that change something are parsed in full."""

    event_type: str
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None
    delivery: _Delivery | None = None
    reject: _Reject | None = None

    @property
    def configuration_set(self) -> str:
        """The configuration set that the mail was sent with, or an empty string."""
        return next(iter((self.mail.tags or {}).get("ses:configuration-set", [])), "")

    @property
    def attempt(self) -> Attempt | None:
        """The attempt to send an email that the event is about, or None if its tags name none."""
        return attempt_in(self.mail.tags or {})

    def ended(self) -> tuple[Literal["bounced", "complained"], datetime, list[str]] | None:
        """Return what suppresses which addresses, and when it happened, or None.

        A bounce does if it says that the address accepts no mail from anybody; mail to a suppressed address bounces
        permanently. `not-spam` is the opposite of a complaint.
        """
        if self.event_type == "Bounce" and self.bounce:
            hard = [one.email_address for one in self.bounce.bounced_recipients if self.bounce.is_hard(one)]
            return ("bounced", self.bounce.timestamp, hard) if hard else None
        if self.event_type == "Complaint" and self.complaint and self.complaint.complaint_feedback_type != "not-spam":
            addresses = [recipient.email_address for recipient in self.complaint.complained_recipients]
            return "complained", self.complaint.timestamp, addresses
        return None

    def reports(self, hashed: Callable[[str], str | None]) -> Iterator[Report]:
        """Yield its reports on the attempt that it names; `hashed` returns a recipient's keyed hash, or None."""
        if self.attempt is None:
            return
        claim, message_id = self.attempt.claim, self.mail.message_id
        at = self.mail.timestamp or utc_now()
        if self.event_type == "Send":
            yield Report("sent", claim, at, message_id=message_id)
        elif self.event_type == "Reject":
            reason = _bare(f"SES rejected it after taking it: {self.reject.reason if self.reject else ''}")
            yield Report("rejected", claim, at, message_id=message_id, reason=reason)
        elif self.event_type == "Delivery" and self.delivery:
            known = frozenset(filter(None, map(hashed, self.delivery.recipients)))
            if known:
                yield Report("delivered", claim, self.delivery.timestamp, known, message_id=message_id)
        elif self.event_type == "Complaint" and self.complaint and self.ended():
            yield Report("complained", claim, self.complaint.timestamp, message_id=message_id)
        elif self.event_type == "Bounce" and self.bounce:
            for recipient in self.bounce.bounced_recipients:
                address = hashed(recipient.email_address)
                if address:
                    yield Report(
                        "hard" if self.bounce.is_hard(recipient) else "soft",
                        claim,
                        self.bounce.timestamp,
                        frozenset({address}),
                        transient=self.bounce.bounce_type == "Transient",
                        silent=not (recipient.status or recipient.diagnostic_code),
                        message_id=message_id,
                        reason=self.bounce.reason(recipient),
                    )


def event_of(record: dict[str, Any]) -> SesEvent | None:
    """Return the SES event in an SNS record, or None for any other message.

    SES itself publishes one: a line of plain text when the topic becomes its event destination. Raises
    MalformedEventError for an event that lacks what its type promises.
    """
    try:
        message = json.loads(record["Sns"]["Message"])
    except ValueError:
        return None
    if not isinstance(message, dict) or "eventType" not in message:
        return None
    try:
        return SesEvent.model_validate(message)
    except ValidationError as error:
        # Not pydantic's message, which quotes the addresses.
        wrong = (f"{_place(part['loc'])}: {part['type']}" for part in error.errors(include_input=False))
        raise MalformedEventError("; ".join(wrong)) from None


def _bare(text: str) -> str:
    """Return a reason on one line and without addresses."""
    return " ".join(_ADDRESS.sub("", text).split())[:_REASON_KEPT]


def _place(loc: tuple[int | str, ...]) -> str:
    """Return where in an event an error is. Map keys may hold anything, so only plain names are included."""
    return ".".join(str(part) if str(part).isalnum() else "?" for part in loc)
