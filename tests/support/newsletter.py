"""The life of a sign-up in its steps: asked for, its link opened, its button pressed, welcomed, ended."""

import re
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from tests.support.app import PARAMETERS, Counter

SECRET = PARAMETERS["SigningSecret"]
READER = "reader@example.org"


def sign_up(counter: Counter, **fields: str) -> None:
    reply = counter.post("/newsletter", data={"email": "reader@example.org"} | fields)
    assert reply.status_code == 303
    counter.play_stream()


def link_in_last_mail(counter: Counter) -> str:
    body = counter.mails()[-1].get_body(("plain",))
    assert body is not None
    (link,) = re.findall(r"https://\S+", body.get_content())
    return str(link)


def open_link(counter: Counter, link: str) -> TestResponse:
    parts = urlsplit(link)
    return counter.http.get(f"{parts.path}?{parts.query}")


def press(counter: Counter, page: TestResponse, **changes: str) -> TestResponse:
    """Press the one button of a page, as a browser does."""
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    return counter.post(
        urlsplit(unescape(action)).path, data={name: unescape(v) for name, v in fields.items()} | changes
    )


def subscribe(counter: Counter, **fields: str) -> None:
    sign_up(counter, **fields)
    assert press(counter, open_link(counter, link_in_last_mail(counter))).status_code == 200
    counter.play_stream()


def welcome(counter: Counter) -> EmailMessage:
    return next(mail for mail in counter.mails() if "newsletter/unsubscribe" in mail.as_string())


def unsubscribe_url(counter: Counter) -> str:
    return str(welcome(counter)["List-Unsubscribe"]).strip("<>")


def local(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def subscriber(counter: Counter) -> dict[str, Any]:
    (item,) = counter.items("subscriber")
    return item


def events_of(item: dict[str, Any]) -> list[str]:
    return [entry["M"]["event"]["S"] for entry in item["history"]]


def subjects_to(counter: Counter, address: str) -> list[str]:
    return [mail["Subject"] for mail in counter.mails() if mail["To"] == address]
