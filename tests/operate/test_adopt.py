"""`guichet adopt`: its calls to CloudFormation, and what it refuses."""

import json
from typing import Any

import pytest

from infra.operate.commands import adopt as command
from infra.operate.connection import client_of
from infra.template import Template
from tests.support.app import REGION, App
from tests.support.aws import Aws
from tests.support.formation import Formation
from tests.support.operate import said_by


def adopt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], formation: Formation, table: str
) -> tuple[int, str, str]:
    """Run the command; return its exit code and its output."""

    def client(service: str, region: str) -> Any:
        assert region == REGION
        return Aws(formation.answers).client(service) if service == "cloudformation" else client_of(service, region)

    monkeypatch.setattr(command, "client_of", client)
    # The AWS CLI's region, which --region overrides.
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    said = said_by(capsys, "adopt", table, "--region", REGION, "--json")
    return said.code, said.out, said.err


@pytest.mark.usefixtures("app")
def test_the_table_alone_is_imported_and_stays_whatever_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    formation = Formation()
    code, out, _ = adopt(monkeypatch, capsys, formation, "table")
    assert code == 0
    assert json.loads(out)["stack"] == "guichet"
    (asked,) = formation.asked
    assert (asked["ChangeSetType"], asked["StackName"]) == ("IMPORT", "guichet")
    assert asked["ResourcesToImport.member.1.LogicalResourceId"] == "Table"
    assert asked["ResourcesToImport.member.1.ResourceIdentifier.entry.1.value"] == "table"
    (resource,) = json.loads(asked["TemplateBody"])["Resources"].values()
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"] == Template.load().document["Resources"]["Table"]["Properties"]


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ("nowhere", "there is no table nowhere in this region"),
        ("other", "other is not a table of this version of Guichet"),
    ],
)
def test_only_a_table_of_guichet_s_is_taken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], app: App, table: str, says: str
) -> None:
    assert app
    client_of("dynamodb", REGION).create_table(
        TableName="other",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    formation = Formation()
    code, _, err = adopt(monkeypatch, capsys, formation, table)
    assert (code, formation.asked) == (2, [])
    assert says in err


@pytest.mark.usefixtures("app")
def test_a_stack_that_is_there_already_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    formation = Formation()
    formation.answers["cloudformation:CreateChangeSet"] = {"error": "ValidationError"}
    code, _, err = adopt(monkeypatch, capsys, formation, "table")
    assert code == 2
    assert "There must not be a stack named guichet yet" in " ".join(err.split())


@pytest.mark.usefixtures("app")
def test_what_cloudformation_says_of_a_table_that_it_does_not_take_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = adopt(monkeypatch, capsys, Formation(change_set="FAILED"), "table")
    assert code == 2
    assert "no such table" in err
    assert "aws cloudformation delete-stack --stack-name guichet" in err
