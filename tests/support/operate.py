"""The operator's commands in this process: their output, and the stack that they act on."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import click
import pytest

from guichet.definitions import lookup
from guichet.mail import ses
from guichet.store import dynamodb
from infra.operate import commands
from infra.operate.connection import Connection, OperatorSettings
from tests.support.app import REGION, App


def every(command: click.Command = commands.guichet, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command and all its subcommands, each with its path, such as `("messages", "list")`."""
    loaded = commands.load(path[0]) if len(path) == 1 else command
    yield path, loaded
    if isinstance(loaded, click.Group):
        for name, inner in loaded.commands.items():
            yield from every(inner, *path, name)


class Said:
    """A command's output and exit code."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def told(self) -> str:
        """The error on one line: it is wrapped at 80 columns, wherever its paths and ports let it."""
        return " ".join(self.err.split())

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


Operate = Callable[..., Said]


def said_by(capsys: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """Run a command, and return what it said."""
    capsys.readouterr()
    code: object = 0
    try:
        commands.main([*arguments])
    except SystemExit as ended:
        code = ended.code
    return Said(code if isinstance(code, int) else 0, *capsys.readouterr())


def said_on(port: int, capture: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """Run a command in this process, but on the running stack of a port, and return what it said.

    The command's changes to the process end with it, except for the environment, which is restored after the test.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("READ_TIMEOUT", "RETRY_BUDGET"):
            patch.setattr(dynamodb, name, getattr(dynamodb, name))
        patch.setattr(lookup, "SOURCE", lookup.SOURCE)
        _forget()
        said = said_by(capture, *arguments, "--local", "--port", str(port))
    _forget()
    return said


def _forget() -> None:
    """Forget the site's forms, and the clients of a stack."""
    lookup.forget()
    for client in (dynamodb.client, ses.client):
        client.cache_clear()


def connection_to(app: App) -> Connection:
    """Return a connection to a stack in this process."""
    settings = OperatorSettings.model_validate(dict(app.stack.environment))

    def sweep() -> Any:
        # The function logs to the same standard output, in this process.
        with redirect_stdout(io.StringIO()):
            return app.sweep()

    return Connection("test", settings, sweep, REGION, local=True, variables=app.stack.environment)
