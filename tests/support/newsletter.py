"""The steps of a sign-up: requested, link opened, button pressed, welcomed, ended."""

import re
from datetime import datetime
from email.message import EmailMessage
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from guichet.locales import Language
from guichet.records.subscriber import Imported, Subscriber
from guichet.signing import subscriber_id
from tests.support.app import PARAMETERS, App

SECRET = PARAMETERS["SigningSecret"]
READER = "reader@example.org"


def imported(address: str, at: datetime, language: Language = "fr") -> Subscriber:
    """Return a subscriber as an import makes one."""
    return Subscriber(
        id=subscriber_id(SECRET, address),
        state="confirmed",
        email=address,
        language=language,
        confirmed_at=at,
        history=(Imported(event="imported", at=at, statement="at the fair"),),
    )


def sign_up(app: App, **fields: str) -> None:
    reply = app.post("/newsletter", data={"email": "reader@example.org"} | fields)
    assert reply.status_code == 303
    app.play_stream()


def link_in_last_mail(app: App) -> str:
    body = app.mails()[-1].get_body(("plain",))
    assert body is not None
    link, *others = re.findall(r"https://\S+", body.get_content())
    assert all("/newsletter/refuse?" in other for other in others)
    return str(link)


def refusal_in_last_mail(app: App) -> str:
    """Return the link of "this was not me"."""
    body = app.mails()[-1].get_body(("plain",))
    assert body is not None
    (link,) = re.findall(r"https://\S+/newsletter/refuse\?\S+", body.get_content())
    return str(link)


def open_link(app: App, link: str) -> TestResponse:
    parts = urlsplit(link)
    return app.http.get(f"{parts.path}?{parts.query}")


def press(app: App, page: TestResponse, **changes: str) -> TestResponse:
    """Press the one button of a page, as a browser does."""
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    return app.post(urlsplit(unescape(action)).path, data={name: unescape(v) for name, v in fields.items()} | changes)


def subscribe(app: App, **fields: str) -> None:
    sign_up(app, **fields)
    assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    app.play_stream()


def welcome(app: App) -> EmailMessage:
    return next(mail for mail in app.mails() if "newsletter/unsubscribe" in mail.as_string())


def unsubscribe_url(app: App) -> str:
    return str(welcome(app)["List-Unsubscribe"]).strip("<>")


def local(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def subscriber(app: App) -> dict[str, Any]:
    (item,) = app.items("subscriber")
    return item


def events_of(item: dict[str, Any]) -> list[str]:
    return [entry["M"]["event"]["S"] for entry in item["history"]]


def subjects_to(app: App, address: str) -> list[str]:
    return [mail["Subject"] for mail in app.mails() if mail["To"] == address]
