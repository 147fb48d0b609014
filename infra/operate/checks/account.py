"""Checks of the SES account: sandbox, pause, quota, and the addresses that it does not write to."""

from collections.abc import Iterator, Sequence
from typing import Any

from guichet.definitions.definition import definitions
from infra.operate.inspection import Finding, Inspection, existing, identities_of, with_parents

# Warn from this fraction of the daily quota on.
_NEARLY_ALL = 0.8


def account(inspection: Inspection) -> Iterator[Finding]:
    """Check what SES allows the account (SES API v2, GetAccount): sandbox, pause, quota and rate."""
    limits = inspection.client("sesv2").get_account()
    if limits.get("ProductionAccessEnabled"):
        yield Finding("sandbox", "ok", f"SES in {inspection.region} is out of the sandbox")
    else:
        remedy = f"ask for production access at {inspection.console}; until then mail goes to verified addresses only"
        yield Finding("sandbox", "warning", f"SES in {inspection.region} is in the sandbox", remedy)
    status = limits.get("EnforcementStatus", "HEALTHY")
    if not limits.get("SendingEnabled"):
        yield Finding("sending", "wrong", f"SES has paused the account ({status})", f"see why at {inspection.console}")
    elif status != "HEALTHY":
        yield Finding(
            "sending", "warning", f"SES has put the account under review ({status})", f"see why at {inspection.console}"
        )
    else:
        yield Finding("sending", "ok", "SES sends")
    quota = limits.get("SendQuota", {})
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


def owner(inspection: Inspection) -> Iterator[Finding]:
    """Check that mail can reach the owner: no bounce, and verified addresses in the sandbox."""
    yield from _reachable(inspection, "owner", inspection.owner_emails)


def recipients(inspection: Inspection) -> Iterator[Finding]:
    """Check the same of the recipients of the site's own forms, who get their mail as the owner does."""
    of_forms = dict.fromkeys(address for own in definitions().values() for address in own.all_recipients)
    yield from _reachable(inspection, "recipients", [one for one in of_forms if one not in inspection.owner_emails])


def _reachable(inspection: Inspection, check: str, addresses: Sequence[str]) -> Iterator[Finding]:
    if not addresses:
        return
    ses = inspection.client("sesv2")
    sandbox = not ses.get_account().get("ProductionAccessEnabled")
    for address in addresses:
        reachable = True
        if existing(ses.get_suppressed_destination, EmailAddress=address):
            reachable = False
            # The stack's own emails to the owner ignore this list, but it is a sign that they do not arrive.
            command = inspection.command("sesv2", "delete-suppressed-destination", "--email-address", address)
            message = f"{address} bounced or complained, and is suppressed; Guichet still writes to it"
            yield Finding(check, "warning", message, f"fix the mailbox, then: {command}")
        if sandbox and not _is_verified(inspection, ses, address):
            reachable = False
            command = inspection.command("sesv2", "create-email-identity", "--email-identity", address)
            message = f"in the sandbox, mail to {address} stays queued: the address is not verified"
            yield Finding(check, "wrong", message, f"{command}, then follow the link that AWS mails to it")
        if reachable:
            yield Finding(check, "ok", f"nothing prevents mail to {address}")


def _is_verified(inspection: Inspection, ses: Any, address: str) -> bool:
    """Return whether an address is verified, or will be once the deploy creates the identity."""
    if inspection.makes_identity and inspection.domain in with_parents(address.rpartition("@")[2]):
        return True
    return any(one["VerifiedForSendingStatus"] for one in identities_of(ses, address))
