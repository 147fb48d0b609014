"""Read template.yaml: check parameters, resolve conditions and intrinsic functions."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import yaml

try:
    # libyaml's loader is ten times as fast, but not every build of PyYAML includes it.
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

TEMPLATE = Path(__file__).resolve().parents[1] / "template.yaml"

PSEUDO_PARAMETERS = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-3",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-3:123456789012:stack/guichet/4f0e1c1e-2b7a-4f0e-9f55-1f2d3c4b5a69",
    "AWS::StackName": "guichet",
    "AWS::URLSuffix": "amazonaws.com",
}
# The condition of a rule that has none.
_ALWAYS = {"Fn::Equals": ["", ""]}


class TemplateError(Exception):
    """A parameter is wrong, or the template uses a feature not supported here. The message says what was expected."""


def parameters(text: str) -> dict[str, str]:
    """Parse parameters like `sam deploy --parameter-overrides`: `Key=Value`, or `ParameterKey=…,ParameterValue=…`."""
    values: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise TemplateError(f"PARAMETERS: {error}") from None
    for word in words:
        plain = word
        if word.startswith("ParameterKey="):
            plain = word.removeprefix("ParameterKey=").replace(",ParameterValue=", "=", 1)
        name, equals, value = plain.partition("=")
        if not equals:
            raise TemplateError(f"PARAMETERS: {word!r} does not have the form Name=Value")
        values[name] = value
    return values


class _Nothing:
    """AWS::NoValue: the property or list entry with this value is left out."""


_NOTHING = _Nothing()


def safe_load(text: str) -> Any:
    """Parse YAML into plain Python objects."""
    return yaml.load(text, Loader=SafeLoader)


class _Loader(SafeLoader):
    """YAML with CloudFormation's short tags."""


def _short_tag(loader: SafeLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _short_tag)


@dataclass(frozen=True)
class StreamMapping:
    """An event source mapping of the table's stream: its filter, batch size and retries."""

    batch_size: int
    retries: int
    bisect: bool
    patterns: list[dict[str, Any]]


@dataclass(frozen=True)
class Function:
    """A function: its handler, environment, routes, other events, and its timeout in seconds."""

    name: str
    handler: str
    timeout: int
    environment: dict[str, str]
    routes: list[str]
    streams: list[StreamMapping] = field(default_factory=list)
    schedules: list[int] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stack:
    """The resolved template. `resources` are by logical id."""

    parameters: dict[str, Any]
    resources: dict[str, dict[str, Any]]

    @cached_property
    def functions(self) -> dict[str, Function]:
        """The functions by logical id."""
        return {
            name: _function(name, resource["Properties"])
            for name, resource in self.resources.items()
            if resource["Type"] == "AWS::Serverless::Function"
        }

    @cached_property
    def environment(self) -> dict[str, str]:
        """The merged environment of all functions. Raises TemplateError if two give a variable different values."""
        merged: dict[str, str] = {}
        for function in self.functions.values():
            for name, value in function.environment.items():
                if merged.setdefault(name, value) != value:
                    raise TemplateError(f"{function.name}: another function sets {name} to another value")
        return merged

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the properties of all resources of a type, by logical id."""
        return {
            name: resource.get("Properties", {})
            for name, resource in self.resources.items()
            if resource["Type"] == kind
        }

    @property
    def table(self) -> dict[str, Any]:
        """The properties of the table."""
        (properties,) = self.of_type("AWS::DynamoDB::Table").values()
        return properties

    @property
    def cors(self) -> dict[str, Any]:
        """The CORS configuration of the API."""
        (api,) = self.of_type("AWS::Serverless::HttpApi").values()
        configuration: dict[str, Any] = api["DefinitionBody"]["x-amazon-apigateway-cors"]
        return configuration


class Template:
    """A SAM template. `document` is its content, with short tags such as !Ref as maps."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @classmethod
    def load(cls, path: Path = TEMPLATE) -> Self:
        """Read a template from a file."""
        # A SafeLoader whose extra constructors make only plain dicts.
        return cls(yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader))  # noqa: S506

    def defaults(self, kind: str) -> dict[str, Any]:
        """Return the section of `Globals` for a kind of resource, such as `Function`, unresolved."""
        section: dict[str, Any] = self.document["Globals"][kind]
        return section

    def resolve(self, parameters: Mapping[str, str], values: Mapping[str, Any] | None = None) -> Stack:
        """Resolve the template for parameters, given as strings. Raises TemplateError for a wrong one or a broken rule.

        `values` are what references resolve to: `{"Table": "name"}` for a Ref, `{"Api.ApiEndpoint": "…"}` for an
        attribute. Any other reference resolves to a made-up value.
        """
        resolver = _Resolver(self.document, self._checked(parameters), dict(values or {}))
        for name, rule in self.document.get("Rules", {}).items():
            if resolver.condition(rule.get("RuleCondition", _ALWAYS)):
                for assertion in rule["Assertions"]:
                    if not resolver.condition(assertion["Assert"]):
                        raise TemplateError(f"{name}: {assertion['AssertDescription']}")
        resources: dict[str, dict[str, Any]] = {}
        defaults = self.document.get("Globals", {}).get("Function", {})
        for name, resource in self.document["Resources"].items():
            if "Condition" in resource and not resolver.condition(resource["Condition"]):
                continue
            properties = resource.get("Properties", {})
            if resource["Type"] == "AWS::Serverless::Function":
                properties = _merged(defaults, properties)
            resources[name] = {**resource, "Properties": resolver.resolve(properties)}
        return Stack(resolver.parameters, resources)

    @property
    def declared(self) -> frozenset[str]:
        """The names of the parameters."""
        return frozenset(self.document.get("Parameters", {}))

    def _checked(self, given: Mapping[str, str]) -> dict[str, Any]:
        declared: dict[str, dict[str, Any]] = self.document.get("Parameters", {})
        if unknown := sorted(set(given) - set(declared)):
            raise TemplateError(
                f"no such parameter: {', '.join(unknown)}. The parameters are: {', '.join(sorted(declared))}"
            )
        return {name: _parameter(name, rules, given.get(name)) for name, rules in declared.items()}


