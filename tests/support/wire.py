"""The requests to AWS: counted, and made to fail on purpose."""

import json
import threading
from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

Answer = Callable[[Any], AWSResponse | None]


class _Raw:
    """A body as botocore reads it from urllib3."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_kwargs: Any) -> list[bytes]:
        return [self._content]


def refusal(status: int, code: str, **fields: Any) -> Answer:
    """Return an answer with an error of AWS's JSON protocols."""
    body = json.dumps({"__type": f"com.amazonaws#{code}", "message": code, **fields}).encode()
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    headers["x-amzn-errortype"] = code
    return lambda request: AWSResponse(request.url, status, headers, _Raw(body))


def answer(body: dict[str, Any]) -> Answer:
    """Return a successful answer with this body."""
    headers = HTTPHeaders()
    headers["content-type"] = "application/x-amz-json-1.0"
    content = json.dumps(body).encode()
    return lambda request: AWSResponse(request.url, 200, headers, _Raw(content))


def cancelled(*codes: str) -> Answer:
    """Return an answer that cancels a transaction, with a reason for each action."""
    reasons = [{"Code": code} for code in codes]
    return refusal(400, "TransactionCanceledException", CancellationReasons=reasons)


def unreachable(request: Any) -> AWSResponse | None:
    """Fail as a refused connection does."""
    raise EndpointConnectionError(endpoint_url=request.url)


def unanswered(request: Any) -> AWSResponse | None:
    """Lose the response of a server that has acted."""
    raise ReadTimeoutError(endpoint_url=request.url)


class Wire:
    """The requests of one client: each is recorded, and planned answers replace the engine's."""

    def __init__(self, client: Any) -> None:
        self._one_at_a_time = threading.Lock()
        self.operations: list[str] = []
        self.bodies: list[bytes] = []
        self._planned: list[Answer] = []
        self._always: Answer | None = None
        # An answer to `before-send` would not keep the other listeners, moto among them, from acting.
        endpoint = client._endpoint  # noqa: SLF001
        self._emitter = endpoint._event_emitter  # noqa: SLF001
        endpoint._event_emitter = self  # noqa: SLF001

    def plan(self, *answers: Answer) -> None:
        """Answer the next requests with these."""
        self._planned += answers

    def always(self, answer: Answer | None) -> None:
        """Answer every request with this, until changed."""
        self._always = answer

    def emit(self, event_name: str, **arguments: Any) -> Any:
        """Stand in for botocore's emitter."""
        # Requests about the account do not use up planned answers.
        if not event_name.startswith("before-send.") or event_name.endswith(".GetAccount"):
            return self._emitter.emit(event_name, **arguments)
        request = arguments["request"]
        with self._one_at_a_time:
            self.operations.append(event_name.rpartition(".")[2])
            self.bodies.append(request.body)
            planned = self._planned.pop(0) if self._planned else self._always
            if planned is unanswered:
                self._emitter.emit(event_name, **arguments)
            given = planned(request) if planned else None
            return self._emitter.emit(event_name, **arguments) if given is None else [(None, given)]
