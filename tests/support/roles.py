"""Each function's AWS calls, and whether the template allows them.

AWS: "Policy evaluation logic"; "Actions, resources, and condition keys for AWS services".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from email import policy
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Any

from infra.template import Stack

TABLE = "arn:aws:dynamodb:eu-west-3:123456789012:table/table"
_SES = "arn:aws:ses:eu-west-3:123456789012:"
_STREAM = ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")


class UnknownError(Exception):
    """A call or a statement that cannot be judged here. Teach this module before it passes."""


@dataclass(frozen=True)
class Call:
    """A required permission: the function, action, resource, and other known facts."""

    function: str
    action: str
    resource: str
    context: frozenset[tuple[str, str]] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Grant:
    """One action on one resource that a statement of a function's role allows, on conditions."""

    function: str
    sid: str
    action: str
    resource: str
    conditions: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def allows(self, call: Call) -> bool:
        """Return whether a call is allowed by this."""
        return (
            self.function == call.function
            and fnmatchcase(call.action.lower(), self.action.lower())
            and fnmatchcase(call.resource, self.resource)
            and self.conditions <= call.context
        )


def calls_of(function: str, service: str, operation: str, parameters: Mapping[str, Any]) -> list[Call]:
    """Return the permissions that a botocore call requires. Raises UnknownError for an unknown one."""
    match service, operation:
        case "dynamodb", "TransactWriteItems":
            names = [next(iter(action)) for action in parameters["TransactItems"]]
            return [Call(function, f"dynamodb:{name}Item", TABLE) for name in names]
        case "dynamodb", "Query" if "IndexName" in parameters:
            return [Call(function, "dynamodb:Query", f"{TABLE}/index/{parameters['IndexName']}")]
        case "dynamodb", "BatchGetItem" | "DeleteItem" | "GetItem" | "PutItem" | "Query" | "Scan" | "UpdateItem":
            return [Call(function, f"dynamodb:{operation}", TABLE)]
        case "sesv2", "SendEmail":
            mail = BytesHeaderParser(policy=policy.default).parsebytes(parameters["Content"]["Raw"]["Data"])
            sender = parseaddr(str(mail["From"]))[1]
            addresses = [sender, *parameters["Destination"]["ToAddresses"]]
            # In the sandbox, the recipients' identities are checked as well.
            resources = [f"{_SES}identity/{address}" for address in addresses]
            resources.append(f"{_SES}configuration-set/{parameters['ConfigurationSetName']}")
            context = frozenset({("ses:FromAddress", sender)})
            actions = ("ses:SendEmail", "ses:SendRawEmail")
            return [Call(function, action, resource, context) for action in actions for resource in resources]
        case "sesv2", "GetAccount":
            return [Call(function, "ses:GetAccount", "*")]
        case "sesv2", "DeleteSuppressedDestination":
            return [Call(function, "ses:DeleteSuppressedDestination", "*")]
        case _:
            raise UnknownError(f"{function}: which permissions does {service}:{operation} ask for?")


def calls_of_lambda(stack: Stack) -> list[Call]:
    """Return Lambda's own calls with a function's role: it writes logs, reads streams, and stores failures."""
    calls = []
    for name, function in stack.of_type("AWS::Serverless::Function").items():
        group = f"arn:aws:local:eu-west-3:123456789012:{function['LoggingConfig']['LogGroup'].partition('-')[2]}/Arn"
        calls += [Call(name, f"logs:{action}", group) for action in ("CreateLogStream", "PutLogEvents")]
        for event in function["Events"].values():
            if event["Type"] == "DynamoDB":
                calls += [Call(name, f"dynamodb:{action}", f"{TABLE}/stream/2026-11-24") for action in _STREAM]
        failures = function.get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
        if failures:
            calls.append(Call(name, "sqs:SendMessage", failures["Destination"]))
    return calls


def grants_of(stack: Stack) -> list[Grant]:
    """Return everything that the functions' roles allow."""
    grants = []
    roles = stack.of_type("AWS::IAM::Role")
    for name, function in stack.of_type("AWS::Serverless::Function").items():
        role = roles[function["Role"].rpartition(":")[2].removesuffix("/Arn")]
        if role.get("ManagedPolicyArns"):
            raise UnknownError(f"{name}: a managed policy allows what is not written here")
        for statement in (one for part in role["Policies"] for one in part["PolicyDocument"]["Statement"]):
            conditions = statement.get("Condition", {})
            if statement["Effect"] != "Allow" or set(conditions) - {"StringEquals"}:
                raise UnknownError(f"{name}, {statement['Sid']}: what does it allow?")
            equal = frozenset(conditions.get("StringEquals", {}).items())
            grants += [
                Grant(name, statement["Sid"], action, resource, equal)
                for action in _listed(statement["Action"])
                for resource in _listed(statement["Resource"])
            ]
    return grants


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def refused(calls: Iterable[Call], grants: Iterable[Grant]) -> set[Call]:
    """Return the calls that no grant allows."""
    every = list(grants)
    return {call for call in calls if not any(grant.allows(call) for grant in every)}


def unused(calls: Iterable[Call], grants: Iterable[Grant]) -> set[Grant]:
    """Return the grants that allow none of the calls."""
    every = list(calls)
    return {grant for grant in grants if not any(grant.allows(call) for call in every)}
