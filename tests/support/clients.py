"""The tests' session of botocore, whose clients are kept from test to test: making one takes as long as ten calls."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
from botocore.config import Config

# Reading service data takes most of a client's start, and is the same for all: all tests share one session.
SESSION: Any = botocore.session.get_session()
_own_create = SESSION.create_client
# Clients that nobody has, by how they were made; and those that this test has.
_free: dict[Any, list[Any]] = {}
_lent: list[tuple[Any, Any]] = []


def _create_client(service: str, *others: Any, config: Config | None = None, **options: Any) -> Any:
    """Return a client that no one else has.

    Not kept are those that send again, as they count how often, and those of an address that may be gone tomorrow.
    """
    chosen: dict[str, Any] = {} if config is None else vars(config)["_user_provided_options"]
    aws = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    once = chosen.get("retries", {}).get("total_max_attempts") == 1
    if others or not once or any(name.startswith("AWS_ENDPOINT_URL") for name, _ in aws):
        return _own_create(service, *others, config=config, **options)
    made = repr((service, sorted(chosen.items()), sorted(options.items()), aws))
    free = _free.setdefault(made, [])
    client: Any = free.pop() if free else _own_create(service, config=config, **options)
    _lent.append((made, client))
    events = client.meta.events
    # Whoever has it may listen to it: what they add is dropped with this copy.
    events.pristine = vars(events).get("pristine", events._emitter)  # noqa: SLF001
    events._emitter = copy.copy(events.pristine)  # noqa: SLF001
    client._endpoint._event_emitter = events  # noqa: SLF001
    # moto looks at no signature.
    signed = f"request-created.{client.meta.service_model.service_id.hyphenize()}"
    events.unregister(signed, client._request_signer.handler)  # noqa: SLF001
    # Nor at who asks. And no parameter changes the address.
    events.unregister(signed, client._user_agent_creator.rebuild_and_replace_user_agent_handler)  # noqa: SLF001
    client._ruleset_resolver = None  # noqa: SLF001
    return client


SESSION.create_client = _create_client


@contextmanager
def lent() -> Iterator[None]:
    """Take the clients that are made in this block back at its end. Nobody may use them any more."""
    before = len(_lent)
    try:
        yield
    finally:
        for made, client in _lent[before:]:
            _free.setdefault(made, []).append(client)
        del _lent[before:]


@contextmanager
def listening(event: str, note: Callable[..., None]) -> Iterator[None]:
    """Call a function with each event of all clients that are made in this block."""
    kept = dict(_free)
    _free.clear()
    SESSION.register(event, note)
    try:
        with lent():
            yield
    finally:
        SESSION.unregister(event, note)
        _free.clear()
        _free.update(kept)
