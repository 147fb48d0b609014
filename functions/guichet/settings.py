"""The environment of each function, one model per function, filled from the parameters of template.yaml."""

import os
import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING, Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic_core import ValidationError

from guichet.addresses import parse
from guichet.locales import LANGUAGES, Language
from guichet.model import After, Before, Limit, Model
from guichet.signing import subscriber_id

# This machine's origins, with any port. API Gateway's CORS has no such wildcard and the template's pattern refuses it,
# so only the local stack can have them.
ANY_PORT = ":*"
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
LOOPBACK_ORIGINS = tuple(f"{scheme}://{host}{ANY_PORT}" for scheme in ("http", "https") for host in _LOOPBACK)
# The prefix of the local stack's secret, which everybody can read.
LOCAL_SECRET = "local-stack-only-"  # noqa: S105  it is no secret
_PORT = re.compile(r":[0-9]{1,5}$")
_SHORTEST_SECRET = 32


class SettingsError(Exception):
    """An environment variable is missing or invalid. The text names it and says what was expected."""


def origin_of(url: str) -> str:
    """Return the origin of an http or https address, `https://example.org` (RFC 6454, without the default port)."""
    parts = urlsplit(url)
    default_port = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default_port) else f":{parts.port}"
    host = (parts.hostname or "").lower()
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def is_allowed(origin: str, allowed: Collection[str]) -> bool:
    """Return whether an origin, as browsers write it, is allowed. An allowed origin may match any port."""
    return origin in allowed or _PORT.sub("", origin) + ANY_PORT in allowed


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _http_address(text: str) -> str:
    # Not pydantic's HttpUrl, which costs every start two milliseconds.
    parts = urlsplit(text)
    # Reading the port validates it.
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("expected a valid URL with http:// or https://")
    return text


def _origin(text: str) -> str:
    return text if text in LOOPBACK_ORIGINS else origin_of(_http_address(text))


def _http_address_or_none(text: str) -> str:
    return _http_address(text) if text else ""


def _https_address_or_none(text: str) -> str:
    if text and not _http_address(text).startswith("https://"):
        raise ValueError("expected a valid URL with https://")
    return text


def _color(text: str) -> str:
    color = text.lower()
    if len(color) != len("#rrggbb") or color[0] != "#" or not set(color[1:]) <= set("0123456789abcdef"):
        raise ValueError("expected a colour, such as #1f4fa3")
    return color


def _address(text: str) -> str:
    address = parse(text)
    if address is None:
        raise ValueError("expected a bare email address, such as me@example.org")
    return address


def _address_or_none(text: str) -> str:
    return _address(text) if text else ""


def _secret_or_none(text: str) -> str:
    if text and len(text) < _SHORTEST_SECRET:
        raise ValueError(f"expected at least {_SHORTEST_SECRET} characters, or none")
    return text


def _time_zone(text: str) -> str:
    # Imported late: only the notifier, which shows times, needs it.
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        raise ValueError("expected the name of a time zone, such as Europe/Paris") from None
    return text


NotEmpty = Annotated[str, Limit(min_length=1)]
HttpAddress = Annotated[str, After(_http_address)]
OptionalHttpAddress = Annotated[str, After(_http_address_or_none)]
OptionalHttpsAddress = Annotated[str, After(_https_address_or_none)]
Color = Annotated[str, After(_color)]
Origins = Annotated[tuple[Annotated[str, After(_origin)], ...], Before(_comma_separated)]
Address = Annotated[str, After(_address)]
OptionalAddress = Annotated[str, After(_address_or_none)]
TimeZone = Annotated[str, After(_time_zone)]
Addresses = Annotated[tuple[Address, ...], Limit(min_length=1), Before(_comma_separated)]
Days = Annotated[int, Limit(ge=30)]


def _on_aws() -> bool:
    """Return whether this is Lambda itself. The SAM CLI's containers say that they are not."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ and os.environ.get("AWS_SAM_LOCAL") != "true"


class Settings(Model, alias_generator=str.upper):
    """Settings of every function."""

    table_name: NotEmpty
    site_name: NotEmpty
    site_url: HttpAddress
    signing_secret: Annotated[str, Limit(min_length=_SHORTEST_SECRET)]
    default_language: Language

    def __repr__(self) -> str:
        """Return only the name: the values include the secret."""
        return type(self).__name__

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from the environment.

        Raises SettingsError, which names each invalid variable and never quotes its value: it may be the secret.
        """
        try:
            settings = cls.model_validate(dict(os.environ))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, part['loc']))}: {part['msg']}"
                for part in error.errors(include_url=False, include_input=False, include_context=False)
            )
            raise SettingsError(f"wrong settings: {wrong}") from None
        if settings.signing_secret.startswith(LOCAL_SECRET) and _on_aws():
            raise SettingsError("wrong settings: SIGNING_SECRET: this is the local stack's, which everybody knows")
        return settings


class AddressSettings(Settings):
    """Settings of every function that looks up addresses."""

    # The secret of the stack whose archive was imported: records without an address are identified by its hashes.
    former_signing_secret: Annotated[str, After(_secret_or_none)] = ""

    def ids_of(self, email: str) -> tuple[str, ...]:
        """Return the ids under which a parsed address may be known: this stack's own first, then the former one's."""
        secrets = dict.fromkeys(filter(None, (self.signing_secret, self.former_signing_secret)))
        return tuple(subscriber_id(secret, email) for secret in secrets)


