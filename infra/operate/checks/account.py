"""Checks of the SES account: sandbox, pause, quota, price plan, reputation, and suppressed addresses."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from guichet.definitions.lookup import definitions
from guichet.records.record import utc_now
from infra.operate.connection import existing
from infra.operate.inspection import Finding, Fix, Inspection, identities_of, with_parents

# Warn from this fraction of the daily quota on.
_NEARLY_ALL = 0.8
# US dollars of each price plan: per month, and per 1,000 emails of the first ten millions a month (July 2026). Without
# a plan, each feature has its own price.
PLANS = {"NONE": (0, "0.10"), "ESSENTIALS": (0, "0.16"), "PRO": (105, "0.22"), "ENTERPRISE": (500, "0.23")}
# From the first rate on, AWS puts an account under review, and from the second on it may pause it.
_RATES = (
    ("bounces", "Reputation.BounceRate", 0.05, 0.1, "BouncesAlarm"),
    ("complaints", "Reputation.ComplaintRate", 0.001, 0.005, "ComplaintsAlarm"),
)
# SES publishes rates only while it sends.
_LOOK_BACK = timedelta(days=14)
_AN_HOUR = 3600
_CASES = "https://support.console.aws.amazon.com/support/home#/case/history"


# --- what the account may do ------------------------------------------------------------------------------------------


def sandbox(inspection: Inspection) -> Iterator[Finding]:
    """Check whether the account is in the sandbox, and the state of the request to leave it."""
    if inspection.account.get("ProductionAccessEnabled"):
        yield Finding("sandbox", "ok", f"SES in {inspection.region} is out of the sandbox")
        return
    message = f"SES in {inspection.region} is in the sandbox: mail goes to verified addresses only"
    review = inspection.account.get("Details", {}).get("ReviewDetails", {})
    case = f"case {review['CaseId']}" if review.get("CaseId") else "the case"
    asking = f"production access, which lifts that: {_request(inspection)}"
    if review.get("Status") == "PENDING":
        message = f"{message}; AWS is looking at your request ({case})"
        remedy = f"wait for AWS's answer, usually a day; if it asks something, answer in {case} at {_CASES}"
    elif review.get("Status") == "DENIED":
        message = f"{message}; AWS denied your request ({case})"
        remedy = (
            f"answer in {case} at {_CASES}, with the facts that the text of this command has: {_request(inspection)}"
        )
    elif review.get("Status") == "FAILED":
        message = f"{message}; your request did not reach AWS"
        remedy = f"request {asking}"
    else:
        remedy = f"read this request, correct anything that is wrong, and request {asking}"
    yield Finding("sandbox", "warning", message, remedy)


def _request(inspection: Inspection) -> str:
    """Return the command that asks for production access, with what AWS wants to know."""
    text = (
        f"The website {inspection.site_name} ({inspection.site_url}) has a contact form and a newsletter. We send the "
        "messages of the form to ourselves, confirmations to people who sign up, and the newsletter to those who "
        "confirmed by the link in that email (double opt-in). The list is not bought or rented. Each email to a "
        "subscriber has a link and the one-click headers to unsubscribe, which work at once. SES reports bounces and "
        "complaints to us by SNS, and either ends all mail to the address automatically. Sign-ups are limited to "
        f"{inspection.mails_per_day} emails a day, and protected against robots."
    )
    return inspection.command(
        "sesv2", "put-account-details", "--production-access-enabled", "--mail-type", "TRANSACTIONAL",
        "--website-url", inspection.site_url, "--contact-language", "EN", "--use-case-description", text,
    )  # fmt: skip


def sending(inspection: Inspection) -> Iterator[Finding]:
    """Check whether SES has paused the account or put it under review (EnforcementStatus)."""
    status = inspection.account.get("EnforcementStatus", "HEALTHY")
    why = f"see why at {inspection.console}, under Reputation metrics, and answer the case at {_CASES}"
    if status == "SHUTDOWN":
        message = "SES has paused the account (SHUTDOWN): mail waits, and goes out once SES lifts it"
        yield Finding("sending", "wrong", message, f"fix the cause, and ask AWS to resume: {why}")
    elif not inspection.account.get("SendingEnabled"):
        # AWS pauses with SHUTDOWN. Otherwise, somebody with access to this account did, or their automation.
        command = inspection.command("sesv2", "put-account-sending-attributes", "--sending-enabled")
        message = f"sending is paused for the account in {inspection.region}, not by AWS ({status}): mail waits"
        yield Finding("sending", "wrong", message, f"find out who paused it and why, then: {command}")
    elif status == "HEALTHY":
        yield Finding("sending", "ok", "SES sends")
    else:
        message = f"SES has put the account under review ({status}): if nothing changes, it may pause it"
        yield Finding("sending", "warning", message, why)


def quota(inspection: Inspection) -> Iterator[Finding]:
    """Check how much of the daily quota is left."""
    quota = inspection.account.get("SendQuota", {})
    # -1 means no limit.
    limit, sent, rate = (
        quota.get(name, default)
        for name, default in (("Max24HourSend", -1), ("SentLast24Hours", 0), ("MaxSendRate", 0))
    )
    message = f"{sent:,.0f}{f' of {limit:,.0f}' if limit >= 0 else ''} emails in 24 hours, {rate:g} a second"
    larger = f"ask for a larger quota at {inspection.console}"
    if 0 <= limit <= sent:
        remedy = f"wait, or {larger}; everything that sends from this account shares it"
        yield Finding(
            "quota", "wrong", f"{message}: the quota is used up, so mail waits and goes out automatically later", remedy
        )
    elif 0 <= limit * _NEARLY_ALL <= sent:
        remedy = f"{larger}, if it keeps growing; everything that sends from this account shares it"
        yield Finding("quota", "warning", f"{message}: the quota is nearly used up, and then mail waits", remedy)
    elif 0 <= limit < inspection.mails_per_day:
        remedy = f"deploy with StrangerMailPerDay={int(limit / 2)}, to leave room for mail to you, or {larger}"
        yield Finding("quota", "warning", f"{message}; StrangerMailPerDay is {inspection.mails_per_day:,}", remedy)
    else:
        yield Finding("quota", "ok", message)


def price_plan(inspection: Inspection) -> Iterator[Finding]:
    """Report SES's price plan and what it costs. Guichet uses none of a plan's features."""
    pricing = inspection.account.get("PricingAttributes", {})
    plan, following = pricing.get("CurrentPlan", "NONE"), pricing.get("NextPlan", "")
    message = _price(plan)
    if following and following != plan:
        message = f"{message}; from next month on {_price(following)}"
    # The future plan counts, if known.
    coming = following or plan
    command = inspection.command("sesv2", "put-account-pricing-attributes", "--plan", "NONE")
    if coming not in PLANS:
        remedy = f"look it up at https://aws.amazon.com/ses/pricing/; Guichet needs no plan: {command}"
        yield Finding("price plan", "warning", message, remedy)
    elif PLANS[coming][0]:
        remedy = f"Guichet uses nothing of it: if nothing else in this account does, {command}"
        yield Finding("price plan", "warning", message, remedy)
    elif coming != "NONE":
        remedy = f"without a plan it is {PLANS['NONE'][1]} per 1,000 emails, and Guichet uses nothing of it: {command}"
        yield Finding("price plan", "ok", message, remedy)
    else:
        yield Finding("price plan", "ok", message)


def _price(plan: str) -> str:
    name = "no plan" if plan == "NONE" else f"the plan {plan.capitalize()}"
    if plan not in PLANS:
        return f"{name}, whose price this version does not know"
    monthly, each = PLANS[plan]
    return f"{name}: {f'{monthly} US dollars a month, and ' if monthly else ''}{each} US dollars per 1,000 emails"


def reputation(inspection: Inspection) -> Iterator[Finding]:
    """Check the account's rates of bounces and complaints (CloudWatch, AWS/SES)."""
    cloudwatch, now = inspection.client("cloudwatch"), utc_now()
    for what, metric, reviewed, paused, runbook in _RATES:
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/SES",
            MetricName=metric,
            StartTime=now - _LOOK_BACK,
            EndTime=now,
            Period=_AN_HOUR,
            Statistics=["Maximum"],
        )["Datapoints"]
        if not points:
            yield Finding("reputation", "ok", f"SES has published no rate of {what} in the last {_LOOK_BACK.days} days")
            continue
        rate = max(points, key=lambda point: point["Timestamp"])["Maximum"]
        message = f"{rate:.2%} {what}"
        remedy = f"infra/docs/runbook.md says what to do, at {runbook}"
        review = f"from {100 * reviewed:g}% on AWS puts the account under review, and from {100 * paused:g}% on it may "
        if rate >= paused:
            yield Finding("reputation", "wrong", f"{message}: {review}pause it", remedy)
        elif rate >= reviewed:
            yield Finding("reputation", "warning", f"{message}: {review}pause it", remedy)
        else:
            yield Finding("reputation", "ok", f"{message}; {review}pause it")


