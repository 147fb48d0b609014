"""The fixed texts of exported and imported comments. Each language is one module of sentences."""

from importlib import import_module
from typing import cast

from guichet.locales import Language


def sentences(language: Language) -> dict[str, str]:
    """Return the sentences of a language by key, with `{placeholders}` (`str.format`)."""
    return cast("dict[str, str]", import_module(f"{__name__}.{language}").SENTENCES)
