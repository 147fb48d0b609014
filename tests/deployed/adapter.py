"""What ministack lacks compared with AWS, and the workarounds.

Each workaround says why it exists. `make deployed` also deploys the template without each of them: as soon as that
causes no problem, because the emulator has the feature or the template no longer needs it, the run fails and the
workaround should be removed. `GAPS` has everything else it lacks, with what is done or checked instead, and with a
probe that also fails as soon as the emulator has it.
"""

import http.client
import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tests.deployed.emulator import Deployed, Emulator, wait_for
from tests.deployed.recorder import SEND
from tests.support.stack import PATIENCE

Document = dict[str, Any]
_SNS_EVENT = Path(__file__).parents[1] / "events" / "sns.json"
# Long enough for any background work of the emulator.
A_MOMENT = 1.5


def unchanged(_: Any) -> None:
    """Change nothing."""


@dataclass(frozen=True)
class Workaround:
    """A replacement for something that the emulator lacks.

    `adapt` changes the translated template, `complete` a deployed stack. Without it, the stack is refused, for a reason
    that contains `refused`; or it is created, and `missed` detects that something is wrong with it.
    """

    name: str
    reason: str
    refused: str = ""
    missed: Callable[[Deployed], bool] = lambda _: False
    adapt: Callable[[Document], None] = unchanged
    complete: Callable[[Deployed], None] = unchanged


def adapted(template: Document, *, without: str = "") -> Document:
    """Return a translated template as the emulator accepts it, leaving out the named workaround."""
    changed = deepcopy(template)
    for workaround in WORKAROUNDS:
        if workaround.name != without:
            workaround.adapt(changed)
    return changed


def with_code(template: Document, code: str | Document) -> Document:
    """Return a translated template whose functions have their code in a file or folder next to it, or in a bucket."""
    changed = deepcopy(template)
    for _, function in _of(changed, "AWS::Lambda::Function"):
        function["Code"] = code
    return changed


def complete(stack: Deployed, *, without: str = "") -> None:
    """Give a deployed stack what the emulator ignored, leaving out the named workaround."""
    for workaround in WORKAROUNDS:
        if workaround.name != without:
            workaround.complete(stack)


# --- the template ----------------------------------------------------------------------------------------------------


def _of(template: Document, kind: str) -> Iterator[tuple[str, Document]]:
    for name, resource in list(template["Resources"].items()):
        if resource["Type"] == kind:
            yield name, resource["Properties"]


def _alarms_of_one_metric(template: Document) -> None:
    for _, alarm in _of(template, "AWS::CloudWatch::Alarm"):
        metrics = [part["MetricStat"] for part in alarm.pop("Metrics", []) if "MetricStat" in part]
        if metrics:
            first = metrics[0]
            alarm.update(first["Metric"], Statistic=first["Stat"], Period=first["Period"])


def _routes_as_resources(template: Document) -> None:
    for name, api in _of(template, "AWS::ApiGatewayV2::Api"):
        body = api.pop("Body")
        api.update(Name=body["info"]["title"], ProtocolType="HTTP", CorsConfiguration=body["x-amazon-apigateway-cors"])
        for path, methods in body["paths"].items():
            for method, operation in methods.items():
                route = re.sub(r"\W", "", f"{name}{method.title()}{path.title()}")
                integration = operation["x-amazon-apigateway-integration"]
                template["Resources"][f"{route}Integration"] = {
                    "Type": "AWS::ApiGatewayV2::Integration",
                    "Properties": {
                        "ApiId": {"Ref": name},
                        "IntegrationType": "AWS_PROXY",
                        "IntegrationUri": integration["uri"],
                        "PayloadFormatVersion": integration["payloadFormatVersion"],
                    },
                }
                template["Resources"][route] = {
                    "Type": "AWS::ApiGatewayV2::Route",
                    "Properties": {
                        "ApiId": {"Ref": name},
                        "RouteKey": f"{method.upper()} {path}",
                        "Target": {"Fn::Sub": f"integrations/${{{route}Integration}}"},
                    },
                }


def _no_dkim(template: Document) -> None:
    template["Outputs"] = json.loads(re.sub(r"\$\{\w+\.(DkimDNSToken\w+)\}", r"\1", json.dumps(template["Outputs"])))


def _mail_of_no_resource(template: Document) -> None:
    for _, role in _of(template, "AWS::IAM::Role"):
        for statement in (one for part in role["Policies"] for one in part["PolicyDocument"]["Statement"]):
            if "ses:SendEmail" in statement["Action"]:
                statement["Resource"] = "*"


def _mail_from_anybody(template: Document) -> None:
    for _, role in _of(template, "AWS::IAM::Role"):
        for statement in (one for part in role["Policies"] for one in part["PolicyDocument"]["Statement"]):
            if "ses:SendEmail" in statement["Action"]:
                del statement["Condition"]


