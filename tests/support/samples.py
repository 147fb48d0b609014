"""The sample events of infra/events."""

import json
from typing import Any

from infra.template import TEMPLATE

EVENTS = TEMPLATE.parent / "infra" / "events"
FOLDER = {path.name: path for path in sorted(EVENTS.glob("*.json"))}


def sample(name: str) -> dict[str, Any]:
    """Return a sample event."""
    event: dict[str, Any] = json.loads(FOLDER[name].read_text(encoding="utf-8"))
    return event
