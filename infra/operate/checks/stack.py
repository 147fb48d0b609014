"""Checks of the stack: its table, stream, schedule, alarms, parameters and declared forms."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from guichet.definitions.lookup import definitions
from guichet.records.outbox import AUDIENCES
from guichet.records.record import utc_now
from guichet.store import outbox
from infra.operate.inspection import Finding, Fix, FixError, Inspection, MissingError
from infra.template import Template

# In seconds. A brief outage does not explain a longer wait.
_WAITING_TOO_LONG = 1800
_UNTIL_THEN = "until then mail goes out every 15 minutes"
# The functions that the stream and the schedule call, and what happens meanwhile.
_CALLED = {
    "Notifier": ("the notifier", _UNTIL_THEN),
    "Issues": ("the sender of issues", "until then an issue continues every 15 minutes"),
}
_NOT_RETRIED = {
    "Notifier": "emails that fail once are not retried",
    "Issues": "an issue that stops is not resumed, and one that is due does not begin",
}
_LOGS = "the function's log says why"

# A deploy does not undo manual changes, because CloudFormation compares templates. So the remedies are commands.


def table(inspection: Inspection) -> Iterator[Finding]:
    """Check that the table has time to live, point-in-time recovery and a stream."""
    connection = inspection.stack
    dynamodb, name = connection.client("dynamodb"), connection.settings.table_name
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    stream = dynamodb.describe_table(TableName=name)["Table"].get("StreamSpecification", {}).get("StreamEnabled")
    for feature, enabled, (operation, *options), fix in (
        (
            "time to live",
            expiry in ("ENABLED", "ENABLING"),
            ("update-time-to-live", "--time-to-live-specification", "Enabled=true,AttributeName=expires_at"),
            Fix(
                "turn on the table's time to live, so that expired items are deleted again",
                ["dynamodb:UpdateTimeToLive"],
                partial(
                    dynamodb.update_time_to_live,
                    TableName=name,
                    TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
                ),
            ),
        ),
        (
            "point-in-time recovery",
            recovery == "ENABLED",
            (
                "update-continuous-backups",
                "--point-in-time-recovery-specification",
                "PointInTimeRecoveryEnabled=true",
            ),
            Fix(
                "turn on the table's point-in-time recovery, which every stack of Guichet has and infra/docs/costs.md "
                "counts",
                ["dynamodb:UpdateContinuousBackups"],
                partial(
                    dynamodb.update_continuous_backups,
                    TableName=name,
                    PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
                ),
            ),
        ),
        (
            "stream",
            bool(stream),
            ("update-table", "--stream-specification", "StreamEnabled=true,StreamViewType=KEYS_ONLY"),
            Fix("turn on the table's stream", ["dynamodb:UpdateTable"], partial(_turn_on_stream, dynamodb, name)),
        ),
    ):
        if enabled:
            yield Finding("table", "ok", f"the {feature} is on")
        else:
            command = inspection.command("dynamodb", operation, "--table-name", name, *options)
            # A new stream calls nobody yet.
            command += f", then `guichet doctor --fix`; {_UNTIL_THEN}" if feature == "stream" else ""
            yield Finding("table", "wrong", f"the {feature} is off: somebody turned it off by hand", command, fix)


def _turn_on_stream(dynamodb: Any, name: str) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    dynamodb.update_table(TableName=name, StreamSpecification=stream)
    # The table is being updated for some seconds, and until then the stream cannot be read.
    dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def queued_emails(inspection: Inspection) -> Iterator[Finding]:
    """Check that no email has been waiting for too long."""
    table_name = inspection.stack.settings.table_name
    now = utc_now()
    waiting = [email for audience in AUDIENCES for email in outbox.waiting_emails(table_name, audience)]
    # An email that is postponed on purpose is not late.
    due = [email.queued_at for email in waiting if not email.not_before or email.not_before <= now]
    age = (now - min(due)).total_seconds() if due else 0
    if age > _WAITING_TOO_LONG:
        message = f"{len(waiting)} emails are waiting, the oldest for {age / 3600:.1f} hours"
        yield Finding("queued emails", "warning", message, "guichet outbox")
    else:
        yield Finding("queued emails", "ok", f"{len(waiting)} waiting")


def _events(template: Template, kind: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the events of a kind that the template gives its functions: function, event, properties."""
    for function, resource in template.document["Resources"].items():
        for name, event in resource.get("Properties", {}).get("Events", {}).items():
            if event["Type"] == kind:
                yield function, name, event["Properties"]