# --- the account ------------------------------------------------------------------------------------------------------


def make_bucket(run: Emulator) -> None:
    """Create the stack with the bucket that `sam deploy` uploads to (`resolve_s3`), as SAM expects it.

    SAM's own template for it needs the transform, for which the emulator uses a package that functions could import.
    """
    formation = run.client("cloudformation")
    bucket = {
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}},
        "Outputs": {"SourceBucket": {"Value": {"Ref": "Bucket"}}},
    }
    formation.create_stack(
        StackName="aws-sam-cli-managed-default",
        TemplateBody=json.dumps(bucket),
        Tags=[{"Key": "ManagedStackSource", "Value": "AwsSamCli"}],
    )


# --- the stack, once it is deployed ----------------------------------------------------------------------------------


def _templates_table(stack: Deployed) -> Document:
    """Return the properties of the table in the template that was deployed."""
    return dict(stack.template["Resources"]["Table"]["Properties"])


def _expiry(stack: Deployed) -> None:
    stack.run.client("dynamodb").update_time_to_live(
        TableName=stack.resources["Table"],
        TimeToLiveSpecification=_templates_table(stack)["TimeToLiveSpecification"],
    )


def _backups(stack: Deployed) -> None:
    stack.run.client("dynamodb").update_continuous_backups(
        TableName=stack.resources["Table"],
        PointInTimeRecoverySpecification=_templates_table(stack)["PointInTimeRecoverySpecification"],
    )


# --- events ----------------------------------------------------------------------------------------------------------


def event_of_sns(message: str) -> Document:
    """Return the event by which SNS calls a function with a message."""
    event: Document = json.loads(_SNS_EVENT.read_text(encoding="utf-8"))
    event["Records"][0]["Sns"]["Message"] = message
    return event


def deliver_by_sns(stack: Deployed, message: str) -> None:
    """Pass a message to the feedback function as SNS does: asynchronously, so that a failure is retried."""
    event = json.dumps(event_of_sns(message)).encode()
    stack.run.client("lambda").invoke(FunctionName=stack.resources["Feedback"], InvocationType="Event", Payload=event)


# --- whether it is missed ---------------------------------------------------------------------------------------------


def _no_route(stack: Deployed) -> bool:
    return stack.ask("GET", "/thanks").status == http.client.NOT_FOUND


def _mail_is_denied(stack: Deployed) -> bool:
    _write(stack)
    (status,) = wait_for("the call", lambda: _sends(stack), PATIENCE)
    return status == http.client.FORBIDDEN


def _sends(stack: Deployed) -> list[int]:
    """Return how SES answered mail to the owner of a stack."""
    return stack.run.recorder.calls(SEND, stack.parameters["OwnerEmail"])


