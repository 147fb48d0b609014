"""How containers reach this machine."""

import os
import socket
import sys

import pytest

from infra.local import containers, engine
from infra.local.containers import Containers, bridge_address


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine with a bridge: the interface that every machine has takes its place."""
    monkeypatch.setattr(containers, "_BRIDGE", b"lo")


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulate a machine without a bridge."""
    monkeypatch.setattr(containers, "_BRIDGE", b"no-such-bridge")


@pytest.mark.usefixtures("on")
def test_on_linux_the_address_of_the_bridge_is_asked_of_the_system() -> None:
    linux = sys.platform == "linux"
    assert bridge_address() == ("127.0.0.1" if linux else None)
    host = "127.0.0.1" if linux else "host.docker.internal"
    assert Containers.asked_for({"CONTAINERS": "1"}) == Containers("127.0.0.1", host)


@pytest.mark.usefixtures("off")
def test_without_a_bridge_containers_have_a_name_for_this_machine() -> None:
    assert bridge_address() is None
    assert Containers.asked_for({"CONTAINERS": "1"}) == Containers("127.0.0.1", "host.docker.internal")


def test_another_system_than_linux_is_not_asked_for_a_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(socket, "socket", None)
    assert bridge_address() is None


@pytest.mark.parametrize("environment", [{}, {"CONTAINERS": ""}])
def test_nothing_is_open_to_containers_unless_it_is_asked_for(environment: dict[str, str]) -> None:
    assert Containers.asked_for(environment) is None


@pytest.mark.parametrize(
    ("address", "reached"),
    [
        ("http://127.0.0.1:8001", "http://172.17.0.1:8001"),
        ("http://localhost:4566/", "http://172.17.0.1:4566/"),
        ("http://[::1]:4566", "http://172.17.0.1:4566"),
        ("http://localhost", "http://172.17.0.1"),
        ("http://172.17.0.1:3030", "http://172.17.0.1:3030"),
        ("https://dynamodb.example.org:444/x", "https://dynamodb.example.org:444/x"),
    ],
)
def test_an_engine_on_this_machine_is_named_as_containers_see_it(address: str, reached: str) -> None:
    assert Containers("172.17.0.1", "172.17.0.1").reach(address) == reached


def test_calls_to_an_engine_on_the_bridge_go_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "bridge_address", lambda: "172.17.0.1")
    for variable in ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_DYNAMODB_STREAMS", "AWS_ENDPOINT_URL_SESV2"):
        monkeypatch.setenv(variable, "http://172.17.0.1:3030")
    monkeypatch.setenv("no_proxy", "intranet.example")
    engine.connect(None)
    assert os.environ["no_proxy"].split(",") == ["intranet.example", "127.0.0.1", "localhost", "172.17.0.1"]
