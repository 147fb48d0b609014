"""Schemathesis on the OpenAPI description: for any request, the app answers as described, and never fails."""

import re
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from desk.access import form_token, session_id
from desk.handler import AREAS
from guichet.definitions.forms_file import parse
from guichet.http.links import refusal_link, unsubscribe_link
from guichet.settings import DeskSettings
from guichet.signing import subscriber_id
from guichet.store import sessions
from infra.operate.form_openapi import description
from infra.template import TEMPLATE
from tests.support.app import PARAMETERS, App
from tests.support.desk import Browser
from tests.support.site_forms import QUOTE, site_forms

# Not checked: that anything violating a request's schema is refused. The app accepts more than it documents.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = settings(
    max_examples=80,
    deadline=None,
    database=None,
    derandomize=True,
    # One app serves all examples of an operation.
    suppress_health_check=list(HealthCheck),
)
Case = schemathesis.Case[Any]
READER = "reader@example.org"

# Addresses as the app accepts them; Hypothesis's own have quotes and address literals.
schemathesis.openapi.format(
    "idn-email",
    st.builds(
        "{}@{}.{}".format,
        st.from_regex(r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]{1,30}(\.[A-Za-z0-9-]{1,30})?", fullmatch=True),
        st.from_regex(r"[a-z0-9éüß]{1,20}", fullmatch=True),
        st.sampled_from(["example", "org", "museum", "中国"]),
    ),
)

API = schemathesis.openapi.from_path(TEMPLATE.with_name("infra") / "openapi.yaml")
# Its cases are created when tests are collected, which takes half a minute.
API.config.phases.coverage.enabled = False
# The aliases lead to the forms' own functions, so they are tried with other settings.
GUARDED = API.include(path_regex="^/(f/|challenge|newsletter/challenge|comments/challenge)")
# So is the desk, both signed in and not.
OPEN = API.exclude(path_regex="^/(f/|challenge|newsletter/challenge|comments/challenge|desk)")
DESK = API.include(path_regex="^/desk")
# The site's own forms, as `guichet forms openapi` describes them. A schema cannot limit days.
FORMS = QUOTE.replace("min = 2026-01-01, ", "")
OWN = schemathesis.openapi.from_dict(description(parse(FORMS))).include(path_regex="^/f/devis$")
OWN.config.phases.coverage.enabled = False
LINKED = API.include(path_regex="^/newsletter/(confirm|unsubscribe|renew|refuse)")

_answered: Tally[int] = Tally()


@pytest.fixture(scope="module", autouse=True)
def _report(request: pytest.FixtureRequest) -> Iterator[None]:
    """Say at the end how many requests were made."""
    yield
    plugins = request.config.pluginmanager
    terminal, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")
    if terminal is not None and capture is not None:
        by_status = ", ".join(f"{count} x {status}" for status, count in sorted(_answered.items()))
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\nSchemathesis: {_answered.total()} requests, answered {by_status}")


def send(case: Case, app: App, *checks: Callable[..., Any]) -> None:
    """Send a case as a script or a browser would, and check the response against the description."""
    # Independent of randomness and order, so that a failure can be reproduced.
    as_script = len(repr((case.body, case.query, case.headers))) % 2
    accept = "application/json" if as_script else "text/html"
    # Not through Schemathesis's own WSGI transport: werkzeug writes empty parts without the line break after their
    # headers.
    sent = requests.Request(
        **case.as_transport_kwargs(base_url="http://localhost", headers={"Accept": accept})
    ).prepare()
    response = app.http.open(sent.path_url, method=case.method, headers=dict(sent.headers), data=sent.body)
    _answered[response.status_code] += 1
    case.validate_response(response, checks=[*CHECKS, *checks])


@pytest.fixture
def open_app(make_app: Callable[..., App]) -> App:
    """Return an app without effective rate limits."""
    return make_app(CallerHourlyCap="1000000")


@pytest.fixture
def guarded_app(make_app: Callable[..., App]) -> App:
    """Return an app without effective rate limits, with proof of work."""
    return make_app(CallerHourlyCap="1000000", ProofOfWork="on")


