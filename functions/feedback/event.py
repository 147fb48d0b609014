"""SES events as published to SNS (AWS: "Contents of event data that Amazon SES publishes to Amazon SNS")."""

import json
from datetime import datetime
from typing import Any, Literal

from pydantic_core import ValidationError

from guichet.model import Model
from guichet.telemetry import FunctionError


class MalformedEventError(FunctionError):
    """An SES event that cannot be parsed. The text names the field and quotes nothing."""


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return "".join((first, *map(str.capitalize, others)))


class _Part(Model, alias_generator=_camel_case):
    pass


class _Recipient(_Part):
    email_address: str


class _Bounce(_Part):
    bounce_type: str
    bounced_recipients: list[_Recipient]
    timestamp: datetime


class _Complaint(_Part):
    complained_recipients: list[_Recipient]
    timestamp: datetime
    complaint_feedback_type: str | None = None


class _Mail(_Part):
    message_id: str
    tags: dict[str, list[str]] | None = None


class SesEvent(_Part):
    """An SES event. Types that do not affect an address are parsed no further."""

    event_type: str
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None

    @property
    def configuration_set(self) -> str:
        """The configuration set that the mail was sent with, or an empty string."""
        return next(iter((self.mail.tags or {}).get("ses:configuration-set", [])), "")

    def ended(self) -> tuple[Literal["bounced", "complained"], datetime, list[str]] | None:
        """Return what suppresses which addresses, and when it happened, or None.

        A transient or undetermined bounce does not: the mailbox may be full. A suppressed address bounces permanently.
        `not-spam` is the opposite of a complaint.
        """
        if self.event_type == "Bounce" and self.bounce and self.bounce.bounce_type == "Permanent":
            return "bounced", self.bounce.timestamp, _addresses(self.bounce.bounced_recipients)
        if self.event_type == "Complaint" and self.complaint and self.complaint.complaint_feedback_type != "not-spam":
            return "complained", self.complaint.timestamp, _addresses(self.complaint.complained_recipients)
        return None


def _addresses(recipients: list[_Recipient]) -> list[str]:
    return [recipient.email_address for recipient in recipients]


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


def _place(loc: tuple[int | str, ...]) -> str:
    """Return where in an event an error is. Map keys may hold anything, so only plain names are included."""
    return ".".join(str(part) if str(part).isalnum() else "?" for part in loc)
