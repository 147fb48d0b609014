"""The DynamoDB client: it writes what botocore would have written."""

import json
from functools import cache
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guichet.store import dynamodb

TEXTS = st.text()
VALUES = st.recursive(
    TEXTS | st.integers(),
    lambda parts: st.lists(parts, max_size=3) | st.dictionaries(TEXTS, parts, max_size=3),
    max_leaves=8,
)
ITEMS = st.dictionaries(TEXTS, VALUES | st.frozensets(TEXTS, min_size=1, max_size=3), max_size=4)


@cache
def plain_client() -> Any:
    return botocore.session.get_session().create_client("dynamodb")


def request_of(client: Any, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the request of a call as composed by a client. It is not sent."""
    made_up: list[dict[str, Any]] = []

    def answer(params: dict[str, Any], **_: object) -> tuple[Any, dict[str, Any]]:
        made_up.append(params)
        return SimpleNamespace(status_code=200), {}

    client.meta.events.register_last("before-call.dynamodb", answer)
    try:
        getattr(client, operation)(**asked)
    finally:
        client.meta.events.unregister("before-call.dynamodb", answer)
    (request,) = made_up
    return request


@pytest.mark.medium
@settings(deadline=None, max_examples=40)  # the first call of a client takes long
@given(ITEMS, TEXTS)
def test_a_body_is_what_botocore_would_have_written(item: dict[str, Any], text: str) -> None:
    put = {"TableName": "table", "Item": dynamodb.marshalled(item), "ConditionExpression": text}
    key = dynamodb.marshalled({"pk": text, "sk": text})
    calls: list[tuple[str, dict[str, Any]]] = [
        ("put_item", put),
        ("transact_write_items", {"TransactItems": [{"Put": put}], "ClientRequestToken": "token"}),
        ("query", {"TableName": "table", "ExclusiveStartKey": key, "ScanIndexForward": False, "Limit": 3}),
        ("get_item", {"TableName": "table", "Key": key, "ConsistentRead": True}),
        ("batch_get_item", {"RequestItems": {"table": {"Keys": [key], "ConsistentRead": True}}}),
    ]
    for operation, asked in calls:
        ours, theirs = (request_of(client, operation, asked) for client in (dynamodb.client(), plain_client()))
        assert json.loads(ours["body"]) == json.loads(theirs["body"])
        # Ours has a fixed name; otherwise, botocore would compose one for each call.
        assert {**ours["headers"], "User-Agent": ""} == {**theirs["headers"], "User-Agent": ""}
        assert ours["url"] == theirs["url"]
