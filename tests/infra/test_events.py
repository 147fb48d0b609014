"""The sample events of infra/events: the same shape as the local stack's own, and accepted by the functions."""

import base64
import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from guichet.records.record import utc_now
from guichet.records.session import Session
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import dynamodb, sessions
from infra.local import engine
from infra.local.__main__ import SECRET
from infra.local.gateway import event_of, match_route
from infra.local.streams import StreamReader, schedule_event, stream_event, wanted
from infra.template import TEMPLATE
from tests.support.app import PARAMETERS, App, resolve
from tests.support.newsletter import link_in_last_mail, open_link, press
from tests.support.samples import FOLDER, HTTP, sample
from tests.support.threads import approve

# Set by the gateway of AWS or by the local one, each with its own values.
OF_THE_GATEWAY = ("x-amzn-trace-id", "x-forwarded-for", "x-forwarded-port", "x-forwarded-proto")


@pytest.fixture
def local(make_app: Callable[..., App]) -> App:
    """Return a stack with the secret of the local one, which the samples' tokens are made with."""
    return make_app(SigningSecret=SECRET)


def body_of(event: dict[str, Any]) -> bytes:
    """Return the body of an event of the API, decoded."""
    body = event.get("body", "").encode()
    return base64.b64decode(body, validate=True) if event["isBase64Encoded"] else body


def shape(value: Any) -> Any:
    """Return a value's keys and the types of its values."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(part) for part in value]
    return type(value).__name__


def same_request(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event that the local stack makes from another event's request."""
    http, headers = event["requestContext"]["http"], event["headers"]
    environ = EnvironBuilder(
        path=event["rawPath"],
        query_string=event["rawQueryString"],
        method=http["method"],
        base_url=f"https://{headers['host']}/",
        headers=[
            *((name, value) for name, value in headers.items() if name not in OF_THE_GATEWAY),
            *(("cookie", "; ".join(event["cookies"])) for _ in event.get("cookies", [])[:1]),
        ],
        data=body_of(event) or None,
        environ_overrides={"REMOTE_ADDR": http["sourceIp"]},
    ).get_environ()
    routes = [route for function in resolve().functions.values() for route in function.routes]
    found = match_route(routes, http["method"], event["rawPath"])
    assert found is not None
    return event_of(Request(environ), *found)


