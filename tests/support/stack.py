"""A running `make run`: its process, ports, output and mail."""

import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.support.own_files import checkout

# Long enough for a busy machine. Only failures take this long.
PATIENCE = 60


def free_port() -> int:
    """Return a free port, below the range from which the system assigns ports."""
    while True:
        port = random.randrange(20_000, 32_000)  # noqa: S311
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(what: str, check: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """Return a check's result as soon as it is true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := check():
            return found
        time.sleep(0.05)
    pytest.fail(f"waited {seconds} s for {what}")


def connects(port: int) -> bool:
    """Return whether a port of this machine accepts connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@dataclass
class Answer:
    """A response: header names in lower case, the body as text."""

    status: int
    headers: dict[str, str]
    text: str
    # Each header `Set-Cookie`, which cannot be joined to one (RFC 9110, section 5.3).
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body, as JSON."""
        return json.loads(self.text)


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """Send a request to a port of this machine. A redirect is not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        cookies = tuple(response.headers.get_all("set-cookie", []))
        return Answer(response.status, found, response.read().decode(), cookies)
    finally:
        connection.close()


class LocalStack:
    """A running `python -m infra.local`, and its output."""

    def __init__(self, folder: Path, root: Path, /, **variables: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        for name in ("PARAMETERS", "CONTAINERS", "ENGINE_PORT", "ORIGINS", "SEND_RATE"):
            environment.pop(name, None)
        # The tests read what the functions log.
        environment |= {"PORT": str(free_port()), "SITE_PORT": str(free_port()), "LOGS": "json"} | variables
        self.port, self.site_port = int(environment["PORT"]), int(environment["SITE_PORT"])
        self._out, self._err = folder / "out", folder / "err"
        # By their ids, oldest first, each with its text.
        self._mails: dict[str, tuple[dict[str, Any], str]] = {}
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "infra.local"],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    @property
    def said(self) -> str:
        """Its standard output."""
        return self._out.read_text(encoding="utf-8")

    @property
    def complained(self) -> str:
        """Its standard error."""
        return self._err.read_text(encoding="utf-8")

    def logged(self, message: str) -> list[dict[str, Any]]:
        """Return the lines that its functions logged with a message."""
        lines = [json.loads(line) for line in self.said.splitlines() if line.startswith('{"level"')]
        return [line for line in lines if line["message"] == message]

    def wait_until_ready(self) -> None:
        """Wait until it reports that it is ready."""
        wait_for("Ready", lambda: "Ready" in self.said or self.process.poll() is not None)
        assert "Ready" in self.said, self.complained

    def wait_until_it_listens(self) -> None:
        """Wait until the API's port accepts connections."""
        wait_for("the port", lambda: connects(self.port))

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it by a signal, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def post(self, path: str, body: bytes, content_type: str) -> Answer:
        """Post a body to the API, as the site does."""
        headers = {"Content-Type": content_type, "Origin": f"http://127.0.0.1:{self.site_port}"}
        return ask(self.port, "POST", path, body, headers)

    def sweep(self, only: str = "") -> Any:
        """Call the scheduled functions, or only one, and return what each returned, by name."""
        return ask(self.port, "POST", f"/_local/sweep{only and f'?function={only}'}", b"").json

    def inbox(self, marker: str = "", to: str = "") -> list[dict[str, Any]]:
        """Return the mails whose text contains a marker, optionally only those to a recipient. Oldest first."""
        # Each mail is fetched and parsed once: tests ask often, and a stack that many share has hundreds of them.
        newest = next(reversed(self._mails), "")
        for mail in ask(self.port, "GET", f"/_local/inbox.json?after={newest}").json:
            self._mails[mail["id"]] = mail, text_of(mail["raw"])
        return [mail for mail, text in self._mails.values() if marker in text and (not to or mail["to"] == [to])]


@contextmanager
def local_stack(folder: Path, root: Path | None = None, /, **variables: str) -> Iterator[LocalStack]:
    """Run a stack for the duration of the block, by default from this checkout."""
    stack = LocalStack(folder, root or checkout(), **variables)
    try:
        yield stack
    finally:
        stack.end()


def missing(what: str) -> NoReturn:
    """Skip for lack of something that a developer's machine may not have; fail if the environment has `CI`."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not here, and nothing may skip in CI")
    pytest.skip(f"{what} is not here")


def text_of(raw: str | bytes) -> str:
    """Return the text of an email."""
    read = message_from_string if isinstance(raw, str) else message_from_bytes
    message = read(raw, _class=EmailMessage, policy=policy.default)  # type: ignore[arg-type]
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def unquoted(text: str) -> str:
    """Return the text of an email to the owner without the marks before a stranger's lines."""
    return re.sub("(^|[\n\v\f\x1c-\x1e\x85\u2028\u2029])> ", r"\1", text)
