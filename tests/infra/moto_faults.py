"""Why `infra/local/moto_patches.py` exists: each function shows a fault of moto, or that it is gone.

Run as a program, it tries them on an unpatched moto, and prints those that it finds, as JSON.
"""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import dynamodbstreams_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.ses.models import ses_backends

ACCOUNT, REGION = "123456789012", "eu-west-3"
TABLE = "some-table"
# A query of the table's index.
IN_LIST: dict[str, Any] = {
    "IndexName": "lists",
    "KeyConditionExpression": "#list = :name",
    "ExpressionAttributeNames": {"#list": "list"},
    "ExpressionAttributeValues": {":name": {"S": "some"}},
}


def client(service: str) -> Any:
    """Return a client of moto."""
    session = botocore.session.get_session()
    keys: Any = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    config = Config(account_id_endpoint_mode="disabled", retries={"total_max_attempts": 1})
    return session.create_client(service, region_name=REGION, config=config, **keys)


def item(number: int, **attributes: str) -> dict[str, Any]:
    """Return an item of the table."""
    return {name: {"S": value} for name, value in {"pk": f"item#{number}", "sk": "item", **attributes}.items()}


def put(number: int, condition: str = "") -> dict[str, Any]:
    """Return an action that puts an item, under a condition if one is given."""
    return {
        "Put": {"TableName": TABLE, "Item": item(number), **({"ConditionExpression": condition} if condition else {})}
    }


@contextmanager
def table_of(size: int) -> Iterator[tuple[Any, Table]]:
    """Create a table of some items, with an index and a stream, and return a client and moto's table."""
    with mock_aws():
        # Within a test's own world, it would not be empty.
        moto_api_backend.reset()
        dynamodb = client("dynamodb")
        dynamodb.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "list")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "lists",
                    "KeySchema": [{"AttributeName": "list", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        for number in range(size):
            dynamodb.put_item(TableName=TABLE, Item=item(number))
        yield dynamodb, dynamodb_backends[ACCOUNT][REGION].get_table(TABLE)


def cancelled(dynamodb: Any, *actions: dict[str, Any]) -> None:
    """Do a transaction that is cancelled."""
    with pytest.raises(ClientError) as error:
        dynamodb.transact_write_items(TransactItems=list(actions))
    assert error.value.response["Error"]["Code"] == "TransactionCanceledException"


def calls_of(patch: pytest.MonkeyPatch, owner: Any, name: str) -> list[Any]:
    """Return a list that grows with each call of a method from now on."""
    called: list[Any] = []
    method = getattr(owner, name)

    def counted(*arguments: Any) -> Any:
        called.append(arguments[0])
        return method(*arguments)

    patch.setattr(owner, name, counted)
    return called


def copies_the_table_in_each_transaction() -> bool:
    """Return whether a transaction that writes one item copies others."""
    with table_of(30) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        copied = calls_of(patch, Item, "__deepcopy__")
        dynamodb.transact_write_items(TransactItems=[put(1)])
        return len(copied) >= 30


def silences_the_stream_when_it_cancels() -> bool:
    """Return whether an iterator from before a cancelled transaction misses what is written after it."""
    with table_of(1) as (dynamodb, table):
        streams = client("dynamodbstreams")
        (stream,) = streams.list_streams(TableName=TABLE)["Streams"]
        assert table.stream_shard
        iterator = streams.get_shard_iterator(
            StreamArn=stream["StreamArn"], ShardId=table.stream_shard.id, ShardIteratorType="LATEST"
        )["ShardIterator"]
        cancelled(dynamodb, put(0, "attribute_not_exists(pk)"))
        dynamodb.put_item(TableName=TABLE, Item=item(7))
        return not streams.get_records(ShardIterator=iterator)["Records"]


def shows_a_transaction_half_done() -> bool:
    """Return whether another thread reads what a transaction wrote before it was cancelled."""
    half, read = threading.Event(), threading.Event()
    seen: list[Any] = []
    write = DynamoDBBackend.put_item

    def slow(*arguments: Any, **named: Any) -> Any:
        written = write(*arguments, **named)
        half.set()
        read.wait(0.5)
        return written

    with table_of(1) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        other = client("dynamodb")

        def look() -> None:
            half.wait(10)
            seen.append(other.get_item(TableName=TABLE, Key=item(7)).get("Item"))
            read.set()

        thread = threading.Thread(target=look)
        thread.start()
        patch.setattr(DynamoDBBackend, "put_item", slow)
        cancelled(dynamodb, put(7), put(0, "attribute_not_exists(pk)"))
        thread.join()
    return seen != [None]


def keeps_a_trace_of_each_look_up() -> bool:
    """Return whether looking for a missing item makes the table grow."""
    with table_of(1) as (dynamodb, table):
        for number in range(10, 15):
            dynamodb.get_item(TableName=TABLE, Key=item(number))
        return len(table.items) > 1


def compares_wrapped_keys_in_each_query() -> bool:
    """Return whether a query that finds nothing compares the keys of all items in Python."""
    with table_of(30) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        compared = calls_of(patch, DynamoType, "__lt__")
        assert dynamodb.query(TableName=TABLE, **IN_LIST)["Count"] == 0
        return len(compared) >= 29


def compares_wrapped_keys_in_each_scan() -> bool:
    """Return whether a scan of one item compares the keys of all items in Python."""
    with table_of(30) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        compared = calls_of(patch, DynamoType, "__lt__")
        assert dynamodb.scan(TableName=TABLE, Limit=1)["Count"] == 1
        return len(compared) >= 29


def compares_wrapped_keys_of_what_it_found() -> bool:
    """Return whether a query compares the keys of the items found in an index in Python."""
    with table_of(0) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        for number in range(30):
            dynamodb.put_item(TableName=TABLE, Item=item(number, list="some"))
        compared = calls_of(patch, DynamoType, "__lt__")
        assert dynamodb.query(TableName=TABLE, **IN_LIST)["Count"] == 30
        return len(compared) >= 29


def looks_through_the_whole_table_for_one_partition() -> bool:
    """Return whether a query examines items of other partitions."""
    with table_of(30) as (dynamodb, _), pytest.MonkeyPatch.context() as patch:
        looked = calls_of(patch, DynamoType, "__eq__")
        names = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "item#1"}}}
        assert dynamodb.query(TableName=TABLE, **names)["Count"] == 1
        return len(looked) >= 30


