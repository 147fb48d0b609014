"""The OpenAPI description is true: its routes, limits, codes and replies."""

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from jsonschema_rs import Draft202012Validator, ValidationError
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter
from werkzeug.test import TestResponse

from comments.form import CommentForm
from contact.form import ContactForm
from guichet.addresses import parse
from guichet.http.body import MAX_BODY, MAX_PAIRS
from guichet.http.links import comments_link, refusal_link
from guichet.locales import LANGUAGES, locale
from guichet.records.record import utc_now
from guichet.store import dynamodb
from infra.local.functions import routes
from infra.local.gateway import LARGEST_BODY, LARGEST_HEAD, match_route
from infra.template import TEMPLATE, safe_load
from newsletter.form import NewsletterForm
from tests.support.app import SITE, App
from tests.support.newsletter import READER, SECRET, open_link, press, subscribe, unsubscribe_url
from tests.support.refusals import CASES, MULTIPART, part
from tests.support.refusals import GOOD as GOOD_MESSAGE
from tests.support.site_forms import site_forms
from tests.support.wire import Wire, unreachable

DESCRIPTION: dict[str, Any] = safe_load(
    TEMPLATE.with_name("infra").joinpath("openapi.yaml").read_text(encoding="utf-8")
)
COMPONENTS: dict[str, Any] = DESCRIPTION["components"]
SCHEMAS: dict[str, Any] = COMPONENTS["schemas"]
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, item in DESCRIPTION["paths"].items()
    for method, operation in item.items()
}
POSTED = ("/contact", "/f/contact", "/newsletter", "/f/newsletter", "/comments", "/f/comments")
OPENED = ("/newsletter/confirm/again", "/newsletter/unsubscribe/undo", "/comments/mine/delete")
CHALLENGES = ("/challenge", "/newsletter/challenge", "/comments/challenge")
# What each of them accepts.
GOOD = GOOD_MESSAGE | {"page": "/articles/chairs/", "name": "Camille", "comment": "Bonjour"}


