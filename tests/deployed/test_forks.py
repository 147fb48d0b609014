"""A program that is run in forks behaves as one that is started anew."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.forks import forks_of

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


def test_a_program_that_cannot_be_imported_says_so(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="has ended"), forks_of(sys.executable, "x", ["missing_one"], tmp_path, {}):
        pass
