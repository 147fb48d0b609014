"""The desk's page of the settings: each in words, with the parameter that changes it."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest

from guichet.locales import LANGUAGES
from guichet.store import dynamodb
from infra.template import Template
from tests.support.app import PARAMETERS, App
from tests.support.desk import Browser
from tests.support.site_forms import site_forms
from tests.support.wire import Wire

# What the page never names: the secrets, and parameters that only concern the deploy itself.
NOT_SHOWN = {"SigningSecret", "FormerSigningSecret", "CreateIdentity", "ApiCertificateArn", "MonthlyBudget"} | {
    f"ConsentText{language.capitalize()}" for language in LANGUAGES
}


def text_of(app: App, language: str = "en") -> str:
    page = Browser(app, language=language).signed_in().get("settings")
    assert page.status_code == 200
    return " ".join(unescape(re.sub("<[^>]+>", " ", page.text)).split())


def test_every_parameter_that_concerns_an_owner_is_named(app: App) -> None:
    page = Browser(app).signed_in().get("settings").text
    named = re.findall("<dt>(.*)</dt>", page)
    assert len(named) == len(set(named))
    assert set(named) == set(Template.load().document["Parameters"]) - NOT_SHOWN
    assert PARAMETERS["SigningSecret"] not in page


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "en",
            [
                "kept for 1,095 days", "Proof of work is off.", "kept for 30 days", "Times are those of Europe/Paris.",
                "There is no weekly digest.", "all together: 500.", "each form: 20.", "version 1 of the wording",
            ],
        ),
        (
            "fr",
            [
                "conservés 1 095 jours", "La preuve de travail est désactivée.", "conservés 30 jours",
                "Les heures sont celles de Europe/Paris.", "pas de résumé hebdomadaire", "toutes confondues : 500.",
                "par heure : 20.", "la version 1 du texte",
            ],
        ),
    ],
)  # fmt: skip
def test_the_settings_are_words(app: App, language: str, sentences: list[str]) -> None:
    text = text_of(app, language).replace("\xa0", " ")
    for sentence in sentences:
        assert sentence in text
    for address in ("owner@atelier.example", "guichet@atelier.example", "https://www.atelier.example", "_gotcha"):
        assert address in text
    # No parameter's value is shown as the template writes it.
    assert not re.search(r"\b(off|false|true)\b", re.sub("WeeklyDigest=off|Proof of work is off", "", text))


def test_other_settings_have_other_words(make_app: Callable[..., App]) -> None:
    app = make_app(
        ProofOfWork="required",
        SpamFilter="off",
        Acknowledge="on",
        WeeklyDigest="on",
        KeepCallerAddress="true",
        RetentionDays="365",
        StrangerMailPerDay="0",
        AllowedOrigins="",
        ReplyToEmail="hello@xn--mnchen-3ya.example",
        PrivacyUrl="https://atelier.example/privacy",
        LogoUrl="https://elsewhere.example/logo.png",
        OwnerEmail="owner@atelier.example,second@atelier.example",
    )
    for language in LANGUAGES:
        assert "hello@münchen.example" in text_of(app, language)
    text = text_of(app)
    for sentence in (
        "required of every form",
        "No message is filed as spam",
        "Visitors who write get an acknowledgement.",
        "you get a digest",
        "are kept as part of the proof",
        "kept for 365 days",
        "so nobody can sign up",
        "No other origin may post forms.",
        "https://atelier.example/privacy",
        # It is not shown, because it is not on the site's own origin.
        "the name of the site, no logo",
        "second@atelier.example",
    ):
        assert sentence in text, sentence


def test_the_forms_of_the_site_stand_there_with_who_gets_them(app: App, tmp_path: Path) -> None:
    assert "There are only the built-in forms" in text_of(app)
    with site_forms(tmp_path):
        text, french = text_of(app), text_of(app, "fr")
    assert "Demande de devis" in french
    for sentence in (
        "Request for a quote",
        "/f/devis",
        "Number of fields: 10",
        "kept for 365 days",
        "send it get an acknowledgement",
        "depends on the answer to “Budget”",
        "devis@example.org",
        "grands@example.org",
    ):
        assert sentence in text, sentence


def test_it_reads_nothing_but_the_session_and_how_many_comments_wait_and_takes_no_post(
    app: App,
) -> None:
    browser = Browser(app).signed_in()
    wire = Wire(dynamodb.client())
    browser.get("settings")
    assert wire.operations == ["GetItem", "Query"]
    token = re.findall('name="token" value="([^"]+)"', browser.get("settings").text)[0]
    assert browser.post("settings", {"token": token}).status_code == 405
