"""Checks of mail: region, identity, signature, DNS records, account, the owner's mailbox."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore.session

from guichet.definitions.definition import definitions
from infra.operate.inspection import Finding, Inspection, State, dkim_of, existing, identities_of, nearest, with_parents

# Warn from this fraction of the daily quota on.
_NEARLY_ALL = 0.8
_POLICIES = ("none", "quarantine", "reject")


def _to_create(inspection: Inspection) -> str:
    manually = f"create the identity {inspection.domain} at {inspection.console}"
    if inspection.where == "deployed" and inspection.creates_identity:
        # CloudFormation does not recreate what was deleted by hand.
        return manually
    return f"deploy with CreateIdentity=true, or {manually}"


def region(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES exists in the stack's region, and that the API is in that region, too."""
    session = botocore.session.get_session()
    regions = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sesv2", partition)
    }
    api = re.search(
        r"\.execute-api\.([a-z0-9-]+)\.", inspection.connection.settings.api_url if inspection.connection else ""
    )
    if inspection.region not in regions:
        near = sorted(name for name in regions if name.startswith(inspection.region.partition("-")[0] + "-"))
        remedy = f"deploy in a region that has it, with AWS_DEFAULT_REGION: {', '.join(near or sorted(regions))}"
        yield Finding("region", "wrong", f"there is no SES in {inspection.region}, as far as botocore knows", remedy)
    elif api and api[1] != inspection.region:
        remedy = "set API_URL of the function Notifier to the stack's output Endpoint, in Lambda's console"
        message = f"links in emails lead to an API in {api[1]}, but the stack is in {inspection.region}"
        yield Finding("region", "wrong", message, remedy)
    else:
        yield Finding("region", "ok", f"stack and SES are in {inspection.region}")


