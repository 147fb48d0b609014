"""A function as Lambda runs it: AWS's own runtime client in a separate process, against a small Runtime API.

The paths are those of AWS: "Using the Lambda runtime API for custom runtimes". The process sees the folder that it is
given, the runtime client and the standard library, nothing else.
"""

import json
import os
import queue
import shutil
import site
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.server import Handler, Server, serving

# What the runtime has besides the function's code. It also has boto3, which the function must not rely on.
_CLIENT = ("awslambdaric", "simplejson", "snapshot_restore_py.py", "runtime_client.*.so")
_LONGEST = 30.0
# The timeout announced to an event, in seconds; nothing enforces it here.
_TIME_OUT = 120.0


@dataclass(frozen=True)
class Answer:
    """A process's response: a reply, or an error with its type and message; and when, by time.perf_counter()."""

    kind: str
    body: Any
    at: float


class _RuntimeApi(Server):
    def __init__(self) -> None:
        super().__init__(_Handler)
        self.events: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
        self.answers: queue.Queue[Answer] = queue.Queue()


class _Handler(Handler):
    server: _RuntimeApi

    def answer(self) -> None:
        (self._next if self.command == "GET" else self._take)()

    def _next(self) -> None:
        event = self.server.events.get()
        if event is None:
            self.close_connection = True
            return
        request_id, body = event
        headers = {
            # Without a type, the native part of the client crashes.
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _TIME_OUT) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:eu-west-3:123456789012:function:under-test",
            "Lambda-Runtime-Trace-Id": "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0",
        }
        self.reply(200, headers, body)

    def _take(self) -> None:
        body, at = self.body(), time.perf_counter()
        *_, where, kind = self.path.split("/")
        self.server.answers.put(Answer("init error" if where == "init" else kind, json.loads(body or "null"), at))
        self.reply(202, {"Content-Type": "application/json"}, b"{}")


class Runtime:
    """One process of a function. It starts at once, and its first event may be waiting by then."""

    def __init__(self, process: "subprocess.Popen[str]", server: _RuntimeApi, started: float) -> None:
        self._server = server
        self.process = process
        self.started = started

    def invoke(self, event: Mapping[str, Any]) -> Answer:
        """Send an event and wait for the response. Raises TimeoutError after 30 s."""
        self._server.events.put((str(uuid.uuid4()), json.dumps(event).encode()))
        return self.answer()

    def answer(self) -> Answer:
        """Wait for the process's next response, including an error at its start. Raises TimeoutError."""
        deadline = time.monotonic() + _LONGEST
        while time.monotonic() < deadline:
            with suppress(queue.Empty):
                return self._server.answers.get(timeout=0.1)
            if self.process.poll() is not None and self._server.answers.empty():
                break
        raise TimeoutError(f"no answer; the process says: {self.process.poll()}")

    def cpu(self) -> float:
        """Return the processor time that the process has used, in seconds (Linux)."""
        # Of its threads, one by one: /proc/…/stat counts in hundredths of a second only.
        threads = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(thread.read_text(encoding="ascii").split()[0]) for thread in threads) / 1e9

    def peak(self) -> int:
        """Return the most memory that the process has held, in bytes (Linux)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


@contextmanager
def start(code: Path, handler: str, environment: Mapping[str, str], client: Path, log: Path) -> Iterator[Runtime]:
    """Start a function from a folder, with only the given environment; end it afterwards."""
    server = _RuntimeApi()
    variables = {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{code}{os.pathsep}{client}",
        # Lambda's code folder is read-only.
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_LAMBDA_RUNTIME_API": server.address,
        "LAMBDA_TASK_ROOT": str(code),
        "AWS_LAMBDA_FUNCTION_NAME": "under-test",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        **environment,
    }
    # -S: no site-packages. -s: none of the user's own.
    command = [sys.executable, "-S", "-s", "-m", "awslambdaric", handler]
    with serving(server), log.open("w", encoding="utf-8") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=variables, cwd=code, stdout=output, stderr=output, text=True)
        try:
            yield Runtime(process, server, started)
        finally:
            process.kill()
            process.wait()
            server.events.put(None)


def copy_client(into: Path) -> Path:
    """Copy the runtime client of this environment into a separate folder, and return that."""
    for packages in map(Path, site.getsitepackages()):
        for pattern in _CLIENT:
            for found in packages.glob(pattern):
                if found.is_dir():
                    shutil.copytree(found, into / found.name, dirs_exist_ok=True)
                else:
                    into.mkdir(exist_ok=True)
                    shutil.copy(found, into)
    return into
