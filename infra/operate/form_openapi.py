"""The OpenAPI description of the API including the site's own forms: a path for each, and a schema of its fields."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from guichet.definitions.definition import Definition, Field, Text
from guichet.forms.field_types import PHONE_PATTERN, UNTICKED, URL_PATTERN
from infra.template import safe_load

SOURCE = Path(__file__).parents[1] / "openapi.yaml"
_ANY_FORM = "/f/{form}"
_POSTED = "/contact"

# Any text except those of UNTICKED counts as ticked; these are the usual ones.
_TICKED = (True, "true", "on", "yes", "oui", "1")

Json = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """YAML without aliases, and with block scalars for multi-line texts."""

    def ignore_aliases(self, data: object) -> Literal[True]:  # noqa: ARG002  the name of the base class's
        """Return True: everything is written out where it occurs."""
        return True


def _written(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _written)


def as_yaml(description: Json) -> str:
    """Return a description as YAML."""
    return yaml.dump(description, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def description(forms: Mapping[str, Definition], api: str | None = None) -> Json:
    """Return the description of the API with the site's own forms, with the API's address if given."""
    described: Json = safe_load(SOURCE.read_text(encoding="utf-8"))
    if api is not None:
        described["servers"] = [{"url": api}]
    paths: Json = {}
    components = described["components"]
    for form in forms.values():
        schema = _component(form.name)
        components["schemas"][schema] = _schema(form, components["schemas"]["Contact"])
        components["requestBodies"][schema] = _body(components["requestBodies"]["Contact"], schema)
        if form.name != "contact":
            paths[f"/f/{form.name}"] = _path(form, described["paths"][_POSTED], schema)
    thanks = next(one for one in described["paths"]["/thanks"]["get"]["parameters"] if one.get("name") == "form")
    thanks["schema"]["enum"] = sorted({"contact", "newsletter", "comments", *forms})
    # A concrete path takes precedence over the templated one (OpenAPI 3.1, "Path Templating Matching").
    before = {path: item for path, item in described["paths"].items() if path != _ANY_FORM}
    described["paths"] = {**before, **paths, _ANY_FORM: _no_other(described["paths"][_ANY_FORM])}
    return described


def _component(name: str) -> str:
    """Return the name of a form's component. A form of the site's own may replace the contact form."""
    return "Contact" if name == "contact" else f"Form.{name}"


def _path(form: Definition, contact: Json, schema: str) -> Json:
    item = deepcopy(contact)
    name = form.name.replace("-", "_")
    item["get"]["operationId"] = f"form_{name}_opened"
    item["post"]["operationId"] = f"form_{name}"
    item["post"]["summary"] = f"Accepts the form {_both(form.title)}."
    item["post"]["requestBody"] = {"$ref": f"#/components/requestBodies/{schema}"}
    return item


def _no_other(item: Json) -> Json:
    """Return the path for any other name, where nothing is served."""
    for operation in item.values():
        operation["summary"] = "Any other form does not exist."
        kept = ("404", "413", "429", "431", "503")
        operation["responses"] = {status: reply for status, reply in operation["responses"].items() if status in kept}
    item["post"]["requestBody"] = {
        "description": "Ignored.",
        "content": {
            "application/json": {"schema": {}},
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "multipart/form-data": {"schema": {"type": "object"}},
        },
    }
    return item


def _body(contact: Json, schema: str) -> Json:
    body = deepcopy(contact)
    body["content"] = {kind: {"schema": {"$ref": f"#/components/schemas/{schema}"}} for kind in contact["content"]}
    return body


def _schema(form: Definition, contact: Json) -> Json:
    """Return the schema of a form. Whatever it allows is accepted; so are dates and numbers as people write them."""
    required = [name for name, field in form.fields.items() if field.required]
    # The alias only works for a field of that name.
    aliased = ["email"] if "email" in required else []
    controls = {name: deepcopy(rule) for name, rule in contact["properties"].items() if name.startswith("_")}
    if "email" not in form.fields:
        controls.pop("_replyto", None)
    schema: Json = {
        "type": "object",
        "description": f"The answers of the form {_both(form.title)}. {_others(form)}",
        "required": [name for name in required if name not in aliased],
        "anyOf": [{"required": ["email"]}, {"required": ["_replyto"]}] if aliased else [],
        # A form without any answer is refused as empty.
        "minProperties": 1,
        "maxProperties": contact["maxProperties"],
        "properties": {
            **{name: _field(field) for name, field in form.fields.items()},
            **controls,
            "altcha": deepcopy(contact["properties"]["altcha"]),
        },
        "patternProperties": deepcopy(contact["patternProperties"]),
        **_additional(form, contact),
    }
    return {name: rule for name, rule in schema.items() if rule != []}


def _others(form: Definition) -> str:
    return {
        "keep": "Other fields are kept as well: up to 30.",
        "drop": "Other fields are not stored.",
        "refuse": "Other fields are refused, with UNKNOWN_FIELD.",
    }[form.other_fields]


def _additional(form: Definition, contact: Json) -> Json:
    match form.other_fields:
        case "refuse":
            return {"additionalProperties": False}
        case "drop":
            return {"additionalProperties": True}
        case _:
            names = ("x-max-extra-fields", "additionalProperties", "propertyNames")
            return {name: deepcopy(contact[name]) for name in names}


def _field(field: Field) -> Json:
    # A consent's wording is too long for a title.
    named: Json = {"description": _both(field.label)}
    if field.help:
        named["description"] = f"{named['description']}. {_both(field.help)}"
    return {**named, **_rules(field)}


def _rules(field: Field) -> Json:
    match field.type:
        case "email":
            return {"$ref": "#/components/schemas/Email"}
        case "number":
            limits = {name: _plain(limit) for name, limit in (("minimum", field.min), ("maximum", field.max)) if limit}
            return {"type": "number", **limits}
        case "date":
            days = {name: limit for name, limit in (("x-minimum", field.min), ("x-maximum", field.max)) if limit}
            return {"type": "string", "format": "date", **days}
        case "choice" | "choices" | "consent":
            return _chosen(field)
        case _:
            formats = {
                "phone": {"pattern": f"^(?:{PHONE_PATTERN})$"},
                "url": {"format": "uri", "pattern": f"^{URL_PATTERN}$"},
            }
            return {"type": "string", **formats.get(field.type, {}), **_lengths(field)}


def _chosen(field: Field) -> Json:
    if field.type == "consent":
        return {"enum": [*_TICKED, *(() if field.required else (False, *UNTICKED))]}
    choice = {"type": "string", "enum": [choice.value for choice in field.choices]}
    if field.type == "choice":
        return choice
    at_least = field.min or ("1" if field.required else None)
    counts = {name: int(number) for name, number in (("minItems", at_least), ("maxItems", field.max)) if number}
    return {"type": "array", "items": choice, "uniqueItems": True, **counts}


def _lengths(field: Field) -> Json:
    lengths = {name: int(limit) for name, limit in (("minLength", field.min), ("maxLength", field.max)) if limit}
    # A text without any visible character becomes empty.
    visible = {"pattern": r"[^\s\u0000-\u001f\u007f-\u009f]"} if field.required and field.type.endswith("text") else {}
    return {**lengths, **visible}


def _plain(limit: str) -> int | float:
    number = Decimal(limit)
    return int(number) if number == number.to_integral_value() else float(number)


def _both(text: Text) -> str:
    """Return a text in both languages, once if they are the same."""
    return " / ".join(dict.fromkeys(cast("Mapping[str, str]", text).values()))
