"""The check of the MAIL FROM domain and its SPF record (RFC 7208)."""

from collections.abc import Iterator, Sequence

from infra.operate.inspection import Finding, Inspection, State


def spf(inspection: Inspection) -> Iterator[Finding]:
    """Check that the MAIL FROM domain allows SES's servers to send (RFC 7208)."""
    mail_from = (inspection.sender or {}).get("MailFromAttributes", {})
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
        yield Finding("SPF", "ok", "SES uses its own MAIL FROM domain, amazonses.com, which has an SPF record")
    elif wanted := [*_servers(custom, records), *_exchanger(inspection, custom)]:
        message = f"the MAIL FROM domain {custom} lacks DNS records"
        yield Finding("SPF", "wrong", message, "add to DNS: " + "; ".join(wanted))
    elif mail_from.get("MailFromDomainStatus") != "SUCCESS":
        message = f"the DNS records of {custom} are there, but SES has not seen them yet"
        yield Finding("SPF", "warning", message, f"wait; after 72 hours, set it up again at {inspection.console}")
    else:
        yield Finding("SPF", "ok", f"{custom} allows SES to send")


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
