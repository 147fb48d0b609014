"""Whether mail goes out and arrives: region, identity, signature, DNS records, account, the owner's mailbox."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import botocore.session

from infra.operate.inspection import Finding, Inspection, State, dkim_of, existing, identities_of, nearest, upwards

# The part of the day's quota from which on it is to be watched.
_NEARLY_ALL = 0.8
_POLICIES = ("none", "quarantine", "reject")


def _to_create(inspection: Inspection) -> str:
    by_hand = f"create the identity {inspection.domain} at {inspection.console}"
    if inspection.where == "deployed" and inspection.creates_identity:
        # CloudFormation does not make anew what was deleted behind its back.
        return by_hand
    return f"deploy with CreateIdentity=true, or {by_hand}"


def region(inspection: Inspection) -> Iterator[Finding]:
    """See whether there is SES where the stack is, and whether the API is there, too."""
    session = botocore.session.get_session()
    served = {
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sesv2", partition)
    }
    api = re.search(
        r"\.execute-api\.([a-z0-9-]+)\.", inspection.connection.settings.api_url if inspection.connection else ""
    )
    if inspection.region not in served:
        near = sorted(name for name in served if name.startswith(inspection.region.partition("-")[0] + "-"))
        remedy = f"deploy in a region that has it, by AWS_DEFAULT_REGION: {', '.join(near or sorted(served))}"
        yield Finding("region", "wrong", f"there is no SES in {inspection.region}, as far as botocore knows", remedy)
    elif api and api[1] != inspection.region:
        remedy = "give the function Notifier the stack's output Endpoint as its API_URL, in Lambda's console"
        says = f"links in emails lead to an API in {api[1]}, and the stack is in {inspection.region}"
        yield Finding("region", "wrong", says, remedy)
    else:
        yield Finding("region", "ok", f"stack and SES are in {inspection.region}")


def identity(inspection: Inspection) -> Iterator[Finding]:
    """See whether SES may send as the site: by its address, its domain, or a domain above that."""
    names = [one["Name"] for one in inspection.identities]
    if inspection.where == "before" and inspection.creates_identity and inspection.domain in names:
        says = f"the deploy would fail: SES in {inspection.region} has the identity {inspection.domain} already"
        yield Finding("identity", "wrong", says, "deploy with CreateIdentity=false")
    sender = inspection.sender
    if inspection.makes_identity:
        says = f"the deploy makes the identity {inspection.domain}, and prints the DNS records to add"
        if sender and sender["VerifiedForSendingStatus"]:
            says += f"; SES sends as {sender['Name']} already, so CreateIdentity=false will do, too"
        yield Finding("identity", "ok", says)
    elif sender is None:
        says = (
            f"SES in {inspection.region} knows no identity for {inspection.from_email}; "
            "those of other regions do not count"
        )
        yield Finding("identity", "wrong", says, _to_create(inspection))
    elif sender["VerifiedForSendingStatus"]:
        yield Finding("identity", "ok", f"SES sends as {sender['Name']}")
    else:
        remedy = (
            f"follow the link that AWS mailed to {sender['Name']}"
            if sender["Name"] == inspection.from_email
            else "add the DNS records below and wait: mostly minutes, at most 72 hours"
        )
        yield Finding("identity", "wrong", f"{sender['Name']} is not verified, so SES sends nothing", remedy)


def dkim(inspection: Inspection) -> Iterator[Finding]:
    """See whether SES signs the mail (RFC 6376), and which DNS records it lacks for that."""
    if inspection.makes_identity or not inspection.identities:
        # The check of the identity has said what to do.
        return
    domain = nearest([one for one in inspection.identities if one["Name"] != inspection.from_email])
    if inspection.signs_as:
        yield Finding("DKIM", "ok", f"mail is signed as {inspection.signs_as}")
    elif any(dkim_of(one).get("Status") == "SUCCESS" for one in inspection.identities):
        yield Finding(
            "DKIM", "wrong", "the keys are there, and signing is off", f"switch it on at {inspection.console}"
        )
    elif domain is None:
        says = (
            f"SES knows {inspection.from_email} by itself alone, so mail is not signed as {inspection.domain}, "
            "and mailboxes may refuse it"
        )
        yield Finding("DKIM", "warning", says, f"verify the domain {inspection.domain}: {_to_create(inspection)}")
    else:
        yield _keys(inspection, domain)


def _keys(inspection: Inspection, domain: dict[str, Any]) -> Finding:
    """Look for the DNS records of a domain that SES does not sign for yet."""
    name, told = domain["Name"], dkim_of(domain)
    tokens = told.get("Tokens", [])
    if not tokens:
        return Finding(
            "DKIM", "wrong", f"DKIM is not set up for {name}", f"switch on Easy DKIM at {inspection.console}"
        )
    missing = []
    for token in tokens:
        source = f"{token}._domainkey.{name}"
        if told.get("SigningAttributesOrigin") == "EXTERNAL":
            # A key of the owner's own, by its selector.
            if not inspection.records(source, "TXT"):
                missing.append(f"{source} TXT with your public key")
        else:
            target = f"{token}.{told.get('SigningHostedZone', 'dkim.amazonses.com')}"
            if target not in inspection.records(source, "CNAME"):
                missing.append(f"{source} CNAME {target}")
    if missing:
        says = f"{len(missing)} of {len(tokens)} DNS records are missing"
        return Finding("DKIM", "wrong", says, "add to DNS: " + "; ".join(missing))
    if told.get("Status") == "FAILED":
        says = f"the DNS records of {name} are there, but SES gave up looking for them after 72 hours"
        return Finding("DKIM", "wrong", says, f"start its DKIM anew at {inspection.console}")
    return Finding("DKIM", "warning", "the DNS records are there, and SES has not seen them yet", "wait")


def dmarc(inspection: Inspection) -> Iterator[Finding]:
    """See what the domain tells mailboxes to make of its mail (RFC 7489), and whether the mail passes.

    The domain's own record counts, else the one of a domain above.
    """
    for domain in upwards(inspection.domain):
        found = [text for text in inspection.records(f"_dmarc.{domain}", "TXT") if _version(text).upper() == "DMARC1"]
        if len(found) > 1:
            remedy = "leave one of them: with several none counts"
            yield Finding("DMARC", "wrong", f"_dmarc.{domain} has {len(found)} records", remedy)
            return
        if found:
            yield _policy(inspection, domain, found[0])
            return
    remedy = f'add to DNS: _dmarc.{inspection.domain} TXT "v=DMARC1; p=none"'
    yield Finding(
        "DMARC", "warning", f"{inspection.domain} has no DMARC record, which Gmail and Yahoo ask of senders", remedy
    )


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DMARC record (RFC 7489, 6.4): blanks around = and ; do not count, nor does a name's case."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}


def _version(record: str) -> str:
    """Return the version of a DMARC record, which is its first tag; nothing of a record of another kind."""
    name, value = next(iter(_tags(record).items()), ("", ""))
    return value if name == "v" else ""


def _policy(inspection: Inspection, domain: str, record: str) -> Finding:
    tags = _tags(record)
    of_domain = tags.get("p", "").lower()
    of_subdomains = tags.get("sp", of_domain).lower()
    if tags["v"] != "DMARC1" or of_domain not in _POLICIES or of_subdomains not in _POLICIES:
        known = {name: value for name, value in tags.items() if name not in {"p", "sp"} or value.lower() in _POLICIES}
        mended = {"v": "DMARC1", "p": "none"} | known | {"v": "DMARC1"}
        remedy = f'put in its place: _dmarc.{domain} TXT "{"; ".join(map("=".join, mended.items()))}"'
        says = "is not of the version DMARC1, in capitals" if tags["v"] != "DMARC1" else "names no policy that there is"
        return Finding("DMARC", "wrong", f"the record of {domain} {says}: {record}", remedy)
    policy, whose = (of_domain, "") if domain == inspection.domain else (of_subdomains, " for its subdomains")
    return _passed(inspection, tags, policy, f"{domain} has the policy {policy}{whose}")


def _passed(inspection: Inspection, tags: Mapping[str, str], policy: str, has: str) -> Finding:
    """Say whether mail passes a policy: by a signature of the domain, or by a MAIL FROM of it, whichever it takes.

    Of a parent or a subdomain does as well, unless the record says strict.
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
        return Finding("DMARC", "ok", f"{has}; mail is to pass it by its DKIM signature, once SES signs it")
    if signed_as:
        why = f"SES signs it as {signed_as}, and the record wants {inspection.domain} itself (adkim=s)"
        remedy = f"put adkim=r into the record, or create the identity {inspection.domain} at {inspection.console}"
    else:
        why = f"it is not signed as {inspection.domain}"
        remedy = "let SES sign it: the check of DKIM says how"
    fate = {"none": "", "quarantine": " and is taken for spam", "reject": " and is refused"}[policy]
    says = f"{has}; mail does not pass it{fate}: {why}"
    return Finding("DMARC", "warning" if policy == "none" else "wrong", says, remedy)


