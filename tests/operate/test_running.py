"""How each command runs."""

import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from infra.operate import adopting, commands
from tests.support.app import REGION
from tests.support.operate import said_by


@pytest.fixture
def shared() -> Iterator[None]:
    """Let others read new files, as is usual on a machine."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def umask() -> int:
    found = os.umask(0)
    os.umask(found)
    return found


@pytest.mark.usefixtures("shared")
def test_others_may_read_the_bytecode_of_a_command_but_not_its_files(
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
    # And for what this process does afterwards.
    assert [*seen, umask()] == [0o022, 0o077, 0o022]
