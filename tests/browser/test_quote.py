"""The demo's own form, a request for a quote, as visitors use it and its recipients read it."""

from collections.abc import Callable
from email import message_from_string, policy
from email.message import EmailMessage
from typing import NamedTuple

import pytest
from playwright.sync_api import Locator, Page, expect

from guichet.definitions.forms_file import read
from guichet.locales import Language
from infra.local.site import SITE, WRITTEN_API
from infra.operate.form_html import render
from tests.support.site import marker
from tests.support.stack import LocalStack, text_of, wait_for
from tests.support.visitor import Visitor

Visit = Callable[..., Visitor]
# The options of `guichet forms html` for the demo.
CONTACT, RETENTION_DAYS = "bonjour@example.org", 1095


class Quote(NamedTuple):
    """The page in a language: labels and sentences."""

    language: Language
    path: str
    title: str
    name: str
    phone: str
    needs: str
    boxes: tuple[str, str]
    pages: str
    large: str
    date: str
    project: str
    consent: str
    send: str
    done: str
    missing: str
    boxes_missing: str
    no_address: str
    invalid: str
    day: str


FRENCH = Quote(
    "fr",
    "/devis.html",
    "Demande de devis",
    "Nom",
    "Téléphone",
    "Ce qu’il vous faut",
    ("Un site", "Des textes"),
    "Nombre de pages",
    "Plus de 5\u202f000\u00a0€",
    "Mise en ligne souhaitée",
    "Votre projet",
    "J’accepte d’être rappelé(e) au sujet de cette demande.",
    "Envoyer",
    "Nous avons bien reçu votre envoi",
    "Ce champ est obligatoire.",
    "est obligatoire",
    "nom@exemple.fr",
    "Ce champ est incorrect.",
    "jeudi 31 décembre 2026",
)
ENGLISH = Quote(
    "en",
    "/en/quote.html",
    "Request for a quote",
    "Name",
    "Phone",
    "What you need",
    ("A website", "Copywriting"),
    "Number of pages",
    "More than €5,000",
    "Preferred launch date",
    "Your project",
    "You may call me about this request.",
    "Send",
    "Request for a quote",
    "This field is required.",
    "is required",
    "name@example.com",
    "This field is not valid.",
    "Thursday 31 December 2026",
)
BOTH = pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])


def form(page: Page) -> Locator:
    return page.locator("#quote form")


def fill(page: Page, words: Quote, project: str) -> None:
    """Fill in everything except the boxes."""
    of = form(page)
    of.get_by_label(words.name, exact=False).first.fill("Camille Géraud")
    of.get_by_label("Email").fill("camille@example.org")
    of.get_by_label(words.phone).fill("+33 1 99 00 00 00")
    of.get_by_label(words.pages).fill("120")
    of.get_by_label("Budget").select_option(label=words.large)
    of.get_by_label(words.date).fill("2026-12-31")
    of.get_by_label(words.project).fill(project)


def tick(page: Page, words: Quote) -> None:
    for box in words.boxes:
        form(page).get_by_label(box).check()


def send(page: Page, words: Quote) -> None:
    form(page).get_by_role("button", name=words.send).click()


def described(field: Locator) -> str:
    """Return the sentence at a field or group that is marked as wrong; otherwise an empty string."""
    if field.get_attribute("aria-invalid") != "true":
        return ""
    identifier = (field.get_attribute("aria-describedby") or "").split()[-1]
    place = field.page.locator(f"[id='{identifier}']")
    assert place.get_attribute("class") == "guichet-error"
    return place.inner_text()


def parsed(raw: str) -> EmailMessage:
    return message_from_string(raw, _class=EmailMessage, policy=policy.default)


@pytest.mark.parametrize(("language", "page"), [("fr", "devis.html"), ("en", "en/quote.html")])
def test_the_page_has_the_form_as_the_command_prints_it(language: Language, page: str) -> None:
    devis = read(SITE / "forms.toml")["devis"]
    options = {"api": WRITTEN_API, "site": "Atelier Bellevue", "contact": CONTACT}
    printed = render(devis, language, **options, retention_days=RETENTION_DAYS)
    assert printed in (SITE / page).read_text(encoding="utf-8")


@BOTH
def test_the_front_page_leads_to_it(visit: Visit, words: Quote) -> None:
    page = visit().open("/" if words is FRENCH else "/en/")
    page.get_by_role("link", name="Devis" if words is FRENCH else "Quote").click()
    expect(page.get_by_role("heading", name=words.title)).to_be_visible()


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_quote_is_asked_for_and_its_recipients_read_it(
    visit: Visit, stack: LocalStack, words: Quote, *, javascript: bool
) -> None:
    visitor, text = visit(javascript=javascript), marker()
    page = visitor.open(words.path)
    assert visitor.violations() == []
    fill(page, words, f"{text}\n\n  - horaires\n  - commandes")
    tick(page, words)
    form(page).get_by_label(words.consent).check()
    send(page, words)

    expect(page.get_by_text(words.done).last).to_be_visible()
    if javascript:
        expect(form(page).get_by_role("status")).to_contain_text(words.done)
        expect(form(page).get_by_label(words.project)).to_have_value("")
    assert visitor.violations() == []
    (mail,) = wait_for("the email", lambda: stack.inbox(text))
    # The choice routes it to both, and neither is the owner.
    assert mail["to"] == ["devis@example.org", "projets@example.org"]
    message, said = parsed(mail["raw"]), text_of(mail["raw"])
    # The owner of the stack reads French, whatever the visitor does.
    assert message["Subject"] == "[Atelier Bellevue] Demande de devis – Camille Géraud"
    assert [address.addr_spec for address in message["Reply-To"].addresses] == ["camille@example.org"]
    quoted = [line[2:] for line in said.splitlines() if line.startswith(">")]
    assert quoted == [
        "Nom\xa0: Camille Géraud",
        "Email\xa0: camille@example.org",
        "Téléphone\xa0: +33 1 99 00 00 00",
        "Ce qu’il vous faut\xa0:",
        "  Un site",
        "  Des textes",
        "Nombre de pages\xa0: 120",
        "Budget\xa0: Plus de 5\u202f000\u00a0€",
        "Mise en ligne souhaitée\xa0: jeudi 31 décembre 2026",
        "Votre projet\xa0:",
        f"  {text}",
        "",
        "    - horaires",
        "    - commandes",
        f"Accepté\xa0: {words.consent}",
        # Without a script, the browser only sends the site's origin.
        f"Page\xa0: http://127.0.0.1:{stack.site_port}{words.path if javascript else '/'}",
    ]
    assert "/desk" not in said
    assert mail["raw"].count("Auto-Submitted") == 0