def found(value: Any) -> Any:
    """Return a value, resolving a reference."""
    while "$ref" in value:
        place: Any = DESCRIPTION
        for name in value["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        value = place
    return value


@cache
def validator(schema: str) -> Draft202012Validator:
    """Return the validator of a schema of the description, given as JSON."""
    return Draft202012Validator({"allOf": [json.loads(schema)], "components": COMPONENTS}, validate_formats=True)


def check(reply: TestResponse, method: str | None = None, path: str | None = None) -> None:
    """Check a reply against the description: its status, headers, media type and body."""
    route = match_route(OPERATIONS, method or reply.request.method, path or reply.request.path)
    assert route is not None
    described = OPERATIONS[route[0]]["responses"]
    status = str(reply.status_code)
    assert status in described, f"{route[0]} answers {status}"
    response = found(described[status])
    for name, reference in response.get("headers", {}).items():
        header = found(reference)
        assert name in reply.headers or not header.get("required"), f"{route[0]} {status} has no {name}"
        if name in reply.headers:
            value = reply.headers[name]
            integer = found(header["schema"]).get("type") == "integer"
            validator(json.dumps(header["schema"])).validate(int(value) if integer else value)
    content = response.get("content")
    if content is None:
        assert reply.data == b""
    else:
        assert reply.mimetype in content, f"{route[0]} {status} is {reply.mimetype}"
        body = reply.json if reply.mimetype == "application/json" else reply.text
        validator(json.dumps(content[reply.mimetype]["schema"])).validate(body)


def test_the_description_is_openapi_3_1() -> None:
    assert DESCRIPTION["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(DESCRIPTION).iter_errors()] == []


def test_it_has_the_routes_of_the_template(app: App) -> None:
    assert sorted(OPERATIONS) == sorted(routes(app.functions))


def test_it_has_the_codes_of_the_sentences() -> None:
    for language in LANGUAGES:
        assert SCHEMAS["Code"]["enum"] == sorted(code for code in locale(language).SENTENCES if code.isupper())


def test_it_has_the_languages() -> None:
    assert SCHEMAS["Language"]["enum"] == list(LANGUAGES)


@pytest.mark.parametrize(
    ("name", "model"), [("Contact", ContactForm), ("Newsletter", NewsletterForm), ("Comment", CommentForm)]
)
def test_it_has_the_fields_and_limits_of_the_forms(
    name: str, model: type[ContactForm | NewsletterForm | CommentForm]
) -> None:
    written = TypeAdapter(model).json_schema()
    schema = SCHEMAS[name]
    fields = {field: rule for field, rule in schema["properties"].items() if not field.startswith("_")}
    fields.pop("altcha", None)
    limits = {field: found(rule).get("maxLength") for field, rule in fields.items() if field != "email"}
    extra = written["properties"].pop("extra", None)
    required = {*schema.get("required", []), schema["anyOf"][0]["required"][0]}
    if name == "Comment":
        # It may be missing if `Referer` has it.
        required.remove("page")
        limits["page"] = fields["page"]["allOf"][0]["maxLength"]

    assert set(fields) == set(written["properties"])
    assert limits == {field: rule["maxLength"] for field, rule in written["properties"].items() if field != "email"}
    assert required == set(written["required"]) - {"extra"}
    assert schema["maxProperties"] == MAX_PAIRS
    if extra is not None:
        assert schema["x-max-extra-fields"] == extra["maxProperties"]
        assert schema["propertyNames"]["maxLength"] == extra["propertyNames"]["maxLength"]
        assert schema["additionalProperties"]["maxLength"] == extra["additionalProperties"]["maxLength"]


def test_it_has_the_limits_of_addresses_and_bodies() -> None:
    longest = SCHEMAS["Email"]["maxLength"]
    domain = f"@{'x' * 63}.{'x' * 63}.{'x' * 61}"
    assert parse("a" * (longest - len(domain)) + domain)
    assert parse("a" * (longest - len(domain)) + domain + "x") is None

    assert {body["x-max-bytes"] for body in COMPONENTS["requestBodies"].values()} == {MAX_BODY}
    responses = COMPONENTS["responses"]
    assert f"{MAX_BODY // 1024} KiB" in responses["TooLarge"]["description"]
    assert f"{LARGEST_BODY // 1024**2} MB" in responses["TooLarge"]["description"]
    assert f"{LARGEST_HEAD:,} bytes" in responses["HeadTooLarge"]["description"]


@pytest.mark.parametrize("case", CASES)
def test_a_refusal_is_as_described(app: App, case: str) -> None:
    path, arguments, *_ = CASES[case]
    for accept in ("application/json", "text/html"):
        headers = {**arguments.get("headers", {}), "accept": accept}
        reply = app.post(path, **arguments | {"headers": headers})
        check(reply)
        if reply.mimetype == "application/json":
            validator(json.dumps({"$ref": "#/components/schemas/Error"})).validate(reply.json)


@pytest.mark.parametrize("path", POSTED)
def test_what_is_accepted_is_answered_as_described(app: App, path: str) -> None:
    multipart = b"".join(part(f'name="{name}"', value).removesuffix(b"--b--\r\n") for name, value in GOOD.items())
    posts: list[dict[str, Any]] = [
        {"json": GOOD},
        {"json": GOOD | {"_next": "merci"}},
        {"data": GOOD},
        {"data": GOOD | {"_next": f"{SITE}/é"}, "headers": {"idempotency-key": "1"}},
        {"data": GOOD, "headers": {"accept": "application/json"}},
        {"data": multipart + b"--b--\r\n", **MULTIPART},
    ]
    for arguments in posts * 2:
        reply = app.post(path, **arguments)
        assert reply.status_code in (200, 303)
        check(reply)


@pytest.mark.parametrize("path", POSTED)
def test_too_many_and_not_kept_are_answered_as_described(
    make_app: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    app = make_app(CallerHourlyCap="1")
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    app.post(path, json=GOOD)
    over = [app.post(path, **{kind: GOOD | {"email": "b@example.org"}}) for kind in ("json", "data")]
    Wire(dynamodb.client()).always(unreachable)
    elsewhere = {"REMOTE_ADDR": "198.51.100.9"}
    unavailable = [app.post(path, **{kind: GOOD}, environ_overrides=elsewhere) for kind in ("json", "data")]

    assert [reply.status_code for reply in over + unavailable] == [429, 429, 503, 503]
    for reply in over + unavailable:
        assert "retry-after" in reply.headers
        check(reply)


@pytest.mark.parametrize(
    "path", [*POSTED, "/f/devis", "/newsletter/confirm/again", "/newsletter/unsubscribe/undo", "/comments/mine/delete"]
)
def test_what_is_opened_and_not_posted_to_is_answered_as_described(app: App, path: str) -> None:
    for accept in ("application/json", "text/html"):
        reply = app.http.get(path, headers={"accept": accept})
        assert reply.status_code == (404 if path == "/f/devis" else 405)
        check(reply)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_form_of_the_sites_own_is_answered_as_described(app: App, tmp_path: Path, *, compiled: bool) -> None:
    good = {"email": "a@example.org", "budget": "plus", "accord": "oui"}
    wrong = {
        "email": "a", "site": "a b", "phone": "x", "surface": "wide", "date": "soon", "budget": "none",
        "rooms": ["Salon", "Chambre", "Cuisine, salle"], "name": "x" * 61,
    }  # fmt: skip
    with site_forms(tmp_path, compiled=compiled):
        replies = [app.post("/f/devis", json=good), app.post("/f/devis", data=good)]
        for accept in ("application/json", "text/html"):
            headers = {"accept": accept}
            replies += [
                app.post("/f/devis", data=wrong, headers=headers),
                app.http.get("/f/devis", headers=headers),
                app.http.get("/f/devi", headers=headers),
                app.http.get("/thanks?form=devis", headers=headers),
            ]
    assert [reply.status_code for reply in replies] == [200, 303, *[422, 405, 404, 200] * 2]
    codes = {one["code"] for one in replies[2].get_json()["errors"]}
    assert codes >= {"TYPE_EMAIL", "TYPE_URL", "TYPE_PHONE", "TYPE_NUMERIC", "TYPE_DATE", "NOT_A_CHOICE", "TOO_LONG"}
    for reply in replies:
        check(reply)


def test_this_was_not_me_and_undoing_are_answered_as_described(app: App) -> None:
    subscribe(app)
    done = press(app, open_link(app, unsubscribe_url(app)))
    undone = press(app, done)
    link = refusal_link("", READER, "fr", SECRET)
    replies = [done, undone, app.http.get(link), app.post(link), press(app, done)]
    replies += [app.post("/newsletter/refuse"), app.http.get("/newsletter/refuse"), app.post(urlsplit(link).path)]

    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 410, 403, 403, 403]
    for reply in replies:
        check(reply)


def test_ones_own_comments_are_answered_as_described(app: App) -> None:
    app.post("/comments", json=GOOD)
    until = utc_now().replace(microsecond=0) + timedelta(hours=1)
    link = comments_link("", GOOD["email"], "fr", SECRET, until)
    late = comments_link("", GOOD["email"], "fr", SECRET, until - timedelta(hours=2))
    replies = [app.http.get("/comments/mine"), app.http.get(link), app.http.get(f"{link}&comment=all")]
    replies += [app.post("/comments/mine", **{kind: {"email": GOOD["email"]}}) for kind in ("json", "data")]
    button = link.replace("/mine", "/mine/delete")
    replies += [app.post(f"{button}&comment=all"), app.http.get(late), app.post(button.replace("token=", "token=x"))]
    replies += [app.post("/comments/mine", json={"email": "x"})]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 200, 303, 200, 410, 403, 422]
    for reply in replies:
        check(reply)


def test_without_proof_of_work_there_is_no_challenge(app: App) -> None:
    for path in CHALLENGES:
        for accept in ("application/json", "text/html"):
            reply = app.http.get(path, headers={"accept": accept})
            assert (reply.status_code, reply.data) == (204, b"")
            check(reply)


def test_a_challenge_and_a_wrong_proof_are_answered_as_described(make_app: Any) -> None:
    app = make_app(ProofOfWork="required")
    challenges = [app.http.get(path) for path in CHALLENGES]
    refusals = [app.post(path, json=GOOD | {"altcha": altcha}) for path in POSTED for altcha in ("", "x")]

    assert {reply.status_code for reply in challenges} == {200}
    assert {reply.status_code for reply in refusals} == {422}
    for reply in [*challenges, *refusals]:
        check(reply)


def test_the_gateways_own_refusals_are_described(app: App) -> None:
    large = app.post("/contact", data=b"x" * (LARGEST_BODY + 1), content_type="application/json")
    long = app.http.get("/thanks", headers={"x-long": "x" * LARGEST_HEAD})

    assert (large.status_code, long.status_code) == (413, 431)
    check(large)
    check(long)


def test_what_is_not_described_fails(app: App) -> None:
    reply = app.post("/contact", json={})
    check(reply)

    reply.status_code = 418
    with pytest.raises(AssertionError, match="POST /contact answers 418"):
        check(reply)
    for wrong in ({"error": "x", "errors": []}, {"error": "x", "errors": [{"code": "NEW", "message": "x"}]}):
        reply = app.post("/contact", json={})
        reply.data = json.dumps(wrong)
        with pytest.raises(ValidationError):
            check(reply)
