"""The patches of moto: each is still needed, works, and changes nothing else."""

import copy
import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb import models
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from infra.local.moto_patches import forget_read, patch_moto
from infra.template import TEMPLATE
from tests.infra import moto_faults
from tests.infra.moto_faults import FAULTS, IN_LIST, TABLE, cancelled, item, put, table_of
from tests.support.app import App

# What a random transaction may do with one item.
_CHECK = "attribute_exists(pk)"


@pytest.fixture(scope="module")
def unpatched() -> list[str]:
    """Return the faults of moto as it comes."""
    environment = {**os.environ, "PYTHONPATH": str(TEMPLATE.parent)}
    told = subprocess.run(
        [sys.executable, "-m", moto_faults.__name__], env=environment, capture_output=True, check=True, text=True
    )
    return list(json.loads(told.stdout))


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_moto_has_each_fault_still(unpatched: list[str], fault: str) -> None:
    assert fault in unpatched, "moto has mended this: delete our patch"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_patched_moto_has_none_of_them(fault: str) -> None:
    assert not FAULTS[fault]()


def test_to_patch_twice_changes_nothing() -> None:
    before = DynamoDBBackend.transact_write_items, Table.get_item
    patch_moto()
    assert (DynamoDBBackend.transact_write_items, Table.get_item) == before


def calls_in(do: Callable[[], Any]) -> int:
    """Return how many function calls an action of this thread makes: a measure of work that ignores other load."""
    calls = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        do()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.slow
def test_a_post_and_its_email_take_no_more_on_a_full_table_than_on_an_empty_one(app: App) -> None:
    def post(number: int) -> None:
        assert app.post("/contact", data={"email": "a@example.org", "message": str(number)}).status_code == 303
        app.play_stream()

    # This is created on first use.
    post(0)
    empty = calls_in(lambda: post(1))
    table = models.dynamodb_backends[moto_faults.ACCOUNT][moto_faults.REGION].get_table("table")
    for number in range(2000):
        table.put_item(item(number))
    app.play_stream()
    app.play_stream()
    assert calls_in(lambda: post(2)) < 1.1 * empty
    assert len(app.mails()) == 3


# --- transactions ------------------------------------------------------------------------------------------------


def actions_of_chance(chance: random.Random) -> list[dict[str, Any]]:
    """Return a transaction: up to five actions on six items, sometimes two on one, with or without conditions."""
    actions = []
    for number in chance.choices(range(6), k=chance.randint(1, 5)):
        condition = chance.choice(["", _CHECK, "attribute_not_exists(pk)"])
        action: dict[str, Any] = {"TableName": TABLE, **({"ConditionExpression": condition} if condition else {})}
        attributes = {"text": chance.choice("abc"), **({"list": "some"} if chance.random() < 0.5 else {})}
        match chance.choice(["Put", "Update", "Delete", "ConditionCheck"]):
            case "Put":
                actions.append({"Put": {**action, "Item": item(number, **attributes)}})
            case "Update":
                action |= {"UpdateExpression": "SET #text = :text REMOVE #list", "Key": item(number)}
                action |= {"ExpressionAttributeNames": {"#text": "text", "#list": "list"}}
                actions.append(
                    {"Update": {**action, "ExpressionAttributeValues": {":text": {"S": chance.choice("abc")}}}}
                )
            case "Delete":
                actions.append({"Delete": {**action, "Key": item(number)}})
            case _:
                actions.append(
                    {"ConditionCheck": {**action, "ConditionExpression": condition or _CHECK, "Key": item(number)}}
                )
    return actions


def everything(dynamodb: Any, table: Table) -> dict[str, Any]:
    """Return a table's observable content: its items, its index, its stream."""
    assert table.stream_shard
    # The size depends on the time, too.
    return {
        "items": dynamodb.scan(TableName=TABLE)["Items"],
        "index": dynamodb.query(TableName=TABLE, **IN_LIST)["Items"],
        "stream": [
            (
                record.record["eventName"],
                {
                    k: v
                    for k, v in record.record["dynamodb"].items()
                    if k not in ("ApproximateCreationDateTime", "SizeBytes")
                },
            )
            for record in table.stream_shard.items
        ],
    }


def lived(seed: int, *, own: bool) -> list[Any]:
    """Do fifty transactions, and return each outcome and the table's content after it; with `own`, unpatched."""
    chance = random.Random(seed)  # noqa: S311
    told = []
    with table_of(3) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        if own:
            patch.setattr(models, "copy", copy)
            patched: Any = DynamoDBBackend.transact_write_items
            patch.setattr(DynamoDBBackend, "transact_write_items", patched.__wrapped__)
        for _ in range(50):
            try:
                dynamodb.transact_write_items(TransactItems=actions_of_chance(chance))
                ended = "done"
            except ClientError as error:
                ended = str(error)
            # moto's own implementation replaces the table.
            table = models.dynamodb_backends[moto_faults.ACCOUNT][moto_faults.REGION].get_table(TABLE)
            told.append((ended, everything(dynamodb, table)))
    return told


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("seed", range(5))
def test_transactions_end_as_moto_s_own_do_and_leave_the_same(seed: int) -> None:
    ours = lived(seed, own=False)
    assert ours == lived(seed, own=True)
    endings = [ended for ended, _ in ours]
    assert any("ConditionalCheckFailed" in ended for ended in endings)
    assert any("multiple operations on one item" in ended for ended in endings)
    assert "done" in endings
    for (_, before), (ended, after) in pairwise(ours):
        assert ended == "done" or after == before


