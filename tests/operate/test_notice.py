"""`guichet notice`: what the forms must tell people about their data, true for the stack whose values it has."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args
from xml.etree.ElementTree import Element

import html5lib
import pytest
from markdown_it import MarkdownIt

from guichet.definitions.forms_file import parse
from guichet.locales import LANGUAGES, Language
from guichet.records.issue import READERS_KEPT
from guichet.records.message import SPAM_KEPT
from guichet.records.record import utc_now
from guichet.store import subscribers
from guichet.store.erasure import Person, erase
from infra.operate import notice
from infra.operate.connection import OperatorSettings
from infra.operate.notice import Facts, Format, beside, facts, page, rendered
from infra.template import Template
from tests.support.app import App, resolve
from tests.support.contact import contact
from tests.support.newsletter import READER, SECRET, sign_up, subscribe, unsubscribe_url
from tests.support.operate import Operate, Said, connection_to
from tests.support.site_forms import QUOTE, site_forms
from tests.support.threads import post
from tests.support.typography import faults

# The languages whose words are tried.
WRITTEN: tuple[Language, ...] = ("fr", "en")
FORMATS: tuple[Format, ...] = get_args(Format)
FIRST = (
    "OwnerEmail=owner@atelier.example FromEmail=guichet@atelier.example SiteName='Atelier Bellevue' "
    f"SiteUrl=https://atelier.example SigningSecret={'s' * 40}"
)


def known(forms: str = QUOTE, **changes: Any) -> Facts:
    """Return the data for notices of the tests' stack, with some of it changed."""
    settings = OperatorSettings.model_validate(dict(resolve().environment))
    parameters = {"LogRetentionDays": "30", "RenewalMonths": "36"}
    return replace(facts(settings, parameters, "eu-west-3", parse(forms)), **changes)


def whole(of: Facts, language: Language, form: Format = "text") -> str:
    """Return all that is said, in both layers."""
    parts = [*(beside(of, name, language) for name in of.names), page(of, language)]
    return "\n".join(rendered(part, language, form) for part in parts)


def spoken(text: str) -> str:
    return " ".join(text.split())


# --- what it says -----------------------------------------------------------------------------------------------------


