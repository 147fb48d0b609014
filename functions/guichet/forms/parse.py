"""Parse a form: from a request to validated answers."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic_core import ValidationError

from guichet.http.body import fields_of
from guichet.http.origins import check_origin
from guichet.http.refusal import Problem, Refusal, refuse
from guichet.http.request import Request
from guichet.locales import known
from guichet.model import Model
from guichet.records.limits import Solved
from guichet.settings import FormSettings

# The ALTCHA widget names its field itself.
PROOF_FIELD = "altcha"

Answers = TypeVar("Answers", bound=Model)


@dataclass(frozen=True)
class Form:
    """A parsed form.

    `fields` are the answers, in order. `control` are control fields, never stored as answers: names that begin with an
    underscore, `altcha`, and the honeypot, unless the form has a field of that name. `spellings` has the form's own
    spelling of a known name, if different.
    """

    fields: dict[str, Any]
    control: dict[str, str]
    spellings: dict[str, str] = dataclasses.field(default_factory=dict)


def parse_form(
    request: Request, settings: FormSettings, known_names: Collection[str], address_field: str = "email"
) -> Form:
    """Parse the form in a request. It may choose the language of the response.

    The names of known fields and control fields are case-insensitive: `Email`, `_NEXT`. `address_field` is the field
    with the address for a reply, if the form has one.

    Raises Refusal: 403 foreign origin, 413 too large, 415 media type, 400 not parsable, 422 empty or too many fields.
    """
    check_origin(request, settings)
    special = {PROOF_FIELD, settings.honeypot_field}
    if settings.honeypot_field.lower() in map(str.lower, known_names):
        # People are asked to fill it in: as a honeypot, it would catch everyone.
        special.remove(settings.honeypot_field)
    values, spellings = _by_known_name(fields_of(request), (*known_names, *special))
    steering = {name for name in values if name.startswith("_") or name in special}
    # A control field that is not text is ignored, but it still fills in a honeypot and counts as a proof.
    control = {name: values[name] for name in steering if isinstance(values[name], str)}
    control |= dict.fromkeys(steering & special - control.keys(), "no text")
    fields = {name: value for name, value in values.items() if name not in steering}
    request.language = known(control.get("_language", "")) or request.language
    # An alias, used if that field is empty or missing.
    if address_field and control.get("_replyto") and not fields.get(address_field):
        fields[address_field] = control["_replyto"]
    if not any(fields.values()):
        raise refuse(422, "EMPTY")
    return Form(fields, control, spellings)


def _by_known_name(values: dict[str, Any], known_names: Collection[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the fields of a form with known names in their standard spelling, and the form's own spellings.

    If it has several spellings of one name, the first one filled in counts, but the standard spelling comes first. The
    others are kept as extra fields, so that nothing is lost.
    """
    known = {name.lower(): name for name in known_names}
    # A name with a leading underscore is a control field, and those are lower case.
    targets = {
        name: known.get(name.lower(), name.lower() if name.startswith("_") and name.isascii() else name)
        for name in values
    }
    chosen: dict[str, str] = {}
    for name in sorted(values, key=lambda name: (not values[name], targets[name] != name)):
        chosen.setdefault(targets[name], name)
    named: dict[str, Any] = {}
    for name, value in values.items():
        target = targets[name]
        if chosen[target] == name:
            named[target] = value
        elif value and not name.startswith("_"):
            named[name] = value
    return named, {target: name for target, name in chosen.items() if target != name}


def proof_of(form: Form, settings: FormSettings) -> Solved | None:
    """Return the proof of work in a form, or None if it needs none. Raises Refusal (422) if it is wrong or missing."""
    text = form.control.get(PROOF_FIELD, "")
    if settings.proof_of_work == "off" or (settings.proof_of_work == "on" and not text):
        return None
    # Imported late, so that other forms do not pay for it.
    from guichet.forms.proof_of_work import solved  # noqa: PLC0415

    proof = solved(text, settings.signing_secret) if text else None
    if proof is None:
        raise refuse(422, "BLOCKED")
    return proof


def validate(model: type[Answers], form: Form) -> Answers:
    """Validate the fields of a form against its model.

    Raises Refusal (422) with one problem per invalid field, named as the form names it.
    """
    try:
        return model.model_validate(form.fields)
    except ValidationError as error:
        raise Refusal(422, *problems_of(error, form)) from None


def problems_of(error: ValidationError, form: Form) -> list[Problem]:
    """Return what is wrong with a form. Each field is named as the form names it."""
    problems = [_problem(part["type"], part["loc"], part.get("ctx", {})) for part in error.errors()]
    return [
        replace(problem, field=form.spellings.get(problem.field, problem.field)) if problem.field else problem
        for problem in problems
    ]


def _problem(kind: str, loc: tuple[int | str, ...], context: dict[str, Any]) -> Problem:
    """Turn a pydantic error into a problem of the contract. The last part of `loc` is the field's name."""
    # The location of a field name is ("extra", name, "[key]"), and a field may itself be called "[key]".
    if len(loc) > 2 and loc[-1] == "[key]":  # noqa: PLR2004
        return Problem("NAME_TOO_LONG", str(loc[-2])[: context["max_length"]], {"limit": context["max_length"]})
    field = str(loc[-1])
    match kind:
        case "missing":
            return Problem("REQUIRED_FIELD_MISSING", field)
        case "string_too_long":
            return Problem("TOO_LONG", field, {"limit": context["max_length"]})
        case "string_type":
            return Problem("TYPE_TEXT", field)
        case "too_long":
            return Problem("TOO_MANY_FIELDS", None, {"limit": context["max_length"]})
        case _:
            # Our own rules raise errors named after their code.
            return Problem(kind, field, context)
