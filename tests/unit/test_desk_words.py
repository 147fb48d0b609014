"""The desk's sentences: the same in every language, all of them used, and loaded by no other function."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from desk import handler
from guichet import locales
from guichet.locales import LANGUAGES, Language
from infra.build import FUNCTIONS
from tests.support.languages import placeholders
from tests.support.typography import faults

FOLDER = Path(locales.__file__).parent
DESK = Path(handler.__file__).parent
TEMPLATES = sorted((DESK / "templates").glob("*.html"))
AREAS = sorted(path.stem for path in (FOLDER / "en" / "desk").glob("*.py") if path.stem != "__init__")


def sentences(language: Language) -> dict[str, str]:
    """Return all sentences of a language, by area and name."""
    return {
        f"{area}.{name}": text
        for area in AREAS
        for name, text in import_module(f"guichet.locales.{language}.desk.{area}").SENTENCES.items()
    }


def test_every_language_has_the_same_areas() -> None:
    for language in LANGUAGES:
        assert (
            sorted(path.stem for path in (FOLDER / language / "desk").glob("*.py") if path.stem != "__init__") == AREAS
        )


def test_every_sentence_is_there_in_every_language_with_the_same_places() -> None:
    first, *others = (placeholders(sentences(language)) for language in LANGUAGES)
    assert len(first) > 10
    assert all(first == other for other in others)


def test_every_french_sentence_is_typeset() -> None:
    found = {key: faults(text) for key, text in sentences("fr").items()}
    assert {key: wrong for key, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_language_has_straight_quotes(language: Language) -> None:
    assert [key for key, text in sentences(language).items() if re.search("['\"`]", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_sentence_holds_markup(language: Language) -> None:
    assert [key for key, text in sentences(language).items() if re.search(r"</?\w|&\w+;", text)] == []


# --- what is said -----------------------------------------------------------------------------------------------------


def texts_of(folder: Path) -> Iterator[str]:
    """Yield every text of the code in a folder; of one with values within, `*` for each value."""
    for path in folder.rglob("*.py"):
        if FOLDER in path.parents:
            continue
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
        parts = {id(part) for node in joined for part in node.values}
        for node in nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                yield node.value
        for node in joined:
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)


def said_in_templates() -> Iterator[str]:
    """Yield the keys that the templates say; `"a.b_" ~ x` is `a.b_*`."""
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for said in re.findall(r"\bsay\(\s*((?:[\"'][^\"']*[\"']|[^,()\"']|\([^()]*\))+)", text):
            for choice in re.split(r"\bif\b.*?\belse\b", said):
                parts = re.findall(r"[\"']([^\"']*)[\"']|([^\s~\"'][^~\"']*)", choice)
                yield re.sub(r"\*+", "*", "".join(literal or "*" for literal, _ in parts))


def keys_of(said: str, known: set[str], words: set[str]) -> set[str]:
    """Return the sentences that a text may be the key of. What stands for a `*` is a text of the code."""
    pattern = re.compile(re.escape(said).replace(r"\*", r"(.+)"))
    found = ((key, pattern.fullmatch(key)) for key in known)
    return {key for key, match in found if match and set(match.groups()) <= words}


@pytest.fixture(scope="module")
def spoken() -> set[str]:
    """Return every text of the code, and the words of the desk's templates."""
    quoted = (
        word for path in TEMPLATES for word in re.findall(r"[\"']([\w-]+)[\"']", path.read_text(encoding="utf-8"))
    )
    return {*texts_of(FUNCTIONS), *quoted}


@pytest.fixture(scope="module")
def said() -> set[str]:
    """Return what the desk says, by the key of a sentence or the pattern of several."""
    # Not the names of templates.
    area = re.compile(rf"({'|'.join(AREAS)})\.(?!html$|css$)[\w*-]+")
    return {text for text in texts_of(DESK) if area.fullmatch(text)} | {
        text for text in said_in_templates() if not text.startswith("*")
    }


@pytest.mark.slow
def test_every_sentence_of_the_desk_is_said(said: set[str], spoken: set[str]) -> None:
    known = set(sentences("en"))
    assert known - {key for text in said for key in keys_of(text, known, spoken)} == set()


def test_every_sentence_that_the_desk_says_is_there(said: set[str], spoken: set[str]) -> None:
    known = set(sentences("en"))
    assert {text for text in said if not keys_of(text, known, spoken)} == set()


def test_what_a_template_says_is_found(said: set[str], spoken: set[str]) -> None:
    assert {"common.skip", "common.signed_in_as", "common.*"} <= said
    known = {"common.no_such_page", "common.messages", "common.nobody_says_this", "other.messages"}
    assert keys_of("common.*", known, spoken) == {"common.no_such_page", "common.messages"}


# --- who loads them ---------------------------------------------------------------------------------------------------


@pytest.mark.quick_cases(1)
@pytest.mark.parametrize("function", ["contact", "newsletter", "notifier", "issues", "feedback"])
def test_no_other_function_loads_the_desk_or_its_words(function: str) -> None:
    for path in (FUNCTIONS / function).rglob("*.py"):
        assert not _imported(path) & {"desk"}, path
    for path in (FUNCTIONS / "guichet").rglob("*.py"):
        assert not _imported(path) & {"desk"}, path


def _imported(path: Path) -> set[str]:
    """Return the first part of the name of every module that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def test_the_desk_starts_without_its_areas_and_without_what_only_pages_need() -> None:
    code = "import sys, desk.handler; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert "desk.access" in loaded
    assert loaded & {*handler.AREAS.values(), "desk.pages", "desk.words", "jinja2", "markdown_it"} == set()


def test_every_area_is_a_module_with_routes_of_its_own() -> None:
    for area, module in handler.AREAS.items():
        for route in import_module(module).ROUTES:
            method, _, pattern = route.partition(" ")
            assert method in {"GET", "POST"}
            assert pattern.partition("/")[0] == area, route
