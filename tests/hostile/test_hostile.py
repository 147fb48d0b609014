"""Each hostile input in the neighbouring data files, from the post to the table and the owner's inbox.

A case is an object with `name`, `request` and `expect`.

`request`: `path` (`/contact`), `headers`, `content_type`, and the body as one of `form` (urlencoded), `json`, `text`,
`base64`, or `parts` (texts, and `{"repeat": …, "times": …}`); `event` replaces members of the event behind the gateway.

`expect` of a refusal: `status` and `errors`, each a code and a field or null. Of an accepted one: `status`; `next`, the
address of `_next` or null for the thank-you page; `stored`, everything that is stored of the visitor's words; `mail`,
the email's `subject` and what it `contains` and `lacks`; `links` if the words may lead to the spam folder, without
mail. Each is also posted by the other kind of client: browsers and JSON clients get the same outcome.
"""

import base64
import json
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode

import pytest
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends
from werkzeug.test import Client, TestResponse

from guichet.mail import strangers
from guichet.mail.mime import compose
from guichet.records.comment import Comment
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.settings import NotifierSettings
from infra.local.functions import routes
from infra.local.gateway import Gateway
from tests.support.app import REGION, SITE, App, isolated, resolve
from tests.support.contact import NOTIFICATION_HEADERS
from tests.support.stack import unquoted

CASES = [
    pytest.param(
        case,
        id=case["name"].encode("unicode_escape").decode()[:80],
    )
    for file in sorted(Path(__file__).parent.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8"))
]
AT_LEAST = 200
ORIGINS = (SITE, "https://www.atelier.example")
KEPT = {
    "message": ("email", "message", "name", "subject", "phone", "extra", "form_subject", "page"),
    "request": ("email", "name", "page", "consent_claim", "caller_address"),
    "comment": ("page", "name", "email", "comment", "parent"),
}


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    """Run this module in one world, instead of one per test: there are too many tests."""
    with isolated():
        yield


@pytest.fixture(scope="module")
def shared() -> App:
    """Return the stack that the cases share."""
    return App(resolve())


@pytest.fixture
def app(shared: App) -> Iterator[App]:
    """Return the stack, with nothing in it."""
    yield shared
    # Stream records that a failed case left behind have no effect without their items.
    dynamodb_backends["123456789012"][REGION].get_table("table").items.clear()
    ses_backends["123456789012"][REGION].sent_messages.clear()


def test_there_are_enough_of_them_and_each_has_a_name_of_its_own() -> None:
    names = [case.values[0]["name"] for case in CASES]  # type: ignore[attr-defined, index, call-overload, unused-ignore]

    assert len(names) >= AT_LEAST
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES)
def test_a_hostile_input_has_the_outcome_of_the_contract(app: App, case: dict[str, Any]) -> None:
    request, expected = case["request"], case["expect"]
    if "errors" in expected:
        _check_refusal(app, request, expected)
    else:
        _check_acceptance(app, request, expected)


def _check_refusal(app: App, request: dict[str, Any], expected: dict[str, Any]) -> None:
    as_json = _post(app, request, accept="application/json")
    as_sent = _post(app, request)

    assert as_json.status_code == as_sent.status_code == expected["status"]
    reply = as_json.json
    assert as_json.mimetype == "application/json"
    assert reply is not None
    assert reply.keys() == {"error", "errors"}
    assert [[error["code"], error.get("field")] for error in reply["errors"]] == expected["errors"]
    assert reply["error"] == reply["errors"][0]["message"]
    if as_sent.mimetype == "text/html":
        # Whatever a field's name is, the page has the same elements as any other.
        assert {tag for tag, _ in _Skeleton(as_sent.text).tags} <= PAGE_TAGS
        assert "default-src 'none'" in as_sent.headers["content-security-policy"]
        assert all(error["message"] in _Skeleton(as_sent.text).text for error in reply["errors"])
    assert app.items() == []


PAGE_TAGS = {"html", "head", "meta", "title", "style", "body", "header", "main", "footer", "h1", "p", "ul", "li", "a"}


