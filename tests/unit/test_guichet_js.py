"""guichet.js as a file: its size, and that it needs nothing else."""

import gzip
import re
from pathlib import Path

import pytest

from tests.support.typography import faults

SCRIPT = (Path(__file__).parents[2] / "infra" / "site" / "guichet.js").read_text(encoding="utf-8")
# Bytes, gzipped.
LARGEST = 3000


def test_it_is_small(request: pytest.FixtureRequest) -> None:
    size = len(gzip.compress(SCRIPT.encode(), 9))
    plugins = request.config.pluginmanager
    terminal, capture = plugins.get_plugin("terminalreporter"), plugins.get_plugin("capturemanager")
    if terminal is not None and capture is not None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\nguichet.js: {size} bytes gzipped, at most {LARGEST}")
    assert size <= LARGEST


def test_it_imports_nothing_names_no_address_and_keeps_nothing() -> None:
    assert not re.findall(
        r"^\s*import\b|\bimport\(|https?:|cookie|localStorage|sessionStorage|indexedDB", SCRIPT, re.MULTILINE
    )


def test_its_french_is_typeset() -> None:
    (block,) = re.findall(r"^const FRENCH = \[(.*?)^\];", SCRIPT, re.DOTALL | re.MULTILINE)
    sentences = [
        (single or template).replace("\\xa0", "\xa0") for single, template in re.findall(r"'(.*)'|`(.*)`", block)
    ]
    assert len(sentences) == 7
    assert [fault for sentence in sentences for fault in faults(sentence)] == []
