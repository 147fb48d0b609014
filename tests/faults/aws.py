"""AWS as a run sees it: an HTTP server in front of moto that does not always do what it is asked.

The faults are on the wire, so botocore's own HTTP client, retries and parsers take part. The wire is in memory, because
real sockets and a server thread took half of the time; test_aws.py compares it with a real connection.
There is no real waiting: whatever takes time advances the run's clock by the client's own time-outs, so that a seed
gives the same run on any machine.
"""

import base64
import errno
import io
import json
import math
import os
import random
import re
import socket
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

import botocore.httpsession
import botocore.session
import pytest
import urllib3.util.connection
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber

from guichet.mail.tags import Attempt, attempt_in
from guichet.store import readers
from tests.support.app import PARAMETERS, REGION
from tests.support.clients import SESSION

Kind = Literal[
    "reset before",
    "reset after",
    "time-out before",
    "time-out after",
    "500 before",
    "500 after",
    "503",
    "throttled",
    "denied",
    "conflict",
    "broken reply",
    "slow",
    "killed before",
    "killed during",
    "killed after",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
KILLED: set[Kind] = {"killed before", "killed during", "killed after"}
SES = {"SendEmail", "GetAccount"}
# The server acts, but except with `slow` the caller does not learn of it.
_ACTED = {"reset after", "time-out after", "500 after", "broken reply", "slow", "killed after"}
_REFUSALS: dict[Kind, tuple[int, str]] = {
    "500 before": (500, "InternalServerError"),
    "500 after": (500, "InternalServerError"),
    "503": (503, "ServiceUnavailable"),
    "throttled": (400, "ThrottlingException"),
    "denied": (403, "AccessDeniedException"),
    "conflict": (400, "TransactionCanceledException"),
}
# How long any request takes, in seconds.
_LITTLE = 0.01
# How long a socket really waits: too long for load on this machine to matter.
_FAR_AWAY = 600
# The server's address. Connections to it stay in memory.
HOST, PORT = "127.0.0.1", 1
ADDRESS = f"http://{HOST}:{PORT}"
# How often delayed requests arrive before the next request.
_LANDS = 0.3
_TOKEN = re.compile(r"token-[0-9]+")
_LINK = re.compile(r"https://\S+/newsletter/(?:confirm|unsubscribe)\S+")

Plan = Callable[[str], Kind | None]


class Killed(BaseException):
    """The function was killed."""


@dataclass
class Sent:
    """A request that reached the engine: the operation, what happened to it, and whether the engine acted.

    For a mail, `email` says which one it is, `link` is where it leads its reader, and `attempt` is what its tags name.
    `caller` is the run of a function that made the request, if it is one of the tracked runs.
    """

    operation: str
    fault: Kind | None
    acted: bool
    body: bytes
    caller: str = ""
    email: str = ""
    link: str = ""
    attempt: Attempt | None = None


class Weather:
    """The faults of a run, and its clock, all derived from one seed."""

    def __init__(self, seed: int, clock: Any, weights: Mapping[Kind, float], quiet: float) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.clock = clock
        self.kinds: list[Kind] = list(weights)
        self._weights = list(weights.values())
        # How much fairer the weather of tracked runs is than all others': they make many requests.
        self._quiet, self.fairer = quiet, 1.0
        self.plan: Plan = self.chance
        self.calm = False
        # When Lambda ends the running function, and the run itself, which does nothing more once it was killed.
        self.deadline = math.inf
        self.caller = ""
        self._dead: set[str] = set()
        # What happens before a request leaves, and after the engine acted.
        self.meanwhile: Callable[[], None] = lambda: None
        self.acted: Callable[[Sent], None] = lambda _: None
        self.faults: Tally[str] = Tally()
        self.log: list[Sent] = []
        self.story: list[str] = []
        # Requests that the server will act on although the caller is gone.
        self.late: list[Callable[[], Any]] = []
        self._now: Kind | None = None

    def chance(self, _operation: str) -> Kind | None:
        """Choose at random what happens to a request."""
        quiet = self._quiet * (self.fairer if self.caller else 1)
        return self.random.choices([*self.kinds, None], [*self._weights, quiet])[0]

    def clear(self) -> None:
        """End all faults for good."""
        self.calm = True
        self.plan = lambda _: None

    def tell(self, what: str) -> None:
        """Write a line of the run's story."""
        self.story.append(f"{time.time():.6f} {what}")

    def meet(self, operation: str) -> Kind | None:
        """Return what happens to a request that has arrived, and deliver delayed ones."""
        for landing in [late for late in self.late if self.calm or self.random.random() < _LANDS]:
            self._land(landing)
        kind = self.plan(operation)
        if kind == "conflict" and operation != "TransactWriteItems":
            kind = "throttled"
        if kind:
            self.faults[kind] += 1
        self._now = kind
        return kind

    def land(self) -> None:
        """Deliver all delayed requests, since enough time passes."""
        for landing in list(self.late):
            self._land(landing)

    def _land(self, landing: Callable[[], Any]) -> None:
        self.late.remove(landing)
        landing()

    @contextmanager
    def running(self, caller: str, timeout: float) -> Iterator[None]:
        """Track the requests of a run of a function, and end it with its time-out."""
        before = self.caller, self.deadline
        self.caller, self.deadline = caller, time.time() + timeout
        try:
            yield
        finally:
            self.caller, self.deadline = before

    def leave(self) -> None:
        """Let a request's minimum time pass. Raises Killed if its function is no longer running."""
        if self.caller in self._dead:
            raise Killed
        self.meanwhile()
        if self.caller and time.time() > self.deadline:
            self._end()
        self._now = None
        self.clock.shift(_LITTLE)

    def _end(self) -> None:
        if self.caller:
            # It does not clean up either.
            self._dead.add(self.caller)
        raise Killed

    def come_back(self, read_timeout: float, url: str) -> None:
        """Let the time pass that the reply took. Raises Killed, or botocore's error for a reply that did not come."""
        kind = self._now
        if kind == "slow":
            self.clock.shift(read_timeout / 2)
        elif kind in {"time-out before", "time-out after"}:
            self.clock.shift(float(read_timeout))
        if kind in KILLED or time.time() > self.deadline:
            self._end()
        if kind in {"time-out before", "time-out after"}:
            raise ReadTimeoutError(endpoint_url=url)


class FaultyServer:
    """AWS in the weather of a run."""

    weather: Weather

    def __init__(self) -> None:
        self.tokens: set[str | None] = set()

    def answer(self, request: bytes) -> tuple[bytes, bool]:
        """Answer a request. Return what the caller gets to read, and whether the connection is reset then."""
        head, _, body = request.partition(b"\r\n\r\n")
        (method, path, _), *lines = (line.split(" ", 2) for line in head.decode().split("\r\n"))
        headers = {name.rstrip(":"): " ".join(value) for name, *value in lines if name.lower() != "host:"}
        target = headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or ("SendEmail" if path.endswith("outbound-emails") else "GetAccount")
        weather = self.weather
        kind = weather.meet(operation)
        acts = kind is None or kind in _ACTED
        sent = Sent(operation, kind, acts, body, weather.caller, *_email_in(operation, body))
        weather.log.append(sent)
        weather.tell(f"AWS: {operation} {sent.email}: {kind or 'fair'}")
        act = partial(self._act, sent, method, path, headers)
        status, told, content = act() if acts else (500, {}, b"{}")
        if kind == "killed during":
            weather.late.append(act)
        if kind in {None, "slow"}:
            return _reply(status, told, content), False
        if kind in _REFUSALS:
            return _refusal(*_REFUSALS[kind]), False
        if kind == "broken reply":
            return _reply(status, told, content[: len(content) // 2], len(content)), True
        # Also for time-outs and kills: there, `come_back` raises the right error on the client's side.
        return b"", True

    def _act(self, sent: Sent, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Act, but only once per ClientRequestToken, which DynamoDB remembers for ten minutes and moto does not."""
        sent.acted = True
        token = json.loads(sent.body)["ClientRequestToken"] if sent.operation == "TransactWriteItems" else None
        if token in self.tokens:
            return 200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"
        url = f"https://{'email' if sent.operation in SES else 'dynamodb'}.{REGION}.amazonaws.com{path}"
        request: Any = AWSPreparedRequest(method, url, HTTPHeaders.from_dict(headers), sent.body, stream_output=False)
        answer: Any = _MOTO.process_request(request)
        code, told, content = answer
        if token and code == HTTPStatus.OK:
            self.tokens.add(token)
        if code == HTTPStatus.OK:
            self.weather.acted(sent)
        self.weather.tell(f"AWS: {sent.operation} {sent.email} is done: {code}")
        return code, told, content.encode() if isinstance(content, str) else content


_MOTO = BotocoreStubber()


def _reply(status: int, headers: Mapping[str, str], content: bytes, length: int | None = None) -> bytes:
    """Return a reply, with another `Content-Length` than the content's if one is given."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items() if name.lower() != "content-length"]
    lines += [f"Content-Length: {len(content) if length is None else length}", "", ""]
    return "\r\n".join(lines).encode() + content


def _refusal(status: int, code: str) -> bytes:
    # Only cancelled transactions have reasons, and only theirs are read.
    reasons = [{"Code": "TransactionConflict"}]
    error = {"__type": f"com.amazonaws#{code}", "message": code, "CancellationReasons": reasons}
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amzn-Errortype": code}
    return _reply(status, headers, json.dumps(error).encode())


class _Reply(io.RawIOBase):
    """The bytes of a reply, followed by the end of the stream or a reset."""

    def __init__(self, content: bytes, *, reset: bool) -> None:
        self._content, self._reset = io.BytesIO(content), reset

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        read = self._content.readinto(into)
        if self._reset and not read:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return read


class _Line:
    """The part of a socket that urllib3 and http.client use. The server runs when the client starts to read."""

    def __init__(self, server: FaultyServer, idle: socket.socket) -> None:
        self._server, self._idle = server, idle
        self._request = b""

    def sendall(self, sent: bytes) -> None:
        self._request += sent

    def makefile(self, _mode: str) -> io.BufferedReader:
        request, self._request = self._request, b""
        content, reset = self._server.answer(request)
        return io.BufferedReader(_Reply(content, reset=reset))

    def fileno(self) -> int:
        # urllib3 polls it to see whether a pooled connection was closed. It never reuses one that was reset.
        return self._idle.fileno()

    def settimeout(self, _seconds: float) -> None:
        """Ignore it: replies are immediate."""

    def close(self) -> None:
        """Ignore it: there is nothing to release."""


def _email_in(operation: str, body: bytes) -> tuple[str, str, Attempt | None]:
    """Return which email a mail is, read as its reader does, the link in it, and the attempt that its tags name."""
    if operation != "SendEmail":
        return "", "", None
    asked = json.loads(body)
    raw = base64.b64decode(asked["Content"]["Raw"]["Data"])
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    attempt = attempt_in({tag["Name"]: [tag["Value"]] for tag in asked.get("EmailTags", [])})
    if attempt and attempt.key.record.startswith("issue#"):
        # For all others, the text says whose they are.
        which, issue = attempt.key.email.partition("#")[2], readers.issue_of(attempt.key)
        name = f"issue {issue} {mail['To']}" if readers.is_reader(attempt.key) else f"{which} {issue}"
        return name, "", attempt
    part = mail.get_body(("plain",))
    text = part.get_content() if part else ""
    token = _TOKEN.findall(f"{mail['To']} {mail['Reply-To']} {text}")[0]
    link = next(iter(_LINK.findall(text)), "")
    if mail["To"] == PARAMETERS["OwnerEmail"]:
        of_visitor = "comment-notification" if "/desk/comments/" in text else "contact-notification"
        name = of_visitor if mail["Reply-To"] else "new-subscriber"
    elif mail["List-Unsubscribe"]:
        name = "welcome"
    else:
        name = "confirmation-request" if link else "acknowledgement"
    request = re.search(r"\brequest=([^&]+)", link)
    return email(name, token, request[1] if request else ""), link, attempt


def email(name: str, token: str, request: str = "") -> str:
    """Return the key of an email: there is one per confirmation request, and otherwise one per kind and address."""
    return f"{name} {token} {request}".strip()


@contextmanager
def wire() -> Iterator[FaultyServer]:
    """Put AWS with faults on a wire, let killed functions end, and let only the run's clock end waiting."""
    start: Callable[..., None] = botocore.httpsession.URLLib3Session.__init__
    send: Callable[..., Any] = botocore.httpsession.URLLib3Session.send
    connect: Callable[..., Any] = urllib3.util.connection.create_connection
    server = FaultyServer()
    idle, other = socket.socketpair()

    def started(session: Any, *arguments: Any, timeout: tuple[float, float], **others: Any) -> None:
        start(session, *arguments, timeout=(_FAR_AWAY, _FAR_AWAY), **others)
        session.planned_timeout = timeout

    def sent(session: Any, request: Any) -> Any:
        server.weather.leave()
        try:
            return send(session, request)
        finally:
            _, read = session.planned_timeout
            server.weather.come_back(read, request.url)

    def connected(address: tuple[str, int], *others: Any, **named: Any) -> Any:
        return _Line(server, idle) if address == (HOST, PORT) else connect(address, *others, **named)

    with idle, other, pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.httpsession.URLLib3Session, "__init__", started)
        patch.setattr(botocore.httpsession.URLLib3Session, "send", sent)
        patch.setattr(urllib3.util.connection, "create_connection", connected)
        patch.setattr(botocore.session, "get_session", lambda: SESSION)
        yield server
