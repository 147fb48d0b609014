"""Settings: held against the template, and refused with words that help."""

import importlib
import re

import pytest

from guichet.settings import (
    ContactSettings,
    FeedbackSettings,
    NewsletterSettings,
    NotifierSettings,
    OwnerSettings,
    Settings,
    SettingsError,
    origin_of,
)
from tests.support.app import SITE, resolve

MODELS: dict[str, type[Settings]] = {
    "Contact": ContactSettings,
    "Feedback": FeedbackSettings,
    "Newsletter": NewsletterSettings,
    "Notifier": NotifierSettings,
    "Owner": OwnerSettings,
}


def test_every_function_has_a_model_and_gets_just_its_variables() -> None:
    functions = resolve().functions
    assert set(functions) == set(MODELS)
    for name, function in functions.items():
        # What is the libraries' own is no setting of ours.
        theirs = ("PYDANTIC_", "POWERTOOLS_")
        given = {variable for variable in function.environment if not variable.startswith(theirs)}
        assert given == {field.upper() for field in MODELS[name].model_fields}


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
        ("DEFAULT_LANGUAGE", "de", "'fr' or 'en'"),
        ("ALLOWED_ORIGINS", "www.example.org", "valid URL"),
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


@pytest.mark.parametrize("value", [" , ", "é@example.org", 'a"b@example.org', "me@example.org,me"])
def test_an_owner_that_can_be_mailed_is_needed(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("OWNER_EMAIL", value)
    with pytest.raises(SettingsError, match="OWNER_EMAIL"):
        NotifierSettings.from_environment()


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
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin
