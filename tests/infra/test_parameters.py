"""Whatever the template allows must work: parameters drawn from its own patterns start the functions."""

import re
import zoneinfo
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from guichet.locales import LANGUAGES
from guichet.records.record import utc_now
from infra.local.functions import local_functions
from infra.template import PSEUDO_PARAMETERS, Stack, Template, TemplateError
from tests.support.app import App, isolated, resolve

TEMPLATE = Template.load()
ZONES = zoneinfo.available_timezones()
DECLARED: dict[str, dict[str, Any]] = TEMPLATE.document["Parameters"]
# AWS: "Lambda quotas". Names and values of all variables together.
LARGEST_ENVIRONMENT = 4096
READER = "camille@example.org"
# CloudFormation's own limits: a stack's name, and the table name that it derives from it.
LONGEST_STACK_NAME, LONGEST_TABLE_NAME = 128, 255


def allowed(name: str) -> SearchStrategy[str]:
    """Return a strategy for a parameter's values, by its own rules."""
    rules = DECLARED[name]
    if "AllowedValues" in rules:
        return st.sampled_from([str(value) for value in rules["AllowedValues"]])
    if name == "TimeZone":
        # The pattern cannot know them all, but the notifier does.
        return st.sampled_from(sorted(zone for zone in ZONES if re.fullmatch(rules["AllowedPattern"], zone)))
    low, high = int(rules.get("MinLength", 0)), int(rules.get("MaxLength", 4096))
    drawn = st.from_regex(rules["AllowedPattern"], fullmatch=True)
    if low > 1:
        # The pattern does not limit the length.
        drawn = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=low, max_size=high)
    # CloudFormation only accepts text.
    return drawn.filter(lambda text: low <= len(text) <= high and not re.search("[\ud800-\udfff]", text))


def parameter_sets() -> SearchStrategy[dict[str, str]]:
    """Return a strategy for all parameters at once, some of them left at their defaults."""
    optional = {name: allowed(name) for name in DECLARED if "Default" in DECLARED[name]}
    required = {name: allowed(name) for name in DECLARED if "Default" not in DECLARED[name]}
    return st.fixed_dictionaries(required, optional=optional)


def environment_size(stack: Stack, function: str) -> int:
    """Return the bytes of a function's environment, with AWS's generated names at their maximum length."""
    environment = stack.functions[function].environment
    size = sum(len(name.encode()) + len(value.encode()) for name, value in environment.items())
    longer = LONGEST_TABLE_NAME - len(environment["TABLE_NAME"])
    return size + longer + LONGEST_STACK_NAME - len(PSEUDO_PARAMETERS["AWS::StackName"])


@pytest.mark.slow
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(parameter_sets())
def test_with_whatever_is_allowed_every_function_starts_and_a_message_reaches_the_owner(drawn: dict[str, str]) -> None:
    values = {"Api.ApiEndpoint": "https://api.example", "Table": "table", "Table.Arn": "arn"}
    if bool(drawn.get("ApiDomain")) != bool(drawn.get("ApiCertificateArn")):
        with pytest.raises(TemplateError, match=r"^(DomainHasCertificate|CertificateHasDomain): "):
            TEMPLATE.resolve(drawn, values)
        return
    stack = TEMPLATE.resolve(drawn, values)
    for name in stack.functions:
        assert environment_size(stack, name) <= LARGEST_ENVIRONMENT
    with isolated():
        app = App(stack)
        app.functions = local_functions(stack.functions, stack.environment)
        (origin, *_) = origins = stack.cors["allowOrigins"]
        from contact.handler import settings as contact_settings  # noqa: PLC0415

        # CORS compares texts; the functions and browsers use one spelling of an origin.
        assert set(origins) == contact_settings().origins
        headers = {"Origin": origin, "Accept": "application/json"}
        reply = app.post("/contact", data={"email": READER, "message": "Bonjour"}, headers=headers)
        if stack.parameters["ProofOfWork"] == "required":
            assert reply.status_code == 422
            return
        assert reply.status_code == 200
        (message,) = app.items("message")
        assert "spam" not in message
        assert int(message["expires_at"]) > utc_now().timestamp()
        app.play_stream()
        notification = app.mails()[0]
        # IAM compares it letter by letter (`ses:FromAddress`).
        assert parseaddr(str(notification["From"]))[1] == drawn["FromEmail"]
        assert [part.addr_spec for part in notification["To"].addresses] == drawn["OwnerEmail"].split(",")


LONGEST_CONSENT = "\U0001f3e0" * 75 + "x" * 225
LONGEST = {
    "SiteName": "\U0001f3e0" * 64,
    "SiteUrl": "https://example.org/" + "x" * 180,
    "AccentColor": "#1f4fa3",
    "LogoUrl": "https://example.org/" + "x" * 130,
    "PrivacyUrl": "https://example.org/" + "x" * 130,
    "OwnerEmail": ",".join(f"{'o' * 45}{number}@example.org" for number in range(10)),
    "FromEmail": f"{'f' * 64}@{'d' * 61}.{'d' * 61}.{'d' * 61}.org",
    "ReplyToEmail": f"{'r' * 64}@{'d' * 61}.{'d' * 61}.{'d' * 61}.org",
    "TimeZone": "America/Argentina/ComodRivadavia",
    "SigningSecret": "s" * 128,
    "FormerSigningSecret": "f" * 128,
    "AllowedOrigins": ",".join(f"https://site-{number:02}.example" for number in range(24)) + ",http://a.example",
    **{f"ConsentText{language.capitalize()}": LONGEST_CONSENT for language in LANGUAGES},
    "ConsentVersion": "v" * 32,
    "HoneypotField": "h" * 64,
    "CallerHourlyCap": "9" * 7,
    "StrangerMailPerDay": "9" * 7,
    "RetentionDays": "9" * 5,
    "ProofOfWork": "required",
    "DeployHookUrl": "https://example.org/" + "x" * 280,
    "KeepCallerAddress": "false",
    "ApiDomain": ".".join(["d" * 61] * 4) + ".org",
    "ApiCertificateArn": "arn:aws:acm:eu-west-3:123456789012:certificate/1",
}