def _parameter(name: str, rules: dict[str, Any], given: str | None) -> Any:
    """Return a parameter's value, checked the way CloudFormation checks it."""
    text = str(rules["Default"]) if given is None and "Default" in rules else given
    if text is None:
        raise TemplateError(f"{name}: a value is required. {rules.get('Description', '')}")
    expected = rules.get("ConstraintDescription") or rules.get("Description", "")
    wrong = (
        ("AllowedValues" in rules and text not in map(str, rules["AllowedValues"]))
        or ("AllowedPattern" in rules and not re.fullmatch(rules["AllowedPattern"], text))
        or len(text) < int(rules.get("MinLength", 0))
        or len(text) > int(rules.get("MaxLength", len(text)))
    )
    if "AllowedValues" in rules:
        expected = f"one of {', '.join(map(str, rules['AllowedValues']))}"
    if rules["Type"] == "Number":
        low, high = float(rules.get("MinValue", "-inf")), float(rules.get("MaxValue", "inf"))
        wrong = wrong or not re.fullmatch(r"-?\d+(\.\d+)?", text) or not low <= float(text) <= high
        expected = f"a number from {low:g}" + (f" to {high:g}" if high != float("inf") else "")
    if wrong:
        shown = "the value" if rules.get("NoEcho") else repr(text)
        raise TemplateError(f"{name}: {shown} is not allowed; expected {expected}")
    return [part.strip() for part in text.split(",")] if rules["Type"] == "CommaDelimitedList" else text


