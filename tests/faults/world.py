"""One run: visitors post, the stream and the schedule call the notifier, and what is between them and AWS fails.

The faults are on the wire: a server of HTTP stands in front of moto and does not always do as it is asked. So
botocore's own time-outs, retries and parsers take part. A killed function does not come back from a call to AWS.
"""

import base64
import json
import random
import re
import socket
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from functools import partial
from http import HTTPStatus
from threading import Lock
from types import SimpleNamespace
from typing import Any, Literal

import botocore.httpsession
import botocore.session
import pytest
import time_machine
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder, run_wsgi_app

from guichet import dynamodb
from infra.local.streams import schedule_event, stream_event, wanted
from notifier import pace, ses
from tests.conftest import REGION, SESSION, Counter, isolated, resolve
from tests.integration.test_life import START
from tests.server import Handler, Server, serving

Kind = Literal[
    "reset before",
    "reset after",
    "time-out before",
    "time-out after",
    "500 before",
    "500 after",
    "503",
    "throttled",
    "conflict",
    "broken reply",
    "slow",
    "killed before",
    "killed during",
    "killed after",
]
KINDS: tuple[Kind, ...] = Kind.__args__  # type: ignore[attr-defined]
# The server acts, and but for the slow one the caller does not learn of it.
_ACTED = {"reset after", "time-out after", "500 after", "broken reply", "slow", "killed after"}
_KILLED = {"killed before", "killed during", "killed after"}
_REFUSALS: dict[Kind, tuple[int, str]] = {
    "500 before": (500, "InternalServerError"),
    "500 after": (500, "InternalServerError"),
    "503": (503, "ServiceUnavailable"),
    "throttled": (400, "ThrottlingException"),
    "conflict": (400, "TransactionCanceledException"),
}
# Shorter than in the functions, in proportion, so that a thousand runs take minutes.
_CONNECT, _READ, _PATIENCE = 0.1, 0.1, 0.3
# A table of moto's that is small is quick.
_VISITORS, _SUBSCRIBERS = 3, 1
_DELIVERED_AGAIN = 0.7
# How often what is on its way lands before the next request.
_LANDS = 0.3
_TOKEN = re.compile(r"token-[0-9]+")
_MESSAGES = [f"token-{number}" for number in range(_VISITORS)]
_SIGN_UPS = [f"token-{number}" for number in range(_VISITORS, _VISITORS + _SUBSCRIBERS)]


class Killed(BaseException):
    """The function does not come back."""


@dataclass
class Sent:
    """A request that reached the engine: the operation, the token of the email that it carried, whether it acted."""

    operation: str
    token: str
    fault: Kind | None
    acted: bool
    body: bytes


@dataclass
class Run:
    """What came of a run."""

    seed: int
    faults: Tally[str] = field(default_factory=Tally)
    posts: int = 0
    accepted: int = 0
    stored: int = 0
    mailed: int = 0
    lost: int = 0
    twice: int = 0
    longest: float = 0
    problems: list[str] = field(default_factory=list)


class World:
    """The counter, with what fails in between."""

    def __init__(self, seed: int, counter: Counter, weights: Mapping[Kind, float], quiet: float) -> None:
        self.run = Run(seed)
        self.random = random.Random(seed)  # noqa: S311
        self.counter = counter
        self._kinds = [*weights, None]
        self._weights = [*weights.values(), quiet]
        self.calm = False
        self.killed = False
        self.log: list[Sent] = []
        # What the server will act on although its caller is gone.
        self.late: list[Callable[[], Any]] = []
        self._due: list[dict[str, Any]] = []

    def draw(self) -> Kind | None:
        """Draw what happens to a request."""
        kind = None if self.calm else self.random.choices(self._kinds, self._weights)[0]
        if kind:
            self.run.faults[kind] += 1
        return kind

    # --- who calls ------------------------------------------------------------------------------------------------

    def post(self, path: str, fields: dict[str, str], caller: str) -> bool:
        """Post a form, and tell whether the visitor was told that it is kept."""
        self.run.posts += 1
        start = time.perf_counter()
        try:
            reply = self.counter.post(path, json=fields, environ_overrides={"REMOTE_ADDR": caller})
        except Killed:
            return False
        finally:
            self.run.longest = max(self.run.longest, time.perf_counter() - start)
        if reply.status_code not in (200, 503):
            self.run.problems.append(f"{path}: answered {reply.status_code}")
        return reply.status_code == 200

    def notify(self, event: dict[str, Any]) -> Any:
        """Call the notifier and return its answer, None where it raised something or was killed."""
        try:
            return self.counter.functions["Notifier"](event)
        except (Killed, Exception):  # noqa: BLE001
            return None

    def deliver(self) -> None:
        """Deliver some records of the stream: late, out of order, twice, or never."""
        reader = self.counter._reader  # noqa: SLF001
        (mapping,) = self.counter.functions["Notifier"].function.streams
        self._due += [record for record in reader.read() if wanted(record, mapping.patterns)]
        self.random.shuffle(self._due)
        batch = self._due[: self.random.randint(0, len(self._due))]
        self._due = self._due[len(batch) :]
        lost = [record for record in batch if self.random.random() < 0.2]
        batch = [record for record in batch if record not in lost]
        self._due += [record for record in batch if self.random.random() < 0.3]
        if batch:
            answer = self.notify(stream_event(batch, self.counter._stream_arn))  # noqa: SLF001
            failed = first_failed(answer, batch)
            # The mapping delivers again what is not done; a few times only, and then it gives up.
            if failed is not None and self.random.random() < _DELIVERED_AGAIN:
                self._due += batch[failed:]


