"""The folders of the languages, to be compared with one another."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from string import Formatter

from guichet import locales
from guichet.locales import Language

FOLDER = Path(locales.__file__).parent


def parts(language: Language) -> set[str]:
    """Return what a language's folder has, such as `desk.messages`: modules, and packages, which end with a dot."""
    paths = (path.relative_to(FOLDER / language) for path in (FOLDER / language).rglob("*.py"))
    return {".".join(path.with_suffix("").parts).removesuffix("__init__") for path in paths}


def sentences(language: Language, part: str = "") -> dict[str, str]:
    """Return the sentences of a part, by default those of emails and visitors' pages, by key."""
    found: dict[str, str] = import_module(f"guichet.locales.{language}.{part}".removesuffix(".")).SENTENCES
    return found


def placeholders(sentences: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the names of the `{placeholders}` in each sentence, by key."""
    return {key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in sentences.items()}
