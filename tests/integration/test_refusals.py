"""Each row of the reply table: status, code and field, in both languages, as JSON and as a page."""

import base64
from collections.abc import Callable
from typing import Any

import html5lib
import pytest

from guichet.locales import locale
from guichet.store import dynamodb
from tests.support.app import SITE, App
from tests.support.refusals import CASES, GOOD, MULTIPART, part
from tests.support.wire import Wire, unreachable


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("case", CASES)
def test_a_refusal_names_all_that_is_wrong(app: App, case: str, language: str) -> None:
    path, arguments, status, problems = CASES[case]
    headers = {"accept-language": language, **arguments.get("headers", {})}

    as_json = app.post(path, **arguments | {"headers": headers | {"accept": "application/json"}})
    accepts_html = arguments if arguments.get("content_type") != "application/json" else None

    assert as_json.status_code == status
    assert as_json.json is not None
    assert [(error["code"], error.get("field")) for error in as_json.json["errors"]] == problems
    messages = [error["message"] for error in as_json.json["errors"]]
    assert as_json.json["error"] == messages[0]
    other = "en" if language == "fr" else "fr"
    for (code, _), message in zip(problems, messages, strict=True):
        assert message.startswith(locale(language).SENTENCES[code].partition("{")[0])  # type: ignore[arg-type]
        assert message != locale(other).SENTENCES[code]  # type: ignore[arg-type]
    if accepts_html is not None and "json" not in arguments:
        page = app.post(path, **arguments | {"headers": headers})
        assert page.status_code == status
        assert page.mimetype == "text/html"
        assert f'<html lang="{language}">' in page.text
        assert all(_escaped(message) in page.text for message in messages)
    assert app.items() == []


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;").replace('"', "&#34;")


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_cannot_be_confirmed_as_kept_is_said_to_be_harmless_to_repeat(
    app: App, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(unreachable)
    headers = {"accept-language": language}
    harmless = {"fr": "même reçu deux fois", "en": "even if it arrives twice"}[language]

    for path in ("/contact", "/newsletter"):
        page = app.post(path, data=GOOD, headers=headers)
        as_json = app.post(path, json=GOOD, headers=headers)
        for reply in (page, as_json):
            assert reply.status_code == 503
            assert reply.headers["retry-after"] == "5"
            assert harmless in reply.text
        assert as_json.json is not None
        assert [error["code"] for error in as_json.json["errors"]] == ["UNAVAILABLE"]


@pytest.mark.parametrize("path", ["/contact", "/newsletter"])
def test_a_caller_over_the_cap_is_told_when_to_come_back(make_app: Any, path: str) -> None:
    app = make_app(CallerHourlyCap="2")
    posts = [app.post(path, json={"email": f"a{number}@example.org", "message": "x"}) for number in range(3)]
    # This function remembers them now: even a repeat is refused, and nothing is written.
    repeat = app.post(path, json={"email": "a0@example.org", "message": "x"})
    elsewhere = app.post(path, json=GOOD, environ_overrides={"REMOTE_ADDR": "198.51.100.1"})

    assert [reply.status_code for reply in posts] == [200, 200, 429]
    assert 1 <= int(posts[2].headers["retry-after"]) <= 3600
    assert posts[2].json["errors"][0]["code"] == "TOO_MANY_REQUESTS"
    # Another caller has a count of their own.
    assert (repeat.status_code, elsewhere.status_code) == (429, 200)


@pytest.mark.parametrize("path", ["/contact", "/newsletter"])
def test_a_repeat_at_the_cap_is_success(make_app: Any, path: str) -> None:
    app = make_app(CallerHourlyCap="1")
    assert [app.post(path, json=GOOD).status_code for _ in range(3)] == [200] * 3


def test_a_bug_is_never_taken_for_success(
    app: App, monkeypatch: pytest.MonkeyPatch, written: Callable[[], str]
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("a@example.org")

    monkeypatch.setattr("guichet.forms.submit.parse_form", broken)
    reply = app.post("/contact", json=GOOD)

    assert reply.status_code == 503
    logged = written()
    assert '"error":"RuntimeError"' in logged
    assert "a@example.org" not in logged


def test_a_body_that_lies_about_base64_is_refused(app: App) -> None:
    event = _event("/contact", body="%%%", isBase64Encoded=True)
    reply = app.functions["Contact"](event)

    assert reply["statusCode"] == 400


def test_json_that_is_not_utf8_is_refused(app: App) -> None:
    body = base64.b64encode(b'{"message": "\xff"}').decode()

    assert app.functions["Contact"](_event("/contact", body=body, isBase64Encoded=True))["statusCode"] == 400


def test_base64_text_that_is_not_declared_is_not_decoded(app: App) -> None:
    event = _event("/contact", body="eyJhIjoxfQ==", isBase64Encoded=False)

    assert app.functions["Contact"](event)["statusCode"] == 400


def _event(path: str, **fields: Any) -> dict[str, Any]:
    return {
        "routeKey": f"POST {path}",
        "rawPath": path,
        "headers": {"content-type": "application/json"},
        "requestContext": {"requestId": "r", "domainName": "api.example", "http": {"sourceIp": "203.0.113.7"}},
        **fields,
    }


@pytest.mark.parametrize("origin", [SITE, "https://www.atelier.example", "null", None])
def test_the_sites_origins_and_absent_ones_are_served(app: App, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}

    assert app.post("/contact", data=GOOD, headers=headers).status_code == 303


def test_an_empty_file_input_is_no_file(app: App) -> None:
    body = part('name="email"', "a@example.org").removesuffix(b"--b--\r\n")
    body += part('name="message"', "Bonjour").removesuffix(b"--b--\r\n")
    body += part('name="file"; filename=""', "", "Content-Type: application/octet-stream\r\n")

    assert app.post("/contact", data=body, **MULTIPART).status_code == 303


@pytest.mark.parametrize(
    ("field", "header", "language"),
    [
        ("en", "fr", "en"),
        ("", "en-GB, fr;q=0.9", "en"),
        ("tlh", "fr;q=0.2, en;q=0.8", "en"),
        ("", "tlh", "fr"),
        ("", "en;q=0, tlh", "fr"),
        ("", "en; q=0.8, fr; q=0.1", "en"),
        ("", "en;q=x", "fr"),
        ("EN-us", "", "en"),
    ],
)
def test_the_language_is_the_fields_then_the_browsers_then_the_default(
    app: App, field: str, header: str, language: str
) -> None:
    reply = app.post("/contact", json=GOOD | {"_language": field}, headers={"accept-language": header})

    assert reply.json is not None
    sentence = locale(language).SENTENCES["contact_accepted_for"]  # type: ignore[arg-type]
    assert reply.json["message"] == sentence.format(email=GOOD["email"])


def test_pages_load_nothing_and_are_kept_nowhere(app: App) -> None:
    headers = app.http.get("/thanks").headers

    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize("path", ["/thanks", "/newsletter/confirm"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_pages_are_valid_html(app: App, path: str, language: str) -> None:
    page = app.http.get(path, query_string={"language": language})

    html5lib.HTMLParser(strict=True).parse(page.text)
    assert f'<html lang="{language}">' in page.text
