"""The sample events of infra/events."""

import json
from typing import Any

from infra.template import TEMPLATE

EVENTS = TEMPLATE.parent / "infra" / "events"
FOLDER = {path.name: path for path in sorted(EVENTS.glob("*.json"))}

# The sample requests: their routes and media types.
HTTP = {
    "contact-form.json": ("POST /contact", "application/x-www-form-urlencoded"),
    "contact-json.json": ("POST /contact", "application/json"),
    "contact-multipart.json": ("POST /contact", "multipart/form-data"),
    "comments-form.json": ("POST /comments", "application/x-www-form-urlencoded"),
    "comments-page.json": ("GET /comments", ""),
    "comments-mine.json": ("POST /comments/mine", "application/x-www-form-urlencoded"),
    "comments-mine-page.json": ("GET /comments/mine", ""),
    "newsletter-form.json": ("POST /newsletter", "application/x-www-form-urlencoded"),
    "confirm-page.json": ("GET /newsletter/confirm", ""),
    "unsubscribe-page.json": ("GET /newsletter/unsubscribe", ""),
    "unsubscribe-one-click.json": ("POST /newsletter/unsubscribe", "application/x-www-form-urlencoded"),
    "renew-page.json": ("GET /newsletter/renew", ""),
    "renew.json": ("POST /newsletter/renew", "application/x-www-form-urlencoded"),
    "refuse-page.json": ("GET /newsletter/refuse", ""),
    "refuse.json": ("POST /newsletter/refuse", "application/x-www-form-urlencoded"),
    "desk-sign-in-page.json": ("GET /desk/{page+}", ""),
    "desk-sign-in.json": ("POST /desk/{page+}", "application/x-www-form-urlencoded"),
    "desk-messages.json": ("GET /desk/{page+}", ""),
    "desk-spam.json": ("POST /desk/{page+}", "application/x-www-form-urlencoded"),
}


def sample(name: str) -> dict[str, Any]:
    """Return a sample event."""
    event: dict[str, Any] = json.loads(FOLDER[name].read_text(encoding="utf-8"))
    return event
