"""The template that the local stack serves for the SAM CLI."""

from infra.local.functions import CODE
from infra.local.sam import sam_template
from tests.support.app import REGION, resolve

ADDRESSES = {"DYNAMODB": "http://127.0.0.1:5001", "SESV2": "http://127.0.0.1:5001"}


def test_it_has_every_function_with_its_routes_and_all_that_a_container_needs() -> None:
    stack = resolve()
    resources = sam_template(stack, ADDRESSES, REGION)["Resources"]
    assert set(resources) == set(stack.functions)
    for name, function in stack.functions.items():
        properties = resources[name]["Properties"]
        events = [event["Properties"] for event in properties["Events"].values()]
        assert [f"{event['Method']} {event['Path']}" for event in events] == function.routes
        variables = properties["Environment"]["Variables"]
        assert variables == function.environment | {
            "AWS_ENDPOINT_URL_DYNAMODB": ADDRESSES["DYNAMODB"],
            "AWS_ENDPOINT_URL_SESV2": ADDRESSES["SESV2"],
            "AWS_DEFAULT_REGION": REGION,
        }
        assert (properties["Handler"], properties["CodeUri"]) == (function.handler, str(CODE))
