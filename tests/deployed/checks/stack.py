"""As the person deploying: a failed deploy, a second stack, its updates, removal and redeployment."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from tests.deployed import adapter
from tests.deployed.desk import Desk, page_of
from tests.deployed.emulator import REGION, Deployed, DeployError
from tests.deployed.world import JSON, World

SECOND, DOMAIN, SECOND_OWNER = "guichet-second", "forms.second.example", "second@atelier.example"


def a_first_deploy_that_fails_leaves_nothing_behind(world: World) -> None:
    template = json.loads(world.template.read_text(encoding="utf-8"))
    # The last resource, and one that CloudFormation cannot create.
    template["Resources"]["Broken"] = {
        "Type": "AWS::CloudWatch::Alarm",
        "DependsOn": ["Identity", "Table"],
        "Properties": {"EvaluationPeriods": 1},
    }
    broken = world.template.with_name("broken.json")
    broken.write_text(json.dumps(template), encoding="utf-8")
    overrides = {**world.parameters, "FromEmail": "guichet@fails.example"}
    with pytest.raises(DeployError, match="ROLLBACK_COMPLETE"):
        world.run.deploy(broken, "guichet-fails", overrides)
    tables = world.run.client("dynamodb").list_tables()["TableNames"]
    assert [name for name in tables if name.startswith("guichet-fails")] == []
    identities = world.run.client("sesv2").list_email_identities()["EmailIdentities"]
    assert "fails.example" not in [one["IdentityName"] for one in identities]


def a_second_stack_lives_beside_the_first(world: World) -> None:
    """Deploy it with its own domain, in English, and with an hourly cap that is soon reached."""
    second = _deployed(world, CreateIdentity="true", CallerHourlyCap="3")
    assert second.stack.outputs["Endpoint"] == f"https://{DOMAIN}"
    # Each has a stage of this name.
    assert set(second.stack.resources.values()) & set(world.stack.resources.values()) == {"$default"}

    address, words = second.write()
    assert second.items("message", email=address)
    assert world.items("message", email=address) == []
    told = second.mail(SECOND_OWNER, words)
    second.mail(address, "The 'second' workshop")
    assert second.stack.ask("GET", "/challenge").json["parameters"]
    reader = second.somebody()
    page = second.visit(second.sign_up(reader).link("/newsletter/confirm"))
    assert "I agree to receive" in page.text
    assert second.press(page.text).status == 200
    assert [row["email"] for row in second.guichet("subscribers", "--state", "confirmed").rows] == [reader]
    # Their desks are separate.
    desk, other = Desk(second), Desk(world)
    assert words.rpartition("'")[2] in desk.sign_in(SECOND_OWNER, page_of(told)).text
    other.cookies = dict(desk.cookies)
    assert "Send me a code" in other.open("messages").text

    posts = (second.post("/contact", {"email": address, "message": second.words()}, Accept=JSON) for _ in range(9))
    refused = next(answer for answer in posts if answer.status != 200)
    assert (refused.status, refused.json["errors"][0]["code"]) == (429, "TOO_MANY_REQUESTS")
    assert int(refused.headers["retry-after"]) > 0


def an_update_keeps_the_other_parameters(world: World) -> None:
    second = world.of(Deployed(world.run, SECOND))
    before = second.stack.parameters, second.stack.resources, second.stack.items()
    reader = second.somebody()
    link = second.sign_up(reader).link("/newsletter/confirm")
    updated = world.of(world.run.deploy(world.template, SECOND, {"CallerHourlyCap": "1000"}))
    # Nothing to change, like `make deploy` without changes: no error.
    world.run.deploy(world.template, SECOND)
    assert updated.stack.parameters == {**before[0], "CallerHourlyCap": "1000"}
    assert updated.stack.resources == before[1]
    assert _keys(updated.stack.items()) >= _keys(before[2])
    # This includes those that CloudFormation does not show: links depend on the secret.
    assert updated.visit(link).status == 200
    _, words = updated.write()
    updated.mail(SECOND_OWNER, words)


def what_is_kept_outlives_the_stack_and_serves_the_next(world: World) -> None:
    """Remove the second stack and deploy it again, as infra/docs/removing.md says."""
    second = world.of(Deployed(world.run, SECOND))
    address, welcome = second.subscribe()
    (subscriber,) = second.items("subscriber", email=address)
    table, before = second.stack.resources["Table"], second.stack.items()
    world.run.sam("delete", "--no-prompts", "--stack-name", SECOND, "--region", REGION)
    _only_what_is_kept_is_there(second.stack)
    assert world.stack.ask("GET", "/thanks").status == 200

    second.guichet("adopt", table)
    again = _deployed(world, CreateIdentity="false", CallerHourlyCap="1000")
    assert again.stack.resources["Table"] == table
    assert _keys(again.stack.items()) == _keys(before)
    # Links mailed before lead there.
    assert again.press(again.visit(welcome.link("/newsletter/unsubscribe")).text).status == 200
    assert again.items("subscriber", id=subscriber["id"])[0]["state"] == "unsubscribed"
    _, words = again.write()
    again.mail(SECOND_OWNER, words)


def _deployed(world: World, **parameters: str) -> World:
    """Deploy the second stack, with all its parameters."""
    acm = world.run.client("acm")
    certificate = acm.request_certificate(DomainName=DOMAIN, ValidationMethod="DNS")["CertificateArn"]
    overrides = {
        **world.parameters,
        "OwnerEmail": SECOND_OWNER,
        "FromEmail": "guichet@second.example",
        "SiteName": "The 'second' workshop",
        "SigningSecret": "the second stack's own secret, not the first's",
        "DefaultLanguage": "en",
        "Acknowledge": "on",
        "ProofOfWork": "on",
        "ApiDomain": DOMAIN,
        "ApiCertificateArn": certificate,
        **parameters,
    }
    deployed = world.of(world.run.deploy(world.template, SECOND, overrides))
    adapter.complete(deployed.stack)
    return deployed


def _keys(items: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    return {(item["pk"]["S"], item["sk"]["S"]) for item in items}


def _only_what_is_kept_is_there(gone: Deployed) -> None:
    run = gone.run
    left = {
        "tables": run.client("dynamodb").list_tables()["TableNames"],
        "identities": [one["IdentityName"] for one in run.client("sesv2").list_email_identities()["EmailIdentities"]],
        "functions": [one["FunctionName"] for one in run.client("lambda").list_functions()["Functions"]],
        "apis": [one["ApiId"] for one in run.client("apigatewayv2").get_apis()["Items"]],
        "groups": [one["logGroupName"] for one in run.client("logs").describe_log_groups()["logGroups"]],
        "roles": [one["RoleName"] for one in run.client("iam").list_roles()["Roles"]],
        "topics": [one["TopicArn"] for one in run.client("sns").list_topics()["Topics"]],
        "queues": run.client("sqs").list_queues().get("QueueUrls", []),
        "rules": [one["Name"] for one in run.client("events").list_rules()["Rules"]],
        "alarms": [one["AlarmName"] for one in run.client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "dashboards": [one["DashboardName"] for one in run.client("cloudwatch").list_dashboards()["DashboardEntries"]],
        "sets": run.client("sesv2").list_configuration_sets()["ConfigurationSets"],
    }
    ours = set(gone.resources.values())
    assert {kind: ours & set(names) for kind, names in left.items() if ours & set(names)} == {
        "tables": {gone.resources["Table"]},
        "identities": {gone.resources["Identity"]},
    }


CHECKS = (
    a_first_deploy_that_fails_leaves_nothing_behind,
    a_second_stack_lives_beside_the_first,
    an_update_keeps_the_other_parameters,
    what_is_kept_outlives_the_stack_and_serves_the_next,
)
