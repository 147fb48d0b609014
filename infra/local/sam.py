"""The functions for the SAM CLI, configured as here, so that its containers use this stack's table and mail."""

import platform
from collections.abc import Mapping
from typing import Any

from infra.local.containers import Containers
from infra.local.functions import CODE
from infra.template import Stack

# The properties that SAM needs to build and run a function.
_OF_A_FUNCTION = ("Handler", "Runtime", "MemorySize")
_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64"}
# The SAM CLI counts the start of the container and of Python without bytecode into the time-out, in seconds.
_TIME_TO_START = 60
# Bodies of these types are not always UTF-8; API Gateway passes them on as base64.
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_CORS = ("AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "MaxAge")


def architecture() -> str:
    """Return Lambda's word for the architecture of this machine: `x86_64` or `arm64`."""
    return _ARCHITECTURES.get(platform.machine(), "x86_64")


def with_engines(variables: Mapping[str, str], addresses: Mapping[str, str], region: str) -> dict[str, str]:
    """Return a function's variables and those that point it to the engines, given by service (`DYNAMODB`)."""
    engines = {f"AWS_ENDPOINT_URL_{service}": address for service, address in addresses.items()}
    return {**variables, **engines, "AWS_DEFAULT_REGION": region}


def sam_template(stack: Stack, addresses: Mapping[str, str], region: str, containers: Containers) -> dict[str, Any]:
    """Return a template of the functions, their routes and the API, with nothing left to resolve.

    It is the same whenever the stack is started with the same settings, so a build of it stays valid. The SAM CLI
    passes a container only the variables that its template declares, so they include the engines' addresses. The
    architecture is that of this machine, so that no build needs emulation.
    """
    reached = {service: containers.reach(address) for service, address in addresses.items()}
    functions = {}
    for name, properties in stack.of_type("AWS::Serverless::Function").items():
        routes = {
            event: {
                "Type": "HttpApi",
                "Properties": {"ApiId": {"Ref": "Api"}, "Method": told["Method"], "Path": told["Path"]},
            }
            for event, described in properties["Events"].items()
            if described["Type"] == "HttpApi"
            for told in [described["Properties"]]
        }
        variables = with_engines(properties["Environment"]["Variables"], reached, region)
        # Docker may pass its own proxy settings to each container, and the engines are not behind a proxy.
        variables |= dict.fromkeys(("NO_PROXY", "no_proxy"), containers.host)
        functions[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                **{key: properties[key] for key in _OF_A_FUNCTION},
                "Timeout": int(properties["Timeout"]) + _TIME_TO_START,
                "Architectures": [architecture()],
                "CodeUri": str(CODE),
                "Environment": {"Variables": {key: str(value) for key, value in variables.items()}},
                "Events": routes,
            },
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": "AWS::Serverless-2016-10-31",
        "Rules": {
            "OnThisMachineOnly": {
                "Assertions": [
                    {
                        # CloudFormation refuses a rule that never holds; the SAM CLI ignores it.
                        "Assert": {"Fn::Equals": ["on AWS", "on this machine"]},
                        "AssertDescription": "This template is only for `sam local`: everybody knows its secret.",
                    }
                ]
            }
        },
        "Resources": {**functions, "Api": _api(stack.cors)},
    }


def _api(cors: Mapping[str, Any]) -> dict[str, Any]:
    """Return the API as `sam local start-api` reads it: CORS as a property, not as API Gateway's extension."""
    lower = {name: name[0].lower() + name[1:] for name in _CORS}
    return {
        "Type": "AWS::Serverless::HttpApi",
        "Properties": {
            "CorsConfiguration": {name: cors[key] for name, key in lower.items() if key in cors},
            "DefinitionBody": {
                "openapi": "3.0.1",
                "info": {"title": "guichet", "version": "1.0"},
                "paths": {},
                # Otherwise it answers a body that is not UTF-8 itself, with a 502.
                "x-amazon-apigateway-binary-media-types": list(_FORM_TYPES),
            },
        },
    }
