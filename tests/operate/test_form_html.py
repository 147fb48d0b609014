"""The markup of one of the site's own forms, as a page gets it."""

import re
from typing import Any
from xml.etree.ElementTree import Element

import html5lib
import pytest

from guichet.definitions.forms_file import FormsFileError, parse
from guichet.locales import LANGUAGES, Language
from infra.operate.form_html import render
from tests.support.site_forms import QUOTE

BAD = "<b>\"&'</b>"
HOSTILE = f"""
[devis]
title = '''{BAD}'''
fields.'a"b' = {{ type = "text", label = '''{BAD}''', help = '''{BAD}''' }}
fields.c = {{ type = "choices", choices = ['''{BAD}'''] }}
fields.d = {{ type = "consent", label = '''{BAD}''' }}
"""


def rendered(text: str = QUOTE, language: Language = "fr", **options: Any) -> str:
    given = {"api": "https://api.example", "site": "Atelier Bellevue", "contact": "moi@example.org", **options}
    return render(parse(text)["devis"], language, **({"retention_days": 1095} | given))


def tree(html: str) -> Element:
    root: Element = html5lib.parse(html, namespaceHTMLElements=False)
    return root


def of_name(html: str, name: str) -> Element:
    """Return the first element of a name that people see."""
    return next(element for element in tree(html).iter() if element.get("name") == name)


def words(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def form(fields: str) -> str:
    return f"[devis]\n{fields}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", [QUOTE, HOSTILE], ids=["quote", "hostile"])
def test_each_field_has_a_label_of_its_own_and_what_describes_it(text: str, language: Language) -> None:
    root = tree(rendered(text, language))
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    labels = {label.get("for") for label in root.iter("label")} - {None}
    shown = [
        element
        for element in root.iter()
        if element.tag in ("input", "select", "textarea") and element.get("type") != "hidden"
    ]
    assert len(ids) == len(set(ids))
    # The honeypot is inside its label.
    assert [element.get("name") for element in shown if element.get("id") not in labels] == ["_gotcha"]
    described = [
        element.get("aria-describedby", "").split() for element in root.iter() if element.get("aria-describedby")
    ]
    assert len(described) == len(parse(text)["devis"].fields)
    assert {name for names in described for name in names} <= set(ids)
    assert all(names[-1].endswith("-error") for names in described)


def test_it_is_posted_to_the_form_in_its_language_with_a_trap() -> None:
    root = tree(rendered(language="en", api="https://api.example/"))
    (element,) = root.iter("form")
    assert element.attrib == {
        "action": "https://api.example/f/devis",
        "method": "post",
        "lang": "en",
        "aria-label": "Request for a quote",
        "data-guichet": "",
    }
    hidden = {field.get("name"): field.attrib for field in root.iter("input")}
    assert hidden["_language"]["value"] == "en"
    assert (hidden["_gotcha"]["tabindex"], hidden["_gotcha"]["autocomplete"]) == ("-1", "off")


def test_nothing_in_the_file_becomes_markup() -> None:
    html = rendered(HOSTILE, site=BAD, contact=BAD)
    assert not list(tree(html).iter("b"))
    assert of_name(html, 'a"b').get("type") == "text"
    assert of_name(html, "c").findall(".//input")[0].get("value") == BAD
    assert words(tree(html)).count(BAD) == 7


def test_it_has_no_style_and_no_script() -> None:
    for element in tree(rendered()).iter():
        assert element.tag not in ("style", "script")
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_the_rules_are_attributes() -> None:
    html = rendered()
    expected: dict[str, dict[str, str]] = {
        "name": {"type": "text", "maxlength": "60", "autocomplete": "name"},
        "email": {"type": "email", "required": "", "maxlength": "254", "autocomplete": "email"},
        "phone": {"type": "tel", "maxlength": "40", "autocomplete": "tel"},
        "site": {"type": "url", "maxlength": "2000", "autocomplete": "url"},
        "surface": {"type": "number", "min": "1", "max": "10000", "step": "any", "inputmode": "decimal"},
        "date": {"type": "date", "min": "2026-01-01", "max": "9999-12-31"},
        "message": {"maxlength": "20000"},
        "budget": {"required": ""},
        "accord": {"type": "checkbox", "required": "", "value": "yes"},
    }
    for name, attributes in expected.items():
        element = of_name(html, name)
        further = ("id", "name", "rows", "aria-describedby", "pattern", "title")
        assert {key: value for key, value in element.attrib.items() if key not in further} == attributes
    for name in ("email", "phone", "url"):
        pattern = of_name(rendered(form(f'fields.x = {{ type = "{name}" }}')), "x").get("pattern")
        assert pattern
        re.compile(pattern)


