"""The house rules, checked on the template; and each rule on a template that breaks it."""

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from guichet.outbox.delivery import Outcome
from infra.template import TEMPLATE, Template
from tests.support.policy import RULES, violations

RUNBOOK = (TEMPLATE.parent / "infra" / "docs" / "runbook.md").read_text(encoding="utf-8")
Change = Callable[[dict[str, Any]], object]


def properties(resources: dict[str, Any], name: str) -> Any:
    return resources[name]["Properties"]


def statements(resources: dict[str, Any], name: str) -> Any:
    return properties(resources, name)["Policies"][0]["PolicyDocument"]["Statement"]


def event(resources: dict[str, Any], function: str, name: str) -> Any:
    return properties(resources, function)["Events"][name]["Properties"]


def access_log(resources: dict[str, Any]) -> Any:
    return properties(resources, "Api")["AccessLogSettings"]


BROKEN: dict[str, tuple[Change, str]] = {
    "logs without an end": (
        lambda all_: properties(all_, "ContactLogs").pop("RetentionInDays"),
        "ContactLogs: its logs are kept for ever",
    ),
    "logs of Lambda's own": (lambda all_: properties(all_, "Contact").pop("LoggingConfig"), "Contact: Lambda makes it"),
    "a table that goes": (
        lambda all_: all_["Table"].pop("DeletionPolicy"),
        "Table: .* set DeletionPolicy: RetainExceptOnCreate",
    ),
    "a table that is replaced": (
        lambda all_: all_["Table"].update(UpdateReplacePolicy="Delete"),
        "Table: .* set UpdateReplacePolicy: Retain",
    ),
    "no way back": (
        lambda all_: properties(all_, "Table").pop("PointInTimeRecoverySpecification"),
        "Table: no way back",
    ),
    "items without an end": (lambda all_: properties(all_, "Table").pop("TimeToLiveSpecification"), "Table: its items"),
    "a fixed name": (lambda all_: properties(all_, "Table").update(TableName="forms"), "Table: .* leave out TableName"),
    "endless retries": (
        lambda all_: event(all_, "Notifier", "Outbox").update(MaximumRetryAttempts=-1),
        "Notifier.Outbox: a poison record",
    ),
    "records of any age": (
        lambda all_: event(all_, "Notifier", "Outbox").pop("MaximumRecordAgeInSeconds"),
        "Notifier.Outbox: a poison record",
    ),
    "whole batches": (
        lambda all_: event(all_, "Notifier", "Outbox").pop("FunctionResponseTypes"),
        "Notifier.Outbox: one bad record",
    ),
    "endless events": (lambda all_: properties(all_, "Feedback").pop("EventInvokeConfig"), "Feedback: its events"),
    "an endless schedule": (
        lambda all_: event(all_, "Notifier", "Sweep").pop("RetryPolicy"),
        "Notifier.Sweep: it is tried again",
    ),
    "errors that nobody sees": (lambda all_: all_.pop("ErrorsAlarm"), "Contact: .* an alarm on Errors"),
    "throttles that nobody sees": (lambda all_: all_.pop("ThrottlesAlarm"), "Notifier: .* an alarm on Throttles"),
    "a function in no alarm": (
        lambda all_: properties(all_, "ErrorsAlarm")["Metrics"].pop(),
        "Feedback: .* an alarm on Errors",
    ),
    "a stream that falls behind": (lambda all_: all_.pop("StreamAlarm"), "Notifier: .* an alarm on IteratorAge"),
    "a table that blocks the next deploy": (
        lambda all_: all_["Table"].update(DeletionPolicy="Retain"),
        "Table: .* set DeletionPolicy: RetainExceptOnCreate",
    ),
    "a schedule that stops": (
        lambda all_: properties(all_, "OutboxAlarm").pop("InsufficientDataActions"),
        "Notifier: .* its schedule stops",
    ),
    "an alarm that rings before anything ran": (
        lambda all_: properties(all_, "OutboxAlarm").update(TreatMissingData="breaching"),
        "OutboxAlarm: it would ring before its first datum",
    ),
    "an alarm that takes silence for health": (
        lambda all_: properties(all_, "OutboxAlarm").update(TreatMissingData="notBreaching"),
        "OutboxAlarm: data that goes missing changes nothing",
    ),
    "a dashboard for the whole account": (
        lambda all_: properties(all_, "Dashboard").update(DashboardName={"Ref": "AWS::StackName"}),
        "Dashboard: it is one for the whole account",
    ),
    "access logs without a place of their own": (
        lambda all_: properties(all_, "AccessLogs").pop("LogGroupName"),
        "AccessLogs: its policy may grow too long",
    ),
    "a log group that two stacks share": (
        lambda all_: properties(all_, "AccessLogs").update(LogGroupName="/aws/vendedlogs/guichet"),
        "AccessLogs: .* leave out LogGroupName",
    ),
    "an alarm with an accent": (
        lambda all_: properties(all_, "OutboxAlarm").update(AlarmDescription="Un email attend déjà."),
        "OutboxAlarm: its text would be shown with question marks",
    ),
    "a queue that fills": (lambda all_: all_.pop("FeedbackAlarm"), "FeedbackFailures: .* its length"),
    "visitors who get errors": (lambda all_: all_.pop("VisitorsRefusedAlarm"), "Api: .* an alarm on 5xx"),
    "an alarm to nobody": (
        lambda all_: properties(all_, "OutboxAlarm").pop("AlarmActions"),
        "OutboxAlarm: it tells nobody",
    ),
    "an alarm without words": (
        lambda all_: properties(all_, "OutboxAlarm").pop("AlarmDescription"),
        "OutboxAlarm: it says nothing",
    ),
    "a role of SAM's": (
        lambda all_: properties(all_, "Contact").update(Policies=[{"DynamoDBCrudPolicy": {}}]),
        "Contact: what it may do",
    ),
    "a shared role": (
        lambda all_: properties(all_, "Contact").update(Role=properties(all_, "Newsletter")["Role"]),
        "Functions share a role",
    ),
    "a managed policy": (
        lambda all_: properties(all_, "ContactRole").update(ManagedPolicyArns=["arn:aws:iam::aws:policy/Admin"]),
        "ContactRole: a managed policy",
    ),
    "any action": (
        lambda all_: statements(all_, "ContactRole")[1].update(Action="dynamodb:*"),
        "ContactRole: Keep allows actions by a wildcard",
    ),
    "any resource": (
        lambda all_: statements(all_, "ContactRole")[1].update(Resource=["*"]),
        "ContactRole: Keep allows any resource",
    ),
    "no access log": (lambda all_: properties(all_, "Api").pop("AccessLogSettings"), "Api: no access log"),
    "a log of callers": (
        lambda all_: access_log(all_).update(Format='{"ip":"$context.identity.sourceIp"}'),
        "Api: its access log .* leave out identity",
    ),
}


