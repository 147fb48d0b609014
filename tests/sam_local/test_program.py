"""The program behind `make sam-local`, without containers: skipping, failing, ending what it started."""

import os
import shutil
import signal
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.build import BuildError
from tests.sam_local import __main__ as program
from tests.sam_local import engine as engines
from tests.sam_local.engine import Engine, NoEngineError
from tests.sam_local.image import libraries_of, standard_library_of
from tests.sam_local.report import Report
from tests.sam_local.walk import Walk
from tests.support.commands import Commands
from tests.support.stack import missing, wait_for


@pytest.fixture
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the program from changing this process: its signals and its environment."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(program, "interpreter", lambda *_: sys.executable)
    monkeypatch.setattr(os, "environ", dict(os.environ))


def finds(monkeypatch: pytest.MonkeyPatch, found: Engine | NoEngineError) -> None:
    """Make the program find an engine, or none."""

    @contextmanager
    def engine(*_: Any) -> Iterator[Engine]:
        if isinstance(found, NoEngineError):
            raise found
        yield found

    monkeypatch.setattr(program, "engine", engine)


@pytest.mark.usefixtures("restored")
def test_without_an_engine_it_says_why_and_skips_but_in_ci_it_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    finds(monkeypatch, NoEngineError("dockerd is not here"))
    skips_or_fails_in_ci(monkeypatch, capsys, "dockerd is not here")


@pytest.mark.usefixtures("restored")
def test_without_python_of_lambda_s_version_it_says_so_and_skips_but_in_ci_it_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interpreter(*_: Any) -> str:
        raise BuildError("Python 3.13 is not on the PATH")

    monkeypatch.setattr(program, "interpreter", interpreter)
    skips_or_fails_in_ci(monkeypatch, capsys, "Python 3.13 is not on the PATH")


def skips_or_fails_in_ci(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], why: str) -> None:
    """Check what the program does if something is missing, on a developer's machine and in CI."""
    monkeypatch.setitem(os.environ, "CI", "")
    assert program.main([]) == 0
    assert capsys.readouterr().out == f"{why}\nskipped: nothing was run\n"
    monkeypatch.setitem(os.environ, "CI", "1")
    assert program.main([]) == 1
    assert capsys.readouterr().err == f"error: {why}\n"


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(("fails", "code"), [(False, 0), (True, 1)])
def test_what_fails_makes_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, fails: bool, code: int
) -> None:
    def walk(self: Any) -> None:
        with self._check("first"):
            assert not fails, "what was wrong"
        with self._check("second"):
            pass

    monkeypatch.setattr(Walk, "walk", walk)
    finds(monkeypatch, Engine("an engine"))
    assert program.main([]) == code
    out, err = capsys.readouterr()
    assert f"| first | {'FAILED' if fails else 'ok'} |" in out
    assert "| second | ok |" in out
    assert ("what was wrong" in err) is fails


def test_a_failure_of_a_test_s_own_helpers_is_one_of_the_check(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    with report.check("waiting"):
        wait_for("nothing", lambda: False, seconds=0)
    assert len(report.failed) == 1
    assert "waited 0 s for nothing" in report.failed[0]
    assert "| waiting | FAILED |" in capsys.readouterr().out


def test_nothing_of_a_real_account_reaches_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = dict(os.environ) | {"AWS_PROFILE": "real", "AWS_ACCESS_KEY_ID": "real", "PORT": "1"}
    monkeypatch.setattr(os, "environ", environment)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(program, "interpreter", lambda *_: sys.executable)
    finds(monkeypatch, NoEngineError(""))
    program.main([])
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "PORT"} & set(environment)


@pytest.mark.parametrize(
    ("platform", "user", "programs", "lacks"),
    [
        ("darwin", 0, True, ["that needs Linux"]),
        ("linux", 1000, True, ["that needs root"]),
        ("linux", 0, False, ["dockerd is not here", "setpriv is not here", "ldd is not here"]),
        ("linux", 0, True, []),
    ],
)
def test_what_a_docker_of_our_own_lacks_is_said(
    monkeypatch: pytest.MonkeyPatch, platform: str, user: int, lacks: list[str], *, programs: bool
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if programs else None)
    assert engines._missing() == lacks  # noqa: SLF001


# --- the commands --------------------------------------------------------------------------------------------------

HERE = {"PATH": os.environ["PATH"], "WHO": "me"}


def test_a_command_runs_with_its_variables_and_tells_what_it_said_where_it_fails() -> None:
    commands = Commands(["echo one", "echo two"], HERE)
    assert commands.run("echo $WHO") == "me\n"
    with pytest.raises(AssertionError, match=r"exit 3: 3\n+too bad"):
        commands.run("echo too bad >&2; exit 3")
    assert commands.find("two") == "echo two"
    assert commands.unused == ["echo one"]


def test_a_command_that_runs_on_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    commands = Commands([], HERE)
    child = tmp_path / "child"
    # Its child ignores Ctrl-C.
    with commands.running(f"(trap '' INT; sleep 600 & echo $! >{child}; wait) & echo ready; wait") as read:
        wait_for("its word", lambda: "ready" in read() and child.exists() and child.read_text())
        number = int(child.read_text())
        assert is_there(number)
    wait_for("its end", lambda: not is_there(number), seconds=5)


def test_a_command_that_ends_by_itself_says_what_it_said() -> None:
    with Commands([], HERE).running("echo port 3000 is taken") as read, pytest.raises(AssertionError, match="is taken"):
        wait_for("its end", lambda: read() is None)


def is_there(number: int) -> bool:
    """Return whether a process runs."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


# --- the image -----------------------------------------------------------------------------------------------------


def test_the_standard_library_is_not_that_of_a_virtual_environment(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    known = standard_library_of(sys.executable)
    assert standard_library_of(str(tmp_path / "bin" / "python")) == known
    assert all(folder.is_relative_to(sys.base_prefix) for folder in known)


def test_the_libraries_of_a_program_are_found_by_the_names_that_it_looks_for() -> None:
    if shutil.which("ldd") is None:
        missing("ldd")
    libraries = libraries_of([Path(sys.executable)])
    assert Path(libraries.linker).name.startswith("ld-")
    # Libraries that wheels expect of a system are included, even if nothing here is linked with them.
    assert {"libc.so.6", "libm.so.6", "librt.so.1", "libgcc_s.so.1"} <= set(libraries.by_name)
    assert all(Path(path).exists() for path in (libraries.linker, *libraries.by_name.values()))
