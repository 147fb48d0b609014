"""The local HTTP API: routes, events, replies, CORS and limits, as in API Gateway."""

import base64
import io
import json
from typing import Any

import pytest
from werkzeug.test import Client, EnvironBuilder
from werkzeug.wrappers import Request

from infra.local.gateway import LARGEST_BODY, LARGEST_HEAD, Gateway, event_of, match_route

ORIGIN = "https://atelier.example"
CORS = {
    "allowOrigins": [ORIGIN],
    "allowMethods": ["POST", "GET"],
    "allowHeaders": ["content-type", "idempotency-key"],
    "exposeHeaders": ["retry-after"],
    "maxAge": 600,
}
ROUTES = [
    "POST /contact",
    "GET /contact",
    "POST /f/contact",
    "POST /f/{form}",
    "GET /{a}/{b}",
    "GET /desk",
    "GET /desk/{page+}",
    "GET /desk/settings",
]


def api(reply: Any = None, cors: dict[str, Any] | None = None) -> tuple[Client, list[dict[str, Any]]]:
    """Return an API whose one function, behind POST /contact, gives a reply; and the events that it was called with."""
    events: list[dict[str, Any]] = []

    def function(event: dict[str, Any]) -> dict[str, Any]:
        events.append(event)
        if isinstance(reply, Exception):
            raise reply
        answer: dict[str, Any] = {"statusCode": 200, "body": "ok"} if reply is None else reply
        return answer

    return Client(Gateway({"POST /contact": function}, CORS if cors is None else cors)), events


def event(*arguments: Any, **keywords: Any) -> dict[str, Any]:
    """Return the event of a request, given as werkzeug's EnvironBuilder takes it."""
    keywords.setdefault("environ_overrides", {"REMOTE_ADDR": "203.0.113.7"})
    return event_of(Request(EnvironBuilder(*arguments, **keywords).get_environ()), "POST /contact", {})


@pytest.mark.parametrize(
    ("method", "path", "found"),
    [
        ("POST", "/contact", ("POST /contact", {})),
        ("GET", "/contact", ("GET /contact", {})),
        ("POST", "/f/contact", ("POST /f/contact", {})),
        ("POST", "/f/other", ("POST /f/{form}", {"form": "other"})),
        ("GET", "/x/y", ("GET /{a}/{b}", {"a": "x", "b": "y"})),
        # A greedy variable takes whatever is left, and only what nothing else takes.
        ("GET", "/desk", ("GET /desk", {})),
        ("GET", "/desk/settings", ("GET /desk/settings", {})),
        ("GET", "/desk/messages/1/spam", ("GET /desk/{page+}", {"page": "messages/1/spam"})),
        ("GET", "/desk/messages/", ("GET /desk/{page+}", {"page": "messages/"})),
        ("GET", "/desk/settings/x", ("GET /desk/{page+}", {"page": "settings/x"})),
        ("GET", "/desk/messages", ("GET /{a}/{b}", {"a": "desk", "b": "messages"})),
        ("GET", "/desk/", None),
        ("POST", "/desk/messages/1/spam", None),
        ("POST", "/f/", None),
        ("POST", "/f/a/b", None),
        ("POST", "/contact/", None),
        ("PUT", "/contact", None),
        ("GET", "/", None),
    ],
)
def test_the_most_specific_route_is_taken(method: str, path: str, found: tuple[str, dict[str, str]] | None) -> None:
    assert match_route(ROUTES, method, path) == found
    assert match_route(reversed(ROUTES), method, path) == found


def test_a_request_becomes_an_event_of_format_two() -> None:
    made = event(
        "/contact?a=1&b=2&a=3&c=",
        method="POST",
        base_url="http://127.0.0.1:3000/",
        headers={"User-Agent": "Firefox", "Accept-Language": "fr", "Cookie": "x=1; y=2"},
        data="a=b",
        content_type="application/x-www-form-urlencoded",
    )
    assert made["version"] == "2.0"
    assert made["routeKey"] == made["requestContext"]["routeKey"] == "POST /contact"
    assert made["rawPath"] == "/contact"
    assert made["rawQueryString"] == "a=1&b=2&a=3&c="
    assert made["queryStringParameters"] == {"a": "1,3", "b": "2", "c": ""}
    assert made["cookies"] == ["x=1", "y=2"]
    assert made["headers"] == {
        "accept-language": "fr",
        "content-length": "3",
        "content-type": "application/x-www-form-urlencoded",
        "host": "127.0.0.1:3000",
        "user-agent": "Firefox",
        "x-forwarded-for": "203.0.113.7",
        "x-forwarded-port": "3000",
        "x-forwarded-proto": "http",
    }
    assert made["requestContext"]["domainName"] == "127.0.0.1:3000"
    assert made["requestContext"]["stage"] == "$default"
    assert made["requestContext"]["http"] == {
        "method": "POST",
        "path": "/contact",
        "protocol": "HTTP/1.1",
        "sourceIp": "203.0.113.7",
        "userAgent": "Firefox",
    }


