"""AWS as a run sees it: an HTTP server in front of moto that does not always do what it is asked.

The faults are on the wire, so botocore's own retries and parsers take part. There is no real waiting: whatever takes
time advances the run's clock by the client's own time-outs, so that a seed gives the same run on any machine.
"""

import base64
import json
import math
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
from threading import Lock
from typing import Any, Literal

import botocore.httpsession
import botocore.session
import pytest
from botocore.exceptions import ReadTimeoutError
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from guichet.mail.tags import Attempt, attempt_in
from guichet.store import readers
from tests.support.app import PARAMETERS, REGION
from tests.support.clients import SESSION
from tests.support.server import Handler, Server, serving

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
# The server acts, but except for `slow` the caller does not learn of it.
_ACTED = {"reset after", "time-out after", "500 after", "broken reply", "slow", "killed after"}
_REFUSALS: dict[Kind, tuple[int, str]] = {
    "500 before": (500, "InternalServerError"),
    "500 after": (500, "InternalServerError"),
    "503": (503, "ServiceUnavailable"),
    "throttled": (400, "ThrottlingException"),
    "denied": (403, "AccessDeniedException"),
    "conflict": (400, "TransactionCanceledException"),
}
# What any request takes, in seconds.
_LITTLE = 0.01
# How long a socket really waits: too long for load on this machine to matter.
_FAR_AWAY = 600
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

    Of a mail, `email` says which one it is, `link` is what it leads its reader to, and `attempt` is what its tags name.
    `caller` is the run of a function that asked for it, if one of those that are told apart.
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
        # How much fairer than all others' is the weather of the runs that are told apart: they make many requests.
        self._quiet, self.fairer = quiet, 1.0
        self.plan: Plan = self.chance
        self.calm = False
        # When Lambda ends the function that runs, and the run of it, which does nothing more once it was killed.
        self.deadline = math.inf
        self.caller = ""
        self._dead: set[str] = set()
        # What happens before a request leaves, and after the engine acted.
        self.meanwhile: Callable[[], None] = lambda: None
        self.acted: Callable[[Sent], None] = lambda _: None
        self.faults: Tally[str] = Tally()
        self.log: list[Sent] = []
        self.story: list[str] = []
        # What the server will act on although its caller is gone.
        self.late: list[Callable[[], Any]] = []
        self._now: Kind | None = None

    def chance(self, _operation: str) -> Kind | None:
        """Draw what happens to a request."""
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
        """Deliver all delayed requests, as enough time passes."""
        for landing in list(self.late):
            self._land(landing)

    def _land(self, landing: Callable[[], Any]) -> None:
        self.late.remove(landing)
        landing()

    @contextmanager
    def running(self, caller: str, timeout: float) -> Iterator[None]:
        """Tell the requests of a run of a function from all others, and end it with its time-out."""
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
            # Neither does it clean up.
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


class FaultyServer(Server):
    """AWS in the weather of a run."""

    weather: Weather

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.application = DomainDispatcherApplication(create_backend_app)
        # The weather is drawn for one request at a time.
        self.lock = Lock()
        self.tokens: set[str | None] = set()

    def act(
        self, sent: Sent, method: str, path: str, headers: list[tuple[str, str]]
    ) -> tuple[int, dict[str, str], bytes]:
        """Act, but only once per ClientRequestToken, which DynamoDB remembers for ten minutes and moto does not."""
        sent.acted = True
        token = json.loads(sent.body)["ClientRequestToken"] if sent.operation == "TransactWriteItems" else None
        if token in self.tokens:
            return 200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"
        service = "email" if sent.operation in SES else "dynamodb"
        environ = EnvironBuilder(
            path, base_url=f"https://{service}.{REGION}.amazonaws.com", method=method, headers=headers, data=sent.body
        ).get_environ()
        chunks, status, answered = run_wsgi_app(self.application, environ)
        own = ("content-length", "connection", "date", "server")
        told = {name: value for name, value in answered.items() if name.lower() not in own}
        code = int(status.split()[0])
        if token and code == HTTPStatus.OK:
            self.tokens.add(token)
        if code == HTTPStatus.OK:
            self.weather.acted(sent)
        self.weather.tell(f"AWS: {sent.operation} {sent.email} is done: {code}")
        return code, told, b"".join(chunks)


class _Handler(Handler):
    server: FaultyServer

    def answer(self) -> None:
        body = self.body()
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        operation = target or ("SendEmail" if self.path.endswith("outbound-emails") else "GetAccount")
        with self.server.lock:
            self._answer(operation, body)

    def _answer(self, operation: str, body: bytes) -> None:
        weather = self.server.weather
        kind = weather.meet(operation)
        acts = kind is None or kind in _ACTED
        sent = Sent(operation, kind, acts, body, weather.caller, *_email_in(operation, body))
        weather.log.append(sent)
        weather.tell(f"AWS: {operation} {sent.email}: {kind or 'fair'}")
        headers = [(name, value) for name, value in self.headers.items() if name.lower() != "host"]
        act = partial(self.server.act, sent, self.command, self.path, headers)
        status, told, content = act() if acts else (500, {}, b"{}")
        if kind == "killed during":
            weather.late.append(act)
        if kind in {None, "slow"}:
            self.reply(status, told, content)
        elif kind in _REFUSALS:
            self._refuse(*_REFUSALS[kind])
        else:
            if kind == "broken reply":
                self.reply(status, told, content[: len(content) // 2], len(content))
            # Who waits in vain, or is killed, sees this in the place of nothing: its side of the wire knows.
            self._reset()

    def _refuse(self, status: int, code: str) -> None:
        # Only cancelled transactions have reasons, and only they are asked for them.
        reasons = [{"Code": "TransactionConflict"}]
        error = {"__type": f"com.amazonaws#{code}", "message": code, "CancellationReasons": reasons}
        content = json.dumps(error).encode()
        self.reply(status, {"Content-Type": "application/x-amz-json-1.0", "X-Amzn-Errortype": code}, content)

    def _reset(self) -> None:
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()


def _email_in(operation: str, body: bytes) -> tuple[str, str, Attempt | None]:
    """Return which email a mail is, read as its reader does, the link in it, and the attempt that its tags name."""
    if operation != "SendEmail":
        return "", "", None
    asked = json.loads(body)
    raw = base64.b64decode(asked["Content"]["Raw"]["Data"])
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    attempt = attempt_in({tag["Name"]: [tag["Value"]] for tag in asked.get("EmailTags", [])})
    if attempt and attempt.key.record.startswith("issue#"):
        # Of all others, the text says whose they are.
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
    """Return what says which email it is: of each request to confirm there is one, of all others one for an address."""
    return f"{name} {token} {request}".strip()


@contextmanager
def wire() -> Iterator[FaultyServer]:
    """Serve AWS with faults, let killed functions end, and let only the run's clock end waiting."""
    start: Callable[..., None] = botocore.httpsession.URLLib3Session.__init__
    send: Callable[..., Any] = botocore.httpsession.URLLib3Session.send

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

    with serving(FaultyServer()) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.httpsession.URLLib3Session, "__init__", started)
        patch.setattr(botocore.httpsession.URLLib3Session, "send", sent)
        patch.setattr(botocore.session, "get_session", lambda: SESSION)
        yield server
