"""What the adapter makes of a translated template, and that it leaves nothing else changed."""

import copy
from typing import Any

import pytest

from tests.deployed import adapter, permissions
from tests.deployed.missed import OF_ROLES
from tests.support.app import resolve
from tests.support.roles import grants_of

_ERRORS = {"Namespace": "AWS/Lambda", "MetricName": "Errors"}
_SUM = {"Comparison": "GreaterThanThreshold", "Threshold": 1}
TEMPLATE: dict[str, Any] = {
    "Resources": {
        "Plain": {"Type": "AWS::CloudWatch::Alarm", "Properties": {**_SUM, "MetricName": "Errors"}},
        "Math": {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                **_SUM,
                "Metrics": [
                    {"Id": "both", "Expression": "one + two"},
                    {"Id": "one", "MetricStat": {"Stat": "Sum", "Period": 300, "Metric": _ERRORS}},
                    {"Id": "two", "MetricStat": {"Stat": "Sum", "Period": 60, "Metric": {"MetricName": "Other"}}},
                ],
            },
        },
        "Api": {
            "Type": "AWS::ApiGatewayV2::Api",
            "Properties": {
                "Body": {
                    "info": {"title": "guichet"},
                    "x-amazon-apigateway-cors": {"allowOrigins": ["https://atelier.example"]},
                    "paths": {
                        "/f/{form}": {
                            "post": {
                                "x-amazon-apigateway-integration": {"uri": "uri", "payloadFormatVersion": "2.0"},
                            }
                        }
                    },
                }
            },
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyDocument": {
                            "Statement": [
                                {"Action": ["logs:PutLogEvents"], "Resource": "logs", "Condition": {"A": "B"}},
                                {"Action": ["ses:SendEmail"], "Resource": ["identity/*"], "Condition": {"A": "B"}},
                            ]
                        }
                    }
                ]
            },
        },
    },
    "Outputs": {"Dns": {"Value": {"Fn::Sub": "${Identity.DkimDNSTokenName1} CNAME ${Other.Name}"}}},
}


def _without(name: str) -> dict[str, Any]:
    """Return the template with only one workaround applied."""
    alone = copy.deepcopy(TEMPLATE)
    (workaround,) = [one for one in adapter.WORKAROUNDS if one.name == name]
    workaround.adapt(alone)
    return alone


def test_an_alarm_on_several_metrics_watches_the_first() -> None:
    resources = _without("alarms of one metric")["Resources"]
    assert resources["Math"]["Properties"] == {**_SUM, **_ERRORS, "Statistic": "Sum", "Period": 300}
    assert resources["Plain"] == TEMPLATE["Resources"]["Plain"]


def test_each_route_of_the_document_is_a_resource_with_its_integration() -> None:
    resources = _without("routes as resources")["Resources"]
    assert resources["Api"]["Properties"] == {
        "Name": "guichet",
        "ProtocolType": "HTTP",
        "CorsConfiguration": {"allowOrigins": ["https://atelier.example"]},
    }
    made = {name: resource for name, resource in resources.items() if name not in TEMPLATE["Resources"]}
    (integration, route) = made
    assert made[integration]["Properties"]["IntegrationUri"] == "uri"
    assert made[route]["Properties"] == {
        "ApiId": {"Ref": "Api"},
        "RouteKey": "POST /f/{form}",
        "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
    }


def test_only_outputs_of_dkim_are_named_instead() -> None:
    assert _without("no DKIM")["Outputs"]["Dns"]["Value"] == {"Fn::Sub": "DkimDNSTokenName1 CNAME ${Other.Name}"}


def test_only_mail_is_allowed_more_widely() -> None:
    adapted = adapter.adapted(TEMPLATE)
    logs, mail = adapted["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    assert logs == {"Action": ["logs:PutLogEvents"], "Resource": "logs", "Condition": {"A": "B"}}
    assert mail == {"Action": ["ses:SendEmail"], "Resource": "*"}


@pytest.mark.parametrize("workaround", adapter.WORKAROUNDS, ids=lambda one: one.name)
def test_each_workaround_can_be_left_out(workaround: adapter.Workaround) -> None:
    before = copy.deepcopy(TEMPLATE)
    without = adapter.adapted(TEMPLATE, without=workaround.name)
    assert before == TEMPLATE
    # The others complete a stack once it is created.
    changes_templates = workaround.adapt is not adapter.unchanged
    assert (without != adapter.adapted(TEMPLATE)) is changes_templates


def test_every_function_has_checks_that_need_its_permissions() -> None:
    assert set(OF_ROLES) == set(resolve().functions)


def test_what_is_not_enforced_is_what_a_role_allows() -> None:
    assert set(permissions.NOT_ENFORCED) <= {grant.action for grant in grants_of(resolve())}
