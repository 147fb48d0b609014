"""Emails as MIME messages: envelope, headers, and text and HTML from their templates, in the reader's language."""

import re
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime, make_msgid
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_eval_context, select_autoescape
from jinja2.nodes import EvalContext
from markupsafe import escape

from guichet.locales import Language, locale
from guichet.mail.emails import named
from guichet.records.record import utc_now
from guichet.records.registry import Owner
from guichet.settings import NotifierSettings


class _VerbatimHeader(UnstructuredHeader):
    """A header whose value is one long word, such as a link: folding would encode and break it."""

    def fold(self, *, policy: Any) -> str:
        """Return the header on one line. SES takes up to 995 characters."""
        # The registry makes a class of this one and of BaseHeader, which knows the name.
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


def _policy() -> "EmailPolicy[Any]":
    headers = HeaderRegistry()
    headers.map_to_type("list-unsubscribe", _VerbatimHeader)  # type: ignore[arg-type]
    return SMTP.clone(header_factory=headers)


@cache
def _environment(language: Language) -> Environment:
    """Return the templates in a language: `say` inserts one of its sentences, `label` one with a colon."""
    words = locale(language)
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

    environment.globals |= {"language": language, "say": say, "label": label}
    environment.filters |= {"day": words.day, "when": words.when, "line": _line, "quoted": _quoted, "said": _said}
    return environment


_POLICY = _policy()
# Where a mail program may begin a line.
_LINE_BEGINS = re.compile("^|(?<=[\n\v\f\x1c-\x1e\x85\u2028\u2029])")
_LONGEST_SUBJECT = 200


def compose(name: str, language: Language, record: Owner, settings: NotifierSettings) -> EmailMessage:
    """Return the email of a name about a record.

    Visitors cannot add a line to any header, and their text is mailed to the owner alone.
    """
    content = named(name).content(record, language, settings)
    values = {"site": settings.site_name, **content.values}
    text, html = (_environment(language).get_template(f"{name}.{ending}").render(values) for ending in ("txt", "html"))
    # The text begins with the subject, as a message does with its headers.
    head, text = text.split("\n\n", 1)
    message = envelope(content.to, head.removeprefix("Subject:"), settings)
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    if content.reply_to:
        message["Reply-To"] = Address(addr_spec=content.reply_to)
    if content.unsubscribe_link:
        # RFC 2369 and RFC 8058: mailbox providers show a button of their own for these two.
        message["List-Unsubscribe"] = f"<{content.unsubscribe_link}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return message


def envelope(to: tuple[str, ...], subject: str, settings: NotifierSettings) -> EmailMessage:
    """Return an email with its headers and no content yet."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(settings.site_name, addr_spec=settings.from_email)
    message["To"] = [Address(addr_spec=address) for address in to]
    message["Subject"] = _inert(subject)
    message["Date"] = format_datetime(utc_now())
    # SES replaces it; by any other way a message without one looks suspicious.
    message["Message-ID"] = make_msgid(domain=settings.from_email.rpartition("@")[2])
    # RFC 3834: no automatic replies, please.
    message["Auto-Submitted"] = "auto-generated"
    return message


def _inert(subject: str) -> str:
    """Return a subject on one line, its text taken literally.

    The header class would decode a stranger's encoded words (RFC 2047), line breaks and all.
    """
    return _line(subject)[:_LONGEST_SUBJECT].replace("=?", "= ?")


def _line(text: str) -> str:
    """Return a text as one line."""
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return a stranger's text with a mark at each line, so that it cannot pass for the email's own."""
    return _LINE_BEGINS.sub("> ", text)


def _said(text: str, label: str) -> str:
    """Return a stranger's text after its label, quoted if it has more than one line."""
    return f"{label}\n{_quoted(text)}" if _LINE_BEGINS.search(text, 1) else f"{label} {text}"
