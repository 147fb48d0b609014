"""The markup of a form of the site's own: its fields, the server's rules as far as HTML has them, and the notice.

What HTML cannot express is listed in tests/browser/test_site_forms.py, with reasons.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from guichet.definitions.definition import Definition, Field
from guichet.forms.field_types import PHONE_PATTERN, URL_PATTERN, folded
from guichet.locales import Language
from infra.operate.notice import beside_own, paragraph
from infra.operate.words import sentences

# What `guichet.addresses` requires of an address beyond what browsers do: something between its dots, two labels in the
# domain, the last one not only digits; at most 64 characters before the @ and 254 in all; no encoded word.
EMAIL_PATTERN = r"(?![^@]{65})(?!.{255})(?![^@]*=\?)[^@.]+(?:\.[^@.]+)*@[^@.]+(?:\.[^@.]+)*\.[^@.]*[^@.0-9][^@.]*"
# Any visible character: `guichet.visible`, except for a few blank symbols.
_SEEN = r"(?=[\s\S]*[^\p{M}\p{Z}\p{C}])"
# Browsers accept years after 9999.
_LAST_DAY = "9999-12-31"
# Autofill tokens (HTML, "Autofill"), with the field names that sites use for them in either language.
_AUTOCOMPLETE: Mapping[str, str] = {
    token: purpose
    for purpose, names in {
        "name": "name nom fullname full_name votre_nom your_name nom_complet",
        "given-name": "firstname first_name given_name prenom",
        "family-name": "lastname last_name surname family_name nom_de_famille",
        "organization": "company organization organisation societe entreprise association",
        "organization-title": "job_title fonction",
        "address-line1": "address adresse street rue",
        "postal-code": "zip zipcode zip_code postcode postal_code code_postal",
        "address-level2": "city town ville commune",
        "country-name": "country pays",
        "bday": "birthday birthdate date_of_birth date_de_naissance naissance",
    }.items()
    for token in names.split()
}
# A token for a single line, and the one for several lines.
_ONE_LINE, _LINES = "address-line1", "street-address"


@dataclass(frozen=True)
class _Shown:
    """A field as the template shows it. `id` is that of its element, or of its group of boxes."""

    id: str
    name: str
    type: str
    label: str
    required: bool
    help: tuple[str, ...]
    attributes: Mapping[str, str]
    choices: tuple[Mapping[str, str], ...]

    @property
    def described_by(self) -> str:
        """The ids of what describes it."""
        helps = [f"{self.id}-help{f'-{place}' if place > 1 else ''}" for place in range(1, len(self.help) + 1)]
        return " ".join((*helps, f"{self.id}-error"))


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(  # noqa: PLR0913  what a site says
    definition: Definition, language: Language, *, api: str, site: str, contact: str, retention_days: int
) -> str:
    """Return the markup of a form in a language, to be pasted into a page.

    `api` is the API's address, `site` the name of the site, `contact` an email or web address for questions about
    personal data, `retention_days` how long answers are kept unless the form says so.
    """
    words = sentences("forms", language)
    days = definition.retention_days or retention_days
    notice = beside_own(definition, language, controller=site, contact=contact, days=days)
    template = _environment().get_template("form.html")
    return (
        template.render(
            action=f"{api.rstrip('/')}/f/{definition.name}",
            language=language,
            title=definition.title[language],
            say=words.__getitem__,
            fields=list(_shown(definition, language)),
            notice=[paragraph(block, language) for block in notice],
        ).strip()
        + "\n"
    )


def _shown(definition: Definition, language: Language) -> Iterator[_Shown]:
    words, taken = sentences("forms", language), set[str]()
    for field in definition.fields.values():
        own_help = (field.help[language],) if field.help else ()
        yield _Shown(
            _free_id(definition.name, field, taken),
            field.name,
            field.type,
            field.label[language],
            field.required,
            (*own_help, *_boxes(field, words)),
            dict(_attributes(definition, field, words)),
            tuple({"value": choice.value, "label": choice.label[language]} for choice in field.choices),
        )


def _free_id(form: str, field: Field, taken: set[str]) -> str:
    """Return an id that only this field uses, along with ids that begin with it.

    A form's name never has two hyphens in a row, so the ids of two forms on a page differ as well.
    """
    plain = re.sub("[^a-z0-9]+", "-", folded(field.name)).strip("-") or "field"
    further = ("", "-error", "-help", "-help-2", *(f"-{place}" for place in range(1, len(field.choices) + 1)))
    number = 1
    while True:
        base = f"{form}--{plain}{f'-{number}' if number > 1 else ''}"
        ids = {base + end for end in further}
        if not ids & taken:
            taken |= ids
            return base
        number += 1


def _boxes(field: Field, words: Mapping[str, str]) -> Iterator[str]:
    """Return how many boxes to tick, as HTML has no attribute for it."""
    if field.type != "choices":
        return
    low, high = int(field.min or field.required), int(field.max or len(field.choices))
    # An optional field allows none, so a minimum of one says nothing.
    end, low = ("", low) if field.required else ("_if_any", 0 if low == 1 else low)
    if low == high:
        yield words["exactly_one" if low == 1 else f"exactly{end}"].format(low=low)
    elif low and high < len(field.choices):
        yield words[f"both{end}"].format(low=low, high=high)
    elif low:
        yield words["one" if low == 1 else f"low{end}"].format(low=low)
    elif high < len(field.choices):
        yield words["high_one" if high == 1 else "high"].format(high=high)


def _attributes(definition: Definition, field: Field, words: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return the attributes of a field's element, or of each of its boxes, in order. An empty value has no `=`."""
    types = {"email": "email", "phone": "tel", "url": "url", "number": "number", "date": "date", "text": "text"}
    if field.type in types:
        yield "type", types[field.type]
    if field.required and (field.type != "choices" or int(field.min or 1) == len(field.choices)):
        yield "required", ""
    yield from _limits(field)
    if field.type == "number":
        yield "step", "any"
        if field.min is not None and not field.min.startswith("-"):
            # Phones may show a keyboard without a minus sign.
            yield "inputmode", "decimal"
    pattern, title = _pattern(field, words)
    if pattern:
        yield "pattern", pattern
        yield "title", title
    purpose = _autocomplete(definition, field)
    if purpose:
        yield "autocomplete", purpose


