"""The subject of `guichet doctor`, before a deploy or after it, and the findings of its checks."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import Any, Literal
from urllib.parse import urljoin

import dns.resolver
import urllib3

from infra.operate.connection import Connection, OperatorSettings, client_of, existing
from infra.template import Template

State = Literal["ok", "warning", "wrong", "unknown"]
Where = Literal["before", "local", "deployed"]
Kind = Literal["TXT", "CNAME", "MX"]
# In seconds.
_TIMEOUT = 5.0
# In bytes.
_LONGEST_PAGE = 2_000_000


@dataclass(frozen=True)
class Fix:
    """What `guichet doctor --fix` may do about a finding: only AWS calls, none of which loses anything.

    `action` describes it; `permissions` are the IAM actions that the credentials need for it.
    """

    action: str
    permissions: Sequence[str]
    apply: Callable[[], object]


@dataclass(frozen=True)
class Finding:
    """The result of a check: its state, what it found, and what to do about it.

    Even an ok finding may have a remedy: the next step, which can wait.
    """

    check: str
    state: State
    message: str
    remedy: str = ""
    fix: Fix | None = field(default=None, compare=False)

    @property
    def fields(self) -> dict[str, str]:
        """The finding for a program. `fix` is what `--fix` would do, or empty."""
        return {
            "check": self.check,
            "state": self.state,
            "message": self.message,
            "remedy": self.remedy,
            "fix": self.fix.action if self.fix else "",
        }


class FixError(Exception):
    """A fix cannot be applied now. The message says why."""


class MissingError(Exception):
    """The stack lacks a resource that a check needs. The message names it."""


def look_up(name: str, kind: Kind) -> list[str]:
    """Return the DNS records of a name, or an empty list. Raises dns.exception.DNSException."""
    resolver = dns.resolver.Resolver()
    try:
        answer = resolver.resolve(name, kind, lifetime=_TIMEOUT)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    if kind == "TXT":
        # A long text is split into strings, which are joined without a space (RFC 7208, 3.3).
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    return [record.to_text().rstrip(".").lower() for record in answer]


@cache
def _template() -> Template:
    # Several checks ask it, and reading it takes most of a second.
    return Template.load()


def _web() -> urllib3.PoolManager:
    # Three checks request the page, so none of them retries.
    retries = urllib3.Retry(connect=0, read=0, redirect=5)
    return urllib3.PoolManager(timeout=_TIMEOUT, retries=retries, headers={"User-Agent": "guichet-doctor"})


@dataclass(frozen=True)
class Page:
    """The site's page: the address that SiteUrl redirects to, the status, and the text."""

    address: str
    status: int
    text: str