def test_what_a_request_does_not_have_is_not_in_its_event() -> None:
    made = event("/contact", method="GET")
    assert not {"body", "cookies", "queryStringParameters", "pathParameters"} & set(made)
    assert made["isBase64Encoded"] is False


def test_a_repeated_header_is_one_text() -> None:
    made = event("/contact", headers=[("Accept", "text/html"), ("Accept", "application/json")])
    assert [part.strip() for part in made["headers"]["accept"].split(",")] == ["text/html", "application/json"]


def test_each_event_has_an_id_of_its_own() -> None:
    first, second = event("/contact"), event("/contact")
    assert first["requestContext"]["requestId"] != second["requestContext"]["requestId"]


@pytest.mark.parametrize(
    ("content_type", "is_text"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("text/plain", True),
        ("application/x-www-form-urlencoded", False),
        ("multipart/form-data; boundary=x", False),
        ("application/octet-stream", False),
    ],
)
def test_a_body_is_text_for_text_types_and_base64_for_all_others(content_type: str, *, is_text: bool) -> None:
    body = "é=1".encode()
    made = event("/contact", method="POST", data=body, content_type=content_type)
    assert made["isBase64Encoded"] is not is_text
    assert (made["body"].encode() if is_text else base64.b64decode(made["body"])) == body


def test_the_variables_of_a_path_are_in_the_event() -> None:
    events = []

    def function(event: dict[str, Any]) -> dict[str, Any]:
        events.append(event)
        return {"statusCode": 404}

    assert Client(Gateway({"POST /f/{form}": function}, CORS)).post("/f/other").status_code == 404
    assert events[0]["pathParameters"] == {"form": "other"}
    assert events[0]["routeKey"] == "POST /f/{form}"


def test_what_a_greedy_variable_takes_is_in_the_event() -> None:
    events = []

    def function(event: dict[str, Any]) -> dict[str, Any]:
        events.append(event)
        return {"statusCode": 200}

    http = Client(Gateway({"GET /desk/{page+}": function}, CORS), use_cookies=False)
    assert http.get("/desk/messages/1", headers={"Cookie": "__Host-guichet-desk=x"}).status_code == 200
    assert events[0]["pathParameters"] == {"page": "messages/1"}
    assert events[0]["routeKey"] == "GET /desk/{page+}"
    assert events[0]["rawPath"] == "/desk/messages/1"
    assert events[0]["cookies"] == ["__Host-guichet-desk=x"]


def test_a_reply_becomes_a_response() -> None:
    http, _ = api(
        {
            "statusCode": 303,
            "headers": {"location": "/thanks", "retry-after": 3},
            "cookies": ["a=1", "b=2"],
        }
    )
    response = http.post("/contact")
    assert response.status_code == 303
    assert response.headers["location"] == "/thanks"
    assert response.headers["retry-after"] == "3"
    assert response.headers.getlist("set-cookie") == ["a=1", "b=2"]
    assert response.data == b""


def test_a_base64_body_of_a_reply_is_decoded() -> None:
    body = base64.b64encode(b"\xff\x00").decode()
    http, _ = api({"statusCode": 200, "body": body, "isBase64Encoded": True})
    assert http.post("/contact").data == b"\xff\x00"


