"""Checks the domain's DMARC policy (RFC 9989), whether mail passes it, and what to do next."""

from collections.abc import Iterator, Mapping

from infra.operate.inspection import Finding, Inspection, with_parents

_POLICIES = ("none", "quarantine", "reject")
# Tags of RFC 7489 that RFC 9989 removed in 2026.
_REMOVED = ("pct", "rf", "ri")


def dmarc(inspection: Inspection) -> Iterator[Finding]:
    """Check the domain's DMARC policy, whether mail passes it, and what to do next.

    The domain's own record applies, or else that of a parent domain.
    """
    ignored = ""
    for domain in with_parents(inspection.domain):
        texts = inspection.records(f"_dmarc.{domain}", "TXT")
        found = [text for text in texts if _version(text).upper() == "DMARC1"]
        if len(found) > 1:
            message = f"_dmarc.{domain} has {len(found)} records: {' and '.join(found)}"
            yield Finding("DMARC", "wrong", message, "delete all but one: with several, none applies")
            return
        if found:
            yield from _policy(inspection, domain, found[0])
            return
        # The version comes first, or it is no record.
        meant = [text for text in texts if "dmarc1" in _tags(text).get("v", "").lower()]
        if meant and not ignored:
            ignored = f": what _dmarc.{domain} says does not begin with v=DMARC1, so it does not count ({meant[0]})"
    new = _record(inspection.domain, {"v": "DMARC1", "p": "none"} | _reports(inspection))
    message = f"{inspection.domain} has no DMARC record, which Gmail and Yahoo require of senders{ignored}"
    yield Finding("DMARC", "warning", message, f"{'replace it with' if ignored else 'add to DNS'}: {new}")


def _tags(record: str) -> dict[str, str]:
    """Return the tags of a DMARC record (RFC 9989, 4.7). Spaces around = and ; and the case of names are ignored."""
    parts = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in parts if name.strip()}


def _version(record: str) -> str:
    """Return the version of a DMARC record, its first tag; empty for any other record."""
    name, value = next(iter(_tags(record).items()), ("", ""))
    return value if name == "v" else ""


def _record(domain: str, tags: Mapping[str, str]) -> str:
    """Return a record as to be typed into DNS, version and policy first."""
    ordered = {name: tags[name] for name in ("v", "p") if name in tags} | dict(tags)
    return f'_dmarc.{domain} TXT "{"; ".join(map("=".join, ordered.items()))}"'


def _reports(inspection: Inspection) -> dict[str, str]:
    """Return the tag that has daily reports sent to the owner, if they have a mailbox at the domain.

    Receivers send reports to another domain only if that one allows it (RFC 9990).
    """
    own = [one for one in inspection.owner_emails if _related(one.rpartition("@")[2], inspection.domain)]
    return {"rua": f"mailto:{own[0]}"} if own else {}


