"""The check of the domain's DMARC policy (RFC 7489), and of whether mail passes it."""

from collections.abc import Iterator, Mapping

from infra.operate.inspection import Finding, Inspection, with_parents

_POLICIES = ("none", "quarantine", "reject")


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