def test_the_cors_headers_of_a_function_are_dropped() -> None:
    http, _ = api({"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "*", "x-mine": "1"}})
    headers = http.post("/contact", headers={"Origin": "https://foreign.example"}).headers
    assert "access-control-allow-origin" not in headers
    assert headers["x-mine"] == "1"


@pytest.mark.parametrize("reply", [ValueError("secret text"), {"no": "status"}, "text"])
def test_a_function_that_fails_is_a_500_that_tells_nothing(reply: Any) -> None:
    http, _ = api(reply)
    response = http.post("/contact", headers={"Origin": ORIGIN})
    assert response.status_code == 500
    assert response.json == {"message": "Internal Server Error"}
    assert response.headers["access-control-allow-origin"] == ORIGIN


def test_a_request_without_a_route_is_not_found_and_calls_nothing() -> None:
    http, events = api()
    response = http.get("/contact")
    assert (response.status_code, response.json) == (404, {"message": "Not Found"})
    assert events == []


def test_a_body_of_ten_megabytes_passes_and_a_larger_one_does_not() -> None:
    http, events = api()
    assert http.post("/contact", data=b"x" * LARGEST_BODY).status_code == 200
    response = http.post("/contact", data=b"x" * (LARGEST_BODY + 1))
    assert (response.status_code, response.json) == (413, {"message": "Request Entity Too Large"})
    assert len(events) == 1


def test_headers_that_are_too_large_are_refused() -> None:
    http, events = api()
    assert http.post("/contact", headers={"x-large": "x" * LARGEST_HEAD}).status_code == 431
    assert events == []


def test_the_preflight_of_an_allowed_origin_is_answered_without_the_function() -> None:
    http, events = api()
    response = http.options("/contact", headers={"Origin": ORIGIN, "Access-Control-Request-Method": "POST"})
    assert response.status_code == 204
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-allow-methods"] == "POST,GET"
    assert response.headers["access-control-allow-headers"] == "content-type,idempotency-key"
    assert response.headers["access-control-max-age"] == "600"
    assert events == []


def test_the_preflight_of_a_foreign_origin_allows_nothing() -> None:
    http, _ = api()
    headers = {"Origin": "https://foreign.example", "Access-Control-Request-Method": "POST"}
    response = http.options("/contact", headers=headers)
    assert not [name for name, _ in response.headers if name.lower().startswith("access-control-")]


def test_options_without_an_origin_is_no_preflight() -> None:
    http, _ = api()
    assert http.options("/contact").status_code == 404


@pytest.mark.parametrize(("path", "status"), [("/contact", 200), ("/none", 404)])
def test_an_allowed_origin_may_read_every_response(path: str, status: int) -> None:
    http, _ = api()
    response = http.post(path, headers={"Origin": ORIGIN})
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == ORIGIN
    assert response.headers["access-control-expose-headers"] == "retry-after"
    assert response.headers["vary"] == "origin"


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://foreign.example"}, {"Origin": "null"}])
def test_no_other_origin_may_read_a_response(headers: dict[str, str]) -> None:
    http, _ = api()
    response = http.post("/contact", headers=headers)
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_nothing_is_exposed_where_the_template_exposes_nothing() -> None:
    http, _ = api(cors={"allowOrigins": [ORIGIN]})
    assert "access-control-expose-headers" not in http.post("/contact", headers={"Origin": ORIGIN}).headers


def test_an_event_can_be_written_as_json() -> None:
    http, events = api()
    http.post("/contact?a=%C3%A9", data={"a": "é"}, headers={"Cookie": "a=1"})
    assert json.loads(json.dumps(events[0])) == events[0]


def test_what_a_reply_varies_with_is_kept_beside_the_origin() -> None:
    http, _ = api({"statusCode": 200, "headers": {"vary": "accept-language"}})
    assert http.post("/contact", headers={"Origin": ORIGIN}).headers["vary"] == "accept-language, origin"


def test_the_gateway_adds_its_word_of_the_caller_to_the_caller_s_own() -> None:
    made = event("/contact", headers=[("X-Forwarded-For", "198.51.100.1")])
    assert made["headers"]["x-forwarded-for"] == f"198.51.100.1, {made['requestContext']['http']['sourceIp']}"


def test_a_body_that_is_too_large_is_refused_without_a_declared_length_too() -> None:
    http, events = api()
    chunked = {"wsgi.input_terminated": True}
    large = io.BytesIO(b"x" * (LARGEST_BODY + 1))
    assert http.post("/contact", input_stream=large, environ_overrides=chunked).status_code == 413
    assert events == []
