"""Checks of the stack: its table, stream, schedule, alarms, parameters and declared forms."""

from collections.abc import Iterator

from guichet.definitions.definition import definitions
from guichet.records.outbox import AUDIENCES
from guichet.records.record import utc_now
from guichet.store import outbox
from infra.operate.inspection import Finding, Inspection, MissingError
from infra.template import Template

# In seconds. A brief outage does not explain a longer wait.
_WAITING_TOO_LONG = 1800
_UNTIL_THEN = "until then mail goes out every 15 minutes"

# A deploy does not undo manual changes, because CloudFormation compares templates. So the remedies are commands.


def table(inspection: Inspection) -> Iterator[Finding]:
    """Check that the table expires items, has point-in-time recovery, and has a stream."""
    connection = inspection.stack
    dynamodb, name = connection.client("dynamodb"), connection.settings.table_name
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    stream = dynamodb.describe_table(TableName=name)["Table"].get("StreamSpecification", {}).get("StreamEnabled")
    for feature, enabled, (operation, *options), next_step in (
        (
            "time to live",
            expiry in ("ENABLED", "ENABLING"),
            ("update-time-to-live", "--time-to-live-specification", "Enabled=true,AttributeName=expires_at"),
            "",
        ),
        (
            "point-in-time recovery",
            recovery == "ENABLED",
            (
                "update-continuous-backups",
                "--point-in-time-recovery-specification",
                "PointInTimeRecoveryEnabled=true",
            ),
            "",
        ),
        (
            "stream",
            bool(stream),
            ("update-table", "--stream-specification", "StreamEnabled=true,StreamViewType=KEYS_ONLY"),
            f", then make the new stream a trigger of the notifier, in Lambda's console; {_UNTIL_THEN}",
        ),
    ):
        if enabled:
            yield Finding("table", "ok", f"the {feature} is on")
        else:
            command = inspection.command("dynamodb", operation, "--table-name", name, *options)
            yield Finding(
                "table", "wrong", f"the {feature} is off: somebody turned it off by hand", command + next_step
            )


def queued_emails(inspection: Inspection) -> Iterator[Finding]:
    """Check that no email has been waiting for too long."""
    table_name = inspection.stack.settings.table_name
    now = utc_now()
    waiting = [email for audience in AUDIENCES for email in outbox.waiting_emails(table_name, audience)]
    # What is put off on purpose is not late.
    due = [email.queued_at for email in waiting if not email.not_before or email.not_before <= now]
    age = (now - min(due)).total_seconds() if due else 0
    if age > _WAITING_TOO_LONG:
        message = f"{len(waiting)} emails are waiting, the oldest for {age / 3600:.1f} hours"
        yield Finding("queued emails", "warning", message, "guichet outbox")
    else:
        yield Finding("queued emails", "ok", f"{len(waiting)} waiting")


def stream(inspection: Inspection) -> Iterator[Finding]:
    """Check that the stream calls the notifier."""
    notifier = inspection.resource("Notifier")
    client = inspection.stack.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=notifier)["EventSourceMappings"]
    if any(mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating") for mapping in mappings):
        yield Finding("stream", "ok", "it calls the notifier")
    elif mappings:
        states = ", ".join(mapping["State"] for mapping in mappings)
        command = inspection.command(
            "lambda", "update-event-source-mapping", "--uuid", mappings[0]["UUID"], "--enabled"
        )
        yield Finding("stream", "wrong", f"it does not call the notifier ({states})", f"{command}; {_UNTIL_THEN}")
    else:
        remedy = f"make the table's stream a trigger of {notifier}, in Lambda's console; {_UNTIL_THEN}"
        yield Finding("stream", "wrong", "it does not call the notifier (there is no trigger)", remedy)


def schedule(inspection: Inspection) -> Iterator[Finding]:
    """Check that the schedule calls the notifier."""
    rule = inspection.resource("NotifierSweep")
    if inspection.stack.client("events").describe_rule(Name=rule)["State"].startswith("ENABLED"):
        yield Finding("schedule", "ok", "it calls the notifier")
    else:
        command = inspection.command("events", "enable-rule", "--name", rule)
        yield Finding("schedule", "wrong", "it is disabled: emails that fail once are not retried", command)


def alarms(inspection: Inspection) -> Iterator[Finding]:
    """Check that the alarms notify somebody."""
    topic = inspection.resource("AlarmTopic")
    subscriptions = inspection.stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    pending = [one["Endpoint"] for one in subscriptions if one["SubscriptionArn"] == "PendingConfirmation"]
    # SNS lists an unsubscribed address as `Deleted` for three more days.
    listening = [one["Endpoint"] for one in subscriptions if one["SubscriptionArn"].startswith("arn:")]
    if pending:
        remedy = "confirm in the email from AWS Notifications; after two days, request a new one in SNS's console"
        yield Finding(
            "alarms", "warning", f"{', '.join(pending)} has not confirmed its subscription to the alarms", remedy
        )
    elif not listening:
        remedy = f"subscribe an address to {topic} in SNS's console"
        yield Finding("alarms", "wrong", "nobody is notified of alarms", remedy)
    else:
        yield Finding("alarms", "ok", f"{', '.join(listening)} is notified of alarms")


def ringing_alarms(inspection: Inspection) -> Iterator[Finding]:
    """Report alarms that are ringing, and alarms that cannot."""
    connection = inspection.stack
    names = [name for logical, name in connection.resources.items() if logical.endswith("Alarm")]
    if not names:
        # An empty list of names would request all alarms of the account.
        raise MissingError("alarm")
    found = connection.client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    if gone := sorted(set(names) - {alarm["AlarmName"] for alarm in found}):
        remedy = "delete the stack's alarms from template.yaml, deploy, put them back, and deploy once more"
        yield Finding("alarms", "wrong", f"somebody deleted {', '.join(gone)} by hand", remedy)
    for alarm in found:
        if not alarm.get("ActionsEnabled", True):
            command = inspection.command("cloudwatch", "enable-alarm-actions", "--alarm-names", alarm["AlarmName"])
            yield Finding("alarms", "warning", f"{alarm['AlarmName']} is muted", command)
        if alarm["StateValue"] == "ALARM":
            message = f"{alarm['AlarmName']} is ringing: {alarm.get('AlarmDescription', '')}"
            yield Finding("alarms", "warning", message, "infra/docs/runbook.md says what to do")


def parameters(inspection: Inspection) -> Iterator[Finding]:
    """Check that the stack has all parameters of this version."""
    connection = inspection.stack
    missing = sorted(set(Template.load().declared) - set(connection.parameters))
    if missing:
        message = f"the stack is older than this version: it lacks {', '.join(missing)}"
        yield Finding("parameters", "warning", message, "make deploy")
    else:
        yield Finding("parameters", "ok", "the stack has all parameters of this version")


def declared_forms(inspection: Inspection) -> Iterator[Finding]:
    """Check that no field of a declared form is the honeypot, which marks whoever fills it in as a robot."""
    forms = definitions()
    trap = inspection.honeypot_field
    caught = [name for name, own in forms.items() if trap.lower() in map(str.lower, own.fields)]
    for name in caught:
        message = f"the form {name} has a field {trap}, which is the HoneypotField: who fills it in counts as spam"
        remedy = "rename the field in functions/forms.toml, or deploy with another HoneypotField"
        yield Finding("declared forms", "wrong", message, remedy)
    if forms and not caught:
        yield Finding("declared forms", "ok", f"functions/forms.toml declares {', '.join(forms)}")
