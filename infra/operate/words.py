"""What commands write for visitors and readers.

Each area has a module in the folder of each language (guichet.locales), which the build leaves out of the artifact.
"""

from importlib import import_module
from typing import Any, Literal

from guichet.locales import Language

Area = Literal["comments", "forms", "issues", "notice"]


def sentences(area: Area, language: Language) -> dict[str, str]:
    """Return an area's sentences in a language by key, with `{placeholders}` (`str.format`)."""
    found: dict[str, str] = _module(area, language).SENTENCES
    return found


def places(language: Language) -> dict[str, str]:
    """Return where the regions of AWS are, by their names."""
    found: dict[str, str] = _module("notice", language).PLACES
    return found


def _module(area: Area, language: Language) -> Any:
    return import_module(f"guichet.locales.{language}.commands.{area}")
