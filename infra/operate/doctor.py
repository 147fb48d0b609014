"""`guichet doctor`: what is wrong with the mail, the stack or the site's page, in plain words and with the remedy.

Each check asks one thing of AWS, DNS or the site, and says what it found; one that cannot be done says why, and keeps
no other from being done. Those of the stack are here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

import dns.exception
import urllib3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from guichet.records.outbox import AUDIENCES
from guichet.records.record import utc_now
from guichet.store import outbox
from guichet.store.dynamodb import UnavailableError
from infra.operate.inspection import Finding, Inspection, MissingError, Where, inspection_before, inspection_of
from infra.operate.mail import account, dkim, dmarc, identity, owner, region, spf
from infra.operate.page import cors, form, page
from infra.template import Template

__all__ = ["CHECKS", "examine", "inspection_before", "inspection_of"]

Check = Callable[[Inspection], Iterator[Finding]]
# What an outage of a moment does not explain.
_OWED_TOO_LONG = 1800
_UNTIL_THEN = "until then mail goes out every 15 minutes"


def examine(inspection: Inspection) -> Iterator[Finding]:
    """Do all checks that can be done where the case is."""
    for check, where in CHECKS.items():
        if inspection.where in where:
            yield from _done(check, inspection)


def _done(check: Check, inspection: Inspection) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ")
    # As the check itself is headed where it can be done.
    name = name.upper() if name in {"cors", "dkim", "dmarc", "spf"} else name
    try:
        yield from check(inspection)
    except MissingError as missing:
        says = f"the stack has no {missing}: it is of another version, or was not deployed to the end"
        yield Finding(name, "wrong", says, "make deploy")
    except ClientError as error:
        told = error.response["Error"]
        remedy = f"let these credentials do {error.operation_name}" if "AccessDenied" in told["Code"] else ""
        yield Finding(name, "unknown", f"AWS refuses {error.operation_name}: {told['Code']}", remedy)
    except (NoCredentialsError, PartialCredentialsError):
        yield Finding(name, "unknown", "there are no AWS credentials", "give them as the AWS CLI takes them")
    except (BotoCoreError, UnavailableError, dns.exception.DNSException, urllib3.exceptions.HTTPError) as error:
        yield Finding(name, "unknown", f"no answer: {error}", "try again; this machine may be offline")
    except Exception as error:
        # Of a kind that nobody thought of. Its text may quote what people wrote.
        says = f"the check itself failed: {type(error).__name__}"
        yield Finding(name, "unknown", says, "report it to Guichet's makers")


# --- the stack --------------------------------------------------------------------------------------------------------

# A deploy does not undo what was changed by hand: CloudFormation compares templates. So the remedies are commands.


def table(inspection: Inspection) -> Iterator[Finding]:
    """See whether the table forgets what it should, can be restored, and tells of what is new."""
    connection = inspection.stack
    dynamodb, name = connection.client("dynamodb"), connection.settings.table_name
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    stream = dynamodb.describe_table(TableName=name)["Table"].get("StreamSpecification", {}).get("StreamEnabled")
    for what, there, (operation, *options), further in (
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
        if there:
            yield Finding("table", "ok", f"the {what} is on")
        else:
            command = inspection.command("dynamodb", operation, "--table-name", name, *options)
            yield Finding("table", "wrong", f"the {what} is off: somebody changed it by hand", command + further)


def owed(inspection: Inspection) -> Iterator[Finding]:
    """See whether emails wait longer than they should."""
    table_name = inspection.stack.settings.table_name
    waiting = [since for audience in AUDIENCES for since, _ in outbox.waiting(table_name, audience)]
    age = (utc_now() - min(waiting)).total_seconds() if waiting else 0
    if age > _OWED_TOO_LONG:
        says = f"{len(waiting)} emails wait, the oldest for {age / 3600:.1f} hours"
        yield Finding("owed emails", "warning", says, "guichet outbox")
    else:
        yield Finding("owed emails", "ok", f"{len(waiting)} wait")


def stream(inspection: Inspection) -> Iterator[Finding]:
    """See whether the stream calls the notifier."""
    notifier = inspection.resource("Notifier")
    told = inspection.stack.client("lambda").list_event_source_mappings(FunctionName=notifier)["EventSourceMappings"]
    if any(mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating") for mapping in told):
        yield Finding("stream", "ok", "it calls the notifier")
    elif told:
        states = ", ".join(mapping["State"] for mapping in told)
        command = inspection.command("lambda", "update-event-source-mapping", "--uuid", told[0]["UUID"], "--enabled")
        yield Finding("stream", "wrong", f"it does not call the notifier ({states})", f"{command}; {_UNTIL_THEN}")
    else:
        remedy = f"make the table's stream a trigger of {notifier}, in Lambda's console; {_UNTIL_THEN}"
        yield Finding("stream", "wrong", "it does not call the notifier (there is none)", remedy)


def schedule(inspection: Inspection) -> Iterator[Finding]:
    """See whether the schedule calls the notifier."""
    rule = inspection.resource("NotifierSweep")
    if inspection.stack.client("events").describe_rule(Name=rule)["State"].startswith("ENABLED"):
        yield Finding("schedule", "ok", "it calls the notifier")
    else:
        command = inspection.command("events", "enable-rule", "--name", rule)
        yield Finding("schedule", "wrong", "it is disabled: what fails once is not tried again", command)


def alarms(inspection: Inspection) -> Iterator[Finding]:
    """See whether somebody hears the alarms."""
    topic = inspection.resource("AlarmTopic")
    told = inspection.stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    pending = [one["Endpoint"] for one in told if one["SubscriptionArn"] == "PendingConfirmation"]
    # Whoever said no is listed for three days more, as `Deleted`.
    listening = [one["Endpoint"] for one in told if one["SubscriptionArn"].startswith("arn:")]
    if pending:
        remedy = "say yes in the email of AWS Notifications; after two days it is to be sent anew, from SNS's console"
        yield Finding("alarms", "warning", f"{', '.join(pending)} has not said yes to the alarms", remedy)
    elif not listening:
        remedy = f"subscribe an address to {topic} in SNS's console"
        yield Finding("alarms", "wrong", "nobody is told of alarms", remedy)
    else:
        yield Finding("alarms", "ok", f"{', '.join(listening)} is told of alarms")


def ringing_alarms(inspection: Inspection) -> Iterator[Finding]:
    """See which alarms ring, and which cannot."""
    connection = inspection.stack
    names = [name for logical, name in connection.resources.items() if logical.endswith("Alarm")]
    if not names:
        # To ask for no names would be to ask for all of the account.
        raise MissingError("alarm")
    found = connection.client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=100)["MetricAlarms"]
    if gone := sorted(set(names) - {alarm["AlarmName"] for alarm in found}):
        remedy = "delete the stack's alarms from template.yaml, deploy, put them back, and deploy once more"
        yield Finding("alarms", "wrong", f"somebody deleted {', '.join(gone)} by hand", remedy)
    for alarm in found:
        if not alarm.get("ActionsEnabled", True):
            command = inspection.command("cloudwatch", "enable-alarm-actions", "--alarm-names", alarm["AlarmName"])
            yield Finding("alarms", "warning", f"{alarm['AlarmName']} is mute", command)
        if alarm["StateValue"] == "ALARM":
            says = f"{alarm['AlarmName']} rings: {alarm.get('AlarmDescription', '')}"
            yield Finding("alarms", "warning", says, "infra/RUNBOOK.md says what to do")


def parameters(inspection: Inspection) -> Iterator[Finding]:
    """See whether the stack knows all parameters of this version."""
    connection = inspection.stack
    missing = sorted(set(Template.load().declared) - set(connection.parameters))
    if missing:
        says = f"the stack is older than this version: it does not know {', '.join(missing)}"
        yield Finding("parameters", "warning", says, "make deploy")
    else:
        yield Finding("parameters", "ok", "the stack has all parameters of this version")


# Where each check can be done: this machine has neither a real SES nor DNS, and before a deploy there is no stack.
CHECKS: Mapping[Check, Sequence[Where]] = {
    region: ("before", "deployed"),
    identity: ("before", "deployed"),
    dkim: ("before", "deployed"),
    dmarc: ("before", "deployed"),
    spf: ("before", "deployed"),
    account: ("before", "local", "deployed"),
    owner: ("before", "deployed"),
    table: ("local", "deployed"),
    owed: ("local", "deployed"),
    stream: ("deployed",),
    schedule: ("deployed",),
    alarms: ("deployed",),
    ringing_alarms: ("deployed",),
    parameters: ("deployed",),
    page: ("before", "local", "deployed"),
    form: ("local", "deployed"),
    cors: ("local", "deployed"),
}