@BOTH
def test_who_asks_gets_the_form_s_own_reply(visit: Visit, stack: LocalStack, words: Quote) -> None:
    page, text = visit().open(words.path), marker()
    address = f"{text.split()[1]}@example.org"
    fill(page, words, f"{text} {text}")
    form(page).get_by_label("Email").fill(address)
    tick(page, words)
    send(page, words)

    (mail,) = wait_for("the reply", lambda: stack.inbox(to=address))
    assert parsed(mail["raw"])["Subject"] == f"{words.title} – Atelier Bellevue"
    assert ("sous deux jours" if words is FRENCH else "within two days") in text_of(mail["raw"])
    assert text not in text_of(mail["raw"])


@BOTH
def test_what_is_missing_is_said_at_its_field_before_anything_is_sent(visit: Visit, words: Quote) -> None:
    visitor = visit(locale="fr-FR" if words is FRENCH else "en-GB")
    page = visitor.open(words.path)
    send(page, words)

    name, email = form(page).get_by_label(words.name).first, form(page).get_by_label("Email")
    budget, project = form(page).get_by_label("Budget"), form(page).get_by_label(words.project)
    expect(name).to_be_focused()
    assert described(name) == words.missing
    assert described(email) == words.missing
    assert all(map(described, (budget, project)))
    assert visitor.violations() == []
    assert visitor.asked("POST", "/f/devis") == 0
    # If it is not a number, a browser would send nothing.
    pages = form(page).get_by_label(words.pages)
    pages.press_sequentially("-")
    send(page, words)
    assert described(pages).endswith(words.invalid)
    # Each sentence disappears as soon as its field changes, even that of a list.
    budget.select_option(index=1)
    assert (described(budget), bool(described(project))) == ("", True)
    # No field is there twice.
    assert page.locator(".guichet-error").count() == page.locator("#quote .guichet-field").count()


@BOTH
def test_what_is_wrong_is_said_in_the_words_of_the_app(visit: Visit, words: Quote) -> None:
    page = visit().open(words.path)
    fill(page, words, marker())
    tick(page, words)
    email = form(page).get_by_label("Email")
    email.fill("camille")
    send(page, words)
    expect(email).to_have_attribute("aria-invalid", "true")
    assert words.no_address in described(email)


@BOTH
def test_what_only_the_app_refuses_is_said_at_its_group_of_boxes(visit: Visit, words: Quote) -> None:
    visitor, text = visit(), marker()
    page = visitor.open(words.path)
    fill(page, words, text)
    send(page, words)

    group = form(page).get_by_role("group", name=words.needs)
    expect(group).to_have_attribute("aria-invalid", "true")
    expect(group).to_be_focused()
    assert words.boxes_missing in described(group)
    assert words.needs in described(group)
    assert visitor.violations() == []
    expect(form(page).get_by_label(words.project)).to_have_value(text)
    tick(page, words)
    assert described(group) == ""
    send(page, words)
    expect(form(page).get_by_role("status")).to_contain_text(words.done)


@BOTH
def test_without_a_script_the_browser_says_what_is_missing_and_a_page_the_rest(visit: Visit, words: Quote) -> None:
    visitor = visit(javascript=False)
    page = visitor.open(words.path)
    send(page, words)
    assert visitor.asked("POST", "/f/devis") == 0

    fill(page, words, marker())
    send(page, words)
    expect(page.get_by_role("main")).to_contain_text(words.needs)
    expect(page.get_by_role("listitem")).to_have_count(0)
    assert visitor.violations() == []
    page.go_back()
    expect(form(page).get_by_label("Email")).to_have_value("camille@example.org")


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (1000, "dark")])
def test_it_fits_and_can_be_read(visit: Visit, width: int, scheme: str) -> None:
    visitor = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    page = visitor.open(FRENCH.path)
    send(page, FRENCH)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.violations() == []


RADIOS = """<fieldset><legend>Budget</legend>
<label><input type="radio" name="budget" value="small" required> Petit</label>
<label><input type="radio" name="budget" value="large" required> Grand</label></fieldset>"""


def test_a_group_of_radio_buttons_of_the_site_s_own_has_one_sentence(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open(FRENCH.path)
    page.evaluate(
        "html => { document.querySelector('#devis--budget').closest('.guichet-field').innerHTML = html; }", RADIOS
    )
    send(page, FRENCH)
    first, second = form(page).get_by_role("radio").all()
    assert described(first)
    assert second.get_attribute("aria-invalid") is None
    assert visitor.violations() == []
    second.check()
    assert described(first) == ""
