"""`.ci/run` fails if anything that it calls fails. Its commands are simulated here."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.template import TEMPLATE

# `make` fails where it is asked for what the test names; and each call is noted.
_MAKE = """#!/bin/sh
echo "$*" >>"$CALLS"
case " $* " in *" $FAILS "*"$FAILS_ON"*) echo "it is broken here"; exit 1 ;; esac
"""
_PYTHON = "#!/bin/sh\necho /opt/$(basename $0)\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with `.ci/run` and nothing that it calls, but for what stands in on the path."""
    root, programs = tmp_path / "checkout", tmp_path / "programs"
    for folder in (root / ".ci", root / ".aws-sam", root / ".venv-sam" / "bin", programs):
        folder.mkdir(parents=True)
    for name in (".ci/run", ".gitignore"):
        shutil.copy(TEMPLATE.parent / name, root / name)
    played = dict.fromkeys(("chromium", "node", "npm", "soffice", "dockerd", "apt-get", "sudo"), "#!/bin/sh\n")
    played |= {"make": _MAKE, "python3.11": _PYTHON, "python3.13": _PYTHON, "python3": _PYTHON}
    for name, script in played.items():
        (programs / name).write_text(script, encoding="utf-8")
    (root / ".venv-sam" / "bin" / "sam").write_text("#!/bin/sh\n", encoding="utf-8")
    for path in (*programs.iterdir(), root / ".venv-sam" / "bin" / "sam"):
        path.chmod(0o755)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "-q"], cwd=root, check=True)
    subprocess.run([*git, "add", "-A"], cwd=root, check=True)
    subprocess.run([*git, "commit", "-qm", "x"], cwd=root, check=True)
    return root


def run(checkout: Path, fails: str = "nothing", on: str = "") -> tuple[int, str, list[str]]:
    """Run it, and return its exit code, what it printed, and how `make` was called."""
    calls = checkout.parent / "calls"
    calls.write_text("", encoding="utf-8")
    environment = {
        "PATH": f"{checkout.parent / 'programs'}:/usr/bin:/bin",
        "HOME": str(checkout.parent),
        "CALLS": str(calls),
        "FAILS": fails,
        "FAILS_ON": on,
        "TMPDIR": str(checkout.parent),
    }
    command = ["bash", str(checkout / ".ci" / "run")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr, calls.read_text(encoding="utf-8").splitlines()


def test_it_ends_well_where_all_does_and_tests_two_pythons(checkout: Path) -> None:
    code, said, calls = run(checkout)
    assert (code, said.splitlines()[-1]) == (0, "== done")
    tested = {call.split("PYTHON=")[1].split()[0]: call for call in calls if call.startswith("test ")}
    assert set(tested) == {"/opt/python3.11", "/opt/python3.13"}
    # The whole suite where Lambda runs it, with coverage; the rest on the oldest Python.
    assert not {"TESTS=", "COVERAGE="} & {word[: word.find("=") + 1] for word in tested["/opt/python3.13"].split()}
    (chosen,) = tested["/opt/python3.11"].split("TESTS=")[1:]
    # But what takes long.
    quick = '-m "not slow" '
    assert chosen.startswith(f"{quick}tests/unit tests/infra tests/operate tests/integration/")
    assert [path for path in chosen.removeprefix(quick).split() if not (TEMPLATE.parent / path).exists()] == []


def test_at_the_end_it_says_how_long_each_step_took(checkout: Path) -> None:
    _, said, calls = run(checkout)
    told = said.partition("== how long each took, side by side\n")[2]
    # The artifact is built twice, and SAM's own build is no call of make.
    assert len(re.findall(r"^ *\d+ s  \S", told, re.MULTILINE)) == len(calls) + 1
    assert re.search(r"^ *\d+ s  all$", told, re.MULTILINE)


@pytest.mark.parametrize(
    ("fails", "on"),
    [
        ("test", ".venv-first"),
        ("test", ".venv-3.11"),
        ("check", ".venv-3.11"),
        ("newcomer", ""),
        ("fuzz", ""),
        ("faults", ""),
        ("deployed", ""),
        ("sam-local", ""),
        (".venv-sam/.installed", ""),
        ("template", ""),
        ("build", ""),
    ],
)
def test_what_fails_makes_it_fail(checkout: Path, fails: str, on: str) -> None:
    code, said, calls = run(checkout, fails, on)
    assert code != 0
    assert "== done" not in said
    # Failures come last, where readers of a log start; and no step was skipped because of one.
    assert re.search(r"\n== failed: .+\n(.+\n)*it is broken here\n\Z", said)
    assert {"test", "check", "deployed", "sam-local"} <= {call.split()[0] for call in calls}


def test_a_file_that_is_left_in_the_tree_makes_it_fail(checkout: Path) -> None:
    (checkout / "stray").write_text("x", encoding="utf-8")
    code, said, _ = run(checkout)
    assert code != 0
    assert "?? stray" in said


def test_make_lets_python_cache_bytecode_even_if_the_environment_forbids_it() -> None:
    command = ["make", "--silent", "--eval", "shown: ; @env", "shown"]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OTHER": "1"}
    done = subprocess.run(command, cwd=TEMPLATE.parent, env=environment, capture_output=True, text=True, check=True)
    assert "OTHER=1" in done.stdout.splitlines()
    assert "PYTHONDONTWRITEBYTECODE" not in done.stdout
