"""The engines behind boto3, and the resources created in them."""

import os
import socket
import threading
import urllib.request
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.local import engine
from infra.local.functions import Context, local_functions, routes
from tests.support.app import REGION, resolve
from tests.support.stack import ask

OTHER = "http://127.0.0.1:9"
SERVICES = ("DYNAMODB", "DYNAMODB_STREAMS", "SESV2")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, (None, None, None)),
        ({"AWS_ENDPOINT_URL": "http://all"}, ("http://all", "http://all", "http://all")),
        ({"AWS_ENDPOINT_URL_DYNAMODB": "http://table"}, ("http://table", "http://table", None)),
        ({"AWS_ENDPOINT_URL_SESV2": "http://mail"}, (None, None, "http://mail")),
        ({"AWS_ENDPOINT_URL_DYNAMODB_STREAMS": "http://streams"}, (None, "http://streams", None)),
        (
            {"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_SESV2": "http://mail"},
            ("http://all", "http://all", "http://mail"),
        ),
        ({"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_DYNAMODB": "", "AWS_ENDPOINT_URL_SESV2": ""}, (None, None, None)),
        ({"AWS_ENDPOINT_URL": "http://all", "AWS_ENDPOINT_URL_DYNAMODB": ""}, ("http://all",) * 3),
    ],
)
def test_the_standard_variables_say_where_the_services_are(
    environment: dict[str, str], expected: tuple[str | None, ...]
) -> None:
    assert engine.endpoints(environment) == dict(zip(SERVICES, expected, strict=True))


