"""`guichet doctor`: what is wrong with the mail, the stack or the site's page, in plain words and with the remedy.

Each check asks one thing of AWS, DNS or the site, and says what it found; one that cannot be done says why, and keeps
no other from being done.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal
from urllib.parse import urljoin, urlsplit

import dns.exception
import dns.resolver
import urllib3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from guichet.dynamodb import UnavailableError
from guichet.records import Recipient, utc_now
from guichet.settings import origin_of
from guichet.storage import Store
from infra.operate.connection import Connection, client_of
from infra.template import Template

State = Literal["ok", "warning", "wrong", "unknown"]
Where = Literal["before", "local", "deployed"]
# In seconds.
_PATIENCE = 5.0
_MOST_OF_A_PAGE = 2_000_000
# What an outage of a moment does not explain.
_OWED_TOO_LONG = 1800
_SES_CONSOLE = "https://console.aws.amazon.com/ses/home"


@dataclass(frozen=True)
class Finding:
    """What a check found: its state, what it saw in words, and what to do about it."""

    check: str
    state: State
    says: str
    remedy: str = ""


Check = Callable[["Case"], Iterator[Finding]]


def look_up(name: str, kind: Literal["TXT", "CNAME", "MX"]) -> list[str]:
    """Return the records of a name in DNS, none where there are none. Raises dns.exception.DNSException."""
    resolver = dns.resolver.Resolver()
    try:
        answer = resolver.resolve(name, kind, lifetime=_PATIENCE)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    if kind == "TXT":
        # A long text is cut into strings, which belong together without a blank (RFC 7208, 3.3).
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text().rstrip(".").lower() for record in answer]


@dataclass(frozen=True)
class Case:
    """What is examined: the settings that mail and site depend on, and what asks AWS, DNS and the web."""

    region: str
    from_email: str
    owner_emails: Sequence[str]
    site_url: str
    origins: frozenset[str]
    mails_per_day: int
    client: Callable[[str], Any]
    # Of a stack that is there.
    connection: Connection | None = None
    records: Callable[[str, Literal["TXT", "CNAME", "MX"]], list[str]] = look_up
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(timeout=_PATIENCE, retries=3))

    @property
    def where(self) -> Where:
        """Where the case is."""
        if self.connection is None:
            return "before"
        return "local" if self.connection.local else "deployed"

    @property
    def domain(self) -> str:
        """The domain that mail is sent from."""
        return self.from_email.rpartition("@")[2]

    def identity(self) -> dict[str, Any] | None:
        """Return the identity that SES sends by (SES API v2, GetEmailIdentity): the domain's, else the address's."""
        ses = self.client("sesv2")
        for name in (self.domain, self.from_email):
            try:
                told: dict[str, Any] = ses.get_email_identity(EmailIdentity=name)
            except ClientError as error:
                if error.response["Error"]["Code"] != "NotFoundException":
                    raise
            else:
                return {**told, "Name": name}
        return None


def case_of(connection: Connection) -> Case:
    """Return what there is to examine of a stack."""
    settings = connection.settings
    return Case(
        region=connection.region,
        from_email=settings.from_email,
        owner_emails=settings.owner_email,
        site_url=settings.site_url,
        origins=settings.origins,
        mails_per_day=settings.stranger_mail_per_day,
        client=connection.client,
        connection=connection,
    )


def case_before(parameters: Mapping[str, str], region: str) -> Case:
    """Return what there is to examine before the first deploy. Raises TemplateError for a parameter that is wrong."""
    values = Template.load().resolve(parameters).parameters
    further = [origin for origin in str(values["AllowedOrigins"]).split(",") if origin]
    return Case(
        region=region,
        from_email=str(values["FromEmail"]),
        owner_emails=str(values["OwnerEmail"]).split(","),
        site_url=str(values["SiteUrl"]),
        origins=frozenset(map(origin_of, (str(values["SiteUrl"]), *further))),
        mails_per_day=int(values["StrangerMailPerDay"]),
        client=partial(client_of, region=region),
    )


def examine(case: Case) -> Iterator[Finding]:
    """Do all checks that can be done where the case is."""
    for check, where in CHECKS.items():
        if case.where in where:
            yield from _done(check, case)


def _done(check: Check, case: Case) -> Iterator[Finding]:
    name = check.__name__.replace("_", " ")
    try:
        yield from check(case)
    except ClientError as error:
        told = error.response["Error"]
        remedy = f"let these credentials do {error.operation_name}" if "AccessDenied" in told["Code"] else ""
        yield Finding(name, "unknown", f"AWS refuses {error.operation_name}: {told['Code']}", remedy)
    except (NoCredentialsError, PartialCredentialsError):
        yield Finding(name, "unknown", "there are no AWS credentials", "give them as the AWS CLI takes them")
    except (BotoCoreError, UnavailableError, dns.exception.DNSException, urllib3.exceptions.HTTPError) as error:
        yield Finding(name, "unknown", f"no answer: {error}", "try again; this machine may be offline")


# --- the mail ---------------------------------------------------------------------------------------------------------


def identity(case: Case) -> Iterator[Finding]:
    """See whether SES may send as the site: the identity, and its DKIM signature (RFC 6376)."""
    found = case.identity()
    if found is None:
        remedy = f"deploy with CreateIdentity=true, or create the identity {case.domain} at {_SES_CONSOLE}"
        yield Finding(
            "identity", "wrong", f"SES in {case.region} knows neither {case.domain} nor {case.from_email}", remedy
        )
        return
    name = found["Name"]
    if found["VerifiedForSendingStatus"]:
        yield Finding("identity", "ok", f"SES sends as {name}")
    else:
        remedy = (
            "add the DNS records below and wait: mostly minutes, at most 72 hours"
            if name == case.domain
            else f"follow the link that AWS mailed to {name}"
        )
        yield Finding("identity", "wrong", f"{name} is not verified, so SES sends nothing", remedy)
    dkim = found.get("DkimAttributes", {})
    if dkim.get("Status") == "SUCCESS" and dkim.get("SigningEnabled"):
        yield Finding("DKIM", "ok", f"mail is signed as {name}")
    elif dkim.get("Status") == "SUCCESS":
        yield Finding("DKIM", "wrong", "the keys are there, and signing is off", f"switch it on at {_SES_CONSOLE}")
    elif name != case.domain:
        says = f"{name} is verified by itself, so mail is not signed as {case.domain}, and mailboxes may refuse it"
        yield Finding("DKIM", "warning", says, f"verify the domain {case.domain}: deploy with CreateIdentity=true")
    else:
        records = [(f"{token}._domainkey.{name}", f"{token}.dkim.amazonses.com") for token in dkim.get("Tokens", [])]
        missing = [(source, target) for source, target in records if target not in case.records(source, "CNAME")]
        if records and not missing:
            yield Finding("DKIM", "warning", "the DNS records are there, and SES has not seen them yet", "wait")
        else:
            remedy = "add to DNS: " + "; ".join(f"{source} CNAME {target}" for source, target in missing)
            yield Finding("DKIM", "wrong", f"{len(missing)} of {len(records)} DNS records are missing", remedy)


def dmarc(case: Case) -> Iterator[Finding]:
    """See whether the domain tells mailboxes what to make of its mail (RFC 7489): its own record, or a parent's."""
    labels = case.domain.split(".")
    for start in range(len(labels) - 1):
        domain = ".".join(labels[start:])
        found = [text for text in case.records(f"_dmarc.{domain}", "TXT") if text.lower().startswith("v=dmarc1")]
        if len(found) > 1:
            remedy = "leave one of them: with several none counts"
            yield Finding("DMARC", "wrong", f"_dmarc.{domain} has {len(found)} records", remedy)
            return
        if found:
            yield _policy(domain, found[0])
            return
    remedy = f'add to DNS: _dmarc.{case.domain} TXT "v=DMARC1; p=none"'
    yield Finding(
        "DMARC", "warning", f"{case.domain} has no DMARC record, which Gmail and Yahoo ask of senders", remedy
    )


