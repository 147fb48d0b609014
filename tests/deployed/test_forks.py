"""A program run in forks behaves like one started anew."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forks import forks_of
from tests.support.stack import wait_for

PROGRAM = """
import os, sys
import known
known.runs += 1
sys.stdout.reconfigure(encoding="utf-8")
print(known.runs, os.getcwd(), os.environ["WHO"], __name__, sys.argv[1:], sys.stdin.read())
print("and this", file=sys.stderr)
if "fail" in sys.argv:
    raise ValueError("too bad")
sys.exit({"3": 3, "words": "in words"}.get(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """Make a program, ready to be run in forks; return its folder and its command."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
    (folder / "known.py").write_text("runs = 0\n", encoding="utf-8")
    with forks_of(sys.executable, "program", ["known"], folder, {"WHO": "me"}) as command:
        yield folder, command


def run(command: list[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*command, *arguments], check=False, input="asked", capture_output=True, text=True)


def test_each_run_has_its_own_arguments_streams_and_modules(program: tuple[Path, list[str]]) -> None:
    folder, command = program
    for arguments in (["one", "l'été"], ["two"]):
        done = run(command, *arguments)
        assert done.stdout == f"1 {folder} me __main__ {arguments} asked\n"
        assert (done.stderr, done.returncode) == ("and this\n", 0)


@pytest.mark.parametrize(("argument", "code", "told"), [("3", 3, ""), ("words", 1, "in words\n")])
def test_its_exit_code_is_that_of_the_program(
    program: tuple[Path, list[str]], argument: str, code: int, told: str
) -> None:
    done = run(program[1], argument)
    assert (done.returncode, done.stderr) == (code, f"and this\n{told}")


def test_an_exception_is_told_and_fails(program: tuple[Path, list[str]]) -> None:
    done = run(program[1], "fail")
    assert done.returncode == 1
    assert done.stderr.endswith("ValueError: too bad\n")


def test_a_run_whose_client_was_killed_ends_with_the_block(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import os, time\nprint(os.getpid(), flush=True)\ntime.sleep(600)\n")
    with forks_of(sys.executable, "program", [], tmp_path, {}) as command:
        client = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert client.stdout
        with client.stdout:
            run_id = int(client.stdout.readline())
        client.kill()
        client.wait()
        os.kill(run_id, 0)
    wait_for("its end", lambda: not _goes_on(run_id))


def _goes_on(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    # It may have ended without having been reaped yet.
    return " Z " not in Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")


def test_a_program_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="has ended"), forks_of(sys.executable, "x", ["missing_one"], tmp_path, {}):
        pass