@OPEN.parametrize()
@EXAMPLES
def test_every_request_is_answered_as_described(case: Case, open_app: App) -> None:
    described = API.raw_schema["paths"][case.path][case.method.lower()]["responses"]
    # A route that only accepts posts has nothing to accept when it is opened.
    accepts = any(status < "4" for status in described)
    send(case, open_app, *([positive_data_acceptance] if accepts else []))


@GUARDED.parametrize()
@EXAMPLES
def test_with_proof_of_work_too(case: Case, guarded_app: App) -> None:
    # A proof without the work is refused, which a schema cannot express.
    send(case, guarded_app)


@OWN.parametrize()
@EXAMPLES
def test_a_form_of_the_sites_own_is_answered_as_described(case: Case, open_app: App, tmp_path: Path) -> None:
    with site_forms(tmp_path, FORMS):
        send(case, open_app, *([positive_data_acceptance] if case.method == "POST" else []))


@DESK.parametrize()
@EXAMPLES
def test_the_desk_is_answered_as_described_and_opens_to_nobody(case: Case, open_app: App) -> None:
    send(case, open_app)
    assert open_app.items("session") == []


@DESK.parametrize()
@EXAMPLES
def test_the_desk_is_answered_as_described_to_its_owner(case: Case, open_app: App) -> None:
    (cookie,) = Browser(open_app).signed_in().cookies.values()
    settings_of_desk = DeskSettings.model_validate(open_app.stack.functions["Desk"].environment)
    session = sessions.session("table", session_id(settings_of_desk, cookie))
    assert session is not None
    open_app.http.set_cookie("guichet-desk", cookie)
    case.headers.update({"Origin": "http://localhost"})
    if isinstance(case.body, dict):
        case.body = {**case.body, "token": form_token(settings_of_desk, session)}
    # An existing page, half of the time: random letters do not name one.
    if case.path_parameters and len(repr(case.body)) % 2:
        patterns = [pattern for area in AREAS.values() for pattern in pages_of(area)]
        number = sum(map(ord, case.path_parameters["page+"]))
        case.path_parameters["page+"] = patterns[number % len(patterns)]
    send(case, open_app)


def pages_of(area: str) -> list[str]:
    """Return the pages of an area of the desk, with an unused id where they need one."""
    names = import_module(area).ROUTES
    return [re.sub("{[a-z]+}", "0" * 32, name.partition(" ")[2]) for name in names if not name.endswith(" ")]


@LINKED.parametrize()
@EXAMPLES
def test_a_true_link_is_answered_as_described_whatever_comes_with_it(case: Case, open_app: App) -> None:
    links = {"/newsletter/refuse": link_to_refuse, "/newsletter/unsubscribe": link_to_leave}
    link = links[case.path]() if case.path in links else link_to_confirm(open_app)
    case.query = {**(case.query or {}), **link}
    if isinstance(case.body, dict):
        case.body = {name: value for name, value in case.body.items() if name not in link} | {"wording": "1"}
    send(case, open_app)


def link_to_leave() -> dict[str, str]:
    """Return the fields of a reader's unsubscribe link."""
    secret = PARAMETERS["SigningSecret"]
    return dict(parse_qsl(urlsplit(unsubscribe_link("", subscriber_id(secret, READER), "fr", secret)).query))


def link_to_refuse() -> dict[str, str]:
    """Return the fields of a reader's link to end all mail."""
    return dict(parse_qsl(urlsplit(refusal_link("", READER, "fr", PARAMETERS["SigningSecret"])).query))


def link_to_confirm(app: App) -> dict[str, str]:
    """Return the fields of the confirmation link in the mail of a reader, who signs up on the first call."""
    if not app.mails():
        app.post("/newsletter", data={"email": READER})
        app.play_stream()
    text = app.mails()[0].get_body(("plain",))
    assert text is not None
    found = re.search(r"https://\S+/newsletter/confirm\?(\S+)", text.get_content())
    assert found is not None
    return dict(parse_qsl(found[1]))
