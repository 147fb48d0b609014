"""`guichet doctor`: each check in each of its states, given answers from AWS, DNS and a site."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dns.exception
import dns.resolver
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from infra.operate import doctor
from infra.operate.checks import account, dmarc, mail_from, page, sending, stack
from infra.operate.doctor import examine
from infra.operate.inspection import inspection_before, inspection_of, look_up
from infra.template import TemplateError
from tests.support.app import PARAMETERS, REGION, START, App
from tests.support.aws import Answers, Aws
from tests.support.contact import contact
from tests.support.doctor import (
    ACCOUNT,
    ADDRESS,
    DKIM,
    HEALTHY,
    IDENTITY,
    MAPPING,
    RESOURCES,
    UNVERIFIED,
    UUID,
    Examined,
    Site,
    all_answers,
    case,
    changed,
    found_by,
    identity,
    in_dns,
    knows,
    only,
    with_stack,
)
from tests.support.operate import Operate
from tests.support.site_forms import QUOTE, site_forms


def test_of_a_healthy_stack_everything_is_ok_and_nothing_is_to_be_done(examined: Examined) -> None:
    findings = examined()
    assert [finding for finding in findings if finding.state != "ok" or finding.remedy] == []
    assert {finding.check for finding in findings} == {
        "region", "identity", "DKIM", "DMARC", "SPF", "sandbox", "sending", "quota", "price plan", "reputation",
        "owner", "tracking", "events", "table", "queued emails", "stream", "schedule", "alarms", "parameters",
        "page", "form", "CORS",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("answers", "check", "state", "says", "remedy"),
    [
        (knows({}), "identity", "wrong", "no identity for guichet@atelier.example", "CreateIdentity=true"),
        (identity(VerifiedForSendingStatus=False), "identity", "wrong", "not verified", "DNS records below"),
        (
            identity(DkimAttributes={**DKIM, "SigningEnabled": False}),
            "DKIM",
            "wrong",
            "signing is off",
            "put-email-identity-dkim-attributes --email-identity atelier.example --signing-enabled",
        ),
        (
            identity(DkimAttributes={**DKIM, "Status": "PENDING"}),
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
        (
            changed("sesv2:GetAccount", SendingEnabled=False),
            "sending",
            "wrong",
            "not by AWS (HEALTHY)",
            "put-account-sending-attributes --sending-enabled",
        ),
        (
            changed("sesv2:GetAccount", SendingEnabled=False, EnforcementStatus="SHUTDOWN"),
            "sending",
            "wrong",
            "SES has paused the account (SHUTDOWN)",
            "ask AWS to resume",
        ),
        (changed("sesv2:GetAccount", EnforcementStatus="PROBATION"), "sending", "warning", "PROBATION", "see why"),
        (
            changed("sesv2:GetAccount", SendQuota={**ACCOUNT["SendQuota"], "Max24HourSend": 200.0}),
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
            "is suppressed; Guichet still writes",
            "delete-suppressed-destination --email-address owner@atelier.example --region eu-west-3",
        ),
        (
            {"lambda:ListEventSourceMappings": {"EventSourceMappings": []}},
            "stream",
            "wrong",
            "there is no trigger",
            "trigger of guichet-Notifier-1ABC",
        ),
        (
            {"lambda:ListEventSourceMappings": {"EventSourceMappings": [{**MAPPING, "State": "Disabled"}]}},
            "stream",
            "wrong",
            "Disabled",
            f"aws lambda update-event-source-mapping --uuid {UUID} --enabled --region eu-west-3",
        ),
        (
            changed("events:DescribeRule", State="DISABLED"),
            "schedule",
            "wrong",
            "disabled",
            "aws events enable-rule --name guichet-NotifierSweep-1ABC --region eu-west-3",
        ),
        ({"sns:ListSubscriptionsByTopic": {"Subscriptions": []}}, "alarms", "wrong", "nobody is notified", "subscribe"),
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
            "owner@atelier.example has not confirmed",
            "confirm in the email",
        ),
        (
            # SNS lists unsubscribed addresses for days.
            {
                "sns:ListSubscriptionsByTopic": {
                    "Subscriptions": [{"SubscriptionArn": "Deleted", "Endpoint": "owner@atelier.example"}]
                }
            },
            "alarms",
            "wrong",
            "nobody is notified",
            "subscribe",
        ),
        (
            changed(
                "cloudwatch:DescribeAlarms",
                MetricAlarms=[
                    {**HEALTHY["cloudwatch:DescribeAlarms"]["MetricAlarms"][0], "ActionsEnabled": False},
                ],
            ),
            "alarms",
            "warning",
            "guichet-OutboxAlarm-1ABC is muted",
            "aws cloudwatch enable-alarm-actions --alarm-names guichet-OutboxAlarm-1ABC",
        ),
        (
            changed("cloudwatch:DescribeAlarms", MetricAlarms=[]),
            "alarms",
            "wrong",
            "deleted guichet-OutboxAlarm-1ABC by hand",
            "template.yaml",
        ),
    ],
)
def test_what_aws_says_is_told_with_the_remedy(  # noqa: PLR0913, PLR0917
    examined: Examined, answers: Answers, check: str, state: str, says: str, remedy: str
) -> None:
    found, *others = [finding for finding in examined(answers) if finding.check == check and finding.state != "ok"]
    assert found.state == state
    assert says in found.message
    assert remedy in found.remedy
    # The stream and the schedule call two functions, and the answers are the same for both.
    assert len(others) == (check in {"stream", "schedule"})


# --- the mail ---------------------------------------------------------------------------------------------------------


def test_a_region_without_ses_is_told_with_those_that_have_it() -> None:
    assert found_by(sending.region)[0].message == "stack and SES are in eu-west-3"
    (found,) = found_by(sending.region, region="eu-nowhere-1")
    assert (found.state, "no SES in eu-nowhere-1" in found.message) == ("wrong", True)
    assert "eu-west-3" in found.remedy
    assert "us-east-1" not in found.remedy
    (found,) = found_by(sending.region, region="paris")
    assert {"eu-west-3", "us-east-1"} <= set(found.remedy.replace(",", "").split())


@pytest.mark.parametrize(
    ("api_url", "state"),
    [
        ("https://a1b2c3.execute-api.eu-west-3.amazonaws.com", "ok"),
        ("https://forms.atelier.example", "ok"),
        ("https://a1b2c3.execute-api.us-east-1.amazonaws.com", "wrong"),
    ],
)
def test_an_api_of_another_region_than_the_stack_s_is_told(app: App, site: Site, api_url: str, state: str) -> None:
    (found,) = sending.region(with_stack(case(app, site, {}, {}), api_url=api_url))
    assert found.state == state
    assert ("us-east-1" in found.message) == (state == "wrong")


def test_a_verified_domain_covers_its_subdomains() -> None:
    sender: dict[str, Any] = {"from_email": "guichet@a.news.atelier.example"}
    (found,) = found_by(sending.identity, **sender)
    assert (found.state, found.message) == ("ok", "SES sends as atelier.example")
    (found,) = found_by(sending.dkim, **sender)
    assert (found.state, found.message) == ("ok", "mail is signed as atelier.example")
    # But not the other way round.
    assert found_by(sending.identity, knows({"news.atelier.example": IDENTITY}))[0].state == "wrong"
    assert found_by(sending.identity, knows({"example": IDENTITY}))[0].state == "wrong"


def test_an_address_that_is_verified_by_itself_sends_unsigned() -> None:
    answers = knows({"guichet@atelier.example": ADDRESS})
    assert found_by(sending.identity, answers)[0].message == "SES sends as guichet@atelier.example"
    (found,) = found_by(sending.dkim, answers)
    assert (found.state, "not signed as atelier.example" in found.message) == ("warning", True)
    assert "CreateIdentity=true" in found.remedy
    (found,) = found_by(
        sending.identity, knows({"guichet@atelier.example": {**ADDRESS, "VerifiedForSendingStatus": False}})
    )
    assert "follow the link that AWS mailed to guichet@atelier.example" in found.remedy


def test_an_address_sends_while_its_domain_waits_for_dns() -> None:
    answers = knows({"guichet@atelier.example": ADDRESS, "atelier.example": UNVERIFIED})
    (found,) = found_by(sending.identity, answers)
    assert (found.state, found.message) == ("ok", "SES sends as guichet@atelier.example")
    # The domain's identity is missing.
    assert "aaaa1111._domainkey.atelier.example" in found_by(sending.dkim, answers)[0].remedy


def test_what_is_verified_counts_before_what_is_nearer() -> None:
    unverified = {**ADDRESS, "VerifiedForSendingStatus": False}
    (found,) = found_by(sending.identity, knows({"guichet@atelier.example": unverified, "atelier.example": IDENTITY}))
    assert (found.state, found.message) == ("ok", "SES sends as atelier.example")


def test_an_address_may_switch_the_signature_of_its_domain_off() -> None:
    inherits = {**ADDRESS, "DkimAttributes": DKIM}
    answers = knows({"guichet@atelier.example": inherits, "atelier.example": IDENTITY})
    assert found_by(sending.dkim, answers)[0].message == "mail is signed as atelier.example"
    switched = {**ADDRESS, "DkimAttributes": {**DKIM, "SigningEnabled": False}}
    answers = knows({"guichet@atelier.example": switched, "atelier.example": IDENTITY})
    assert "signing is off" in found_by(sending.dkim, answers)[0].message


@pytest.mark.parametrize(
    ("known", "creates", "expected"),
    [
        ({}, True, [("ok", "the deploy creates the identity atelier.example, and prints the DNS records to add", "")]),
        ({}, False, [("wrong", "has no identity", "deploy with CreateIdentity=true")]),
        (
            {"atelier.example": IDENTITY},
            True,
            [("wrong", "the deploy would fail", "deploy with CreateIdentity=false"), ("ok", "SES sends", "")],
        ),
        (
            {"atelier.example": UNVERIFIED},
            True,
            [
                ("wrong", "the deploy would fail", "CreateIdentity=false"),
                ("wrong", "not verified", "DNS records below"),
            ],
        ),
        ({"atelier.example": IDENTITY}, False, [("ok", "SES sends as atelier.example", "")]),
        # The template creates the domain's identity; the address's does not conflict.
        ({"guichet@atelier.example": ADDRESS}, True, [("ok", "the deploy creates the identity atelier.example", "")]),
    ],
)
def test_before_a_deploy_the_identity_is_held_to_create_identity(
    known: Mapping[str, Any], *, creates: bool, expected: list[tuple[str, str, str]]
) -> None:
    found = found_by(sending.identity, knows(known), creates_identity=creates)
    assert [finding.state for finding in found] == [state for state, _, _ in expected]
    for finding, (_, says, remedy) in zip(found, expected, strict=True):
        assert says in finding.message
        assert finding.remedy == remedy or (remedy and remedy in finding.remedy)


def test_before_a_deploy_create_identity_is_read_from_the_parameters() -> None:
    assert inspection_before(PARAMETERS, REGION).creates_identity
    assert not inspection_before({**PARAMETERS, "CreateIdentity": "false"}, REGION).creates_identity


def test_an_identity_above_the_domain_is_not_in_the_way_of_the_deploy_and_may_save_it() -> None:
    sender: dict[str, Any] = {"from_email": "guichet@news.atelier.example", "creates_identity": True}
    (found,) = found_by(sending.identity, **sender)
    assert (found.state, "the deploy creates the identity news.atelier.example" in found.message) == ("ok", True)
    assert "SES already sends as atelier.example" in found.message
    # Its DNS records are not known yet.
    assert found_by(sending.dkim, **sender) == []


def test_an_identity_that_was_deleted_by_hand_is_not_made_anew_by_a_deploy(app: App, site: Site) -> None:
    told = case(app, site, knows({}), {})
    made = with_stack(told, parameters={**told.stack.parameters, "CreateIdentity": "true"})
    (found,) = sending.identity(inspection_of(made.stack))
    assert (found.state, found.remedy.partition(" at ")[0]) == ("wrong", "create the identity atelier.example")
    # And an existing one is not a conflict.
    there = with_stack(case(app, site, {}, {}), parameters={"CreateIdentity": "true"})
    assert [finding.state for finding in sending.identity(inspection_of(there.stack))] == ["ok"]


@pytest.mark.parametrize("zone", [None, "dkim.eu-central-2.amazonses.com"])
def test_dkim_records_that_are_there_are_waited_for(zone: str | None) -> None:
    told = {**DKIM, "Status": "PENDING"} | ({"SigningHostedZone": zone} if zone else {})
    zone = zone or "dkim.amazonses.com"
    records = {(f"{token}._domainkey.atelier.example", "CNAME"): [f"{token}.{zone}"] for token in DKIM["Tokens"]}
    (found,) = found_by(sending.dkim, identity(DkimAttributes=told), records)
    assert (found.state, found.remedy) == ("warning", "wait")
    # SES has stopped looking.
    (found,) = found_by(sending.dkim, identity(DkimAttributes={**told, "Status": "FAILED"}), records)
    assert (found.state, "gave up" in found.message) == ("wrong", True)
    assert "restart" in found.remedy
    del records["bbbb2222._domainkey.atelier.example", "CNAME"]
    (found,) = found_by(sending.dkim, identity(DkimAttributes=told), records)
    assert found.remedy == f"add to DNS: bbbb2222._domainkey.atelier.example CNAME bbbb2222.{zone}"


def test_a_key_of_the_owner_s_own_is_looked_for_by_its_selector() -> None:
    own = {"Status": "PENDING", "SigningEnabled": True, "SigningAttributesOrigin": "EXTERNAL", "Tokens": ["mine"]}
    (found,) = found_by(sending.dkim, identity(DkimAttributes=own))
    assert found.remedy == "add to DNS: mine._domainkey.atelier.example TXT with your public key"
    records = {("mine._domainkey.atelier.example", "TXT"): ["v=DKIM1; p=MIGf"]}
    assert found_by(sending.dkim, identity(DkimAttributes=own), records)[0].remedy == "wait"


def test_a_domain_without_dkim_is_told_to_switch_it_on() -> None:
    none = {"Status": "NOT_STARTED", "SigningEnabled": False, "Tokens": []}
    (found,) = found_by(sending.dkim, identity(DkimAttributes=none))
    assert (found.state, "not set up for atelier.example" in found.message) == ("wrong", True)
    assert "put-email-identity-dkim-signing-attributes --email-identity atelier.example" in found.remedy


@pytest.mark.parametrize(
    ("records", "state", "words"),
    [
        ([], "warning", "has no DMARC record"),
        (["v=spf1 -all", "v=DMARC2; p=none", "p=none; v=DMARC1"], "warning", "has no DMARC record"),
        (["v=DMARC1; p=none"], "ok", "has the policy none; mail passes it by its DKIM signature as atelier.example"),
        (["v = DMARC1 ;p\t= none ; rua = mailto:a@atelier.example"], "ok", "has the policy none"),
        (["something else", "V=DMARC1;P=REJECT"], "ok", "has the policy reject"),
        (["v=DMARC1; rua=mailto:a@example.org"], "wrong", "names no valid policy"),
        (["v=DMARC1; p=nothing"], "wrong", "names no valid policy"),
        (["v=DMARC1; p=none; sp=nothing"], "wrong", "names no valid policy"),
        (["v=dmarc1; p=none"], "wrong", "in capitals"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "wrong", "2 records"),
        # Its policy for subdomains does not apply to the domain itself.
        (["v=DMARC1; p=none; sp=reject"], "ok", "has the policy none;"),
    ],
)
def test_dmarc(records: list[str], state: str, words: str) -> None:
    (found,) = found_by(dmarc.dmarc, records={("_dmarc.atelier.example", "TXT"): records})
    assert found.state == state
    assert words in found.message
    # An ok finding has a next step, until the policy is reject.
    assert bool(found.remedy) == ("reject;" not in found.message)
    assert found.remedy.startswith("next, ") == (state == "ok" and bool(found.remedy))


@pytest.mark.parametrize(
    ("record", "mended"),
    [
        ("v=DMARC1; rua=mailto:a@example.org", "v=DMARC1; p=none; rua=mailto:a@example.org"),
        ("v=dmarc1;p=reject;sp=nothing;adkim=s", "v=DMARC1; p=reject; adkim=s"),
    ],
)
def test_a_dmarc_record_is_mended_and_not_thrown_away(record: str, mended: str) -> None:
    (found,) = found_by(dmarc.dmarc, records={("_dmarc.atelier.example", "TXT"): [record]})
    assert found.remedy == f'replace it with: _dmarc.atelier.example TXT "{mended}"'


@pytest.mark.parametrize(
    ("parent", "state", "says"),
    [
        ("v=DMARC1; p=quarantine", "ok", "atelier.example has the policy quarantine for its subdomains"),
        ("v=DMARC1; p=none; sp=reject", "ok", "atelier.example has the policy reject for its subdomains"),
        (
            "v=DMARC1; p=reject; sp=none; adkim=s",
            "warning",
            "the record requires mail.atelier.example itself (adkim=s)",
        ),
        ("v=DMARC1; p=none; sp=reject; adkim=s", "wrong", "does not pass it and is refused"),
    ],
)
def test_dmarc_of_a_parent_counts_for_its_subdomains(parent: str, state: str, says: str) -> None:
    records = {("_dmarc.atelier.example", "TXT"): [parent]}
    (found,) = found_by(dmarc.dmarc, records=records, from_email="guichet@mail.atelier.example")
    assert (found.state, says in found.message) == (state, True)
    # Its own record comes first.
    records["_dmarc.mail.atelier.example", "TXT"] = ["v=DMARC1; p=none"]
    (found,) = found_by(dmarc.dmarc, records=records, from_email="guichet@mail.atelier.example")
    assert found.message.startswith("mail.atelier.example has the policy none;")


_MAIL_FROM = {
    "MailFromDomain": "bounce.atelier.example",
    "MailFromDomainStatus": "SUCCESS",
    "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
}
_OFF = {**DKIM, "SigningEnabled": False}


@pytest.mark.parametrize(
    ("answers", "record", "state", "says"),
    [
        (knows({"guichet@atelier.example": ADDRESS}), "p=reject", "wrong", "and is refused: it is not signed"),
        (knows({"guichet@atelier.example": ADDRESS}), "p=quarantine", "wrong", "and is treated as spam"),
        (knows({"guichet@atelier.example": ADDRESS}), "p=none", "warning", "mail does not pass it: it is not signed"),
        (identity(DkimAttributes=_OFF), "p=reject", "wrong", "is refused"),
        # SPF does, if MAIL FROM belongs to the domain.
        (identity(DkimAttributes=_OFF, MailFromAttributes=_MAIL_FROM), "p=reject", "ok", "by its MAIL FROM domain"),
        (identity(DkimAttributes=_OFF, MailFromAttributes=_MAIL_FROM), "p=reject; aspf=s", "wrong", "is refused"),
        (
            identity(DkimAttributes=_OFF, MailFromAttributes={**_MAIL_FROM, "MailFromDomainStatus": "FAILED"}),
            "p=reject",
            "wrong",
            "is refused",
        ),
        (identity(), "p=reject; adkim=s", "ok", "by its DKIM signature"),
        # Nothing is sent yet; another check says what to do about it.
        (knows({"atelier.example": UNVERIFIED}), "p=reject", "ok", "once SES signs it"),
        (knows({}), "p=reject", "ok", "once SES signs it"),
    ],
)
def test_whether_mail_passes_dmarc_is_told_of_what_ses_does(
    answers: Answers, record: str, state: str, says: str
) -> None:
    (found,) = found_by(dmarc.dmarc, answers, {("_dmarc.atelier.example", "TXT"): [f"v=DMARC1; {record}"]})
    assert (found.state, says in found.message) == (state, True)
    assert bool(found.remedy) == (state != "ok")


def test_before_a_deploy_that_makes_the_identity_mail_is_to_pass_dmarc() -> None:
    answers = knows({"guichet@atelier.example": ADDRESS})
    (found,) = found_by(dmarc.dmarc, answers, creates_identity=True)
    assert (found.state, "once SES signs it" in found.message) == ("ok", True)


_SPF = {("bounce.atelier.example", "TXT"): ["v=spf1 include:amazonses.com ~all"]}
_MX = {("bounce.atelier.example", "MX"): ["10 feedback-smtp.eu-west-3.amazonses.com"]}


@pytest.mark.parametrize(
    ("records", "state", "remedy"),
    [
        (_SPF, "wrong", "add to DNS: bounce.atelier.example MX 10 feedback-smtp.eu-west-3.amazonses.com"),
        (_MX, "wrong", 'add to DNS: bounce.atelier.example TXT "v=spf1 include:amazonses.com ~all"'),
        (_SPF | _MX, "ok", ""),
        (_MX | {("bounce.atelier.example", "TXT"): ["V=SPF1 Include:AmazonSES.com -all"]}, "ok", ""),
        # A second record would invalidate both.
        (
            _MX | {("bounce.atelier.example", "TXT"): ["v=spf1 -include:amazonses.com a -all"]},
            "wrong",
            (
                'add to DNS: bounce.atelier.example TXT "v=spf1 include:amazonses.com -include:amazonses.com a -all"'
                ", replacing the existing one"
            ),
        ),
        (
            _SPF | {("bounce.atelier.example", "MX"): ["5 mx.example.net", *_MX["bounce.atelier.example", "MX"]]},
            "wrong",
            "add to DNS: bounce.atelier.example MX 10 feedback-smtp.eu-west-3.amazonses.com, and no other MX",
        ),
        (
            {("bounce.atelier.example", "TXT"): ["v=spf1 a -all", "v=spf1 include:amazonses.com ~all"]},
            "wrong",
            "merge them into one: with several, none applies",
        ),
    ],
)
def test_spf_of_a_mail_from_domain_of_its_own(records: Mapping[Any, Any], state: str, remedy: str) -> None:
    (found,) = found_by(mail_from.spf, identity(MailFromAttributes=_MAIL_FROM), records)
    assert (found.state, found.remedy) == (state, remedy)


def test_a_mail_from_domain_that_ses_has_not_seen_yet_is_waited_for() -> None:
    pending = identity(MailFromAttributes={**_MAIL_FROM, "MailFromDomainStatus": "PENDING"})
    (found,) = found_by(mail_from.spf, pending, _SPF | _MX)
    assert (found.state, found.remedy) == ("warning", "wait, for up to 72 hours")


def test_two_spf_records_of_the_domain_are_told_though_the_site_s_mail_needs_none() -> None:
    (found,) = found_by(mail_from.spf, records={("atelier.example", "TXT"): ["v=spf1 a -all", "v=spf1 mx -all"]})
    assert (found.state, "2 SPF records" in found.message) == ("warning", True)


@pytest.mark.parametrize(
    ("most", "sent", "state", "says"),
    [
        (50_000, 39_999, "ok", "39,999 of 50,000 emails in 24 hours, 14 a second"),
        (50_000, 40_000, "warning", "the quota is nearly used up"),
        (50_000, 50_000, "wrong", "the quota is used up, so mail waits and goes out automatically later"),
        (200, 200, "wrong", "the quota is used up"),
        (200, 10, "warning", "StrangerMailPerDay is 500"),
        (-1, 50_000, "ok", "50,000 emails in 24 hours, 14 a second"),
        (None, 0, "ok", "0 emails in 24 hours"),
    ],
)
def test_the_quota_of_a_day_is_told_before_it_is_used_up(most: int | None, sent: int, state: str, says: str) -> None:
    quota = {"MaxSendRate": 14.0, "SentLast24Hours": float(sent)} | ({} if most is None else {"Max24HourSend": most})
    found = only(found_by(account.quota, changed("sesv2:GetAccount", SendQuota=quota)), "quota")
    assert (found.state, says in found.message) == (state, True)
    assert bool(found.remedy) == (state != "ok")


_SANDBOX = changed("sesv2:GetAccount", ProductionAccessEnabled=False)


def test_in_the_sandbox_an_owner_who_is_not_verified_is_told() -> None:
    for owner in ("owner@atelier.example", "me@mail.atelier.example"):
        assert found_by(account.owner, _SANDBOX, owner_emails=[owner])[0].state == "ok"
    (found,) = found_by(account.owner, _SANDBOX, owner_emails=["o'neil@other.example"])
    assert (found.state, "stays queued" in found.message) == ("wrong", True)
    # Ready for a shell.
    assert """--email-identity 'o'"'"'neil@other.example' --region eu-west-3, then""" in found.remedy
    (found,) = found_by(account.owner, _SANDBOX | knows({"atelier.example": UNVERIFIED}))
    assert found.state == "wrong"


def test_before_a_deploy_the_identity_to_be_made_covers_an_owner_of_the_same_domain() -> None:
    owners = ["owner@atelier.example", "me@other.example"]
    found = found_by(account.owner, _SANDBOX | knows({}), owner_emails=owners, creates_identity=True)
    assert [finding.state for finding in found] == ["ok", "wrong"]


# --- the site's own forms ---------------------------------------------------------------------------------------------


def test_the_recipients_of_the_site_s_forms_are_held_to_what_the_owner_is(tmp_path: Path) -> None:
    assert found_by(account.recipients, _SANDBOX) == []
    own = QUOTE.replace("grands@example.org", "owner@atelier.example")
    with site_forms(tmp_path, own):
        (found,) = found_by(account.recipients, _SANDBOX)
        (fine,) = found_by(account.recipients)
    assert (found.check, found.state) == ("recipients", "wrong")
    assert "mail to devis@example.org stays queued: the address is not verified" in found.message
    assert "create-email-identity --email-identity devis@example.org" in found.remedy
    assert (fine.state, "devis@example.org" in fine.message) == ("ok", True)


@pytest.mark.parametrize("honeypot", ["phone", "Phone"])
def test_a_declared_field_that_is_the_honeypot_is_told(tmp_path: Path, honeypot: str) -> None:
    with site_forms(tmp_path):
        (fine,) = found_by(stack.declared_forms)
        (found,) = found_by(stack.declared_forms, honeypot_field=honeypot)
    assert (fine.state, fine.message) == ("ok", "functions/forms.toml declares devis")
    assert (found.state, f"devis has a field {honeypot}" in found.message) == ("warning", True)
    assert found.message.endswith("so that form has no honeypot")


def test_a_forms_file_that_is_wrong_is_told_by_each_check_that_reads_it(examined: Examined, tmp_path: Path) -> None:
    healthy = {finding.check for finding in examined()}
    with site_forms(tmp_path, '[devis]\nfields.a = { type = "texte" }'):
        wrong = [finding for finding in examined() if finding.state != "ok"]
    assert {finding.check for finding in wrong} == {"recipients", "declared forms", "form"}
    assert {finding.remedy for finding in wrong} == {"guichet forms check"}
    assert all("[devis] fields.a.type" in finding.message for finding in wrong)
    assert "recipients" not in healthy


def test_forms_of_the_site_s_own_are_known_where_the_page_posts_them(app: App, site: Site, tmp_path: Path) -> None:
    told = with_stack(case(app, site, {}, {}), api_url="https://forms.atelier.example")
    with site_forms(tmp_path):
        site.page = "<form action='https://forms.atelier.example/f/devis' method='post'>"
        (right,) = page.form(told)
        site.page = "<form action='https://forms.atelier.example/f/Devi' method='post'>"
        (wrong,) = page.form(replace(told))
    (undeclared,) = page.form(with_stack(case(app, site, {}, {}), api_url="https://forms.atelier.example"))
    assert (right.state, "that post to the API: 1" in right.message) == ("ok", True)
    assert (wrong.state, wrong.remedy) == ("wrong", 'use action="https://forms.atelier.example/f/devis"')
    assert undeclared.state == "wrong"


# --- the stack --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "words", "command"),
    [
        (
            {"dynamodb:DescribeTimeToLive": {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}},
            "time to live is off",
            (
                "update-time-to-live --table-name table --time-to-live-specification "
                "Enabled=true,AttributeName=expires_at --region eu-west-3"
            ),
        ),
        (
            {
                "dynamodb:DescribeContinuousBackups": {
                    "ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED"},
                }
            },
            "recovery is off",
            (
                "update-continuous-backups --table-name table --point-in-time-recovery-specification "
                "PointInTimeRecoveryEnabled=true --region eu-west-3"
            ),
        ),
        (
            {"dynamodb:DescribeTable": {"Table": {"TableName": "table"}}},
            "stream is off",
            (
                "update-table --table-name table --stream-specification "
                "StreamEnabled=true,StreamViewType=KEYS_ONLY --region eu-west-3, then `guichet doctor --fix`"
            ),
        ),
    ],
)
def test_what_is_off_at_the_table_is_told(examined: Examined, answers: Answers, words: str, command: str) -> None:
    (found,) = [finding for finding in examined(answers) if finding.check == "table" and finding.state == "wrong"]
    assert words in found.message
    assert found.remedy.startswith(f"aws dynamodb {command}")


def test_an_alarm_that_rings_is_told_with_its_description(examined: Examined) -> None:
    alarm = {**HEALTHY["cloudwatch:DescribeAlarms"]["MetricAlarms"][0], "StateValue": "ALARM"}
    findings = examined({"cloudwatch:DescribeAlarms": {"MetricAlarms": [alarm]}})
    (found,) = [finding for finding in findings if finding.state == "warning"]
    assert "An email is owed." in found.message
    assert "infra/docs/runbook.md" in found.remedy


def test_emails_that_wait_too_long_are_told(app: App, examined: Examined) -> None:
    with time_machine.travel(START):
        contact(app)
        assert only(examined(), "queued emails").state == "ok"
    with time_machine.travel(START.replace(hour=13)):
        found = only(examined(), "queued emails")
    assert (found.state, found.remedy) == ("warning", "guichet outbox")
    assert "3.0 hours" in found.message


def test_a_stack_of_an_older_version_is_told(app: App, site: Site) -> None:
    older = case(app, site, {}, {})
    known = {name: "" for name in older.stack.parameters if name != "WeeklyDigest"}
    found = only(list(examine(with_stack(older, parameters=known))), "parameters")
    assert "lacks WeeklyDigest" in found.message


@pytest.mark.parametrize(
    ("gone", "check", "says"),
    [
        ("AlarmTopic", "alarms", "no AlarmTopic"),
        ("OutboxAlarm", "alarms", "no alarm"),
        ("Notifier", "stream", "no Notifier"),
        ("NotifierSweep", "schedule", "no NotifierSweep"),
    ],
)
def test_what_the_stack_has_not_got_is_told_and_all_else_is_examined(
    app: App, site: Site, gone: str, check: str, says: str
) -> None:
    resources = {name: physical for name, physical in RESOURCES.items() if name != gone}
    findings = list(examine(with_stack(case(app, site, {}, {}), resources=resources)))
    (found,) = [finding for finding in findings if finding.state != "ok"]
    assert (found.check, found.state, found.remedy) == (check, "wrong", "make deploy")
    assert says in found.message
    assert {"parameters", "page", "form", "CORS"} <= {finding.check for finding in findings}


# --- the site ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "check", "state", "words"),
    [
        ({"status": 404}, "page", "wrong", "answers 404"),
        # Bot protection is not an error of the page.
        ({"status": 403}, "page", "unknown", "answers 403 to this command"),
        ({"locations": {"/": "/home"}}, "page", "ok", "/home may post forms"),
        ({"preflight": {}}, "CORS", "wrong", "does not let scripts"),
        (
            {"preflight": {"Access-Control-Allow-Origin": "https://else.example"}},
            "CORS",
            "wrong",
            "does not let scripts",
        ),
        ({"preflight": {"Access-Control-Allow-Origin": "*"}}, "CORS", "wrong", "not posting JSON"),
    ],
)
def test_the_site_s_real_page_and_preflight(  # noqa: PLR0913, PLR0917
    site: Site, examined: Examined, change: dict[str, Any], check: str, state: str, words: str
) -> None:
    for name, value in change.items():
        setattr(site, name, value)
    found = only(examined(), check)
    assert found.state == state
    assert words in found.message


@pytest.mark.parametrize(
    ("media_type", "status", "state", "words"),
    [
        ("image/png", 200, "ok", "is an image on the site"),
        ("image/svg+xml", 200, "warning", "most mail programs do not"),
        ("text/html", 200, "wrong", "answers 200 text/html, not an image"),
        ("image/png", 404, "wrong", "answers 404 image/png, not an image"),
    ],
)
def test_the_logo_is_an_image_that_mail_programs_show(  # noqa: PLR0913, PLR0917
    site: Site, examined: Examined, media_type: str, status: int, state: str, words: str
) -> None:
    site.media_type, site.status = media_type, status
    found = only(examined(logo_url=f"{site.address}/logo.png"), "logo")
    assert found.state == state
    assert words in found.message
    assert bool(found.remedy) == (state != "ok")


def test_a_logo_of_another_origin_is_told_and_one_that_leads_there_too(site: Site, examined: Examined) -> None:
    found = only(examined(logo_url="https://cdn.example/a/logo.png"), "logo")
    assert found.state == "wrong"
    assert "is not on" in found.message
    assert f"LogoUrl={site.address}/a/logo.png" in found.remedy
    site.locations = {"/logo.png": "https://cdn.example/logo.png"}
    assert only(examined(logo_url=f"{site.address}/logo.png"), "logo").state == "wrong"


def test_the_page_s_origin_is_the_one_that_redirects_end_at(app: App, site: Site) -> None:
    other = site.address.replace("127.0.0.1", "localhost")
    # The last is relative to the previous one.
    site.locations = {"/": f"{other}/start", "/start": "/home?a=b"}
    told = case(app, site, {}, {})
    further = frozenset({*told.origins, "https://www.atelier.example"})
    told = replace(told, origins=further)
    (found,) = page.page(told)
    assert found.state == "wrong"
    assert f"deploy with SiteUrl={other}/home, or with AllowedOrigins=" in found.remedy
    # Origins that are allowed stay allowed.
    assert f"{other},https://www.atelier.example" in found.remedy
    # The preflight is the one that a browser would make from there.
    (found,) = page.cors(told)
    assert (found.state, found.message) == ("wrong", f"{site.address} does not let scripts on {other} post")
    assert f"AllowedOrigins={other}" in found.remedy
    site.preflight["Access-Control-Allow-Origin"] = other
    (found,) = page.cors(told)
    assert (found.state, found.message) == ("ok", f"{site.address} lets scripts on {other} post")


def test_where_the_page_cannot_be_had_the_preflight_is_of_its_address(app: App, site: Site) -> None:
    site.locations = {"/": "/"}
    (found,) = page.cors(case(app, site, {}, {}))
    assert (found.state, f"scripts on {site.address}" in found.message) == ("ok", True)


def test_a_page_that_never_ends_and_a_loop_of_redirects_end_the_check(site: Site, examined: Examined) -> None:
    site.page = "x" * 5_000_000
    assert only(examined(), "page").state == "ok"
    site.locations = {"/": "/"}
    assert only(examined(), "page").state == "unknown"


_API = "https://a1b2c3.execute-api.eu-west-3.amazonaws.com"


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        (f"<form action='{_API}/contact' method=post>", "ok", "that post to the API: 1"),
        ("<FORM ACTION=' https://FORMS.atelier.example:443/f/newsletter?a=b ' METHOD=POST>", "ok", "the API: 1"),
        ("<base href='https://forms.atelier.example/x/'><form action='../contact' method='Post'>", "ok", "the API: 1"),
        ("<script>fetch('https://forms.atelier.example/contact')</script>", "ok", "a script may post to it"),
        ("<p>Nothing.", "ok", "another page may. The output FormSnippet"),
        # Forms for other services are not checked.
        (
            (
                "<form action='/search'><form><form action='https://pay.example/contact' method='post'>"
                "<form action='http://x:99999/contact'><form action='http://[/contact'>"
                "<form action='mailto:a@b.example'>"
            ),
            "ok",
            "another page may",
        ),
        ("<!-- <form action='https://forms.atelier.example/old' method=post> -->", "ok", "a script may"),
        (
            "<form action='https://forms.atelier.example/contact/' method='post'>",
            "wrong",
            "where the API accepts no forms",
        ),
        (
            "<form action='http://forms.atelier.example/contact' method='post'>",
            "wrong",
            "where the API accepts no forms",
        ),
        (f"<form action='{_API}/' method='post'>", "wrong", "where the API accepts no forms"),
        ("<form action='https://forms.atelier.example/contact'>", "warning", "not by POST"),
        (
            "<form action='https://old.execute-api.eu-west-3.amazonaws.com/contact' method='post'>",
            "warning",
            "is not this stack's API",
        ),
    ],
)
def test_forms_that_are_meant_for_guichet_are_to_reach_it(
    app: App, site: Site, text: str, state: str, words: str
) -> None:
    site.page = text
    (found,) = page.form(with_stack(case(app, site, {}, {}), api_url="https://forms.atelier.example"))
    assert (found.state, words in found.message) == (state, True)
    assert bool(found.remedy) == (state != "ok")


@pytest.mark.parametrize(
    ("action", "right"),
    [
        ("https://old.execute-api.eu-west-3.amazonaws.com/f/newsletter", "/f/newsletter"),
        ("https://forms.atelier.example/mail", "/contact"),
    ],
)
def test_a_form_that_goes_astray_is_told_where_to(app: App, site: Site, action: str, right: str) -> None:
    site.page = f"<form action='{action}' method='post'>"
    (found,) = page.form(with_stack(case(app, site, {}, {}), api_url="https://forms.atelier.example"))
    assert f'use action="https://forms.atelier.example{right}"' in found.remedy


def test_where_site_and_api_share_a_host_other_forms_are_the_site_s(app: App, site: Site) -> None:
    site.page = "<form action='/search'><form action='/contact' method='post'>"
    (found,) = page.form(case(app, site, {}, {}))
    assert (found.state, "that post to the API: 1" in found.message) == ("ok", True)


# --- the whole command
# --------------------------------------------------------------------------------------------------------


def test_a_check_that_cannot_be_done_says_why_and_keeps_no_other_from_being_done(examined: Examined) -> None:
    healthy = {finding.check for finding in examined()}
    for operation, checks in (
        ("sesv2:GetAccount", {"sandbox", "sending", "quota", "price plan", "owner", "tracking"}),
        ("lambda:ListEventSourceMappings", {"stream"}),
        ("dynamodb:DescribeTable", {"table", "stream"}),
    ):
        findings = examined({operation: {"error": "AccessDeniedException"}})
        unknown = [finding for finding in findings if finding.state == "unknown"]
        assert {finding.check for finding in unknown} == checks
        assert all(operation.partition(":")[2] in finding.remedy for finding in unknown)
        assert "not to be quoted" not in str(findings)
        assert healthy == {finding.check for finding in findings}
    refused = {"identity", "DKIM", "DMARC", "SPF"}
    findings = examined({"sesv2:GetEmailIdentity": {"error": "AccessDeniedException"}})
    assert {finding.check for finding in findings if finding.state == "unknown"} == refused
    found = only(examined({"sesv2:GetAccount": NoCredentialsError()}), "quota")
    assert (found.state, found.message) == ("unknown", "there are no AWS credentials")
    gone = EndpointConnectionError(endpoint_url="https://events.example")
    assert only(examined({"events:DescribeRule": gone}), "schedule").state == "unknown"
    lost = dns.exception.Timeout()  # type: ignore[no-untyped-call]
    assert only(examined(records={("_dmarc.atelier.example", "TXT"): lost}), "DMARC").state == "unknown"


@pytest.mark.parametrize("code", ["ThrottlingException", "Throttling", "TooManyRequestsException"])
def test_where_aws_asks_for_patience_it_is_said(examined: Examined, code: str) -> None:
    found = only(examined({"sesv2:GetAccount": {"error": code}}), "quota")
    assert (found.state, found.remedy) == ("unknown", "try again in a minute")


def test_a_check_that_breaks_keeps_no_other_from_being_done(examined: Examined) -> None:
    findings = examined(records={("_dmarc.atelier.example", "TXT"): ValueError("not to be quoted")})
    found = only(findings, "DMARC")
    assert (found.state, found.message) == ("unknown", "the check itself failed: ValueError")
    assert only(findings, "CORS").state == "ok"


def test_no_finding_quotes_the_secret(examined: Examined) -> None:
    assert PARAMETERS["SigningSecret"] not in str(examined())


def test_before_a_deploy_only_what_needs_no_stack_is_examined(site: Site) -> None:
    before = inspection_before({**PARAMETERS, "SiteUrl": site.address, "CreateIdentity": "false"}, REGION)
    found = list(examine(replace(before, client=Aws(all_answers({})).client, records=in_dns({}))))
    assert {finding.state for finding in found} == {"ok"}
    assert {"table", "alarms", "CORS", "form"}.isdisjoint({finding.check for finding in found})
    assert {"region", "identity", "DKIM", "sandbox", "owner", "page"} <= {finding.check for finding in found}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SiteUrl", "https://x.example:99999", "SiteUrl: 'https://x.example:99999' is not allowed"),
        ("AllowedOrigins", "https://x.example:99999", "AllowedOrigins: 'https://x.example:99999' is not allowed"),
        ("OwnerEmail", "me@example.org,.me@example.org", "expected up to ten bare addresses"),
    ],
)
def test_a_parameter_that_the_functions_would_not_start_with_is_told_before_a_deploy(
    name: str, value: str, says: str
) -> None:
    with pytest.raises(TemplateError) as refused:
        inspection_before({**PARAMETERS, name: value}, REGION)
    assert says in str(refused.value)
    assert PARAMETERS["SigningSecret"] not in str(refused.value)


def test_records_of_dns_are_read_as_dns_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolve(_: Any, name: str, kind: str, lifetime: float) -> Any:
        assert lifetime == 5
        if name == "none.example":
            raise dns.resolver.NXDOMAIN
        if kind == "TXT":
            return [SimpleNamespace(strings=[b"v=spf1 ", b"-all"])]
        return [SimpleNamespace(to_text=lambda: "10 Feedback-SMTP.example.")]

    monkeypatch.setattr(dns.resolver.Resolver, "resolve", resolve)
    assert look_up("a.example", "TXT") == ["v=spf1 -all"]
    assert look_up("a.example", "MX") == ["10 feedback-smtp.example"]
    assert look_up("none.example", "TXT") == []


def test_the_command_says_each_finding_and_ends_with_1_where_something_is_wrong(
    app: App, site: Site, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = case(app, site, {}, {})
    monkeypatch.setattr(doctor, "inspection_of", lambda _: told)
    said = operate(app, "doctor")
    assert said.code == 0
    assert "ok       DKIM: mail is signed as atelier.example" in said.out
    monkeypatch.setattr(doctor, "inspection_of", lambda _: replace(told, records=lambda *_: []))
    said = operate(app, "doctor")
    assert said.code == 1
    assert "→ add to DNS: _dmarc.atelier.example TXT" in said.out
    rows = operate(app, "doctor", "--json").rows
    assert {"check", "state", "message", "remedy", "fix"} == set(rows[0])


def test_parameters_before_a_deploy_are_held_to_the_template(
    operate: Operate, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(doctor, "inspection_before", lambda given, region: seen.append((given, region)))
    monkeypatch.setattr(doctor, "examine", lambda _: iter(()))
    assert operate(app, "doctor", "--before", "SiteName='My site' FromEmail=a@b.example").code == 0
    assert seen == [({"SiteName": "My site", "FromEmail": "a@b.example"}, REGION)]
    monkeypatch.undo()
    said = operate(app, "doctor", "--before", "FromEmail=nobody")
    assert said.code == 2
    assert "FromEmail" in said.err or "SiteName" in said.told
    given = {**PARAMETERS, "SiteUrl": "https://x.example:99999"}
    said = operate(app, "doctor", "--before", " ".join(f"{name}='{value}'" for name, value in given.items()))
    assert said.code == 2
    words = " ".join(said.err.split())
    assert words.startswith("error: SiteUrl: 'https://x.example:99999' is not allowed; expected an http or https")
