"""Shared code is in tests/support: no file imports from a test module or a conftest."""

import pytest

from infra.template import TEMPLATE
from tests.support.imports import imported

ROOT = TEMPLATE.parent


def from_tests(source: str) -> list[str]:
    """Return the imports from a test module or a conftest."""
    return [
        ".".join(parts)
        for parts in imported(source)
        if parts[0] in {"tests", ""} and any(part.startswith("test_") or part == "conftest" for part in parts)
    ]


@pytest.mark.slow
def test_no_file_imports_from_a_test_module_or_a_conftest() -> None:
    files = [path for folder in ("functions", "infra", "tests") for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): from_tests(path.read_text(encoding="utf-8")) for path in files}
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.integration.test_life import START",
        "from tests.integration import test_life",
        "import tests.integration.test_life",
        "from .test_life import START",
        "from . import conftest",
        "def f():\n    from tests.conftest import resolve",
    ],
)
def test_such_an_import_is_seen_in_any_form(line: str) -> None:
    assert from_tests(line)


def test_all_else_may_be_imported() -> None:
    assert not from_tests("import pytest\nfrom tests.support.app import App\nfrom werkzeug.test import Client")
