"""`guichet doctor --fix`: each fix asks first, makes exactly the AWS call it names, and is checked afterwards."""

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import click
import pytest
from botocore import xform_name
from click.testing import CliRunner

from infra.operate import doctor
from infra.operate.commands import guichet, options
from infra.operate.doctor import examine
from infra.operate.inspection import Finding, Inspection
from tests.support.app import App
from tests.support.aws import Aws
from tests.support.clients import SESSION
from tests.support.doctor import DKIM, HEALTHY, MAPPING, Deployed, Site, case, changed, identity
from tests.support.operate import Operate

_TABLE = HEALTHY["dynamodb:DescribeTable"]["Table"]
_ALARM = HEALTHY["cloudwatch:DescribeAlarms"]["MetricAlarms"][0]
_DESTINATION = HEALTHY["sesv2:GetConfigurationSetEventDestinations"]["EventDestinations"][0]
_TOPIC = "arn:aws:sns:eu-west-3:123456789012:guichet-AlarmTopic"
_FEEDBACK = "arn:aws:sns:eu-west-3:123456789012:guichet-FeedbackTopic"
_SUBSCRIPTION = HEALTHY["sns:ListSubscriptionsByTopic"]["Subscriptions"][0]
_PENDING = {"Subscriptions": [{**_SUBSCRIPTION, "SubscriptionArn": "PendingConfirmation"}]}
_MAIL_FROM = {"MailFromDomain": "bounce.atelier.example", "BehaviorOnMxFailure": "USE_DEFAULT_VALUE"}
_IN_DNS = {
    ("bounce.atelier.example", "TXT"): ["v=spf1 include:amazonses.com ~all"],
    ("bounce.atelier.example", "MX"): ["10 feedback-smtp.eu-west-3.amazonses.com"],
}
_SUPPRESSED = {
    "SuppressedDestination": {
        "EmailAddress": "owner@atelier.example",
        "Reason": "BOUNCE",
        "LastUpdateTime": 1763000000,
    }
}


@dataclass
class Broken:
    """Something broken, the call that fixes it, and AWS's answers afterwards."""

    check: str
    before: Mapping[str, Any]
    mended_by: str
    asks: Mapping[str, Any]
    after: Mapping[str, Any] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    # The state afterwards: a new subscription, or new DNS records, still need the owner.
    then: str = "ok"
    says: str = ""