def _check_acceptance(app: App, request: dict[str, Any], expected: dict[str, Any]) -> None:
    form = request.get("path", "/contact").rpartition("/")[2]
    following = expected["next"] or f"http://localhost/thanks?form={form}&language=fr"

    reply = _post(app, request)

    assert reply.status_code == expected["status"]
    assert _where(reply) == following
    stored = _expanded(expected["stored"])
    assert _stored(app) == [stored]
    if reply.status_code == 303:
        assert _where(_post(app, request, accept="application/json")) == following
    app.play_stream("Notifier")
    mails = _mails()
    if expected.get("links") and not mails:
        return
    assert len(mails) == 1
    if form in ("contact", "comments"):
        (kept,) = (*app.items("message"), *app.items("comment"))
        _check_notification(mails[0], stored, kept)
    else:
        _check_confirmation_request(mails[0], stored)
    _check_words(mails[0], expected.get("mail", {}))


def _check_notification(mail: EmailMessage, stored: dict[str, Any], kept: dict[str, Any]) -> None:
    """Check that it only goes to the owner, says everything that was written, and shows it as plain text."""
    assert mail.keys() == NOTIFICATION_HEADERS
    assert str(mail["From"]) == "Atelier Bellevue <guichet@atelier.example>"
    assert mail["To"] == "owner@atelier.example"
    assert mail["Reply-To"].addresses[0].addr_spec == stored["email"]
    assert len(mail["Reply-To"].addresses) == 1
    assert _subject(mail).startswith("[Atelier Bellevue] ")
    assert _subject(mail).isprintable()
    assert _recipients() == ["owner@atelier.example"]
    text, html = _bodies(mail)
    said = dict(stored)
    if "comment" in stored:
        # A page's address is shown in readable form.
        said["page"] = strangers.one_line(unquote(stored["page"]))
    words = [value for name, value in said.items() if name not in ("extra", "form_subject", "parent")]
    # The name of a field is on one line.
    words += [word for name, value in stored.get("extra", []) for word in (" ".join(name.split()), value)]
    shown = _Skeleton(html)
    assert all(word in unquoted(text) and word in shown.text for word in words)
    # What could pass for another line of the email is marked.
    written = {line for word in words for line in word.splitlines()[1:]} - {"", "--"}
    assert not written & set(text.splitlines())
    assert text.splitlines().count("--") == 1
    assert shown.tags == _Skeleton(_harmless(stored, kept)).tags


def _check_confirmation_request(mail: EmailMessage, stored: dict[str, Any]) -> None:
    """Check that it goes to the address that asked, with fixed text."""
    assert mail.keys() == [*NOTIFICATION_HEADERS[:5], "Auto-Submitted", *NOTIFICATION_HEADERS[5:-1]]
    assert str(mail["From"]) == "Atelier Bellevue <guichet@atelier.example>"
    assert mail["To"] == stored["email"]
    assert _recipients() == [stored["email"]]
    strangers = [value for name, value in stored.items() if name != "email"]
    assert not [word for word in strangers for part in (*_bodies(mail), str(mail["Subject"])) if word in part]


def _check_words(mail: EmailMessage, expected: dict[str, Any]) -> None:
    text, html = _bodies(mail)
    text = unquoted(text)
    if "subject" in expected:
        assert _subject(mail) == expected["subject"]
    for words in expected.get("contains", []):
        assert words in text
    for words in expected.get("lacks", []):
        assert words not in f"{text}{html}{mail['Subject']}"


def _post(app: App, request: dict[str, Any], *, accept: str | None = None) -> TestResponse:
    headers = request.get("headers", {}) | ({"accept": accept} if accept else {})
    body, content_type = _body(request)
    client = app.http
    if changes := request.get("event"):
        client = Client(Gateway(_changed(app, changes), app.stack.cors))
    return client.post(
        request.get("path", "/contact"),
        data=body,
        content_type=request.get("content_type", content_type),
        headers=headers,
        environ_overrides={"REMOTE_ADDR": "203.0.113.7"},
    )


