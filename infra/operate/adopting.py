"""Creating a stack around a table left behind by an earlier one (AWS: "Import existing resources into a stack")."""

import json
from typing import Any

from botocore.exceptions import ClientError, WaiterError

from infra.operate.connection import OperatorError
from infra.template import Template

# The logical id of the table in template.yaml.
TABLE = "Table"
_CHANGE_SET = "adopt-table"
# Seconds between polls, and how many: ten minutes in all.
_WAIT = {"Delay": 2, "MaxAttempts": 300}


def adopt(cloudformation: Any, dynamodb: Any, stack: str, table: str) -> None:
    """Create a stack that contains only an existing table; a deploy under the same name adds everything else.

    `cloudformation` and `dynamodb` are clients for the stack's region. Raises OperatorError if the table does not exist
    or does not match this version, or if the stack already exists; also botocore's errors.
    """
    resource = Template.load().document["Resources"][TABLE]
    _check_table(dynamodb, table, resource["Properties"])
    # An import requires a DeletionPolicy that keeps the imported resource.
    imported = {**resource, "DeletionPolicy": "Retain"}
    try:
        cloudformation.create_change_set(
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
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=stack, ChangeSetName=_CHANGE_SET, WaiterConfig=_WAIT
        )
        cloudformation.execute_change_set(StackName=stack, ChangeSetName=_CHANGE_SET)
        cloudformation.get_waiter("stack_import_complete").wait(StackName=stack, WaiterConfig=_WAIT)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AlreadyExistsException", "ValidationError"):
            raise OperatorError(
                f"CloudFormation refused: {error.response['Error']['Message']}. "
                f"There must not be a stack named {stack} yet; choose another name with --stack"
            ) from None
        raise
    except WaiterError as error:
        reason = error.last_response.get("StatusReason") or str(error)
        raise OperatorError(
            f"CloudFormation did not import the table: {reason}. "
            f"Before trying again, run: aws cloudformation delete-stack --stack-name {stack} (the table stays)"
        ) from None


def _check_table(dynamodb: Any, name: str, expected: dict[str, Any]) -> None:
    try:
        found = dynamodb.describe_table(TableName=name)["Table"]
    except dynamodb.exceptions.ResourceNotFoundException:
        raise OperatorError(f"there is no table {name} in this region: `aws dynamodb list-tables` lists them") from None
    indexes = {index["IndexName"] for index in found.get("GlobalSecondaryIndexes", ())}
    if found["KeySchema"] != expected["KeySchema"] or indexes != {
        index["IndexName"] for index in expected["GlobalSecondaryIndexes"]
    }:
        raise OperatorError(f"{name} is not a table of this version of Guichet: its keys or indexes differ")
