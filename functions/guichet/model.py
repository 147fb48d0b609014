"""Models: classes validated by pydantic, at a third of the cost of importing it.

A model is declared as in pydantic, by annotated attributes with defaults. Pydantic turns it into a *core schema*, plain
data from which pydantic-core makes its compiled validators (pydantic: "Internals: Architecture"). The build writes
these schemas into the artifact (`COMPILED`), so that a function imports only pydantic-core, which saves a quarter of a
cold start. Elsewhere, the schema is made on first use.

Whatever a model refers to must therefore be importable by name: checks are module functions, not lambdas.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import import_module
from inspect import get_annotations
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, cast, dataclass_transform

from pydantic_core import SchemaSerializer, SchemaValidator

COMPILED = Path(__file__).parent / "models.json"
# How a compiled schema encodes what JSON cannot: classes and functions, by name, and tuples.
_NAME, _TUPLE = "$name", "$tuple"


class Before:
    """A check of the input, called before the type's own validation. It returns the value to validate."""

    def __init__(self, check: Callable[[Any], object]) -> None:
        self._check = check

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the core schema of the annotated type with this check."""
        function = {"type": "no-info", "function": self._check}
        return {"type": "function-before", "function": function, "schema": handler(source)}


class After:
    """A check of the validated value. It returns the value to keep."""

    def __init__(self, check: Callable[[Any], object]) -> None:
        self._check = check

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the core schema of the annotated type with this check."""
        function = {"type": "no-info", "function": self._check}
        return {"type": "function-after", "function": function, "schema": handler(source)}


class Limit:
    """Limits of a type, named as in pydantic-core: `min_length`, `max_length`, `ge`."""

    def __init__(self, **limits: int) -> None:
        self._limits = limits

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Return the core schema of the annotated type within these limits."""
        schema = handler(source)
        if schema["type"].startswith("function-"):
            # There, pydantic-core would ignore them.
            raise TypeError("limits come before checks")
        return {**schema, **self._limits}


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Model:
    """A model: validated, frozen, and comparable by value.

    Configuration, such as `alias_generator`, is passed as class arguments. The methods have pydantic's names and
    semantics.
    """

    # Set on instances by pydantic-core.
    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    model_config: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls, **config: Any) -> None:
        """Add to the configuration of the base."""
        cls.model_config = {**cls.model_config, **config}

    def __init__(self, **values: Any) -> None:
        validator(type(self)).validate_python(values, self_instance=self)

    @classmethod
    def model_validate(cls, values: Mapping[str, Any]) -> Self:
        """Return a model made of plain values. Raises pydantic_core.ValidationError."""
        return cast("Self", validator(cls).validate_python(values))

    def model_dump(self, mode: Literal["python", "json"] = "python", **options: Any) -> dict[str, Any]:
        """Return the values, as Python objects or JSON types. `options` are pydantic's, such as `exclude`."""
        return cast("dict[str, Any]", _serializer(type(self)).to_python(self, mode=mode, **options))

    def model_copy(self, *, update: Mapping[str, Any]) -> Self:
        """Return a copy with some values replaced. They are not validated."""
        copy = type(self).__new__(type(self))
        values = {**self.__dict__, **update}
        object.__setattr__(copy, "__dict__", values)
        object.__setattr__(copy, "__pydantic_fields_set__", {*values})
        object.__setattr__(copy, "__pydantic_extra__", None)
        object.__setattr__(copy, "__pydantic_private__", None)
        return copy

    @classmethod
    def model_fields(cls) -> dict[str, Any]:
        """Return the annotations of the fields by name, those of the base first."""
        annotations: dict[str, Any] = {}
        for base in reversed(cls.__mro__):
            if issubclass(base, Model) and base is not Model:
                annotations |= get_annotations(base)
        return annotations

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: Any) -> dict[str, Any]:
        """Return the core schema that pydantic makes for an equivalent pydantic class."""
        from pydantic import create_model  # noqa: PLC0415  this is what importing late is about

        fields: Any = {name: (kind, getattr(cls, name, ...)) for name, kind in cls.model_fields().items()}
        twin = create_model(cls.__name__, __config__=cast("Any", cls.model_config), **fields)
        return cast("dict[str, Any]", _replaced(cast("Any", twin.__pydantic_core_schema__), twin, cls))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse to change a value."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __delattr__(self, name: str) -> None:
        """Refuse to delete a value."""
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        """Compare by value."""
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        """Hash by value."""
        return hash((type(self), *self.__dict__.values()))

    def __repr__(self) -> str:
        """Show the values."""
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"


_validators: dict[type[Model], SchemaValidator] = {}
_serializers: dict[type[Model], SchemaSerializer] = {}


def validator(model: type[Model]) -> SchemaValidator:
    """Return the validator of a model."""
    if model not in _validators:
        _validators[model] = SchemaValidator(_schema(model))
    return _validators[model]


def _serializer(model: type[Model]) -> SchemaSerializer:
    if model not in _serializers:
        _serializers[model] = SchemaSerializer(_schema(model))
    return _serializers[model]


def _schema(model: type[Model]) -> Any:
    compiled = _compiled().get(_name_of(model))
    return schema_of(model) if compiled is None else json.loads(compiled, object_hook=_resolved)


@cache
def _compiled() -> Mapping[str, str]:
    try:
        return cast("Mapping[str, str]", json.loads(COMPILED.read_bytes()))
    except FileNotFoundError:
        return {}


def schema_of(model: type[Model]) -> Any:
    """Return the core schema of a model, made by pydantic."""
    from pydantic import TypeAdapter  # noqa: PLC0415

    return TypeAdapter(model).core_schema


def compiled(models: Iterable[type[Model]]) -> str:
    """Return the core schemas of models, by name, as the artifact has them: JSON in JSON, to be parsed one by one."""
    schemas = {_name_of(model): json.dumps(_named(schema_of(model)), separators=(",", ":")) for model in models}
    return json.dumps(schemas, indent=0, sort_keys=True)


def _name_of(named: Any) -> str:
    return f"{named.__module__}:{named.__qualname__}"


def _named(node: Any) -> Any:
    """Return a core schema as JSON, without pydantic's private data."""
    match node:
        case dict():
            return {key: _named(part) for key, part in node.items() if key not in ("metadata", "ref")}
        case list():
            return [_named(part) for part in node]
        case tuple():
            return {_TUPLE: [_named(part) for part in node]}
        case None | str() | bool() | int() | float():
            return node
        case _:
            name = _name_of(node)
            if "<" in name:
                raise TypeError(f"{name} cannot be found by its name")
            return {_NAME: name}


def _resolved(node: dict[str, Any]) -> Any:
    if _TUPLE in node:
        return tuple(node[_TUPLE])
    if _NAME not in node:
        return node
    module, _, path = node[_NAME].partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _replaced(node: Any, twin: type, model: type) -> Any:
    """Return a core schema with one class replaced by another."""
    match node:
        case dict():
            return {key: _replaced(part, twin, model) for key, part in node.items()}
        case list():
            return [_replaced(part, twin, model) for part in node]
        case _:
            return model if node is twin else node