BROKEN = {
    "time to live": Broken(
        "table",
        {"dynamodb:DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}},
        "dynamodb:UpdateTimeToLive",
        {"TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires_at"}},
        after={"dynamodb:DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "ENABLING"}}},
    ),
    "point-in-time recovery": Broken(
        "table",
        {
            "dynamodb:DescribeContinuousBackups": {
                "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"},
            }
        },
        "dynamodb:UpdateContinuousBackups",
        {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
    ),
    "trigger off": Broken(
        "stream",
        {"lambda:ListEventSourceMappings": {"EventSourceMappings": [{**MAPPING, "State": "Disabled"}]}},
        "lambda:UpdateEventSourceMapping",
        {"UUID": MAPPING["UUID"], "Enabled": True},
        after={"lambda:ListEventSourceMappings": {"EventSourceMappings": [{**MAPPING, "State": "Enabling"}]}},
    ),
    "schedule": Broken(
        "schedule",
        changed("events:DescribeRule", State="DISABLED"),
        "events:EnableRule",
        {"Name": "guichet-NotifierSweep-1ABC"},
    ),
    "muted alarm": Broken(
        "alarms",
        {"cloudwatch:DescribeAlarms": {"MetricAlarms": [{**_ALARM, "ActionsEnabled": False}]}},
        "cloudwatch:EnableAlarmActions",
        {"AlarmNames": ["guichet-OutboxAlarm-1ABC"]},
    ),
    "nobody subscribed": Broken(
        "alarms",
        {"sns:ListSubscriptionsByTopic": {"Subscriptions": [{**_SUBSCRIPTION, "SubscriptionArn": "Deleted"}]}},
        "sns:Subscribe",
        {"TopicArn": _TOPIC, "Protocol": "email", "Endpoint": "owner@atelier.example"},
        after={"sns:ListSubscriptionsByTopic": _PENDING},
        answer={"SubscriptionArn": "pending confirmation"},
        then="warning",
        says="has not confirmed",
    ),
    "subscription not confirmed": Broken(
        "alarms",
        {"sns:ListSubscriptionsByTopic": _PENDING},
        "sns:Subscribe",
        {"TopicArn": _TOPIC, "Protocol": "email", "Endpoint": "owner@atelier.example"},
        answer={"SubscriptionArn": "pending confirmation"},
    ),
    "owner suppressed": Broken(
        "owner",
        {"sesv2:GetSuppressedDestination": _SUPPRESSED},
        "sesv2:DeleteSuppressedDestination",
        {"EmailAddress": "owner@atelier.example"},
    ),
    "not signing": Broken(
        "DKIM",
        identity(DkimAttributes={**DKIM, "SigningEnabled": False}),
        "sesv2:PutEmailIdentityDkimAttributes",
        {"EmailIdentity": "atelier.example", "SigningEnabled": True},
    ),
    "no DKIM": Broken(
        "DKIM",
        identity(DkimAttributes={"Status": "NOT_STARTED", "SigningEnabled": False, "Tokens": []}),
        "sesv2:PutEmailIdentityDkimSigningAttributes",
        {"EmailIdentity": "atelier.example", "SigningAttributesOrigin": "AWS_SES"},
        after=identity(DkimAttributes={**DKIM, "Status": "PENDING"}),
        answer={"DkimStatus": "PENDING", "DkimTokens": DKIM["Tokens"]},
        then="wrong",
        says="add to DNS: aaaa1111._domainkey.atelier.example CNAME",
    ),
    "MAIL FROM given up": Broken(
        "SPF",
        identity(MailFromAttributes={**_MAIL_FROM, "MailFromDomainStatus": "FAILED"}),
        "sesv2:PutEmailIdentityMailFromAttributes",
        {"EmailIdentity": "atelier.example", **_MAIL_FROM},
        after=identity(MailFromAttributes={**_MAIL_FROM, "MailFromDomainStatus": "PENDING"}),
        then="warning",
        says="has not seen them yet",
    ),
    "MAIL FROM that rejects": Broken(
        "SPF",
        identity(
            MailFromAttributes={
                **_MAIL_FROM, "MailFromDomainStatus": "SUCCESS", "BehaviorOnMxFailure": "REJECT_MESSAGE"
            }
        ),
        "sesv2:PutEmailIdentityMailFromAttributes",
        {"EmailIdentity": "atelier.example", **_MAIL_FROM},
    ),
    "opens and clicks": Broken(
        "tracking",
        {
            "sesv2:GetConfigurationSetEventDestinations": {
                "EventDestinations": [
                    _DESTINATION, {**_DESTINATION, "Name": "stats", "MatchingEventTypes": ["SEND", "OPEN", "CLICK"]}
                ]
            }
        },
        "sesv2:UpdateConfigurationSetEventDestination",
        {
            "EventDestinationName": "stats",
            "EventDestination": {
                "Enabled": True, "MatchingEventTypes": ["SEND"], "SnsDestination": {"TopicArn": _FEEDBACK}
            },
        },
    ),
    "opens alone": Broken(
        "tracking",
        {
            "sesv2:GetConfigurationSetEventDestinations": {
                "EventDestinations": [_DESTINATION, {**_DESTINATION, "Name": "stats", "MatchingEventTypes": ["OPEN"]}]
            }
        },
        "sesv2:UpdateConfigurationSetEventDestination",
        {
            "EventDestinationName": "stats",
            "EventDestination": {
                "Enabled": False, "MatchingEventTypes": ["OPEN"], "SnsDestination": {"TopicArn": _FEEDBACK}
            },
        },
    ),
    "engagement": Broken(
        "tracking",
        changed(
            "sesv2:GetAccount",
            VdmAttributes={"VdmEnabled": "ENABLED", "DashboardAttributes": {"EngagementMetrics": "ENABLED"}},
        )
        | changed("sesv2:GetConfigurationSet", VdmOptions={"GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"}}),
        "sesv2:PutConfigurationSetVdmOptions",
        {
            "VdmOptions": {
                "DashboardOptions": {"EngagementMetrics": "DISABLED"},
                # Other settings that somebody chose stay.
                "GuardianOptions": {"OptimizedSharedDelivery": "ENABLED"},
            },
        },
        after=changed(
            "sesv2:GetAccount",
            VdmAttributes={"VdmEnabled": "ENABLED", "DashboardAttributes": {"EngagementMetrics": "ENABLED"}},
        )
        | changed("sesv2:GetConfigurationSet", VdmOptions={"DashboardOptions": {"EngagementMetrics": "DISABLED"}}),
    ),
    "events off": Broken(
        "events",
        {
            "sesv2:GetConfigurationSetEventDestinations": {
                "EventDestinations": [{**_DESTINATION, "Enabled": False, "MatchingEventTypes": ["SEND", "BOUNCE"]}]
            }
        },
        "sesv2:UpdateConfigurationSetEventDestination",
        {
            "EventDestinationName": "guichet",
            "EventDestination": {
                "Enabled": True,
                "MatchingEventTypes": ["SEND", "BOUNCE", "COMPLAINT", "DELIVERY", "REJECT"],
                "SnsDestination": {"TopicArn": _FEEDBACK},
            },
        },
    ),
    "events gone": Broken(
        "events",
        {"sesv2:GetConfigurationSetEventDestinations": {"EventDestinations": []}},
        "sesv2:CreateConfigurationSetEventDestination",
        {
            "EventDestination": {
                "Enabled": True,
                "MatchingEventTypes": ["BOUNCE", "COMPLAINT", "DELIVERY", "REJECT", "SEND"],
                "SnsDestination": {"TopicArn": _FEEDBACK},
            },
        },
    ),
}  # fmt: skip
# Anything that calls two functions, or is in two configuration sets, is fixed twice.
_TWICE = {"stream", "schedule", "tracking", "events"}


