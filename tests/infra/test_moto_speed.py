"""The fast replacements of moto's slow functions: same answers, and same error messages."""

import random
import re
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from moto import backend_index
from moto.core import responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import SecondaryIndex
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    OverlappingPathsValidator,
    UpdateExpressionValidator,
    UpdateHashRangeKeyValidator,
)

from infra.local import moto_speed
from infra.local.streams import StreamReader
from tests.infra.moto_faults import IN_LIST, TABLE, client, item, table_of
from tests.support import clients

# Right and wrong ones: unknown names and values, one path twice or within another, a clause twice, a key, wrong types.
# No attribute's name is a reserved word: moto refuses those before all else.
_UPDATES = [
    "SET #text = :text",
    "SET #text = :text, counted = if_not_exists(counted, :none) + :one REMOVE #list",
    "SET counted = counted + :one",
    "SET counted = counted - :one, another = #text",
    "SET nested.deep = :text",
    "SET nested = :map",
    "SET nested.deep.deeper = :text REMOVE nested.gone",
    "SET listed = list_append(if_not_exists(listed, :empty), :list)",
    "SET listed[0] = :text, listed[7] = :text",
    "REMOVE listed[0], listed[1], #text",
    "ADD counted :one, people :people",
    "DELETE people :people",
    "DELETE people :people ADD counted :one",
    "ADD #text :one",
    "SET #text = :text SET another = :text",
    "ADD counted :one ADD another :one",
    "REMOVE another REMOVE counted",
    "SET #text = :text, #text = :one",
    "SET nested = :map, nested.deep = :text",
    "SET sk = :text",
    "SET #list = :one",
    "SET #list = :blank",
    "SET #unknown = :text",
    "SET #text = :unknown",
    "SET #text = :text + :one",
    "SET another = gone",
    "SET #text :text",
    "SET another = wrong(:text)",
    "",
]
_CONDITIONS = [
    "attribute_exists(pk)",
    "attribute_not_exists(#list) OR #list = :text",
    "counted < :one AND NOT attribute_exists(nested.deep)",
    "(#text = :text OR #text = :list) AND size(#text) >= :one",
    "counted BETWEEN :none AND :one",
    "#text IN (:text, :one)",
    "begins_with(#text, :text) AND attribute_type(#text, :kind)",
    "contains(people, :text)",
    "((attribute_exists(pk)))",
    "pk = ",
    "#unknown = :text",
    "#text = :unknown",
    "size = :one",
]
# A name may stand for another attribute in the next request, in the same condition.
_NAMES = [{"#text": "text", "#list": "list"}, {"#text": "list", "#list": "text"}]
_VALUES: dict[str, Any] = {
    ":text": {"S": "a"},
    ":blank": {"S": ""},
    ":kind": {"S": "S"},
    ":none": {"N": "0"},
    ":one": {"N": "1"},
    ":map": {"M": {"deep": {"M": {"deeper": {"BOOL": True}}}, "gone": {"NULL": True}}},
    ":empty": {"L": []},
    ":list": {"L": [{"S": "b"}, {"B": b"bytes"}, {"NS": ["1", "2"]}]},
    ":people": {"SS": ["a", "b"]},
}


def _used(named: dict[str, Any], *expressions: str) -> dict[str, Any]:
    """Return the names or values that expressions use, as DynamoDB wants them."""
    return {name: value for name, value in named.items() if any(name in text for text in expressions)}


