"""A form of the site's own, as `forms.toml` defines it, and the message made from its answers."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, partial

from pydantic_core import SchemaValidator, ValidationError

from contact.form import FIELDS, Extra, Written, message_made
from guichet.definitions.definition import Definition
from guichet.forms.field_types import schema
from guichet.forms.parse import Form, problems_of
from guichet.forms.repeats import Identity
from guichet.forms.submit import Submission
from guichet.http.refusal import Problem, Refusal
from guichet.http.request import Request
from guichet.mail.emails import acknowledgement, form_notification
from guichet.model import Model
from guichet.records.message import Message
from guichet.records.outbox import QueuedEmail
from guichet.settings import ContactSettings

# Field types in which a link is suspicious.
_LINES = ("text", "phone")
_LONGEST_NAME = 64
# The longest label within a sentence: a consent's wording may be long.
_LONGEST_LABEL = 100


@dataclass(frozen=True)
class Answers:
    """The non-empty answers to a form, in its order, and its extra fields."""

    declared: Mapping[str, str]
    other: dict[str, str]


@cache
def submission(definition: Definition) -> Submission[Answers, ContactSettings]:
    """Return how a form of the site's own is submitted."""
    return Submission(
        definition.name,
        definition.fields,
        partial(_answers, definition, SchemaValidator(schema(definition.fields))),
        partial(_message, definition),
        partial(_emails, definition),
        definition.email_field,
    )


class _Other(Model):
    """The extra fields of a form."""

    extra: Extra


def _answers(definition: Definition, validator: SchemaValidator, form: Form, request: Request) -> Answers:
    """Validate a form. Raises Refusal (422) with every problem, which calls fields by their labels."""
    declared = {name: value for name, value in form.fields.items() if name in definition.fields}
    other = {name: value for name, value in form.fields.items() if name not in definition.fields and value != ""}
    problems: list[Problem] = []
    values: Mapping[str, str] = {}
    try:
        values = validator.validate_python(declared, context=request)
    except ValidationError as error:
        problems += (_labelled(problem, definition, form, request) for problem in problems_of(error, form))
    if definition.other_fields == "refuse":
        problems += (Problem("UNKNOWN_FIELD", name[:_LONGEST_NAME]) for name in other)
    kept = other if definition.other_fields == "keep" else {}
    try:
        _Other.model_validate({"extra": kept})
    except ValidationError as error:
        problems += problems_of(error, form)
    if problems:
        raise Refusal(422, *problems)
    # In the form's order, not the post's.
    return Answers({name: values[name] for name in definition.fields if values.get(name)}, kept)


def _labelled(problem: Problem, definition: Definition, form: Form, request: Request) -> Problem:
    names = {spelled: name for name, spelled in form.spellings.items()}
    field = definition.fields[names.get(str(problem.field), str(problem.field))]
    # Browsers send nothing for an unticked box.
    unticked = problem.code == "REQUIRED_FIELD_MISSING" and field.type in ("choices", "consent")
    code = "REQUIRED_FIELD_EMPTY" if unticked else problem.code
    return replace(problem, code=code, values={**problem.values, "field": _brief(field.label[request.language])})


def _address(definition: Definition, answers: Answers) -> str:
    """Return the address that a reply goes to: that of the field `email`, else the first one given."""
    given = (answers.declared.get(name, "") for name in definition.email_fields)
    return next(filter(None, given), "")


def _brief(label: str) -> str:
    return label if len(label) <= _LONGEST_LABEL else f"{label[:_LONGEST_LABEL].rstrip()}…"


def _message(
    definition: Definition, answers: Answers, form: Form, request: Request, settings: ContactSettings
) -> tuple[Message, Identity]:
    declared = answers.declared
    # A field that is also on the contact form fills the same attribute of the message.
    known = {name: declared.get(name, "") for name in FIELDS}
    # Unless it is the field `email`, its own field keeps it as well.
    known["email"] = _address(definition, answers)
    extra = {name: value for name, value in declared.items() if name not in FIELDS} | answers.other
    types = {name: field.type for name, field in definition.fields.items()}
    lines = [value for name, value in declared.items() if types[name] in _LINES and name != "subject"]
    texts = [value for name, value in declared.items() if types[name] == "long_text"]
    written = Written(
        known, tuple(extra.items()), (*lines, *answers.other), "\n".join((*texts, *answers.other.values()))
    )
    return message_made(definition.name, written, form, request, settings, retention_days=definition.retention_days)


def _emails(definition: Definition, answers: Answers, request: Request, settings: ContactSettings) -> list[QueuedEmail]:
    emails = [form_notification.queued(settings.default_language)]
    # For the contact form, the setting applies as well.
    acknowledges = definition.reply or (definition.name == "contact" and settings.acknowledge == "on")
    if acknowledges and _address(definition, answers):
        emails.append(acknowledgement.queued(request.language))
    return emails