class World:
    """AWS with something broken until it is fixed, and its recorded requests."""

    def __init__(self, broken: Broken) -> None:
        self.mended, self.refuses = False, ""
        self.broken = broken
        self.aws = Aws({})

    @property
    def answers(self) -> dict[str, Any]:
        answers = {operation: self._answer(operation) for operation in self.broken.before}
        return {**answers, self.broken.mended_by: self._mend}

    def _answer(self, operation: str) -> Callable[[Any], Any]:
        def answer(asked: Any) -> Any:
            healthy = {**HEALTHY, **identity()}
            now = self.broken.before if not self.mended else {**healthy, **self.broken.after}
            told = now[operation]
            return told(asked) if callable(told) else told

        return answer

    def _mend(self, _: Any) -> Any:
        if self.refuses:
            return {"error": self.refuses}
        self.mended = True
        return dict(self.broken.answer)

    def case(self, app: App, site: Site) -> Inspection:
        """Return the inspection of this world."""
        told = case(app, site, self.answers, _IN_DNS)
        assert isinstance(told.stack, Deployed)
        self.aws = told.stack.aws
        return told

    @property
    def mending(self) -> list[dict[str, Any]]:
        """The parameters of the fixing calls."""
        return [asked for operation, asked in self.aws.asked if operation == self.broken.mended_by]


@pytest.fixture
def world(request: pytest.FixtureRequest, app: App, site: Site, monkeypatch: pytest.MonkeyPatch) -> World:
    """Return a world in which something is broken, for `guichet doctor` to examine."""
    made = World(BROKEN[request.param])
    told = made.case(app, site)
    monkeypatch.setattr(doctor, "inspection_of", lambda _: told)
    return made


each = pytest.mark.parametrize("world", BROKEN, indirect=True)


@each
def test_a_fix_makes_the_call_that_it_says_and_looks_again(app: App, operate: Operate, world: World) -> None:
    said = operate(app, "doctor", "--fix", "--yes")
    assert len(world.mending) == (2 if world.broken.check in _TWICE else 1), said.err
    # It contains what the others refer to: a table, a configuration set.
    assert all(world.mending[0][name] == value for name, value in world.broken.asks.items()), world.mending[0]
    first, again = said.out.split("\nLooked again:\n")
    assert f"wrong    {world.broken.check}: " in first or f"warning  {world.broken.check}: " in first
    states = {line.split()[0] for line in again.splitlines() if f" {world.broken.check}: " in line}
    assert states - {"ok"} == {world.broken.then} - {"ok"}
    assert world.broken.says in again
    assert said.code == (0 if world.broken.then == "ok" else 1)


