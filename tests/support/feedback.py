"""What SES tells of an email that it has sent, as its topic hands it on."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from guichet.records.record import utc_now
from tests.support.app import App
from tests.support.newsletter import READER

EVENTS = Path(__file__).parent.parent / "events"


def event_text(name: str, **changes: str) -> str:
    """Return an event of SES, its places filled."""
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
    """Hand the feedback function an event of SES, wrapped as SNS wraps it."""
    assert app.functions["Feedback"](wrapped(event_text(name, **changes))) is None
