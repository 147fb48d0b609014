"""`python -m infra.build`: which interpreter and packages it uses, and what it writes."""

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

import infra.build
from infra.build import BuildError, compile_models, install, interpreter
from infra.template import TEMPLATE


def test_only_an_interpreter_of_lambdas_version_compiles() -> None:
    version = sys.version_info[:2]
    assert interpreter(version, None) == interpreter(version, sys.executable) == sys.executable
    for given, problem in ((sys.executable, f"{sys.executable} is not it"), (None, "it is not on the PATH")):
        with pytest.raises(BuildError, match=rf"by Python 3\.0, and {problem}\. .*: make build LAMBDA_PYTHON=/"):
            interpreter((3, 0), given)


def _wheel(folder: Path, processor: str) -> str:
    """Write a wheel for a processor, with a module that names the processor. Return its hash."""
    path = folder / f"lone-1-cp311-abi3-manylinux_2_28_{processor}.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("lone.py", processor)
        wheel.writestr("lone-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: lone\nVersion: 1\n")
        wheel.writestr("lone-1.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n")
        wheel.writestr("lone-1.dist-info/RECORD", "")
    return f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"


def test_packages_are_those_for_lambdas_processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashes = [_wheel(tmp_path, processor) for processor in ("aarch64", "x86_64")]
    requirements, into = tmp_path / "requirements.txt", tmp_path / "into"
    requirements.write_text(f"lone==1 {' '.join(hashes)}\n", encoding="utf-8")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    install(requirements, into, sys.executable, "arm64")
    assert (into / "lone.py").read_text(encoding="utf-8") == "aarch64"


def test_a_deploy_finds_the_functions_with_their_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    built: list[str | None] = []

    def build(into: Path, _python: str, architecture: str | None) -> None:
        built.append(architecture)
        (into / "contact").mkdir(parents=True)
        (into / "contact" / "handler.py").write_text("handler = None\n", encoding="utf-8")

    for name, value in (
        ("ROOT", tmp_path),
        ("BUILD", tmp_path / "build"),
        ("ARCHIVE", tmp_path / "guichet.zip"),
        ("build", build),
        ("interpreter", lambda *_: sys.executable),
    ):
        monkeypatch.setattr(infra.build, name, value)
    infra.build.main([])
    assert built == ["arm64"]
    assert (tmp_path / "build" / "template.yaml").read_bytes() == TEMPLATE.read_bytes()
    with zipfile.ZipFile(tmp_path / "guichet.zip") as archived:
        assert archived.namelist() == ["contact/handler.py"]
    told = capsys.readouterr().out
    assert hashlib.sha256((tmp_path / "guichet.zip").read_bytes()).hexdigest() in told
    assert "for arm64, python3.13" in told


def test_models_are_only_compiled_by_the_pinned_pydantic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(infra.build, "version", lambda _: "0.1")
    with pytest.raises(BuildError, match=r"pydantic 0\.1 is not the version of functions/requirements\.txt"):
        compile_models()
