"""`guichet doctor`: each check in each of its states, on answers of AWS, of DNS and of a site.

`healthy.json` holds what AWS says of a stack of which all is well.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.exception
import dns.resolver
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError

from infra.operate import doctor
from infra.operate.connection import Connection, OperatorSettings
from infra.operate.doctor import Case, Finding, case_before, case_of, examine
from infra.template import Template
from tests.conftest import PARAMETERS, REGION, Counter
from tests.integration.test_life import START
from tests.operate.aws import Answers, Aws
from tests.operate.conftest import Operate
from tests.operate.test_messages import contact
from tests.server import Handler, Server, serving

HEALTHY: dict[str, Any] = json.loads((Path(__file__).parent / "healthy.json").read_text(encoding="utf-8"))
RESOURCES = {
    "Notifier": "guichet-Notifier-1ABC",
    "NotifierSweep": "guichet-NotifierSweep-1ABC",
    "AlarmTopic": "arn:aws:sns:eu-west-3:123456789012:guichet-AlarmTopic",
    "OwedAlarm": "guichet-OwedAlarm-1ABC",
}
RECORDS = {
    ("_dmarc.atelier.example", "TXT"): ["v=DMARC1; p=quarantine"],
    ("atelier.example", "TXT"): ["some-verification=1", "v=spf1 include:_spf.example.net -all"],
}


class Deployed(Connection):
    """A deployed stack whose AWS answers as it is told."""

    def client(self, service: str) -> Any:
        """Return a client."""
        return Aws(self.outputs["answers"]).client(service)  # type: ignore[arg-type]


@dataclass
class Site:
    """The site and the API, as one server: what its page says, and what a preflight is answered."""

    address: str = ""
    status: int = 200
    page: str = "<form action='https://api.example/contact'>"
    location: str = ""
    preflight: dict[str, str] = field(default_factory=dict)


@pytest.fixture
def site() -> Iterator[Site]:
    told = Site()

    class Page(Handler):
        def answer(self) -> None:
            if self.command == "OPTIONS":
                self.reply(204, told.preflight, b"")
            elif told.location and self.path == "/":
                self.reply(302, {"Location": told.location}, b"")
            else:
                self.reply(told.status, {"Content-Type": "text/html"}, told.page.encode())

    with serving(Server(Page)) as server:
        told.address = f"http://{server.address}"
        told.preflight = {
            "Access-Control-Allow-Origin": told.address,
            "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
            "Access-Control-Allow-Headers": "content-type,accept",
        }
        yield told


Examined = Callable[..., list[Finding]]


@pytest.fixture
def examined(counter: Counter, site: Site) -> Examined:
    """Return what examines a healthy stack, but for what is changed: answers, DNS records, fields of the case."""

    def run(answers: Answers | None = None, records: Mapping[Any, Any] | None = None, **changes: Any) -> list[Finding]:
        return list(examine(case(counter, site, answers or {}, records or {}, **changes)))

    return run


def case(counter: Counter, site: Site, answers: Answers, records: Mapping[Any, Any], **changes: Any) -> Case:
    found = {**RECORDS, **records}

    def look_up(name: str, kind: str) -> list[str]:
        answer = found.get((name, kind), [])
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    settings = OperatorSettings.model_validate(dict(counter.stack.environment)).model_copy(
        update={"site_url": f"{site.address}/", "api_url": site.address}
    )
    connection = Deployed(
        "guichet",
        settings,
        counter.sweep,
        REGION,
        outputs={"answers": {**HEALTHY, **answers}},  # type: ignore[dict-item]
        parameters=dict.fromkeys(Template.load().declared, ""),
        resources=RESOURCES,
    )
    return replace(case_of(connection), records=look_up, **changes)


def only(findings: list[Finding], check: str) -> Finding:
    (found,) = [finding for finding in findings if finding.check == check]
    return found


def changed(operation: str, **fields: Any) -> dict[str, Any]:
    return {operation: {**HEALTHY[operation], **fields}}


def test_of_a_healthy_stack_everything_is_ok_and_nothing_is_to_be_done(examined: Examined) -> None:
    findings = examined()
    assert [finding for finding in findings if finding.state != "ok" or finding.remedy] == []
    assert {finding.check for finding in findings} == {
        "identity", "DKIM", "DMARC", "SPF", "sandbox", "sending", "quota", "owner", "table", "owed emails", "stream",
        "schedule", "alarms", "parameters", "page", "form", "CORS",
    }  # fmt: skip


_DKIM = HEALTHY["sesv2:GetEmailIdentity"]["DkimAttributes"]
_ACCOUNT = HEALTHY["sesv2:GetAccount"]


@pytest.mark.parametrize(
    ("answers", "check", "state", "says", "remedy"),
    [
        (
            {"sesv2:GetEmailIdentity": {"error": "NotFoundException"}},
            "identity",
            "wrong",
            "knows neither",
            "CreateIdentity",
        ),
        (
            changed("sesv2:GetEmailIdentity", VerifiedForSendingStatus=False),
            "identity",
            "wrong",
            "not verified",
            "DNS records below",
        ),
        (
            changed("sesv2:GetEmailIdentity", DkimAttributes={**_DKIM, "SigningEnabled": False}),
            "DKIM",
            "wrong",
            "signing is off",
            "switch it on",
        ),
        (
            changed("sesv2:GetEmailIdentity", DkimAttributes={**_DKIM, "Status": "PENDING"}),
            "DKIM",
            "wrong",
            "3 of 3",
            "aaaa1111._domainkey.atelier.example CNAME aaaa1111.dkim.amazonses.com",
        ),
        (
            changed("sesv2:GetAccount", ProductionAccessEnabled=False),
            "sandbox",
            "warning",
            "in the sandbox",
            "production access",
        ),
        (changed("sesv2:GetAccount", SendingEnabled=False), "sending", "wrong", "paused", "see why"),
        (changed("sesv2:GetAccount", EnforcementStatus="PROBATION"), "sending", "warning", "PROBATION", "see why"),
        (
            changed("sesv2:GetAccount", SendQuota={**_ACCOUNT["SendQuota"], "Max24HourSend": 200.0}),
            "quota",
            "warning",
            "of 200 emails",
            "StrangerMailPerDay=100",
        ),
        (
            {
                "sesv2:GetSuppressedDestination": {
                    "SuppressedDestination": {
                        "EmailAddress": "owner@atelier.example",
                        "Reason": "BOUNCE",
                        "LastUpdateTime": 1763000000,
                    }
                }
            },
            "owner",
            "warning",
            "is suppressed",
            "delete-suppressed-destination --email-address owner@atelier.example",
        ),
        (
            {"lambda:ListEventSourceMappings": {"EventSourceMappings": []}},
            "stream",
            "wrong",
            "there is none",
            "make deploy",
        ),
        (
            {"lambda:ListEventSourceMappings": {"EventSourceMappings": [{"State": "Disabled"}]}},
            "stream",
            "wrong",
            "Disabled",
            "enable it",
        ),
        (changed("events:DescribeRule", State="DISABLED"), "schedule", "wrong", "disabled", "make deploy"),
        ({"sns:ListSubscriptionsByTopic": {"Subscriptions": []}}, "alarms", "wrong", "nobody is told", "subscribe"),
        (
            {
                "sns:ListSubscriptionsByTopic": {
                    "Subscriptions": [
                        {"SubscriptionArn": "PendingConfirmation", "Endpoint": "owner@atelier.example"},
                    ]
                }
            },
            "alarms",
            "warning",
            "owner@atelier.example has not said yes",
            "say yes",
        ),
    ],
)
def test_what_aws_says_is_told_with_the_remedy(  # noqa: PLR0913, PLR0917
    examined: Examined, answers: Answers, check: str, state: str, says: str, remedy: str
) -> None:
    found = only(examined(answers), check)
    assert found.state == state
    assert says in found.says
    assert remedy in found.remedy


def test_an_address_that_is_verified_by_itself_sends_unsigned(examined: Examined) -> None:
    def answer(asked: Any) -> Any:
        known = asked["url_path"].endswith("guichet%40atelier.example")
        unsigned = {"Status": "NOT_STARTED", "SigningEnabled": False, "Tokens": []}
        told = {**HEALTHY["sesv2:GetEmailIdentity"], "IdentityType": "EMAIL_ADDRESS", "DkimAttributes": unsigned}
        return told if known else {"error": "NotFoundException"}

    findings = examined({"sesv2:GetEmailIdentity": answer})
    assert only(findings, "identity").says == "SES sends as guichet@atelier.example"
    assert "not signed as atelier.example" in only(findings, "DKIM").says


def test_dkim_records_that_are_there_are_waited_for(examined: Examined) -> None:
    pending = changed("sesv2:GetEmailIdentity", DkimAttributes={**_DKIM, "Status": "PENDING"})
    records = {
        (f"{token}._domainkey.atelier.example", "CNAME"): [f"{token}.dkim.amazonses.com"] for token in _DKIM["Tokens"]
    }
    found = only(examined(pending, records), "DKIM")
    assert (found.state, found.remedy) == ("warning", "wait")
    del records["bbbb2222._domainkey.atelier.example", "CNAME"]
    found = only(examined(pending, records), "DKIM")
    assert found.remedy == "add to DNS: bbbb2222._domainkey.atelier.example CNAME bbbb2222.dkim.amazonses.com"


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        ([], "warning", "has no DMARC record"),
        (["v=DMARC1; p=none"], "ok", "policy none"),
        (["something else", "V=DMARC1;P=REJECT"], "wrong", "names no policy"),
        (["v=DMARC1; rua=mailto:a@example.org"], "wrong", "names no policy"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "wrong", "2 records"),
    ],
)
def test_dmarc(examined: Examined, records: list[str], state: str, words: str) -> None:
    found = only(examined(records={("_dmarc.atelier.example", "TXT"): records}), "DMARC")
    assert found.state == state
    assert words in found.says
    assert bool(found.remedy) == (state != "ok")


def test_dmarc_of_a_parent_counts_for_its_subdomains(examined: Examined) -> None:
    found = only(examined(from_email="guichet@mail.atelier.example"), "DMARC")
    assert (found.state, found.says.split()[0]) == ("ok", "atelier.example")


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        (
            {("bounce.atelier.example", "TXT"): ["v=spf1 include:amazonses.com ~all"]},
            "wrong",
            "MX 10 feedback-smtp.eu-west-3",
        ),
        ({("bounce.atelier.example", "MX"): ["10 feedback-smtp.eu-west-3.amazonses.com"]}, "wrong", "TXT"),
        (
            {
                ("bounce.atelier.example", "TXT"): ["v=spf1 include:amazonses.com ~all"],
                ("bounce.atelier.example", "MX"): ["10 feedback-smtp.eu-west-3.amazonses.com"],
            },
            "ok",
            "",
        ),
        ({("bounce.atelier.example", "TXT"): ["v=spf1 a -all", "v=spf1 include:amazonses.com ~all"]}, "wrong", "join"),
    ],
)
def test_spf_of_a_mail_from_domain_of_its_own(
    examined: Examined, records: Mapping[Any, Any], state: str, words: str
) -> None:
    custom = {
        "MailFromDomain": "bounce.atelier.example",
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
    }
    found = only(examined(changed("sesv2:GetEmailIdentity", MailFromAttributes=custom), records), "SPF")
    assert found.state == state
    assert words in found.remedy


def test_in_the_sandbox_an_owner_who_is_not_verified_is_told(examined: Examined) -> None:
    sandbox = changed("sesv2:GetAccount", ProductionAccessEnabled=False)
    assert only(examined(sandbox), "owner").state == "ok"

    def answer(asked: Any) -> Any:
        sender = asked["url_path"].endswith("/atelier.example")
        return HEALTHY["sesv2:GetEmailIdentity"] if sender else {"error": "NotFoundException"}

    found = only(examined({**sandbox, "sesv2:GetEmailIdentity": answer}, owner_emails=["me@other.example"]), "owner")
    assert (found.state, "stays owed" in found.says) == ("wrong", True)
    assert "create-email-identity --email-identity me@other.example" in found.remedy


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (
            {"dynamodb:DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}},
            "time to live is off",
        ),
        (
            {
                "dynamodb:DescribeContinuousBackups": {
                    "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"},
                }
            },
            "recovery is off",
        ),
        ({"dynamodb:DescribeTable": {"Table": {"TableName": "table"}}}, "stream is off"),
    ],
)
def test_what_is_off_at_the_table_is_told(examined: Examined, answers: Answers, words: str) -> None:
    (found,) = [finding for finding in examined(answers) if finding.check == "table" and finding.state == "wrong"]
    assert words in found.says
    assert found.remedy == "make deploy"


def test_an_alarm_that_rings_is_told_with_its_description(examined: Examined) -> None:
    alarm = {**HEALTHY["cloudwatch:DescribeAlarms"]["MetricAlarms"][0], "StateValue": "ALARM"}
    findings = examined({"cloudwatch:DescribeAlarms": {"MetricAlarms": [alarm]}})
    (found,) = [finding for finding in findings if finding.state == "warning"]
    assert "An email is owed." in found.says
    assert "RUNBOOK" in found.remedy


def test_emails_that_wait_too_long_are_told(counter: Counter, examined: Examined) -> None:
    with time_machine.travel(START):
        contact(counter)
        assert only(examined(), "owed emails").state == "ok"
    with time_machine.travel(START.replace(hour=13)):
        found = only(examined(), "owed emails")
    assert (found.state, found.remedy) == ("warning", "guichet owed")
    assert "3.0 hours" in found.says


def test_a_stack_of_an_older_version_is_told(counter: Counter, site: Site) -> None:
    older = case(counter, site, {}, {})
    assert older.connection is not None
    known = {name: "" for name in older.connection.parameters if name != "WeeklyDigest"}
    connection = replace(older.connection, parameters=known)
    found = only(list(examine(replace(older, connection=connection))), "parameters")
    assert "does not know WeeklyDigest" in found.says


@pytest.mark.parametrize(
    ("change", "check", "state", "words"),
    [
        ({"status": 404}, "page", "wrong", "answers 404"),
        ({"location": "/home"}, "page", "ok", "/home may post forms"),
        ({"page": "nothing"}, "form", "ok", "does not name the API"),
        ({"preflight": {}}, "CORS", "wrong", "does not let scripts"),
        (
            {"preflight": {"Access-Control-Allow-Origin": "https://else.example"}},
            "CORS",
            "wrong",
            "does not let scripts",
        ),
        ({"preflight": {"Access-Control-Allow-Origin": "*"}}, "CORS", "wrong", "not to post JSON"),
    ],
)
def test_the_site_s_real_page_and_preflight(  # noqa: PLR0913, PLR0917
    site: Site, examined: Examined, change: dict[str, Any], check: str, state: str, words: str
) -> None:
    for name, value in change.items():
        setattr(site, name, value)
    found = only(examined(), check)
    assert found.state == state
    assert words in found.says


def test_a_page_that_leads_to_an_origin_that_is_not_allowed_is_told(site: Site, examined: Examined) -> None:
    site.location = site.address.replace("127.0.0.1", "localhost") + "/other"
    found = only(examined(), "page")
    assert found.state == "wrong"
    assert f"AllowedOrigins={site.location.removesuffix('/other')}" in found.remedy


def test_a_page_that_never_ends_and_a_loop_of_redirects_end_the_check(site: Site, examined: Examined) -> None:
    site.page = "x" * 5_000_000
    assert only(examined(), "page").state == "ok"
    site.location = "/"
    assert only(examined(), "page").state == "unknown"


def test_a_check_that_cannot_be_done_says_why_and_keeps_no_other_from_being_done(examined: Examined) -> None:
    healthy = {finding.check for finding in examined()}
    for operation, checks in (
        ("sesv2:GetAccount", {"account", "owner"}),
        ("lambda:ListEventSourceMappings", {"triggers"}),
        ("dynamodb:DescribeTable", {"table"}),
    ):
        findings = examined({operation: {"error": "AccessDeniedException"}})
        unknown = [finding for finding in findings if finding.state == "unknown"]
        assert {finding.check for finding in unknown} == checks
        assert all(operation.partition(":")[2] in finding.remedy for finding in unknown)
        assert "not to be quoted" not in str(findings)
        assert len(healthy - {finding.check for finding in findings}) <= 3
    gone = EndpointConnectionError(endpoint_url="https://events.example")
    assert only(examined({"events:DescribeRule": gone}), "triggers").state == "unknown"
    lost = dns.exception.Timeout()  # type: ignore[no-untyped-call]
    assert only(examined(records={("_dmarc.atelier.example", "TXT"): lost}), "dmarc").state == "unknown"


def test_no_finding_quotes_the_secret(examined: Examined) -> None:
    assert PARAMETERS["SigningSecret"] not in str(examined())


def test_before_a_deploy_only_what_needs_no_stack_is_examined(site: Site) -> None:
    before = case_before({**PARAMETERS, "SiteUrl": site.address}, REGION)
    found = list(
        examine(replace(before, client=Aws(HEALTHY).client, records=lambda name, kind: RECORDS.get((name, kind), [])))
    )
    assert {finding.state for finding in found} == {"ok"}
    assert {"table", "alarms", "CORS", "form"}.isdisjoint({finding.check for finding in found})
    assert {"identity", "DKIM", "sandbox", "owner", "page"} <= {finding.check for finding in found}


def test_records_of_dns_are_read_as_dns_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_: Any, name: str, kind: str, lifetime: float) -> Any:
        assert lifetime == 5
        if name == "none.example":
            raise dns.resolver.NXDOMAIN
        if kind == "TXT":
            return [SimpleNamespace(strings=[b"v=spf1 ", b"-all"])]
        return [SimpleNamespace(to_text=lambda: "10 Feedback-SMTP.example.")]

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    assert doctor.look_up("a.example", "TXT") == ["v=spf1 -all"]
    assert doctor.look_up("a.example", "MX") == ["10 feedback-smtp.example"]
    assert doctor.look_up("none.example", "TXT") == []


def test_the_command_says_each_finding_and_ends_with_1_where_something_is_wrong(
    counter: Counter, site: Site, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = case(counter, site, {}, {})
    monkeypatch.setattr(doctor, "case_of", lambda _: told)
    said = operate(counter, "doctor")
    assert said.code == 0
    assert "ok       DKIM: mail is signed as atelier.example" in said.out
    monkeypatch.setattr(doctor, "case_of", lambda _: replace(told, records=lambda *_: []))
    said = operate(counter, "doctor")
    assert said.code == 1
    assert "→ add to DNS: _dmarc.atelier.example TXT" in said.out
    rows = operate(counter, "doctor", "--json").rows
    assert {"check", "state", "says", "remedy"} == set(rows[0])


def test_parameters_before_a_deploy_are_held_to_the_template(
    operate: Operate, counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(doctor, "case_before", lambda given, region: seen.append((given, region)))
    monkeypatch.setattr(doctor, "examine", lambda _: iter(()))
    assert operate(counter, "doctor", "--before", "SiteName='My site' FromEmail=a@b.example").code == 0
    assert seen == [({"SiteName": "My site", "FromEmail": "a@b.example"}, REGION)]
    monkeypatch.undo()
    said = operate(counter, "doctor", "--before", "FromEmail=nobody")
    assert said.code == 2
    assert "FromEmail" in said.err or "SiteName" in said.err
