"""A stack around a table that an earlier one left behind (AWS: "Import existing resources into a stack")."""

import json
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.operate.connection import OperatorError
from infra.template import Template

# The logical id of the table in template.yaml.
TABLE = "Table"
_CHANGE_SET = "adopt-table"
# Asked so often, in seconds, and so many times: ten minutes.
_WAIT = {"Delay": 2, "MaxAttempts": 300}


def adopt(formation: Any, dynamodb: Any, stack: str, table: str) -> None:
    """Make a stack that holds nothing but an existing table; a deploy by that name adds everything else.

    `formation` and `dynamodb` are clients of the stack's region. Raises OperatorError for a table that is not there or
    not of this version, and for a stack that is there already; botocore's errors.
    """
    resource = Template.load().document["Resources"][TABLE]
    _check_table(dynamodb, table, resource["Properties"])
    # A stack that is made by an import must say that what it imports stays.
    imported = {**resource, "DeletionPolicy": "Retain"}
    try:
        formation.create_change_set(
            StackName=stack,
            ChangeSetName=_CHANGE_SET,
            ChangeSetType="IMPORT",
            ResourcesToImport=[
                {
                    "ResourceType": resource["Type"],
                    "LogicalResourceId": TABLE,
                    "ResourceIdentifier": {"TableName": table},
                }
            ],
            TemplateBody=json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": {TABLE: imported}}),
        )
        formation.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=_CHANGE_SET, WaiterConfig=_WAIT
        )
        formation.execute_change_set(StackName=stack, ChangeSetName=_CHANGE_SET)
        formation.get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig=_WAIT)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AlreadyExistsException", "ValidationError"):
            raise OperatorError(
                f"CloudFormation refuses it: {error.response['Error']['Message']}. "
                f"A stack named {stack} must not be there yet; name another one by --stack"
            ) from None
        raise
    except WaiterError as error:
        reason = error.last_response.get("StatusReason") or str(error)
        raise OperatorError(
            f"CloudFormation did not take the table in: {reason}. "
            f"Before you try again: aws cloudformation delete-stack --stack-name {stack} (the table stays)"
        ) from None


def _check_table(dynamodb: Any, name: str, wanted: dict[str, Any]) -> None:
    try:
        found = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        raise OperatorError(f"there is no table {name} in this region: `aws dynamodb list-tables` lists them") from None
    indexes = {index["IndexName"] for index in found.get("GlobalSecondaryIndexes", ())}
    if found["KeySchema"] != wanted["KeySchema"] or indexes != {
        index["IndexName"] for index in wanted["GlobalSecondaryIndexes"]
    }:
        raise OperatorError(f"{name} is no table of this version of Guichet: its keys or indexes are others")
