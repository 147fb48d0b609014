"""Shared code is in tests/support: no file imports from a test module or a conftest; no test reads a site's files."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from guichet.definitions import lookup
from guichet.mail import texts
from infra.template import TEMPLATE
from tests.support import own_files
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


def test_no_test_sees_the_files_that_a_site_adds_to_its_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {lookup.SOURCE, texts.FILE}.isdisjoint(own_files.OWN_FILES)

    functions, site = tmp_path / "functions", tmp_path / "infra" / "site"
    functions.mkdir()
    site.mkdir(parents=True)
    (tmp_path / "template.yaml").touch()
    monkeypatch.setattr(own_files, "TEMPLATE", tmp_path / "template.yaml")
    monkeypatch.setattr(own_files, "OWN_FILES", (functions / "forms.toml", functions / "texts.toml"))
    assert own_files.checkout() == tmp_path
    for folder in (functions, site):
        (folder / "forms.toml").touch()
    monkeypatch.setattr(own_files, "_copy", lambda: SimpleNamespace(name="copy"))
    assert own_files.checkout() == Path("copy")
    own_files.copy_into(tmp_path / "copy")
    # The demo site keeps its own.
    assert [path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy").rglob("*.toml")] == [
        Path("infra/site/forms.toml")
    ]