@pytest.mark.quick_cases(1)
@each
def test_without_fix_nothing_is_changed_and_it_is_said_what_could_be(app: App, operate: Operate, world: World) -> None:
    said = operate(app, "doctor")
    assert (said.code, world.mending) == (1, [])
    assert "`guichet doctor --fix` can fix" in said.told
    reading = re.compile(r":(Get|List|Describe|Query|Scan|BatchGet)")
    assert [operation for operation, _ in world.aws.asked if not reading.search(operation)] == []
    rows = [row for row in operate(app, "doctor", "--json").rows if row["fix"]]
    assert {row["check"] for row in rows} == {world.broken.check}


@each
def test_a_fix_asks_first_and_no_is_no(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(click, "confirm", lambda text, **_: asked.append(text))
    monkeypatch.setattr(options, "connect_local", lambda _: None)
    done = CliRunner().invoke(guichet, ["doctor", "--fix", "--local"])
    assert done.exit_code == 1
    assert world.mending == []
    assert len(asked) == (2 if world.broken.check in _TWICE else 1)
    assert "Nothing was fixed." in done.output


@pytest.mark.parametrize("world", [name for name, one in BROKEN.items() if one.check in _TWICE][:1], indirect=True)
@pytest.mark.parametrize(("answers", "fixed"), [("", 0), ("y\n", 1)])
def test_where_nobody_answers_nothing_more_is_fixed(
    world: World, monkeypatch: pytest.MonkeyPatch, answers: str, fixed: int
) -> None:
    monkeypatch.setattr(options, "connect_local", lambda _: None)
    done = CliRunner().invoke(guichet, ["doctor", "--fix", "--local"], input=answers)
    assert (done.exit_code, len(world.mending)) == (1, fixed)
    assert ("What was fixed so far stays fixed" in done.output) == bool(fixed)


@pytest.mark.parametrize("world", ["nobody subscribed"], indirect=True)
def test_a_missing_permission_is_named_in_sns_s_word_too(app: App, operate: Operate, world: World) -> None:
    world.refuses = "AuthorizationError"
    assert "these credentials lack sns:Subscribe." in operate(app, "doctor", "--fix", "--yes").told


@each
def test_a_missing_permission_is_named(app: App, operate: Operate, world: World) -> None:
    world.refuses = "AccessDeniedException"
    said = operate(app, "doctor", "--fix", "--yes")
    service, _, operation = world.broken.mended_by.partition(":")
    permission = f"{'ses' if service == 'sesv2' else service}:{operation}"
    assert said.code == 1
    assert f"It failed: AWS refused {operation}: these credentials lack {permission}." in said.told
    assert "Looked again" not in said.out


@pytest.mark.parametrize("world", ["time to live"], indirect=True)
def test_what_aws_does_not_do_is_told_and_still_wrong(app: App, operate: Operate, world: World) -> None:
    # Turned off within the last hour.
    world.refuses = "ValidationException"
    said = operate(app, "doctor", "--fix", "--yes", "--json")
    assert "AWS refused UpdateTimeToLive: ValidationException." in said.told
    assert said.code == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--yes",), "--yes goes with --fix"),
        (("--fix", "--json"), "needs --yes"),
        (("--fix", "--before", "A=b"), "exclude one another"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    app: App, operate: Operate, arguments: tuple[str, ...], says: str
) -> None:
    said = operate(app, "doctor", *arguments)
    assert said.code == 2
    assert says in said.told


def test_a_stream_that_was_turned_off_is_turned_on_and_calls_both_functions_again(
    app: App, site: Site, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = _TABLE["LatestStreamArn"].replace("2026-01-01", "2026-02-02")
    # As at AWS: the old stream and its triggers are still listed.
    table = {**_TABLE, "StreamSpecification": {"StreamEnabled": False}}
    mappings = [dict(MAPPING)]

    def turn_on(_: Any) -> Any:
        table.update(_TABLE, LatestStreamArn=new)
        return {"TableDescription": {"TableStatus": "UPDATING"}}

    def create(_: Any) -> Any:
        mappings.append({**MAPPING, "EventSourceArn": new, "State": "Creating"})
        return {"State": "Creating"}

    answers = {
        "dynamodb:DescribeTable": lambda _: {"Table": table},
        "dynamodb:UpdateTable": turn_on,
        "lambda:ListEventSourceMappings": lambda _: {"EventSourceMappings": mappings},
        "lambda:CreateEventSourceMapping": create,
    }
    told = case(app, site, answers, {})
    assert isinstance(told.stack, Deployed)
    aws = told.stack.aws
    monkeypatch.setattr(doctor, "inspection_of", lambda _: told)
    said = operate(app, "doctor", "--fix", "--yes")
    assert said.code == 0, said.out
    (on,) = [asked for operation, asked in aws.asked if operation == "dynamodb:UpdateTable"]
    assert on["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    made = [asked for operation, asked in aws.asked if operation == "lambda:CreateEventSourceMapping"]
    assert [asked["FunctionName"] for asked in made] == ["guichet-Notifier-1ABC", "guichet-Issues-1ABC"]
    resources = told.template.document["Resources"]
    for asked, function, event in zip(made, ("Notifier", "Issues"), ("Outbox", "Runs"), strict=True):
        properties = dict(resources[function]["Properties"]["Events"][event]["Properties"])
        del properties["Stream"]
        assert asked == {"EventSourceArn": new, "FunctionName": asked["FunctionName"], "Enabled": True, **properties}


def test_a_trigger_is_not_made_for_a_stream_that_is_off(
    app: App, site: Site, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The table keeps the stream's ARN, although here it should stay off.
    off = {"dynamodb:DescribeTable": {"Table": {**_TABLE, "StreamSpecification": {"StreamEnabled": False}}}}
    told = case(app, site, off, {})
    monkeypatch.setattr(doctor, "inspection_of", lambda _: told)
    monkeypatch.setattr(click, "confirm", lambda text, **_: text.startswith("stream: "))
    said = operate(app, "doctor", "--fix")
    assert said.code == 1
    assert said.told.count("It failed: the table's stream is off, so turn that on first.") == 2


def _all_findings(app: App, site: Site) -> list[Finding]:
    return [found for broken in BROKEN.values() for found in examine(World(broken).case(app, site))]


@pytest.mark.slow
def test_every_permission_is_one_of_iam_and_no_fix_is_of_dns(app: App, site: Site) -> None:
    fixes = [found for found in _all_findings(app, site) if found.fix]
    assert len(fixes) >= len(BROKEN)
    for found in fixes:
        assert found.fix
        assert not re.search(r"add to DNS: |replace it with: ", found.remedy)
        for permission in found.fix.permissions:
            service, _, operation = permission.partition(":")
            known = SESSION.get_service_model("sesv2" if service == "ses" else service).operation_names
            assert operation in known, permission


@pytest.mark.slow
def test_every_command_in_a_remedy_is_one_of_the_aws_cli(app: App, site: Site) -> None:
    """Commands are checked against botocore's own models, from which the AWS CLI is made."""
    seen = set()
    sandbox = changed("sesv2:GetAccount", ProductionAccessEnabled=False, SendingEnabled=False)
    plan = changed("sesv2:GetAccount", PricingAttributes={"CurrentPlan": "PRO"})
    others = [found for answers in (sandbox, plan) for found in examine(case(app, site, answers, _IN_DNS))]
    for found in [*_all_findings(app, site), *others]:
        for text in re.findall(r"aws [a-z0-9]+ [a-z-]+ --.* --region [a-z0-9-]+", found.remedy):
            _, service, name, *options = shlex.split(text)
            model = SESSION.get_service_model(service)
            names = {xform_name(operation, "-"): operation for operation in model.operation_names}
            assert name in names, text
            shape = model.operation_model(names[name]).input_shape
            assert shape
            members = {xform_name(member, "-") for member in shape.members}
            given = {option.removeprefix("--") for option in options if option.startswith("--")} - {"region"}
            given = {option.removeprefix("no-") for option in given}
            # The CLI renames one, because its name is also a global option.
            given = {"endpoint" if option == "notification-endpoint" else option for option in given}
            assert given <= members, (text, given - members)
            seen.add(name)
    assert {"update-time-to-live", "put-account-details", "put-account-pricing-attributes", "subscribe"} <= seen
    assert len(seen) >= 12
