"""The command as a separate package, as `pipx install .` and `uvx --from . guichet` make it from a checkout."""

import email
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from hatchling.build import build_editable, build_wheel

from infra.template import TEMPLATE
from tests.support.installed import with_only

CHECKOUT = TEMPLATE.parent
VERSION = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
# Without the module `site`, the checkout that a developer installed is not importable; the package's dependencies are.
_RUN = """
import sys

sys.path[:0] = {path!r}
import sitecustomize
from infra.operate import commands

try:
    commands.main(sys.argv[1:])
finally:
    modules = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
    # An environment may lie within the checkout.
    ours = [file for file in modules if file.startswith({checkout!r}) and "site-packages" not in file]
    assert not ours, ours
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    before = sorted(path.name for path in CHECKOUT.iterdir())
    with pytest.MonkeyPatch.context() as patch:
        # As a build frontend does.
        patch.chdir(CHECKOUT)
        file = folder / build_wheel(str(folder))
    # Nothing is left behind in the checkout.
    assert sorted(path.name for path in CHECKOUT.iterdir()) == before
    return zipfile.ZipFile(file)


def dependencies(wheel: zipfile.ZipFile) -> set[str]:
    """Return the names that a wheel requires."""
    (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return names(email.message_from_bytes(wheel.read(metadata)).get_all("Requires-Dist", ()))


def required_by(name: str) -> set[str]:
    # Dependencies that only other systems need are not installed.
    with suppress(PackageNotFoundError):
        return names(requires(name) or [])
    return set()


def names(requirements: list[str] | tuple[str, ...]) -> set[str]:
    needed = (requirement for requirement in requirements if "extra ==" not in requirement)
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-") for requirement in needed}


@pytest.fixture(scope="module")
def path(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return a PYTHONPATH with the wheel's modules and its requirements, and nothing else."""
    package, limited = tmp_path_factory.mktemp("package"), tmp_path_factory.mktemp("limited")
    wheel.extractall(package)
    needed = dependencies(wheel)
    while more := {one for name in needed for one in required_by(name)} - needed:
        needed |= more
    pins = limited / "pins.txt"
    pins.write_text("\n".join(f"{name}==0" for name in sorted(needed)), encoding="utf-8")
    return [with_only(pins, limited), str(package), *(entry for entry in sys.path if entry.endswith("-packages"))]


def test_it_contains_what_the_command_needs_and_no_more(wheel: zipfile.ZipFile) -> None:
    files = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {name.split("/")[0] for name in files} == {
        "comments", "contact", "guichet", "infra", "newsletter", "template.yaml",
    }  # fmt: skip
    assert {name.split("/")[1] for name in files if name.startswith("infra/")} == {
        "__init__.py", "openapi.yaml", "operate", "template.py",
    }  # fmt: skip
    tracked = {
        path.relative_to(CHECKOUT / "functions").as_posix()
        for path in (CHECKOUT / "functions/guichet").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and not path.match("locales/*/desk/*")
    }
    assert {name for name in files if name.startswith("guichet/")} == tracked
    assert not [name for name in files if "__pycache__" in name]


def test_it_requires_what_the_functions_import_too(wheel: zipfile.ZipFile) -> None:
    lines = (CHECKOUT / "functions/requirements.in").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line and line[0] not in "#-"} <= dependencies(wheel)
    # All of them are pinned for `make install`, too.
    pinned = re.findall(
        r"^([a-z0-9-]+)==", (CHECKOUT / "requirements-run.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert dependencies(wheel) <= set(pinned)


@pytest.mark.quick_cases(4)
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--version",), 0, f"guichet {VERSION}\n"),
        (("outbox", "send", "--help"), 0, "Usage: guichet outbox send"),
        # It reads the template.
        (("doctor", "--before", "SiteName=X", "--region", "eu-west-3"), 2, "SiteUrl: a value is required"),
        (("messages", "--local", "--port", "1"), 2, "no local stack answers"),
        (("forms", "check"), 0, "There is no functions/forms.toml"),
        (("forms", "openapi"), 0, "openapi: 3.1"),
        (("texts", "check"), 0, "There is no texts.toml"),
        (("issue", "new", "spring"), 0, "Wrote spring.md"),
        (("issue", "check", "--offline", "letter.fr.md"), 1, "letter.fr.md:4: has the relative link b"),
        (("issue", "preview", "letter.fr.md", "--into", "."), 0, "letter.fr.html"),
    ],
)
def test_it_runs_with_its_own_requirements_alone_from_any_folder(
    path: list[str], tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    (tmp_path / "letter.fr.md").write_text("---\nsubject: a\n---\n[a](b)\n", encoding="utf-8")
    done = run(path, tmp_path, arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.quick_cases(2)
@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("forms",), 0, "/f/devis"),
        (("forms", "check"), 0, "1 form is right."),
        (("forms", "check", "_site"), 1, "index.html:1: form devis, field email: is required"),
        (("forms", "html", "devis"), 0, 'action="https://YOUR-API/f/devis"'),
        (("forms", "openapi"), 0, "/f/devis:"),
        (("texts", "check"), 2, "texts.toml: [welcome.fr]"),
    ],
)
def test_it_reads_the_site_s_own_files_of_the_checkout_that_it_is_run_in(
    path: list[str], tmp_path: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    checkout = tmp_path / "checkout"
    site = checkout / "site" / "_site"
    site.mkdir(parents=True)
    (site / "index.html").write_text('<form action="https://a.example/f/devis" method="post"></form>', encoding="utf-8")
    (checkout / "functions").mkdir()
    (checkout / "template.yaml").touch()
    form = '[devis]\nfields.email = { type = "email", required = true }\n'
    (checkout / "functions" / "forms.toml").write_text(form, encoding="utf-8")
    (checkout / "functions" / "texts.toml").write_text("[welcome]\nfr = 1\n", encoding="utf-8")
    done = run(path, site.parent, arguments)
    assert done.returncode == code, done.stderr
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def run(path: list[str], folder: Path, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Run the command of the wheel in a folder."""
    code_to_run = _RUN.format(path=path, checkout=f"{CHECKOUT}{os.sep}")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "COV"))}
    return subprocess.run(
        [sys.executable, "-S", "-c", code_to_run, *arguments],
        cwd=folder, env=plain, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_make_install_points_at_the_checkout_and_copies_nothing(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(CHECKOUT)
        file = tmp_path / build_editable(str(tmp_path))
    with zipfile.ZipFile(file) as editable:
        assert {name for name in editable.namelist() if ".dist-info/" not in name} == {"_guichet.pth"}
        assert editable.read("_guichet.pth").decode().split() == [str(CHECKOUT), str(CHECKOUT / "functions")]