def stream(inspection: Inspection) -> Iterator[Finding]:
    """Check that the table's stream calls the notifier, and the function that sends issues."""
    name = inspection.stack.settings.table_name
    described = inspection.stack.client("dynamodb").describe_table(TableName=name)["Table"]
    on = described.get("StreamSpecification", {}).get("StreamEnabled")
    for logical, _, properties in _events(inspection.template, "DynamoDB"):
        yield _calls(inspection, logical, properties, described.get("LatestStreamArn", "") if on else "")


def _calls(inspection: Inspection, logical: str, properties: dict[str, Any], arn: str) -> Finding:
    """Check that a stream calls a function. The stream's ARN is empty while the table has none."""
    function, client = inspection.resource(logical), inspection.stack.client("lambda")
    known = client.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    # A stream that was turned off and on again is a new one, and mappings of the old one do nothing.
    mappings = [mapping for mapping in known if mapping["EventSourceArn"] == arn]
    running = [mapping for mapping in mappings if mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating")]
    called, until = _CALLED[logical]
    if running:
        problem = next((text for one in running if "PROBLEM" in (text := one.get("LastProcessingResult", ""))), "")
        if problem:
            return Finding("stream", "warning", f"calling {called} fails: {problem}", f"{_LOGS}; {until}")
        return Finding("stream", "ok", f"it calls {called}")
    if mappings:
        uuid = mappings[0]["UUID"]
        states = ", ".join(mapping["State"] for mapping in mappings)
        command = inspection.command("lambda", "update-event-source-mapping", "--uuid", uuid, "--enabled")
        call = partial(client.update_event_source_mapping, UUID=uuid, Enabled=True)
        fix = Fix(f"have the stream call {called} again", ["lambda:UpdateEventSourceMapping"], call)
        return Finding("stream", "wrong", f"it does not call {called} ({states})", f"{command}; {until}", fix)
    why = "there is no trigger" if not known else "its trigger is for a stream that is gone"
    remedy = f"make the table's stream a trigger of {function}, in Lambda's console; {until}"
    fix = Fix(
        f"make the table's stream a trigger of {called}, as the template has it",
        ["lambda:CreateEventSourceMapping"],
        partial(_create_mapping, inspection, function, properties),
    )
    return Finding("stream", "wrong", f"it does not call {called} ({why})", remedy, fix)


def _create_mapping(inspection: Inspection, function: str, properties: dict[str, Any]) -> None:
    name = inspection.stack.settings.table_name
    # Looked up now, as a fix of the table may just have created the stream. A table keeps the ARN of a disabled one.
    table = inspection.stack.client("dynamodb").describe_table(TableName=name)["Table"]
    if not table.get("StreamSpecification", {}).get("StreamEnabled"):
        raise FixError("the table's stream is off, so turn that on first")
    options = {option: value for option, value in properties.items() if option != "Stream"}
    inspection.stack.client("lambda").create_event_source_mapping(
        EventSourceArn=table["LatestStreamArn"], FunctionName=function, Enabled=True, **options
    )


def schedule(inspection: Inspection) -> Iterator[Finding]:
    """Check that the schedules call the notifier, and the function that sends issues."""
    client = inspection.stack.client("events")
    for logical, event, _ in _events(inspection.template, "Schedule"):
        # SAM names the rule so.
        rule = inspection.resource(f"{logical}{event}")
        called, _ = _CALLED[logical]
        if client.describe_rule(Name=rule)["State"].startswith("ENABLED"):
            yield Finding("schedule", "ok", f"it calls {called}")
            continue
        command = inspection.command("events", "enable-rule", "--name", rule)
        fix = Fix(f"turn on the schedule of {called}", ["events:EnableRule"], partial(client.enable_rule, Name=rule))
        yield Finding("schedule", "wrong", f"it is disabled: {_NOT_RETRIED[logical]}", command, fix)


def alarms(inspection: Inspection) -> Iterator[Finding]:
    """Check that the alarms notify somebody."""
    topic = inspection.resource("AlarmTopic")
    subscriptions = inspection.stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    pending = [one["Endpoint"] for one in subscriptions if one["SubscriptionArn"] == "PendingConfirmation"]
    # SNS lists an unsubscribed address as `Deleted` for three more days.
    deleted = [one["Endpoint"] for one in subscriptions if one["SubscriptionArn"] == "Deleted"]
    listening = [one["Endpoint"] for one in subscriptions if one["SubscriptionArn"].startswith("arn:")]
    for address in pending:
        message = f"{address} has not confirmed its subscription to the alarms"
        yield _subscribing(inspection, topic, address, Finding("alarms", "warning", message))
    if listening:
        yield Finding("alarms", "ok", f"{', '.join(listening)} is notified of alarms")
    elif not pending:
        # SNS drops subscriptions that were not confirmed within two days.
        why = f": {', '.join(deleted)} unsubscribed" if deleted else ", because nobody confirmed, or all unsubscribed"
        message = f"nobody is notified of alarms{why}"
        yield _subscribing(inspection, topic, inspection.owner_emails[0], Finding("alarms", "wrong", message))


def _subscribing(inspection: Inspection, topic: str, address: str, found: Finding) -> Finding:
    """Return the finding with a fix that asks an address again. A pending one is sent another email."""
    command = inspection.command(
        "sns", "subscribe", "--topic-arn", topic, "--protocol", "email", "--notification-endpoint", address
    )
    where = "confirm in the email from AWS Notifications, within two days (check the spam folder as well)"
    remedy = f"{where}; for a new one: {command}" if found.state == "warning" else f"{command}, then {where}"
    call = partial(
        inspection.stack.client("sns").subscribe, TopicArn=topic, Protocol="email", Endpoint=address
    )  # fmt: skip
    fix = Fix(f"have AWS mail {address} a new link, to confirm the subscription to the alarms", ["sns:Subscribe"], call)
    return replace(found, remedy=remedy, fix=fix)


def ringing_alarms(inspection: Inspection) -> Iterator[Finding]:
    """Report alarms that are ringing, and alarms that cannot."""
    connection = inspection.stack
    names = [name for logical, name in connection.resources.items() if logical.endswith("Alarm")]
    if not names:
        # An empty list of names would request all alarms of the account.
        raise MissingError("alarm")
    client = connection.client("cloudwatch")
    found = client.describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    if gone := sorted(set(names) - {alarm["AlarmName"] for alarm in found}):
        remedy = "delete the stack's alarms from template.yaml, deploy, put them back, and deploy once more"
        yield Finding("alarms", "wrong", f"somebody deleted {', '.join(gone)} by hand", remedy)
    for alarm in found:
        name = alarm["AlarmName"]
        if not alarm.get("ActionsEnabled", True):
            command = inspection.command("cloudwatch", "enable-alarm-actions", "--alarm-names", name)
            call = partial(client.enable_alarm_actions, AlarmNames=[name])
            fix = Fix(f"unmute {name}", ["cloudwatch:EnableAlarmActions"], call)
            yield Finding("alarms", "warning", f"{name} is muted", command, fix)
        if alarm["StateValue"] == "ALARM":
            message = f"{name} is ringing: {alarm.get('AlarmDescription', '')}"
            yield Finding("alarms", "warning", message, "infra/docs/runbook.md says what to do")


def parameters(inspection: Inspection) -> Iterator[Finding]:
    """Check that the stack has all parameters of this version."""
    connection = inspection.stack
    missing = sorted(set(inspection.template.declared) - set(connection.parameters))
    if missing:
        message = f"the stack is older than this version: it lacks {', '.join(missing)}"
        yield Finding("parameters", "warning", message, "make deploy")
    else:
        yield Finding("parameters", "ok", "the stack has all parameters of this version")


def declared_forms(inspection: Inspection) -> Iterator[Finding]:
    """Check that no declared form has a field with the honeypot's name, which leaves that form without a honeypot."""
    forms = definitions()
    trap = inspection.honeypot_field
    without = [name for name, own in forms.items() if trap.lower() in map(str.lower, own.fields)]
    for name in without:
        message = f"the form {name} has a field {trap}, which is the HoneypotField: so that form has no honeypot"
        remedy = "rename the field in functions/forms.toml, or deploy with another HoneypotField"
        yield Finding("declared forms", "warning", message, remedy)
    if forms and not without:
        yield Finding("declared forms", "ok", f"functions/forms.toml declares {', '.join(forms)}")
