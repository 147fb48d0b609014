"""AWS's answers in place of the network, so that callers see botocore's own errors and shapes.

They follow AWS's API reference and are checked against botocore's models; none was recorded from an account.
"""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from botocore.validate import ParamValidator

from tests.support.app import REGION
from tests.support.clients import SESSION

Answers = Mapping[str, Any]
# A test may replace it.
CREATE_CLIENT = SESSION.create_client


class Aws:
    """Answers by operation: AWS's response, `{"error": code}`, an exception, or a function of the request."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self._clients: dict[str, Any] = {}
        # The requests, as passed to the client: `("sns:Subscribe", {…})`.
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def client(self, service: str, **_: Any) -> Any:
        """Return a client of a service, like a session. It is cached, as creating it is slow."""
        if service in self._clients:
            return self._clients[service]
        client: Any = CREATE_CLIENT(service, region_name=REGION)
        client.meta.events.register("provide-client-params", self._note)
        client.meta.events.register("before-call", self._answer)
        self._clients[service] = client
        return client

    def _note(self, params: Any, model: Any, **_: Any) -> None:
        self.asked.append((f"{model.service_model.service_name}:{model.name}", dict(params)))

    def _answer(self, model: Any, params: Any, **_: Any) -> tuple[Any, Any]:
        answer = self.answers[f"{model.service_model.service_name}:{model.name}"]
        if callable(answer):
            answer = answer(params)
        if isinstance(answer, Exception):
            raise answer
        if "error" in answer:
            error = {"Code": answer["error"], "Message": "not to be quoted"}
            return SimpleNamespace(status_code=400), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        if model.output_shape is None:
            return SimpleNamespace(status_code=200), answer
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return SimpleNamespace(status_code=200), answer
