"""From a record to the email that it owes: real MIME, text and HTML, in the reader's language."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from guichet.confirmation import confirmation_link
from guichet.languages import Language
from guichet.records import EmailName, Message, Owing, SignUp, utc_now
from guichet.settings import NotifierSettings

_LONGEST_SUBJECT = 200


class PointlessError(Exception):
    """An email that is owed no more: what it would ask for is past. The text says why."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["when"] = _when
    return environment


def compose(name: EmailName, language: Language, record: Owing, settings: NotifierSettings) -> EmailMessage:
    """Return the email that a record owes. Raises PointlessError where nobody has any use for it now.

    No header takes more than one line from anybody, and only mail to the owner takes any text of a visitor at all.
    """
    to: tuple[str, ...]
    reply_to: str | None = None
    values: dict[str, Any]
    if isinstance(record, Message):
        to, reply_to, values = settings.owner_email, record.email, {"message": record}
    elif isinstance(record, SignUp):
        if record.confirmable_until < utc_now():
            raise PointlessError("the confirmation link has expired")
        link = confirmation_link(settings.api_url, record, language, settings.signing_secret)
        to, values = (record.email,), {"link": link, "until": record.confirmable_until}
    else:
        to, values = settings.owner_email, {"subscriber": record}
    return _mime(name, language, {**values, "site": settings.site_name}, to, reply_to, settings)


def _mime(  # noqa: PLR0913, PLR0917  the parts of an email
    name: EmailName,
    language: Language,
    values: dict[str, Any],
    to: tuple[str, ...],
    reply_to: str | None,
    settings: NotifierSettings,
) -> EmailMessage:
    # The text template begins with the subject, as a message does with its headers.
    head, text = _render(f"{name}.{language}.txt", values).split("\n\n", 1)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.site_name, addr_spec=settings.from_email)
    message["To"] = [Address(addr_spec=address) for address in to]
    if reply_to is not None:
        message["Reply-To"] = Address(addr_spec=reply_to)
    message["Subject"] = " ".join(head.removeprefix("Subject:").split())[:_LONGEST_SUBJECT]
    message["Date"] = format_datetime(utc_now())
    # SES puts its own in its place; a message without one is suspicious on any other way.
    message["Message-ID"] = make_msgid(domain=settings.from_email.rpartition("@")[2])
    # RFC 3834: no automatic reply is to answer this.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(_render(f"{name}.{language}.html", values), subtype="html", cte="quoted-printable")
    return message


def _render(template: str, values: dict[str, Any]) -> str:
    return _environment().get_template(template).render(values)


def _when(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
