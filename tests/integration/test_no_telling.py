"""Replies to a sign-up are the same whether the address is new, pending, confirmed, gone or suppressed."""

from typing import Any

import pytest
import time_machine

from guichet.store import dynamodb
from tests.support.app import PARAMETERS, START, App
from tests.support.newsletter import READER
from tests.support.states import bring_to
from tests.support.wire import Wire

SECRET = PARAMETERS["SigningSecret"]


def reply_in(app: App, state: str, arguments: dict[str, Any]) -> tuple[Any, ...]:
    with time_machine.travel(START, tick=False):
        bring_to(app, state)
    wire = Wire(dynamodb.client())
    with time_machine.travel(START.replace(hour=12), tick=False):
        reply = app.post("/newsletter", **arguments, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
    sizes = [len(body) for body in wire.bodies]
    return reply.status_code, sorted(reply.headers), reply.data, wire.operations, sizes


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize("state", ["asked", "confirmed", "unsubscribed", "bounced", "complained", "blocked"])
@pytest.mark.parametrize("as_json", [True, False])
def test_words_status_headers_and_work_are_the_same(make_app: Any, state: str, as_json: bool) -> None:  # noqa: FBT001
    arguments: dict[str, Any] = {"json" if as_json else "data": {"email": READER}}
    other = reply_in(make_app(), state, arguments)
    fresh = {"json" if as_json else "data": {"email": "nobody@example.org"}}
    fresh_arguments: dict[str, Any] = {key: {"email": READER} for key in fresh}
    assert other[3] == ["TransactWriteItems"]
    assert other == reply_of_a_new_address(fresh_arguments)


def reply_of_a_new_address(arguments: dict[str, Any]) -> tuple[Any, ...]:
    """Sign up in a world where nobody has signed up before."""
    from tests.support.app import isolated, resolve  # noqa: PLC0415

    with isolated():
        return reply_in(App(resolve()), "new", arguments)
