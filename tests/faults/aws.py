"""AWS as a run sees it: an HTTP server in front of moto that does not always do what it is asked.

botocore's own retries and parsers take part, and where a connection is reset, its HTTP client. That connection is in
memory, because real sockets and a server thread took half of the time; test_aws.py compares it with a real one. A
complete reply is handed over directly: HTTP would not change it, and took a sixth of the time.
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
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

import botocore.httpsession
import pytest
import urllib3.util.connection
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from guichet.mail.tags import Attempt, attempt_in
from guichet.store import readers
from tests.support.app import PARAMETERS, REGION

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

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> "Reply":
        """Answer a request."""
        target = headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or ("SendEmail" if path.endswith("outbound-emails") else "GetAccount")
        weather = self.weather
        kind = weather.meet(operation)
        acts = kind is None or kind in _ACTED
        sent = Sent(operation, kind, acts, body, weather.caller, *_email_in(operation, body))
        weather.log.append(sent)
        weather.tell(f"AWS: {operation} {sent.email}: {kind or 'fair'}")
        act = partial(self._act, sent, method, path, headers)
        reply = act() if acts else Reply(500, {}, b"{}")
        if kind == "killed during":
            weather.late.append(act)
        if kind in {None, "slow"}:
            return reply
        if kind in _REFUSALS:
            return _refusal(*_REFUSALS[kind])
        # Also for time-outs and kills: there, `come_back` raises the right error on the client's side.
        return reply._replace(reset="within" if kind == "broken reply" else "before")

    def _act(self, sent: Sent, method: str, path: str, headers: Any) -> "Reply":
        """Act, but only once per ClientRequestToken, which DynamoDB remembers for ten minutes and moto does not."""
        sent.acted = True
        token = json.loads(sent.body)["ClientRequestToken"] if sent.operation == "TransactWriteItems" else None
        if token in self.tokens:
            return Reply(200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}")
        url = f"https://{'email' if sent.operation in SES else 'dynamodb'}.{REGION}.amazonaws.com{path}"
        request: Any = AWSPreparedRequest(method, url, headers, sent.body, stream_output=False)
        answer: Any = _MOTO.process_request(request)
        code, told, content = answer
        if token and code == HTTPStatus.OK:
            self.tokens.add(token)
        if code == HTTPStatus.OK:
            self.weather.acted(sent)
        self.weather.tell(f"AWS: {sent.operation} {sent.email} is done: {code}")
        return Reply(code, told, content.encode() if isinstance(content, str) else content)


_MOTO = BotocoreStubber()


class Reply(NamedTuple):
    """A reply, and whether the connection is reset before it, or within it."""

    status: int
    headers: Mapping[str, Any]
    content: bytes
    reset: Literal["", "before", "within"] = ""

    def read(self) -> bytes:
        """Return what the caller gets to read."""
        if self.reset == "before":
            return b""
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self._told().items()]
        head = "\r\n".join([*lines, "", ""]).encode()
        return head + (self.content[: len(self.content) // 2] if self.reset else self.content)

    def received(self, url: str) -> AWSResponse:
        """Return it as botocore's HTTP client does."""
        told: Any = self._told()
        raw: Any = MockRawResponse(self.content)
        return AWSResponse(url, self.status, told, raw)

    def _told(self) -> dict[str, str]:
        told = {name: str(value) for name, value in self.headers.items() if name.lower() != "content-length"}
        return told | {"Content-Length": str(len(self.content))}


def _refusal(status: int, code: str) -> Reply:
    # Only cancelled transactions have reasons, and only theirs are read.
    reasons = [{"Code": "TransactionConflict"}]
    error = {"__type": f"com.amazonaws#{code}", "message": code, "CancellationReasons": reasons}
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amzn-Errortype": code}
    return Reply(status, headers, json.dumps(error).encode())


def _decoded(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {name: text.decode() if isinstance(text, bytes) else text for name, text in headers.items()}


class _Reset(io.RawIOBase):
    """The bytes that arrive before a connection is reset, and the reset."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, into: Any) -> int:
        read = self._content.readinto(into)
        if not read:
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET))
        return read


class _Line:
    """A socket, as far as urllib3 and http.client use it for a request whose connection is reset."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def sendall(self, _sent: bytes) -> None:
        """Ignore it: the server has the request."""

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reset(self._content))

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
        which, issue = attempt.key.email.partition("#")[2], readers.issue_of(attempt.key.record)
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
    reply = Reply(500, {}, b"")

    def started(session: Any, *arguments: Any, timeout: tuple[float, float], **others: Any) -> None:
        start(session, *arguments, timeout=(_FAR_AWAY, _FAR_AWAY), **others)
        session.planned_timeout = timeout

    def sent(session: Any, request: Any) -> Any:
        nonlocal reply
        server.weather.leave()
        try:
            if not request.url.startswith(f"{ADDRESS}/"):
                return send(session, request)
            path, body = request.url.removeprefix(ADDRESS), request.body or b""
            reply = server.answer(request.method, path, _decoded(request.headers), body)
            return send(session, request) if reply.reset else reply.received(request.url)
        finally:
            _, read = session.planned_timeout
            server.weather.come_back(read, request.url)

    def connected(address: tuple[str, int], *others: Any, **named: Any) -> Any:
        return _Line(reply.read()) if address == (HOST, PORT) else connect(address, *others, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.httpsession.URLLib3Session, "__init__", started)
        patch.setattr(botocore.httpsession.URLLib3Session, "send", sent)
        patch.setattr(urllib3.util.connection, "create_connection", connected)
        yield server