def _policy(domain: str, record: str) -> Finding:
    tags = dict(part.strip().partition("=")[::2] for part in record.split(";") if part.strip())
    policy = tags.get("p", "").strip().lower()
    if policy not in ("none", "quarantine", "reject"):
        remedy = f'put in its place: _dmarc.{domain} TXT "v=DMARC1; p=none"'
        return Finding("DMARC", "wrong", f"the record of {domain} names no policy: {record}", remedy)
    return Finding("DMARC", "ok", f"{domain} has the policy {policy}; mail passes it by its DKIM signature")


def spf(case: Case) -> Iterator[Finding]:
    """See whether the servers of SES may send for the domain of MAIL FROM (RFC 7208)."""
    found = case.identity()
    custom = (found or {}).get("MailFromAttributes", {}).get("MailFromDomain")
    records = [text for text in case.records(custom or case.domain, "TXT") if text.lower().split()[:1] == ["v=spf1"]]
    if len(records) > 1:
        remedy = "join them in one: with several none counts"
        yield Finding("SPF", "wrong", f"{custom or case.domain} has {len(records)} SPF records", remedy)
    elif not custom:
        yield Finding("SPF", "ok", "SES sends by its own MAIL FROM domain, amazonses.com, which has its record")
    else:
        server = f"feedback-smtp.{case.region}.amazonses.com"
        wanted = []
        if not any("include:amazonses.com" in text for text in records):
            wanted.append(f'{custom} TXT "v=spf1 include:amazonses.com ~all"')
        if not any(text.endswith(server) for text in case.records(custom, "MX")):
            wanted.append(f"{custom} MX 10 {server}")
        if wanted:
            yield Finding(
                "SPF", "wrong", f"the MAIL FROM domain {custom} is not complete", "add to DNS: " + "; ".join(wanted)
            )
        else:
            yield Finding("SPF", "ok", f"{custom} lets SES send")


