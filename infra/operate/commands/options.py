"""The options that all commands share, and the stack that they choose."""

import functools
import sys
from collections.abc import Callable
from typing import Any

import click

from guichet.addresses import parse
from infra.operate.commands.declared_forms import telling_of_wrong_forms
from infra.operate.connection import (
    AWS_ERRORS,
    Connection,
    NoStackError,
    UnreachableError,
    allow_slow_calls,
    connect_local,
    connect_stack,
    refusal,
)
from infra.operate.output import Output

_OR_LOCAL = "For the stack that `make run` started on this machine, use --local"
_COMMON_OPTIONS = (
    click.option("--local", is_flag=True, help="Use the stack that `make run` started on this machine."),
    click.option("--port", default=3000, envvar="PORT", show_default=True, help="With --local: the port of the API."),
    click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The deployed stack."),
    click.option("--region", help="The stack's region. Default: the AWS CLI's."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line."),
)


def common_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every command has."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_COMMON_OPTIONS), function)


def on_stack(function: Callable[..., int | None]) -> Callable[..., None]:
    """Add the common options to a command, and call it with the connection and output that they choose."""

    @common_options
    @functools.wraps(function)
    def run(*, local: bool, port: int, stack: str, region: str | None, as_json: bool, **given: Any) -> None:
        connection = connect(local=local, port=port, stack=stack, region=region)
        with telling_of_wrong_forms():
            code = function(connection, Output(as_json=as_json), **given)
        sys.exit(code or 0)

    return run


def without_stack(function: Callable[..., int | None]) -> Callable[..., None]:
    """Add the common options to a command, and call it with its output only."""

    @common_options
    @functools.wraps(function)
    def run(*, local: bool, port: int, stack: str, region: str | None, as_json: bool, **given: Any) -> None:  # noqa: ARG001
        sys.exit(function(Output(as_json=as_json), **given) or 0)

    return run


def connect(*, local: bool, port: int, stack: str, region: str | None) -> Connection:
    """Connect to the stack that the common options choose.

    Raises OperatorError. If no stack was found, or AWS is unreachable, it mentions --local.
    """
    allow_slow_calls()
    if local:
        return connect_local(port)
    try:
        return connect_stack(stack, region)
    except NoStackError as error:
        raise NoStackError(f"{error}. {_OR_LOCAL}") from None
    except AWS_ERRORS as error:
        raise UnreachableError(f"{refusal(error)}. {_OR_LOCAL}") from None


def address_of(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    """Return an address, normalized, or None if none was given. Raises BadParameter if it is not an email address."""
    if text is None:
        return None
    address = parse(text)
    if address is None:
        raise click.BadParameter(f"{text!r} is not an email address")
    return address
