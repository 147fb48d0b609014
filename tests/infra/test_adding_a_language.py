"""Follows infra/docs/languages.md to add a language to a copy: everything that it lists, and nothing else."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import ROOT
from tests.support.pages import names_in, read, rows

# What each file gets, and what that replaces. For the new language's wording, see `added`.
CHANGES = {
    "functions/guichet/locales/__init__.py": [('Literal["fr", "en"]', 'Literal["fr", "en", "de"]')],
    "template.yaml": [
        ("AllowedValues: [fr, en]", "AllowedValues: [fr, en, de]"),
        ("ConsentTextFr, ConsentTextEn]", "ConsentTextFr, ConsentTextEn, ConsentTextDe]"),
        (
            "          CONSENT_TEXT_EN: !Ref ConsentTextEn\n",
            "          CONSENT_TEXT_EN: !Ref ConsentTextEn\n          CONSENT_TEXT_DE: !Ref ConsentTextDe\n",
        ),
    ],
    "infra/openapi.yaml": [("enum: [fr, en]", "enum: [fr, en, de]")],
    "infra/site/guichet.js": [("{ fr }", "{ fr, de }")],
    "infra/site/comments.js": [("{ fr }", "{ fr, de }")],
}
NEW = "functions/guichet/locales/de/"
# What `de` has and `en` lacks.
OWN_NAME = ('"en": "English"}', '"en": "Englisch", "de": "Deutsch"}')
# Only for people: everything works without them.
OF_NO_CONSEQUENCE = {"infra/site/de/index.html", "infra/docs/settings.md"}
# They compare the languages, or what each allows.
TESTS = (
    "tests/unit/test_languages.py",
    "tests/unit/test_emails.py",
    "tests/unit/test_settings.py",
    "tests/unit/test_site_scripts.py",
    "tests/integration/desk/test_issues_desk.py::test_an_issue_is_written_looked_at_tested_and_sent_once_to_all_by_typing_their_number",
    "tests/operate/test_notice.py",
    "tests/operate/test_issue_files.py::test_a_new_file_can_be_read_as_it_is",
    "tests/infra/test_parameters.py::test_the_longest_of_everything_fits_into_the_environment_of_each_function",
)
# Tests in these files about French.
UNRELATED = "french"


@pytest.fixture
def added(tmp_path: Path) -> Path:
    """Return a copy with German added: English words with other letters, as no test reads them."""
    # With the bytecode, which stays valid for unchanged files: compiling all of them takes seconds. A file that is
    # still being written has a number at the end of its name.
    ignored = shutil.ignore_patterns("*.pyc.*", "node_modules")
    for name in ("functions", "infra", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    for name in ("template.yaml", "pyproject.toml", "Makefile", "README.md", "SECURITY.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name, changes in CHANGES.items():
        text = (tmp_path / name).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text, (name, old)
            text = text.replace(old, new)
        (tmp_path / name).write_text(text, encoding="utf-8")
    template = (tmp_path / "template.yaml").read_text(encoding="utf-8")
    (wording,) = re.findall(r"^  ConsentTextEn:\n(?:    .*\n)+", template, re.MULTILINE)
    template = template.replace(wording, wording + wording.replace("TextEn", "TextDe").replace("I agree", "Ich will"))
    (tmp_path / "template.yaml").write_text(template, encoding="utf-8")
    for path in (tmp_path / "infra/site").glob("*.js"):
        script = path.read_text(encoding="utf-8")
        (english,) = re.findall(r"^const en = \[\n.*?^\];\n", script, re.DOTALL | re.MULTILINE)
        path.write_text(script.replace(english, english + english.replace("const en", "const de")), encoding="utf-8")
    shutil.copytree((tmp_path / NEW).with_name("en"), tmp_path / NEW, ignore=ignored)
    other = r'{key: re.sub(r"(\{\w+\})|o", lambda m: m[1] or "ö", text) for key, text in SENTENCES.items()}'
    for path in (tmp_path / NEW).rglob("*.py"):
        english = path.read_text(encoding="utf-8")
        if "SENTENCES" in english:
            path.write_text(f"import re\n\n{english.replace(*OWN_NAME)}\n\nSENTENCES = {other}\n", encoding="utf-8")
    return tmp_path


@pytest.mark.slow
def test_the_files_of_the_page_are_all_that_a_language_takes(added: Path) -> None:
    named = {name for cell, _ in rows(read("languages.md"), "file | what to add") for name in names_in(cell)}
    assert named == {*CHANGES, NEW, *OF_NO_CONSEQUENCE}
    options = ["-q", "-n0", "-p", "no:cacheprovider", "-k", f"not ({UNRELATED})"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *TESTS],
        cwd=added,
        # Without coverage and in one process, unlike this one perhaps.
        env={name: value for name, value in os.environ.items() if not name.startswith(("COV", "PYTEST"))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d{2,} passed", done.stdout), done.stdout