def account(case: Case) -> Iterator[Finding]:
    """See what SES lets the account do (SES API v2, GetAccount): sandbox, pause, quota and rate."""
    told = case.client("sesv2").get_account()
    if told.get("ProductionAccessEnabled"):
        yield Finding("sandbox", "ok", f"SES in {case.region} is out of the sandbox")
    else:
        remedy = f"ask for production access at {_SES_CONSOLE}; until then mail goes to verified addresses only"
        yield Finding("sandbox", "warning", f"SES in {case.region} is in the sandbox", remedy)
    status = told.get("EnforcementStatus", "HEALTHY")
    if not told.get("SendingEnabled"):
        yield Finding("sending", "wrong", f"SES has paused the account ({status})", f"see why at {_SES_CONSOLE}")
    elif status != "HEALTHY":
        yield Finding("sending", "warning", f"SES watches the account ({status})", f"see why at {_SES_CONSOLE}")
    else:
        yield Finding("sending", "ok", "SES sends")
    quota = told.get("SendQuota", {})
    most, sent, rate = (quota.get(name, 0.0) for name in ("Max24HourSend", "SentLast24Hours", "MaxSendRate"))
    says = f"{sent:,.0f} of {most:,.0f} emails in 24 hours, {rate:g} a second"
    # -1 is no limit.
    if 0 <= most < case.mails_per_day:
        remedy = (
            f"deploy with StrangerMailPerDay={int(most / 2)}, so that mail to you has room, or ask for a larger quota"
        )
        yield Finding("quota", "warning", f"{says}; StrangerMailPerDay is {case.mails_per_day:,}", remedy)
    else:
        yield Finding("quota", "ok", says)


