"""The program behind `make newcomer`, on a simulated checkout; and what it skips in the README."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.newcomer import __main__ as program
from tests.support.commands import ROOT, commands_of
from tests.support.pages import blocks, read
from tests.support.stack import free_port, local_stack

Run = Callable[[str], tuple[int, str, str]]
# It reports that it is ready, and runs until it is stopped.
_MAKEFILE = "run:\n\t@echo Ready with $$HOME; echo $$$$ >pid; exec sleep 60\ntest deploy:\n\tfalse\n"


@pytest.fixture
def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Return a function that follows a README with some commands; it returns the exit code and the output."""
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    # Other ports than those of a stack that a developer may be running.
    monkeypatch.setattr(program, "PORTS", (free_port(), free_port()))
    root = tmp_path / "root"

    def run(commands: str) -> tuple[int, str, str]:
        root.mkdir()
        (root / "README.md").write_text(f"# A\n\n```sh\n{commands}\n```\n", encoding="utf-8")
        (root / "Makefile").write_text(_MAKEFILE, encoding="utf-8")
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
            subprocess.run([*git, *words], cwd=root, check=True)
        code = program.main(["--root", str(root)])
        return code, *capfd.readouterr()

    return run


def test_it_runs_the_commands_in_a_clone_with_an_empty_home_and_shows_what_they_say(follow: Run) -> None:
    code, out, _ = follow(
        "make run   # stays\necho $((6 * 7)) in $PWD\nls -A $HOME | wc -l\nkill -0 $(cat pid) && echo up"
    )
    assert code == 0
    said = out.split("\n$ ")
    assert said[1].startswith("make run\nReady with ")
    assert "/home" in said[1]
    assert said[1].split("Ready with ")[1].strip() != os.environ["HOME"]
    assert "42 in " in said[2]
    assert str(ROOT) not in said[2]
    assert said[3].splitlines()[1] == "0"
    assert "up" in said[4]
    assert "| `make run` | " in out


def test_it_ends_what_it_started(follow: Run, tmp_path: Path) -> None:
    _, _, err = follow(f"make run\ncp pid {tmp_path / 'pid'}; echo copied\nfalse")
    assert "false: 1" in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text(encoding="utf-8")), 0)


@pytest.mark.parametrize(
    ("commands", "says"),
    [
        ("echo before >&2; exit 3", "exit 3: 3"),
        ("true", "true said nothing"),
        ("echo no # /contact\nprintf '%s' /contact", '/contact does not say "ok": true'),
        ("make nothing", "No rule to make target"),
    ],
)
def test_a_command_that_fails_or_says_too_little_makes_it_fail(follow: Run, commands: str, says: str) -> None:
    code, _, err = follow(commands)
    assert code == 1
    assert "FAILED: " in err
    assert says in err


def test_what_it_passes_over_it_names_with_the_reason(follow: Run) -> None:
    code, out, _ = follow('make test   # all\nmake deploy PARAMETERS="A=b \\\n  C=d"')
    assert code == 0
    assert "$ make test\n(skipped: it takes many minutes" in out
    assert "(skipped: it needs an AWS account" in out


def test_a_port_that_is_taken_is_told_before_anything_is_installed(
    follow: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_listens", lambda _: True)
    code, out, err = follow("make run")
    assert (code, out) == (1, "")
    assert "already" in err


def test_what_is_long_is_cut() -> None:
    shown = program._cut("x" * 1_000 + "\n" * 50 + "end")  # noqa: SLF001
    assert "x… (1,000 characters)" in shown
    assert "… (27 more lines)" in shown
    assert shown.endswith("\nend")
    assert len(shown) < 500


def test_it_passes_over_no_more_of_the_readme_than_what_it_gives_a_reason_for() -> None:
    commands = commands_of(read("README.md"))
    assert "make run" in commands
    passed_over = {tuple(command.split()[:2]) for command in commands if program.why_not(command)}
    assert passed_over == set(program.PASSED_OVER)
    assert len(commands) - len(passed_over) >= 5
    for part in program.PROMISED:
        assert [command for command in commands if part in command]


def test_the_fast_tests_are_run_where_that_is_asked_for() -> None:
    assert program.why_not("make test-fast")
    assert not program.why_not("make test-fast", with_tests=True)
    assert program.why_not("make test", with_tests=True)


@pytest.mark.slow
def test_each_form_of_the_readme_is_posted_and_leads_to_a_page(tmp_path: Path) -> None:
    with local_stack(tmp_path) as stack:
        stack.wait_until_ready()
        lines = list(program.posted(read("README.md"), stack.port, stack.site_port))
    forms = sum(block.count("<form") for block in blocks(read("README.md"), "html"))
    assert len([line for line in lines if "the page says: " in line]) == forms == 3
    (script,) = [line for line in lines if "/guichet.js is" in line]
    assert "text/javascript" in script
