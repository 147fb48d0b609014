"""The tests' botocore session. It reuses clients between tests, as creating one takes as long as ten calls."""

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.config import Config

from infra.local.moto_speed import answer

# Shared by all tests: loading the service models is most of the cost of a first client.
SESSION: Any = botocore.session.get_session()
_own_create = SESSION.create_client
# By how they were made: the idle clients, each with its event emitter as it was when new.
_idle: dict[str, list[tuple[Any, Any]]] = {}
# The clients in use, likewise.
_lent: list[tuple[str, Any, Any]] = []


def _create_client(service: str, *others: Any, config: Config | None = None, **options: Any) -> Any:
    """Return a client that nobody else is using.

    Two kinds are not reused: clients that retry, because they count their retries, and clients with an endpoint of
    their own, because it may be gone by the next test.
    """
    chosen: dict[str, Any] = {} if config is None else vars(config)["_user_provided_options"]
    aws = sorted((name, value) for name, value in os.environ.items() if name.startswith("AWS_"))
    once = chosen.get("retries", {}).get("total_max_attempts") == 1
    if others or not once or any(name.startswith("AWS_ENDPOINT_URL") for name, _ in aws):
        return _own_create(service, *others, config=config, **options)
    made = repr((service, sorted(chosen.items()), sorted(options.items()), aws))
    idle = _idle.setdefault(made, [])
    client, emitter = idle.pop() if idle else _new(service, config=config, **options)
    _lent.append((made, client, emitter))
    # A copy, so that no handler or wire of one test reaches the next.
    client.meta.events._emitter = copy.copy(emitter)  # noqa: SLF001
    client._endpoint._event_emitter = client.meta.events  # noqa: SLF001
    return client


def bare(service: str, **options: Any) -> Any:
    """Create a client without what moto ignores: the signature, and the user agent. Its endpoint never changes."""
    client: Any = _own_create(service, **options)
    events = client.meta.events
    created = f"request-created.{client.meta.service_model.service_id.hyphenize()}"
    events.unregister(created, client._request_signer.handler)  # noqa: SLF001
    events.unregister(created, client._user_agent_creator.rebuild_and_replace_user_agent_handler)  # noqa: SLF001
    client._ruleset_resolver = None  # noqa: SLF001
    return client


def _new(service: str, **options: Any) -> tuple[Any, Any]:
    """Create a client that calls moto's DynamoDB directly, without HTTP, and return it with its event emitter."""
    client = bare(service, **options)
    endpoint, events = client._endpoint, client.meta.events  # noqa: SLF001
    endpoint.make_request = _without_http(endpoint, events, endpoint.make_request)
    return client, events._emitter  # noqa: SLF001


def _without_http(endpoint: Any, events: Any, with_http: Callable[..., Any]) -> Callable[..., Any]:
    """Return what sends a request: to moto's DynamoDB by a call, unless something listens on the wire.

    A third of such a call is HTTP requests and responses that botocore and moto make for each other.
    """

    def make_request(operation: Any, request: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        # A `Wire` takes the emitter's place.
        plain = endpoint._event_emitter is events  # noqa: SLF001
        answered = answer(request["url"], request["headers"], request["body"]) if plain else None
        if answered is None:
            return with_http(operation, request)  # type: ignore[no-any-return]
        status, headers, body = answered
        response = {"headers": headers, "status_code": status, "body": body.encode(), "context": {}}
        parser = endpoint._response_parser_factory.create_parser("json")  # noqa: SLF001
        parsed = parser.parse(response, operation.output_shape)
        parsed["ResponseMetadata"]["RetryAttempts"] = 0
        if status >= HTTPStatus.MULTIPLE_CHOICES:
            endpoint._add_modeled_error_fields(response, parsed, operation, parser)  # noqa: SLF001
            parsed["ResponseMetadata"]["MaxAttemptsReached"] = True
        return SimpleNamespace(status_code=status), parsed

    return make_request


SESSION.create_client = _create_client


@contextmanager
def lent() -> Iterator[None]:
    """Make the clients created in this block available again when it ends. They must not be used after that."""
    before = len(_lent)
    try:
        yield
    finally:
        for made, client, emitter in _lent[before:]:
            _idle.setdefault(made, []).append((client, emitter))
        del _lent[before:]


@contextmanager
def listening(event: str, note: Callable[..., None]) -> Iterator[None]:
    """Subscribe a function to an event of every client created in this block."""
    kept = dict(_idle)
    _idle.clear()
    SESSION.register(event, note)
    try:
        with lent():
            yield
    finally:
        SESSION.unregister(event, note)
        _idle.clear()
        _idle.update(kept)