def _limits(field: Field) -> Iterator[tuple[str, str]]:
    low, high = field.min, field.max
    if field.type == "date":
        high = high or _LAST_DAY
    as_length = field.type in ("text", "long_text", "email", "phone", "url")
    if field.type in ("number", "date") or as_length:
        if low is not None:
            yield "minlength" if as_length else "min", low
        if high is not None:
            yield "maxlength" if as_length else "max", high


def _pattern(field: Field, words: Mapping[str, str]) -> tuple[str, str]:
    """Return a field's pattern, in JavaScript's syntax with the flag `v`, and what it requires, or nothing."""
    match field.type:
        case "text" if field.required or int(field.min or 0) > 1:
            least = int(field.min or 0)
            # Leading and trailing blanks are ignored.
            text = rf"\s*\S[\s\S]{{{least - 2},}}\S\s*" if least > 1 else r"[\s\S]*"
            asked = words["at_least"].format(limit=least) if least > 1 else words["required"]
            return (_SEEN if field.required else "") + text, asked
        case "email":
            return EMAIL_PATTERN, words["email"]
        case "phone":
            return rf"\s*{PHONE_PATTERN}\s*", words["phone"]
        case "url":
            return URL_PATTERN, words["url"]
        case _:
            return "", ""


def _autocomplete(definition: Definition, field: Field) -> str:
    """Return the autofill token of a field, if it is about the visitor."""
    fields = definition.fields.values()
    first = next(other.name for other in fields if other.type == field.type)
    purpose = _purpose(field)
    match field.type:
        case "email":
            known = field.name == definition.email_field and "email"
        case "phone":
            known = field.name in ("phone", first) and "tel"
        case "url":
            known = field.name == first and "url"
        case "date":
            known = purpose == "bday" and purpose
        case "long_text":
            known = purpose == _ONE_LINE and _LINES
        case "text" if purpose == "name":
            known = "family-name" if any(_purpose(other) == "given-name" for other in fields) else purpose
        case _:
            known = field.type == "text" and purpose != "bday" and purpose
    return known or ""


def _purpose(field: Field) -> str:
    return _AUTOCOMPLETE.get(re.sub("[^a-z0-9]+", "_", folded(field.name)), "")
