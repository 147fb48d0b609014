"""`guichet forms check SITE`: what is wrong with a form of a page, and what is not."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comments.form import FIELDS as COMMENT_FIELDS
from comments.form import CommentForm
from contact.form import FIELDS as CONTACT_FIELDS
from contact.form import ContactForm
from guichet.definitions.definition import Definition
from guichet.definitions.forms_file import parse
from guichet.forms.parse import Form, validate
from guichet.http.refusal import Refusal
from guichet.locales import LANGUAGES
from guichet.records.message import Message
from infra.operate.site_check import BUILT_IN, Checked, built_in, check_site
from newsletter.form import FIELDS, NewsletterForm
from tests.support.app import App
from tests.support.site_forms import QUOTE, site_forms

DEVIS = parse(QUOTE)
_REFUSING = parse(QUOTE.replace("retention_days = 365", 'other_fields = "refuse"'))
_DROPPING = parse(QUOTE.replace("retention_days = 365", 'other_fields = "drop"'))
NOTICE = '<p class="guichet-notice">Vos réponses sont conservées un an.</p>'
FIELD: Mapping[str, str] = {
    "name": '<label>Nom <input name="name" maxlength="60"></label>',
    "email": '<label for="e">Email</label> <input id="e" type="email" name="email" required>',
    "phone": '<input type="tel" name="phone" aria-label="Téléphone">',
    "site": '<input type="url" name="site" title="Site">',
    "surface": '<i id="s">Surface</i><input type="number" min="1" max="10000" name="surface" aria-labelledby="s">',
    "date": '<label>Date <input type="date" name="date" min="2026-01-01"></label>',
    "message": '<label>Projet <textarea name="message" maxlength="20000"></textarea></label>',
    "rooms": "".join(
        f'<label><input type="checkbox" name="rooms" value="{room}"> {room}</label>'
        for room in ("Cuisine, salle", "Salon", "Chambre")
    ),
    "budget": '<label>Budget <select name="budget"><option value="">Choisir</option><option>&lt; 1&nbsp;000 €'
    '<option value="plus">Davantage</select></label>'.replace("&nbsp;", " "),
    "accord": '<label><input type="checkbox" name="accord" value="oui" required> J’accepte d’être rappelé.</label>',
    "_language": '<input type="hidden" name="_language" value="fr">',
}


def form(
    changed: Mapping[str, str] | None = None,
    *,
    start: str = '<form action="https://api.example/f/devis" method="post">',
    notice: str = NOTICE,
    after: str = "",
) -> str:
    """Return a page with a correct form, except for some fields; None leaves a field out."""
    fields = {**FIELD, **(changed or {})}
    return f"<!doctype html>\n<title>x</title>\n{start}\n" + "\n".join(
        [*fields.values(), notice, "<button>Envoyer</button></form>", after]
    )


def checked(tmp_path: Path, pages: str | Mapping[str, str], forms: Mapping[str, Definition] = DEVIS) -> Checked:
    for name, page in ({"devis.html": pages} if isinstance(pages, str) else pages).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(page, encoding="utf-8")
    return check_site(tmp_path, forms)


def found(tmp_path: Path, page: str, forms: Mapping[str, Definition] = DEVIS) -> list[str]:
    return [
        f"{mistake.field}: {mistake.message} → {mistake.remedy}" for mistake in checked(tmp_path, page, forms).mistakes
    ]


def test_a_form_that_is_right_has_no_mistakes(tmp_path: Path) -> None:
    assert checked(tmp_path, form()) == Checked(1, 1, ())


@pytest.mark.parametrize("action", [
    "/f/devis", "f/devis", "https://abc.execute-api.eu-west-3.amazonaws.com/f/devis", "//api.example/f/devis?x=1#y",
    "/f/devi%73",
])  # fmt: skip
def test_a_form_is_known_by_its_path_whatever_the_host(tmp_path: Path, action: str) -> None:
    assert checked(tmp_path, form(start=f'<form action="{action}" method="POST">')) == Checked(1, 1, ())
    assert found(tmp_path, form(start=f'<form action="{action}">')) == [
        ': has the method get, so its answers are not sent to Guichet → use method="post"'
    ]


@pytest.mark.parametrize(("start", "words"), [
    ('action="/f/devi" method="post"', ["posts to /f/devi, but no form has that name → use /f/devis"]),
    ('action="/f/Devis/" method="post"', ["posts to /f/Devis/, but no form has that name → use /f/devis"]),
    ('action="https://a.example/f/stage" method="post"', [
        "posts to https://a.example/f/stage, but no form has that name → define [stage] in functions/forms.toml, or",
    ]),
    ("data-guichet", ["has data-guichet, but no action"]),
    ('action="mailto:me@example.org" data-guichet', ['its action "mailto:me@example.org" leads to no form']),
    ('action="https://api.example/devis" method="post" data-guichet', ["/devis, where no form is served"]),
    ('action="https://a.execute-api.x.amazonaws.com/devis" method="post"', ["/devis, where no form is served"]),
    ('action="/f/devis" method="post" enctype="text/plain"', ["is sent as text/plain, which is refused"]),
    ('action="http://[" data-guichet', ["leads to no form"]),
    # Not meant for Guichet.
    ('action="/recherche"', []),
    ('action="https://example.org/search" method="post"', []),
    ('action="/contact" method="get"', []),
    ('action="newsletter"', []),
    ('action="mailto:me@example.org"', []),
    ("", []),
])  # fmt: skip
def test_a_form_goes_where_one_is_served_by_post(tmp_path: Path, start: str, words: list[str]) -> None:
    mistakes = found(tmp_path, form(start=f"<form {start}>"))
    assert len(mistakes) == len(words)
    assert all(word in mistake for word, mistake in zip(words, mistakes, strict=True))


@pytest.mark.parametrize("start", [
    'action="/contact" data-guichet', 'action="https://api.example/contact" method="get"', 'action="/f/contact"',
])  # fmt: skip
def test_a_form_without_a_method_is_reported_where_it_is_meant_for_guichet(tmp_path: Path, start: str) -> None:
    (mistake,) = found(tmp_path, f"<form {start}>{FIELD['email']}{FIELD['message']}{NOTICE}</form>")
    assert mistake.startswith(": has the method get")


def test_a_path_that_is_wrong_is_found_beside_a_form_on_the_same_host(tmp_path: Path) -> None:
    wrong = '<form action="https://api.example/devis" method="post"></form>'
    search = '<form action="https://api.example/search"></form>'
    (mistake,) = found(tmp_path, form(after=wrong + search))
    assert "posts to https://api.example/devis, where no form is served" in mistake


def test_a_button_may_post_a_form_elsewhere(tmp_path: Path) -> None:
    button = '<button formaction="/f/autre" formmethod="get">Autre</button>'
    assert [words.split(" → ", maxsplit=1)[0] for words in found(tmp_path, form({"button": button}))] == [
        ": posts to /f/autre, but no form has that name",
        ": has the method get, so its answers are not sent to Guichet",
    ]


@pytest.mark.parametrize(("changed", "words"), [
    ({"email": ""}, "email: is required, and the form does not send it → add it, as `guichet forms html devis`"),
    ({"accord": ""}, "accord: is required"),
    ({"email": FIELD["email"].replace("name=", "data-name=")}, "email: is required"),
    ({"email": FIELD["email"].replace("required", "disabled")}, "email: is required"),
    ({"email": f"<fieldset disabled>{FIELD['email']}</fieldset>"}, "email: is required"),
    ({"email": FIELD["email"].replace('"email" required', '"emial"')},
     'emial: is not a field of this form, and the required email is missing → did you mean name="email"?'),
    ({"phone": FIELD["phone"].replace('"phone"', '"phon"')}, "phon: is not a field of this form → did you mean"),
    ({"rooms": FIELD["rooms"].replace('"rooms"', '"rooms[]"')}, "rooms[]: is not a field of this form → did you mean"),
    ({"_nxt": '<input type="hidden" name="_nxt" value="/merci">'}, 'did you mean name="_next"?'),
    ({"email": '<input type="email" name="email" placeholder="Email" required>'}, "email: has no label"),
    ({"email": FIELD["email"].replace('for="e"', 'for="email"')}, "email: has no label"),
    ({"email": FIELD["email"].replace(">Email<", "> <")}, "email: has no label"),
    ({"phone": FIELD["phone"].replace("Téléphone", " ")}, "phone: has no label"),
    ({"surface": FIELD["surface"].replace('id="s"', 'id="t"')}, "surface: has no label"),
    ({"site": '<input type="url" name="site" pattern="https://.+" title="An address">'}, "site: has no label"),
    ({"name": '<label>Nom <input name="x" aria-label="x"><input name="name"></label>'}, "name: has no label"),
    ({"rooms": FIELD["rooms"].replace("> Salon<", "><")}, "rooms: has no label"),
    ({"budget": FIELD["budget"].replace("Budget", "")}, "budget: has no label"),
    ({"email": FIELD["email"].replace('"email" name', '"text" name')},
     'email: is an <input type="text">, but the field is of type email → use <input type="email">'),
    ({"email": FIELD["email"].replace('"email" name', '"mail" name')}, 'email: is an <input type="text">'),
    ({"phone": FIELD["phone"].replace('"tel"', '"number"')}, "phone: is an"),
    ({"date": FIELD["date"].replace('"date" name', '"datetime-local" name')}, "date: is an"),
    ({"budget": '<label>Budget <input name="budget"></label>'}, "budget: is an"),
    ({"budget": FIELD["budget"].replace("<select", "<select multiple")}, "budget: is a <select multiple>"),
    ({"rooms": '<label>Pièces <textarea name="rooms"></textarea></label>'}, "rooms: is a <textarea>"),
    ({"accord": '<input type="hidden" name="accord" value="oui">'}, "accord: is an"),
    ({"accord": FIELD["accord"].replace('"oui"', '"0"')}, 'accord: has the value "0", which counts as not ticked'),
    ({"accord": FIELD["accord"].replace('"oui"', '""')}, 'accord: has the value "", which counts as not ticked'),
    ({"accord": FIELD["accord"].replace('"oui"', '"Non"')}, 'accord: has the value "Non", which counts as not ticked'),
    ({"accord": FIELD["accord"].replace("checkbox", "radio")}, 'accord: is an <input type="radio">, but the field is'),
    ({"accord": "".join(f'<label><input type="radio" name="accord" value="{value}"> {value}</label>'
                        for value in ("accepte", "refuse"))}, 'consent → use <input type="checkbox">'),
    ({"accord": '<label>Rappel <select name="accord"><option>oui<option>refuse</select></label>'},
     "accord: is a <select>, but the field is of type consent"),
    ({"accord": FIELD["accord"].replace("required", "checked")}, "accord: is ticked in advance"),
    ({"name": FIELD["name"].replace("60", "100")}, 'allows maxlength 100, but the server 60 → use maxlength="60"'),
    ({"message": FIELD["message"].replace("20000", "30000")}, "message: allows maxlength 30000, but the server 20000"),
    ({"surface": FIELD["surface"].replace('"1"', '"0"')}, "surface: allows min 0, but the server 1"),
    ({"surface": FIELD["surface"].replace("10000", "1e6")}, "surface: allows max 1e6, but the server 10000"),
    ({"date": FIELD["date"].replace("2026", "2025")}, "date: allows min 2025-01-01, but the server 2026-01-01"),
    ({"budget": FIELD["budget"].replace('value="plus"', "")},
     'budget: offers "Davantage", which is refused → the choices are < 1 000 €, plus'),
    ({"rooms": FIELD["rooms"].replace('"Salon"', '"salon"')}, 'offers "salon", which is refused → use value="Salon"'),
    ({"rooms": FIELD["rooms"].replace(' value="Chambre"', "")}, 'rooms: offers "on", which is refused'),
    ({"budget": FIELD["budget"].replace("<option>", "<option disabled>")}, "budget: does not offer < 1 000 €"),
    ({"plan": '<input type="file" name="plan" aria-label="Plan">'}, "plan: is a file, which forms do not accept"),
    ({"message": '<label>Projet <input type="file" name="message"></label>'}, "message: is a file"),
])  # fmt: skip
def test_a_field_that_is_wrong_is_reported_once(tmp_path: Path, changed: dict[str, str], words: str) -> None:
    (mistake,) = found(tmp_path, form(changed))
    assert words in mistake


@pytest.mark.parametrize("changed", [
    # Names are case-insensitive, and an alias counts as the address.
    {"email": FIELD["email"].replace('name="email"', 'name="Email"')},
    {"email": FIELD["email"].replace('name="email"', 'name="_replyto"')},
    # People write numbers, dates and phone numbers as they are used to.
    {"date": FIELD["date"].replace('"date" name', '"text" name')},
    {name: FIELD[name].replace(kind, '"text"') for name, kind in (("surface", '"number"'), ("phone", '"tel"'))},
    # Optional things that are missing, and stricter limits.
    {"name": "", "phone": "", "rooms": ""},
    {"name": FIELD["name"].replace("60", "30")},
    {"name": FIELD["name"].replace("60", "many")},
    # A choice that the page makes itself.
    {"budget": '<input type="hidden" name="budget" value="plus">'},
    {"budget": '<label><input type="radio" name="budget" value="plus"> + </label>'
               '<label><input type="radio" name="budget" value="&lt; 1 000 €"> - </label>'},
    {"rooms": '<label>Pièces <select name="rooms" multiple><option>Cuisine, salle<option>Salon<option>Chambre'
              "</select></label>"},
    # Extra fields that are kept, the form's control fields, and controls that post nothing.
    {"ville": '<input name="ville">', "phone2": '<input name="phone2">', "nom": '<input name="nom">'},
    {"_gotcha": '<input name="_gotcha">', "_next": '<input type="hidden" name="_NEXT" value="/merci">',
     "_to": '<input type="hidden" name="_to" value="x">', "altcha": '<input type="hidden" name="altcha">'},
    {"reset": '<button type="reset" name="emial">x</button>', "plain": '<input type="button" name="emial">'},
    # Labels of every kind.
    {"email": '<label for="e"><img src="x" alt="Email"></label><input id="e" type="email" name="email">'},
    {"legend": '<fieldset disabled><legend><label>Nom <input name="nom"></label></legend></fieldset>'},
])  # fmt: skip
def test_what_is_right_in_another_way_is_not_reported(tmp_path: Path, changed: dict[str, str]) -> None:
    assert found(tmp_path, form(changed)) == []


_OPTIONAL = parse(QUOTE.replace('type = "consent"\nrequired = true', 'type = "consent"'))
_BOX = '<input type="checkbox" name="accord" value="yes">'
_ENGLISH = {"_language": '<input type="hidden" name="_LANGUAGE" value="en-GB">'}
_NO_LANGUAGE = {"_language": ""}
_BLANKS = parse(
    QUOTE.replace('{ fr = "J’accepte d’être rappelé.", en = "You may call me." }', '"Ça vous va\u00a0: rappel\u202f?"')
)


@pytest.mark.parametrize("changed", [
    {"accord": f"<label>{_BOX} J’accepte\n d’être&nbsp;<a href='/'>rappelé</a>. <i aria-hidden=true>*</i></label>"},
    {"accord": f"<label>{_BOX} J’accepte<br>d’être<div>rappelé.</div></label>"},
    {"accord": f"<label>* {_BOX} J'accepte d'être rappelé. <small>(obligatoire)</small></label>"},
    {"accord": f"<label>{_BOX}J’accepte d’e\u0302tre rappelé.<span hidden>Cochez la case.</span></label>"},
    {"accord": _BOX.replace(">", " id=a><label for=a></label><label for=a>J’accepte d’être rappelé.</label>")},
    {"accord": _BOX.replace(">", " aria-labelledby='a b'><i id=a>J’accepte</i> <i id=b>d’être rappelé.</i>")},
    {"accord": f"<label>{_BOX} You may call me.</label>", **_ENGLISH},
])  # fmt: skip
def test_the_wording_beside_a_box_is_the_one_that_is_stored(tmp_path: Path, changed: dict[str, str]) -> None:
    assert found(tmp_path, form(changed)) == []
    other = {**changed, "accord": changed["accord"].replace("rappelé", "appelé").replace("call", "mail")}
    (mistake,) = found(tmp_path, form(other))
    assert mistake.startswith("accord: says “")
    assert "is stored as the agreed wording" in mistake


def test_another_wording_is_told_with_both(tmp_path: Path) -> None:
    label = FIELD["accord"].replace("J’accepte d’être rappelé.", "Oui,  <b>tout</b>&nbsp;!")
    (mistake,) = found(tmp_path, form({"accord": label}))
    assert mistake == (
        "accord: says “Oui, tout !”, and “J’accepte d’être rappelé.” is stored as the agreed wording → write "
        "the same on the page and as the label in functions/forms.toml"
    )
    (mistake,) = found(tmp_path, form({"accord": f"<label>{_BOX}{'Oui. ' * 100}</label>"}))
    assert mistake.split("”")[0].endswith("Oui. Oui. …")
    # It is in the other language.
    (mistake,) = found(tmp_path, form(_ENGLISH))
    assert "and “You may call me.” is stored" in mistake


@pytest.mark.parametrize("changed", [
    {"_language": ""},
    {"_language": '<input type="hidden" name="_language" value="tlh">'},
    {"_language": '<input type="hidden" name="language" value="fr">'},
    {"_language": '<select name="_language" aria-label="x"><option>fr<option>en</select>'},
])  # fmt: skip
def test_a_form_says_in_which_language_its_consents_are(tmp_path: Path, changed: dict[str, str]) -> None:
    (mistake,) = found(tmp_path, form(changed))
    there = 'name="_language"' in changed["_language"]
    # The wording is French, which additional languages get too.
    fields = (f'<input type="hidden" name="_language" value="{one}">' for one in LANGUAGES if one != "en")
    wrong = f"not a hidden field with {' or '.join(LANGUAGES)}" if there else "missing"
    assert mistake == (
        f"_language: is {wrong}, so that the visitor's browser decides which wording of accord is stored → "
        f"{'use' if there else 'add'} {' or '.join(fields)}"
    )
    english = {**changed, "accord": f"<label>{_BOX} You may call me.</label>"}
    assert 'value="en"' in found(tmp_path, form(english))[0]
    # Neither wording is on the page.
    words = [one.split(" → ")[0] for one in found(tmp_path, form({**changed, "accord": f"<label>{_BOX} Oui</label>"}))]
    assert [one.split(":")[0] for one in words] == ["accord", "_language"]
    stored = "“J’accepte d’être rappelé.” or “You may call me.” is stored as the agreed wording"
    assert words[0].endswith(stored)


def test_a_form_need_not_say_its_language_where_it_changes_nothing(tmp_path: Path) -> None:
    assert found(tmp_path, form({"accord": "", **_NO_LANGUAGE}), _OPTIONAL) == []
    same = {"accord": f"<label>{_BOX} Ça vous va : rappel ?</label>", **_NO_LANGUAGE}
    assert found(tmp_path, form(same), _BLANKS) == []
    # Its action may name the language.
    for language, number in (("fr", 0), ("en", 1)):
        start = f'<form action="/f/devis?language={language}" method="post">'
        assert len(found(tmp_path, form(_NO_LANGUAGE, start=start))) == number


def test_a_control_may_stand_outside_of_its_form(tmp_path: Path) -> None:
    outside = FIELD["email"].replace("<input", '<input form="devis"')
    start = '<form id="devis" action="/f/devis" method="post">'
    assert found(tmp_path, form({"email": ""}, start=start, after=outside)) == []
    assert "email: is required" in found(tmp_path, form({"email": ""}, start=start, after=FIELD["email"]))[0]
    # A control inside it may belong to another form.
    elsewhere = FIELD["email"].replace("<input", '<input form="other"')
    assert "email: is required" in found(tmp_path, form({"email": elsewhere}, start=start))[0]


def test_a_form_in_a_table_owns_the_controls_that_are_not_in_it(tmp_path: Path) -> None:
    page = f'<table><form action="/f/devis" method="post"><tr><td>{"".join(FIELD.values())}</table>{NOTICE}'
    assert [words.split(":")[0] for words in found(tmp_path, page)] == [""]
    assert "has no information notice" in found(tmp_path, page)[0]


@pytest.mark.parametrize("other", [_REFUSING, _DROPPING])
def test_a_field_that_is_not_kept_is_reported_in_any_name(tmp_path: Path, other: Mapping[str, Definition]) -> None:
    ville = '<input name="ville" type="hidden" value="x"><button name="envoi" value="1">Envoyer</button>'
    words = found(tmp_path, form({"ville": ville, "_gotcha": '<input name="_gotcha">'}), other)
    assert [one.split(":")[0] for one in words] == ["ville", "envoi"]
    assert "its fields are name, email, phone" in words[0]
    assert found(tmp_path, form({"website": '<input name="website">'}), other) != []
    assert check_site(tmp_path, other, "website").mistakes == ()


@pytest.mark.parametrize("notice", [
    '<div><small class="small guichet-notice">…</small></div>',
    '<p>Voir la <a href="/rgpd">politique</a>.</p>',
    '<p><a href="/legal/">Protection des données personnelles</a></p>',
    '<p><a href="/x">Our privacy policy</a></p>',
    '<a href="/politique-de-confidentialit%C3%A9/">Politique de confidentialité</a>',
])  # fmt: skip
def test_the_information_notice_is_in_the_form_or_beside_it(tmp_path: Path, notice: str) -> None:
    none = '<p>Vos données sont entre de bonnes mains.</p><p><a href="/mentions-legales">Mentions légales</a></p>'
    assert found(tmp_path, form(notice=notice)) == []
    assert found(tmp_path, form(notice=none, after=notice)) == []
    start = '<main><h1>Devis</h1><div><form action="/f/devis" method="post">'
    assert found(tmp_path, form(notice="", start=start, after=f"</div>{notice}</main>")) == []
    described = '<form action="/f/devis" method="post" aria-describedby="n">'
    after = f'<p>Further</p><div id="n">{notice}</div>'
    assert found(tmp_path, form(notice="", start=described, after=after)) == []
    for far in (f"<p>Plus</p>{notice}", f"<footer>{notice}</footer>", f"<p>Plus</p><nav>{notice}</nav>"):
        (mistake,) = found(tmp_path, form(notice=none, after=far))
        assert mistake.startswith(": has no information notice")
    (mistake,) = found(tmp_path, form(start=start, notice="", after=f"</div></main>{notice}"))
    assert mistake.startswith(": has no information notice")


def test_the_forms_that_need_no_definition_are_checked_by_their_fields(tmp_path: Path) -> None:
    start = '<form action="/contact" method="post">'
    right = f'{start}{FIELD["email"]}{FIELD["message"]}<input name="sujet">{NOTICE}</form>'
    assert found(tmp_path, right, {}) == []
    wrong = f'{start}{FIELD["email"]}<label>x <textarea name="mesage"></textarea></label>{NOTICE}</form>'
    assert [words.split(":")[0] for words in found(tmp_path, wrong, {})] == ["mesage"]
    sign_up = f'<form action="https://api.example/f/newsletter" method="post">{FIELD["name"]}{NOTICE}</form>'
    assert found(tmp_path, sign_up, {}) == ["email: is required, and the form does not send it → add it"]
    more = f'<form action="/newsletter" method="post">{FIELD["email"]}<input name="ville">{NOTICE}</form>'
    assert [words.split(":")[0] for words in found(tmp_path, more, {})] == ["ville"]
    comment = (
        f'<label>x <textarea name="comment"></textarea></label><input type="hidden" name="page" value="/a/">{NOTICE}'
    )
    for path in ("/comments", "/f/comments"):
        start = f'<form action="https://api.example{path}" method="post">{FIELD["email"]}'
        assert found(tmp_path, f"{start}{comment}</form>", {}) == [
            "name: is required, and the form does not send it → add it"
        ]
    # The site's own contact form replaces the built-in one.
    own = parse('[contact]\nfields.question = { type = "text", required = true }')
    assert "question: is required" in found(tmp_path, right, own)[0]


_MODELS: Mapping[str, type[ContactForm | NewsletterForm | CommentForm]] = {
    "contact": ContactForm,
    "newsletter": NewsletterForm,
    "comments": CommentForm,
}


@pytest.mark.parametrize("form_name", _MODELS)
def test_the_fields_of_these_forms_are_those_that_are_served(form_name: str) -> None:
    def served(name: str, value: str | None) -> tuple[str, ...]:
        """Return the codes with which the server refuses a form whose field has a value or is missing."""
        fields = {**right, name: value}
        try:
            validate(_MODELS[form_name], Form({name: value for name, value in fields.items() if value is not None}, {}))
        except Refusal as refusal:
            return tuple(problem.code for problem in refusal.problems)
        return ()

    fields = BUILT_IN[form_name].fields
    right = {field.name: "me@example.org" if field.type == "email" else "x" for field in fields.values()}
    kept = validate(_MODELS[form_name], Form({**right, "ville": "Lyon"}, {})).model_dump().get("extra", {})
    assert kept == ({} if BUILT_IN[form_name].other_fields == "drop" else {"ville": "Lyon"})
    assert (
        set(fields)
        == {
            "contact": set(CONTACT_FIELDS),
            "newsletter": set(FIELDS),
            "comments": set(COMMENT_FIELDS),
        }[form_name]
    )
    for field in fields.values():
        assert served(field.name, None) == (("REQUIRED_FIELD_MISSING",) if field.required else ())
        longest = int(field.max or 0)
        end = f"@{'.'.join(['d' * 63] * 3)}.fr" if field.type == "email" else ""
        text = "x" * (longest - len(end)) + end
        assert len(text) == longest
        assert served(field.name, text) == ()
        # An address that is too long does not count as one.
        assert served(field.name, f"x{text}") == ("TYPE_EMAIL" if field.type == "email" else "TOO_LONG",)


def test_a_labelled_field_of_the_contact_form_is_checked_against_its_own_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Message.labelled_fields()["phone"], "max_length", 40)
    page = (
        '<form action="/contact" method="post"><label>Email <input type="email" name="email" required></label>'
        '<label>Message <textarea name="message" required></textarea></label>'
        '<label>Phone <input type="tel" name="phone" maxlength="100"></label>'
    )
    assert found(tmp_path, page + NOTICE, {"contact": built_in(ContactForm, "keep")}) == [
        'phone: allows maxlength 100, but the server 40 → use maxlength="40"'
    ]


@pytest.mark.parametrize(("name", "right"), [("société", "yes"), ("SOCIÉTÉ", "yes"), ("societe", "no")])
def test_a_name_with_accents_counts_in_any_case_as_the_server_has_it(
    app: App, tmp_path: Path, name: str, right: str
) -> None:
    own = '[devis]\nother_fields = "refuse"\nfields."Société" = { type = "text", required = true }'
    page = f'<form action="/f/devis" method="post"><label>x <input name="{name}"></label>{NOTICE}</form>'
    assert (found(tmp_path, page, parse(own)) == []) == (right == "yes")
    with site_forms(tmp_path / "forms", own):
        reply = app.post("/f/devis", data={name: "Atelier"}, headers={"accept": "application/json"})
    assert (reply.status_code < HTTPStatus.BAD_REQUEST) == (right == "yes")


def test_an_alias_is_the_field_that_a_reply_goes_to_whatever_its_name(app: App, tmp_path: Path) -> None:
    own = '[devis]\nfields.courriel = { type = "email", required = true }'
    page = f'<form action="/f/devis" method="post"><input type="email" name="_replyto" title="x">{NOTICE}</form>'
    assert found(tmp_path, page, parse(own)) == []
    with site_forms(tmp_path / "forms", own):
        reply = app.post("/f/devis", data={"_replyto": "me@example.org"}, headers={"accept": "application/json"})
    assert reply.status_code < HTTPStatus.BAD_REQUEST


def test_a_form_of_many_pages_is_reported_once_with_its_places(tmp_path: Path) -> None:
    page = '\u2028\f\n<form action="/newsletter"\nmethod="post">' + NOTICE + "\n<input\nname=email type=email></form>"
    result = checked(tmp_path, {f"p{number}/index.html": page for number in range(5)}, {})
    (mistake,) = result.mistakes
    assert (result.pages, result.forms, mistake.field, len(mistake.places)) == (5, 5, "email", 5)
    # The line on which its tag begins.
    assert (mistake.places[0].file, mistake.places[0].line) == ("p0/index.html", 4)


def test_a_relative_action_is_read_as_the_browser_does(tmp_path: Path) -> None:
    start = '<base href="/blog/"><form action="../f/devis" method="post">'
    assert checked(tmp_path, {"a/b/index.html": form(start=start)}).forms == 1
    start = '<form action="devis" method="post">'
    assert checked(tmp_path, {"a/b/index.html": form(start=start), "f/index.html": form(start=start)}).forms == 1


def test_a_page_in_another_encoding_is_read_by_what_it_says(tmp_path: Path) -> None:
    page = form().replace("<title>", '<meta charset="iso-8859-15"><title>').replace("’", "'")
    (tmp_path / "latin.htm").write_bytes(page.encode("iso-8859-15"))
    (tmp_path / "utf.HTML").write_text(form(), encoding="utf-8")
    (tmp_path / "notes.txt").write_text("<form action=/f/x>", encoding="utf-8")
    assert check_site(tmp_path, DEVIS) == Checked(2, 2, ())


_PIECES = st.sampled_from([
    "<form action='/f/devis' method=post>", "</form>", "<form data-guichet>", "<table>", "<tr><td>", "</table>",
    "<input", " name='email'", " form='x'", " id=x", ">", "<label for=x>", "</label>", "<select name=budget>",
    "<option value=plus>", "<fieldset disabled>", "<legend>", "</fieldset>", "<template>", "<svg>", "<math>", "<!--",
    "-->", "\n", "\r\n", "\f", "<textarea name=message>", "<base href='http://['>", "é", "\u0000",
    "<button formaction=//x:99999/f/a>", "<noscript>", "<p class=guichet-notice>", "<a href='/privacy'>",
    " aria-labelledby='x y'", "<frameset>", "<plaintext>", "<body>",
])  # fmt: skip


@given(st.lists(_PIECES | st.text(max_size=5), max_size=40).map("".join))
def test_no_page_breaks_the_check(text: str) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "index.html").write_bytes(text.encode("utf-8", "surrogatepass"))
        result = check_site(Path(folder), DEVIS)
    assert all(mistake.message and mistake.places for mistake in result.mistakes)
