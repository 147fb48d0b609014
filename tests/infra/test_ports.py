"""Ports of this machine: closed until served, and whom they serve."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import Client
from werkzeug.wrappers import Response

from infra.local.ports import HOSTS, Port, for_hosts, for_own_pages
from tests.support.stack import ask

HERE = {"Host": "127.0.0.1:4711"}


def application(environ: dict[str, Any], start_response: Any) -> Any:
    """Answer every request (WSGI)."""
    return Response("served")(environ, start_response)


@pytest.fixture
def make_port() -> Iterator[Callable[[int], Port]]:
    """Return a function that reserves a port for the duration of the test."""
    held: list[Port] = []

    def make(number: int) -> Port:
        held.append(Port(number))
        return held[-1]

    yield make
    for port in held:
        port.close()


def listens(port: Port) -> bool:
    """Return whether a port accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex((port.address, port.number)) == 0


def test_a_port_that_is_held_is_closed_until_it_is_served(make_port: Callable[[int], Port]) -> None:
    port = make_port(0)
    assert not listens(port)
    port.serve(application)
    assert ask(port.number, "GET", "/").text == "served"
    port.close()
    assert not listens(port)


def test_a_port_that_somebody_serves_cannot_be_held(make_port: Callable[[int], Port]) -> None:
    port = make_port(0)
    port.serve(application)
    with pytest.raises(OSError, match="in use"):
        make_port(port.number)


def test_of_two_that_hold_a_port_one_serves_it(make_port: Callable[[int], Port]) -> None:
    first = make_port(0)
    try:
        second = make_port(first.number)
    except OSError:
        # Not every system lets two processes share one.
        return
    first.serve(application)
    with pytest.raises(OSError, match="in use"):
        second.serve(application)


def test_a_port_serves_the_hosts_it_is_told(make_port: Callable[[int], Port]) -> None:
    port = make_port(0)
    port.serve(application, {*HOSTS, "host.docker.internal"})
    assert ask(port.number, "GET", "/", headers={"Host": "host.docker.internal:80"}).status == 200
    assert ask(port.number, "GET", "/", headers={"Host": "evil.example"}).status == 403


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:3000", True),
        ("localhost:3000", True),
        ("LOCALHOST", True),
        ("evil.example", False),
        ("evil.example:3000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example:3000", False),
        ("evil.example:127.0.0.1", False),
        ("", False),
    ],
)
def test_only_the_names_of_this_machine_are_served(host: str, *, served: bool) -> None:
    client = Client(for_hosts(application))
    response = client.get("/", headers={"Host": host}, environ_overrides={"HTTP_HOST": host})
    assert response.status_code == (200 if served else 403)
    if not served:
        assert json.loads(response.text) == {"message": "this port is only for 127.0.0.1 and localhost"}


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize(
    ("headers", "served"),
    [
        # Programs send neither.
        ({}, True),
        # Typed into the address bar, and from the page itself.
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "http://127.0.0.1:4711", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "http://127.0.0.1:8000"}, False),
        ({"Origin": "https://127.0.0.1:4711"}, False),
        # A sandboxed frame, such as that of an email.
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        # An image or a link of another page.
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_pages_of_other_origins_are_not_served(method: str, headers: dict[str, str], *, served: bool) -> None:
    response = Client(for_own_pages(application)).open("/", method=method, headers={**HERE, **headers})
    assert response.status_code == (200 if served else 403)