@pytest.fixture
def _restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what connecting sets."""
    for service in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "")


@pytest.mark.usefixtures("_restored")
def test_what_the_environment_does_not_name_is_moto_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", OTHER)
    moto = engine.MotoServer()
    try:
        engines = engine.connect(moto)
        assert engines.addresses == {"DYNAMODB": moto.address, "DYNAMODB_STREAMS": moto.address, "SESV2": OTHER}
        assert engine.client("dynamodb").meta.endpoint_url == moto.address
        assert engine.client("sesv2").meta.endpoint_url == OTHER
        assert engine.client("dynamodb").list_tables()["TableNames"] == []
    finally:
        moto.stop()


@pytest.mark.usefixtures("_restored")
def test_a_table_in_another_engine_outlives_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", OTHER)
    engines = engine.connect(None)
    assert set(engines.addresses.values()) == {OTHER}


@pytest.mark.usefixtures("_restored")
def test_an_engine_that_is_not_there_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        # Bound, but nobody listens.
        held.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", f"http://127.0.0.1:{held.getsockname()[1]}")
        with pytest.raises(engine.EngineError) as error:
            engine.create_table(resolve(), "table")
    assert isinstance(error.value, EndpointConnectionError)


def test_a_moto_server_that_was_stopped_is_gone() -> None:
    moto = engine.MotoServer()
    with urllib.request.urlopen(f"{moto.address}/moto-api/data.json", timeout=10) as response:  # noqa: S310  our own
        assert response.status == 200
    moto.stop()
    port = int(moto.address.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_table_is_the_template_s() -> None:
    arn = engine.create_table(resolve(), "other-name")
    dynamodb = engine.client("dynamodb")
    table = dynamodb.describe_table(TableName="other-name")["Table"]
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["pk", "sk"]
    assert sorted(index["IndexName"] for index in table["GlobalSecondaryIndexes"]) == ["lists", "outbox"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    assert table["LatestStreamArn"] == arn
    ttl = dynamodb.describe_time_to_live(TableName="other-name")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}
    backups = dynamodb.describe_continuous_backups(TableName="other-name")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"


def test_a_table_that_is_there_already_is_used_as_it_is() -> None:
    first = engine.create_table(resolve(), "table")
    engine.client("dynamodb").put_item(TableName="table", Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert engine.create_table(resolve(), "table") == first
    assert engine.client("dynamodb").scan(TableName="table")["Count"] == 1


def test_an_engine_without_backups_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    dynamodb = engine.client("dynamodb")

    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "UnknownOperationException"}}, "UpdateContinuousBackups")

    dynamodb.update_continuous_backups = refused
    monkeypatch.setattr(engine, "client", lambda _: dynamodb)
    assert ":table/table/stream/" in engine.create_table(resolve(), "table")


def test_the_sender_s_domain_and_both_configuration_sets_are_made_and_may_be_there_already() -> None:
    for _ in range(2):
        engine.create_mail(resolve())
        ses = engine.client("sesv2")
        assert [entry["IdentityName"] for entry in ses.list_email_identities()["EmailIdentities"]] == [
            "atelier.example"
        ]
        assert sorted(ses.list_configuration_sets()["ConfigurationSets"]) == [
            "guichet-OwnerMail",
            "guichet-VisitorMail",
        ]


def test_where_the_template_makes_no_identity_the_sender_can_send_nevertheless() -> None:
    engine.create_mail(resolve(CreateIdentity="false"))
    identities = engine.client("sesv2").list_email_identities()["EmailIdentities"]
    assert [entry["IdentityName"] for entry in identities] == ["guichet@atelier.example"]


def test_the_configuration_sets_are_those_that_the_notifier_names() -> None:
    stack = resolve()
    engine.create_mail(stack)
    environment = stack.functions["Notifier"].environment
    named = {environment["OWNER_CONFIGURATION_SET"], environment["VISITOR_CONFIGURATION_SET"]}
    assert set(engine.client("sesv2").list_configuration_sets()["ConfigurationSets"]) == named


def test_every_route_of_the_template_leads_to_a_function_that_can_be_called() -> None:
    stack = resolve()
    functions = local_functions(stack.functions, stack.environment)
    assert set(functions) == set(stack.functions)
    led = routes(functions)
    assert led["POST /contact"] is functions["Contact"]
    assert len(led) == sum(len(function.routes) for function in stack.functions.values())


def test_a_function_knows_how_much_time_is_left() -> None:
    context = Context("Notifier", 120)
    assert 0 < context.get_remaining_time_in_millis() <= 120_000
    assert Context("Notifier", 0).get_remaining_time_in_millis() == 0
    assert context.invoked_function_arn.endswith(":function:Notifier")
    assert context.aws_request_id != Context("Notifier", 120).aws_request_id


def test_an_engine_on_this_machine_is_reached_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"http_proxy": OTHER, "no_proxy": "intranet.example"}.items():
        monkeypatch.setenv(name, value)
    for service in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "")
    moto = engine.MotoServer()
    try:
        engine.connect(moto)
        assert os.environ["no_proxy"] == "intranet.example,127.0.0.1,localhost"
        assert engine.client("dynamodb").list_tables()["TableNames"] == []
    finally:
        moto.stop()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:8000"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/moto-api/reset"), ("GET", "/moto-api/data.json"), ("POST", "/")]
)
def test_moto_serves_no_web_page_but_its_own(headers: dict[str, str], method: str, path: str) -> None:
    moto = engine.MotoServer()
    try:
        engine.create_table(resolve(), "table")
        target = {"X-Amz-Target": "DynamoDB_20120810.ListTables", "Content-Type": "application/x-amz-json-1.0"}
        answer = ask(int(moto.address.rpartition(":")[2]), method, path, b"{}", target | headers)
        assert answer.status == 403
        assert engine.client("dynamodb").list_tables()["TableNames"] == ["table"]
    finally:
        moto.stop()


def test_moto_serves_the_hosts_it_is_told() -> None:
    moto = engine.MotoServer(hosts={"host.docker.internal"})
    try:
        number = int(moto.address.rpartition(":")[2])
        answer = ask(number, "GET", "/moto-api/data.json", headers={"Host": f"host.docker.internal:{number}"})
        assert answer.status == 200
        assert ask(number, "GET", "/moto-api/data.json").status == 403
    finally:
        moto.stop()


def test_moto_tells_when_something_was_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", "")
    moto = engine.MotoServer()
    try:
        engine.connect(moto)
        engine.create_table(resolve(), "table")
        dynamodb = engine.client("dynamodb")
        named = {"TableName": "table"}
        item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        update = {"Key": item, "UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}}
        writes: list[Any] = [
            lambda: dynamodb.put_item(**named, Item=item),
            lambda: dynamodb.update_item(**named, **update),
            lambda: dynamodb.transact_write_items(TransactItems=[{"Update": {**named, **update}}]),
            lambda: dynamodb.batch_write_item(RequestItems={"table": [{"PutRequest": {"Item": item}}]}),
            lambda: dynamodb.delete_item(**named, Key=item),
        ]
        for write in writes:
            write()
            assert moto.wrote.is_set()
            moto.wrote.clear()
            dynamodb.get_item(**named, Key=item)
            dynamodb.scan(**named)
            assert not moto.wrote.is_set()
    finally:
        moto.stop()


def test_a_function_is_called_by_several_requests_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=10)
    function = local_functions(resolve().functions, resolve().environment)["Contact"]
    monkeypatch.setattr(function, "_handler", lambda _event, _context: {"statusCode": 200, "at": both.wait()})
    replies: list[Any] = []
    calls = [threading.Thread(target=lambda: replies.append(function({}))) for _ in range(2)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    assert sorted(reply["at"] for reply in replies) == [0, 1]


def test_a_reply_that_lambda_could_not_write_as_json_fails_here_too(monkeypatch: pytest.MonkeyPatch) -> None:
    function = local_functions(resolve().functions, resolve().environment)["Contact"]
    monkeypatch.setattr(function, "_handler", lambda _event, _context: {"body": b"bytes"})
    with pytest.raises(TypeError):
        function({})


@pytest.mark.usefixtures("_restored")
def test_what_is_served_quickly_is_what_moto_s_own_server_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    moto = engine.MotoServer()
    of_moto = moto._serve  # noqa: SLF001
    served: list[bool] = []

    def serve(environ: dict[str, Any]) -> Any:
        answer = of_moto(environ)
        served.append(answer is not None)
        return answer

    def answers() -> list[Any]:
        stream = engine.create_table(resolve(), "table")
        dynamodb, streams = engine.client("dynamodb"), engine.client("dynamodbstreams")
        key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
        with pytest.raises(ClientError) as refused:
            dynamodb.put_item(TableName="table", Item=key, ConditionExpression="attribute_exists(pk)")
        told = [
            dynamodb.put_item(TableName="table", Item={**key, "é": {"B": b"bytes"}}),
            dynamodb.get_item(TableName="table", Key=key),
            dynamodb.scan(TableName="table"),
            streams.describe_stream(StreamArn=stream)["StreamDescription"]["KeySchema"],
            refused.value.response,
        ]
        metadata = [answer.pop("ResponseMetadata") for answer in told if "ResponseMetadata" in answer]
        told += [raw("ListTables", b""), raw("GetItem", b'{"TableName":"table","Key":null}')]
        told.append(raw("Scan", b'{"TableName":"table","ExpressionAttributeNames":null}'))
        dynamodb.delete_table(TableName="table")
        return [*told, *((part["HTTPStatusCode"], part["HTTPHeaders"]["x-amz-crc32"]) for part in metadata)]

    def raw(operation: str, body: bytes, path: str = "/", method: str = "POST") -> Any:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=key/20260801/{REGION}/dynamodb/aws4_request",
        }
        address = engine.client("dynamodb").meta.endpoint_url
        reply = urllib3.request(method, f"{address}{path}", body=body, headers=headers, retries=False)
        return reply.status, reply.data

    try:
        engine.connect(moto)
        monkeypatch.setattr(moto, "_serve", serve)
        quick = answers()
        assert served
        assert all(served)
        monkeypatch.setattr(moto, "_serve", lambda _: None)
        assert quick == answers()
        assert quick[1]["Item"]["é"] == {"B": b"bytes"}
        monkeypatch.setattr(moto, "_serve", serve)
        engine.create_mail(resolve())
        assert not served[-1]
        for method, path in (("POST", "/elsewhere"), ("GET", "/")):
            raw("ListTables", b"{}", path, method)
            assert not served[-1]
    finally:
        moto.stop()
