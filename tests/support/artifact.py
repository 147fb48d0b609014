"""The functions of the artifact, as separate processes."""

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any

from werkzeug.test import Client

from infra.local.functions import routes
from infra.local.gateway import Gateway
from infra.template import Function
from tests.support.app import REGION, App, resolve
from tests.support.runtime_api import Runtime, start


class FailedFunctionError(Exception):
    """A function answered with an error."""


class BuiltFunction:
    """A function of the template, run on first use as a process with only its own environment variables."""

    def __init__(self, function: Function, start: Callable[[], Runtime]) -> None:
        self.function = function
        self._start = start

    @cached_property
    def runtime(self) -> Runtime:
        """The function's process, started on first access."""
        return self._start()

    def __call__(self, event: dict[str, Any]) -> Any:
        """Call the function. Raises FailedFunctionError."""
        answer = self.runtime.invoke(event)
        if answer.kind != "response":
            raise FailedFunctionError(answer.body)
        return answer.body


class Deployed(App):
    """The stack in miniature, with its functions replaced by processes of the artifact."""

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
        built = {name: self.built(name) for name in self.stack.functions}
        self.functions = built  # type: ignore[assignment]
        self.http = Client(Gateway(routes(built), self.stack.cors))  # type: ignore[arg-type]

    def built(self, name: str, **environment: str) -> BuiltFunction:
        """Return a function with additional environment variables. Its process starts on first use."""
        function = self.stack.functions[name]
        variables = {**self.aws, **function.environment, **environment}
        process = start(self._artifact, function.handler, variables, self._client, self._logs / f"{name}.log")
        return BuiltFunction(function, lambda: self._processes.enter_context(process))

    def log(self, name: str) -> str:
        """Return what the latest process of a function wrote."""
        return (self._logs / f"{name}.log").read_text(encoding="utf-8")

    def close(self) -> None:
        """End all processes."""
        self._processes.close()
