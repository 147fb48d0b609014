"""Shell completion, options that exclude each other, and the permissions of files."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete

from infra.operate import adopting, commands
from tests.support.app import REGION, App
from tests.support.contact import contact
from tests.support.newsletter import READER
from tests.support.operate import Operate, said_by


@pytest.fixture
def shared() -> Iterator[None]:
    """Set the usual umask, with which others can read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty folder, and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


@pytest.mark.usefixtures("shared")
def test_others_can_read_the_bytecode_of_a_command_but_not_its_files(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = []

    def load(name: str) -> click.Command:
        seen.append(umask())
        return loading(name)

    loading = commands.load
    monkeypatch.setattr(commands, "load", load)
    monkeypatch.setattr(adopting, "adopt", lambda *_: seen.append(umask()))
    assert said_by(capsys, "adopt", "table", "--region", REGION).code == 0
    # Afterwards, it is restored.
    assert [*seen, umask()] == [0o022, 0o077, 0o022]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("messages", "--day", "2026-11-01", "--since", "2026-11-01"), "--day is a single day"),
        (("messages", "--since", "2026-11-02", "--until", "2026-11-01"), "--since is after --until"),
        (("export", "subscribers", "--everything"), "Say what to export"),
        (("export", "subscribers", "--spam"), "--spam is for messages"),
        (("export", "subscribers", "--form", "devis"), "--form is for messages"),
        (("export", "subscribers", "--for", "brevo", "-o", "-"), "--for writes two files"),
        (("forget", READER, "--access", "file.json", "--yes"), "--access erases nothing"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    app: App, operate: Operate, folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = operate(app, *arguments)
    assert (said.code, words in said.err) == (2, True), said.err
    assert list(folder.iterdir()) == []


def test_a_dash_is_standard_output(app: App, operate: Operate, folder: Path) -> None:
    message = contact(app)
    assert message in operate(app, "export", "messages", "-o", "-").out
    assert list(folder.iterdir()) == []


def completed(*words: str) -> set[str]:
    """Return the completions of the last word."""
    complete = BashComplete(commands.guichet, {}, "guichet", "_GUICHET_COMPLETE")
    return {one.value for one in complete.get_completions([*words[:-1]], words[-1])}


def test_a_shell_completes_the_names_of_commands_and_options() -> None:
    assert completed("su") == {"subscribers"}
    assert completed("messages", "s") == {"show", "spam"}
    assert completed("messages", "show", "--js") == {"--json"}
    assert {"list", "approve", "export"} <= completed("comments", "")