def _write(stack: Deployed) -> None:
    body = f"email=probe@example.org&message={uuid.uuid4()}".encode()
    answer = stack.ask("POST", "/contact", body, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == http.client.SEE_OTHER, answer


def _nothing_expires(stack: Deployed) -> bool:
    told = stack.run.client("dynamodb").describe_time_to_live(TableName=stack.resources["Table"])
    return bool(told["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED")


def _no_way_back(stack: Deployed) -> bool:
    told = stack.run.client("dynamodb").describe_continuous_backups(TableName=stack.resources["Table"])
    recovery = told["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return bool(recovery["PointInTimeRecoveryStatus"] == "DISABLED")


WORKAROUNDS = (
    Workaround(
        "alarms of one metric",
        "an alarm on an expression of several metrics is refused: it watches the first of them",
        refused="metric math",
        adapt=_alarms_of_one_metric,
    ),
    Workaround(
        "routes as resources",
        "the OpenAPI document of an HTTP API is ignored: routes, integrations and CORS are given as resources",
        missed=_no_route,
        adapt=_routes_as_resources,
    ),
    Workaround(
        "no DKIM",
        "an identity has no DKIM attributes, so the outputs that print them print their names",
        refused="DkimDNSTokenName1",
        adapt=_no_dkim,
    ),
    Workaround(
        "mail of no resource",
        "SES v2 asks IAM for `*`, not for identities and configuration sets: so the role allows `*` "
        "(tests/roles/test_roles.py holds the role to them)",
        missed=_mail_is_denied,
        adapt=_mail_of_no_resource,
    ),
    Workaround(
        "mail from anybody",
        "SES v2 does not tell IAM the sender (ses:FromAddress): so the role has no condition on it "
        "(tests/roles/test_roles.py holds the role to it)",
        missed=_mail_is_denied,
        adapt=_mail_from_anybody,
    ),
    Workaround(
        "expiry of items",
        "a table's TimeToLiveSpecification is ignored: it is set afterwards",
        missed=_nothing_expires,
        complete=_expiry,
    ),
    Workaround(
        "backups",
        "a table's PointInTimeRecoverySpecification is ignored: it is set afterwards",
        missed=_no_way_back,
        complete=_backups,
    ),
)


# --- what is not shown ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gap:
    """What the emulator lacks, and what is done or checked instead. `lacks` returns whether it still does."""

    name: str
    instead: str
    lacks: Callable[[Deployed], bool]


def _no_metrics(stack: Deployed) -> bool:
    return not stack.run.client("cloudwatch").list_metrics(Namespace=stack.name)["Metrics"]


def _no_access_logs(stack: Deployed) -> bool:
    group = stack.resources["AccessLogs"]
    return not stack.run.client("logs").describe_log_streams(logGroupName=group)["logStreams"]


def _throttles_nothing(stack: Deployed) -> bool:
    # Each takes a few hundredths of a second.
    many = 8 * int(stack.parameters["RequestsPerSecond"])
    return all(stack.ask("GET", "/thanks").status == http.client.OK for _ in range(many))


def _ses_tells_nothing(stack: Deployed) -> bool:
    earlier = len(stack.logged("Feedback"))
    stack.run.client("sesv2").send_email(
        FromEmailAddress=stack.parameters["FromEmail"],
        Destination={"ToAddresses": ["bounce@simulator.amazonses.com"]},
        Content={"Simple": {"Subject": {"Data": "probe"}, "Body": {"Text": {"Data": "probe"}}}},
        ConfigurationSetName=stack.resources["VisitorMail"],
    )
    time.sleep(A_MOMENT)
    return len(stack.logged("Feedback")) == earlier


def _sns_tries_once(stack: Deployed) -> bool:
    client, earlier = stack.run.client("sqs"), len(stack.logged("Feedback"))
    # An event that the function cannot handle.
    message = json.dumps({"eventType": "Bounce", "mail": None})
    stack.run.client("sns").publish(TopicArn=stack.resources["FeedbackTopic"], Message=message)
    wait_for("the function", lambda: "REPORT" in "".join(stack.logged("Feedback")[earlier:]), PATIENCE)
    time.sleep(A_MOMENT)
    return not client.receive_message(QueueUrl=stack.resources["FeedbackFailures"]).get("Messages")


def _keeps_no_raw_mail(stack: Deployed) -> bool:
    told = stack.ask("GET", "/_ministack/ses/messages", headers={"Host": f"127.0.0.1:{stack.run.port}"}).text
    # Something every email has, though none shows it.
    return "MIME-Version" not in told


def _stream_tries_once(stack: Deployed) -> bool:
    with stack.run.recorder.away(stack.parameters["OwnerEmail"]):
        _write(stack)
        wait_for("the refusal", lambda: _sends(stack), PATIENCE)
        time.sleep(A_MOMENT)
        return len(_sends(stack)) == 1


def _refused(stack: Deployed, template: Document, reason: str) -> bool:
    """Return whether a template is refused at once, for a reason that holds a text."""
    try:
        stack.run.client("cloudformation").create_stack(StackName="probe", TemplateBody=json.dumps(template))
    except ClientError as error:
        return reason in str(error)
    return False


def _knows_no_budgets(stack: Deployed) -> bool:
    budget = {"BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": {"Amount": 1, "Unit": "USD"}}
    template = {"Resources": {"Probe": {"Type": "AWS::Budgets::Budget", "Properties": {"Budget": budget}}}}
    return _refused(stack, template, "AWS::Budgets::Budget")


def _transforms_nothing(stack: Deployed) -> bool:
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Probe": {"Type": "AWS::SNS::Topic"}}}
    return _refused(stack, template, "aws-sam-translator")


GAPS = (
    Gap(
        "SAM's transform",
        "the template is translated beforehand; SAM's bucket is made (make_bucket)",
        _transforms_nothing,
    ),
    Gap("raw mail", "the recorder before SES keeps it", _keeps_no_raw_mail),
    Gap("events of SES", "the checks publish the samples of tests/events to the topic", _ses_tells_nothing),
    Gap(
        "retries of SNS",
        "the checks pass Lambda events that must be retried, as SNS would (deliver_by_sns)",
        _sns_tries_once,
    ),
    Gap(
        "retries of a stream",
        "tests/integration/test_notifier.py; and the schedule takes up what the stream gives up",
        _stream_tries_once,
    ),
    Gap("metrics of the log", "tests/integration look at what is printed for them", _no_metrics),
    Gap("access logs", "tests/infra/test_policy.py holds their format to the house rules", _no_access_logs),
    Gap("throttling of the API", "it is AWS's own: the template sets it", _throttles_nothing),
    Gap("budgets", "the linters of `make template` know the type", _knows_no_budgets),
)