# GDPR, article 13, as in CNIL's examples: one pattern for each item, in each language.
ASKED = {
    "controller": ("Atelier Bellevue est responsable", "Atelier Bellevue is the controller"),
    "contact": ("owner@atelier.example", "owner@atelier.example"),
    "purpose": ("Finalité", "Purpose"),
    "legal basis": (r"article 6, paragraphe 1, [af] du", r"article 6\(1\)\([af]\)"),
    "mandatory or not": ("obligatoire", "required"),
    "recipients": ("Destinataires", "Recipients"),
    "processor": ("Amazon Web Services .* sous-traitant", "Amazon Web Services .* processor"),
    "transfer": ("Union européenne", "European Union"),
    "duration": ("Durée de conservation", "How long it is kept"),
    "rights": ("accéder à vos données", "You may see your data"),
    "consent": ("retirer un consentement à tout moment", "withdraw a consent at any time"),
    "complaint": (r"réclamation à la CNIL", r"complain to the CNIL"),
    "decisions": ("décision automatisée", "automated decision"),
    "no pixel": ("Aucun email ne contient de pixel de suivi", "No email has a tracking pixel"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_the_page_has_all_that_is_asked_for(asked: str) -> None:
    for language, pattern in zip(WRITTEN, ASKED[asked], strict=True):
        assert re.search(pattern, rendered(page(known(), language), language, "text"))


@pytest.mark.parametrize("language", WRITTEN)
def test_beside_each_form_stand_who_why_for_whom_how_long_and_which_rights(language: Language) -> None:
    of = known(privacy_url="https://atelier.example/donnees")
    for name in of.names:
        text = rendered(beside(of, name, language), language, "text")
        for patterns in (
            ("Responsable du traitement\xa0: Atelier Bellevue", "Data controller: Atelier Bellevue"),
            ("(servent|sert) uniquement", "used only"),
            ("Base légale", "Legal basis"),
            ("obligatoire", "required"),
            ("Destinataires", "Recipients"),
            ("Durée de conservation", "is kept"),
            ("owner@atelier.example", "owner@atelier.example"),
            ("CNIL", "CNIL"),
            ("https://atelier.example/donnees", "https://atelier.example/donnees"),
        ):
            assert re.search(dict(zip(WRITTEN, patterns, strict=True))[language], text), (name, patterns)
        # It is a first layer: CNIL recommends few words there.
        assert len(text.split()) < 180


CHANGES: dict[str, tuple[dict[str, Any], str, str]] = {
    "SiteName": ({"site": "Café Zoé"}, "«\xa0Café Zoé\xa0»", "“Café Zoé”"),
    "controller": ({"controller": "SARL Untel"}, "SARL Untel est responsable", "SARL Untel is the controller"),
    "contact": ({"contact": "moi@example.org"}, "moi@example.org", "moi@example.org"),
    "dpo": ({"dpo": "dpo@example.org"}, "Délégué .*dpo@example.org", "officer: dpo@example.org"),
    "PrivacyUrl": ({"privacy_url": "https://a.example/p"}, r"En savoir plus\s: https://a.example/p", "More about this"),
    "RetentionDays": ({"retention_days": 400}, "400\xa0jours", "400 days"),
    "LogRetentionDays": ({"log_retention_days": 7}, "message, sont conservés 7\xa0jours", "kept for 7 days"),
    "RenewalMonths": ({"renewal_months": 12}, "pendant 12\xa0mois", "for 12 months"),
    "KeepCallerAddress": (
        {"keep_caller_address": True},
        "Les adresses IP de la demande",
        "The IP addresses of your request",
    ),
    "Acknowledge": ({"acknowledge": True}, "accusé de réception", "acknowledgement"),
    "LogoUrl": ({"logo": "https://a.example/l.png"}, "logo du site, chargé depuis a.example", "loaded from a.example"),
    "ConsentText": ({"consent": {"fr": "Oui.", "en": "Yes, I do."}}, "«\xa0Oui.\xa0»", "“Yes, I do.”"),
    "ConsentVersion": ({"consent_version": "v7"}, r"version\sv7", "version v7"),
    "OwnerEmail": (
        {"owners": ("a@one.example", "b@two.example")},
        "Les 2 .*one.example, two",
        "The 2 .*one.example, two",
    ),
    "region": ({"region": "us-east-1"}, "Virginie, États-Unis.*clauses contractuelles types", "Virginia.*contractual"),
    "adequate": ({"region": "eu-west-2"}, "Londres.*hors de l’Union.*adéquat", "London.*outside.*adequate"),
    "adequate since 2026": ({"region": "sa-east-1"}, "Brésil.*hors de l’Union.*adéquat", "Brazil.*outside.*adequate"),
    "unknown": ({"region": "eu-nowhere-9"}, "eu-nowhere-9. Si elle se trouve hors", "eu-nowhere-9. If it is outside"),
}


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("name", CHANGES)
def test_each_value_of_the_stack_changes_what_is_said(name: str, language: Language) -> None:
    changes, *patterns = CHANGES[name]
    form = {"Acknowledge": ""}.get(name, QUOTE)
    before, after = (spoken_with_breaks(whole(known(form, **more), language)) for more in ({}, changes))
    assert before != after
    pattern = dict(zip(WRITTEN, patterns, strict=True))[language]
    assert re.search(pattern, after)
    assert not re.search(pattern, before)


def spoken_with_breaks(text: str) -> str:
    return re.sub(r"[ \n]+", " ", text)


def test_nobody_is_told_of_what_does_not_happen() -> None:
    plain = whole(known("", renewal_months=0), "fr")
    for never in ("rester inscrit", "accusé de réception", "cochant une case", "Délégué", "En savoir plus", "logo"):
        assert never not in plain
    assert "Aucune adresse IP n’est conservée avec la preuve" in plain
    assert "devis" not in plain


FORMS: dict[str, tuple[str, str, str]] = {
    "retention": ("retention_days = 90", "90\xa0jours à compter", "90 days from"),
    "recipients": ('recipients = ["a@other.example"]', r"messagerie \(other.example\)", "mailbox .other.example"),
    "reply": ('reply = "Merci"', "accusé de réception automatique", "An automatic acknowledgement"),
    "required": ('fields.b = { type = "text", required = true, label = "Nom" }', "obligatoires : Nom", "answers: Nom"),
    "consent": (
        'fields.c = { type = "consent", label = "Rappelez-moi." }',
        r"cochant une case \(Rappelez-moi\), votre consentement",
        r"ticking a box \(Rappelez-moi\), your consent",
    ),
}


@pytest.mark.parametrize("language", WRITTEN)
@pytest.mark.parametrize("name", FORMS)
def test_each_setting_of_a_form_changes_what_is_said(name: str, language: Language) -> None:
    line, *patterns = FORMS[name]
    base = '[quote]\nfields.email = { type = "email", label = "Adresse" }\n'
    before, after = (whole(known(base + more), language) for more in ("", line))
    pattern = dict(zip(WRITTEN, patterns, strict=True))[language].replace(" :", "\xa0:")
    assert re.search(pattern, after)
    assert not re.search(pattern, before)


def test_a_form_s_answers_may_reach_the_owner_and_others_by_route() -> None:
    field = 'fields.s = { type = "choice", choices = ["A", "B"] }'
    form = f'[q]\n{field}\nroute = {{ field = "s", to = {{ A = ["a@x.example"] }} }}'
    text = rendered(page(known(form), "en", ["q"]), "en", "text")
    # An answer that routes to nobody is the owner's.
    assert "The 2 people who handle this form, in their mailboxes (x.example, atelier.example)." in text
    assert "run the site can read it" not in text
    only = rendered(page(known(form + '\nrecipients = ["b@x.example"]'), "en", ["q"]), "en", "text")
    assert "The 2 people who handle this form, in their mailboxes (x.example). The people who run" in only


def test_of_a_form_without_an_address_nobody_is_told_of_a_reply() -> None:
    base = '[quote]\nfields.colour = { type = "text", label = "Couleur" }\n'
    for language, says in zip(WRITTEN, ("répondre", "reply"), strict=True):
        for more, told in (("", False), ('fields.email = { type = "email", label = "Adresse" }\n', True)):
            of = known(base + more)
            for blocks in (beside(of, "quote", language), page(of, language, ["quote"])):
                assert (says in rendered(blocks, language, "text")) == told


def test_no_address_of_a_recipient_is_published() -> None:
    text = whole(known(contact="https://atelier.example/contact"), "fr", "html")
    assert "@" not in text


# --- every duration is what the store does ----------------------------------------------------------------------------


def days_until(item: dict[str, Any], since: str = "") -> int:
    """Return how many days an item is kept, from one of its own times or from now."""
    start = datetime.fromisoformat(item[since]) if since else datetime.now().astimezone()
    return round((int(item["expires_at"]) - start.timestamp()) / 86400)


def told(pattern: str, of: Facts, form: str) -> int:
    """Return a number of days that the page states for a form."""
    text = spoken_with_breaks(rendered(page(of, "fr", [form]), "fr", "text")).replace("\xa0", " ")
    (found,) = re.findall(pattern, text)
    count, unit = found.split()
    return int(count) * (365 if unit.startswith("an") else 1)


def stack_of(app: App) -> Facts:
    settings = OperatorSettings.model_validate(dict(app.stack.environment))
    return facts(settings, {"LogRetentionDays": "30"}, "eu-west-3", parse(QUOTE))


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("days", ["400", "30", "730"])
def test_messages_and_subscribers_are_kept_as_long_as_it_says(days: str, tmp_path: Path) -> None:
    app = App(resolve(RetentionDays=days))
    of = stack_of(app)
    kept, spam = r"conservation : (\d+ \w+) à compter", r"indésirable est effacé (\d+ \w+) après"
    contact(app)
    (message,) = app.items("message")
    assert days_until(message, "received_at") == told(kept, of, "contact") == int(days)
    app.post("/contact", data={"email": "b@example.org", "message": "Buy", "_gotcha": "x"})
    (caught,) = (one for one in app.items("message") if "spam" in one)
    assert days_until(caught, "received_at") == told(spam, of, "contact") == min(int(days), SPAM_KEPT.days)
    with site_forms(tmp_path):
        app.post("/f/devis", data={"email": "b@example.org", "budget": "plus", "accord": "yes"})
        (own,) = (one for one in app.items("message") if one.get("form") == "devis")
    assert days_until(own, "received_at") == told(kept, of, "devis") == 365
    subscribe(app)
    (person,) = app.items("subscriber")
    # For as long as they are subscribed.
    assert "expires_at" not in person
    parts = unsubscribe_url(app).partition("/newsletter/")
    app.post(f"/newsletter/{parts[2]}", data={"List-Unsubscribe": "One-Click"})
    (person,) = app.items("subscriber")
    assert person["state"] == "unsubscribed"
    assert (
        days_until(person, "left_at") == told(r"consentement sont conservées (\d+ \w+)", of, "newsletter") == int(days)
    )


def test_requests_emails_and_readers_are_kept_as_long_as_it_says(app: App) -> None:
    of = stack_of(app)
    sign_up(app)
    (request,) = app.items("request")
    assert days_until(request) == told(r"effacée (\d+ \w+) après l’envoi", of, "newsletter") == 7
    rows = [one for one in app.items("email") if "sent_at" in one]
    assert rows
    for row in rows:
        assert days_until(row) == told(r"adresse\), (\d+ \w+)\.", of, "newsletter") == 90
    app.post("/newsletter", data={"email": "b@example.org", "_gotcha": "x"})
    (caught,) = (one for one in app.items("request") if one.get("spam"))
    assert days_until(caught) == told(r"indésirable, après (\d+ \w+)", of, "newsletter") == 30
    assert told(r"et effacé (\d+ \w+) après le début", of, "newsletter") == READERS_KEPT.days
    longest = max(days_until(one) for kind in ("cap", "caller") for one in app.items(kind))
    assert longest <= told(r"effacées au bout de (\d+ \w+) au plus", of, "newsletter")
    assert all("203.0.113.7" not in str(one) for one in app.items())


@pytest.mark.parametrize("how", ["bounced", "complained", "blocked", "erased"])
def test_of_who_gets_no_mail_any_more_there_stays_what_it_says(app: App, how: str) -> None:
    subscribe(app)
    (before,) = app.items("subscriber")
    now = utc_now()
    match how:
        case "blocked":
            assert subscribers.block("table", before["id"], now)
        case "erased":
            assert erase("table", Person(READER, SECRET), timedelta(days=1095)).remains == "unsubscribed"
        case _:
            assert subscribers.suppress("table", before["id"], how, now)  # type: ignore[arg-type]
    (after,) = app.items("subscriber")
    # The address and all personal data in the proof are gone; what is kept has no address.
    assert READER not in str(after)
    assert not {"email", "name"} & after.keys()
    text = whole(stack_of(app), "fr")
    if how == "erased":
        assert days_until(after) == 1095
        assert "il ne reste d’une inscription que cette empreinte, 3\xa0ans au plus" in text
        assert "history" not in after
        return
    assert "sans limite de durée, une empreinte cryptographique et la preuve du consentement" in text
    assert "expires_at" not in after
    # "This was not me": the fingerprint, and the time.
    assert ("wording" in str(after["history"])) == (how != "blocked")


def test_comments_are_kept_as_long_as_it_says(app: App) -> None:
    post(app, _gotcha="x", email=READER)
    post(app, email=READER)
    app.post("/comments/mine", data={"email": READER})
    app.play_stream()
    told_en = spoken(whole(known(), "en"))
    items = {item.get("state", item["kind"]): item for item in app.items()}
    assert days_until(items["spam"], "received_at") == 30
    assert "taken for spam is deleted 30 days after that" in told_en
    assert "expires_at" not in items["pending"]
    assert "is kept until you or the people who run the site delete it" in told_en
    assert days_until(items["link-request"], "mailed_at") == 7
    assert "deleted 7 days after the email was sent" in told_en
    link = re.search(r"expires=(\d+)", app.mails()[-1].as_string().replace("=\n", "").replace("=3D", "="))
    assert link is not None
    until = datetime.fromtimestamp(int(link[1]), UTC) - datetime.fromisoformat(items["link-request"]["mailed_at"])
    assert round(until.total_seconds() / 3600) == 48
    assert "valid for 48 hours" in told_en


def test_with_the_parameter_the_addresses_of_callers_are_kept_and_told_of() -> None:
    app = App(resolve(KeepCallerAddress="true"))
    subscribe(app)
    assert "203.0.113.7" in str(app.items("subscriber"))
    assert "Les adresses IP de la demande" in whole(stack_of(app), "fr")
    # No messages are kept either way.
    contact(app)
    assert "203.0.113.7" not in str(app.items("message"))


def test_backups_go_as_far_back_as_it_says() -> None:
    table = Template.load().document["Resources"]["Table"]["Properties"]
    # Without a number, DynamoDB's 35 days.
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert timedelta(days=35) == notice.BACKUPS_KEPT


# --- how it is written ------------------------------------------------------------------------------------------------


def words(element: Element) -> str:
    return spoken("".join(element.itertext()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_html_and_markdown_say_the_same_and_lead_to_the_same_places(language: Language) -> None:
    of = known(
        site="A & <b>C</b> *d* _e_ [f](g) `h` # ~i~ | \\", privacy_url="https://a.example/p?b=c&d", dpo="x@y.example"
    )
    for blocks in (page(of, language), *(beside(of, name, language) for name in of.names)):
        html = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parseFragment(
            rendered(blocks, language, "html")
        )
        made = MarkdownIt("commonmark").render(rendered(blocks, language, "markdown"))
        markdown = html5lib.parseFragment(made, namespaceHTMLElements=False)
        assert words(html) == words(markdown)
        links = [[link.get("href") for link in tree.iter("a")] for tree in (html, markdown)]
        assert links[0] == links[1]
        assert {element.tag for element in html.iter()} <= {"DOCUMENT_FRAGMENT", "h2", "h3", "p", "strong", "a"}
        assert spoken(of.site) in words(html) or len(blocks) < 5


@pytest.mark.parametrize("name", ["1. Atelier", "- Atelier", "+ Atelier", "2) Atelier"])
def test_a_paragraph_stays_one_whatever_it_begins_with(name: str) -> None:
    made = MarkdownIt("commonmark").render(rendered(page(known(controller=name), "fr"), "fr", "markdown"))
    assert f"<p>{name} est responsable" in made


def test_a_name_in_several_lines_is_written_in_one(run: "Run") -> None:
    said = run("--before", FIRST, "--region", "eu-west-3", "--controller", "Zoé\n\n1 rue X\nLyon", "--format", "text")
    assert "Zoé 1 rue X Lyon est responsable" in said.out


def test_every_french_notice_is_typeset() -> None:
    for changes, *_ in CHANGES.values():
        text = whole(known(**changes), "fr").replace("J'", "J’")
        assert faults(re.sub(r"[=-]{3,}", "", text)) == []


# --- the command ------------------------------------------------------------------------------------------------------

Run = Callable[..., Said]


@pytest.fixture
def run(offline: Run) -> Run:
    """Return a function that runs the command before there is a stack."""
    return partial(offline, "notice")


def test_it_writes_both_layers_of_all_forms_in_all_languages(run: Run, tmp_path: Path) -> None:
    with site_forms(tmp_path):
        said = run("--before", FIRST, "--region", "eu-west-3")
    assert said.code == 0
    where = re.findall(r"<!-- (.*) -->", said.out)
    layers = [f"next to the form {form}" for form in ("contact", "newsletter", "comments", "devis")]
    ends = [*layers, "for the page about personal data"]
    assert where == [f"{language}: {end}" for language in LANGUAGES for end in ends]
    tree = html5lib.parse(said.out, namespaceHTMLElements=False)
    assert [one.get("lang") for one in tree.iter("section")] == list(LANGUAGES)
    # `guichet forms check` recognises one by its class.
    assert [one.get("class") for one in tree.iter("div")] == ["guichet-notice"] * len(layers) * len(LANGUAGES)
    assert "365" not in said.out
    assert "Durée de conservation\xa0: 1\xa0an" in said.out
    assert "--controller" in said.told
    # It is the owner's own address, unless another one is named.
    assert "owner@atelier.example is published" in spoken(said.told)
    assert "PrivacyUrl" in said.told


@pytest.mark.slow
def test_it_has_the_deployed_values(operate: Operate) -> None:
    app = App(resolve(RetentionDays="90", SiteName="Zoé", LogRetentionDays="7", PrivacyUrl="https://a.example/p"))
    own = ("--controller", "Zoé, Lyon", "--contact", "zoe@example.org")
    said = operate(app, "notice", "contact", "--language", "fr", "--format", "text", *own)
    assert said.code == 0
    text = said.out.replace("\xa0", " ")
    for value in (
        "90 jours",
        "Zoé, Lyon est responsable",
        "sont conservés 7 jours",
        "https://a.example/p",
        "eu-west-3",
    ):
        assert value in text
    assert "next to the form newsletter" not in text
    # No hint about options that were given.
    assert all(option not in said.told for option in ("--controller", "--contact", "PrivacyUrl"))
    rows = operate(app, "notice", "--json", "--part", "page").rows
    assert [(row["language"], row["part"], row["form"]) for row in rows] == [(one, "page", "") for one in LANGUAGES]
    beside_all = operate(app, "notice", "--json", "--part", "beside", "--format", "markdown").rows
    assert [row["form"] for row in beside_all] == ["contact", "newsletter", "comments"] * len(LANGUAGES)


def test_the_renewal_is_the_deployed_one(app: App, operate: Operate) -> None:
    said = operate(app, "notice", "newsletter", "--language", "en", "--part", "page", "--format", "text")
    declared = Template.load().document["Parameters"].get("RenewalMonths", {"Default": "0"})
    months = app.stack.environment.get("RENEWAL_MONTHS", declared["Default"])
    assert (f"for {months} months, an email asks" in said.out) == (months != "0")


def test_of_a_deployed_stack_its_own_parameters_count(app: App) -> None:
    connection = replace(connection_to(app), local=False, parameters={"LogRetentionDays": "5", "RenewalMonths": "18"})
    assert notice.parameters_of(connection) == {"LogRetentionDays": "5", "RenewalMonths": "18"}
    # A stack without the parameter has a version that asks nobody.
    older = replace(connection, parameters={"LogRetentionDays": "5"}, variables={})
    assert notice.parameters_of(older) == {"LogRetentionDays": "5"}


def test_what_is_wrong_is_said(run: Run, tmp_path: Path) -> None:
    said = run("--before", FIRST, "--region", "eu-west-3", "nobody")
    assert (said.code, "there is no form nobody: there are contact, newsletter" in said.told) == (2, True)
    said = run("--before", f"{FIRST} RetentionDays=1", "--region", "eu-west-3")
    assert (said.code, "RetentionDays: '1' is not allowed" in said.told) == (2, True)
    said = run("--before", f"{FIRST} TimeZone=Europe/Nowhere", "--region", "eu-west-3")
    assert (said.code, "these parameters cannot be used: TIME_ZONE" in said.told) == (2, True)
    said = run("--before", FIRST, "--region", "xx-new-1")
    assert "The location of the region xx-new-1 is unknown" in said.told
    (tmp_path / "wrong").mkdir()
    with site_forms(tmp_path / "wrong", '[a]\nfields.b = { type = "nothing" }\n'):
        assert "has a mistake" in run("--before", FIRST, "--region", "eu-west-3").told
