"""A preview of an issue as its readers get it. Importing this also imports the Markdown parser and the templates."""

from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Literal

from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.locales import Language
from guichet.mail.series import Series
from guichet.records.issue import Edition, Issue
from guichet.records.record import utc_now
from guichet.settings import MailSettings


def compose(
    issue_id: str, editions: Mapping[Language, Edition], language: Language, settings: MailSettings
) -> EmailMessage:
    """Return an issue's email in a language as readers get it, but to the owner and with a test's unsubscribe link."""
    now = utc_now()
    record = Issue(id=issue_id, languages=tuple(sorted(editions)), content="", changed_at=now, expires_at=now)
    series = Series(record, editions[language], language, settings)
    link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, language, settings.signing_secret)
    raw = series.addressed(settings.from_email, link)
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def html_part(message: EmailMessage) -> str:
    """Return the HTML of an email."""
    return _part(message, "html")


def text_part(message: EmailMessage) -> str:
    """Return the text of an email."""
    return _part(message, "plain")


def _part(message: EmailMessage, kind: Literal["html", "plain"]) -> str:
    part = message.get_body((kind,))
    # On the wire, lines end in CRLF.
    return str(part.get_content()).replace("\r\n", "\n") if part else ""