def _reading(chance: random.Random, key: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a random read operation, and its parameters."""
    projection = chance.choice(["pk, nested", "listed[0], counted"])
    asked = chance.choice(
        [
            ("describe_table", {}),
            ("query", IN_LIST),
            ("get_item", {"Key": key, "ProjectionExpression": projection}),
            ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [key]}}}),
            ("scan", _conditional(chance, "FilterExpression", chance.choice(_CONDITIONS))),
        ]
    )
    return (asked[0], asked[1] if asked[0] == "batch_get_item" else {"TableName": TABLE, **asked[1]})


def _conditional(chance: random.Random, parameter: str, condition: str, *others: str) -> dict[str, Any]:
    """Return the parameters of a condition, with the names and values that it and other expressions use."""
    expressions = (condition, *others)
    names, values = _used(chance.choice(_NAMES), *expressions), _used(_VALUES, *expressions)
    return {
        **({parameter: condition} if condition else {}),
        **({"ExpressionAttributeNames": names} if names else {}),
        **({"ExpressionAttributeValues": values} if values else {}),
    }


def _writing(chance: random.Random, key: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return a random write operation, and its parameters."""
    condition = chance.choice(["", chance.choice(_CONDITIONS)])
    # moto accepts most of the first kind.
    update = chance.choice([*_UPDATES, *_UPDATES[:13] * 3])
    kind = chance.choice(["put_item", "delete_item", *["update_item"] * 5, *["transact_write_items"] * 2])
    if kind == "put_item":
        more = chance.choice([{}, {"list": {"S": "some"}}, {"nested": _VALUES[":map"]}])
        return kind, {"TableName": TABLE, "Item": key | more, **_conditional(chance, "ConditionExpression", condition)}
    if kind == "delete_item":
        return kind, {"TableName": TABLE, "Key": key, **_conditional(chance, "ConditionExpression", condition)}
    what = {"TableName": TABLE, "Key": key, "UpdateExpression": update}
    what |= _conditional(chance, "ConditionExpression", condition, update)
    if kind == "update_item":
        return kind, {**what, "ReturnValues": chance.choice(["NONE", "ALL_NEW", "ALL_OLD", "UPDATED_NEW"])}
    return kind, {"TransactItems": [{"Update": what}]}


def _answered(seed: int) -> list[Any]:
    """Send a table two hundred random requests, and return each answer, refusal, or failure of moto."""
    chance = random.Random(seed)  # noqa: S311
    told: list[Any] = []
    with table_of(3) as (dynamodb, _):
        for _ in range(200):
            operation, asked = chance.choice([_reading, _writing, _writing])(chance, item(chance.randrange(4)))
            try:
                answer = getattr(dynamodb, operation)(**asked)
            except ClientError as error:
                told.append((operation, asked, str(error), error.response.get("CancellationReasons")))
            except Exception as error:  # noqa: BLE001
                # moto itself fails on some.
                told.append((operation, asked, repr(error)))
            else:
                del answer["ResponseMetadata"]
                # Values that depend on the time.
                for name in ("CreationDateTime", "LatestStreamArn", "LatestStreamLabel", "TableId"):
                    answer.get("Table", {}).pop(name, None)
                told.append((operation, asked, answer))
        streams = client("dynamodbstreams")
        (stream,) = streams.list_streams(TableName=TABLE)["Streams"]
        reader = StreamReader(streams, stream["StreamArn"])
        for record in reader.read() + reader.read():
            # Random, the current time, and a size that includes the length of that time.
            del record["eventID"], record["dynamodb"]["ApproximateCreationDateTime"], record["dynamodb"]["SizeBytes"]
            told.append(("stream", {}, record))
    return told


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("seed", range(6))
def test_each_call_is_answered_and_refused_as_by_moto_s_own_functions(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = _answered(seed)
    assert {len(told) for told in ours} == {3, 4}
    assert any(told[0] == "stream" for told in ours)
    assert any(answer[0] == "update_item" and "Attributes" in answer[2] for answer in ours)
    # Then over HTTP, which the tests' clients otherwise skip.
    monkeypatch.setattr(clients, "answer", lambda *_: None)
    assert ours == _answered(seed)
    for owner, name, own in moto_speed.replaced:
        monkeypatch.setattr(owner, name, own)
    assert ours == _answered(seed)


@pytest.mark.parametrize(
    "projection",
    [
        {},
        {"ProjectionType": "ALL"},
        {"ProjectionType": "KEYS_ONLY"},
        {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["gone", "map", "one"]},
    ],
)
def test_an_index_has_the_same_of_an_item(projection: dict[str, Any]) -> None:
    index = SecondaryIndex("lists", [{"AttributeName": "list", "KeyType": "HASH"}], projection, ["pk", "sk"])
    keys = {"pk": {"S": "a"}, "sk": {"S": "b"}, "list": {"S": "some"}}
    others = {name[1:]: value for name, value in _VALUES.items() if name != ":list"}
    stored = Item(DynamoType(keys["pk"]), DynamoType(keys["sk"]), {**keys, **others})
    own: Any = next(own for owner, name, own in moto_speed.replaced if (owner, name) == (SecondaryIndex, "project"))
    assert index.project(stored).to_json() == own(index, stored).to_json()
    assert len(index.project(stored).attrs) in {3, 5, len(stored.attrs)}


def test_the_checks_that_run_once_are_moto_s_first_three() -> None:
    with table_of(1) as (_, table):
        (stored,) = table.all_items()
        processors = UpdateExpressionValidator(None, {}, {}, stored, table).processors
    first = [ActionCountValidator, OverlappingPathsValidator, UpdateHashRangeKeyValidator]
    assert [type(processor) for processor in processors[:3]] == first


def test_request_ids_look_like_moto_s() -> None:
    (own,) = (own for _, name, own in moto_speed.replaced if name == "gen_amzn_requestid_long")
    for make in (own, vars(responses)["gen_amzn_requestid_long"]):
        headers: dict[str, Any] = {}
        made = {make(headers) for _ in range(9)}
        assert len(made) == 9
        assert headers["x-amzn-requestid"] in made
        assert all(re.fullmatch("[A-Za-z0-9]{52}", one) for one in made)


def test_a_request_to_this_machine_is_not_for_moto() -> None:
    request: Any = AWSPreparedRequest("POST", "http://127.0.0.1:1/", HTTPHeaders(), b"{}", stream_output=False)
    own: Any = next(own for _, name, own in moto_speed.replaced if name == "process_request")
    assert own(BotocoreStubber(), request) is None
    assert BotocoreStubber().process_request(request) is None


def test_an_address_is_of_the_same_services_in_the_same_order() -> None:
    own = next(own for _, name, own in moto_speed.replaced if name == "backend_url_patterns")
    ours = vars(backend_index)["backend_url_patterns"]
    for name in ("email", "dynamodb", "streams.dynamodb", "monitoring", "sns", "sqs", "sts", "lambda"):
        url = f"https://{name}.eu-west-3.amazonaws.com/"
        found = [service for service, pattern in ours if pattern.match(url)]
        assert found == [service for service, pattern in own if pattern.match(url)] != []


def test_all_are_in_their_places() -> None:
    for owner, name, own in moto_speed.replaced:
        assert vars(owner)[name] is not own
    assert len(moto_speed.replaced) == 16