def test_a_cancelled_transaction_leaves_no_partition_of_what_it_would_have_made() -> None:
    with table_of(1) as (dynamodb, table):
        cancelled(dynamodb, put(7), put(0, "attribute_not_exists(pk)"))
        assert len(table.items) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"TableName": "elsewhere", "Key": item(1)},
        {"TableName": TABLE, "Key": {"pk": {"S": "item#0"}}},
        {"TableName": TABLE, "Key": {"pk": {"N": "0"}, "sk": {"S": "item"}}},
    ],
)
def test_a_transaction_with_an_action_that_is_wrong_changes_nothing(wrong: dict[str, Any]) -> None:
    with table_of(1) as (dynamodb, table):
        before = everything(dynamodb, table)
        with pytest.raises(ClientError):
            dynamodb.transact_write_items(TransactItems=[put(7), {"Delete": wrong}, put(0, "attribute_not_exists(pk)")])
        assert everything(dynamodb, table) == before


def test_transactions_of_many_threads_are_all_or_nothing() -> None:
    with table_of(0) as (dynamodb, table):
        ended: list[bool] = []

        def count(number: int) -> None:
            counted = {
                "TableName": TABLE,
                "Key": item(0),
                "UpdateExpression": "ADD counted :one",
                "ConditionExpression": "attribute_not_exists(counted) OR counted < :cap",
                "ExpressionAttributeValues": {":one": {"N": "1"}, ":cap": {"N": "20"}},
            }
            try:
                dynamodb.transact_write_items(TransactItems=[put(number), {"Update": counted}])
            except ClientError:
                ended.append(False)
            else:
                ended.append(True)

        threads = [threading.Thread(target=count, args=(number,)) for number in range(1, 51)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == [False] * 30 + [True] * 20
        assert len(table) == 21


def test_a_backup_is_a_copy() -> None:
    with table_of(1) as (dynamodb, _):
        arn = dynamodb.create_backup(TableName=TABLE, BackupName="backup")["BackupDetails"]["BackupArn"]
        dynamodb.put_item(TableName=TABLE, Item=item(7))
        dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=arn)
        assert dynamodb.scan(TableName="restored")["Count"] == 1


# --- queries and scans -------------------------------------------------------------------------------------------


def pages(ask: Callable[..., Any], **what: Any) -> list[Any]:
    """Return the items of each page."""
    told = [ask(TableName=TABLE, **what)]
    while start := told[-1].get("LastEvaluatedKey"):
        told.append(ask(TableName=TABLE, **what, ExclusiveStartKey=start))
    return [(page["Items"], page["ScannedCount"]) for page in told]


@pytest.mark.parametrize("limit", [{}, {"Limit": 1}, {"Limit": 7}])
@pytest.mark.parametrize("order", [{}, {"ScanIndexForward": False}])
@pytest.mark.parametrize(
    "query",
    [
        {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "item#3"}}},
        {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "not there"}}},
        {
            "KeyConditionExpression": "pk = :pk AND sk > :sk",
            "ExpressionAttributeValues": {":pk": {"S": "item#3"}, ":sk": {"S": "item4"}},
        },
        {"KeyConditions": {"pk": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "item#3"}]}}},
        IN_LIST,
        {
            "IndexName": "lists",
            "KeyConditions": {"list": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "some"}]}},
        },
        None,
    ],
)
def test_queries_and_scans_find_what_moto_s_own_do_in_the_same_order(
    limit: dict[str, int], order: dict[str, bool], query: dict[str, Any] | None
) -> None:
    with table_of(0) as (dynamodb, table), pytest.MonkeyPatch.context() as patch:
        chance = random.Random(7)  # noqa: S311
        for number in range(60):
            listed = {"list": chance.choice(["some", "other"])} if chance.random() < 0.6 else {}
            one = item(chance.randrange(6), **listed)
            table.put_item({**one, "sk": {"S": f"item{number % 10}"}})
        what = limit if query is None else {**limit, **order, **query}
        ask = dynamodb.scan if query is None else dynamodb.query
        ours = pages(ask, **what)
        for name in ("query", "all_items", "sorted_items"):
            patch.setattr(Table, name, getattr(Table, name).__wrapped__)
        assert ours == pages(ask, **what)


# --- the stream ----------------------------------------------------------------------------------------------------


def test_what_one_reader_has_not_read_stays_for_it() -> None:
    with table_of(5) as (dynamodb, table):
        shard = table.stream_shard
        assert shard
        numbers = [record.record["dynamodb"]["SequenceNumber"] for record in shard.items]
        forget_read(TABLE, [{shard.id: numbers[4]}, {}])
        assert len(shard.items) == 5
        forget_read(TABLE, [{shard.id: numbers[4]}, {shard.id: numbers[1]}])
        assert [record.record["dynamodb"]["SequenceNumber"] for record in shard.items] == numbers[2:]
        # The numbers of further records continue.
        dynamodb.put_item(TableName=TABLE, Item=item(7))
        assert int(shard.items[-1].record["dynamodb"]["SequenceNumber"]) == int(numbers[4]) + 1
        streams = moto_faults.client("dynamodbstreams")
        (stream,) = streams.list_streams(TableName=TABLE)["Streams"]
        iterator = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"],
            ShardId=shard.id,
            ShardIteratorType="AFTER_SEQUENCE_NUMBER",
            SequenceNumber=numbers[1],
        )
        assert len(streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]) == 4
