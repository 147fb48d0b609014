"""The operator's commands in this process, on the stack of the tests."""

import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

import pytest

from guichet.store import dynamodb
from infra.operate import commands
from infra.operate.connection import Connection, OperatorSettings
from tests.conftest import REGION, Counter


class Said:
    """What a command said, and its exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


Operate = Callable[..., Said]


def connection_to(counter: Counter) -> Connection:
    """Return a connection to a stack in this process."""
    settings = OperatorSettings.model_validate(dict(counter.stack.environment))

    def sweep() -> Any:
        # The function logs to the same standard output, in this process.
        with redirect_stdout(io.StringIO()):
            return counter.sweep()

    return Connection("test", settings, sweep, REGION, local=True)


@pytest.fixture
def operate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operate:
    """Return what runs a command on a stack: `operate(counter, "messages", "--spam")`."""

    def run(counter: Counter, *arguments: str) -> Said:
        monkeypatch.setattr(commands, "connect_local", lambda _: connection_to(counter))
        # A command makes the whole process patient.
        for name in ("READ_TIMEOUT", "RETRY_BUDGET"):
            monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            commands.main([*arguments, "--local"])
        out, err = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return run