def spf(inspection: Inspection) -> Iterator[Finding]:
    """See whether the servers of SES may send for the domain of MAIL FROM (RFC 7208)."""
    mail_from = (inspection.sender or {}).get("MailFromAttributes", {})
    custom = mail_from.get("MailFromDomain")
    records = [
        text
        for text in inspection.records(custom or inspection.domain, "TXT")
        if text.lower().split()[:1] == ["v=spf1"]
    ]
    if len(records) > 1:
        remedy = "join them in one: with several none counts"
        # Without a MAIL FROM of its own, the site's mail does not need it.
        state: State = "wrong" if custom else "warning"
        yield Finding("SPF", state, f"{custom or inspection.domain} has {len(records)} SPF records", remedy)
    elif not custom:
        yield Finding("SPF", "ok", "SES sends by its own MAIL FROM domain, amazonses.com, which has its record")
    elif wanted := [*_servers(custom, records), *_exchanger(inspection, custom)]:
        says = f"the MAIL FROM domain {custom} is not complete"
        yield Finding("SPF", "wrong", says, "put into DNS: " + "; ".join(wanted))
    elif mail_from.get("MailFromDomainStatus") != "SUCCESS":
        says = f"the DNS records of {custom} are there, and SES has not seen them yet"
        yield Finding("SPF", "warning", says, f"wait; after 72 hours set it anew at {inspection.console}")
    else:
        yield Finding("SPF", "ok", f"{custom} lets SES send")


