"""Connect the commands to a stack: a deployed one, by name, or the one that `make run` started on this machine."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import urllib3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError
from botocore.parsers import ResponseParserError
from pydantic_core import ValidationError

from guichet.definitions import lookup
from guichet.settings import NewsletterSettings, NotifierSettings
from guichet.store import dynamodb

# What a call to AWS may raise. An answer in another protocol, such as a proxy's page, fails to parse.
AWS_ERRORS = (BotoCoreError, ClientError, ResponseParserError)
# The functions whose combined environments contain all settings that the commands need.
_FUNCTIONS = ("Notifier", "Newsletter")
# The function that sends what is in the outbox.
_SWEEPS = "Notifier"
# A sweep may take as long as a Lambda function may run.
_LONGEST_SWEEP = 900
# The notifier sweeps on any event that holds no records.
_SWEEP = {"source": "guichet.operator", "detail-type": "Sweep"}


class OperatorError(Exception):
    """The command cannot be run as given. The message says why, and what to do."""


class NoStackError(OperatorError):
    """The stack's location is unknown, or there is none. The message says what to do."""


class UnreachableError(OperatorError):
    """AWS is unreachable or refuses. The message says why."""


def refusal(error: Exception) -> str:
    """Return one of AWS_ERRORS as a sentence."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "there are no AWS credentials: provide them as for the AWS CLI"
    return f"AWS is unreachable or refused: {error}".rstrip(".")


def existing(get: Callable[..., dict[str, Any]], **name: str) -> dict[str, Any] | None:
    """Return what SES has stored under a name, or None."""
    try:
        return get(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return None


def _no_feedback(_payload: Mapping[str, Any]) -> None:
    """Do nothing: the local stack has no failure queue."""


class OperatorSettings(NotifierSettings, NewsletterSettings):
    """The settings of a stack's functions that the operator needs."""


def allow_slow_calls() -> None:
    """Allow slow calls to the table in this process: no visitor is waiting, and a page of a scan is large."""
    dynamodb.READ_TIMEOUT, dynamodb.RETRY_BUDGET = 60.0, 120.0


@dataclass(frozen=True)
class Connection:
    """A stack: its settings, a function that sweeps the outbox now, and CloudFormation's data (empty if local)."""

    name: str
    settings: OperatorSettings
    sweep: Callable[[], dict[str, int]]
    region: str
    local: bool = False
    # The environment that the settings come from.
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    # Physical ids by logical id.
    resources: Mapping[str, str] = field(default_factory=dict)
    # Calls the function Feedback with an event. Raises OperatorError if it fails.
    feed_back: Callable[[Mapping[str, Any]], None] = _no_feedback

    def client(self, service: str) -> Any:
        """Return a client for an AWS service that the functions themselves do not use."""
        return client_of(service, self.region)


def client_of(service: str, region: str) -> Any:
    """Return a client for an AWS service."""
    config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})
    return botocore.session.get_session().create_client(service, region_name=region, config=config)


def connect_local(port: int) -> Connection:
    """Connect to the stack that `make run` started. Raises OperatorError if there is none."""
    address = f"http://127.0.0.1:{port}"
    try:
        answer = urllib3.request("GET", f"{address}/_local/environment.json", timeout=5, retries=False)
        variables: dict[str, str] = answer.json()
        region, _ = variables["AWS_DEFAULT_REGION"], variables["FORMS_FILE"]
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"no local stack answers at {address}: start it with `make run`, or give its port with --port"
        ) from error
    # The demo's forms, where the site has none of its own.
    lookup.SOURCE = Path(variables["FORMS_FILE"])
    lookup.forget()
    # Never touch a real account.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in variables.items() if name.startswith("AWS_")})
    # An engine on this machine is not behind the network's proxy. Python prefers the lower-case variable.
    hosts = {urlsplit(value).hostname or "" for name, value in variables.items() if name.startswith("AWS_ENDPOINT_URL")}
    past = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    os.environ["no_proxy"] = ",".join(filter(None, (past, *sorted(hosts))))

    def sweep() -> dict[str, int]:
        url = f"{address}/_local/sweep?function={_SWEEPS}"
        swept = urllib3.request("POST", url, timeout=_LONGEST_SWEEP, retries=False)
        return _counts(swept.json()[_SWEEPS])

    return Connection("the local stack", _settings(variables), sweep, region, local=True, variables=variables)


def connect_stack(name: str, region: str | None) -> Connection:
    """Connect to a deployed stack: read its outputs and its functions' environments.

    Raises OperatorError if there is no such stack; also botocore's errors.
    """
    session = botocore.session.get_session()
    region = region_of(region)
    # The functions' own clients read it from the environment.
    os.environ["AWS_DEFAULT_REGION"] = region
    try:
        cloudformation: Any = session.create_client("cloudformation", region_name=region)
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
        resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
            for resource in page["StackResourceSummaries"]
            if "PhysicalResourceId" in resource
        }
        config = Config(read_timeout=_LONGEST_SWEEP, retries={"total_max_attempts": 1})
        functions: Any = session.create_client("lambda", region_name=region, config=config)
        variables: dict[str, str] = {}
        for function in _FUNCTIONS:
            if function not in resources:
                raise OperatorError(f"the stack {name} has no function {function}: is it a Guichet stack?")
            configuration = functions.get_function_configuration(FunctionName=resources[function])
            variables |= configuration["Environment"]["Variables"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise NoStackError(f"there is no stack {name} in {region}: choose one with --stack and --region") from None
        raise

    def sweep() -> dict[str, int]:
        answer = functions.invoke(FunctionName=resources[_SWEEPS], Payload=json.dumps(_SWEEP).encode())
        payload = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise OperatorError(f"the notifier failed: {payload.get('errorMessage', payload)}")
        return _counts(payload)

    def feed_back(payload: Mapping[str, Any]) -> None:
        answer = functions.invoke(FunctionName=resources["Feedback"], Payload=json.dumps(payload).encode())
        if "FunctionError" in answer:
            raise OperatorError("the function Feedback failed again")

    return Connection(
        name,
        _settings(variables),
        sweep,
        region,
        variables=variables,
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])},
        resources=resources,
        feed_back=feed_back,
    )


def region_of(given: str | None) -> str:
    """Return the given region, or else the environment's or the profile's. Raises NoStackError if there is none."""
    region = given or botocore.session.get_session().get_config_variable("region")
    if not region:
        raise NoStackError("no AWS region is set: use --region, or set AWS_DEFAULT_REGION")
    return str(region)


def _counts(outcomes: Mapping[str, Any]) -> dict[str, int]:
    return {outcome: int(count) for outcome, count in outcomes.items()}


def _settings(variables: Mapping[str, str]) -> OperatorSettings:
    try:
        return OperatorSettings.model_validate(dict(variables))
    except ValidationError as error:
        wrong = sorted({str(part["loc"][0]) for part in error.errors(include_input=False)})
        raise OperatorError(
            f"the stack does not match this version of Guichet ({', '.join(wrong)}): deploy it, or use its version"
        ) from None
