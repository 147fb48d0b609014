"""A mail scanner opens every link of every email, by GET and HEAD, and follows all redirects."""

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from guichet.store import dynamodb
from tests.support.app import Counter  # noqa: TC001
from tests.support.newsletter import subscribe
from tests.support.wire import Wire

LINK = re.compile(r"""https?://[^\s"'<>]+""")


def test_a_scanner_changes_nothing(make_counter: Any) -> None:
    counter: Counter = make_counter(Acknowledge="on")
    subscribe(counter)
    counter.post("/newsletter", data={"email": "second@example.org"})
    counter.post("/contact", data={"email": "third@example.org", "message": "Bonjour"})
    counter.play_stream()
    before = counter.items()
    wire = Wire(dynamodb.client())

    links: set[str] = set()
    for mail in counter.mails():
        for part in mail.iter_parts():
            links |= set(LINK.findall(unescape(part.get_content())))
        links |= set(LINK.findall(str(mail["List-Unsubscribe"])))
    ours = {link for link in links if link.startswith("https://api.example/")}
    assert {urlsplit(link).path for link in ours} == {
        "/newsletter/confirm",
        "/newsletter/unsubscribe",
        "/owner/spam",
        "/owner/erase",
    }
    for link in sorted(ours):
        parts = urlsplit(link)
        for method in ("GET", "HEAD", "GET"):
            reply = counter.http.open(f"{parts.path}?{parts.query}", method=method, follow_redirects=True)
            assert reply.status_code == (404 if method == "HEAD" else 200)
            # And what the page itself leads to.
            for further in LINK.findall(unescape(reply.text)):
                counter.http.get(urlsplit(further).path)

    assert counter.items() == before
    # Nor does it cost more than a look at what a page names.
    assert set(wire.operations) <= {"GetItem"}
