"""Raw bodies and headers through the gateway: for any input, the reply and the stored data obey the contract."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from moto.dynamodb.models import dynamodb_backends
from moto.ses.models import ses_backends
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from comments.form import CommentForm
from contact.form import FIELDS as CONTACT_FIELDS
from contact.form import ContactForm
from guichet.locales import locale
from guichet.records.comment import Comment
from guichet.records.message import Message
from guichet.records.sign_up import SignUp
from newsletter.form import NewsletterForm
from tests.support.app import REGION, SITE, App, isolated, resolve
from tests.support.samples import sample

BOUNDED = settings(
    max_examples=600,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
STATUS = {200, 303, 400, 403, 413, 415, 422}
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

TYPES = st.sampled_from(
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        'multipart/form-data; charset=utf-8; boundary="b"',
    ]
)
# The characters that a header may contain: a gateway refuses the rest.
HEADER_TEXT = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=80)
NAMES = st.sampled_from(
    [*CONTACT_FIELDS, "_next", "_subject", "_replyto", "_language", "_id", "altcha", "a", "comment", "page", "parent"]
) | st.text(max_size=70)
VALUES = st.sampled_from(["a@example.org", "//evil.example", "Bonjour", "=?utf-8?q?a?=", "/é/%c3%a9"]) | st.text(
    max_size=100
)
GOOD = {"email": "a@example.org", "message": "Bonjour", "name": "Zoé", "comment": "*Bonjour*", "page": "/a/"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | VALUES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "accept": st.sampled_from(["application/json", "text/html", "*/*"]) | HEADER_TEXT,
        "accept-language": st.sampled_from(["fr", "en-GB,en;q=0.5"]) | HEADER_TEXT,
        "origin": st.sampled_from([SITE, "null", "https://evil.example"]) | HEADER_TEXT,
        "referer": st.sampled_from([f"{SITE}/blog/", "https://["]) | HEADER_TEXT,
        "idempotency-key": HEADER_TEXT,
        "formspree-session-data": HEADER_TEXT,
        "content-encoding": st.sampled_from(["gzip", "identity"]),
        "x-forwarded-for": HEADER_TEXT,
    },
)


@st.composite
def multipart(draw: st.DrawFn) -> bytes:
    """Return a multipart body whose parts may be anything, but are mostly fields."""
    parts = []
    for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=6)):
        head = draw(st.sampled_from(["", "Content-Type: text/plain\r\n", "X: y\r\n", "\r\n"]) | HEADER_TEXT)
        quoted = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        text = f'--b\r\nContent-Disposition: form-data; name="{quoted}"\r\n{head}\r\n{value}\r\n'
        parts.append(text.encode("utf-8", "surrogatepass"))
    return b"".join(parts) + draw(st.sampled_from([b"--b--\r\n", b"--b--", b"--b\r\n", b""]))


def _as_json(fields: dict[str, Any]) -> bytes:
    return json.dumps({**fields, **GOOD} if len(fields) % 3 else fields).encode()


def _as_form(pairs: list[tuple[str, str]]) -> bytes:
    further = [pair for pair in pairs if pair[0] not in GOOD]
    return urlencode([*GOOD.items(), *further] if len(pairs) % 3 else pairs, errors="replace").encode()


BODIES = st.one_of(
    # Most of these two are accepted.
    st.tuples(st.just("application/json"), st.dictionaries(NAMES, JSON, max_size=8).map(_as_json)),
    st.tuples(
        st.just("application/x-www-form-urlencoded"), st.lists(st.tuples(NAMES, VALUES), max_size=8).map(_as_form)
    ),
    st.tuples(st.just("multipart/form-data; boundary=b"), multipart()),
    st.tuples(TYPES, st.binary(max_size=500)),
    st.tuples(HEADER_TEXT, st.binary(max_size=50) | multipart()),
)


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:
    """Run all examples in one world, instead of one per test."""
    with isolated():
        yield


@pytest.fixture(scope="module")
def app() -> App:
    """Return the stack that the examples share."""
    return App(resolve(CallerHourlyCap="1000000"))


@BOUNDED
@given(
    path=st.sampled_from(["/contact", "/newsletter", "/comments", "/f/contact", "/f/newsletter", "/f/comments"]),
    typed=BODIES,
    headers=HEADERS,
)
@example(path="/contact", typed=("application/json", b"{" + b'"a":{' * 5000), headers={})
@example(path="/contact", typed=("multipart/form-data; boundary=b", b"--b\r\n" * 5000), headers={})
@example(path="/newsletter", typed=("application/x-www-form-urlencoded", b"email=a%40example.org&name=%e9"), headers={})
def test_any_body_is_answered_by_the_contract(
    app: App, path: str, typed: tuple[str, bytes], headers: dict[str, str]
) -> None:
    _empty()
    content_type, body = typed

    reply = app.post(path, data=body, content_type=content_type, headers=Headers(headers))

    assert reply.status_code in STATUS
    if reply.status_code < 300 or reply.status_code == 303:
        _check_accepted(reply)
        (item,) = [item for item in app.items() if item["kind"] in ("message", "request", "comment")]
        {"contact": _check_message, "newsletter": _check_request, "comments": _check_comment}[path.rpartition("/")[2]](
            item
        )
    else:
        _check_refused(reply)
        assert app.items() == []


def _check_accepted(reply: TestResponse) -> None:
    if reply.status_code == 303:
        assert reply.text == ""
        to = reply.headers["location"]
    else:
        assert reply.mimetype == "application/json"
        assert reply.json is not None
        assert {name: type(value) for name, value in reply.json.items()} == {
            "ok": bool,
            "id": str,
            "next": str,
            "message": str,
        }
        assert reply.json["ok"] is True
        to = reply.json["next"]
    assert re.match(rf"({SITE}|https://www\.atelier\.example|http://localhost)(/|$)", to)


def _check_refused(reply: TestResponse) -> None:
    assert reply.headers["cache-control"] == "no-store"
    if reply.mimetype != "application/json":
        assert reply.mimetype == "text/html"
        assert '<html lang="' in reply.text
        return
    assert reply.json is not None
    assert reply.json.keys() == {"error", "errors"}
    errors = reply.json["errors"]
    assert reply.json["error"] == errors[0]["message"]
    for error in errors:
        assert {"code", "message"} <= error.keys() <= {"code", "message", "field"}
        assert error["code"] in locale("fr").SENTENCES
        assert error.get("field") != ""


def _check_message(item: dict[str, Any]) -> None:
    """Check that it is a message, and one that the form's model accepts again unchanged."""
    extra = [(name["S"], value["S"]) for pair in item.get("extra", []) for name, value in [pair["L"]]]
    message = Message.model_validate({**item, "extra": extra})
    fields = {name: value for name in CONTACT_FIELDS if (value := getattr(message, name))}
    again = ContactForm.model_validate({**fields, **dict(extra)})
    assert again.model_dump(exclude={"extra"}) == {name: getattr(message, name) for name in CONTACT_FIELDS}
    assert tuple(again.extra.items()) == message.extra
    assert all(name and not name.startswith("_") for name, _ in extra)
    _check_text(*fields.values(), message.form_subject, message.page, *(text for pair in extra for text in pair))


