"""Settings: compared with the template, and refused with helpful messages."""

import importlib
import re

import pytest

from guichet.locales import LANGUAGES, Language
from guichet.settings import (
    CommentsSettings,
    ContactSettings,
    DeskSettings,
    FeedbackSettings,
    IssuesSettings,
    NewsletterSettings,
    NotifierSettings,
    Settings,
    SettingsError,
    origin_of,
)
from infra.local.__main__ import defaults
from tests.support.app import SITE, resolve

MODELS: dict[str, type[Settings]] = {
    "Contact": ContactSettings,
    "Comments": CommentsSettings,
    "Desk": DeskSettings,
    "Feedback": FeedbackSettings,
    "Newsletter": NewsletterSettings,
    "Notifier": NotifierSettings,
    "Issues": IssuesSettings,
}


def test_every_function_has_a_model_and_gets_just_its_variables() -> None:
    # The desk only knows the API's address if it is a custom domain.
    certificate = "arn:aws:acm:eu-west-3:123456789012:certificate/a"
    functions = resolve(ApiDomain="forms.example.org", ApiCertificateArn=certificate).functions
    assert set(functions) == set(MODELS)
    for name, function in functions.items():
        # Powertools' own variables are not our settings.
        given = {variable for variable in function.environment if not variable.startswith("POWERTOOLS_")}
        assert given == {field.upper() for field in MODELS[name].model_fields()}


def test_the_desk_takes_the_address_of_a_request_if_the_api_has_no_domain() -> None:
    environment = resolve().functions["Desk"].environment
    assert DeskSettings.model_validate(environment).reached_at("https://a1.example").api_url == "https://a1.example"
    with_domain = DeskSettings.model_validate({**environment, "API_URL": "https://forms.example.org"})
    assert with_domain.reached_at("https://a1.example").api_url == "https://forms.example.org"


def test_every_handler_reads_the_model_of_its_function() -> None:
    for name, function in resolve().functions.items():
        handler = importlib.import_module(function.handler.rpartition(".")[0])
        assert type(handler.settings()) is MODELS[name]


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("TABLE_NAME", "", "at least 1 character"),
        ("SITE_URL", "example.org", "valid URL"),
        ("SITE_URL", "ftp://somewhere.example", "valid URL"),
        ("SITE_URL", "https:///nowhere", "valid URL"),
        ("SITE_URL", "https://somewhere.example:99999", "out of range"),
        ("SIGNING_SECRET", "too short", "at least 32 characters"),
        ("DEFAULT_LANGUAGE", "tlh", " or ".join(map(repr, LANGUAGES[-2:]))),
        ("ALLOWED_ORIGINS", "www.example.org", "valid URL"),
        ("ALLOWED_ORIGINS", "https://www.example.org:*", "could not be cast"),
        ("ALLOWED_ORIGINS", "http://localhost.example.org:*", "could not be cast"),
        ("CALLER_HOURLY_CAP", "many", "valid integer"),
        ("CALLER_HOURLY_CAP", "0", "greater than or equal to 1"),
        ("RETENTION_DAYS", None, "Field required"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, expected: str
) -> None:
    if value is None:
        monkeypatch.delenv(variable)
    else:
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}.*{re.escape(expected)}") as raised:
        ContactSettings.from_environment()
    if value:
        assert value not in str(raised.value)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_local_stack_s_secret_is_refused_on_aws_alone(
    monkeypatch: pytest.MonkeyPatch, model: type[Settings]
) -> None:
    secret = defaults(8000)["SigningSecret"]
    monkeypatch.setenv("SIGNING_SECRET", secret)
    assert model.from_environment().signing_secret == secret
    # Both Lambda and the SAM CLI's containers name the function; only the latter say that they are local.
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "Contact")
    monkeypatch.setenv("AWS_SAM_LOCAL", "true")
    assert model.from_environment().signing_secret == secret
    monkeypatch.delenv("AWS_SAM_LOCAL")
    with pytest.raises(SettingsError, match="SIGNING_SECRET: this is the local stack's") as refused:
        model.from_environment()
    assert secret not in str(refused.value)
    monkeypatch.setenv("SIGNING_SECRET", "one of its own, 32 characters long")
    assert model.from_environment()


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_needs_a_wording_that_is_agreed_to(monkeypatch: pytest.MonkeyPatch, language: Language) -> None:
    variable = f"CONSENT_TEXT_{language.upper()}"
    monkeypatch.setenv(variable, f"the wording in {language}")
    assert NewsletterSettings.from_environment().consent_text(language) == f"the wording in {language}"
    monkeypatch.setenv(variable, "")
    with pytest.raises(SettingsError, match=f"{variable}: .*at least 1 character"):
        NewsletterSettings.from_environment()
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=f"{variable}: Field required"):
        NewsletterSettings.from_environment()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("TIME_ZONE", "Europe/Pari", "the name of a time zone, such as Europe/Paris"),
        ("TIME_ZONE", "", "the name of a time zone"),
        ("TIME_ZONE", "../../etc/passwd", "the name of a time zone"),
        ("REPLY_TO_EMAIL", "Atelier <me@example.org>", "a bare email address"),
        ("FORMER_SIGNING_SECRET", "too short", "at least 32 characters, or none"),
    ],
)
def test_the_notifier_names_its_wrong_settings(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=f"{variable}: .*{expected}"):
        NotifierSettings.from_environment()


@pytest.mark.parametrize("value", [" , ", "é@example.org", 'a"b@example.org', "me@example.org,me"])
def test_an_owner_that_can_be_mailed_is_needed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OWNER_EMAIL", value)
    with pytest.raises(SettingsError, match="OWNER_EMAIL"):
        NotifierSettings.from_environment()


def test_an_address_is_known_by_both_secrets_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(NotifierSettings.from_environment().ids_of("me@example.org")) == 1
    monkeypatch.setenv("FORMER_SIGNING_SECRET", "a former secret for tests, 32 characters")
    ids = NotifierSettings.from_environment().ids_of("me@example.org")
    assert len(set(ids)) == 2
    # The stack's own comes first.
    monkeypatch.setenv("FORMER_SIGNING_SECRET", NotifierSettings.from_environment().signing_secret)
    assert NotifierSettings.from_environment().ids_of("me@example.org") == ids[:1]


def test_an_owners_domain_is_mailed_in_punycode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_EMAIL", "moi@écrire.example")
    assert NotifierSettings.from_environment().owner_email == ("moi@xn--crire-9ra.example",)


def test_the_sites_own_origin_is_always_allowed() -> None:
    assert ContactSettings.from_environment().origins == {SITE, "https://www.atelier.example"}


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Example.org/a?b#c", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:80/", "http://example.org"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("https://example.org:80", "https://example.org:80"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("http://[::1]:80/", "http://[::1]"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
