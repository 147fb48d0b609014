"""Finds the definitions of the site's own forms.

The build checks `forms.toml` and writes one JSON file per form, so that a post reads its own form and no other.
Elsewhere, the file itself is read on first use.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from guichet.definitions.definition import Definition

# Next to the code, in the single CodeUri: deploying the functions deploys it as well.
SOURCE = Path(__file__).parents[2] / "forms.toml"
COMPILED = Path(__file__).parent / "compiled"


def definition(name: str) -> "Definition | None":
    """Return the definition of a form, or None if the site has no form of that name. `name` may come from a stranger.

    Raises FormsFileError if `forms.toml` is invalid and was not compiled.
    """
    return _read(name) if name in names() else None


def definitions() -> "Mapping[str, Definition]":
    """Return all definitions by name. Raises FormsFileError as `definition` does."""
    return {name: _read(name) for name in sorted(names())}


@cache
def names() -> frozenset[str]:
    """Return the names of the site's own forms. Raises FormsFileError as `definition` does."""
    return frozenset(path.stem for path in COMPILED.glob("*.json")) if COMPILED.exists() else frozenset(_source())


@cache
def _read(name: str) -> "Definition":
    # Imported late, as most starts read no form: they only look at the names.
    from guichet.definitions.definition import Definition  # noqa: PLC0415

    return Definition.from_json((COMPILED / f"{name}.json").read_bytes()) if COMPILED.exists() else _source()[name]


@cache
def _source() -> "Mapping[str, Definition]":
    if not SOURCE.exists():
        return {}
    # Only if the build did not do it.
    from guichet.definitions.forms_file import read  # noqa: PLC0415

    return read(SOURCE)


def forget() -> None:
    """Forget what was read, so that it is read again."""
    for cached in (names, _read, _source):
        cached.cache_clear()
