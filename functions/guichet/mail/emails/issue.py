"""To a reader: an issue of the newsletter. It is sent from the issue's own rows, never from the outbox."""

from guichet.locales import Language
from guichet.mail.emails import Addressee, Content, Due
from guichet.records.issue import WrittenIssue
from guichet.records.outbox import Audience
from guichet.settings import MailSettings

NAME = "issue"
AUDIENCE: Audience = "visitor"
ADDRESSEE: Addressee = "subscriber"
STRANGER_SHARE: float | None = None


def ineligible(_due: Due[WrittenIssue]) -> str | None:
    """Return why it is not to be sent from the outbox."""
    return "an issue is sent from its own rows"


def content(written: WrittenIssue, _language: Language, settings: MailSettings) -> Content:
    """Return the content: what the author wrote, and the link to unsubscribe."""
    # Imported late: only an issue needs them.
    from guichet.accent import accent  # noqa: PLC0415
    from guichet.mail import markdown  # noqa: PLC0415

    edition = written.edition
    body = markdown.html(edition.markdown, accent(settings.accent_color).light)
    values = {
        # As one line, whatever line breaks they contain.
        "subject": " ".join(edition.subject.splitlines()),
        "preheader": " ".join(edition.preheader.splitlines()),
        "url": edition.url,
        # If the author begins with a title, it is not repeated.
        "heading": not body.startswith("<h1"),
        "body_html": body,
        "body_text": markdown.text(edition.markdown),
        "link": written.unsubscribe_link,
        "privacy_url": settings.privacy_url,
    }
    return Content(written.to, values, unsubscribe_link=written.unsubscribe_link)
