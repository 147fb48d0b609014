"""The functions of the stack, called in this process as Lambda calls them."""

import importlib
import json
import os
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.template import PSEUDO_PARAMETERS, TEMPLATE, Function

# The single CodeUri. Whoever starts the stack or the tests puts it on the import path, as Lambda does.
CODE: Path = TEMPLATE.parent / "functions"


class Context:
    """What Lambda passes to a handler besides the event."""

    def __init__(self, function_name: str, timeout: float) -> None:
        self.function_name = function_name
        self.function_version = "$LATEST"
        self.memory_limit_in_mb = 1024
        self.aws_request_id = str(uuid.uuid4())
        region, account = PSEUDO_PARAMETERS["AWS::Region"], PSEUDO_PARAMETERS["AWS::AccountId"]
        self.invoked_function_arn = f"arn:aws:lambda:{region}:{account}:function:{function_name}"
        self._deadline = time.monotonic() + timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds until the function's time-out."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class LocalFunction:
    """A function of the template. Its handler is imported at once, as Lambda's INIT phase does."""

    def __init__(self, function: Function) -> None:
        self.function = function
        path, _, name = function.handler.rpartition(".")
        module = importlib.import_module(path)
        self._handler = getattr(module, name)
        # An invalid setting is reported now, not at the first event.
        module.settings()

    def __call__(self, event: dict[str, Any]) -> Any:
        """Call the handler with an event and return what it returns, both through JSON, as Lambda does.

        Calls run concurrently, as Lambda starts as many instances as there are events.
        """
        reply = self._handler(json.loads(json.dumps(event)), Context(self.function.name, self.function.timeout))
        return json.loads(json.dumps(reply))


def local_functions(functions: Mapping[str, Function], environment: Mapping[str, str]) -> dict[str, LocalFunction]:
    """Set the environment, and return the functions ready to be called, by logical id.

    They share this process and so the variables; `Stack.environment` refuses a variable with two values.
    """
    os.environ.update(environment)
    return {name: LocalFunction(function) for name, function in functions.items()}


def routes(functions: Mapping[str, LocalFunction]) -> dict[str, LocalFunction]:
    """Return the functions by the routes that lead to them."""
    return {route: function for function in functions.values() for route in function.function.routes}