@dataclass(frozen=True)
class Inspection:
    """What doctor inspects: the settings that mail and the site depend on, and access to AWS, DNS and the web."""

    region: str
    from_email: str
    owner_emails: Sequence[str]
    site_name: str
    site_url: str
    logo_url: str
    origins: frozenset[str]
    mails_per_day: int
    # The parameter CreateIdentity: whether the stack creates the identity of the sender's domain.
    creates_identity: bool
    # The parameter HoneypotField.
    honeypot_field: str
    client: Callable[[str], Any]
    # None before the first deploy.
    connection: Connection | None = None
    records: Callable[[str, Kind], list[str]] = look_up
    http: urllib3.PoolManager = field(default_factory=_web)

    @property
    def where(self) -> Where:
        """The kind of stack: none yet, local, or deployed."""
        if self.connection is None:
            return "before"
        return "local" if self.connection.local else "deployed"

    @property
    def domain(self) -> str:
        """The domain that mail is sent from."""
        return self.from_email.rpartition("@")[2]

    @property
    def console(self) -> str:
        """The address of SES's console. Without a region, it would show the last one visited."""
        return f"https://{self.region}.console.aws.amazon.com/ses/home?region={self.region}"

    @property
    def stack(self) -> Connection:
        """The connection to the stack, for checks that need one."""
        if self.connection is None:
            raise TypeError("this check needs a stack")
        return self.connection

    def resource(self, name: str) -> str:
        """Return the physical id of a resource of the stack. Raises MissingError."""
        if name not in self.stack.resources:
            raise MissingError(name)
        return self.stack.resources[name]

    def command(self, *words: str) -> str:
        """Return an AWS CLI command, quoted for a shell."""
        return shlex.join(["aws", *words, "--region", self.region])

    @cached_property
    def identities(self) -> Sequence[dict[str, Any]]:
        """The SES identities that cover the sender, nearest first."""
        return list(identities_of(self.client("sesv2"), self.from_email))

    @property
    def sender(self) -> dict[str, Any] | None:
        """The identity that SES sends with."""
        return nearest(self.identities)

    @property
    def makes_identity(self) -> bool:
        """Whether the first deploy will create the identity of the domain."""
        exists = any(identity["Name"] == self.domain for identity in self.identities)
        return self.where == "before" and self.creates_identity and not exists

    @property
    def signs_as(self) -> str | None:
        """The domain that SES signs the mail with (RFC 6376), or None.

        An address inherits its domain's signature, but may turn it off for itself.
        """
        ready = [identity for identity in self.identities if dkim_of(identity).get("Status") == "SUCCESS"]
        if not ready or not dkim_of(ready[0]).get("SigningEnabled"):
            return None
        return next((identity["Name"] for identity in ready if "@" not in identity["Name"]), self.domain)

    @property
    def template(self) -> Template:
        """The template of this version, which the stack is compared with."""
        return _template()

    @cached_property
    def account(self) -> dict[str, Any]:
        """What SES allows the account (SES API v2, GetAccount)."""
        limits: dict[str, Any] = self.client("sesv2").get_account()
        return limits

    @cached_property
    def page(self) -> Page:
        """The site's page. Raises urllib3.exceptions.HTTPError."""
        response = self.http.request("GET", self.site_url, preload_content=False)
        try:
            text = response.read(_LONGEST_PAGE).decode("utf-8", "replace")
        finally:
            # Do not return the connection to the pool: part of a long page is left unread.
            response.close()
        address = self.site_url
        for hop in response.retries.history if response.retries else ():
            # Each redirect is relative to the previous address.
            address = urljoin(address, hop.redirect_location or "")
        return Page(address, response.status, text)


def inspection_of(connection: Connection) -> Inspection:
    """Return the inspection of a stack."""
    return _inspection(
        connection.settings,
        region=connection.region,
        creates_identity=connection.parameters.get("CreateIdentity") == "true",
        client=connection.client,
        connection=connection,
    )


def inspection_before(parameters: Mapping[str, str], region: str) -> Inspection:
    """Return the inspection before the first deploy. Raises TemplateError for a wrong parameter."""
    # A placeholder: AWS chooses the API's address.
    stack = Template.load().resolve(parameters, {"Api.ApiEndpoint": "https://api.example"})
    return _inspection(
        # The functions accept whatever the template allows.
        OperatorSettings.model_validate(stack.environment),
        region=region,
        creates_identity=stack.parameters["CreateIdentity"] == "true",
        client=partial(client_of, region=region),
    )


def _inspection(settings: OperatorSettings, **rest: Any) -> Inspection:
    return Inspection(
        from_email=settings.from_email,
        owner_emails=settings.owner_email,
        site_name=settings.site_name,
        site_url=settings.site_url,
        logo_url=settings.logo_url,
        origins=settings.origins,
        mails_per_day=settings.stranger_mail_per_day,
        honeypot_field=settings.honeypot_field,
        **rest,
    )


def with_parents(domain: str) -> Iterator[str]:
    """Yield a domain and its parents, without the top level: news.atelier.example, atelier.example."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        yield ".".join(labels[start:])


def identities_of(ses: Any, address: str) -> Iterator[dict[str, Any]]:
    """Yield the identities that cover an address, nearest first (SES API v2, GetEmailIdentity).

    They are the address itself, its domain, and parent domains: a verified domain covers its subdomains.
    """
    for name in (address, *with_parents(address.rpartition("@")[2])):
        identity = existing(ses.get_email_identity, EmailIdentity=name)
        if identity is not None:
            yield {**identity, "Name": name}


def nearest(identities: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the nearest verified identity, or else the nearest one."""
    verified = (identity for identity in identities if identity.get("VerifiedForSendingStatus"))
    return next(verified, identities[0] if identities else None)


def dkim_of(identity: dict[str, Any]) -> dict[str, Any]:
    """Return the DKIM attributes of an identity."""
    attributes: dict[str, Any] = identity.get("DkimAttributes", {})
    return attributes
