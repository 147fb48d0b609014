"""What commands write for visitors and readers: the same in each language."""

import pkgutil
from pathlib import Path
from typing import get_args

import pytest

from guichet import locales
from guichet.locales import LANGUAGES, Language
from infra.operate.issue_files import new_files, read_all
from infra.operate.words import Area, places, sentences
from tests.support.languages import placeholders

AREAS: tuple[Area, ...] = get_args(Area)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_module_for_each_area(language: Language) -> None:
    folder = Path(locales.__path__[0], language, "commands")
    assert {module.name for module in pkgutil.iter_modules([str(folder)])} == set(AREAS)


@pytest.mark.parametrize("area", AREAS)
def test_every_language_says_the_same(area: Area) -> None:
    first, *others = (placeholders(sentences(area, language)) for language in LANGUAGES)
    assert first
    assert all(first == other for other in others)


def test_every_language_names_the_same_regions() -> None:
    first, *others = (places(language).keys() for language in LANGUAGES)
    assert first
    assert all(first == other for other in others)


def test_a_new_issue_can_be_written_in_every_language(tmp_path: Path) -> None:
    files = new_files(tmp_path / "spring", LANGUAGES, both=True)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    found = read_all(list(files), LANGUAGES[0])
    assert found.id == "spring"
    assert set(found.files) == set(LANGUAGES)