def test_the_template_keeps_all_rules() -> None:
    assert violations(Template.load().document) == []


@pytest.mark.parametrize(("change", "expected"), BROKEN.values(), ids=BROKEN)
def test_a_template_that_breaks_a_rule_is_told_so(change: Change, expected: str) -> None:
    document = Template.load().document
    change(document["Resources"])
    found = violations(document)
    assert any(re.match(expected, sentence) for sentence in found), found


OUTSIDE: dict[str, tuple[Change, str]] = {
    "an output with an ellipsis": (
        lambda document: document["Outputs"]["Endpoint"].update(Description="As in https://…/contact"),
        "Endpoint: its text",
    ),
    "a number": (lambda document: document["Parameters"]["RetentionDays"].update(Type="Number"), "RetentionDays: 2.5"),
    "anything": (lambda document: document["Parameters"]["SiteName"].pop("AllowedPattern"), "SiteName: anything"),
    "any length": (lambda document: document["Parameters"]["SiteUrl"].pop("MaxLength"), "SiteUrl: it may outgrow"),
}


@pytest.mark.parametrize(("change", "expected"), OUTSIDE.values(), ids=OUTSIDE)
def test_a_rule_beside_the_resources_that_is_broken_is_told_so(change: Change, expected: str) -> None:
    document = Template.load().document
    change(document)
    assert any(re.match(expected, sentence) for sentence in violations(document))


@pytest.mark.slow
def test_every_rule_is_broken_by_one_of_these() -> None:
    unbroken = set(RULES)
    changes = [(change, "Resources") for change, _ in BROKEN.values()] + [
        (change, "") for change, _ in OUTSIDE.values()
    ]
    for change, part in changes:
        document = Template.load().document
        change(document[part] if part else document)
        unbroken -= {rule for rule in RULES if list(rule(document))}
    assert unbroken == set()


def test_the_runbook_has_a_chapter_for_every_alarm_and_no_other() -> None:
    alarms = {
        name for name, resource in Template.load().document["Resources"].items() if resource["Type"].endswith("::Alarm")
    }
    assert set(re.findall(r"^## (\w+Alarm)", RUNBOOK, re.MULTILINE)) == alarms


def test_every_chapter_of_the_runbook_says_what_to_type() -> None:
    chapters = re.split(r"^## ", RUNBOOK, flags=re.MULTILINE)[1:]
    assert len(chapters) >= 11
    assert [chapter.splitlines()[0] for chapter in chapters if "```sh\n" not in chapter] == []


def test_every_metric_on_the_dashboard_is_one_that_the_functions_emit() -> None:
    body = Template.load().document["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = set(re.findall(r'"\$\{AWS::StackName\}", "(\w+)"', body))
    sources = (path.read_text(encoding="utf-8") for path in (TEMPLATE.parent / "functions").rglob("*.py"))
    emitted = {name for source in sources for name in re.findall(r'count\(\s*"(\w+)"', source)}
    emitted |= {f"Email{outcome.capitalize()}" for outcome in get_args(Outcome)}
    # For submissions and subscribers: log_accepted, and the events of their history.
    emitted |= {"Accepted", "Caught", "Bounced", "Complained"}
    assert shown <= emitted
