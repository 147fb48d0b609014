"""The template that the local stack serves for the SAM CLI."""

import json
from typing import Any

import pytest

from infra.local.containers import Containers
from infra.local.functions import CODE
from infra.local.sam import sam_template
from infra.template import Stack
from tests.support.app import REGION, resolve

ADDRESSES = {"DYNAMODB": "http://127.0.0.1:5001", "SESV2": "https://mail.example.org"}
BRIDGE = Containers("172.17.0.1", "172.17.0.1")


def made(stack: Stack | None = None) -> dict[str, Any]:
    """Return the template of a stack, that of the tests by default."""
    return sam_template(stack or resolve(), ADDRESSES, REGION, BRIDGE)


def test_it_has_every_function_with_its_routes_and_all_that_a_container_needs() -> None:
    stack = resolve()
    resources = made()["Resources"]
    assert set(resources) == {*stack.functions, "Api"}
    for name, function in stack.functions.items():
        properties = resources[name]["Properties"]
        events = [event["Properties"] for event in properties["Events"].values()]
        assert [f"{event['Method']} {event['Path']}" for event in events] == function.routes
        # They belong to the API with the CORS configuration: otherwise, SAM creates one without it.
        assert [event["ApiId"] for event in events] == [{"Ref": "Api"}] * len(events)
        variables = properties["Environment"]["Variables"]
        assert variables == function.environment | {
            "AWS_ENDPOINT_URL_DYNAMODB": "http://172.17.0.1:5001",
            "AWS_ENDPOINT_URL_SESV2": "https://mail.example.org",
            "AWS_DEFAULT_REGION": REGION,
            "NO_PROXY": "172.17.0.1",
            "no_proxy": "172.17.0.1",
        }
        assert (properties["Handler"], properties["CodeUri"]) == (function.handler, str(CODE))


def test_the_start_of_a_container_fits_into_each_time_out() -> None:
    for name, function in resolve().functions.items():
        assert made()["Resources"][name]["Properties"]["Timeout"] >= function.timeout + 60


def test_the_cors_configuration_is_that_of_the_api_as_start_api_reads_it() -> None:
    stack = resolve()
    told = made()["Resources"]["Api"]["Properties"]["CorsConfiguration"]
    assert told == {
        "AllowOrigins": stack.cors["allowOrigins"],
        "AllowMethods": stack.cors["allowMethods"],
        "AllowHeaders": stack.cors["allowHeaders"],
        "ExposeHeaders": stack.cors["exposeHeaders"],
        "MaxAge": stack.cors["maxAge"],
    }
    assert len(told) == len(stack.cors)


def test_the_bodies_of_forms_come_as_base64_and_json_as_text() -> None:
    body = made()["Resources"]["Api"]["Properties"]["DefinitionBody"]
    assert body["x-amazon-apigateway-binary-media-types"] == [
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ]


def test_nothing_is_left_to_resolve_but_the_api_of_a_route() -> None:
    text = json.dumps({**made(), "Rules": None}).replace('{"Ref": "Api"}', "")
    assert '"Ref"' not in text
    assert '"Fn::' not in text


@pytest.mark.parametrize("times", [1, 2])
def test_cloudformation_refuses_to_deploy_it(times: int) -> None:
    # "If any assertion of a rule is false, the stack is not created or updated"; without a condition a rule always
    # counts (AWS: "CloudFormation template Rules syntax"). Nothing that is deployed changes what it says.
    (rule,) = made(resolve(CallerHourlyCap=str(times)))["Rules"].values()
    assert set(rule) == {"Assertions"}
    (assertion,) = rule["Assertions"]
    ((function, (left, right)),) = assertion["Assert"].items()
    assert function == "Fn::Equals"
    assert left != right
    assert isinstance(left, str)
    assert isinstance(right, str)
