"""The text of the information notices. Each language is one module: its sentences, and where AWS's regions are."""

from importlib import import_module
from typing import cast

from guichet.locales import Language


def sentences(language: Language) -> dict[str, str]:
    """Return the sentences of a language by key, with `{placeholders}` (`str.format`)."""
    return cast("dict[str, str]", import_module(f"{__name__}.{language}").SENTENCES)


def places(language: Language) -> dict[str, str]:
    """Return where the regions of AWS are, by their names."""
    return cast("dict[str, str]", import_module(f"{__name__}.{language}").PLACES)