def owner(case: Case) -> Iterator[Finding]:
    """See whether mail reaches the owner: suppressed by SES, or not verified in the sandbox."""
    ses = case.client("sesv2")
    sandbox = not ses.get_account().get("ProductionAccessEnabled")
    for address in case.owner_emails:
        wrong = False
        if _there(ses.get_suppressed_destination, EmailAddress=address):
            wrong = True
            remedy = f"mend the mailbox, then: aws sesv2 delete-suppressed-destination --email-address {address}"
            yield Finding("owner", "warning", f"{address} bounced or complained once, and is suppressed", remedy)
        if sandbox and not any(
            (found or {}).get("VerifiedForSendingStatus")
            for found in (
                _there(ses.get_email_identity, EmailIdentity=name) for name in (address, address.rpartition("@")[2])
            )
        ):
            wrong = True
            remedy = f"aws sesv2 create-email-identity --email-identity {address}, then follow the link that is mailed"
            yield Finding("owner", "wrong", f"in the sandbox, mail to {address} stays owed: it is not verified", remedy)
        if not wrong:
            yield Finding("owner", "ok", f"nothing is known against {address}")


def _there(get: Callable[..., dict[str, Any]], **name: str) -> dict[str, Any] | None:
    try:
        return get(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return None


# --- the stack --------------------------------------------------------------------------------------------------------


def table(case: Case) -> Iterator[Finding]:
    """See whether the table forgets what it should, can be restored, and tells of what is new."""
    connection = _connection(case)
    dynamodb, name = connection.client("dynamodb"), connection.settings.table_name
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus", "DISABLED")
    stream = dynamodb.describe_table(TableName=name)["Table"].get("StreamSpecification", {}).get("StreamEnabled")
    for what, there in (
        ("time to live", expiry in ("ENABLED", "ENABLING")),
        ("point-in-time recovery", recovery == "ENABLED"),
        ("stream", bool(stream)),
    ):
        if there:
            yield Finding("table", "ok", f"the {what} is on")
        else:
            yield Finding("table", "wrong", f"the {what} is off: somebody changed it by hand", "make deploy")


def owed(case: Case) -> Iterator[Finding]:
    """See whether emails wait longer than they should."""
    store = Store(_connection(case).settings.table_name)
    recipients: tuple[Recipient, Recipient] = ("owner", "visitor")
    waiting = [since for recipient in recipients for _, since in store.owed(recipient)]
    age = (utc_now() - min(waiting)).total_seconds() if waiting else 0
    if age > _OWED_TOO_LONG:
        says = f"{len(waiting)} emails wait, the oldest for {age / 3600:.1f} hours"
        yield Finding("owed emails", "warning", says, "guichet owed")
    else:
        yield Finding("owed emails", "ok", f"{len(waiting)} wait")


def triggers(case: Case) -> Iterator[Finding]:
    """See whether the stream and the schedule still call the notifier."""
    connection = _connection(case)
    notifier = connection.resources["Notifier"]
    mappings = connection.client("lambda").list_event_source_mappings(FunctionName=notifier)["EventSourceMappings"]
    if any(mapping["State"] in ("Enabled", "Enabling", "Updating", "Creating") for mapping in mappings):
        yield Finding("stream", "ok", "it calls the notifier")
    else:
        states = ", ".join(mapping["State"] for mapping in mappings) or "there is none"
        remedy = "make deploy, or enable it in Lambda's console; until then mail goes out every 15 minutes"
        yield Finding("stream", "wrong", f"it does not call the notifier ({states})", remedy)
    state = connection.client("events").describe_rule(Name=connection.resources["NotifierSweep"])["State"]
    if state.startswith("ENABLED"):
        yield Finding("schedule", "ok", "it calls the notifier")
    else:
        yield Finding("schedule", "wrong", "it is disabled: what fails once is not tried again", "make deploy")


def alarms(case: Case) -> Iterator[Finding]:
    """See whether somebody hears the alarms, and which of them ring."""
    connection = _connection(case)
    topic = connection.resources["AlarmTopic"]
    told = connection.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    pending = [one["Endpoint"] for one in told if one["SubscriptionArn"] == "PendingConfirmation"]
    if pending:
        remedy = "say yes in the email of AWS Notifications; after three days it is to be sent anew, from SNS's console"
        yield Finding("alarms", "warning", f"{', '.join(pending)} has not said yes to the alarms", remedy)
    elif not told:
        yield Finding(
            "alarms", "wrong", "nobody is told of alarms", f"subscribe an address to {topic} in SNS's console"
        )
    else:
        yield Finding("alarms", "ok", f"{', '.join(one['Endpoint'] for one in told)} is told of alarms")
    names = [name for logical, name in connection.resources.items() if logical.endswith("Alarm")]
    for alarm in connection.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]:
        if alarm["StateValue"] == "ALARM":
            says = f"{alarm['AlarmName']} rings: {alarm.get('AlarmDescription', '')}"
            yield Finding("alarms", "warning", says, "infra/RUNBOOK.md says what to do")


