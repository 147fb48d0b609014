"""Emails as MIME messages: envelope, headers, and text and HTML from their templates, in the reader's language."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import escape

from guichet.accent import accent
from guichet.locales import Language, locale
from guichet.mail import headers, strangers, texts
from guichet.mail.emails import Content, named
from guichet.records.outbox import Audience
from guichet.records.record import utc_now
from guichet.records.registry import Reported
from guichet.settings import MailSettings

# Some mail servers refuse headers of more than a thousand characters.
_LONGEST_NAME = 100


@cache
def _environment(language: Language, time_zone: str) -> Environment:
    """Return the template environment of a language: `say` inserts one of its sentences, `label` one with a colon."""
    words, zone = locale(language), ZoneInfo(time_zone)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html"], default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    @pass_eval_context
    def say(context: EvalContext, key: str, **values: object) -> str:
        # In HTML, Markup escapes the values, except those that are Markup themselves.
        sentence = escape(words.SENTENCES[key]) if context.autoescape else words.SENTENCES[key]
        return sentence.format_map(values)

    @pass_eval_context
    def label(context: EvalContext, key: str) -> str:
        return say(context, "label", name=say(context, key))

    def when(at: datetime) -> str:
        return words.when(at.astimezone(zone))

    environment.globals |= {"language": language, "say": say, "label": label}
    environment.filters |= {"day": words.day, "when": when, "number": lambda count: words.number(str(count))}
    # Text from strangers goes through one of these filters.
    environment.filters |= {"line": strangers.one_line, "unpadded": strangers.unpadded, "quoted": strangers.quoted}
    environment.filters |= {"brief": strangers.brief}
    return environment


def compose(name: str, language: Language, record: Reported, settings: MailSettings) -> EmailMessage:
    """Return the email of a name about a record.

    Visitors cannot add a line to any header, and their text is mailed only to the owner.
    """
    email = named(name)
    return written(name, email.AUDIENCE, email.content(record, language, settings), language, settings)


def written(
    name: str, audience: Audience, content: Content, language: Language, settings: MailSettings
) -> EmailMessage:
    """Return the email of a name with its content."""
    values = {
        "site": settings.site_name,
        "accent": accent(settings.accent_color),
        "logo": settings.logo,
        # The owner wrote it.
        "privacy_url": "" if audience == "owner" else settings.privacy_url,
        **content.values,
    }
    template = name
    # A form's own reply is more specific than the text for all forms.
    if not content.values.get("reply") and (
        own := texts.words(name, language, settings.site_name, content.values.get("link", ""))
    ):
        template = "own"
        values["own"] = own
    templates = _environment(language, settings.time_zone)
    text, html = (templates.get_template(f"{template}.{ending}").render(values) for ending in ("txt", "html"))
    # The text begins with the subject, as a message does with its headers.
    head, text = text.split("\n\n", 1)
    message = envelope(content.to, head.removeprefix("Subject:").strip(), audience, settings)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if content.reply_to:
        display_name = strangers.brief(strangers.one_line(content.reply_to_name), _LONGEST_NAME)
        message["Reply-To"] = headers.mailbox("Reply-To", display_name, content.reply_to)
    if content.unsubscribe_link:
        # RFC 2369 and RFC 8058: mailbox providers show their own unsubscribe button if both are there.
        message["List-Unsubscribe"] = f"<{content.unsubscribe_link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def envelope(to: tuple[str, ...], subject: str, audience: Audience, settings: MailSettings) -> EmailMessage:
    """Return an email with its headers, as they go over the wire, and no content yet."""
    message = EmailMessage(policy=headers.WIRE)
    message["From"] = headers.mailbox("From", settings.site_name, settings.from_email)
    message["To"] = headers.addresses("To", to)
    message["Subject"] = headers.text("Subject", subject)
    message["Date"] = format_datetime(utc_now())
    # SES replaces it; sent any other way, a message without one looks suspicious.
    message["Message-ID"] = make_msgid(domain=settings.from_email.rpartition("@")[2])
    if audience != "owner":
        # RFC 3834: no automatic replies, please. Not in mail to the owner: helpdesks suspend tickets marked like this.
        message["Auto-Submitted"] = "auto-generated"
        if settings.reply_to_email:
            message["Reply-To"] = settings.reply_to_email
    return message
