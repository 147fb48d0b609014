"""Read `forms.toml`, and say what is wrong with it.

Only the build, the commands and a start without a build import this: it needs pydantic itself.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from reprlib import Repr
from typing import Annotated, Any, NamedTuple, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from guichet import addresses, toml_file
from guichet.definitions import definition as plain
from guichet.definitions.definition import Definition, FieldType, OtherFields
from guichet.locales import LANGUAGES, Language
from guichet.visible import is_visible

LONGEST_NAME = 40
_FORM_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
# These are not messages, and their fields are fixed by their records.
_TAKEN = ("newsletter", "comments")
# A control field, or the beginning of one.
_CONTROL = ("_", "altcha")
_MOST_FORMS = 1000
_LONGEST_FIELD_NAME = 64
_MOST_FIELDS = 50
# A form has at most 200 values, counting every ticked box.
_MOST_CHOICES = 100
_MOST_RECIPIENTS = 10
# In characters, as for the other forms.
LONGEST = {"text": 1000, "long_text": 20_000, "email": 254, "phone": 40, "url": 2000}
# The types allowed for these names, given their roles in emails and lists.
_ROLES: Mapping[str, tuple[FieldType, ...]] = {
    "email": ("email",),
    "message": ("long_text", "text"),
    "name": ("text",),
    "subject": ("text", "choice"),
    "phone": ("phone", "text"),
}
# In the names of a multipart form (HTML, "Multipart form data").
_ESCAPED = re.compile("%(?:22|0[AD])", re.IGNORECASE)
# An extra step in the locations of pydantic's errors.
_OF_PYDANTIC = re.compile(r"function-\w+\[")
_DAYS = "expected a whole number of days from 30 to 36500"
_CHOICES = '["Yes", "No"]'
# Python refuses to print numbers of several thousand digits, and nobody means one of fifty.
_LONGEST_NUMBER = 160
_CONTROL_CHARACTER = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class FormsFileError(Exception):
    """`forms.toml` is invalid. `problems` has a sentence for each mistake, with form, field and what was expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read(file: Path) -> dict[str, Definition]:
    """Return the forms that a file defines, by name. Raises FormsFileError."""
    return parse(file.read_bytes())


def parse(content: bytes | str) -> dict[str, Definition]:
    """Return the forms that the content of a file defines, by name. Raises FormsFileError with every mistake."""
    try:
        tables = toml_file.parse(content)
    except toml_file.EncodingError:
        raise FormsFileError(["The file is not UTF-8: save it in that encoding."]) from None
    except toml_file.SyntaxFaultError as error:
        raise FormsFileError([f"This is not TOML: {error}."]) from None
    except toml_file.TooDeepError:
        raise FormsFileError(["This is not TOML of forms: values are nested too deep."]) from None
    problems: list[str] = []
    found: dict[str, Definition] = {}
    if len(tables) > _MOST_FORMS:
        problems.append(f"There are {len(tables)} forms: at most {_MOST_FORMS}.")
    for name, table in tables.items():
        wrong = _wrong_form_name(name, table)
        if wrong:
            problems.append(wrong)
            continue
        try:
            found[name] = _Form.model_validate(table).as_definition(name)
        except ValidationError as error:
            problems += [_sentence(name, part) for part in error.errors(include_url=False)]
    if problems:
        raise FormsFileError(list(dict.fromkeys(problems)))
    return found


def _wrong_form_name(name: str, table: object) -> str:
    if not isinstance(table, dict):
        return f"{name}: expected a form, such as [{name}] on a line of its own, with its settings beneath."
    if name in _TAKEN:
        return f"[{name}]: this form is Guichet's own and cannot be defined here. Choose another name."
    if len(name) > LONGEST_NAME or not _FORM_NAME.fullmatch(name):
        return (
            f"[{name}]: the name of a form is part of its address: lower-case letters, digits and single hyphens, "
            f"a letter first, at most {LONGEST_NAME} characters, such as [job-application]."
        )
    return ""


def _fault(sentence: str, setting: str = "") -> PydanticCustomError:
    """Return an error of our own. Its text completes the sentence that names form, field and setting."""
    return PydanticCustomError("guichet", "{sentence}", {"sentence": sentence, "setting": setting})


