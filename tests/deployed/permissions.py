"""Each role's permissions, removed one by one: a check must fail for each, or the permission is useless."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.deployed.emulator import Deployed

# What the emulator does itself, without asking IAM. tests/roles/test_roles.py compares these with what Lambda and the
# functions request.
NOT_ENFORCED = {
    "logs:CreateLogStream": "it writes the logs of functions itself",
    "logs:PutLogEvents": "it writes the logs of functions itself",
    "dynamodb:DescribeStream": "its event source mapping reads the stream itself",
    "dynamodb:GetRecords": "its event source mapping reads the stream itself",
    "dynamodb:GetShardIterator": "its event source mapping reads the stream itself",
    "dynamodb:ListStreams": "its event source mapping reads the stream itself",
    "sqs:SendMessage": "it sets failed events aside itself",
    "ses:SendRawEmail": "it only checks ses:SendEmail, whatever the content",
}


@dataclass(frozen=True)
class Grant:
    """One action that a role allows, on one resource."""

    function: str
    sid: str
    action: str
    resource: str

    def __str__(self) -> str:
        """Return it in a short form: only the end of the resource."""
        return f"{self.function}, {self.action} on {self.resource.rpartition(':')[2]}"


def grants(stack: Deployed, function: str) -> list[Grant]:
    """Return everything that a function's role allows, as IAM reports it."""
    _, document = _policy(stack, function)
    return [
        Grant(function, statement["Sid"], action, resource)
        for statement in document["Statement"]
        for action in _listed(statement["Action"])
        for resource in _listed(statement["Resource"])
    ]


@contextmanager
def without(stack: Deployed, function: str, *actions: str, resource: str | None = None) -> Iterator[None]:
    """Remove actions from a function's role, on one resource or on all, for the duration of the block."""
    name, before = _policy(stack, function)
    fewer = [
        {**statement, "Action": action, "Resource": on}
        for statement in before["Statement"]
        for action in _listed(statement["Action"])
        for on in _listed(statement["Resource"])
        if action not in actions or resource not in (None, on)
    ]
    iam, role = stack.run.client("iam"), stack.resources[f"{function}Role"]

    def put(statements: list[dict[str, Any]]) -> None:
        if statements:
            document = json.dumps({**before, "Statement": statements})
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=document)
        else:
            # IAM refuses a policy without any.
            iam.delete_role_policy(RoleName=role, PolicyName=name)

    put(fewer)
    try:
        yield
    finally:
        put(before["Statement"])


def _policy(stack: Deployed, function: str) -> tuple[str, dict[str, Any]]:
    iam, role = stack.run.client("iam"), stack.resources[f"{function}Role"]
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    return name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]
