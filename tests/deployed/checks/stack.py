"""As whoever deploys it: updates, a second stack, a deploy that fails, the end of a stack and its return."""

import json

import pytest

from tests.deployed import adapter
from tests.deployed.emulator import REGION, Deployed, DeployError, Emulator
from tests.deployed.world import JSON, OWNER, World


def an_update_keeps_the_other_parameters(world: World) -> None:
    address, words = world.write()
    link = world.sign_up(address).link("/newsletter/confirm")
    before, table = world.stack.parameters, world.stack.resources["Table"]
    updated = world.of(world.run.deploy(world.template, world.stack.name, {"Acknowledge": "on"}))
    # Nothing to change, as `make deploy` alone after no change: no error.
    world.run.deploy(world.template, world.stack.name)
    assert updated.stack.parameters == {**before, "Acknowledge": "on"}
    assert (updated.stack.resources["Table"], updated.stack.host) == (table, world.stack.host)
    assert [one["message"] for one in updated.items("message", email=address)] == [words]
    # Also those that CloudFormation does not show: the secret makes the links.
    assert updated.visit(link).status == 200
    address, words = updated.write()
    assert updated.mail(OWNER, words).message["To"] == OWNER
    assert updated.mail(address, "").message["To"] == address


def a_second_stack_lives_beside_the_first(world: World) -> None:
    """With a domain of its own, in English, on the identity that the first one made."""
    domain, owner = "forms.atelier.example", "second@atelier.example"
    acm = world.run.client("acm")
    certificate = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")["CertificateArn"]
    overrides = {
        **world.parameters,
        "OwnerEmail": owner,
        "SiteName": "The 'second' workshop",
        "SigningSecret": "the second stack's own secret, not the first's",
        "DefaultLanguage": "en",
        "CallerHourlyCap": "3",
        "CreateIdentity": "false",
        "Acknowledge": "on",
        "ProofOfWork": "on",
        "ApiDomain": domain,
        "ApiCertificateArn": certificate,
    }
    second = world.of(world.run.deploy(world.template, "guichet-second", overrides))
    adapter.complete(second.stack)
    assert second.stack.outputs["Endpoint"] == f"https://{domain}"
    assert "DnsRecord1" not in second.stack.outputs
    # Each has a stage of this name.
    assert set(second.stack.resources.values()) & set(world.stack.resources.values()) == {"$default"}

    address, words = second.write()
    assert second.items("message", email=address)
    assert world.items("message", email=address) == []
    told = second.mail(owner, words)
    assert second.visit(told.link("/owner/spam")).status == 200
    second.mail(address, "The 'second' workshop")
    assert second.stack.ask("GET", "/challenge").json["parameters"]
    reader = second.somebody()
    page = second.visit(second.sign_up(reader).link("/newsletter/confirm"))
    assert "I agree to receive" in page.text
    assert second.press(page.text).status == 200
    assert [row["email"] for row in second.guichet("subscribers", "--state", "confirmed").rows] == [reader]
    posts = (second.post("/contact", {"email": address, "message": second.words()}, Accept=JSON) for _ in range(9))
    refused = next(answer for answer in posts if answer.status != 200)
    assert (refused.status, refused.json["errors"][0]["code"]) == (429, "TOO_MANY_REQUESTS")
    assert int(refused.headers["retry-after"]) > 0
    # A link of one is none of the other's.
    assert world.stack.ask("GET", told.link("/owner/spam").partition(domain)[2]).status == 403


def a_first_deploy_that_fails_leaves_nothing_behind(world: World) -> None:
    template = json.loads(world.template.read_text(encoding="utf-8"))
    # The last of all, and nothing that CloudFormation could make.
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


def what_is_kept_outlives_the_stack_and_serves_the_next(world: World) -> None:
    address, welcome = world.subscribe()
    (subscriber,) = world.items("subscriber", email=address)
    table, stack = world.stack.resources["Table"], world.stack
    before = _keys(stack)
    world.run.sam("delete", "--no-prompts", "--stack-name", stack.name, "--region", REGION)
    _only_what_is_kept_is_there(world.run, stack)

    world.guichet("adopt", table)
    overrides = {**world.parameters, "CreateIdentity": "false"}
    again = world.of(world.run.deploy(world.template, stack.name, overrides))
    adapter.complete(again.stack)
    assert again.stack.resources["Table"] == table
    assert _keys(again.stack) == before
    # Its API has a new address; what links prove is the same.
    leaving = welcome.link("/newsletter/unsubscribe").replace(stack.host, again.stack.host)
    assert again.press(again.visit(leaving).text).status == 200
    assert again.items("subscriber", id=subscriber["id"])[0]["state"] == "unsubscribed"
    _, words = again.write()
    again.mail(OWNER, words)


def _keys(stack: Deployed) -> set[tuple[str, str]]:
    return {(item["pk"]["S"], item["sk"]["S"]) for item in stack.items()}


def _only_what_is_kept_is_there(run: Emulator, gone: Deployed) -> None:
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


BESIDE = (a_first_deploy_that_fails_leaves_nothing_behind, a_second_stack_lives_beside_the_first)
LAST = (an_update_keeps_the_other_parameters, what_is_kept_outlives_the_stack_and_serves_the_next)
