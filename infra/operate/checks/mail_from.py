"""Checks the MAIL FROM domain: its DNS records (RFC 7208), what SES does without them, and DMARC alignment."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from infra.operate.inspection import Finding, Fix, Inspection, State

_PERMISSIONS = ["ses:PutEmailIdentityMailFromAttributes"]


def spf(inspection: Inspection) -> Iterator[Finding]:
    """Check that the MAIL FROM domain, which receives bounces, allows SES's servers to send."""
    sender = inspection.sender or {}
    mail_from = sender.get("MailFromAttributes", {})
    custom = mail_from.get("MailFromDomain")
    records = [
        text
        for text in inspection.records(custom or inspection.domain, "TXT")
        if text.lower().split()[:1] == ["v=spf1"]
    ]
    if len(records) > 1:
        remedy = "merge them into one: with several, none applies"
        # Mail needs it only with a custom MAIL FROM domain.
        state: State = "wrong" if custom else "warning"
        yield Finding("SPF", state, f"{custom or inspection.domain} has {len(records)} SPF records", remedy)
    elif not custom:
        message = (
            f"MAIL FROM is amazonses.com's, which allows SES to send: {inspection.domain} needs no SPF record for it, "
            "and mail passes DMARC by its signature"
        )
        yield Finding("SPF", "ok", message)
    elif wanted := [*_servers(custom, records), *_exchanger(inspection, custom)]:
        message = f"the MAIL FROM domain {custom} lacks DNS records{_meanwhile(mail_from)}"
        yield Finding("SPF", "wrong", message, "add to DNS: " + "; ".join(wanted))
    elif mail_from.get("MailFromDomainStatus") != "SUCCESS":
        yield _unseen(inspection, sender, custom)
    else:
        yield Finding("SPF", "ok", f"{custom} allows SES to send, so mail also passes DMARC by SPF")
    if custom and mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE":
        yield _rejecting(inspection, sender, custom)


def _meanwhile(mail_from: dict[str, str]) -> str:
    """Return what SES does while the MX record is not found (BehaviorOnMxFailure)."""
    if mail_from.get("MailFromDomainStatus") == "SUCCESS":
        return ""
    if mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE":
        return ", and until SES sees them it sends nothing"
    return "; until SES sees them it sends as amazonses.com"


def _unseen(inspection: Inspection, sender: dict[str, Any], custom: str) -> Finding:
    mail_from = sender["MailFromAttributes"]
    if mail_from.get("MailFromDomainStatus") != "FAILED":
        message = f"the DNS records of {custom} are there, but SES has not seen them yet{_meanwhile(mail_from)}"
        return Finding("SPF", "warning", message, "wait, for up to 72 hours")
    command, fix = _setting(
        inspection, sender, custom, mail_from.get("BehaviorOnMxFailure", "USE_DEFAULT_VALUE"),
        f"have SES look for the DNS records of {custom} again",
    )  # fmt: skip
    message = f"the DNS records of {custom} are there, but SES gave up looking{_meanwhile(mail_from)}"
    return Finding("SPF", "wrong", message, command, fix)


def _rejecting(inspection: Inspection, sender: dict[str, Any], custom: str) -> Finding:
    action = f"have SES send as amazonses.com while the MX record of {custom} is missing, rather than refuse mail"
    command, fix = _setting(inspection, sender, custom, "USE_DEFAULT_VALUE", action)
    message = f"SES would refuse all mail, should the MX record of {custom} ever be missing (REJECT_MESSAGE)"
    return Finding("SPF", "warning", message, command, fix)


def _setting(
    inspection: Inspection, sender: dict[str, Any], custom: str, behavior: str, action: str
) -> tuple[str, Fix]:
    """Return the command that sets MAIL FROM again, and the same as a fix."""
    name = str(sender["Name"])
    command = inspection.command(
        "sesv2", "put-email-identity-mail-from-attributes", "--email-identity", name,
        "--mail-from-domain", custom, "--behavior-on-mx-failure", behavior,
    )  # fmt: skip
    call = partial(
        inspection.client("sesv2").put_email_identity_mail_from_attributes,
        EmailIdentity=name,
        MailFromDomain=custom,
        BehaviorOnMxFailure=behavior,
    )
    return command, Fix(action, _PERMISSIONS, call)


def _servers(custom: str, records: Sequence[str]) -> Iterator[str]:
    terms = records[0].split() if records else ["v=spf1", "~all"]
    if not {"include:amazonses.com", "+include:amazonses.com"} & {term.lower() for term in terms}:
        record = " ".join([terms[0], "include:amazonses.com", *terms[1:]])
        yield f'{custom} TXT "{record}"' + (", replacing the existing one" if records else "")


def _exchanger(inspection: Inspection, custom: str) -> Iterator[str]:
    server = f"feedback-smtp.{inspection.region}.amazonses.com"
    servers = [text.split()[-1] for text in inspection.records(custom, "MX")]
    # SES accepts the domain only if this is its sole MX record.
    if servers != [server]:
        yield f"{custom} MX 10 {server}" + (", and no other MX" if set(servers) - {server} else "")
