"""A browser at the desk: it keeps cookies, sends its pages' origin, and posts the forms that it is shown."""

import os
import re
from email.message import EmailMessage
from html import unescape
from html.parser import HTMLParser
from typing import Any, Literal
from urllib.parse import urlsplit

from werkzeug.test import Client, TestResponse

from desk import access
from desk.call import Visit
from guichet.http.request import Request
from guichet.settings import DeskSettings
from guichet.signing import subscriber_id
from guichet.store import dynamodb, sessions
from tests.support.app import PARAMETERS, App

# The host under which the tests' client reaches the API.
HOST = "api.example"
ORIGIN = f"https://{HOST}"
OWNER = PARAMETERS["OwnerEmail"]


class _Forms(HTMLParser):
    """The forms of a page: where they post to, their fields, and the labels of their buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self._button: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(
                {"action": given["action"], "method": given.get("method", "get"), "fields": {}, "buttons": []}
            )
        elif tag in {"input", "textarea", "select"} and self.forms and given.get("name"):
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self.forms[-1]["fields"][given["name"]] = given.get("value", "")
        elif tag == "button":
            self._button = ""

    def handle_data(self, data: str) -> None:
        if self._button is not None:
            self._button += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "button" and self._button is not None:
            self.forms[-1]["buttons"].append(self._button.strip())
            self._button = None


def forms_of(page: TestResponse) -> list[dict[str, Any]]:
    """Return the forms of a page, in order."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.forms


def code_and_link(mail: EmailMessage) -> tuple[str, str]:
    """Return the code of a sign-in email, and its link, which is empty for a fresh code."""
    body = mail.get_body(("plain",))
    assert body is not None
    text = "\n".join(body.get_content().splitlines())
    link = re.search(r"^https?://\S+/sign-in/link\S+$", text, re.MULTILINE)
    (code,) = re.findall(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}$", text, re.MULTILINE)
    return code, link[0] if link else ""


class Browser:
    """A browser with its own cookies and its own address."""

    def __init__(self, app: App, address: str = "203.0.113.7", language: str = "en") -> None:
        self.app = app
        # Its own cookies would replace ours.
        self._http = Client(app.http.application, use_cookies=False)
        self.cookies: dict[str, str] = {}
        self.address = address
        self.language = language

    def signed_in(self, owner: str = OWNER) -> "Browser":
        """Sign in without an email, by storing a session."""
        settings = DeskSettings.model_validate(self.app.stack.functions["Desk"].environment)
        visit = Visit(Request("", "GET /desk", {}, {}, self.address, ORIGIN, "en", {}), settings)
        session, value = access.new_session(visit, subscriber_id(settings.signing_secret, owner), remember=False)
        dynamodb.transact([sessions.opening(settings.table_name, session)])
        self.cookies["__Host-guichet-desk"] = value
        return self

    def ask(self, owner: str = OWNER, **fields: str) -> TestResponse:
        """Type an address on the sign-in page, and follow to the page for the code. Nothing is mailed yet."""
        return self.follow(self.post("sign-in", {"address": owner, **fields}))

    def sign_in(self, owner: str = OWNER, *, by: Literal["code", "link"] = "code", **fields: str) -> TestResponse:
        """Sign in for real: ask, let the email go out, and type its code or press the button behind its link."""
        self.ask(owner, **fields)
        self.app.play_stream()
        code, link = code_and_link(self.app.mails()[-1])
        if by == "code":
            return self.follow(self.post("sign-in/code", {"code": code}))
        (form,) = forms_of(self.get(link))
        return self.follow(self.post(form["action"], form["fields"]))

    def get(self, page: str = "", **headers: str) -> TestResponse:
        """Open a page of the desk by its path below /desk, or any URL of the API."""
        return self._asked("GET", page, headers)

    def post(self, page: str, data: dict[str, str] | bytes | None = None, **headers: str) -> TestResponse:
        """Post to a page of the desk, from a page of it."""
        return self._asked("POST", page, {"Origin": ORIGIN, **headers}, data or {})

    def press(self, page: TestResponse, label: str, **fields: str) -> TestResponse:
        """Press the button with a label on a page, with some fields filled in, and follow redirects."""
        (form,) = [form for form in forms_of(page) if label in form["buttons"]]
        return self.follow(self.post(form["action"], {**form["fields"], **fields}))

    def follow(self, reply: TestResponse) -> TestResponse:
        """Follow redirects. Each page says what was done, if the redirect names it."""
        while reply.status_code in {302, 303}:
            location = reply.headers["Location"]
            reply = self.get(location)
            assert "told=" not in location or 'class="told"' in reply.text, location
        return reply

    def _asked(self, method: str, page: str, headers: dict[str, str], data: Any = None) -> TestResponse:
        path = page if page.startswith("/") else f"/desk/{page}".rstrip("/")
        if page.startswith("http"):
            parts = urlsplit(unescape(page))
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        given = {
            "Accept": "text/html",
            "Accept-Language": self.language,
            **({"Cookie": cookies} if cookies else {}),
            **headers,
        }
        reply = self._http.open(
            path,
            method=method,
            headers=given,
            data=data,
            base_url=ORIGIN,
            environ_overrides={"REMOTE_ADDR": self.address},
        )
        for cookie in reply.headers.getlist("Set-Cookie"):
            name, _, rest = cookie.partition("=")
            value = rest.partition(";")[0]
            if re.search(r"Max-Age=0(;|$)", cookie):
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return reply


def deploy(**variables: str) -> None:
    """Change variables of the functions' environment, as a deploy does: `OWNER_EMAIL="a@example.org"`."""
    # Imported late: they are under test.
    from desk import handler as desk  # noqa: PLC0415
    from feedback import handler as feedback  # noqa: PLC0415
    from notifier import handler as notifier  # noqa: PLC0415

    os.environ.update(variables)
    for function in (desk, feedback, notifier):
        function.settings.cache_clear()