@cache
def _origins(site_url: str, further: tuple[str, ...]) -> frozenset[str]:
    # Each post asks more than once.
    return frozenset((origin_of(site_url), *further))


class LookSettings(Settings):
    """Settings of every function that shows pages or writes emails."""

    accent_color: Color
    logo_url: OptionalHttpAddress
    privacy_url: OptionalHttpAddress

    @property
    def logo(self) -> str:
        """The URL of the logo, or "" if there is none on the site's own origin: it is never loaded from elsewhere."""
        return self.logo_url if self.logo_url and origin_of(self.logo_url) == origin_of(self.site_url) else ""


class FormSettings(LookSettings):
    """Settings of every function that takes forms."""

    allowed_origins: Origins
    caller_hourly_cap: Annotated[int, Limit(ge=1)]
    honeypot_field: NotEmpty
    spam_filter: Literal["on", "off"]
    proof_of_work: Literal["off", "on", "required"]

    @property
    def origins(self) -> frozenset[str]:
        """The origins that may post forms and be redirected to: the site's own and the additional ones."""
        return _origins(self.site_url, self.allowed_origins)

    def allows(self, origin: str) -> bool:
        """Return whether pages of an origin may post forms and be redirected to."""
        return is_allowed(origin, self.origins)


class ContactSettings(FormSettings):
    """The environment of the function `Contact`."""

    retention_days: Days
    acknowledge: Literal["on", "off"]


class CommentsSettings(FormSettings):
    """The environment of the function `Comments`."""

    # Whether there is one. Only the notifier knows its URL.
    deploy_hook: Literal["on", "off"]


if TYPE_CHECKING:

    class _ConsentTexts(AddressSettings, FormSettings):
        pass
else:
    # A wording per language: CONSENT_TEXT_FR, CONSENT_TEXT_EN.
    _texts = {f"consent_text_{language}": NotEmpty for language in LANGUAGES}
    _ConsentTexts = type("_ConsentTexts", (AddressSettings, FormSettings), {"__annotations__": _texts})


class NewsletterSettings(_ConsentTexts):
    """The environment of the function `Newsletter`."""

    consent_version: NotEmpty
    keep_caller_address: bool
    retention_days: Days

    def consent_text(self, language: Language) -> str:
        """Return the wording that a subscriber agrees to, in their language."""
        return str(getattr(self, f"consent_text_{language}"))


class MailSettings(LookSettings):
    """Settings of every function that writes emails."""

    owner_email: Addresses
    from_email: Address
    # Where replies of visitors go, if not to the sender.
    reply_to_email: OptionalAddress
    time_zone: TimeZone
    api_url: HttpAddress
    visitor_configuration_set: NotEmpty


class IssuesSettings(MailSettings):
    """The environment of the function `Issues`."""


class NotifierSettings(AddressSettings, MailSettings):
    """The environment of the function `Notifier`."""

    owner_configuration_set: NotEmpty
    stranger_mail_per_day: Annotated[int, Limit(ge=0)]
    acknowledge: Literal["on", "off"]
    weekly_digest: Literal["on", "off"]
    # 0 to ask nobody.
    renewal_months: Annotated[int, Limit(ge=0)]
    retention_days: Days
    # A secret: anyone who knows it can trigger a build of the site.
    deploy_hook_url: OptionalHttpsAddress

    @property
    def deploy_hook(self) -> Literal["on", "off"]:
        """Whether there is a deploy hook, as other functions have it, which do not know its URL."""
        return "on" if self.deploy_hook_url else "off"


class FeedbackSettings(Settings):
    """The environment of the function `Feedback`."""

    owner_email: Addresses
    owner_configuration_set: NotEmpty
    visitor_configuration_set: NotEmpty


class DeskSettings(AddressSettings, MailSettings):
    """The environment of the function `Desk`."""

    # Missing without a custom domain: then the address is known only from a request.
    api_url: OptionalHttpAddress = ""
    retention_days: Days
    renewal_months: Annotated[int, Limit(ge=0)]
    allowed_origins: Origins
    stranger_mail_per_day: Annotated[int, Limit(ge=0)]
    acknowledge: Literal["on", "off"]
    weekly_digest: Literal["on", "off"]
    spam_filter: Literal["on", "off"]
    proof_of_work: Literal["off", "on", "required"]
    consent_version: NotEmpty
    keep_caller_address: bool
    honeypot_field: NotEmpty
    caller_hourly_cap: Annotated[int, Limit(ge=1)]
    requests_per_second: Annotated[int, Limit(ge=1)]
    reads_per_second: Annotated[int, Limit(ge=1)]
    log_retention_days: Annotated[int, Limit(ge=1)]
    deploy_hook: Literal["on", "off"]

    def reached_at(self, base_url: str) -> Self:
        """Return these settings with the URL of the API, which without a custom domain is the request's."""
        return self if self.api_url else self.model_copy(update={"api_url": base_url})
