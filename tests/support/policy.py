"""The house rules for infrastructure: what a template must specify for whatever stores, retries, fails or permits."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
# AWS's defaults for events without limits (AWS: "Configuring error handling settings for asynchronous
# invocation", "How Lambda processes records from stream"): six hours, or until it has expired from the stream.
_ASYNCHRONOUS = ("Schedule", "ScheduleV2", "SNS", "S3", "EventBridgeRule")
_KEEPS = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SES::EmailIdentity", "AWS::SecretsManager::Secret")
_NAMES = ("TableName", "BucketName", "QueueName", "TopicName", "RoleName", "FunctionName", "LogGroupName", "AlarmName")
# Actions that do not support resources (AWS: "Actions, resources, and condition keys for Amazon SES").
_OF_THE_ACCOUNT = {"ses:DeleteSuppressedDestination", "ses:GetAccount"}
_PERSONAL = ("identity", "authorizer", "sourceIp", "userAgent", "path", "queryString", "domainName")


def violations(document: Document) -> list[str]:
    """Return a template's violations of the rules, each a sentence that begins with the resource's name."""
    return [sentence for rule in RULES for sentence in rule(document)]


def _of(document: Document, *kinds: str) -> Iterator[tuple[str, Document, Document]]:
    for name, resource in document["Resources"].items():
        if resource["Type"] in kinds:
            yield name, resource, resource.get("Properties", {})


def _events(properties: Document, *kinds: str) -> Iterator[tuple[str, Document]]:
    for name, event in properties.get("Events", {}).items():
        if event["Type"] in kinds:
            yield name, event.get("Properties", {})


def _refers(node: Any, name: str) -> bool:
    """Return whether a part of a template refers to a resource."""
    text = json.dumps(node)
    return any(form in text for form in (f'{{"Ref": "{name}"}}', f'{{"Fn::GetAtt": ["{name}"', f"${{{name}"))


def _logs_end(document: Document) -> Iterator[str]:
    for name, _, group in _of(document, "AWS::Logs::LogGroup"):
        if "RetentionInDays" not in group:
            yield f"{name}: its logs are kept for ever; set RetentionInDays"
    groups = [name for name, *_ in _of(document, "AWS::Logs::LogGroup")]
    for name, _, function in _of(document, "AWS::Serverless::Function"):
        if not any(_refers(function.get("LoggingConfig"), group) for group in groups):
            yield f"{name}: Lambda makes it a log group that is kept for ever; set LoggingConfig"


def _data_stays(document: Document) -> Iterator[str]:
    for name, resource, properties in _of(document, *_KEEPS):
        if resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: what it keeps would go when it is replaced; set UpdateReplacePolicy: Retain"
        # AWS: "DeletionPolicy attribute". Retain also keeps it when the first deploy fails, in the way of the next one.
        if resource.get("DeletionPolicy") != "RetainExceptOnCreate":
            yield f"{name}: what it keeps would go with the stack; set DeletionPolicy: RetainExceptOnCreate"
        if resource["Type"] == "AWS::DynamoDB::Table":
            if not properties.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled"):
                yield f"{name}: no way back after a mistake; enable point-in-time recovery"
            if not properties.get("TimeToLiveSpecification", {}).get("Enabled"):
                yield f"{name}: its items have no end; enable the time to live"


def _stacks_stand_side_by_side(document: Document) -> Iterator[str]:
    for name, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        for given in set(_NAMES) & set(properties):
            if "AWS::StackId" not in json.dumps(properties[given]):
                yield f"{name}: a second stack could not be made beside it; leave out {given}"
        # Dashboards are global to the account, stacks are of a region.
        dashboard = json.dumps(properties.get("DashboardName", ""))
        if resource["Type"].endswith("::Dashboard") and not all(
            part in dashboard for part in ("AWS::StackName", "AWS::Region")
        ):
            yield f"{name}: it is one for the whole account; name it by stack and region"


def _retries_end(document: Document) -> Iterator[str]:
    for name, _, function in _of(document, "AWS::Serverless::Function"):
        for event, source in _events(function, "DynamoDB", "Kinesis"):
            limits = [source.get(limit, -1) for limit in ("MaximumRetryAttempts", "MaximumRecordAgeInSeconds")]
            if min(limits) < 0:
                yield f"{name}.{event}: a poison record would stop the stream for a day; bound retries and age"
            if not source.get("BisectBatchOnFunctionError") or "ReportBatchItemFailures" not in source.get(
                "FunctionResponseTypes", []
            ):
                yield f"{name}.{event}: one bad record takes its whole batch along; bisect, and report each failure"
        if any(_events(function, *_ASYNCHRONOUS)):
            invoked = function.get("EventInvokeConfig", {})
            if not {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"} <= set(invoked):
                yield f"{name}: its events are tried again for hours; bound retries and age in EventInvokeConfig"
        for event, source in _events(function, "Schedule", "ScheduleV2"):
            if not {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"} <= set(source.get("RetryPolicy", {})):
                yield f"{name}.{event}: it is tried again for a day; bound retries and age in RetryPolicy"


def _alarmed(document: Document, metric: str, name: str) -> bool:
    alarms = [properties for *_, properties in _of(document, "AWS::CloudWatch::Alarm")]
    return any(metric in json.dumps(alarm) and _refers(alarm, name) for alarm in alarms)


def _functions_that_stop_are_told(document: Document) -> Iterator[str]:
    alarms = [properties for *_, properties in _of(document, "AWS::CloudWatch::Alarm")]
    silence = any(alarm.get("InsufficientDataActions") for alarm in alarms)
    for name, _, function in _of(document, "AWS::Serverless::Function"):
        for metric in ("Errors", "Throttles"):
            if not _alarmed(document, metric, name):
                yield f"{name}: nobody would know that it stops; add it to an alarm on {metric}"
        if any(_events(function, "DynamoDB", "Kinesis")) and not _alarmed(document, "IteratorAge", name):
            yield f"{name}: nobody would know that it falls behind; add an alarm on IteratorAge"
        if any(_events(function, "Schedule", "ScheduleV2")) and not silence:
            yield f"{name}: nobody would know that its schedule stops; add an alarm on a metric that goes missing"


def _all_else_that_stops_is_told(document: Document) -> Iterator[str]:
    for name, *_ in _of(document, "AWS::SQS::Queue"):
        if not _alarmed(document, "ApproximateNumberOfMessagesVisible", name):
            yield f"{name}: nobody would know what waits in it; add an alarm on its length"
    for name, *_ in _of(document, "AWS::Serverless::HttpApi"):
        if not _alarmed(document, "5xx", name):
            yield f"{name}: nobody would know that visitors get errors; add an alarm on 5xx"
    for name, _, alarm in _of(document, "AWS::CloudWatch::Alarm"):
        if not alarm.get("AlarmActions"):
            yield f"{name}: it tells nobody; set AlarmActions"
        if not alarm.get("AlarmDescription"):
            yield f"{name}: it says nothing to whoever gets it; set AlarmDescription"
        if alarm.get("TreatMissingData") == "breaching":
            yield f"{name}: it would ring before its first datum; set InsufficientDataActions instead"
        if alarm.get("InsufficientDataActions") and alarm.get("TreatMissingData") != "missing":
            yield f"{name}: data that goes missing changes nothing; set TreatMissingData: missing"


def _nothing_is_allowed_to_all(document: Document) -> Iterator[str]:
    for name, _, function in _of(document, "AWS::Serverless::Function"):
        if "Policies" in function or "Role" not in function:
            yield f"{name}: what it may do is not written here; give it a Role of its own"
    roles = [json.dumps(function.get("Role")) for *_, function in _of(document, "AWS::Serverless::Function")]
    if len(set(roles)) < len(roles):
        yield "Functions share a role; give each its own"
    for name, _, role in _of(document, "AWS::IAM::Role"):
        if role.get("ManagedPolicyArns"):
            yield f"{name}: a managed policy allows more than is needed; write statements"
        for statement in (one for part in role.get("Policies", []) for one in part["PolicyDocument"]["Statement"]):
            actions, resources = (
                part if isinstance(part, list) else [part] for part in (statement["Action"], statement["Resource"])
            )
            if any("*" in action for action in actions):
                yield f"{name}: {statement['Sid']} allows actions by a wildcard; name them"
            if "*" in resources and not set(actions) <= _OF_THE_ACCOUNT:
                yield f"{name}: {statement['Sid']} allows any resource; name them"


def _logs_know_nobody(document: Document) -> Iterator[str]:
    for name, _, api in _of(document, "AWS::Serverless::HttpApi"):
        settings = api.get("AccessLogSettings", {})
        if "Format" not in settings:
            yield f"{name}: no access log; set AccessLogSettings"
        for group, _, properties in _of(document, "AWS::Logs::LogGroup"):
            named = json.dumps(properties.get("LogGroupName", ""))
            if _refers(settings.get("DestinationArn"), group) and "/aws/vendedlogs/" not in named:
                yield f"{group}: its policy may grow too long for the account; name it below /aws/vendedlogs/"
        for personal in _PERSONAL:
            if f"$context.{personal}" in settings.get("Format", ""):
                yield f"{name}: its access log says who called or what for; leave out {personal}"


def _texts_arrive_as_written(document: Document) -> Iterator[str]:
    # CloudFormation answers with question marks for what is beyond ASCII in a template (GetTemplate, DescribeStacks).
    texts: list[tuple[str, Any]] = [("Description", document.get("Description", ""))]
    texts += [(name, output) for name, output in document.get("Outputs", {}).items()]
    texts += [(name, rule) for name, rule in document.get("Rules", {}).items()]
    for name, parameter in document.get("Parameters", {}).items():
        texts.append((name, [parameter.get(part, "") for part in ("Description", "ConstraintDescription")]))
    for name, resource in document["Resources"].items():
        texts.append((name, resource.get("Properties", {}).get("AlarmDescription", "")))
    for name, text in texts:
        if not json.dumps(text, ensure_ascii=False).isascii():
            yield f"{name}: its text would be shown with question marks; write it in ASCII"


def _parameters_are_checked(document: Document) -> Iterator[str]:
    for name, parameter in document.get("Parameters", {}).items():
        pattern = parameter.get("AllowedPattern", "")
        if parameter["Type"] == "Number":
            yield f"{name}: 2.5 would be allowed; make it a String with a pattern"
        elif "AllowedValues" not in parameter:
            if not pattern:
                yield f"{name}: anything would be allowed; set AllowedPattern"
            # Repetition without an end, other than within a lookahead or a class.
            if "MaxLength" not in parameter and re.search(r"[*+](?![^\[]*\])|\{\d+,\}", pattern):
                yield f"{name}: it may outgrow the environment of a function; set MaxLength"


RULES: tuple[Callable[[Document], Iterator[str]], ...] = (
    _logs_end,
    _data_stays,
    _stacks_stand_side_by_side,
    _retries_end,
    _functions_that_stop_are_told,
    _all_else_that_stops_is_told,
    _nothing_is_allowed_to_all,
    _logs_know_nobody,
    _texts_arrive_as_written,
    _parameters_are_checked,
)
