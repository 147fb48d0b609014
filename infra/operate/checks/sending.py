"""Checks of sending: SES's region, the sender's identity, and the signature."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import botocore.session

from infra.operate.inspection import Finding, Fix, Inspection, dkim_of, nearest


def _to_create(inspection: Inspection) -> str:
    manually = f"create the identity {inspection.domain} at {inspection.console}"
    if inspection.where == "deployed" and inspection.creates_identity:
        # CloudFormation does not recreate what was deleted by hand.
        return manually
    return f"deploy with CreateIdentity=true, or {manually}"


def region(inspection: Inspection) -> Iterator[Finding]:
    """Check that SES exists in the stack's region, and that the API is in the same region."""
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
            message += f"; SES already sends as {sender['Name']}, so CreateIdentity=false works as well"
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
        yield _signing_off(inspection)
    elif domain is None:
        message = (
            f"SES has only the address {inspection.from_email}, so mail is not signed as {inspection.domain}, "
            "and mailboxes may refuse it"
        )
        yield Finding("DKIM", "warning", message, f"verify the domain {inspection.domain}: {_to_create(inspection)}")
    else:
        yield _keys(inspection, domain)


def _signing_off(inspection: Inspection) -> Finding:
    """Return the finding of an identity with keys that does not sign. The nearest one decides."""
    ready = next(one for one in inspection.identities if dkim_of(one).get("Status") == "SUCCESS")
    name = ready["Name"]
    command = inspection.command(
        "sesv2", "put-email-identity-dkim-attributes", "--email-identity", name, "--signing-enabled"
    )
    call = partial(
        inspection.client("sesv2").put_email_identity_dkim_attributes, EmailIdentity=name, SigningEnabled=True
    )
    fix = Fix(f"have SES sign the mail of {name} again", ["ses:PutEmailIdentityDkimAttributes"], call)
    return Finding("DKIM", "wrong", f"the keys of {name} are there, but signing is off", command, fix)


def _not_set_up(inspection: Inspection, name: str) -> Finding:
    command = inspection.command(
        "sesv2", "put-email-identity-dkim-signing-attributes", "--email-identity", name,
        "--signing-attributes-origin", "AWS_SES",
    )  # fmt: skip
    call = partial(
        inspection.client("sesv2").put_email_identity_dkim_signing_attributes,
        EmailIdentity=name,
        SigningAttributesOrigin="AWS_SES",
    )
    action = f"set up Easy DKIM for {name}; you then add three DNS records, which are printed"
    fix = Fix(action, ["ses:PutEmailIdentityDkimSigningAttributes"], call)
    remedy = f"{command}, then add the DNS records that this check prints"
    return Finding("DKIM", "wrong", f"DKIM is not set up for {name}", remedy, fix)


def _keys(inspection: Inspection, domain: dict[str, Any]) -> Finding:
    """Check the DNS records of a domain that SES does not sign for yet."""
    name, attributes = domain["Name"], dkim_of(domain)
    tokens = attributes.get("Tokens", [])
    if not tokens:
        return _not_set_up(inspection, name)
    missing = []
    for token in tokens:
        source = f"{token}._domainkey.{name}"
        if attributes.get("SigningAttributesOrigin") == "EXTERNAL":
            # The owner's own key, identified by its selector.
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
