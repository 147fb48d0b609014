"""guichet.js and comments.js as files: their size, and that they need nothing else."""

import gzip
import re
from pathlib import Path

import pytest

from guichet.locales import LANGUAGES
from tests.support.typography import faults

SITE = Path(__file__).parents[2] / "infra" / "site"
SCRIPTS = {name: (SITE / name).read_text(encoding="utf-8") for name in ("guichet.js", "comments.js")}
# By language, as written in the script. The first one of comments.js is how it writes dates.
SENTENCES = {
    name: {
        language: [
            (single or template).replace("\\xa0", "\xa0") for single, template in re.findall("'(.*)'|`(.*)`", block)
        ]
        for language, block in re.findall(r"^const ([a-z]{2}) = \[(.*?)^\];", script, re.DOTALL | re.MULTILINE)
    }
    for name, script in SCRIPTS.items()
}
# Bytes, gzipped: with two languages, and for the sentences of each further one.
LARGEST = 3000 + 200 * (len(LANGUAGES) - 2)
each = pytest.mark.parametrize("name", SCRIPTS)


@each
def test_it_is_small(request: pytest.FixtureRequest, name: str) -> None:
    size = len(gzip.compress(SCRIPTS[name].encode(), 9))
    plugins = request.config.pluginmanager
    terminal, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")
    if terminal is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\n{name}: {size} bytes gzipped, at most {LARGEST}")
    assert size <= LARGEST


@each
def test_it_imports_nothing_names_no_address_and_keeps_nothing(name: str) -> None:
    assert not re.findall(
        r"^\s*import\b|\bimport\(|https?:/|cookie|localStorage|sessionStorage|indexedDB", SCRIPTS[name], re.MULTILINE
    )


@each
def test_it_has_every_sentence_in_every_language(name: str) -> None:
    (others,) = re.findall(r"\{ ([a-z, ]+) \}\[language", SCRIPTS[name])
    assert {*others.split(", "), "en"} == SENTENCES[name].keys() == {*LANGUAGES}
    assert {language: len(said) for language, said in SENTENCES[name].items()} == dict.fromkeys(
        LANGUAGES, {"guichet.js": 7, "comments.js": 11}[name]
    )


@each
def test_its_french_is_typeset(name: str) -> None:
    assert [fault for sentence in SENTENCES[name]["fr"] for fault in faults(sentence)] == []


def test_nothing_that_parses_html_or_runs_text_is_in_the_script_of_comments() -> None:
    """So a page's CSP may require trusted types everywhere without naming a policy."""
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacent|parseFromString|createContextualFragment|document\.write|eval|Function\("
        r"|srcdoc|\.style\b|setAttribute",
        SCRIPTS["comments.js"],
    )
