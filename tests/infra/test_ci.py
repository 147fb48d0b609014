"""`.ci/run` fails if anything that it calls fails. Its commands are simulated here."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.template import TEMPLATE

# `make` fails for the target that the test names, and each call is recorded.
_MAKE = """#!/bin/sh
echo "$*" >>"$CALLS"
case " $* " in *" $FAILS "*"$FAILS_ON"*) echo "it is broken here"; exit 1 ;; esac
"""
# `apt-get` records each call too, and fails for the package that the test names.
_APT = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case " $* " in *" $FAILS "*) exit 100 ;; esac
"""
_PYTHON = "#!/bin/sh\necho /opt/$(basename $0)\n"


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of the machine's programs, without those that `.ci/run` installs."""
    folder = tmp_path_factory.mktemp("system")
    for name, path in {path.name: path for of in ("/bin", "/usr/bin") for path in Path(of).iterdir()}.items():
        if not re.match("chromium|google-chrome|node|npm|soffice|libreoffice|spamassassin|docker", name):
            (folder / name).symlink_to(path)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, system: Path) -> Path:
    """Return a checkout with `.ci/run` but nothing that it calls, except for stand-ins on the path."""
    root, programs = tmp_path / "checkout", tmp_path / "programs"
    for folder in (root / ".ci", root / ".aws-sam", root / ".venv-sam" / "bin", programs):
        folder.mkdir(parents=True)
    (tmp_path / "system").symlink_to(system)
    for name in (".ci/run", ".gitignore"):
        shutil.copy(TEMPLATE.parent / name, root / name)
    found = ("chromium", "node", "npm", "soffice", "spamassassin", "dockerd")
    played = dict.fromkeys(found, "#!/bin/sh\n") | {"sudo": '#!/bin/sh\n[ "$1" = -n ] && shift\nexec "$@"\n'}
    played |= {"apt-get": _APT, "make": _MAKE, "python3.11": _PYTHON, "python3.13": _PYTHON, "python3": _PYTHON}
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
    """Run it, and return its exit code, what it printed, and how `make` and `apt-get` were called."""
    calls = checkout.parent / "calls"
    calls.write_text("", encoding="utf-8")
    environment = {
        "PATH": f"{checkout.parent / 'programs'}:{checkout.parent / 'system'}",
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
    # Except for what takes long.
    quick = '-m "not slow and not medium" '
    assert chosen.startswith(f"{quick}tests/unit tests/infra tests/operate tests/integration/")
    assert [path for path in chosen.removeprefix(quick).split() if not (TEMPLATE.parent / path).exists()] == []


def test_at_the_end_it_says_how_long_each_step_took(checkout: Path) -> None:
    _, said, calls = run(checkout)
    told = said.partition("== how long each took, side by side\n")[2]
    # SAM's own build does not call make, and the last line is the total.
    made = [call for call in calls if not call.startswith("apt-get ")]
    assert len(re.findall(r"^ *\d+ s  \S", told, re.MULTILINE)) == len(made) + 2
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
    # Failures are listed last, where people start reading a log; and no step was skipped because of one.
    assert re.search(r"\n== failed: .+\n(.+\n)*it is broken here\n\Z", said)
    assert {"test", "check", "deployed", "sam-local"} <= {call.split()[0] for call in calls}


@pytest.mark.parametrize(
    ("here", "fails", "installed"),
    [
        (["chromium"], "nothing", ["chromium-headless-shell"]),
        (["chromium"], "chromium-headless-shell", ["chromium-headless-shell"]),
        ([], "chromium-headless-shell", ["chromium-headless-shell", "chromium"]),
        (["chromium-headless-shell"], "nothing", []),
        # Not even the package lists can be read.
        (["chromium"], "-qq", ["chromium-headless-shell"]),
    ],
)
def test_any_chromium_will_do(checkout: Path, here: list[str], fails: str, installed: list[str]) -> None:
    programs = checkout.parent / "programs"
    (programs / "chromium").rename(programs / "elsewhere")
    for name in here:
        shutil.copy(programs / "elsewhere", programs / name)
    code, said, calls = run(checkout, fails)
    assert (code, said.splitlines()[-1]) == (0, "== done")
    assert [call.split()[-1] for call in calls if call.startswith("apt-get install ")] == installed


def test_what_cannot_be_installed_makes_it_fail(checkout: Path) -> None:
    (checkout.parent / "programs" / "soffice").unlink()
    code, said, _ = run(checkout, "libreoffice-calc-nogui")
    assert code != 0
    assert "== done" not in said


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