# --- whom mail reaches ------------------------------------------------------------------------------------------------


def owner(inspection: Inspection) -> Iterator[Finding]:
    """Check that mail can reach the owner: no bounce, and verified addresses in the sandbox."""
    yield from _reachable(inspection, "owner", inspection.owner_emails)


def recipients(inspection: Inspection) -> Iterator[Finding]:
    """Check the same for the recipients of the site's own forms, who get their mail as the owner does."""
    of_forms = dict.fromkeys(address for own in definitions().values() for address in own.all_recipients)
    yield from _reachable(inspection, "recipients", [one for one in of_forms if one not in inspection.owner_emails])


def _reachable(inspection: Inspection, check: str, addresses: Sequence[str]) -> Iterator[Finding]:
    if not addresses:
        return
    ses = inspection.client("sesv2")
    in_sandbox = not inspection.account.get("ProductionAccessEnabled")
    for address in addresses:
        reachable = True
        if suppressed := existing(ses.get_suppressed_destination, EmailAddress=address):
            reachable = False
            yield _suppressed(inspection, check, address, suppressed["SuppressedDestination"]["Reason"])
        if in_sandbox and not _is_verified(inspection, ses, address):
            reachable = False
            command = inspection.command("sesv2", "create-email-identity", "--email-identity", address)
            message = f"in the sandbox, mail to {address} stays queued: the address is not verified"
            yield Finding(check, "wrong", message, f"{command}, then follow the link that AWS mails to it")
        if reachable:
            yield Finding(check, "ok", f"nothing prevents mail to {address}")


def _suppressed(inspection: Inspection, check: str, address: str, reason: str) -> Finding:
    # The stack's own emails to the owner ignore this list, but being on it suggests that they do not arrive.
    command = inspection.command("sesv2", "delete-suppressed-destination", "--email-address", address)
    why = "reported an email as spam" if reason == "COMPLAINT" else "bounced"
    message = f"{address} {why}, and is suppressed; Guichet still writes to it"
    fix = Fix(
        f"take {address} off the account's suppression list; fix its mailbox first, or it will be back",
        ["ses:DeleteSuppressedDestination"],
        partial(inspection.client("sesv2").delete_suppressed_destination, EmailAddress=address),
    )
    return Finding(check, "warning", message, f"fix the mailbox, then: {command}", fix)


def _is_verified(inspection: Inspection, ses: Any, address: str) -> bool:
    """Return whether an address is verified, or will be once the deploy creates the identity."""
    if inspection.makes_identity and inspection.domain in with_parents(address.rpartition("@")[2]):
        return True
    return any(one["VerifiedForSendingStatus"] for one in identities_of(ses, address))