class _Shown(Repr):
    """A value from the file, as written there, but shortened; it may be nested to any depth."""

    def __init__(self) -> None:
        super().__init__()
        # A few words are enough to find it in the file.
        self.maxstring = self.maxother = 80

    def repr_bool(self, value: bool, _level: int) -> str:  # noqa: FBT001  the base class calls it
        return str(value).lower()

    def repr_int(self, value: int, level: int) -> str:
        return super().repr_int(value, level) if _is_sized(value) else "a longer number"

    def repr_date(self, value: date, _level: int) -> str:
        return str(value)

    repr_datetime = repr_time = repr_date


def _is_sized(number: int) -> bool:
    return number.bit_length() <= _LONGEST_NUMBER


def _shown(value: object) -> str:
    """Return a value from the file as part of a sentence."""
    return _Shown().repr(value)


def _words(value: object, longest: int, *, lines: bool = False) -> dict[Language, str]:
    """Return a text in each language. A missing language gets the first given text."""
    given = dict.fromkeys(LANGUAGES, value) if isinstance(value, str) else value
    if not isinstance(given, dict) or not given:
        raise _fault('expected a text, or one per language, such as { fr = "…", en = "…" }')
    unknown = [str(tag) for tag in given if tag not in LANGUAGES]
    if unknown:
        raise _fault(f"there is no language {unknown[0]}: expected {' or '.join(LANGUAGES)}")
    for text in given.values():
        if not isinstance(text, str) or not is_visible(text):
            raise _fault("expected a text that is not empty")
        if len(text) > longest:
            raise _fault(f"expected at most {longest} characters, not {len(text)}")
        if _CONTROL_CHARACTER.search(text) or ("\n" in text and not lines):
            raise _fault("expected text without control characters" if lines else "expected a single line of text")
    first = next(iter(given.values())).strip()
    return {language: given.get(language, first).strip() for language in LANGUAGES}


def _title(value: object) -> dict[Language, str]:
    return _words(value, 100)


def _label(value: object) -> dict[Language, str]:
    return _words(value, 1000)


def _help(value: object) -> dict[Language, str]:
    return _words(value, 500)


def _reply(value: object) -> dict[Language, str]:
    return _words(value, 5000, lines=True)


def _choice_text(value: object) -> str:
    texts = _words(value, 200)
    return next(iter(texts.values()))


