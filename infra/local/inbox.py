"""What was mailed: the inbox page and its JSON, read from moto's SES."""

from email import message_from_string, policy
from email.message import EmailMessage
from typing import Any

from infra.local.pages import render

# How many mails are kept, and how many of them the page shows.
KEPT = 1000
SHOWN = 100


def mails(after: str = "") -> list[dict[str, Any]]:
    """Return what was mailed through the moto of this process, oldest first: `id`, `from`, `to`, `subject`, `raw`.

    Given the id of a mail, only those after it, or all if that one is gone. Read from moto's memory, as its dashboard's
    data would be rebuilt from all items each time.
    """
    sent = [message for messages in _sent() for message in list(messages)]
    seen = next((index for index, message in enumerate(sent) if message.id == after), -1)
    return [_mail(message.id, message.raw_data) for message in sent[seen + 1 :]]


def forget_old_mails() -> None:
    """Drop all but the newest mails."""
    for messages in _sent():
        del messages[:-KEPT]


def _sent() -> list[list[Any]]:
    # Not needed with other engines.
    from moto.ses.models import ses_backends  # noqa: PLC0415

    return [region.sent_messages for account in list(ses_backends.values()) for region in list(account.values())]


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
    """Return the page of the newest mails, newest first: HTML and text as mail programs show them, and all headers."""
    shown = [{**mail, **_parts(mail["raw"])} for mail in reversed(inbox[-SHOWN:])]
    return render("inbox.html", mails=shown, kept=len(inbox), most=KEPT)


def _parts(raw: str) -> dict[str, Any]:
    message = message_from_string(raw, _class=EmailMessage, policy=policy.default)
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    return {
        "date": str(message["Date"] or ""),
        "headers": [(name, str(value)) for name, value in message.items()],
        # Links open in a new tab; scripts and forms of an email do nothing.
        "html": f'<base target="_blank">{html.get_content()}' if html else "",
        "text": text.get_content() if text else "",
    }