def test_a_choice_begins_with_none_and_choices_are_a_group_of_boxes() -> None:
    html = rendered(language="en")
    options = [(option.get("value"), words(option)) for option in of_name(html, "budget").iter("option")]
    assert options == [("", "Choose"), ("< 1 000 €", "< 1 000 €"), ("plus", "More")]
    group = of_name(html, "rooms")
    assert group.tag == "fieldset"
    assert words(next(group.iter("legend"))) == "Rooms"
    assert [box.get("value") for box in group.iter("input")] == ["Cuisine, salle", "Salon", "Chambre"]


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("", ""),
        ("required = true", "Cochez au moins une case."),
        # Optional fields are not announced as required.
        ("min = 1", ""),
        ("min = 2", "Si vous répondez, cochez au moins 2 cases."),
        ("required = true, min = 2", "Cochez au moins 2 cases."),
        ("max = 1", "Cochez au plus une case."),
        ("max = 2", "Cochez au plus 2 cases."),
        ("min = 1, max = 2", "Cochez au plus 2 cases."),
        ("required = true, max = 2", "Cochez de 1 à 2 cases."),
        ("min = 1, max = 1", "Cochez au plus une case."),
        ("min = 2, max = 2", "Si vous répondez, cochez 2 cases."),
        ("required = true, min = 2, max = 2", "Cochez 2 cases."),
        ("min = 3", "Si vous répondez, cochez 3 cases."),
        ("required = true, max = 1", "Cochez une case."),
    ],
)
def test_how_many_boxes_to_tick_is_said_for_no_attribute_says_it(rules: str, said: str) -> None:
    more = f", {rules}" if rules else ""
    html = rendered(form(f'fields.x = {{ type = "choices", choices = ["a", "b", "c"]{more} }}'))
    assert [words(element) for element in of_name(html, "x").findall("p")] == ([said] if said else [])


@pytest.mark.parametrize(
    ("language", "said"),
    [("fr", "Si vous répondez, cochez de 2 à 3 cases."), ("en", "If you answer, tick 2 to 3 boxes.")],
)
def test_two_to_three_of_four_boxes_are_asked_for_if_any(language: Language, said: str) -> None:
    field = 'fields.x = { type = "choices", choices = ["a", "b", "c", "d"], min = 2, max = 3 }'
    html = rendered(form(field), language)
    assert [words(element) for element in of_name(html, "x").findall("p")] == [said]


@pytest.mark.parametrize(
    ("fields", "purposes"),
    [
        ({"name": "text", "email": "email", "phone": "phone"}, ["name", "email", "tel"]),
        ({"nom": "text", "Prénom": "text"}, ["family-name", "given-name"]),
        ({"nom": "text", "Société": "text", "code postal": "text"}, ["name", "organization", "postal-code"]),
        ({"adresse": "text", "address": "long_text"}, ["address-line1", "street-address"]),
        ({"email": "email", "ami": "email", "site": "url", "autre": "url"}, ["email", None, "url", None]),
        ({"date de naissance": "date", "birthday": "text", "sujet": "text"}, ["bday", None, None]),
    ],
)
def test_a_browser_is_told_what_of_the_visitor_s_own_data_a_field_is_for(
    fields: dict[str, str], purposes: list[str | None]
) -> None:
    html = rendered(form("\n".join(f'fields."{name}" = {{ type = "{kind}" }}' for name, kind in fields.items())))
    assert [of_name(html, name).get("autocomplete") for name in fields] == purposes


def test_ids_of_two_forms_and_of_like_names_differ() -> None:
    both = parse('[a]\nfields.b-c = { type = "text" }\n[a-b]\nfields.c = { type = "text" }')
    given: Any = {"api": "", "site": "s", "contact": "c", "retention_days": 1}
    ids = [of_name(render(both[name], "fr", **given), field).get("id") for name, field in (("a", "b-c"), ("a-b", "c"))]
    assert ids == ["a--b-c", "a-b--c"]
    names = ("x y", "x-y", "x_y", "поле", "x-y-help", "x-y-error")
    html = rendered(form("\n".join(f'fields."{name}" = {{ type = "text", help = "?" }}' for name in names)))
    ids = [element.get("id") for element in tree(html).iter() if element.get("id")]
    assert len(set(ids)) == len(ids) == 3 * len(names)


def notice(html: str) -> str:
    (found,) = (element for element in tree(html).iter() if element.get("class") == "guichet-notice")
    return words(found)


def test_the_notice_says_who_why_how_long_to_whom_and_which_rights() -> None:
    french, english = notice(rendered()), notice(rendered(language="en"))
    for said in (
        "marqués d’un astérisque (*) sont obligatoires",
        "Responsable du traitement : Atelier Bellevue",
        "« Demande de devis »",
        "Base légale",
        "votre consentement",
        "Destinataires",
        "Durée de conservation : 1 an,",
        "rectification",
        "moi@example.org",
        "CNIL",
    ):
        assert said in french
    for said in ("required", "Data controller: Atelier Bellevue", "“Request for a quote”", "Legal basis", "1 year"):
        assert said in english
    assert 'href="mailto:moi@example.org"' in rendered()


def test_the_notice_is_the_form_s_own() -> None:
    text = notice(rendered(form('fields.x = { type = "text" }'), retention_days=90, contact="https://example.org/rgpd"))
    assert "Aucun champ n’est obligatoire." in text
    assert "90 jours" in text
    assert "consentement" not in text
    assert 'href="https://example.org/rgpd"' in rendered(contact="https://example.org/rgpd")
    assert "<a " not in rendered(contact="javascript:alert(1)")


@pytest.mark.parametrize("name", ["a%22b", "a%0Ab", "a%0db"])
def test_a_name_that_browsers_give_to_another_one_is_refused(name: str) -> None:
    with pytest.raises(FormsFileError, match=r"fields\.a%.*quotation mark or a line break"):
        parse(form(f'fields."{name}" = {{ type = "text" }}'))
