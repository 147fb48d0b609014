"""What was mailed: the inbox page and its JSON, read from moto's SES."""

import json
import urllib.request
from email import message_from_string, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )


def mails(moto: str) -> list[dict[str, Any]]:
    """Return what was mailed through moto at an address, oldest first: `id`, `from`, `to`, `subject`, `raw`."""
    with urllib.request.urlopen(f"{moto}/moto-api/data.json", timeout=5) as response:  # noqa: S310  our own server
        sent = json.load(response).get("ses", {}).get("RawMessage", [])
    return [_mail(message["id"], message["raw_data"]) for message in sent]


def _mail(identifier: str, raw: str) -> dict[str, Any]:
    message = message_from_string(raw, policy=policy.default)
    return {
        "id": identifier,
        "from": str(message["From"]),
        "to": [address.addr_spec for address in message["To"].addresses],
        "subject": str(message["Subject"]),
        "raw": raw,
    }


def inbox_page(inbox: list[dict[str, Any]]) -> str:
    """Return the page of what was mailed, newest first: HTML and text as mail programs show them, and all headers."""
    shown = [{**mail, **_parts(mail["raw"])} for mail in reversed(inbox)]
    return _environment().get_template("inbox.html").render(mails=shown)


def _parts(raw: str) -> dict[str, Any]:
    message = message_from_string(raw, _class=EmailMessage, policy=policy.default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    return {
        "headers": [(name, str(value)) for name, value in message.items()],
        # Links open beside the inbox; scripts and forms of an email do nothing.
        "html": f'<base target="_blank">{html.get_content()}' if html else "",
        "text": text.get_content() if text else "",
    }