def _recipients(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_RECIPIENTS:
        raise _fault(f'expected a list of 1 to {_MOST_RECIPIENTS} addresses, such as ["me@example.org"]')
    parsed = [(text, addresses.parse(text) if isinstance(text, str) else None) for text in value]
    wrong = [text for text, address in parsed if address is None]
    if wrong:
        raise _fault(f"{_shown(wrong[0])} is not an email address: expected a bare one, such as me@example.org")
    return tuple(dict.fromkeys(address for _, address in parsed if address))


Texts = dict[Language, str]
Addresses = Annotated[tuple[str, ...], BeforeValidator(_recipients)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Choice(_Strict):
    value: Annotated[str, BeforeValidator(_choice_text)]
    label: Annotated[Texts, BeforeValidator(_title)] | None = None


def _choice(value: object) -> object:
    return {"value": value} if isinstance(value, str) else value


class _Field(_Strict):
    type: FieldType
    label: Annotated[Texts, BeforeValidator(_label)] | None = None
    help: Annotated[Texts, BeforeValidator(_help)] | None = None
    required: bool = False
    min: Any = None
    max: Any = None
    choices: Annotated[
        list[Annotated[_Choice, BeforeValidator(_choice)]], Field(min_length=1, max_length=_MOST_CHOICES)
    ] = Field(default_factory=list, validate_default=False)

    @model_validator(mode="after")
    def _fits_its_type(self) -> Self:
        offers = self.type in ("choice", "choices")
        if offers and not self.choices:
            raise _fault(f"a {self.type} needs choices, such as choices = {_CHOICES}")
        if not offers and self.choices:
            raise _fault(f"choices belong to the types choice and choices, not to {self.type}")
        values = [choice.value for choice in self.choices]
        twice = next((value for value in values if values.count(value) > 1), None)
        if twice is not None:
            raise _fault(f"the choice {twice!r} appears twice")
        if self.type == "consent" and self.label is None:
            raise _fault("a consent needs a label: the wording that is agreed to, which is kept with the answer")
        _limits(self)
        return self

    def as_field(self, name: str) -> plain.Field:
        """Return the plain field."""
        low, high = _limits(self)
        return plain.Field(
            name,
            self.type,
            self.label or dict.fromkeys(LANGUAGES, _spoken(name)),
            self.required,
            self.help,
            low,
            high or (str(LONGEST[self.type]) if self.type in LONGEST else None),
            tuple(
                plain.Choice(choice.value, choice.label or dict.fromkeys(LANGUAGES, choice.value))
                for choice in self.choices
            ),
        )


def _spoken(name: str) -> str:
    """Return a label made from a field's name: `date_souhaitee` becomes `Date souhaitee`."""
    words = " ".join(re.split(r"[_\s-]+", name)).strip()
    return words[:1].upper() + words[1:]


def _limits(field: _Field) -> tuple[str | None, str | None]:
    """Return the limits of a field as texts. Raises an error if they do not suit its type."""
    low, high = field.min, field.max
    match field.type:
        case "text" | "long_text":
            return _whole_limits(low, high, LONGEST[field.type], "characters")
        case "choices":
            return _whole_limits(low, high, len(field.choices), "choices")
        case "number":
            numbers = [_number(name, limit) for name, limit in (("min", low), ("max", high))]
            _in_order(*numbers)
            return _text_of(numbers[0]), _text_of(numbers[1])
        case "date":
            days = [_day(name, limit) for name, limit in (("min", low), ("max", high))]
            _in_order(*days)
            return tuple(day.isoformat() if day else None for day in days)  # type: ignore[return-value]
        case _:
            given = [name for name, limit in (("min", low), ("max", high)) if limit is not None]
            if given:
                raise _fault(f"has no meaning for the type {field.type}: leave it out", given[0])
            return None, None


def _whole_limits(low: object, high: object, most: int, what: str) -> tuple[str | None, str | None]:
    for name, limit in (("min", low), ("max", high)):
        if limit is not None and (type(limit) is not int or not 1 <= limit <= most):
            raise _fault(f"expected a whole number of {what} from 1 to {most}, not {_shown(limit)}", name)
    _in_order(low, high)
    return _text_of(low), _text_of(high)


def _number(name: str, limit: object) -> Decimal | None:
    if limit is None:
        return None
    sized = isinstance(limit, float) or (type(limit) is int and _is_sized(limit))
    if not sized or not Decimal(str(limit)).is_finite():
        raise _fault(f"expected a number, such as 0.5, not {_shown(limit)}", name)
    return Decimal(str(limit))


def _day(name: str, limit: object) -> date | None:
    if isinstance(limit, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", limit):
        try:
            return date.fromisoformat(limit)
        except ValueError:
            raise _fault(f"{limit} is not a day of the calendar", name) from None
    if limit is not None and type(limit) is not date:
        raise _fault(f"expected a day, such as 2026-12-31, not {_shown(limit)}", name)
    return limit


def _in_order(low: Any, high: Any) -> None:
    if low is not None and high is not None and low > high:
        raise _fault(f"min is {low} and max is {high}: nothing could be between them")


def _text_of(limit: object) -> str | None:
    return None if limit is None else f"{limit:f}" if isinstance(limit, Decimal) else str(limit)


class _Route(_Strict):
    field: str
    to: Annotated[dict[str, Addresses], Field(min_length=1)]


class _Form(_Strict):
    title: Annotated[Texts, BeforeValidator(_title)] | None = None
    recipients: Addresses | None = None
    retention_days: Annotated[int, Field(ge=30, le=36500)] | None = None
    other_fields: OtherFields = "keep"
    reply: Annotated[Texts, BeforeValidator(_reply)] | None = None
    fields: Annotated[dict[str, _Field], Field(min_length=1, max_length=_MOST_FIELDS)]
    route: _Route | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        known: dict[str, str] = {}
        for name, field in self.fields.items():
            if not _is_field_name(name):
                raise _fault(
                    f"fields: {name[:70]!r} is not a name for a field: expected 1 to {_LONGEST_FIELD_NAME} characters"
                )
            if name.startswith(_CONTROL[0]) or name.lower() == _CONTROL[1]:
                raise _fault(f"fields.{name}: this name controls the form. Choose another one")
            if _ESCAPED.search(name):
                raise _fault(
                    f"fields.{name}: browsers encode a quotation mark or a line break like this. Choose another name"
                )
            if name.lower() in known:
                raise _fault(f"fields.{name}: {known[name.lower()]} is there, too, and case does not matter")
            known[name.lower()] = name
            allowed = _ROLES.get(name.lower())
            if allowed and (name != name.lower() or field.type not in allowed):
                expected = " or ".join(allowed)
                role = f"{name.lower()}, in lower case, has a meaning in emails"
                raise _fault(f"fields.{name}: {role}: expected type {expected}")
        if self.reply and not any(field.type == "email" for field in self.fields.values()):
            raise _fault("reply: nobody to mail it to: expected a field of type email")
        if self.route:
            _check_route(self.route, self.fields)
        return self

    def as_definition(self, name: str) -> Definition:
        """Return the plain definition."""
        return Definition(
            name,
            self.title or dict.fromkeys(LANGUAGES, _spoken(name)),
            {field: model.as_field(field) for field, model in self.fields.items()},
            self.recipients or (),
            self.retention_days,
            self.other_fields,
            self.reply,
            plain.Route(self.route.field, self.route.to) if self.route else None,
        )


def _is_field_name(name: str) -> bool:
    seen = is_visible(name) and name == name.strip() and "\n" not in name and not _CONTROL_CHARACTER.search(name)
    return seen and len(name) <= _LONGEST_FIELD_NAME


def _check_route(route: _Route, fields: Mapping[str, _Field]) -> None:
    field = fields.get(route.field)
    if field is None or field.type != "choice":
        raise _fault(f"route.field: {route.field!r} is not a field of type choice of this form")
    values = [choice.value for choice in field.choices]
    for value in route.to:
        if value not in values:
            raise _fault(f"route.to: {value!r} is not a choice of {route.field}: expected one of {_listed(values)}")


def _listed(values: list[str]) -> str:
    return ", ".join(values)


def _sentence(form: str, part: ErrorDetails) -> str:
    """Return the sentence for a mistake, with form, field, setting and what was expected."""
    context, kind = part.get("ctx", {}), part["type"]
    path = [str(step) for step in part["loc"] if not _OF_PYDANTIC.match(str(step))]
    path += [context["setting"]] if kind == "guichet" and context["setting"] else []
    place = f"[{form}] {'.'.join(path)}".rstrip()
    shape, given = _shape_at(path), _shown(part["input"])
    sentences: Mapping[str, Callable[[], str]] = {
        "guichet": lambda: context["sentence"],
        "missing": lambda: "is missing",
        "extra_forbidden": lambda: f"no such setting: expected one of {', '.join(_settings_at(path))}",
        "literal_error": lambda: f"expected one of {context['expected'].replace(' or ', ', ')}, not {given}",
        "too_short": lambda: f"expected at least one {shape.parts}, such as {shape.example}",
        "too_long": lambda: f"expected at most {context['max_length']} {shape.parts}s, not {len(part['input'])}",
        "greater_than_equal": lambda: f"{_DAYS}, not {given}",
        "less_than_equal": lambda: f"{_DAYS}, not {given}",
        "int_type": lambda: f"{_DAYS}, not {given}",
        "bool_type": lambda: f"expected true or false, not {given}",
        "string_type": lambda: f"expected a text, not {given}",
        **dict.fromkeys(
            ("model_type", "dict_type", "list_type"), lambda: f"expected {shape.expected}, such as {shape.example}"
        ),
    }
    # A mistake that concerns several fields names them itself.
    return f"{place}{':' if path else ''} {sentences.get(kind, lambda: part['msg'])()}."


class _Shape(NamedTuple):
    """What a place in a form holds: a description, the name of its parts, and an example."""

    expected: str
    parts: str
    example: str


def _shape_at(path: list[str]) -> _Shape:
    match path:
        case ["fields"]:
            return _Shape("fields by name", "field", 'fields.email = { type = "email" }')
        case ["fields", _, "choices"]:
            return _Shape("a list of choices", "choice", _CHOICES)
        case ["fields", _, "choices", _]:
            example = '{ value = "y", label = { fr = "Oui", en = "Yes" } }'
            return _Shape("a text, or a value with its label", "setting", example)
        case ["route"]:
            example = '{ field = "topic", to = { Press = ["press@example.org"] } }'
            return _Shape("a field, and recipients by choice", "setting", example)
        case ["route", "to"]:
            return _Shape("recipients by choice", "choice", '{ Press = ["press@example.org"] }')
        case _:
            return _Shape("settings", "setting", '{ type = "text" }')


def _settings_at(path: list[str]) -> Iterable[str]:
    """Return the settings that are allowed at the place of an unknown one, the last part of the path."""
    models: Mapping[int, type[BaseModel]] = {0: _Form, 1: _Form, 3: _Field}
    in_route = path[:1] == ["route"] and len(path) > 1
    return (_Route if in_route else models.get(len(path), _Choice)).model_fields
