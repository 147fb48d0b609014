"""A proxy between the functions and the emulator's SES: it keeps each email as sent, then passes it on."""

import base64
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from tests.support.server import Handler, Server

# Headers of the connection itself, which are not passed on (RFC 9110, section 7.6.1).
_HOP_BY_HOP = {"connection", "content-length", "date", "server", "transfer-encoding"}
_PATIENCE = 30


# Compared by identity: two emails may be equal byte for byte.
@dataclass(frozen=True, eq=False)
class Mail:
    """An email as SES received it: raw message, envelope recipients, tags, and SES's message id."""

    raw: bytes
    to: list[str]
    configuration_set: str
    tags: dict[str, str]
    message_id: str


@dataclass(frozen=True)
class Call:
    """A call to SES, such as `POST /v2/email/outbound-emails`, its recipients, and the response's status."""

    operation: str
    to: tuple[str, ...]
    status: int


class Recorder(Server):
    """A server that passes the calls of SES API v2 on, signatures and all, and keeps what was sent.

    A request keeps its `Host`, which is signed.
    """

    def __init__(self, port: int) -> None:
        super().__init__(_Passing)
        self.port = port
        self._lock = Lock()
        self._away: list[str] = []
        self._mails: list[Mail] = []
        self._calls: list[Call] = []

    @property
    def mails(self) -> list[Mail]:
        """The emails that SES accepted, oldest first."""
        with self._lock:
            return list(self._mails)

    def calls(self, operation: str, to: str | None = None) -> list[int]:
        """Return how the calls of an operation were answered, oldest first; if a recipient is named, those for them."""
        with self._lock:
            return [one.status for one in self._calls if one.operation == operation and (to is None or to in one.to)]

    @contextmanager
    def away(self, address: str) -> Iterator[None]:
        """Answer all mail to an address with 503, for the duration of the block."""
        with self._lock:
            self._away.append(address)
        try:
            yield
        finally:
            with self._lock:
                self._away.remove(address)

    def is_away(self, addresses: list[str]) -> bool:
        """Return whether mail to any of these addresses is to be answered with 503."""
        with self._lock:
            return any(address in self._away for address in addresses)

    def note(self, operation: str, request: bytes, status: int, answer: bytes) -> None:
        """Record a request and its response."""
        asked = json.loads(request) if operation == SEND else {}
        to = tuple(asked["Destination"]["ToAddresses"]) if asked else ()
        with self._lock:
            self._calls.append(Call(operation, to, status))
            if asked and status == http.HTTPStatus.OK and "Raw" in asked["Content"]:
                self._mails.append(_mail(asked, json.loads(answer)))


SEND, ACCOUNT = "POST /v2/email/outbound-emails", "GET /v2/email/account"


def _mail(request: dict[str, Any], answer: dict[str, Any]) -> Mail:
    return Mail(
        raw=base64.b64decode(request["Content"]["Raw"]["Data"]),
        to=request["Destination"]["ToAddresses"],
        configuration_set=request["ConfigurationSetName"],
        tags={tag["Name"]: tag["Value"] for tag in request.get("EmailTags", [])},
        message_id=answer["MessageId"],
    )


class _Passing(Handler):
    """A request that is passed on."""

    server: Recorder

    def answer(self) -> None:
        body = self.body()
        operation = f"{self.command} {self.path}"
        if operation == SEND and self.server.is_away(json.loads(body)["Destination"]["ToAddresses"]):
            self.server.note(operation, body, http.HTTPStatus.SERVICE_UNAVAILABLE, b"")
            self.reply(http.HTTPStatus.SERVICE_UNAVAILABLE, {"Content-Type": "application/json"}, b"{}")
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=_PATIENCE)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        self.server.note(operation, body, response.status, content)
        kept = {name: value for name, value in response.getheaders() if name.lower() not in _HOP_BY_HOP}
        self.reply(response.status, kept, content)
