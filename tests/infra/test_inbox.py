"""The inbox: what was mailed, as JSON and as a page."""

from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest

from infra.local import engine, inbox
from tests.support.app import resolve


@pytest.fixture
def moto() -> Iterator[str]:
    """Return the address of a moto server; it shares its mails with the clients of this process."""
    server = engine.MotoServer()
    engine.create_mail(resolve())
    yield server.address
    server.stop()


def send(subject: str, text: str = "text", html: str = "", to: str = "a@example.org, B <b@example.org>") -> None:
    """Send an email."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Guichet <guichet@atelier.example>", to, subject
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    engine.client("sesv2").send_email(Content={"Raw": {"Data": message.as_bytes()}})


class Page(HTMLParser):
    """The tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a tag."""
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of all tags of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


def mail(raw: str, subject: str = "Subject") -> dict[str, Any]:
    """Return an email of the inbox."""
    return {"id": "1", "from": "a@example.org", "to": ["b@example.org"], "subject": subject, "raw": raw}


@pytest.mark.usefixtures("moto")
def test_an_inbox_without_mail_is_empty() -> None:
    assert inbox.mails() == []
    assert "0 sent" in inbox.inbox_page([])


@pytest.mark.usefixtures("moto")
def test_mails_are_listed_oldest_first_with_their_whole_source() -> None:
    send("Première")
    send("Second", html="<p>é</p>")
    first, second = inbox.mails()
    assert set(first) == {"id", "from", "to", "subject", "raw"}
    assert (first["subject"], second["subject"]) == ("Première", "Second")
    assert first["id"] != second["id"]
    assert first["from"] == "Guichet <guichet@atelier.example>"
    assert first["to"] == ["a@example.org", "b@example.org"]
    assert "multipart/alternative" in second["raw"]


@pytest.mark.usefixtures("moto")
def test_the_page_shows_the_newest_mail_first() -> None:
    send("Older")
    send("Newer")
    page = inbox.inbox_page(inbox.mails())
    assert page.index("<h2>Newer") < page.index("<h2>Older")


@pytest.mark.usefixtures("moto")
def test_only_the_newest_mails_are_kept_and_fewer_of_them_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "KEPT", 4)
    monkeypatch.setattr(inbox, "SHOWN", 2)
    for number in range(6):
        send(f"Mail {number}")
    inbox.forget_old_mails()
    mails = inbox.mails()
    assert [entry["subject"] for entry in mails] == ["Mail 2", "Mail 3", "Mail 4", "Mail 5"]
    page = inbox.inbox_page(mails)
    assert "4 sent, newest first; only the newest 2 are shown; older ones are not kept." in page
    assert "<h2>Mail 4" in page
    assert "<h2>Mail 3" not in page


@pytest.mark.usefixtures("moto")
def test_mails_are_read_on_from_one_that_is_known() -> None:
    for number in range(3):
        send(f"Mail {number}")
    first, second, third = inbox.mails()
    assert inbox.mails(after=first["id"]) == [second, third]
    assert inbox.mails(after=third["id"]) == []
    # One that is no longer kept.
    assert len(inbox.mails(after="unknown")) == 3


@pytest.mark.usefixtures("moto")
def test_the_html_of_a_mail_is_shown_in_a_frame_that_runs_nothing() -> None:
    send("Subject", html='<p class="a">Bonjour &amp; "merci"</p><script>alert(1)</script>')
    page = Page(inbox.inbox_page(inbox.mails()))
    (frame,) = page.all("iframe")
    sandbox = (frame["sandbox"] or "").split()
    assert "allow-scripts" not in sandbox
    assert "allow-same-origin" not in sandbox
    assert "allow-forms" not in sandbox
    assert '<p class="a">Bonjour &amp; "merci"</p>' in (frame["srcdoc"] or "")
    assert page.all("script") == []


def test_a_mail_without_html_has_no_frame() -> None:
    page = inbox.inbox_page([mail("From: a@example.org\nSubject: x\n\n1 < 2\n")])
    assert Page(page).all("iframe") == []
    assert "1 &lt; 2" in page


def test_subjects_and_headers_are_escaped() -> None:
    evil = "<img src=x onerror=alert(1)>"
    page = inbox.inbox_page([mail(f"From: a@example.org\nX-Evil: {evil}\n\ntext\n", subject=evil)])
    assert Page(page).all("img") == []
    assert page.count("&lt;img src=x") == 2
