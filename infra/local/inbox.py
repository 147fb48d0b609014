"""What was mailed: the inbox page and its JSON, read from moto's SES."""

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


def mails() -> list[dict[str, Any]]:
    """Return what was mailed through the moto of this process, oldest first: `id`, `from`, `to`, `subject`, `raw`.

    Read from its memory: its dashboard's data would be made of all its items each time.
    """
    # Not needed with other engines.
    from moto.ses.models import ses_backends  # noqa: PLC0415

    regions = [region for account in list(ses_backends.values()) for region in list(account.values())]
    return [_mail(message.id, message.raw_data) for region in regions for message in list(region.sent_messages)]


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
        "date": str(message["Date"] or ""),
        "headers": [(name, str(value)) for name, value in message.items()],
        # Links open beside the inbox; scripts and forms of an email do nothing.
        "html": f'<base target="_blank">{html.get_content()}' if html else "",
        "text": text.get_content() if text else "",
    }
