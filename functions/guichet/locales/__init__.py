"""The languages of replies, pages and emails. Each is one folder with all of its sentences.

The package itself has the sentences of emails and visitors' pages, and how it writes dates, so most starts read one
file. Below it, `desk` has the desk's sentences, and `commands` those that the operator's commands write for visitors
and readers. A new language is a folder beside `fr` and `en`, and its tag in `Language`.
"""

from datetime import datetime
from functools import lru_cache
from importlib import import_module
from typing import Literal, Protocol, cast, get_args

Language = Literal["fr", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class Locale(Protocol):
    """What the package of a language has."""

    # Names of languages by tag, as written within a sentence. A missing one falls back to the language's own name.
    NAMES: dict[Language, str]
    # Between the cells of a CSV file, as Excel expects it.
    SEPARATOR: str
    # Whether an ambiguous date, such as 05/06/2024, surely has the day first.
    DAY_FIRST: bool
    # By key, with `{placeholders}` (`str.format`).
    SENTENCES: dict[str, str]
    MONTHS: list[str]
    WEEKDAYS: tuple[str, ...]

    def day(self, at: datetime, /) -> str:
        """Return a day in words."""

    def number(self, plain: str, /) -> str:
        """Return a number, such as `1234.5`, as people write it."""

    def when(self, at: datetime, /) -> str:
        """Return a time in words. It says the time zone: readers may live in another one."""


def locale(language: Language) -> Locale:
    """Return the package of a language. It is imported on first use: most starts answer in one language."""
    return cast("Locale", import_module(f"{__name__}.{language}"))


def name_of(language: Language, said_in: Language) -> str:
    """Return the name of a language in another one or, if that has none, its own name for itself."""
    names = locale(said_in).NAMES
    return names[language] if language in names else locale(language).NAMES[language]


@lru_cache(maxsize=256)
def known(tag: str) -> Language | None:
    """Return the language of a tag such as `fr-CA` (RFC 5646), or None if it is not one of ours."""
    primary = tag.strip().lower().replace("_", "-").split("-", 1)[0]
    return next((language for language in LANGUAGES if language == primary), None)


def choose(asked: str, accept_language: str, default: Language) -> Language:
    """Choose a visitor's language: what the form asks for, else what the browser prefers, else the default.

    `accept_language` is the header's value (RFC 9110, section 12.5.4); entries that cannot be parsed are ignored.
    """
    if (language := known(asked)) is not None:
        return language
    preferred: tuple[float, Language] | None = None
    for entry in accept_language.split(","):
        tag, _, weight = entry.replace(" ", "").partition(";q=")
        language = known(tag)
        try:
            quality = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language is not None and quality > 0 and (preferred is None or quality > preferred[0]):
            preferred = quality, language
    return preferred[1] if preferred else default


def say(key: str, language: Language, **values: object) -> str:
    """Return a sentence in a language, its placeholders filled with `values`."""
    return locale(language).SENTENCES[key].format_map(values)