def _related(one: str, other: str) -> bool:
    """Return whether two domains are the same, or one is a parent of the other."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _policy(inspection: Inspection, domain: str, record: str) -> Iterator[Finding]:
    tags = _tags(record)
    of_domain = tags.get("p", "").lower()
    of_subdomains = tags.get("sp", of_domain).lower()
    if tags["v"] != "DMARC1" or of_domain not in _POLICIES or of_subdomains not in _POLICIES:
        known = {name: value for name, value in tags.items() if name not in {"p", "sp"} or value.lower() in _POLICIES}
        remedy = f"replace it with: {_record(domain, {'v': 'DMARC1', 'p': 'none'} | known | {'v': 'DMARC1'})}"
        message = "does not have the version DMARC1, in capitals" if tags["v"] != "DMARC1" else "names no valid policy"
        yield Finding("DMARC", "wrong", f"the record of {domain} {message}: {record}", remedy)
        return
    policy, whose = (of_domain, "") if domain == inspection.domain else (of_subdomains, " for its subdomains")
    if tags.get("t", "n").lower() == "y":
        whose += ", for a test (t=y): mailboxes apply the one below"
    passed = _passed(inspection, tags, policy, f"{domain} has the policy {policy}{whose}")
    unreported = list(_unreported(inspection, domain, tags))
    # The most urgent step comes first: mail that does not pass, then reports that do not arrive. Mail that only passes
    # by MAIL FROM fails when forwarded, so do not advise a stricter policy for it.
    if passed.state == "ok" and not unreported and inspection.signs_as and not inspection.makes_identity:
        passed = Finding("DMARC", "ok", passed.message, _next_step(inspection, domain, tags, policy))
    yield passed
    yield from unreported


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


def _unreported(inspection: Inspection, domain: str, tags: Mapping[str, str]) -> Iterator[Finding]:
    """Report addresses that get no reports: those without mailto:, and those at domains that do not allow it."""
    addresses = [uri.strip() for uri in tags.get("rua", "").split(",") if uri.strip()]
    bare = [uri for uri in addresses if not uri.lower().startswith("mailto:")]
    if bare:
        fixed = ",".join(uri if uri not in bare else f"mailto:{uri.removeprefix('//')}" for uri in addresses)
        message = f"no reports are sent to {', '.join(bare)}: an address of rua begins with mailto:"
        yield Finding("DMARC", "warning", message, f"replace it with: {_record(domain, {**tags, 'rua': fixed})}")
    for receiver in dict.fromkeys(
        # A ! introduced a maximum size.
        uri.partition("!")[0].rpartition("@")[2].lower()
        for uri in addresses
        if uri not in bare
    ):
        name = f"{domain}._report._dmarc.{receiver}"
        if _related(receiver, domain) or any(_version(text) == "DMARC1" for text in inspection.records(name, "TXT")):
            continue
        message = f"reports of {domain} are not sent to {receiver}, which does not declare that it accepts them"
        remedy = f'have {receiver} add to DNS: {name} TXT "v=DMARC1", or have them sent to an address at {domain}'
        yield Finding("DMARC", "warning", message, remedy)


def _next_step(inspection: Inspection, domain: str, tags: Mapping[str, str], policy: str) -> str:
    """Return the next step for a domain whose mail passes, or nothing if there is none."""
    if domain != inspection.domain:
        return _step_below(inspection, tags, policy)
    return next(_steps(inspection, domain, tags, policy), "")


def _step_below(inspection: Inspection, tags: Mapping[str, str], policy: str) -> str:
    """Return the next step for a subdomain that has its parent's policy."""
    if policy == _POLICIES[-1]:
        return ""
    # The parent's record covers other mail as well; its own record covers only the site's.
    own = {name: value for name, value in tags.items() if name in {"rua", "adkim", "aspf"}}
    new = _record(inspection.domain, {"v": "DMARC1", "p": _stricter(policy), **own})
    return f"next, once all mail from {inspection.domain} passes, add to DNS a record of its own: {new}"


def _steps(inspection: Inspection, domain: str, tags: Mapping[str, str], policy: str) -> Iterator[str]:
    """Yield the steps from none to reject, the next one first."""
    kept = {name: value for name, value in tags.items() if name not in _REMOVED}
    proven = "once two weeks of reports show that all your mail passes"
    if policy != _POLICIES[-1] and "rua" not in tags:
        reports = _reports(inspection) or {"rua": f"mailto:ADDRESS@{domain}"}
        yield f"next, have reports sent to you, to see what else sends as {domain}: {_record(domain, kept | reports)}"
    if tags.get("t", "n").lower() == "y":
        tested = _record(domain, {name: value for name, value in kept.items() if name != "t"})
        yield f"next, {proven}, end the test: {tested}"
    if policy != "none" and tags.get("pct", "100") != "100":
        why = f"newer mailboxes apply the policy to all mail already, older ones to {tags['pct']}%"
        yield f"next, {proven}, take out pct ({why}): {_record(domain, kept)}"
    if policy != _POLICIES[-1]:
        yield f"next, {proven}: {_record(domain, kept | {'p': _stricter(policy)})}"
    if removed := [name for name in tags if name in _REMOVED]:
        names = " and ".join(removed)
        yield f"next, take out {names}, which DMARC dropped in 2026 (RFC 9989): {_record(domain, kept)}"
    if weaker := [name for name in ("sp", "np") if kept.get(name, policy).lower() != policy]:
        new = _record(domain, {name: value for name, value in kept.items() if name not in weaker})
        yield f"next, once no subdomain sends mail that does not pass, protect subdomains as well: {new}"


def _stricter(policy: str) -> str:
    """Return the next stricter policy."""
    return _POLICIES[min(_POLICIES.index(policy) + 1, len(_POLICIES) - 1)]
