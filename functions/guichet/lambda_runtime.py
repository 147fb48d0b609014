"""What all handlers share: what runs before the first event, and which errors reach Lambda's log."""

import os
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from guichet.store.dynamodb import UnavailableError
from guichet.telemetry import log_unexpected, logger, name_of

Context = TypeVar("Context")
Result = TypeVar("Result")


class FunctionError(Exception):
    """A function failed. The text names the error and never quotes its message."""


def prepare(*factories: Callable[[], object]) -> None:
    """Call cached factories now if Lambda is starting the function. Elsewhere they run on first use.

    Lambda's INIT phase has more CPU than later invocations (AWS: "Understanding the Lambda execution environment
    lifecycle"), and an invalid setting fails there, by name, before anybody posts.
    """
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        for factory in factories:
            factory()


def guarded(handler: Callable[[dict[str, Any], Context], Result]) -> Callable[[dict[str, Any], Context], Result]:
    """Wrap a Lambda handler so that whatever it raises is a FunctionError.

    Lambda logs the text of an error that leaves a handler, and libraries quote their input in it: pydantic, for one,
    quotes the address in an event that it cannot validate.
    """

    @wraps(handler)
    def call(event: dict[str, Any], context: Context) -> Result:
        try:
            return handler(event, context)
        except FunctionError:
            raise
        except UnavailableError as error:
            # Not `exception`, which logs the error's text.
            logger.error("unavailable", extra={"cause": type(error.__cause__).__name__})
            raise FunctionError(name_of(error)) from None
        except Exception as error:  # noqa: BLE001  whatever it is, its text must not be logged
            log_unexpected(error)
            raise FunctionError(name_of(error)) from None

    return call
