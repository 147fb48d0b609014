"""The log of the functions' AWS calls: each test process writes one, and tests/roles reads them all."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.roles import Call, calls_of

# The function that is running. Calls from outside a function do not concern any role.
_running: ContextVar[str | None] = ContextVar("_running", default=None)


@dataclass
class Asked:
    """What functions called: the permissions that this requires, and the operations by service."""

    calls: set[Call] = field(default_factory=set)
    operations: dict[str, set[str]] = field(default_factory=dict)


class CallLog:
    """This process's log. It has no file until a folder is set, and then its own file, with each line once."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self._lines: set[str] = set()

    def record(self, **request: Any) -> None:
        """Record a client's request, from botocore's event `provide-client-params`."""
        function = _running.get()
        if function is None:
            return
        service, operation = request["model"].service_model.service_name, request["model"].name
        # Computed even if not logged: a call that cannot be judged is reported where it is made.
        calls = calls_of(function, service, operation, request["params"])
        if self.folder is None:
            return
        told = [[call.function, call.action, call.resource, sorted(call.context)] for call in calls]
        line = json.dumps({"service": service, "operation": operation, "calls": told})
        if line not in self._lines:
            self._lines.add(line)
            self.folder.mkdir(parents=True, exist_ok=True)
            with (self.folder / f"{os.getpid()}.jsonl").open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")


LOG = CallLog()


@contextmanager
def made_by(function: str) -> Iterator[None]:
    """Record the requests made within the block as a function's."""
    token = _running.set(function)
    try:
        yield
    finally:
        _running.reset(token)


def read(folder: Path) -> Asked:
    """Return the combined logs of a folder."""
    asked = Asked()
    for path in folder.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            told = json.loads(line)
            asked.operations.setdefault(told["service"], set()).add(told["operation"])
            for function, action, resource, context in told["calls"]:
                asked.calls.add(Call(function, action, resource, frozenset((name, value) for name, value in context)))
    return asked