def _changed(app: App, changes: dict[str, Any]) -> dict[str, Callable[[dict[str, Any]], Any]]:
    """Return the functions behind a gateway that passes on modified events."""
    return {
        route: lambda event, invoke=invoke: invoke({**event, **changes})  # type: ignore[misc]
        for route, invoke in routes(app.functions).items()
    }


def _body(request: dict[str, Any]) -> tuple[bytes, str | None]:
    match request:
        case {"form": form}:
            pairs = form.items() if isinstance(form, dict) else map(tuple, form)
            return urlencode(list(pairs)).encode(), "application/x-www-form-urlencoded"
        case {"json": value}:
            return json.dumps(value).encode(), "application/json"
        case {"base64": text}:
            return base64.b64decode(text), None
        case {"parts": parts}:
            return "".join(map(_expanded, parts)).encode(), None
        case _:
            return request["text"].encode(), None


def _expanded(value: Any) -> Any:
    """Return a value with its repetitions written out."""
    match value:
        case {"repeat": text, "times": times}:
            return text * times
        case dict():
            return {name: _expanded(member) for name, member in value.items()}
        case list():
            return [_expanded(member) for member in value]
        case _:
            return value


def _where(reply: TestResponse) -> str:
    """Return where a successful reply leads to, which is always an address of this API or of an allowed origin."""
    if reply.status_code == 303:
        to = reply.headers["location"]
        assert reply.text == ""
    else:
        assert reply.status_code == 200
        assert reply.json is not None
        assert reply.json.keys() == {"ok", "id", "next", "message"}
        assert reply.json["ok"] is True
        to = reply.json["next"]
    assert any(
        to == origin or to.startswith((f"{origin}/", f"{origin}:443/")) for origin in ("http://localhost", *ORIGINS)
    )
    assert to.isascii()
    assert to.isprintable()
    return str(to)


def _stored(app: App) -> list[dict[str, Any]]:
    """Return what is stored of the visitors' words, and nothing that is stored in addition."""
    found = []
    for item in app.items():
        if item["kind"] not in KEPT:
            continue
        words = {name: item[name] for name in KEPT[item["kind"]] if name in item}
        if "extra" in words:
            words["extra"] = [[part["S"] for part in pair["L"]] for pair in words["extra"]]
        found.append(words)
    return found


def _mails() -> list[EmailMessage]:
    sent = ses_backends["123456789012"][REGION].sent_messages
    return [message_from_string(mail.raw_data, _class=EmailMessage, policy=policy.default) for mail in sent]


def _recipients() -> list[str]:
    """Return whom SES was asked to send the last email to, whatever its headers say."""
    # moto adds the addresses of the headers to those of the envelope.
    return sorted({*ses_backends["123456789012"][REGION].sent_messages[-1].destinations})


def _subject(mail: EmailMessage) -> str:
    """Return the subject. A line break before its first word is folding; Python leaves the blank."""
    return str(mail["Subject"]).strip()


def _bodies(mail: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of an email. It has these two parts, and no other."""
    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    text, html = (part.get_content().replace("\r\n", "\n") for part in mail.iter_parts())
    return text, html


def _harmless(stored: dict[str, Any], kept: dict[str, Any]) -> str:
    """Return the HTML of the notification of a message with the same key, end and fields, but harmless words."""
    words: dict[str, Any] = {name: "x" for name in stored if name != "extra"}
    settings = NotifierSettings.from_environment()
    if "comment" in stored:
        words |= {"id": kept["id"], "email": "x@example.org", "state": "pending", "language": "fr"}
        comment = Comment.model_validate({**words, "received_at": utc_now()})
        return _bodies(compose("comment-notification", "fr", comment, settings))[1]
    message = Message.model_validate(
        {
            **words,
            # The link to the desk names it.
            "id": kept["id"],
            "expires_at": int(kept["expires_at"]),
            "email": "x@example.org",
            # An answer of several lines is laid out differently.
            "extra": [("x", "x\nx" if "\n" in value else "x") for _, value in stored.get("extra", [])],
            "language": "fr",
            "received_at": utc_now(),
        }
    )
    return _bodies(compose("contact-notification", "fr", message, settings))[1]


class _Skeleton(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!--", [("", data)]))
