"""The in-memory wire behaves like a real connection."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from guichet.store import dynamodb
from tests.faults import aws
from tests.faults.aws import FaultyServer, Killed, Kind, wire
from tests.faults.world import living
from tests.support.server import Handler, Server, serving

KEY = {"pk": {"S": "message#1"}, "sk": {"S": "message"}}


class _Handler(Handler):
    """Sends the in-memory server's replies over TCP, and really resets the connection."""

    server: Any

    def answer(self) -> None:
        reply = self.server.faulty.answer(self.command, self.path, self.headers, self.body())
        self.wfile.write(reply.read())
        self.wfile.flush()
        if reply.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.close_connection = True
            self.connection.close()


@contextmanager
def really(faulty: FaultyServer) -> Iterator[None]:
    """Serve over a real TCP connection."""
    server: Any = Server(_Handler)
    server.faulty = faulty
    with serving(server), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.faults.world.ADDRESS", f"http://{server.address}")
        yield


def met(faulty: FaultyServer, kind: Kind, patch: pytest.MonkeyPatch) -> list[str]:
    """Send three requests, the second with a fault. Return what botocore's HTTP client and its caller get."""
    found: list[str] = []
    with living(faulty, 0) as world:
        client = dynamodb.client()
        own = client._endpoint.http_session.send  # noqa: SLF001

        def send(request: Any) -> Any:
            try:
                reply = own(request)
            except (Killed, HTTPClientError) as error:
                found.append(f"{type(error).__name__} {error} {error.__context__!r}".replace(request.url, ""))
                raise
            # The request id is random.
            told = {name: value for name, value in reply.headers.items() if name != "x-amzn-requestid"}
            found.append(f"{reply.status_code} {told} {reply.content!r}")
            return reply

        patch.setattr(client._endpoint.http_session, "send", send)  # noqa: SLF001
        faults = iter([None, kind, None])
        world.weather.plan = lambda _: next(faults)
        for _ in range(3):
            try:
                client.get_item(TableName="table", Key=KEY)
            except (Killed, ClientError, HTTPClientError) as error:
                found.append(type(error).__name__)
        found += world.weather.story
    return found


@pytest.mark.parametrize("kind", aws.KINDS)
def test_the_in_memory_wire_behaves_like_a_real_connection(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    with wire() as faulty:
        in_memory = met(faulty, kind, monkeypatch)
        with really(faulty):
            assert in_memory == met(faulty, kind, monkeypatch)
    # The first and the last request succeed.
    assert len([line for line in in_memory if line.startswith("200 ")]) >= 2