def _servers(custom: str, records: Sequence[str]) -> Iterator[str]:
    terms = records[0].split() if records else ["v=spf1", "~all"]
    if not {"include:amazonses.com", "+include:amazonses.com"} & {term.lower() for term in terms}:
        record = " ".join([terms[0], "include:amazonses.com", *terms[1:]])
        yield f'{custom} TXT "{record}"' + (", in place of the one that is there" if records else "")


def _exchanger(inspection: Inspection, custom: str) -> Iterator[str]:
    server = f"feedback-smtp.{inspection.region}.amazonses.com"
    there = [text.split()[-1] for text in inspection.records(custom, "MX")]
    # SES takes the domain only where this is the one record.
    if there != [server]:
        yield f"{custom} MX 10 {server}" + (", and no other MX" if set(there) - {server} else "")


def account(inspection: Inspection) -> Iterator[Finding]:
    """See what SES lets the account do (SES API v2, GetAccount): sandbox, pause, quota and rate."""
    told = inspection.client("sesv2").get_account()
    if told.get("ProductionAccessEnabled"):
        yield Finding("sandbox", "ok", f"SES in {inspection.region} is out of the sandbox")
    else:
        remedy = f"ask for production access at {inspection.console}; until then mail goes to verified addresses only"
        yield Finding("sandbox", "warning", f"SES in {inspection.region} is in the sandbox", remedy)
    status = told.get("EnforcementStatus", "HEALTHY")
    if not told.get("SendingEnabled"):
        yield Finding("sending", "wrong", f"SES has paused the account ({status})", f"see why at {inspection.console}")
    elif status != "HEALTHY":
        yield Finding("sending", "warning", f"SES watches the account ({status})", f"see why at {inspection.console}")
    else:
        yield Finding("sending", "ok", "SES sends")
    quota = told.get("SendQuota", {})
    # -1 is no limit.
    most, sent, rate = (
        quota.get(name, none) for name, none in (("Max24HourSend", -1), ("SentLast24Hours", 0), ("MaxSendRate", 0))
    )
    says = f"{sent:,.0f}{f' of {most:,.0f}' if most >= 0 else ''} emails in 24 hours, {rate:g} a second"
    larger = f"ask for a larger quota at {inspection.console}"
    if 0 <= most <= sent:
        remedy = f"wait, or {larger}; all that sends by this account uses it, not Guichet alone"
        yield Finding("quota", "wrong", f"{says}: all is used, so mail waits, and goes out by itself later", remedy)
    elif 0 <= most * _NEARLY_ALL <= sent:
        remedy = f"{larger}, if it goes on; all that sends by this account uses it, not Guichet alone"
        yield Finding("quota", "warning", f"{says}: nearly all is used, and then mail waits", remedy)
    elif 0 <= most < inspection.mails_per_day:
        remedy = f"deploy with StrangerMailPerDay={int(most / 2)}, so that mail to you has room, or {larger}"
        yield Finding("quota", "warning", f"{says}; StrangerMailPerDay is {inspection.mails_per_day:,}", remedy)
    else:
        yield Finding("quota", "ok", says)


def owner(inspection: Inspection) -> Iterator[Finding]:
    """See whether mail reaches the owner: their mailbox bounced, or is not verified in the sandbox."""
    ses = inspection.client("sesv2")
    sandbox = not ses.get_account().get("ProductionAccessEnabled")
    for address in inspection.owner_emails:
        wrong = False
        if existing(ses.get_suppressed_destination, EmailAddress=address):
            wrong = True
            # The stack's own emails to the owner pass the list by; it is the sign that they do not arrive.
            command = inspection.command("sesv2", "delete-suppressed-destination", "--email-address", address)
            says = f"{address} bounced or complained once, and is suppressed; Guichet goes on writing to it"
            yield Finding("owner", "warning", says, f"mend the mailbox, then: {command}")
        if sandbox and not _is_verified(inspection, ses, address):
            wrong = True
            command = inspection.command("sesv2", "create-email-identity", "--email-identity", address)
            says = f"in the sandbox, mail to {address} stays owed: it is not verified"
            yield Finding("owner", "wrong", says, f"{command}, then follow the link that is mailed")
        if not wrong:
            yield Finding("owner", "ok", f"nothing is known against {address}")


def _is_verified(inspection: Inspection, ses: Any, address: str) -> bool:
    """Return whether an address is verified, or will be with the identity that the deploy makes."""
    if inspection.makes_identity and inspection.domain in upwards(address.rpartition("@")[2]):
        return True
    return any(one["VerifiedForSendingStatus"] for one in identities_of(ses, address))
