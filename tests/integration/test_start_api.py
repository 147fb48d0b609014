"""Events as `sam local start-api` makes them, recorded from it: header names in title case, `domainName: localhost`."""

import copy
import json
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from guichet.http.links import confirmation_link
from guichet.http.request import Request
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from tests.support.app import PARAMETERS, App

EVENTS = Path(__file__).parent.parent / "events" / "start-api"
# Where the recorded clients reached it, and from which page.
API = "http://127.0.0.1:3001"
SITE = "http://127.0.0.1:8000"


@pytest.fixture
def app(make_app: Any) -> App:
    """Return a stack that accepts the forms of the recorded page."""
    made: App = make_app(AllowedOrigins=SITE)
    return made


def recorded(name: str) -> dict[str, Any]:
    """Return a recorded event."""
    event: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))
    return event


def messages(app: App) -> list[str]:
    """Return the texts of the stored messages."""
    return [item["message"] for item in app.items("message")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        # Without binary media types it passes text on, although on AWS no form's body is text.
        ("contact-urlencoded", "Bonjour, à bientôt"),
        ("contact-multipart", "Un été à la mer"),
        ("contact-urlencoded-base64", "Bonjour, à bientôt"),
        ("contact-multipart-base64", "été"),
    ],
)
def test_a_form_is_kept_and_leads_to_the_thank_you_page_there(app: App, name: str, text: str) -> None:
    reply = app.functions["Contact"](recorded(name))
    assert reply["statusCode"] == 303
    assert reply["headers"]["location"] == f"{API}/thanks?form=contact&language=fr"
    assert messages(app) == [text]


def test_json_is_answered_in_json_and_its_idempotency_key_counts(app: App) -> None:
    event = recorded("contact-json")
    replies = [app.functions["Contact"](event) for _ in range(2)]
    other = copy.deepcopy(event)
    other["headers"]["Idempotency-Key"] = "another"
    replies.append(app.functions["Contact"](other))
    assert [reply["statusCode"] for reply in replies] == [200, 200, 200]
    bodies = [json.loads(reply["body"]) for reply in replies]
    assert bodies[0]["next"] == f"{API}/thanks?form=contact&language=fr"
    assert bodies[0]["id"] == bodies[1]["id"] != bodies[2]["id"]
    assert messages(app) == ["Ça va ?", "Ça va ?"]


def test_a_file_is_refused_by_a_page_in_the_language_of_the_browser(app: App) -> None:
    event = recorded("contact-file")
    event["headers"]["Accept-Language"] = "en-GB,en;q=0.9"
    reply = app.functions["Contact"](event)
    assert reply["statusCode"] == 415
    assert '<html lang="en">' in reply["body"]
    assert messages(app) == []


def test_the_origin_of_another_site_is_refused(app: App) -> None:
    event = recorded("contact-urlencoded")
    event["headers"]["Origin"] = "http://127.0.0.1:9999"
    assert app.functions["Contact"](event)["statusCode"] == 403


def test_the_button_of_a_confirmation_page_posts_to_where_the_page_came_from(app: App) -> None:
    event = recorded("confirm-page")
    sign_up = SignUp(id="0" * 32, email="a@example.org", language="fr", asked_at=utc_now(), expires_at=utc_now())
    link = confirmation_link(API, sign_up, "fr", PARAMETERS["SigningSecret"])
    event["queryStringParameters"] = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    reply = app.functions["Newsletter"](event)
    assert reply["statusCode"] == 200
    # The page's own policy only lets it post to its own origin, port included.
    assert f'action="{API}/newsletter/confirm"' in unescape(reply["body"])


def test_a_page_and_a_form_that_is_not_there_are_answered(app: App) -> None:
    assert app.functions["Contact"](recorded("thanks"))["statusCode"] == 200
    assert app.functions["Contact"](recorded("no-such-form"))["statusCode"] == 404


def test_bytes_that_are_not_utf8_come_through_as_they_were_sent() -> None:
    assert Request.from_event(recorded("not-utf8-base64"), "fr").body() == b"email=a@example.org&message=\xe9"


def test_different_messages_are_kept_although_all_requests_have_one_id(app: App) -> None:
    first, second = recorded("contact-urlencoded"), recorded("contact-multipart")
    assert first["requestContext"]["requestId"] == second["requestContext"]["requestId"]
    for event in (first, second):
        app.functions["Contact"](event)
    assert sorted(messages(app)) == ["Bonjour, à bientôt", "Un été à la mer"]


@pytest.mark.parametrize(
    ("domain_name", "host", "base_url"),
    [
        # A caller's Host header only counts on this machine.
        ("a1b2c3d4e5.execute-api.eu-west-3.amazonaws.com", "evil.example", "https://a1b2c3d4e5.execute-api.eu-west-3"),
        ("forms.example.org", "forms.example.org:8443", "https://forms.example.org/"),
        ("localhost.example.org", "evil.example", "https://localhost.example.org/"),
        ("localhost", "localhost:3001", "https://localhost:3001/"),
        ("abc.execute-api.localhost", "abc.execute-api.localhost:4566", "https://abc.execute-api.localhost:4566/"),
        ("localhost", "", "https://localhost/"),
        (None, "forms.example.org", "https://forms.example.org/"),
    ],
)
def test_the_gateway_s_own_name_goes_before_the_caller_s(
    app: App, domain_name: str | None, host: str, base_url: str
) -> None:
    event = recorded("contact-urlencoded")
    event["headers"] |= {"Host": host, "X-Forwarded-Proto": "https"}
    event["requestContext"]["domainName"] = domain_name
    if domain_name is None:
        del event["requestContext"]["domainName"]
    reply = app.functions["Contact"](event)
    assert reply["headers"]["location"].startswith(base_url)


@pytest.mark.parametrize("nothing", [None, {}])
def test_a_request_without_headers_is_answered(app: App, nothing: Any) -> None:
    event = recorded("thanks") | {"headers": nothing, "queryStringParameters": nothing}
    assert app.functions["Contact"](event)["statusCode"] == 200
    del event["headers"], event["queryStringParameters"]
    assert app.functions["Contact"](event)["statusCode"] == 200