def identity(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES may send as the site: by its address, its domain, or a parent domain."""
    names = [one["Name"] for one in inspection.identities]
    if inspection.where == "before" and inspection.creates_identity and inspection.domain in names:
        message = f"the deploy would fail: SES in {inspection.region} already has the identity {inspection.domain}"
        yield Finding("identity", "wrong", message, "deploy with CreateIdentity=false")
    sender = inspection.sender
    if inspection.makes_identity:
        message = f"the deploy creates the identity {inspection.domain}, and prints the DNS records to add"
        if sender and sender["VerifiedForSendingStatus"]:
            message += f"; SES already sends as {sender['Name']}, so CreateIdentity=false works, too"
        yield Finding("identity", "ok", message)
    elif sender is None:
        message = (
            f"SES in {inspection.region} has no identity for {inspection.from_email}; "
            "identities in other regions do not count"
        )
        yield Finding("identity", "wrong", message, _to_create(inspection))
    elif sender["VerifiedForSendingStatus"]:
        yield Finding("identity", "ok", f"SES sends as {sender['Name']}")
    else:
        remedy = (
            f"follow the link that AWS mailed to {sender['Name']}"
            if sender["Name"] == inspection.from_email
            else "add the DNS records below and wait: usually minutes, at most 72 hours"
        )
        yield Finding("identity", "wrong", f"{sender['Name']} is not verified, so SES sends nothing", remedy)


def dkim(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES signs the mail (RFC 6376), else report the missing DNS records."""
    if inspection.makes_identity or not inspection.identities:
        # The identity check has already said what to do.
        return
    domain = nearest([one for one in inspection.identities if one["Name"] != inspection.from_email])
    if inspection.signs_as:
        yield Finding("DKIM", "ok", f"mail is signed as {inspection.signs_as}")
    elif any(dkim_of(one).get("Status") == "SUCCESS" for one in inspection.identities):
        yield Finding("DKIM", "wrong", "the keys are there, but signing is off", f"turn it on at {inspection.console}")
    elif domain is None:
        message = (
            f"SES has only the address {inspection.from_email}, so mail is not signed as {inspection.domain}, "
            "and mailboxes may refuse it"
        )
        yield Finding("DKIM", "warning", message, f"verify the domain {inspection.domain}: {_to_create(inspection)}")
    else:
        yield _keys(inspection, domain)


def _keys(inspection: Inspection, domain: dict[str, Any]) -> Finding:
    """Check the DNS records of a domain that SES does not sign for yet."""
    name, attributes = domain["Name"], dkim_of(domain)
    tokens = attributes.get("Tokens", [])
    if not tokens:
        return Finding("DKIM", "wrong", f"DKIM is not set up for {name}", f"turn on Easy DKIM at {inspection.console}")
    missing = []
    for token in tokens:
        source = f"{token}._domainkey.{name}"
        if attributes.get("SigningAttributesOrigin") == "EXTERNAL":
            # The owner's own key, by its selector.
            if not inspection.records(source, "TXT"):
                missing.append(f"{source} TXT with your public key")
        else:
            target = f"{token}.{attributes.get('SigningHostedZone', 'dkim.amazonses.com')}"
            if target not in inspection.records(source, "CNAME"):
                missing.append(f"{source} CNAME {target}")
    if missing:
        message = f"{len(missing)} of {len(tokens)} DNS records are missing"
        return Finding("DKIM", "wrong", message, "add to DNS: " + "; ".join(missing))
    if attributes.get("Status") == "FAILED":
        message = f"the DNS records of {name} are there, but SES gave up looking after 72 hours"
        return Finding("DKIM", "wrong", message, f"restart its DKIM setup at {inspection.console}")
    return Finding("DKIM", "warning", "the DNS records are there, but SES has not seen them yet", "wait")


def dmarc(inspection: Inspection) -> Iterator[Finding]:
    """Check the domain's DMARC policy (RFC 7489), and whether mail passes it.

    The domain's own record counts, else that of a parent domain.
    """
    for domain in with_parents(inspection.domain):
        found = [text for text in inspection.records(f"_dmarc.{domain}", "TXT") if _version(text).upper() == "DMARC1"]
        if len(found) > 1:
            remedy = "keep only one: with several, none applies"
            yield Finding("DMARC", "wrong", f"_dmarc.{domain} has {len(found)} records", remedy)
            return
        if found:
            yield _policy(inspection, domain, found[0])
            return
    remedy = f'add to DNS: _dmarc.{inspection.domain} TXT "v=DMARC1; p=none"'
    yield Finding(
        "DMARC", "warning", f"{inspection.domain} has no DMARC record, which Gmail and Yahoo require of senders", remedy
    )


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DMARC record (RFC 7489, 6.4). Spaces around = and ; and the case of names are ignored."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}


def _version(record: str) -> str:
    """Return the version of a DMARC record, its first tag; empty for any other record."""
    name, value = next(iter(_tags(record).items()), ("", ""))
    return value if name == "v" else ""


def _policy(inspection: Inspection, domain: str, record: str) -> Finding:
    tags = _tags(record)
    of_domain = tags.get("p", "").lower()
    of_subdomains = tags.get("sp", of_domain).lower()
    if tags["v"] != "DMARC1" or of_domain not in _POLICIES or of_subdomains not in _POLICIES:
        known = {name: value for name, value in tags.items() if name not in {"p", "sp"} or value.lower() in _POLICIES}
        fixed = {"v": "DMARC1", "p": "none"} | known | {"v": "DMARC1"}
        remedy = f'replace it with: _dmarc.{domain} TXT "{"; ".join(map("=".join, fixed.items()))}"'
        message = "does not have the version DMARC1, in capitals" if tags["v"] != "DMARC1" else "names no valid policy"
        return Finding("DMARC", "wrong", f"the record of {domain} {message}: {record}", remedy)
    policy, whose = (of_domain, "") if domain == inspection.domain else (of_subdomains, " for its subdomains")
    return _passed(inspection, tags, policy, f"{domain} has the policy {policy}{whose}")


def _passed(inspection: Inspection, tags: Mapping[str, str], policy: str, has: str) -> Finding:
    """Check whether mail passes a policy: either a signature or a MAIL FROM of the domain is enough.

    A parent domain or a subdomain counts as well, unless the record says strict.
    """
    sender, signed_as = inspection.sender or {}, inspection.signs_as
    mail_from = sender.get("MailFromAttributes", {})
    strict = {way for way in ("adkim", "aspf") if tags.get(way, "r").lower() == "s"}
    if signed_as and (signed_as == inspection.domain or "adkim" not in strict):
        return Finding("DMARC", "ok", f"{has}; mail passes it by its DKIM signature as {signed_as}")
    if mail_from.get("MailFromDomainStatus") == "SUCCESS" and "aspf" not in strict:
        return Finding("DMARC", "ok", f"{has}; mail passes it by its MAIL FROM domain, {mail_from['MailFromDomain']}")
    if inspection.makes_identity or not (
        sender.get("VerifiedForSendingStatus") or sender.get("Name") == inspection.from_email
    ):
        return Finding("DMARC", "ok", f"{has}; mail will pass it by its DKIM signature, once SES signs it")
    if signed_as:
        why = f"SES signs it as {signed_as}, but the record requires {inspection.domain} itself (adkim=s)"
        remedy = f"put adkim=r into the record, or create the identity {inspection.domain} at {inspection.console}"
    else:
        why = f"it is not signed as {inspection.domain}"
        remedy = "have SES sign it: the DKIM check says how"
    effect = {"none": "", "quarantine": " and is treated as spam", "reject": " and is refused"}[policy]
    message = f"{has}; mail does not pass it{effect}: {why}"
    return Finding("DMARC", "warning" if policy == "none" else "wrong", message, remedy)


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
