"""The languages: each says the same."""

import ast
import pkgutil
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter
from zoneinfo import ZoneInfo

import pytest

from guichet import locales
from guichet.locales import LANGUAGES, Language, locale


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    def places(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name}

    first, *others = ({key: places(text) for key, text in locale(language).SENTENCES.items()} for language in LANGUAGES)
    assert all(first == other for other in others)


def test_every_module_is_a_language_and_the_other_way_round() -> None:
    assert {module.name for module in pkgutil.iter_modules(locales.__path__)} == set(LANGUAGES)


def test_no_sentence_is_unused() -> None:
    functions = Path(locales.__file__).parents[2]
    texts, patterns = set(), set()
    for path in functions.rglob("*.py"):
        if path.parent.name == "locales":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.add(node.value)
            if isinstance(node, ast.JoinedStr):
                patterns.add(tuple(part.value if isinstance(part, ast.Constant) else None for part in node.values))
    for path in functions.rglob("templates/*"):
        texts.update(re.findall(r'(?:say|label)\("(\w+)"', path.read_text(encoding="utf-8")))
    # f"{name}_title" says `confirm_title` where somebody says "confirm".
    made = {
        "".join(text if part is None else str(part) for part in parts)
        for parts in patterns
        if parts.count(None) == 1
        for text in texts
    }
    for language in LANGUAGES:
        assert locale(language).SENTENCES.keys() - texts - made == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_days_of_a_leap_year_are_called_the_same_and_a_time_says_its_zone(language: Language) -> None:
    days = [datetime(2028, 1, 1, 23, 7, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    assert len({locale(language).day(day) for day in days}) == 366
    assert len({locale(language).day(day).split()[0] for day in days}) == 7
    for day in days:
        time = locale(language).when(day.astimezone(ZoneInfo("Asia/Kolkata")))
        # Early on the next day.
        assert time.startswith(locale(language).day(day + timedelta(hours=5, minutes=30)))
        assert "37" in time
        assert time.endswith("(Asia/Kolkata)")
