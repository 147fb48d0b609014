"""What `guichet doctor` examines, before a deploy and after it, and what a check of it finds."""

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal
from urllib.parse import urljoin

import dns.resolver
import urllib3
from botocore.exceptions import ClientError

from infra.operate.connection import Connection, OperatorSettings, client_of
from infra.template import Template

State = Literal["ok", "warning", "wrong", "unknown"]
Where = Literal["before", "local", "deployed"]
Kind = Literal["TXT", "CNAME", "MX"]
# In seconds.
_PATIENCE = 5.0
_MOST_OF_A_PAGE = 2_000_000


@dataclass(frozen=True)
class Finding:
    """What a check found: its state, what it saw in words, and what to do about it."""

    check: str
    state: State
    says: str
    remedy: str = ""


class MissingError(Exception):
    """The stack has not got what a check looks at. The text names it."""


def look_up(name: str, kind: Kind) -> list[str]:
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


def _web() -> urllib3.PoolManager:
    # Three checks ask for the page, so none of them tries twice.
    retries = urllib3.Retry(connect=0, read=0, redirect=5)
    return urllib3.PoolManager(timeout=_PATIENCE, retries=retries, headers={"User-Agent": "guichet-doctor"})


@dataclass(frozen=True)
class Page:
    """The site's page: where SiteUrl leads to in the end, what is answered there, and the text."""

    address: str
    status: int
    text: str


@dataclass(frozen=True)
class Inspection:
    """What is examined: the settings that mail and site depend on, and what asks AWS, DNS and the web."""

    region: str
    from_email: str
    owner_emails: Sequence[str]
    site_url: str
    origins: frozenset[str]
    mails_per_day: int
    # Whether the stack makes the identity of the sender's domain, as CreateIdentity says.
    creates_identity: bool
    client: Callable[[str], Any]
    # Of a stack that is there.
    connection: Connection | None = None
    records: Callable[[str, Kind], list[str]] = look_up
    http: urllib3.PoolManager = field(default_factory=_web)

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

    @property
    def console(self) -> str:
        """The address of SES's console. Without its region it would show the one that was looked at last."""
        return f"https://{self.region}.console.aws.amazon.com/ses/home?region={self.region}"

    @property
    def stack(self) -> Connection:
        """The stack, for the checks of one that is there."""
        if self.connection is None:
            raise TypeError("this check is for a stack that is there")
        return self.connection

    def resource(self, name: str) -> str:
        """Return the physical id of a resource of the stack. Raises MissingError."""
        if name not in self.stack.resources:
            raise MissingError(name)
        return self.stack.resources[name]

    def command(self, *words: str) -> str:
        """Return a command of the AWS CLI, to be pasted into a shell as it is."""
        return shlex.join(["aws", *words, "--region", self.region])

    @cached_property
    def identities(self) -> Sequence[dict[str, Any]]:
        """The identities of SES that cover the sender, the nearest first."""
        return list(identities_of(self.client("sesv2"), self.from_email))

    @property
    def sender(self) -> dict[str, Any] | None:
        """The identity that SES sends by."""
        return nearest(self.identities)

    @property
    def makes_identity(self) -> bool:
        """Whether the first deploy is to make the identity of the domain."""
        there = any(identity["Name"] == self.domain for identity in self.identities)
        return self.where == "before" and self.creates_identity and not there

    @property
    def signs_as(self) -> str | None:
        """The domain that SES signs the mail as (RFC 6376), None where it does not.

        An address has the signature of its domain, but may switch it off for itself.
        """
        ready = [identity for identity in self.identities if dkim_of(identity).get("Status") == "SUCCESS"]
        if not ready or not dkim_of(ready[0]).get("SigningEnabled"):
            return None
        return next((identity["Name"] for identity in ready if "@" not in identity["Name"]), self.domain)

    @cached_property
    def page(self) -> Page:
        """The site's page. Raises urllib3.exceptions.HTTPError."""
        response = self.http.request("GET", self.site_url, preload_content=False)
        try:
            text = response.read(_MOST_OF_A_PAGE).decode("utf-8", "replace")
        finally:
            # Not back to the pool: of a long page, a part is left unread.
            response.close()
        address = self.site_url
        for hop in response.retries.history if response.retries else ():
            # Each is relative to the one before.
            address = urljoin(address, hop.redirect_location or "")
        return Page(address, response.status, text)


def inspection_of(connection: Connection) -> Inspection:
    """Return what there is to examine of a stack."""
    return _case(
        connection.settings,
        region=connection.region,
        creates_identity=connection.parameters.get("CreateIdentity") == "true",
        client=connection.client,
        connection=connection,
    )


def inspection_before(parameters: Mapping[str, str], region: str) -> Inspection:
    """Return what there is to examine before the first deploy. Raises TemplateError for a parameter that is wrong."""
    # What the API's address will be is for AWS to say.
    stack = Template.load().resolve(parameters, {"Api.ApiEndpoint": "https://api.example"})
    return _case(
        # Whatever the template allows, the functions take.
        OperatorSettings.model_validate(stack.environment),
        region=region,
        creates_identity=stack.parameters["CreateIdentity"] == "true",
        client=partial(client_of, region=region),
    )


def _case(settings: OperatorSettings, **rest: Any) -> Inspection:
    return Inspection(
        from_email=settings.from_email,
        owner_emails=settings.owner_email,
        site_url=settings.site_url,
        origins=settings.origins,
        mails_per_day=settings.stranger_mail_per_day,
        **rest,
    )


def upwards(domain: str) -> Iterator[str]:
    """Yield a domain and those above it, without the top: news.atelier.example, atelier.example."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        yield ".".join(labels[start:])


def identities_of(ses: Any, address: str) -> Iterator[dict[str, Any]]:
    """Yield the identities that cover an address, the nearest first (SES API v2, GetEmailIdentity).

    They are the address itself, its domain, and the domains above: one that is verified covers its subdomains.
    """
    for name in (address, *upwards(address.rpartition("@")[2])):
        told = existing(ses.get_email_identity, EmailIdentity=name)
        if told is not None:
            yield {**told, "Name": name}


def existing(get: Callable[..., dict[str, Any]], **name: str) -> dict[str, Any] | None:
    """Return what SES knows by a name, None where it knows none."""
    try:
        return get(**name)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NotFoundException":
            raise
        return None


def nearest(identities: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the nearest identity that is verified, else the nearest."""
    verified = (identity for identity in identities if identity.get("VerifiedForSendingStatus"))
    return next(verified, identities[0] if identities else None)


def dkim_of(identity: dict[str, Any]) -> dict[str, Any]:
    """Return what SES tells of an identity's DKIM."""
    told: dict[str, Any] = identity.get("DkimAttributes", {})
    return told