def first_failed(answer: Any, batch: list[dict[str, Any]]) -> int | None:
    """Return from which record on a batch is delivered again (AWS: "Partial batch response"), None where it is done."""
    if answer is None:
        return 0
    failed = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
    numbers = [number for number, record in enumerate(batch) if record["dynamodb"]["SequenceNumber"] in failed]
    return min(numbers, default=None)


def live(world: World, clock: Any) -> None:
    """Let visitors and AWS do what they do, in an order of chance, then let all faults end."""
    told: set[str] = set()
    wanted_by: dict[str, Callable[[], bool]] = {}
    for number, token in enumerate([*_MESSAGES, *_SIGN_UPS]):
        fields = {"email": f"{token}@example.org", "_id": token}
        if token in _MESSAGES:
            fields["message"] = f"Bonjour {token}"
        path, caller = "/contact" if token in _MESSAGES else "/newsletter", f"203.0.113.{number}"
        wanted_by[token] = partial(world.post, path, fields, caller)

    for _ in range(3 * len(wanted_by)):
        token = world.random.choice(list(wanted_by))
        # Who was told that it is kept seldom sends it again.
        if (token not in told or world.random.random() < 0.3) and wanted_by[token]():
            told.add(token)
        for _ in range(world.random.randint(0, 1)):
            world.deliver()
        if world.random.random() < 0.2:
            world.notify(schedule_event())
        clock.shift(world.random.choice([0, 1, 60, 400]))
    world.calm = True
    for _ in range(4):
        # Longer than a claim lasts.
        clock.shift(901)
        world.notify(schedule_event())
    judge(world, told)


def judge(world: World, told: set[str]) -> None:
    """Hold what is stored and mailed against what visitors were told."""
    run, counter = world.run, world.counter
    kept = Tally(token for item in counter.items() for token in _tokens_of(item))
    mailed = Tally(sent.token for sent in world.log if sent.operation == "SendEmail" and sent.acted)
    run.accepted, run.stored, run.mailed = len(told), len(kept), len(mailed)
    run.lost = len(told - set(kept)) + len(set(kept) - set(mailed))
    # A sign-up after its quarter of an hour is another request, and may get another email.
    run.twice = sum(max(0, count - max(1, kept[token])) for token, count in mailed.items())
    if missing := told - set(kept):
        run.problems.append(f"accepted and not stored: {missing}")
    if twice := {token for token, count in kept.items() if count > 1 and token not in _SIGN_UPS}:
        run.problems.append(f"stored twice: {twice}")
    if silent := set(kept) - set(mailed):
        run.problems.append(f"stored and not mailed: {silent}")
    if invented := set(mailed) - set(kept):
        run.problems.append(f"mailed and not stored: {invented}")
    if owed := [item["sk"] for item in counter.items("email") if "owed" in item]:
        run.problems.append(f"still owed: {owed}")
    run.problems += _needless_repeats(world.log)


def _tokens_of(item: dict[str, Any]) -> list[str]:
    if item["kind"] not in ("message", "request"):
        return []
    return _TOKEN.findall(item["email"])


def _needless_repeats(log: list[Sent]) -> Iterator[str]:
    """Yield the emails that went out again although nothing was in doubt: SES had answered and the mark was made.

    The notifier sends one email after the other, so the first mark after a sending is that of its email.
    """
    last = ""
    marked: set[str] = set()
    for sent in log:
        if sent.operation == "SendEmail" and sent.acted:
            if sent.token in marked and sent.token not in _SIGN_UPS:
                yield f"mailed again after it was marked as sent: {sent.token}"
            last = sent.token
        elif sent.operation == "UpdateItem" and b"sent_at" in sent.body and sent.acted and last:
            # One that came late was not there yet for who asked meanwhile.
            if sent.fault != "killed during":
                marked.add(last)
            last = ""


# --- the wire ---------------------------------------------------------------------------------------------------------