def answers_a_megabyte_at_once() -> bool:
    """Return whether a page is so long that others wait for seconds: of short rows, it is thousands."""
    with table_of(0) as (dynamodb, _):
        for number in range(30):
            dynamodb.put_item(TableName=TABLE, Item=item(number, text="x" * 20_000))
        return "LastEvaluatedKey" not in dynamodb.scan(TableName=TABLE)


def keeps_every_object() -> bool:
    """Return whether overwritten objects are kept."""
    with table_of(1) as (dynamodb, _):
        for _ in range(10):
            dynamodb.put_item(TableName=TABLE, Item=item(0))
        tracked: list[Any] = vars(Item)["instances_tracked"]
        return len(tracked) >= 10


def keeps_what_was_read_of_a_stream() -> bool:
    """Return whether records that have been read, and their iterators, are kept forever."""
    with table_of(10) as (_, table):
        streams = client("dynamodbstreams")
        assert table.stream_shard
        (stream,) = streams.list_streams(TableName=TABLE)["Streams"]
        for _ in range(100):
            iterator = streams.get_shard_iterator(
                StreamArn=stream["StreamArn"], ShardId=table.stream_shard.id, ShardIteratorType="TRIM_HORIZON"
            )
            records = streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
        if forget := vars(sys.modules.get("infra.local.moto_patches", object)).get("forget_read"):
            forget(TABLE, [{table.stream_shard.id: records[-1]["dynamodb"]["SequenceNumber"]}])
        kept = dynamodbstreams_backends[ACCOUNT][REGION].shard_iterators
        return len(table.stream_shard.items) == 10 and len(kept) >= 200


def tells_nothing_of_the_account() -> bool:
    """Return whether SES's GetAccount has no answer."""
    with mock_aws():
        try:
            client("sesv2").get_account()
        except Exception:  # noqa: BLE001  whatever it is
            return True
        return False


def _mail(**more: Any) -> dict[str, Any]:
    return {
        "FromEmailAddress": "a@example.org",
        "Destination": {"ToAddresses": ["b@example.org"]},
        "Content": {"Raw": {"Data": b"From: a@example.org\r\nTo: b@example.org\r\n\r\nBonjour"}},
        **more,
    }


def forgets_the_tags_of_a_mail() -> bool:
    """Return whether a mail's tags are forgotten, which SES returns with each event."""
    with mock_aws():
        ses = client("sesv2")
        ses.create_email_identity(EmailIdentity="a@example.org")
        ses.send_email(**_mail(EmailTags=[{"Name": "some", "Value": "tag"}]))
        return not hasattr(ses_backends[ACCOUNT][REGION].sent_messages[-1], "tags")


def takes_any_tag() -> bool:
    """Return whether a tag is accepted that SES refuses."""
    with mock_aws():
        ses = client("sesv2")
        ses.create_email_identity(EmailIdentity="a@example.org")
        try:
            ses.send_email(**_mail(EmailTags=[{"Name": "some", "Value": "message#1"}]))
        except ClientError as error:
            return error.response["Error"]["Code"] != "BadRequestException"
    return True


def has_no_suppression_list() -> bool:
    """Return whether no address can be removed from the suppression list."""
    with mock_aws():
        ses = client("sesv2")
        try:
            ses.put_suppressed_destination(EmailAddress="A+b@example.org", Reason="BOUNCE")
            there = ses.get_suppressed_destination(EmailAddress="a+b@example.org")["SuppressedDestination"]
            ses.delete_suppressed_destination(EmailAddress="a+b@example.org")
        except Exception:  # noqa: BLE001  whatever it is
            return True
        try:
            ses.delete_suppressed_destination(EmailAddress="a+b@example.org")
        except ses.exceptions.NotFoundException:
            return bool(there["Reason"] != "BOUNCE")
    return True


FAULTS: dict[str, Callable[[], bool]] = {
    fault.__name__: fault
    for fault in (
        copies_the_table_in_each_transaction,
        silences_the_stream_when_it_cancels,
        shows_a_transaction_half_done,
        keeps_a_trace_of_each_look_up,
        compares_wrapped_keys_in_each_query,
        compares_wrapped_keys_in_each_scan,
        compares_wrapped_keys_of_what_it_found,
        looks_through_the_whole_table_for_one_partition,
        answers_a_megabyte_at_once,
        keeps_every_object,
        keeps_what_was_read_of_a_stream,
        tells_nothing_of_the_account,
        forgets_the_tags_of_a_mail,
        takes_any_tag,
        has_no_suppression_list,
    )
}


if __name__ == "__main__":
    sys.stdout.write(json.dumps([name for name, fault in FAULTS.items() if fault()]))
