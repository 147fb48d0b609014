"""SES's events about a sent email, as its topic delivers them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from moto.ses.models import ses_backends

from guichet.records.record import utc_now
from tests.support.app import ACCOUNT, REGION, App
from tests.support.newsletter import READER

EVENTS = Path(__file__).parent.parent / "events"


def event_text(name: str, **changes: str) -> str:
    """Return an SES event, with its placeholders filled."""
    text = (EVENTS / f"{name}.json").read_text(encoding="utf-8")
    for placeholder, value in {
        "ADDRESS": READER,
        "SET": "guichet-VisitorMail",
        "AT": (utc_now() + timedelta(seconds=1)).isoformat().replace("+00:00", "Z"),
        **changes,
    }.items():
        text = text.replace(f"@{placeholder}@", value)
    return text


def wrapped(message: str) -> dict[str, Any]:
    """Return a message as SNS hands it to Lambda."""
    event: dict[str, Any] = json.loads((EVENTS / "sns.json").read_text(encoding="utf-8"))
    event["Records"][0]["Sns"]["Message"] = message
    return event


def feedback(app: App, name: str, **changes: str) -> None:
    """Pass an SES event to the feedback function, wrapped as by SNS."""
    assert app.functions["Feedback"](wrapped(event_text(name, **changes))) is None


def taken() -> list[Any]:
    """Return the mails that SES accepted, oldest first, with tags, configuration set and recipients (`to`)."""
    return list(ses_backends[ACCOUNT][REGION].sent_messages)


def tell(app: App, name: str, mail: Any = None, **bounce: str | None) -> None:
    """Pass the feedback function an SES event about a mail, by default the last one accepted.

    `bounce` changes attributes of the event's bounce (`bounceType`) and its only recipient (`status`); None removes
    one.
    """
    told(app, event_about(name, mail or taken()[-1], **bounce))


def event_about(name: str, mail: Any, **bounce: str | None) -> dict[str, Any]:
    """Return an SES event about a mail."""
    address = bounce.pop("address", None) or mail.to[0]
    event: dict[str, Any] = json.loads(event_text(name, ADDRESS=address, SET=mail.configuration_set))
    event["mail"] |= {"messageId": mail.id, "destination": mail.to}
    event["mail"]["tags"] |= mail.tags
    for field, value in bounce.items():
        recipient = event["bounce"]["bouncedRecipients"][0]
        part = recipient if field in ("status", "diagnosticCode") else event["bounce"]
        part.pop(field, None)
        if value is not None:
            part[field] = value
    return event


def told(app: App, event: dict[str, Any]) -> None:
    """Pass an event to the feedback function."""
    assert app.functions["Feedback"](wrapped(json.dumps(event))) is None
