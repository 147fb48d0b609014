"""The URL under which a caller reached the API, whatever precedes the route's own path."""

from typing import Any

import pytest

from guichet.http.request import Request

HOST = "https://forms.atelier.example"


def base_url(route: str, path: str, **variables: str) -> str:
    """Return the base URL of a request by its route and its path."""
    event: dict[str, Any] = {
        "routeKey": f"GET {route}",
        "rawPath": path,
        "headers": {"x-forwarded-proto": "https"},
        "requestContext": {
            "requestId": "1",
            "domainName": "forms.atelier.example",
            "http": {"sourceIp": "203.0.113.7"},
        },
    }
    if variables:
        event["pathParameters"] = variables
    return Request.from_event(event, "fr").base_url


@pytest.mark.parametrize("prefix", ["", "/prod", "/site/desk"])
@pytest.mark.parametrize("ending", ["", "/"])
def test_what_stands_before_the_route_belongs_to_it(prefix: str, ending: str) -> None:
    for route in ("/contact", "/newsletter/confirm"):
        assert base_url(route, f"{prefix}{route}{ending}") == HOST + prefix
    assert base_url("/f/{form}", f"{prefix}/f/devis", form="devis") == HOST + prefix
    assert base_url("/desk", f"{prefix}/desk{ending}") == HOST + prefix


@pytest.mark.parametrize("prefix", ["", "/prod", "/site/desk"])
@pytest.mark.parametrize(
    "page", ["messages", "messages/", "messages/1/spam", "desk", "desk/desk", "a//b", "/a", "a/b//"]
)
def test_what_a_greedy_variable_takes_does_not(prefix: str, page: str) -> None:
    assert base_url("/desk/{page+}", f"{prefix}/desk/{page}", page=page) == HOST + prefix
