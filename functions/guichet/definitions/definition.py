"""What a form of the site's own is: its fields, its recipients, its settings."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from guichet.locales import Language

FieldType = Literal["text", "long_text", "email", "phone", "url", "number", "date", "choice", "choices", "consent"]
OtherFields = Literal["keep", "drop", "refuse"]
# A text in each language.
Text = Mapping[Language, str]


@dataclass(frozen=True)
class Choice:
    """A choice: the value that is posted and stored, and what people read."""

    value: str
    label: Text


@dataclass(frozen=True)
class Field:
    """A field of a form.

    Depending on the type, `min` and `max` limit a text's length, the number of choices, a number, or a day (ISO 8601).
    For a consent, `label` is the wording that is agreed to.
    """

    name: str
    type: FieldType
    label: Text
    required: bool = False
    help: Text | None = None
    min: str | None = None
    max: str | None = None
    choices: tuple[Choice, ...] = ()

    def label_of(self, value: str, language: Language) -> str:
        """Return the label of a stored choice. One that is no longer offered is shown as stored."""
        return next((choice.label[language] for choice in self.choices if choice.value == value), value)


@dataclass(frozen=True)
class Route:
    """Who else gets a submission: recipients by the value of a choice."""

    field: str
    to: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Definition:
    """A form of the site's own. Without recipients, the owner's addresses get it."""

    name: str
    title: Text
    fields: Mapping[str, Field]
    recipients: tuple[str, ...] = ()
    retention_days: int | None = None
    other_fields: OtherFields = "keep"
    # The text of the acknowledgement, if one is mailed to the visitor.
    reply: Text | None = None
    route: Route | None = None

    @property
    def email_fields(self) -> list[str]:
        """The names of the fields with an address that a reply may go to: `email` first, then in the form's order."""
        addresses = [name for name, field in self.fields.items() if field.type == "email"]
        return sorted(addresses, key=lambda name: name != "email")

    @property
    def email_field(self) -> str:
        """The first of these, or an empty string."""
        return next(iter(self.email_fields), "")

    def recipients_of(self, answers: Mapping[str, str]) -> tuple[str, ...]:
        """Return who gets a form with these answers. Empty for the owner."""
        routed = self.route.to.get(answers.get(self.route.field, "")) if self.route else None
        return routed or self.recipients

    @property
    def all_recipients(self) -> tuple[str, ...]:
        """Return everybody who may get one of its answers, each once."""
        routed = [address for addresses in self.route.to.values() for address in addresses] if self.route else []
        return tuple(dict.fromkeys((*self.recipients, *routed)))

    def as_json(self) -> str:
        """Return the definition as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | bytes) -> "Definition":
        """Return the definition that `as_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        plain["fields"] = {
            name: Field(**field | {"choices": tuple(Choice(**choice) for choice in field["choices"])})
            for name, field in plain["fields"].items()
        }
        plain["recipients"] = tuple(plain["recipients"])
        if plain["route"]:
            to = {value: tuple(addresses) for value, addresses in plain["route"]["to"].items()}
            plain["route"] = Route(plain["route"]["field"], to)
        return cls(**plain)