def test_the_longest_of_everything_fits_into_the_environment_of_each_function() -> None:
    stack = resolve(**LONGEST)
    local_functions(stack.functions, stack.environment)
    sizes = {name: environment_size(stack, name) for name in stack.functions}
    assert max(sizes.values()) <= LARGEST_ENVIRONMENT, sizes
    assert sizes["Newsletter"] > 0.8 * LARGEST_ENVIRONMENT
    # There is room for the wording of a third language.
    further = max(0, 3 - len(LANGUAGES)) * (len("CONSENT_TEXT_XX") + len(LONGEST_CONSENT.encode()))
    assert sizes["Newsletter"] + further <= LARGEST_ENVIRONMENT


@pytest.mark.parametrize("name", [name for name, rules in DECLARED.items() if "MaxLength" in rules])
def test_what_is_longer_than_allowed_is_refused(name: str) -> None:
    longest = int(DECLARED[name]["MaxLength"])
    longer = LONGEST[name] + "x" * (longest + 1 - len(LONGEST[name]))
    with pytest.raises(TemplateError, match=f"^{name}: "):
        resolve(**{**LONGEST, name: longer})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FromEmail", "Guichet@Example.org"),
        ("FromEmail", "guichet@Example.org"),
        ("FromEmail", ".guichet@example.org"),
        ("FromEmail", "a${aws:username}@example.org"),
        ("OwnerEmail", "me@localhost"),
        ("OwnerEmail", "me@example.org,"),
        ("OwnerEmail", ",".join(["me@example.org"] * 11)),
        ("ReplyToEmail", "Atelier <me@example.org>"),
        ("ReplyToEmail", "me@example.org,you@example.org"),
        ("TimeZone", "Paris"),
        ("TimeZone", "europe/paris"),
        ("TimeZone", "+02:00"),
        ("TimeZone", ""),
        ("CallerHourlyCap", "2.5"),
        ("CallerHourlyCap", "0"),
        ("CallerHourlyCap", "1e3"),
        ("RequestsPerSecond", "0.5"),
        ("ReadsPerSecond", "0"),
        ("StrangerMailPerDay", "-1"),
        ("RetentionDays", "29"),
        ("RetentionDays", "365.25"),
        ("MonthlyBudget", "00"),
        ("SiteUrl", "https://example.org:443"),
        ("SiteUrl", "http://example.org:80/blog/"),
        ("SiteUrl", "https://example.org:99999"),
        ("SiteUrl", "https://..."),
        ("SiteUrl", "https://example.org/%zz"),
        ("AllowedOrigins", "https://www.example.org:443,https://b.example"),
        ("AllowedOrigins", ",".join(f"https://site-number-{number}.example" for number in range(40))),
        ("AccentColor", "1f4fa3"),
        ("AccentColor", "#1f4"),
        ("AccentColor", "navy"),
        ("AccentColor", "#1f4fa3;}"),
        ("AccentColor", ""),
        ("LogoUrl", "https://example.org"),
        ("LogoUrl", "/logo.png"),
        ("LogoUrl", "https://example.org/logo.png?v=1"),
        ("LogoUrl", 'https://example.org/"logo.png'),
        ("PrivacyUrl", "http://example.org/privacy"),
        ("PrivacyUrl", "example.org/privacy"),
        ("PrivacyUrl", "javascript:alert(1)"),
        ("SiteName", "  "),
        ("SiteName", "A\u2028B"),
        ("HoneypotField", "Email"),
        ("HoneypotField", "_next"),
        ("ConsentTextFr", "é" * 76),
        ("ConsentTextFr", " "),
        ("ApiDomain", "-"),
        ("ApiDomain", "forms"),
    ],
)
def test_what_would_fail_later_is_refused_at_the_deploy(name: str, value: str) -> None:
    with pytest.raises(TemplateError, match=f"^{name}: "):
        resolve(**{name: value})


def test_every_place_s_time_zone_is_allowed() -> None:
    pattern = re.compile(DECLARED["TimeZone"]["AllowedPattern"])
    # Except for old names that end in capitals.
    of_places = {zone for zone in ZONES if "/" in zone and zone.startswith(CONTINENTS) and not zone[-1].isupper()}
    assert {
        "Europe/Paris",
        "America/North_Dakota/New_Salem",
        "America/Port-au-Prince",
        "Arctic/Longyearbyen",
    } < of_places
    assert [zone for zone in of_places | {"UTC", "Etc/UTC"} if not pattern.fullmatch(zone)] == []


CONTINENTS = (
    "Africa/",
    "America/",
    "Antarctica/",
    "Arctic/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)


@pytest.mark.parametrize(
    ("given_", "says"),
    [
        ({"ApiDomain": "forms.example.org"}, "DomainHasCertificate: ApiDomain needs a certificate"),
        (
            {"ApiCertificateArn": "arn:aws:acm:eu-west-3:123456789012:certificate/1"},
            "CertificateHasDomain: ApiCertificateArn needs ApiDomain",
        ),
    ],
)
def test_a_parameter_that_needs_another_one_is_refused_without(given_: dict[str, str], says: str) -> None:
    with pytest.raises(TemplateError, match=says):
        resolve(**given_)
