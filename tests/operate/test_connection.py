"""A deployed stack is found by name: its functions' environments have everything that the commands need."""

import io
import json
from typing import Any

import pytest

from infra.operate import commands
from infra.operate.commands import options
from infra.operate.connection import OperatorError, connect_stack
from tests.support.app import PARAMETERS, REGION, App
from tests.support.aws import CREATE_CLIENT, Aws
from tests.support.clients import SESSION
from tests.support.contact import contact

_STACK = {
    "StackName": "guichet",
    "CreationTime": "2026-11-24T10:00:00Z",
    "StackStatus": "CREATE_COMPLETE",
    "Outputs": [{"OutputKey": "Endpoint", "OutputValue": "https://api.example"}],
    "Parameters": [{"ParameterKey": "SigningSecret", "ParameterValue": "****"}],
}


def summary(logical: str) -> dict[str, Any]:
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": f"guichet-{logical}-1ABC",
        "ResourceType": "AWS::Lambda::Function",
        "LastUpdatedTimestamp": "2026-11-24T10:00:00Z",
        "ResourceStatus": "CREATE_COMPLETE",
    }


def answers(app: App, **changes: Any) -> dict[str, Any]:
    def configuration(asked: Any) -> Any:
        name = asked["url_path"].split("guichet-")[1].split("-")[0]
        return {"Environment": {"Variables": dict(app.stack.functions[name].environment)}}

    def invoke(asked: Any) -> Any:
        assert "guichet-Notifier-1ABC" in asked["url_path"]
        swept = json.dumps(app.functions["Notifier"](json.loads(asked["body"])))
        return {"StatusCode": 200, "Payload": io.BytesIO(swept.encode())}

    return {
        "cloudformation:DescribeStacks": {"Stacks": [_STACK]},
        "cloudformation:ListStackResources": {
            "StackResourceSummaries": [summary("Notifier"), summary("Newsletter"), summary("AlarmTopic")]
        },
        "lambda:GetFunctionConfiguration": configuration,
        "lambda:Invoke": invoke,
        **changes,
    }


@pytest.fixture
def aws(app: App, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that prepares AWS's answers about the tests' stack, with some of them changed."""

    def answer(**changes: Any) -> None:
        told = Aws(answers(app, **changes))

        def create_client(service: str, **options: Any) -> Any:
            mine = service in ("cloudformation", "lambda")
            return told.client(service) if mine else CREATE_CLIENT(service, **options)

        monkeypatch.setattr(SESSION, "create_client", create_client)

    return answer


def test_a_stack_says_its_settings_outputs_and_resources(aws: Any) -> None:
    aws()
    connection = connect_stack("guichet", REGION)
    assert connection.settings.signing_secret == PARAMETERS["SigningSecret"]
    assert (connection.settings.table_name, connection.settings.retention_days) == ("table", 1095)
    assert connection.outputs == {"Endpoint": "https://api.example"}
    assert connection.resources["AlarmTopic"] == "guichet-AlarmTopic-1ABC"
    assert not connection.local


def test_the_notifier_is_called_for_a_sweep(app: App, aws: Any) -> None:
    contact(app)
    aws()
    assert connect_stack("guichet", None).sweep() == {"sent": 1}
    aws(
        **{
            "lambda:Invoke": {
                "StatusCode": 200,
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(b'{"errorMessage": "Task timed out"}'),
            }
        }
    )
    with pytest.raises(OperatorError, match="Task timed out"):
        connect_stack("guichet", None).sweep()


def test_a_command_works_on_it(
    app: App, aws: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(app, message="From the deployed stack")
    aws()
    monkeypatch.setattr(options, "allow_slow_calls", lambda: None)
    with pytest.raises(SystemExit) as ended:
        commands.main(["messages", "--stack", "guichet", "--region", REGION])
    assert ended.value.code == 0
    assert "From the deployed stack" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        (
            {"cloudformation:DescribeStacks": {"error": "ValidationError"}},
            2,
            "there is no stack guichet in eu-west-3",
        ),
        ({"cloudformation:DescribeStacks": {"error": "ExpiredToken"}}, 3, "use --local"),
        ({"cloudformation:ListStackResources": {"StackResourceSummaries": []}}, 2, "is it a Guichet stack"),
        ({"lambda:GetFunctionConfiguration": {"error": "AccessDeniedException"}}, 3, "AccessDeniedException"),
        (
            {"lambda:GetFunctionConfiguration": {"Environment": {"Variables": {"TABLE_NAME": "x"}}}},
            2,
            "does not match this version of Guichet",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said(  # noqa: PLR0913, PLR0917  what it is given
    aws: Any,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    code: int,
    words: str,
) -> None:
    aws(**changes)
    monkeypatch.setattr(options, "allow_slow_calls", lambda: None)
    with pytest.raises(SystemExit) as ended:
        commands.main(["messages", "--stack", "guichet", "--region", REGION])
    assert ended.value.code == code
    assert words in capsys.readouterr().err
