"""`guichet texts check`: what it reports about a file of the owner's own words."""

import json
from pathlib import Path

import pytest

from guichet.locales import LANGUAGES
from guichet.mail import texts
from infra.template import TEMPLATE
from tests.support.operate import said_by

GOOD = """
[welcome.fr]
subject = "Bienvenue à l’atelier"
body = "Bonjour !"
[confirmation.en]
subject = "One click"
body = "{link}"
"""


def check(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command; return its exit code and its output."""
    said = said_by(capsys, "texts", "check", *arguments)
    return said.code, said.out, said.err


def test_it_says_which_emails_have_words_of_the_owners_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD, encoding="utf-8")
    code, out, err = check(capsys, str(file))
    assert (code, err) == (0, "")
    assert [line.strip().split(maxsplit=2) for line in out.splitlines()[1:]] == [
        ["confirmation", "en", "One click"],
        ["welcome", "fr", "Bienvenue à l’atelier"],
    ]
    code, out, _ = check(capsys, "--json", str(file))
    assert json.loads(out.splitlines()[0]) == {"email": "confirmation", "language": "en", "subject": "One click"}
    # A leading option also works with `--`.
    assert said_by(capsys, "--json", "texts", "check", "--", str(file)).out == out


def test_each_mistake_is_a_line_with_the_name_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(GOOD.replace("{link}", "{nom}") + '[welcome.xx]\nsubject = "a\x1b[31m"\n', encoding="utf-8")
    code, out, err = check(capsys, str(file))
    assert (code, out) == (2, "")
    assert err.startswith("mine.toml: expected TOML: ")
    assert "\x1b" not in err
    file.write_text(GOOD.replace("{link}", "{nom}") + '[welcome.xx]\nsubject = "a"\n', encoding="utf-8")
    code, out, err = check(capsys, str(file))
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        "mine.toml: [confirmation.en] body: expected no placeholder except {site} and {link}, but it has {nom}",
        f"mine.toml: [welcome.xx]: there is no such language; expected {' or '.join(LANGUAGES)}",
        "mine.toml: [welcome.xx] body: expected text, but it is missing",
    ]


def test_without_a_file_all_emails_have_guichets_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(texts, "FILE", tmp_path / "texts.toml")
    assert check(capsys) == (0, "There is no texts.toml: all emails have Guichet's own text.\n", "")
    texts.FILE.write_text("[welcome.fr]", encoding="utf-8")
    assert check(capsys)[0] == 2
    code, _, err = check(capsys, str(tmp_path / "elsewhere.toml"))
    assert (code, "elsewhere.toml" in err) == (2, True)


def test_make_check_checks_them() -> None:
    makefile = (TEMPLATE.parent / "Makefile").read_text(encoding="utf-8")
    assert "-m infra.operate texts check" in makefile.split("\ncheck: ")[1].split("\n\n")[0]
