"""The desk's sentences: all of them used, and loaded by no other function."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from desk import handler
from desk.words import own_name
from guichet.locales import LANGUAGES, locale
from infra.build import FUNCTIONS
from tests.support.imports import imported
from tests.support.languages import FOLDER, parts, sentences

DESK = Path(handler.__file__).parent
TEMPLATES = sorted((DESK / "templates").glob("*.html"))
AREAS = sorted(part.removeprefix("desk.") for part in parts("en") if part.startswith("desk.") and part != "desk.")
# All keys, with the area before each.
KNOWN = {f"{area}.{key}" for area in AREAS for key in sentences("en", f"desk.{area}")}


# --- the sentences
# -----------------------------------------------------------------------------------------------------


def texts_of(folder: Path) -> Iterator[str]:
    """Yield every text of the code in a folder."""
    for path in folder.rglob("*.py"):
        if FOLDER not in path.parents:
            yield from texts_in(path)


def texts_in(path: Path) -> Iterator[str]:
    """Yield every text of a module, with `*` for each value inserted into it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    within = {id(part) for node in joined for part in node.values}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in within:
            yield node.value
    for node in joined:
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)


def said_in_templates() -> Iterator[str]:
    """Yield the keys that the templates use; `"a.b_" ~ x` is `a.b_*`."""
    for path in TEMPLATES:
        text = path.read_text(encoding="utf-8")
        for said in re.findall(r"\bsay\(\s*((?:[\"'][^\"']*[\"']|[^,()\"']|\([^()]*\))+)", text):
            for choice in re.split(r"\bif\b.*?\belse\b", said):
                parts = re.findall(r"[\"']([^\"']*)[\"']|([^\s~\"'][^~\"']*)", choice)
                yield re.sub(r"\*+", "*", "".join(literal or "*" for literal, _ in parts))


def keys_of(said: str, known: set[str], words: set[str]) -> set[str]:
    """Return the sentences that a text may be the key of. A `*` stands for any text of the code."""
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
    """Return what the desk says: keys of sentences, or patterns of several."""
    # Not the names of templates.
    area = re.compile(rf"({'|'.join(AREAS)})\.(?!html$|css$)[\w*-]+")
    # What a page reports, by the area of its path.
    told = {f"{key.partition('.')[0]}.told_*" for key in KNOWN if ".told_" in key}
    return (
        {text for text in texts_of(DESK) if area.fullmatch(text)}
        | told
        | {text for text in said_in_templates() if not text.startswith("*")}
    )


@pytest.mark.slow
def test_every_sentence_of_the_desk_is_said(said: set[str], spoken: set[str]) -> None:
    assert len(KNOWN) > 10
    assert KNOWN - {key for text in said for key in keys_of(text, KNOWN, spoken)} == set()


@pytest.mark.medium
def test_every_sentence_that_the_desk_says_is_there(said: set[str], spoken: set[str]) -> None:
    assert {text for text in said if not keys_of(text, KNOWN, spoken)} == set()


@pytest.mark.medium
def test_what_a_template_says_is_found(said: set[str], spoken: set[str]) -> None:
    assert {"common.skip", "common.signed_in_as", "common.*"} <= said
    known = {"common.no_such_page", "common.messages", "common.nobody_says_this", "other.messages"}
    assert keys_of("common.*", known, spoken) == {"common.no_such_page", "common.messages"}


def test_only_the_first_letter_of_an_own_name_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [own_name(language) for language in ("fr", "en")] == ["Français", "English"]
    monkeypatch.setitem(locale("en").NAMES, "en", "isiZulu")
    assert own_name("en") == "IsiZulu"


# --- who loads them ---------------------------------------------------------------------------------------------------


# A module of the desk's sentences, for `import_module`. Of an f-string, `*` is any value.
OF_THE_DESK = re.compile(r"locales\..*\.desk|\*\.desk")


@pytest.mark.medium
@pytest.mark.parametrize("folder", ["guichet", "contact", "newsletter", "comments", "notifier", "issues", "feedback"])
def test_no_other_function_loads_the_desk_or_its_words(folder: str) -> None:
    for path in (FUNCTIONS / folder).rglob("*.py"):
        for root, *rest in imported(path.read_text(encoding="utf-8")):
            assert root != "desk", path
            # They load a language by `locale`, without its subpackages.
            assert rest[:1] != ["locales"] or (len(rest) < 3 and not {*rest[1:]} & {*LANGUAGES}), path
        assert not {text for text in texts_in(path) if OF_THE_DESK.search(text)}, path


@pytest.mark.parametrize(
    "code",
    ["f'guichet.locales.{language}.desk.a'", "f'{__name__}.{language}.desk'", "'guichet.locales.fr.desk.a'"],
)
def test_a_module_of_the_desks_sentences_is_found_by_its_name(code: str, tmp_path: Path) -> None:
    path = tmp_path / "loads.py"
    path.write_text(f"import_module({code})", encoding="utf-8")
    assert [text for text in texts_in(path) if OF_THE_DESK.search(text)]


@pytest.mark.medium
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