def _check_request(item: dict[str, Any]) -> None:
    sign_up = SignUp.model_validate(item)
    again = NewsletterForm.model_validate({"email": sign_up.email, "name": sign_up.name, "source": sign_up.page})
    assert (again.email, again.name) == (sign_up.email, sign_up.name)
    _check_text(sign_up.email, sign_up.name, sign_up.page, sign_up.consent_claim)


def _check_comment(item: dict[str, Any]) -> None:
    comment = Comment.model_validate(item)
    fields = {name: getattr(comment, name) for name in CommentForm.model_fields()}
    assert CommentForm.model_validate(fields).model_dump() == fields
    assert re.fullmatch(r"/[A-Za-z0-9/._~!$&'()*+,;=:@%-]*", comment.page)
    assert re.fullmatch("([0-9a-f]{32})?", comment.parent)
    _check_text(*fields.values())


PAGES = st.one_of(
    st.sampled_from(["/", "/a/", f"{SITE}/a", "//evil.example", "/%ff", "/a\x00", "/\ud800"]), st.text(max_size=60)
)
CURSORS = st.from_regex(r"[0-9T:.Z-]{27}~[0-9a-f]{32}(~[0-9T:.Z-]{27}~[0-9a-f]{32})?") | st.text(max_size=80)


@BOUNDED
@given(page=PAGES, after=st.none() | CURSORS, headers=HEADERS, known=st.none() | HEADER_TEXT)
def test_any_reading_of_comments_is_answered_by_the_contract(
    app: App, page: str, after: str | None, headers: dict[str, str], known: str | None
) -> None:
    query = {"page": page} | ({} if after is None else {"after": after})
    event = {
        **sample("comments-page.json"),
        "queryStringParameters": query,
        "headers": headers | ({} if known is None else {"if-none-match": known}),
    }
    reply = app.functions["Comments"](event)
    assert reply["statusCode"] in (200, 304, 422)
    cached = reply["statusCode"] in (200, 304)
    assert reply["headers"]["cache-control"] == ("public, max-age=60" if cached else "no-store")
    if reply["statusCode"] == 200:
        assert json.loads(reply["body"])["comments"] == []


def _check_text(*texts: str) -> None:
    assert not [text for text in texts if CONTROL.search(text)]


def _empty() -> None:
    """Empty the table directly in moto: its transactions copy all of it, including the stream."""
    table: Any = dynamodb_backends["123456789012"][REGION].get_table("table")
    table.items.clear()
    table.stream_shard.items.clear()
    ses_backends["123456789012"][REGION].sent_messages.clear()
