"""The artifact, built for this machine and this Python, and its functions as processes of their own."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from werkzeug.test import Client

from infra.build import build
from infra.local.functions import routes
from infra.local.gateway import Gateway
from infra.template import Function
from tests.conftest import REGION, Counter, resolve
from tests.runtime_api import Runtime, copy_client, start


class FailedFunctionError(Exception):
    """A function answered with an error."""


class BuiltFunction:
    """A function of the template as a process that knows its own variables alone."""

    def __init__(self, function: Function, runtime: Runtime) -> None:
        self.function = function
        self.runtime = runtime

    def __call__(self, event: dict[str, Any]) -> Any:
        """Call the function. Raises FailedFunctionError."""
        answer = self.runtime.invoke(event)
        if answer.kind != "response":
            raise FailedFunctionError(answer.body)
        return answer.body


class Deployed(Counter):
    """The stack in miniature, its functions replaced by processes of the artifact, started when first called."""

    def __init__(self, artifact: Path, client: Path, endpoint: str, logs: Path) -> None:
        super().__init__(resolve())
        self._processes = ExitStack()
        self._artifact, self._client, self._logs = artifact, client, logs
        self.aws = {
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
        }
        built = {name: self.start(name) for name in self.stack.functions}
        self.functions = built  # type: ignore[assignment]
        self.http = Client(Gateway(routes(built), self.stack.cors))  # type: ignore[arg-type]

    def start(self, name: str, **environment: str) -> BuiltFunction:
        """Start a process of a function, with further variables."""
        function = self.stack.functions[name]
        variables = {**self.aws, **function.environment, **environment}
        process = start(self._artifact, function.handler, variables, self._client, self._logs / f"{name}.log")
        return BuiltFunction(function, self._processes.enter_context(process))

    def log(self, name: str) -> str:
        """Return what the latest process of a function wrote."""
        return (self._logs / f"{name}.log").read_text(encoding="utf-8")

    def close(self) -> None:
        """End all processes."""
        self._processes.close()


@pytest.fixture(scope="session")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the artifact, of this machine's kind: what differs from Lambda's are the two native wheels."""
    folder = tmp_path_factory.mktemp("artifact") / "functions"
    build(folder, sys.executable, None)
    return folder


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Lambda's runtime client and nothing else."""
    pytest.importorskip("awslambdaric", reason="Lambda's runtime client is for Linux")
    return copy_client(tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """Return the address of a server of moto. It has the same tables and mails as the moto of the tests."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def deployed(artifact: Path, client: Path, endpoint: str, tmp_path: Path) -> Iterator[Deployed]:
    """Return the stack with the functions of the artifact."""
    stack = Deployed(artifact, client, endpoint, tmp_path)
    yield stack
    stack.close()


@pytest.fixture
def run(artifact: Path, client: Path, tmp_path: Path) -> Iterator[Callable[..., Runtime]]:
    """Return what starts a handler of the artifact with an environment."""
    with ExitStack() as processes:
        yield lambda handler, environment, code=artifact: processes.enter_context(
            start(code, handler, environment, client, tmp_path / "log")
        )
