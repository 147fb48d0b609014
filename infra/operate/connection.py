"""Where the commands act: a deployed stack, by its name, or the one that `make run` runs on this machine."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError
from pydantic import ValidationError

from guichet.settings import NewsletterSettings, NotifierSettings
from guichet.store import dynamodb
from infra.local import engine
from infra.local.streams import schedule_event

# The functions whose environments together say all that the commands need.
_FUNCTIONS = ("Notifier", "Newsletter")
# A sweep takes as long as the function may.
_LONGEST_SWEEP = 900


class OperatorError(Exception):
    """The command cannot be done as it was given. The text says why and what to do."""


class OperatorSettings(NotifierSettings, NewsletterSettings):
    """What the functions of a stack know, as its operator needs it."""


def be_patient() -> None:
    """Give the calls of this process to the table a minute: no visitor waits for them, and a page of a scan is long."""
    dynamodb.READ_TIMEOUT, dynamodb.RETRY_BUDGET = 60.0, 120.0


@dataclass(frozen=True)
class Connection:
    """A stack: its settings, what deploys it (empty for the local one), and its notifier's sweep at once."""

    name: str
    settings: OperatorSettings
    sweep: Callable[[], dict[str, int]]
    region: str
    local: bool = False
    outputs: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    # Physical ids by logical ones.
    resources: Mapping[str, str] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """Return a client of AWS for what the functions themselves do not use."""
        return client_of(service, self.region)


def client_of(service: str, region: str) -> Any:
    """Return a client of AWS for one of the commands."""
    config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3, "mode": "standard"})
    return botocore.session.get_session().create_client(service, region_name=region, config=config)


def connect_local(port: int) -> Connection:
    """Connect to the stack that `make run` runs. Raises OperatorError where there is none."""
    address = f"http://127.0.0.1:{port}"
    try:
        answer = urllib3.request("GET", f"{address}/_local/environment.json", timeout=5, retries=False)
        variables: dict[str, str] = answer.json()
        region = variables["AWS_DEFAULT_REGION"]
    except (urllib3.exceptions.HTTPError, ValueError, KeyError, TypeError) as error:
        raise OperatorError(
            f"no local stack answers at {address}: start it by `make run`, or name its port by --port"
        ) from error
    # Nothing of a real account takes part.
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in variables.items() if name.startswith("AWS_")})
    engine.connect(None)

    def sweep() -> dict[str, int]:
        swept = urllib3.request("POST", f"{address}/_local/sweep", timeout=_LONGEST_SWEEP, retries=False)
        return _counts(swept.json()[0])

    return Connection("the local stack", _settings(variables), sweep, region, local=True)


def connect_stack(name: str, region: str | None) -> Connection:
    """Connect to a deployed stack: its outputs, and the environments of its functions.

    Raises OperatorError where there is none, and botocore's errors.
    """
    session = botocore.session.get_session()
    region = region_of(region)
    # The functions' own clients take it from there.
    os.environ["AWS_DEFAULT_REGION"] = region
    try:
        formation: Any = session.create_client("cloudformation", region_name=region)
        (stack,) = formation.describe_stacks(StackName=name)["Stacks"]
        resources = {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for page in formation.get_paginator("list_stack_resources").paginate(StackName=name)
            for resource in page["StackResourceSummaries"]
            if "PhysicalResourceId" in resource
        }
        config = Config(read_timeout=_LONGEST_SWEEP, retries={"total_max_attempts": 1})
        functions: Any = session.create_client("lambda", region_name=region, config=config)
        variables: dict[str, str] = {}
        for function in _FUNCTIONS:
            if function not in resources:
                raise OperatorError(f"the stack {name} has no function {function}: is it one of Guichet's?")
            told = functions.get_function_configuration(FunctionName=resources[function])
            variables |= told["Environment"]["Variables"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            raise OperatorError(f"there is no stack {name} in {region}: name it by --stack and --region") from None
        raise

    def sweep() -> dict[str, int]:
        answer = functions.invoke(FunctionName=resources["Notifier"], Payload=json.dumps(schedule_event()).encode())
        told = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise OperatorError(f"the notifier failed: {told.get('errorMessage', told)}")
        return _counts(told)

    return Connection(
        name,
        _settings(variables),
        sweep,
        region,
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in stack.get("Parameters", [])},
        resources=resources,
    )


def region_of(given: str | None) -> str:
    """Return the region that is given, else that of the environment or the profile. Raises OperatorError for none."""
    region = given or botocore.session.get_session().get_config_variable("region")
    if not region:
        raise OperatorError("in which region is the stack? Give --region, or set AWS_DEFAULT_REGION")
    return str(region)


def _counts(told: Mapping[str, Any]) -> dict[str, int]:
    return {outcome: int(count) for outcome, count in told.items()}


def _settings(variables: Mapping[str, str]) -> OperatorSettings:
    try:
        return OperatorSettings.model_validate(dict(variables))
    except ValidationError as error:
        wrong = sorted({str(part["loc"][0]) for part in error.errors(include_input=False)})
        raise OperatorError(
            f"the stack is not of this version of Guichet ({', '.join(wrong)}): deploy it anew, or use its own version"
        ) from None
