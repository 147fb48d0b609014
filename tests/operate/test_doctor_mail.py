"""`guichet doctor` about mail: DMARC's next step, MAIL FROM, the account and what it costs, tracking and events."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.operate.checks import account, configuration_sets, dmarc, mail_from, stack
from infra.operate.doctor import CHECKS
from infra.operate.inspection import Finding
from tests.support.app import App
from tests.support.aws import Answers
from tests.support.doctor import (
    DKIM,
    HEALTHY,
    MAPPING,
    Site,
    case,
    changed,
    found_by,
    identity,
    knows,
)
from tests.support.pages import read, rows

# --- DMARC ------------------------------------------------------------------------------------------------------------

_NAME = "_dmarc.atelier.example"
_REPORTS = "rua=mailto:owner@atelier.example"
_PROVEN = "next, once two weeks of reports show that all your mail passes"


@pytest.mark.parametrize(
    ("record", "step"),
    [
        (
            "v=DMARC1; p=none",
            (
                f"next, have reports sent to you, to see what else sends as atelier.example: {_NAME} TXT "
                f'"v=DMARC1; p=none; {_REPORTS}"'
            ),
        ),
        (
            f"v=DMARC1; adkim=s; p=none; {_REPORTS}",
            f'{_PROVEN}: {_NAME} TXT "v=DMARC1; p=quarantine; adkim=s; {_REPORTS}"',
        ),
        (
            f"v=DMARC1; p=quarantine; pct=25; {_REPORTS}",
            (
                f"{_PROVEN}, take out pct (newer mailboxes apply the policy to all mail already, older ones to 25%): "
                f'{_NAME} TXT "v=DMARC1; p=quarantine; {_REPORTS}"'
            ),
        ),
        (
            f"v=DMARC1; p=quarantine; pct=100; {_REPORTS}",
            f'{_PROVEN}: {_NAME} TXT "v=DMARC1; p=reject; {_REPORTS}"',
        ),
        (
            f"v=DMARC1; p=reject; t=y; {_REPORTS}",
            f'{_PROVEN}, end the test: {_NAME} TXT "v=DMARC1; p=reject; {_REPORTS}"',
        ),
        (
            f"v=DMARC1; p=reject; pct=100; ri=86400; {_REPORTS}",
            (
                "next, take out pct and ri, which DMARC dropped in 2026 (RFC 9989): "
                f'{_NAME} TXT "v=DMARC1; p=reject; {_REPORTS}"'
            ),
        ),
        (
            f"v=DMARC1; p=reject; sp=none; {_REPORTS}",
            (
                "next, once no subdomain sends mail that does not pass, protect subdomains as well: "
                f'{_NAME} TXT "v=DMARC1; p=reject; {_REPORTS}"'
            ),
        ),
        ("v=DMARC1; p=reject", ""),
        (f"v=DMARC1; p=reject; sp=reject; {_REPORTS}", ""),
    ],
)
def test_the_next_dmarc_record_is_written_out(record: str, step: str) -> None:
    (found,) = found_by(dmarc.dmarc, records={(_NAME, "TXT"): [record]})
    assert (found.state, found.remedy) == ("ok", step)


def test_the_steps_from_none_lead_to_reject() -> None:
    record, seen = "v=DMARC1; p=none", []
    for _ in range(9):
        (found,) = found_by(dmarc.dmarc, records={(_NAME, "TXT"): [record]})
        if not found.remedy:
            break
        record = found.remedy.split('TXT "')[1].rstrip('"')
        seen.append(record)
    assert seen == [f"v=DMARC1; p={policy}; {_REPORTS}" for policy in ("none", "quarantine", "reject")]


def test_a_subdomain_gets_a_record_of_its_own_and_the_parent_s_stays() -> None:
    def step(record: str) -> str:
        records = {(_NAME, "TXT"): [record]}
        (found,) = found_by(dmarc.dmarc, records=records, from_email="guichet@mail.atelier.example")
        return found.remedy

    own = "next, once all mail from mail.atelier.example passes, add to DNS a record of its own: _dmarc.mail.atelier."
    assert step(f"v=DMARC1; p=none; {_REPORTS}") == f'{own}example TXT "v=DMARC1; p=quarantine; {_REPORTS}"'
    assert step("v=DMARC1; p=reject; sp=quarantine") == f'{own}example TXT "v=DMARC1; p=reject"'
    assert step("v=DMARC1; p=reject") == ""


def test_no_stricter_policy_is_advised_for_mail_that_does_not_pass_or_passes_by_spf_alone() -> None:
    off = {**DKIM, "SigningEnabled": False}
    custom = {"MailFromDomain": "b.atelier.example", "MailFromDomainStatus": "SUCCESS"}
    custom["BehaviorOnMxFailure"] = "USE_DEFAULT_VALUE"
    records = {(_NAME, "TXT"): [f"v=DMARC1; p=none; {_REPORTS}"]}
    for answers in (
        identity(DkimAttributes=off),
        identity(DkimAttributes=off, MailFromAttributes=custom),
        knows({}),
    ):
        assert all("p=quarantine" not in found.remedy for found in found_by(dmarc.dmarc, answers, records))


def test_reports_go_to_the_owner_only_at_the_domain_or_one_above_or_below_it() -> None:
    def record(owner: str, domain: str = "atelier.example") -> str:
        nothing: dict[tuple[str, str], list[str]] = {
            (f"_dmarc.{name}", "TXT"): [] for name in (domain, "atelier.example")
        }
        (found,) = found_by(dmarc.dmarc, records=nothing, owner_emails=[owner], from_email=f"guichet@{domain}")
        return found.remedy

    assert record("me@atelier.example") == f'add to DNS: {_NAME} TXT "v=DMARC1; p=none; rua=mailto:me@atelier.example"'
    # Nobody sends reports to another domain unless that one allows it.
    assert record("me@mail.example") == f'add to DNS: {_NAME} TXT "v=DMARC1; p=none"'
    assert "rua" not in record("me@the-atelier.example")
    assert "rua" not in record("me@atelier.example", "the-atelier.example")
    assert "rua=mailto:me@mail.atelier.example" in record("me@mail.atelier.example")
    assert "rua=mailto:me@atelier.example" in record("me@atelier.example", "mail.atelier.example")


def test_a_record_without_its_version_first_is_told_and_replaced() -> None:
    (found,) = found_by(dmarc.dmarc, records={(_NAME, "TXT"): ["p=reject; v=DMARC1"]})
    assert (
        found.state,
        "does not begin with v=DMARC1, so it does not count (p=reject; v=DMARC1)" in found.message,
    ) == (
        "warning",
        True,
    )
    assert found.remedy.startswith(f'replace it with: {_NAME} TXT "v=DMARC1; p=none')


def test_several_records_are_quoted() -> None:
    (found,) = found_by(dmarc.dmarc, records={(_NAME, "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]})
    assert "v=DMARC1; p=none and v=DMARC1; p=reject" in found.message


def test_reports_that_arrive_nowhere_are_told() -> None:
    elsewhere = {(_NAME, "TXT"): ["v=DMARC1; p=none; rua=mailto:a@reports.example!10m,mailto:b@atelier.example"]}
    passing, untold = found_by(dmarc.dmarc, records=elsewhere)
    assert (passing.state, passing.remedy) == ("ok", "")
    assert (untold.state, "are not sent to reports.example" in untold.message) == ("warning", True)
    name = "atelier.example._report._dmarc.reports.example"
    assert f'add to DNS: {name} TXT "v=DMARC1"' in untold.remedy
    (fine,) = found_by(dmarc.dmarc, records={**elsewhere, (name, "TXT"): ["v=DMARC1;"]})
    assert fine.remedy.startswith(_PROVEN)
    bare = {(_NAME, "TXT"): ["v=DMARC1; p=none; rua=a@atelier.example"]}
    _, found = found_by(dmarc.dmarc, records=bare)
    assert found.remedy == f'replace it with: {_NAME} TXT "v=DMARC1; p=none; rua=mailto:a@atelier.example"'


_TAGS = st.fixed_dictionaries(
    {},
    optional={
        "p": st.sampled_from(("none", "quarantine", "reject", "REJECT", "", "x")),
        "sp": st.sampled_from(("none", "quarantine", "reject", "y")),
        "np": st.sampled_from(("none", "reject")),
        "pct": st.sampled_from(("0", "25", "100", "", "all")),
        "t": st.sampled_from(("y", "n")),
        "rua": st.sampled_from(("mailto:a@atelier.example", "a@b.example", "mailto:a@b.example!5m,", "", "@", "!")),
        "adkim": st.sampled_from(("s", "r", "")),
    },
)


@pytest.mark.slow
@given(_TAGS.map(lambda tags: "; ".join(["v=DMARC1", *map("=".join, tags.items())])) | st.text(max_size=80))
@settings(max_examples=150, deadline=None)
def test_whatever_the_record_says_the_one_that_is_advised_is_right_and_no_weaker(record: str) -> None:
    order = ["none", "quarantine", "reject"]
    found = found_by(dmarc.dmarc, records={(_NAME, "TXT"): [record]})
    assert found
    for one in found:
        for advised in re.findall(rf'{_NAME} TXT "([^"]*)"', one.remedy):
            assert advised.startswith("v=DMARC1; p=")
            assert {"pct", "ri", "rf"}.isdisjoint(re.findall(r"(\w+)=", advised)) or not one.remedy.startswith("next, ")
            policy = advised.split("p=", 1)[1].split(";")[0].lower()
            before = re.search(r"(?<![a-z])p=(none|quarantine|reject)\b", record, re.IGNORECASE)
            if one.remedy.startswith("next, "):
                assert before
                assert order.index(policy) - order.index(before[1].lower()) in (0, 1)


# --- MAIL FROM --------------------------------------------------------------------------------------------------------


def _custom(status: str, behavior: str = "USE_DEFAULT_VALUE") -> dict[str, Any]:
    return identity(
        MailFromAttributes={
            "MailFromDomain": "bounce.atelier.example", "MailFromDomainStatus": status, "BehaviorOnMxFailure": behavior
        }
    )  # fmt: skip


_IN_DNS = {
    ("bounce.atelier.example", "TXT"): ["v=spf1 include:amazonses.com ~all"],
    ("bounce.atelier.example", "MX"): ["10 feedback-smtp.eu-west-3.amazonses.com"],
}


@pytest.mark.parametrize(
    ("answers", "records", "found"),
    [
        ({}, {}, [("ok", "mail passes DMARC by its signature")]),
        (_custom("SUCCESS"), _IN_DNS, [("ok", "mail also passes DMARC")]),
        (_custom("PENDING"), {}, [("wrong", "lacks DNS records; until SES sees them it sends as amazonses.com")]),
        (
            _custom("FAILED", "REJECT_MESSAGE"),
            {},
            [("wrong", "and until SES sees them it sends nothing"), ("warning", "SES would refuse all mail")],
        ),
        (_custom("SUCCESS"), {}, [("wrong", "bounce.atelier.example lacks DNS records")]),
        (_custom("TEMPORARY_FAILURE"), _IN_DNS, [("warning", "SES has not seen them yet")]),
        (_custom("FAILED"), _IN_DNS, [("wrong", "SES gave up looking")]),
        (
            _custom("SUCCESS", "REJECT_MESSAGE"),
            _IN_DNS,
            [
                ("ok", "allows SES to send"),
                ("warning", "should the MX record of bounce.atelier.example ever be missing"),
            ],
        ),
    ],
)
def test_mail_from_in_each_state(answers: Answers, records: Mapping[Any, Any], found: list[tuple[str, str]]) -> None:
    findings = found_by(mail_from.spf, answers, records)
    assert [one.state for one in findings] == [state for state, _ in found]
    for one, (_, says) in zip(findings, found, strict=True):
        assert says in one.message


# --- the account ------------------------------------------------------------------------------------------------------


def _account(**fields: Any) -> dict[str, Any]:
    return changed("sesv2:GetAccount", **fields)


@pytest.mark.parametrize(
    ("pricing", "state", "says", "command"),
    [
        (None, "ok", "no plan: 0.10 US dollars per 1,000 emails", False),
        ({"CurrentPlan": "NONE"}, "ok", "no plan: 0.10 US dollars", False),
        ({"CurrentPlan": "ESSENTIALS"}, "ok", "the plan Essentials: 0.16 US dollars per 1,000 emails", True),
        ({"CurrentPlan": "PRO"}, "warning", "the plan Pro: 105 US dollars a month, and 0.22 US dollars", True),
        ({"CurrentPlan": "ENTERPRISE"}, "warning", "500 US dollars a month, and 0.23", True),
        ({"CurrentPlan": "NONE", "NextPlan": "PRO"}, "warning", "from next month on the plan Pro: 105", True),
        ({"CurrentPlan": "PRO", "NextPlan": "NONE"}, "ok", "from next month on no plan: 0.10", False),
        ({"CurrentPlan": "PLATINUM"}, "warning", "whose price this version does not know", True),
    ],
)
def test_what_ses_costs_is_told(pricing: Any, state: str, says: str, command: bool) -> None:  # noqa: FBT001
    answer = dict(HEALTHY["sesv2:GetAccount"])
    del answer["PricingAttributes"]
    if pricing:
        answer["PricingAttributes"] = pricing
    (found,) = found_by(account.price_plan, {"sesv2:GetAccount": answer})
    assert (found.state, says in found.message) == (state, True), found.message
    assert ("aws sesv2 put-account-pricing-attributes --plan NONE" in found.remedy) == command
    # It may cost, and others may use it.
    assert found.fix is None


@pytest.mark.parametrize(
    ("details", "says", "remedy"),
    [
        ({}, "in the sandbox", "read this request, correct anything that is wrong"),
        (
            {"ReviewDetails": {"Status": "PENDING", "CaseId": "1760"}},
            "AWS is looking at your request (case 1760)",
            "wait for AWS's answer",
        ),
        (
            {"ReviewDetails": {"Status": "DENIED", "CaseId": "1760"}},
            "AWS denied your request (case 1760)",
            "answer in case 1760 at https://support.console.aws.amazon.com",
        ),
        ({"ReviewDetails": {"Status": "FAILED"}}, "did not reach AWS", "request production access"),
    ],
)
def test_the_way_out_of_the_sandbox_is_told_as_far_as_it_is(details: Mapping[str, Any], says: str, remedy: str) -> None:
    (found,) = found_by(account.sandbox, _account(ProductionAccessEnabled=False, Details=details))
    assert (found.state, says in found.message) == ("warning", True)
    assert remedy in found.remedy
    if details.get("ReviewDetails", {}).get("Status") != "PENDING":
        # What AWS wants to know, with the site's own values, ready for a shell.
        assert "aws sesv2 put-account-details --production-access-enabled" in found.remedy
        for words in ("Atelier", "double opt-in", "one-click", "bounces and complaints", "500 emails a day"):
            assert words in found.remedy
    assert found.fix is None


@pytest.mark.parametrize(
    ("answers", "state", "says"),
    [
        ({}, "ok", "SES sends"),
        ({"EnforcementStatus": "PROBATION"}, "warning", "under review (PROBATION)"),
        ({"EnforcementStatus": "SHUTDOWN", "SendingEnabled": False}, "wrong", "SES has paused the account (SHUTDOWN)"),
        ({"SendingEnabled": False}, "wrong", "not by AWS (HEALTHY)"),
    ],
)
def test_what_ses_thinks_of_the_account_is_told(answers: Mapping[str, Any], state: str, says: str) -> None:
    (found,) = found_by(account.sending, _account(**answers))
    assert (found.state, says in found.message) == (state, True)


def _rates(bounces: float | None, complaints: float | None) -> dict[str, Any]:
    rates = {"Reputation.BounceRate": bounces, "Reputation.ComplaintRate": complaints}

    def answer(asked: Any) -> Any:
        body = asked["body"]
        text = body if isinstance(body, bytes) else str(body).encode()
        (rate,) = [rate for metric, rate in rates.items() if metric.encode() in text]
        old = {"Timestamp": "2026-03-01T10:00:00Z", "Maximum": 0.9}
        # In any order: the latest counts.
        return {"Datapoints": [{"Timestamp": "2026-03-01T12:00:00Z", "Maximum": rate}, old] if rate is not None else []}

    return {"cloudwatch:GetMetricStatistics": answer}


@pytest.mark.parametrize(
    ("bounces", "complaints", "states"),
    [
        (None, None, ["ok", "ok"]),
        (0.0499, 0.0009, ["ok", "ok"]),
        (0.05, 0.001, ["warning", "warning"]),
        (0.0999, 0.0049, ["warning", "warning"]),
        (0.1, 0.005, ["wrong", "wrong"]),
        (0.0, 0.3, ["ok", "wrong"]),
    ],
)
def test_the_rates_are_held_to_what_aws_says(
    bounces: float | None, complaints: float | None, states: list[str]
) -> None:
    found = found_by(account.reputation, _rates(bounces, complaints))
    assert [one.state for one in found] == states
    if bounces is None:
        assert "no rate of bounces in the last 14 days" in found[0].message
    else:
        assert "from 5% on AWS puts the account under review, and from 10% on it may pause it" in found[0].message
        assert "from 0.1% on" in found[1].message
        assert "from 0.5% on it may pause it" in found[1].message
    assert [bool(one.remedy) for one in found] == [state != "ok" for state in states]


def test_who_complained_is_told_apart_from_who_bounced() -> None:
    for reason, says in (("BOUNCE", "bounced"), ("COMPLAINT", "reported an email as spam")):
        told = {"EmailAddress": "owner@atelier.example", "Reason": reason, "LastUpdateTime": 1763000000}
        (found,) = found_by(account.owner, {"sesv2:GetSuppressedDestination": {"SuppressedDestination": told}})
        assert f"owner@atelier.example {says}, and is suppressed" in found.message


# --- the configuration sets, and the stream ---------------------------------------------------------------------------


def _of(app: App, site: Site, check: Any, answers: Answers) -> list[Finding]:
    return list(check(case(app, site, answers, {})))


def test_an_account_that_tracks_is_told_unless_the_set_says_no(app: App, site: Site) -> None:
    tracks = {"VdmEnabled": "ENABLED", "DashboardAttributes": {"EngagementMetrics": "ENABLED"}}
    found = _of(app, site, configuration_sets.tracking, _account(VdmAttributes=tracks))
    assert [one.state for one in found] == ["wrong", "wrong"]
    own = changed("sesv2:GetConfigurationSet", VdmOptions={"DashboardOptions": {"EngagementMetrics": "DISABLED"}})
    (found_none,) = _of(app, site, configuration_sets.tracking, _account(VdmAttributes=tracks) | own)
    assert found_none.state == "ok"
    # Without the Manager, the option does nothing.
    off = changed("sesv2:GetConfigurationSet", VdmOptions={"DashboardOptions": {"EngagementMetrics": "ENABLED"}})
    (found_none,) = _of(app, site, configuration_sets.tracking, off)
    assert found_none.state == "ok"


def test_a_destination_that_is_off_tracks_nobody(app: App, site: Site) -> None:
    (told,) = HEALTHY["sesv2:GetConfigurationSetEventDestinations"]["EventDestinations"]
    off = {**told, "Enabled": False, "MatchingEventTypes": ["OPEN"]}
    answers = {"sesv2:GetConfigurationSetEventDestinations": {"EventDestinations": [told, off]}}
    (found,) = _of(app, site, configuration_sets.tracking, answers)
    assert found.state == "ok"


def test_a_paused_configuration_set_is_told_and_not_unpaused(app: App, site: Site) -> None:
    paused = changed("sesv2:GetConfigurationSet", SendingOptions={"SendingEnabled": False})
    found = _of(app, site, configuration_sets.events, paused)
    assert [(one.state, one.fix) for one in found] == [("wrong", None)] * 2
    assert "put-configuration-set-sending-options --configuration-set-name guichet-OwnerMail-1ABC" in found[0].remedy


def test_a_trigger_that_fails_or_is_for_a_former_stream_is_told(app: App, site: Site) -> None:
    failing = {**MAPPING, "LastProcessingResult": "PROBLEM: Function call failed"}
    found = _of(app, site, stack.stream, {"lambda:ListEventSourceMappings": {"EventSourceMappings": [failing]}})
    assert {(one.state, "calling the" in one.message) for one in found} == {("warning", True)}
    former = {**MAPPING, "EventSourceArn": MAPPING["EventSourceArn"].replace("2026", "2025")}
    found = _of(app, site, stack.stream, {"lambda:ListEventSourceMappings": {"EventSourceMappings": [former]}})
    assert all("its trigger is for a stream that is gone" in one.message for one in found)


def test_alarms_that_some_hear_and_others_have_not_confirmed_are_told_apart(app: App, site: Site) -> None:
    (told,) = HEALTHY["sns:ListSubscriptionsByTopic"]["Subscriptions"]
    pending = {**told, "SubscriptionArn": "PendingConfirmation", "Endpoint": "second@atelier.example"}
    answers = {"sns:ListSubscriptionsByTopic": {"Subscriptions": [told, pending]}}
    waiting, fine = _of(app, site, stack.alarms, answers)
    assert (waiting.state, "second@atelier.example has not confirmed" in waiting.message) == ("warning", True)
    assert (fine.state, fine.message) == ("ok", "owner@atelier.example is notified of alarms")


# --- its page ---------------------------------------------------------------------------------------------------------


def test_the_page_names_each_check_and_no_other() -> None:
    named = {name.strip() for cell, _ in rows(read("doctor.md"), "check | what it asks") for name in cell.split(",")}
    assert {name.lower() for name in named} == {
        {"ringing alarms": "alarms"}.get(name, name) for name in (check.__name__.replace("_", " ") for check in CHECKS)
    }


def test_the_prices_of_the_page_are_those_that_are_told() -> None:
    table = rows(read("doctor.md"), "plan | US dollars a month | US dollars per 1,000 emails")
    assert len(table) == 4
    for name, monthly, each in table:
        (found,) = found_by(account.price_plan, _account(PricingAttributes={"CurrentPlan": name.upper()}))
        assert f"{each} US dollars per 1,000 emails" in found.message
        assert (f"{monthly} US dollars a month" in found.message) == (monthly != "0")
