"""The functions for the SAM CLI: as they are here, so that its containers keep and mail where this stack does."""

import platform
from collections.abc import Mapping
from typing import Any

from infra.local.functions import CODE
from infra.template import Stack

# What SAM needs to know of a function to build and to run it.
_OF_A_FUNCTION = ("Handler", "Runtime", "MemorySize", "Timeout")
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}


def sam_template(stack: Stack, addresses: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return a template of the functions and their routes, with nothing left to resolve.

    SAM hands a container the variables that its template declares and no others, so the engines' addresses (by
    service, such as `DYNAMODB`) are among them. The architecture is that of this machine: what is built need not be
    emulated.
    """
    engines = {f"AWS_ENDPOINT_URL_{service}": address for service, address in addresses.items()}
    functions = {}
    for name, properties in stack.of_type("AWS::Serverless::Function").items():
        routes = {
            event: {"Type": "HttpApi", "Properties": {"Method": told["Method"], "Path": told["Path"]}}
            for event, described in properties["Events"].items()
            if described["Type"] == "HttpApi"
            for told in [described["Properties"]]
        }
        variables = {**properties["Environment"]["Variables"], **engines, "AWS_DEFAULT_REGION": region}
        functions[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                **{key: properties[key] for key in _OF_A_FUNCTION},
                "Architectures": [_ARCHITECTURES.get(platform.machine(), "x86_64")],
                "CodeUri": str(CODE),
                "Environment": {"Variables": {key: str(value) for key, value in variables.items()}},
                "Events": routes,
            },
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": functions,
    }