class FaultyServer(Server):
    """AWS as a run's world has it."""

    world: World

    def __init__(self) -> None:
        super().__init__(_Handler)
        self.application = DomainDispatcherApplication(create_backend_app)
        # moto's transactions are not safe under threads.
        self.lock = Lock()
        self.tokens: set[str | None] = set()

    def act(
        self, sent: Sent, method: str, path: str, headers: list[tuple[str, str]]
    ) -> tuple[int, dict[str, str], bytes]:
        """Act, but not twice on one ClientRequestToken, as DynamoDB remembers for ten minutes and moto does not."""
        sent.acted = True
        token = json.loads(sent.body)["ClientRequestToken"] if sent.operation == "TransactWriteItems" else None
        if token in self.tokens:
            return 200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"
        service = "email" if sent.operation in {"SendEmail", "GetAccount"} else "dynamodb"
        environ = EnvironBuilder(
            path, base_url=f"https://{service}.{REGION}.amazonaws.com", method=method, headers=headers, data=sent.body
        ).get_environ()
        chunks, status, answered = run_wsgi_app(self.application, environ)
        own = ("content-length", "connection", "date", "server")
        told = {name: value for name, value in answered.items() if name.lower() not in own}
        code = int(status.split()[0])
        if token and code == HTTPStatus.OK:
            self.tokens.add(token)
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
        world = self.server.world
        for landing in [late for late in world.late if world.calm or world.random.random() < _LANDS]:
            world.late.remove(landing)
            landing()
        kind = world.draw()
        if kind == "conflict" and operation != "TransactWriteItems":
            kind = "throttled"
        acts = kind is None or kind in _ACTED
        sent = Sent(operation, _token_in(operation, body), kind, acts, body)
        world.log.append(sent)
        headers = [(name, value) for name, value in self.headers.items() if name.lower() != "host"]
        act = partial(self.server.act, sent, self.command, self.path, headers)
        status, told, content = act() if acts else (500, {}, b"{}")
        if kind == "killed during":
            world.late.append(act)
        if kind in _KILLED:
            # Its caller ends instead of seeing a reset.
            world.killed = True
        if kind == "slow":
            time.sleep(dynamodb.READ_TIMEOUT / 2)
        if kind in {None, "slow"}:
            self.reply(status, told, content)
        elif kind in _REFUSALS:
            self._refuse(*_REFUSALS[kind])
        else:
            if kind.startswith("time-out"):
                time.sleep(1.5 * dynamodb.READ_TIMEOUT)
            if kind == "broken reply":
                self.reply(status, told, content[: len(content) // 2], len(content))
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


def _token_in(operation: str, body: bytes) -> str:
    if operation != "SendEmail":
        return ""
    raw = base64.b64decode(json.loads(body)["Content"]["Raw"]["Data"])
    mail = message_from_bytes(raw, policy=policy.default)
    (token,) = set(_TOKEN.findall(f"{mail['To']} {mail['Reply-To']}"))
    return str(token)


@contextmanager
def wire(*, patient: bool = False) -> Iterator[FaultyServer]:
    """Serve AWS with faults, and let killed functions end; with the functions' own time-outs if it is patient."""
    original = botocore.httpsession.URLLib3Session.send

    def send(session: Any, request: Any) -> Any:
        try:
            return original(session, request)
        finally:
            if server.world.killed:
                server.world.killed = False
                raise Killed

    with serving(FaultyServer()) as server, pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.httpsession.URLLib3Session, "send", send)
        if not patient:
            patch.setattr(dynamodb, "CONNECT_TIMEOUT", _CONNECT)
            patch.setattr(dynamodb, "READ_TIMEOUT", _READ)
            patch.setattr(dynamodb, "PATIENCE", _PATIENCE)
            patch.setattr(dynamodb, "_LONGEST_WAIT", 0.1)
            patch.setattr(ses, "CONNECT_TIMEOUT", _CONNECT)
            patch.setattr(ses, "READ_TIMEOUT", _READ)
        patch.setattr(botocore.session, "get_session", lambda: SESSION)
        # The clock stands still in a run, and so does the pace.
        patch.setattr(pace, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
        yield server


EVEN: Mapping[Kind, float] = dict.fromkeys(KINDS, 1.0)


def experiment(server: FaultyServer, seed: int, weights: Mapping[Kind, float] = EVEN, quiet: float = 36.0) -> Run:
    """Do one run. Faults are drawn by their weights against that of quiet."""
    with isolated(), time_machine.travel(START, tick=False) as clock, pytest.MonkeyPatch.context() as patch:
        counter = Counter(resolve())
        address = f"http://{server.address}"
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", address)
        patch.setenv("AWS_ENDPOINT_URL_SESV2", address)
        dynamodb.client.cache_clear()
        ses.client.cache_clear()
        world = server.world = World(seed, counter, weights, quiet)
        live(world, clock)
        return world.run
