"""The steps of infra/docs/restoring.md, done with a table: its AWS commands verbatim, up to `guichet adopt`."""

import re
import shlex
from typing import Any

import boto3
import pytest
from botocore import xform_name

from infra.operate import adopting
from infra.operate.connection import client_of
from infra.template import Template
from tests.support.app import REGION, App
from tests.support.aws import Aws
from tests.support.commands import commands_of
from tests.support.contact import contact
from tests.support.formation import Formation
from tests.support.pages import read

PAGE = read("restoring.md")
RESTORED = "guichet-restored"
# The table of the stack under test, by its name on the page.
OLD = {"guichet-Table-OLD": "table"}


def run(command: str) -> Any:
    """Send DynamoDB the request of an AWS CLI command."""
    _, service, operation, *words = shlex.split(command)
    client = boto3.client("dynamodb", region_name=REGION)
    if operation == "wait":
        waiter, *words = words
        client.get_waiter(waiter.replace("-", "_")).wait(**_asked(client, "describe-table", words))
        return None
    assert service == "dynamodb"
    return getattr(client, operation.replace("-", "_"))(**_asked(client, operation, words))


def _asked(client: Any, operation: str, words: list[str]) -> dict[str, Any]:
    """Return an operation's parameters, as the AWS CLI makes them from its options."""
    method = client.meta.method_to_api_mapping[operation.replace("-", "_")]
    members = {
        f"--{xform_name(name, '-')}": (name, shape)
        for name, shape in client.meta.service_model.operation_model(method).input_shape.members.items()
    }
    asked = {}
    for option, value in zip(words[::2], words[1::2], strict=True):
        name, shape = members[option]
        asked[name] = _structure(value) if shape.type_name == "structure" else OLD.get(value, value)
    return asked


def _structure(text: str) -> dict[str, str | bool]:
    """Read the AWS CLI's shorthand: `Enabled=true,AttributeName=expires_at`."""
    pairs = (pair.split("=") for pair in text.split(","))
    return {name: value == "true" if value in ("true", "false") else value for name, value in pairs}


def commands(number: int) -> list[str]:
    """Return the commands for DynamoDB in a step of the page."""
    (step,) = re.findall(rf"^(## {number}\. .*?)^## ", PAGE, re.DOTALL | re.MULTILINE)
    return [command for command in commands_of(step) if command.startswith("aws dynamodb ")]


def features(table: str) -> dict[str, bool]:
    """Return the features that the template requires and a restore leaves out, and whether the table has them."""
    client = boto3.client("dynamodb", region_name=REGION)
    described = client.describe_table(TableName=table)["Table"]
    expiry = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    declared = Template.load().document["Resources"]["Table"]["Properties"]
    return {
        "StreamSpecification": described.get("StreamSpecification", {})
        == {"StreamEnabled": True, **declared["StreamSpecification"]},
        "TimeToLiveSpecification": (expiry["TimeToLiveStatus"], expiry.get("AttributeName"))
        == ("ENABLED", declared["TimeToLiveSpecification"]["AttributeName"]),
        "PointInTimeRecoverySpecification": backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
        == "ENABLED",
    }


@pytest.fixture
def restored(app: App) -> App:
    """Return a stack with a message, and next to its table the one that step 2 makes from it."""
    contact(app)
    for command in commands(2):
        run(command)
    return app


def test_the_new_table_has_the_items_and_lacks_what_the_page_says(restored: App) -> None:
    client = boto3.client("dynamodb", region_name=REGION)
    assert len(client.scan(TableName=RESTORED)["Items"]) == len(restored.items())
    assert not any(features(RESTORED).values())


@pytest.mark.usefixtures("restored")
def test_the_page_turns_on_all_that_the_template_asks_for() -> None:
    for command in commands(3):
        run(command)
    assert all(features(RESTORED).values())
    # No other feature of a table is left to turn on.
    declared = Template.load().document["Resources"]["Table"]["Properties"]
    restored_by_itself = {"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"}
    assert set(declared) == restored_by_itself | set(features(RESTORED))


@pytest.mark.usefixtures("restored")
def test_the_new_table_is_one_to_adopt() -> None:
    formation = Formation()
    cloudformation = Aws(formation.answers).client("cloudformation")
    adopting.adopt(cloudformation, client_of("dynamodb", REGION), "restored", RESTORED)
    (asked,) = formation.asked
    assert asked["ResourcesToImport.member.1.ResourceIdentifier.entry.1.value"] == RESTORED


def test_the_page_names_the_stack_and_the_table_alike() -> None:
    assert f"guichet adopt {RESTORED} --stack restored" in PAGE
    for command in (*commands(2), *commands(3)):
        assert RESTORED in command
    assert all("STACK=restored" in line for line in re.findall(r"^make deploy .*CreateIdentity.*$", PAGE, re.MULTILINE))
