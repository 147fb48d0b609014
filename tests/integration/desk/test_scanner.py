"""A mail scanner opens every link in every email to the owner; so may anyone who gets one forwarded."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from guichet.store import dynamodb
from tests.support.app import App
from tests.support.desk import ORIGIN, OWNER, Browser
from tests.support.newsletter import subscribe
from tests.support.wire import Wire

LINK = re.compile(r"""https?://[^\s"'<>]+""")
# Text that is in the emails, and must not be on any page that a stranger gets.
TOLD = (OWNER, "reader@example.org", "third@example.org", "Bonjour")


@pytest.mark.slow
def test_a_scanner_changes_nothing_learns_nothing_and_the_owner_still_gets_in(make_app: Any) -> None:
    app: App = make_app(DefaultLanguage="en", WeeklyDigest="on")
    subscribe(app)
    app.post("/contact", data={"email": "third@example.org", "message": "Bonjour", "name": "Zoé"})
    app.post("/contact", data={"email": "third@example.org", "message": "Bonjour", "_gotcha": "x"})
    by_code, by_link = Browser(app), Browser(app)
    asked = by_code.follow(by_code.post("sign-in", {"address": OWNER, "next": "messages"}))
    by_link.post("sign-in", {"address": OWNER, "next": "messages"})
    app.play_stream()
    before = app.items()
    wire = Wire(dynamodb.client())

    links = links_to_the_desk(app)
    paths = {re.sub("[0-9a-f]{32}", "ID", urlsplit(link).path) for link in links}
    assert paths >= {"/desk/messages/ID", "/desk/subscribers/ID", "/desk/sign-in/link"}
    for link in sorted(links):
        parts = urlsplit(link)
        # No address of a page is a key to it.
        assert parts.path == "/desk/sign-in/link" or "token" not in parts.query
        for method in ("GET", "HEAD", "GET"):
            reply = app.http.open(f"{parts.path}?{parts.query}", method=method, follow_redirects=True)
            # The sign-in link only works in the browser that requested it.
            opened = 403 if parts.path == "/desk/sign-in/link" else 200
            assert reply.status_code == (404 if method == "HEAD" else opened), link
            assert [told for told in TOLD if told in reply.text] == []
            assert "set-cookie" not in reply.headers
            for further in LINK.findall(unescape(reply.text)):
                app.http.get(urlsplit(further).path)
    # It does not press buttons either.
    for link in sorted(links):
        parts = urlsplit(link)
        for headers in ({}, {"Origin": ORIGIN}, {"Origin": "null"}):
            posted = app.http.post(f"{parts.path}?{parts.query}", base_url=ORIGIN, headers=headers)
            assert posted.status_code in {403, 422}
            assert [told for told in TOLD if told in posted.text] == []

    assert app.items() == before
    assert set(wire.operations) <= {"GetItem"}

    texts = sign_in_texts(app)
    codes = [code for text in texts for code in re.findall(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", text)]
    entered = (by_code.press(asked, "Sign in", code=code) for code in dict.fromkeys(codes))
    assert any(OWNER in page.text and page.status_code == 200 for page in entered)
    mine = [link for text in texts for link in LINK.findall(text) if "/desk/sign-in/link" in link]
    pages = [page for page in map(by_link.get, mine) if page.status_code == 200]
    assert len(pages) == 1
    assert OWNER in by_link.press(pages[0], "Sign in").text


def links_to_the_desk(app: App) -> set[str]:
    """Return every link to the desk in every email."""
    parts = (part.get_content() for mail in app.mails() for part in mail.iter_parts())
    links = {link for part in parts for link in LINK.findall(unescape(part))}
    return {link for link in links if urlsplit(link).path.startswith("/desk")}


def sign_in_texts(app: App) -> list[str]:
    """Return the texts of the sign-in emails."""
    texts = [str(part.get_content()) for mail in app.mails() if (part := mail.get_body(("plain",))) is not None]
    return [text for text in texts if f"{ORIGIN}/desk/sign-in/link" in text]
