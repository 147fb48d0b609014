"""Several items by key: in order, a hundred at a time, retrying those that DynamoDB left out."""

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from guichet.store import dynamodb
from guichet.store.dynamodb import UnavailableError
from tests.support.many import put
from tests.support.wire import Wire, answer, refusal

pytestmark = pytest.mark.usefixtures("app")


def _keys(*numbers: int) -> list[dict[str, str]]:
    return [{"pk": f"message#{number}", "sk": "message"} for number in numbers]


def _unprocessed(request: Any) -> AWSResponse | None:
    left = json.loads(request.body)["RequestItems"]
    return answer({"Responses": {"table": []}, "UnprocessedKeys": left})(request)


def test_items_come_in_the_order_of_their_keys_and_missing_ones_are_left_out() -> None:
    for key in _keys(*range(0, 250, 2)):
        put({**key, "kind": "message", "name": key["pk"]})
    wire = Wire(dynamodb.client())

    found = dynamodb.batch_get("table", _keys(*range(250, -1, -1), 4, 4))

    assert [item["name"] for item in found] == [f"message#{number}" for number in range(248, -1, -2)]
    assert wire.operations == ["BatchGetItem"] * 3
    sizes = [len(json.loads(body)["RequestItems"]["table"]["Keys"]) for body in wire.bodies]
    assert sizes == [100, 100, 51]
    assert dynamodb.batch_get("table", []) == []


def test_keys_that_dynamodb_left_are_asked_for_again() -> None:
    put({**_keys(1)[0], "kind": "message"})
    wire = Wire(dynamodb.client())
    wire.plan(_unprocessed, refusal(400, "ThrottlingException"))

    assert dynamodb.batch_get("table", _keys(1)) == [{**_keys(1)[0], "kind": "message"}]
    assert wire.operations == ["BatchGetItem"] * 3


def test_what_dynamodb_leaves_for_good_is_no_empty_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.1)
    Wire(dynamodb.client()).always(_unprocessed)

    with pytest.raises(UnavailableError):
        dynamodb.batch_get("table", _keys(1))


def test_all_batches_share_one_retry_budget() -> None:
    Wire(dynamodb.client()).always(_unprocessed)

    with dynamodb.retry_budget(0.1), pytest.raises(UnavailableError):
        dynamodb.batch_get("table", _keys(*range(300)))