def parameters(case: Case) -> Iterator[Finding]:
    """See whether the stack knows all parameters of this version."""
    connection = _connection(case)
    missing = sorted(set(Template.load().declared) - set(connection.parameters))
    if missing:
        says = f"the stack is older than this version: it does not know {', '.join(missing)}"
        yield Finding("parameters", "warning", says, "make deploy")
    else:
        yield Finding("parameters", "ok", "the stack has all parameters of this version")


def _connection(case: Case) -> Connection:
    if case.connection is None:
        raise TypeError("this check is for a stack that is there")
    return case.connection


# --- the site ---------------------------------------------------------------------------------------------------------


def page(case: Case) -> Iterator[Finding]:
    """See whether the site's page is where the forms may come from, and names the API."""
    response = case.http.request("GET", case.site_url, preload_content=False)
    body = response.read(_MOST_OF_A_PAGE).decode("utf-8", "replace")
    response.release_conn()
    address = urljoin(case.site_url, response.geturl() or "")
    origin = origin_of(address)
    if response.status >= 400:  # noqa: PLR2004  RFC 9110: client and server errors
        yield Finding(
            "page", "wrong", f"{address} answers {response.status}", "mend the site, or deploy with its SiteUrl"
        )
    elif origin not in case.origins:
        says = f"{case.site_url} leads to {origin}, whose forms are refused"
        yield Finding("page", "wrong", says, f"deploy with SiteUrl={address}, or with AllowedOrigins={origin}")
    else:
        yield Finding("page", "ok", f"{address} may post forms")
    if case.connection:
        api = urlsplit(case.connection.settings.api_url).netloc
        where = "names the API" if api in body else "does not name the API; a form on another page, or a script, may"
        yield Finding("form", "ok", f"{address} {where}")


def cors(case: Case) -> Iterator[Finding]:
    """See whether the API lets the site's scripts post (Fetch Standard, CORS-preflight fetch)."""
    endpoint, origin = _connection(case).settings.api_url, origin_of(case.site_url)
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    response = case.http.request("OPTIONS", f"{endpoint}/contact", headers=asked)
    headers = {name.lower(): value.lower() for name, value in response.headers.items()}
    if headers.get("access-control-allow-origin") not in (origin, "*"):
        remedy = f"deploy with SiteUrl={case.site_url}; if that is so, look whether {endpoint} is this stack's"
        yield Finding("CORS", "wrong", f"{endpoint} does not let scripts of {origin} post", remedy)
    elif "post" not in headers.get("access-control-allow-methods", "") or "content-type" not in headers.get(
        "access-control-allow-headers", ""
    ):
        yield Finding("CORS", "wrong", "the API allows the origin, but not to post JSON to it", "make deploy")
    else:
        yield Finding("CORS", "ok", f"{endpoint} lets scripts of {origin} post")


# Where each check can be done: this machine has neither a real SES nor DNS, and before a deploy there is no stack.
CHECKS: Mapping[Check, Sequence[Where]] = {
    identity: ("before", "deployed"),
    dmarc: ("before", "deployed"),
    spf: ("before", "deployed"),
    account: ("before", "local", "deployed"),
    owner: ("before", "deployed"),
    table: ("local", "deployed"),
    owed: ("local", "deployed"),
    triggers: ("deployed",),
    alarms: ("deployed",),
    parameters: ("deployed",),
    page: ("before", "local", "deployed"),
    cors: ("local", "deployed"),
}
