"""A mail scanner opens every link in every email, by GET and HEAD, and follows all redirects."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from guichet.store import dynamodb
from tests.support.app import App  # noqa: TC001
from tests.support.newsletter import subscribe
from tests.support.wire import Wire

LINK = re.compile(r"""https?://[^\s"'<>]+""")


@pytest.mark.medium
def test_a_scanner_changes_nothing(make_app: Any) -> None:
    app: App = make_app(Acknowledge="on")
    subscribe(app)
    app.post("/newsletter", data={"email": "second@example.org"})
    app.post("/contact", data={"email": "third@example.org", "message": "Bonjour"})
    app.play_stream()
    before = app.items()
    wire = Wire(dynamodb.client())

    links: set[str] = set()
    for mail in app.mails():
        for part in mail.iter_parts():
            links |= set(LINK.findall(unescape(part.get_content())))
        links |= set(LINK.findall(str(mail["List-Unsubscribe"])))
    ours = {link for link in links if link.startswith("https://api.example/")}
    assert {urlsplit(link).path for link in ours} == {
        "/newsletter/confirm",
        "/newsletter/unsubscribe",
        "/newsletter/refuse",
        *(f"/desk/messages/{item['id']}" for item in app.items("message")),
        *(f"/desk/subscribers/{item['id']}" for item in app.items("subscriber")),
    }
    for link in sorted(ours):
        parts = urlsplit(link)
        for method in ("GET", "HEAD", "GET"):
            reply = app.http.open(f"{parts.path}?{parts.query}", method=method, follow_redirects=True)
            assert reply.status_code == (404 if method == "HEAD" else 200)
            # Also follow the page's own links.
            for further in LINK.findall(unescape(reply.text)):
                app.http.get(urlsplit(further).path)

    assert app.items() == before
    # It costs no more than reading what a page names.
    assert set(wire.operations) <= {"GetItem"}