class _Resolver:
    """The intrinsic functions that this template may use (AWS CloudFormation: "Intrinsic function reference")."""

    def __init__(self, document: dict[str, Any], parameters: dict[str, Any], values: dict[str, Any]) -> None:
        self.parameters = parameters
        self._resources: dict[str, Any] = document["Resources"]
        self._conditions: dict[str, Any] = document.get("Conditions", {})
        self._values = values

    def resolve(self, node: Any) -> Any:
        """Return a part of the template with all references resolved."""
        if isinstance(node, dict):
            if len(node) == 1:
                ((name, argument),) = node.items()
                if name == "Ref":
                    return self._ref(argument)
                if name.startswith("Fn::"):
                    return self._call(name.removeprefix("Fn::"), argument)
            resolved = {key: self.resolve(value) for key, value in node.items()}
            return {key: value for key, value in resolved.items() if value is not _NOTHING}
        if isinstance(node, list):
            return [value for value in map(self.resolve, node) if value is not _NOTHING]
        return node

    def condition(self, node: Any) -> bool:
        """Return whether a condition is true, given its name or its definition."""
        if isinstance(node, str):
            return self.condition(self._conditions[node])
        ((name, argument),) = node.items()
        match name:
            case "Condition":
                return self.condition(argument)
            case "Fn::Equals":
                left, right = map(self.resolve, argument)
                return bool(left == right)
            case "Fn::Not":
                return not self.condition(argument[0])
            case "Fn::And":
                return all(map(self.condition, argument))
            case "Fn::Or":
                return any(map(self.condition, argument))
            case _:
                raise TemplateError(f"the condition {name} is not supported here")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NOTHING
        if name in PSEUDO_PARAMETERS:
            return PSEUDO_PARAMETERS[name]
        if name in self.parameters:
            return self.parameters[name]
        if name in self._resources:
            return self._values.get(name, f"guichet-{name}")
        raise TemplateError(f"there is no resource or parameter {name}")

    def _attribute(self, name: str, attribute: str) -> Any:
        if name not in self._resources:
            raise TemplateError(f"there is no resource or parameter {name}")
        return self._values.get(f"{name}.{attribute}", f"arn:aws:local:eu-west-3:123456789012:{name}/{attribute}")

    def _call(self, name: str, argument: Any) -> Any:
        match name:
            case "GetAtt":
                return self._attribute(*argument)
            case "Sub":
                return self._sub(argument)
            case "Join":
                separator, parts = argument[0], self.resolve(argument[1])
                return separator.join(map(str, parts))
            case "Split":
                return str(self.resolve(argument[1])).split(argument[0])
            case "Select":
                return self.resolve(argument[1])[int(self.resolve(argument[0]))]
            case "If":
                return self.resolve(argument[1] if self.condition(argument[0]) else argument[2])
            case _:
                raise TemplateError(f"the function {name} is not supported here")

    def _sub(self, argument: str | list[Any]) -> str:
        text, own = (argument, {}) if isinstance(argument, str) else (argument[0], self.resolve(argument[1]))

        def place(match: re.Match[str]) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in own:
                return str(own[name])
            resource, dot, attribute = name.partition(".")
            return str(self._attribute(resource, attribute) if dot else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", place, text)


def _merged(defaults: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Merge a function's properties into those of `Globals`: maps are merged, other values replaced (SAM: Globals)."""
    merged = dict(defaults)
    for name, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = _merged(merged[name], value) if both else value
    return merged


def _function(name: str, properties: dict[str, Any]) -> Function:
    events = [event | {"Properties": event.get("Properties", {})} for event in properties.get("Events", {}).values()]
    by_type: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        by_type.setdefault(event["Type"], []).append(event["Properties"])
    return Function(
        name=name,
        handler=properties["Handler"],
        timeout=int(properties["Timeout"]),
        environment={key: str(value) for key, value in properties["Environment"]["Variables"].items()},
        routes=[f"{event['Method'].upper()} {event['Path']}" for event in by_type.get("HttpApi", [])],
        streams=[
            StreamMapping(
                batch_size=int(event["BatchSize"]),
                retries=int(event["MaximumRetryAttempts"]),
                bisect=bool(event["BisectBatchOnFunctionError"]),
                patterns=[json.loads(part["Pattern"]) for part in event["FilterCriteria"]["Filters"]],
            )
            for event in by_type.get("DynamoDB", [])
        ],
        schedules=[_rate(event["Schedule"]) for event in by_type.get("Schedule", [])],
        topics=[event["Topic"] for event in by_type.get("SNS", [])],
    )


def _rate(expression: str) -> int:
    """Return a rate expression, such as `rate(15 minutes)`, in seconds."""
    match = re.fullmatch(r"rate\((\d+) minutes?\)", expression)
    if match is None:
        raise TemplateError(f"{expression!r}: only rate(…) in minutes is supported here")
    return int(match[1]) * 60