def without_gateway_headers(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event without the headers that a gateway sets."""
    headers = {name: value for name, value in event["headers"].items() if name not in OF_THE_GATEWAY}
    return {**event, "headers": headers}


def owed(app: App) -> list[dict[str, Any]]:
    """Return the stream records that the notifier is called with."""
    arn = engine.client("dynamodb").describe_table(TableName="table")["Table"]["LatestStreamArn"]
    (mapping,) = app.functions["Notifier"].function.streams
    records = StreamReader(engine.client("dynamodbstreams"), arn).read()
    passed = [record for record in records if wanted(record, mapping.patterns)]
    made: list[dict[str, Any]] = stream_event(passed, arn)["Records"]
    return made


def test_there_is_a_sample_of_everything_that_calls_a_function() -> None:
    assert set(FOLDER) == {*HTTP, "outbox-stream.json", "schedule.json", "feedback-bounce.json"}
    called = {route for route, _ in HTTP.values()}
    assert [name for name, function in resolve().functions.items() if called & set(function.routes)] == [
        name for name, function in resolve().functions.items() if function.routes
    ]


@pytest.mark.parametrize("path", FOLDER.values(), ids=FOLDER)
def test_a_sample_is_written_as_the_others(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("name", HTTP)
def test_a_sample_request_has_the_keys_and_types_of_the_local_gateway_s_event(name: str) -> None:
    event = sample(name)
    made = same_request(event)
    assert shape(without_gateway_headers(event)) == shape(without_gateway_headers(made))
    assert shape(event["headers"]) == shape(made["headers"]) | {"x-amzn-trace-id": "str"}


@pytest.mark.parametrize("name", HTTP)
def test_a_sample_request_agrees_with_itself(name: str) -> None:
    event = without_gateway_headers(sample(name))
    made = without_gateway_headers(same_request(event))
    same = (
        "routeKey", "rawPath", "rawQueryString", "cookies", "queryStringParameters", "headers", "pathParameters",
        "body", "isBase64Encoded",
    )  # fmt: skip
    assert {key: event.get(key) for key in same} == {key: made.get(key) for key in same}
    assert event["requestContext"]["http"] == made["requestContext"]["http"]
    assert event["requestContext"]["domainName"] == event["headers"]["host"]
    assert (event["routeKey"], event["headers"].get("content-type", "").partition(";")[0]) == HTTP[name]


def test_the_sample_of_the_stream_has_the_keys_and_types_of_a_real_one(app: App) -> None:
    app.functions["Contact"](sample("contact-form.json"))
    (record,) = owed(app)
    assert shape(sample("outbox-stream.json")) == shape({"Records": [record]})


def test_the_sample_of_the_schedule_has_the_keys_and_types_of_a_real_one() -> None:
    assert shape(sample("schedule.json")) == shape(schedule_event())


@pytest.mark.parametrize("name", ["contact-form.json", "contact-multipart.json"])
def test_a_sample_form_is_a_message_that_is_kept(app: App, name: str) -> None:
    reply = app.functions["Contact"](sample(name))
    assert reply["statusCode"] == 303
    (message,) = app.items("message")
    assert message["email"] == "camille@example.org"
    assert message["message"].endswith("\nÀ bientôt, Camille")


def test_the_sample_of_json_is_a_message_that_is_kept_once(app: App) -> None:
    replies = [app.functions["Contact"](sample("contact-json.json")) for _ in range(2)]
    assert [reply["statusCode"] for reply in replies] == [200, 200]
    assert json.loads(replies[0]["body"])["id"] == json.loads(replies[1]["body"])["id"]
    assert len(app.items("message")) == 1


def test_the_sample_of_a_sign_up_is_a_request_that_is_kept(app: App) -> None:
    assert app.functions["Newsletter"](sample("newsletter-form.json"))["statusCode"] == 303
    assert [item["email"] for item in app.items() if "email" in item] == ["camille@example.org"]


def test_the_samples_of_comments_keep_one_and_read_it_once_it_is_approved(app: App) -> None:
    assert app.functions["Comments"](sample("comments-form.json"))["statusCode"] == 303
    (item,) = app.items("comment")
    for expected in ([], ["Camille"]):
        reply = app.functions["Comments"](sample("comments-page.json"))
        assert reply["statusCode"] == 200
        assert [one["name"] for one in json.loads(reply["body"])["comments"]] == expected
        approve(item["id"])


def test_the_samples_of_ones_own_comments_mail_a_link_and_show_them(local: App) -> None:
    assert local.functions["Comments"](sample("comments-form.json"))["statusCode"] == 303
    assert local.functions["Comments"](sample("comments-mine.json"))["statusCode"] == 303
    local.play_stream()
    assert "author=" in link_in_last_mail(local)
    page = local.functions["Comments"](sample("comments-mine-page.json"))
    assert (page["statusCode"], "<article>" in page["body"]) == (200, True)


def test_the_sample_of_a_confirmation_link_shows_the_page_of_its_button(local: App) -> None:
    reply = local.functions["Newsletter"](sample("confirm-page.json"))
    assert reply["statusCode"] == 200
    assert "<button" in reply["body"]
    assert local.items() == []


def link(name: str) -> dict[str, str]:
    """Return the fields of the link that a sample's page or button belongs to; empty if there is none."""
    event = sample(name)
    fields = dict(parse_qsl(body_of(event).decode())) | event.get("queryStringParameters", {})
    return fields if "token" in fields and not name.startswith("desk-") else {}


LINKS = ("comments-mine-page", "confirm", "refuse", "renew", "unsubscribe")


def test_the_links_of_the_samples_never_expire_or_not_before_the_century_does() -> None:
    linked = [name for name in HTTP if link(name)]
    assert linked == [name for name in HTTP if name.startswith(LINKS)]
    for name in linked:
        end = datetime.fromtimestamp(int(link(name).get("expires", "4102444800")), UTC)
        assert end == datetime(2100, 1, 1, tzinfo=UTC)


def test_the_samples_of_unsubscribing_show_a_page_and_end_the_subscription_of_the_sample_s_address(
    local: App,
) -> None:
    local.functions["Newsletter"](sample("newsletter-form.json"))
    local.play_stream()
    assert press(local, open_link(local, link_in_last_mail(local))).status_code == 200
    page = local.functions["Newsletter"](sample("unsubscribe-page.json"))
    assert (page["statusCode"], "<button" in page["body"]) == (200, True)
    assert [item["state"] for item in local.items("subscriber")] == ["confirmed"]
    for _ in range(2):
        assert local.functions["Newsletter"](sample("unsubscribe-one-click.json"))["statusCode"] == 200
        assert [item["state"] for item in local.items("subscriber")] == ["unsubscribed"]


def test_the_samples_of_renewing_show_a_page_and_renew_the_subscription_of_the_sample_s_address(local: App) -> None:
    local.functions["Newsletter"](sample("newsletter-form.json"))
    local.play_stream()
    assert press(local, open_link(local, link_in_last_mail(local))).status_code == 200
    before = local.items("subscriber")
    page = local.functions["Newsletter"](sample("renew-page.json"))
    assert page["statusCode"] == 200
    assert local.items("subscriber") == before
    for _ in range(2):
        assert local.functions["Newsletter"](sample("renew.json"))["statusCode"] == 200
        (item,) = local.items("subscriber")
        assert [entry["M"]["event"]["S"] for entry in item["history"]] == ["confirmed", "renewed"]


def test_the_samples_of_refusing_show_a_page_and_end_all_mail_to_the_sample_s_address(local: App) -> None:
    page = local.functions["Newsletter"](sample("refuse-page.json"))
    assert (page["statusCode"], "<button" in page["body"]) == (200, True)
    assert local.items() == []
    for _ in range(2):
        assert local.functions["Newsletter"](sample("refuse.json"))["statusCode"] == 200
        assert [item["state"] for item in local.items("subscriber")] == ["blocked"]
    local.functions["Newsletter"](sample("newsletter-form.json"))
    local.play_stream()
    assert local.mails() == []


DESK = [name for name in HTTP if name.startswith("desk-")]


def sign_in() -> None:
    """Store the session whose cookie the samples of the desk have."""
    (cookie,) = sample("desk-messages.json")["cookies"]
    session = Session(
        id=keyed_hash(SECRET, "session", cookie.partition("=")[2]),
        owner=subscriber_id(SECRET, PARAMETERS["OwnerEmail"]),
        created_at=utc_now(),
        expires_at=utc_now() + timedelta(hours=1),
    )
    dynamodb.transact([sessions.opening("table", session)])


def test_the_samples_of_the_desk_are_about_the_message_of_the_sample_of_json(local: App) -> None:
    message = json.loads(local.functions["Contact"](sample("contact-json.json"))["body"])["id"]
    sign_in()
    page = local.functions["Desk"](sample("desk-messages.json"))
    assert (page["statusCode"], f"/messages/{message}" in page["body"]) == (200, True)
    assert [item.get("spam") for item in local.items("message")] == [None]
    for _ in range(2):
        reply = local.functions["Desk"](sample("desk-spam.json"))
        assert (reply["statusCode"], message in reply["headers"]["location"]) == (303, True)
        assert [item["spam"] for item in local.items("message")] == ["owner"]


def test_the_sample_of_signing_in_shows_a_form_and_asks_for_an_email(local: App) -> None:
    page = local.functions["Desk"](sample("desk-sign-in-page.json"))
    assert (page["statusCode"], "<form" in page["body"]) == (200, True)
    assert local.items() == []
    asked = local.functions["Desk"](sample("desk-sign-in.json"))
    assert (asked["statusCode"], len(asked["cookies"])) == (303, 1)
    assert asked["headers"]["location"].endswith("/desk/sign-in/code")
    assert len(local.items("sign-in")) == 1


@pytest.mark.parametrize("name", ["desk-messages.json", "desk-spam.json"])
def test_the_samples_of_the_desk_open_nothing_without_their_session(local: App, app: App, name: str) -> None:
    for stack in (local, app):
        reply = stack.functions["Desk"](sample(name))
        assert reply["statusCode"] == (303 if name == "desk-messages.json" else 403)
        assert "/desk/sign-in" in reply.get("headers", {}).get("location", "/desk/sign-in")
        assert stack.items() == []


@pytest.mark.parametrize("name", [name for name in HTTP if name.startswith(LINKS)])
def test_a_sample_s_link_proves_nothing_to_a_stack_with_a_secret_of_its_own(app: App, name: str) -> None:
    route, _ = HTTP[name]
    (function,) = (function for function in app.functions.values() if route in function.function.routes)
    assert function(sample(name))["statusCode"] == 403


def test_the_sample_of_the_stream_passes_the_filter_of_the_template(app: App) -> None:
    (mapping,) = app.functions["Notifier"].function.streams
    assert [wanted(record, mapping.patterns) for record in sample("outbox-stream.json")["Records"]] == [True]


def test_the_sample_of_the_stream_names_an_email_that_is_not_owed_here_and_sends_none(app: App) -> None:
    assert app.functions["Notifier"](sample("outbox-stream.json")) == {"batchItemFailures": []}
    assert app.mails() == []


def test_the_sample_of_the_stream_sends_the_email_that_its_keys_name(app: App) -> None:
    app.functions["Contact"](sample("contact-form.json"))
    (record,) = owed(app)
    event = copy.deepcopy(sample("outbox-stream.json"))
    event["Records"][0]["dynamodb"]["Keys"] = record["dynamodb"]["Keys"]
    for _ in range(2):
        assert app.functions["Notifier"](event) == {"batchItemFailures": []}
    assert [mail["Reply-To"] for mail in app.mails()] == ["Camille Roy <camille@example.org>"]


def test_the_sample_of_the_schedule_sends_all_that_is_owed(app: App) -> None:
    app.functions["Contact"](sample("contact-form.json"))
    assert app.functions["Notifier"](sample("schedule.json")) == {"sent": 1}
    assert len(app.mails()) == 1


def test_the_sample_of_feedback_has_the_keys_and_types_of_the_recorded_one_and_ends_mail(app: App) -> None:
    recorded = (TEMPLATE.parent / "tests" / "events" / "sns.json").read_text(encoding="utf-8")
    assert shape(sample("feedback-bounce.json")) == shape(json.loads(recorded))
    app.functions["Feedback"](sample("feedback-bounce.json"))
    assert [item["state"] for item in app.items("subscriber")] == ["bounced"]
