"""Models: the same as pydantic's for that class, both directly and from a compiled schema."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import pytest
from pydantic_core import ValidationError

from guichet import model
from guichet.model import After, Before, Limit, Model, compiled, validator
from infra.build import compile_models


def _lower(text: str) -> str:
    return text.lower()


def _parts(text: str) -> tuple[str, ...]:
    return tuple(text.split())


class _Part(Model):
    name: Annotated[str, Limit(max_length=5), After(_lower)]
    at: datetime | None = None


class _Whole(Model, alias_generator=str.upper):
    kind: Literal["whole"] = "whole"
    words: Annotated[tuple[str, ...], Limit(min_length=1), Before(_parts)]
    parts: tuple[_Part | int, ...] = ()


class _Larger(_Whole):
    size: Annotated[int, Limit(ge=1)]


VALUES = {"WORDS": "a b", "PARTS": [{"name": "Ab", "at": "2026-11-26T05:00:00Z"}, 3], "SIZE": "2", "OTHER": "ignored"}
WRONG = {"KIND": "half", "WORDS": "", "PARTS": [{"name": "abcdef"}], "SIZE": 0}


@pytest.fixture(params=["made", "compiled"])
def _source(request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the models with pydantic, or read them as the artifact does, which has no pydantic."""
    monkeypatch.setattr(model, "_validators", {})
    monkeypatch.setattr(model, "_serializers", {})
    if request.param == "compiled":
        file = tmp_path / "models.json"
        file.write_text(compiled([_Larger]), encoding="utf-8")
        monkeypatch.setattr(model, "COMPILED", file)
        monkeypatch.setitem(__import__("sys").modules, "pydantic", None)
    model._compiled.cache_clear()  # noqa: SLF001
    yield
    model._compiled.cache_clear()  # noqa: SLF001


@pytest.mark.usefixtures("_source")
def test_it_validates_and_dumps() -> None:
    whole = _Larger.model_validate(VALUES)

    part = whole.parts[0]
    assert isinstance(part, _Part)
    assert (part.name, part.at) == ("ab", datetime(2026, 11, 26, 5, tzinfo=UTC))
    assert whole.words == ("a", "b")
    assert whole.model_dump("json", exclude_defaults=True) == {
        "words": ["a", "b"],
        "parts": [{"name": "ab", "at": "2026-11-26T05:00:00Z"}, 3],
        "size": 2,
    }


@pytest.mark.usefixtures("_source")
def test_it_names_all_that_is_wrong() -> None:
    with pytest.raises(ValidationError) as caught:
        _Larger.model_validate(WRONG)

    assert [(error["loc"], error["type"]) for error in caught.value.errors()] == [
        (("KIND",), "literal_error"),
        (("WORDS",), "too_short"),
        (("PARTS", 0, "_Part", "name"), "string_too_long"),
        (("PARTS", 0, "int"), "int_type"),
        (("SIZE",), "greater_than_equal"),
    ]


@pytest.mark.usefixtures("_source")
def test_it_is_frozen_and_compared_by_value() -> None:
    one, other = _Larger.model_validate(VALUES), _Larger.model_validate(VALUES)

    with pytest.raises(AttributeError, match="frozen"):
        one.size = 3  # type: ignore[misc]
    with pytest.raises(AttributeError, match="frozen"):
        del one.size
    assert one == other
    assert hash(one) == hash(other)
    assert one.model_copy(update={"size": 3}) != one
    assert "size=2" in repr(one)


def test_a_check_without_a_name_is_refused() -> None:
    class Nameless(Model):
        text: Annotated[str, After(lambda text: text)]

    with pytest.raises(TypeError, match="cannot be found by its name"):
        compiled([Nameless])


def test_a_limit_behind_a_check_is_refused_and_not_ignored() -> None:
    class Wrong(Model):
        name: Annotated[str, After(_lower), Limit(max_length=5)]

    with pytest.raises(TypeError, match="limits come before checks"):
        validator(Wrong)


@pytest.mark.medium
def test_the_build_compiles_every_model_of_the_functions() -> None:
    names = set(json.loads(compile_models()))

    assert {"contact.form:ContactForm", "feedback.event:SesEvent", "guichet.settings:NewsletterSettings"} <= names
    assert validator(_Larger) is validator(_Larger)
