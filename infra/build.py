"""`python -m infra.build`: the functions as Lambda gets them, in `.aws-sam/build`, from where `sam deploy` takes them.

Neither Docker nor an arm64 machine is needed: every dependency has wheels. The same sources give the same bytes.
What makes the artifact small and quick to start, and is checked by tests/artifact:

- packages, services and operations that nothing uses are left out (`UNUSED`, `OPERATIONS`);
- bytecode is made by Lambda's own version of Python, marked as not to be checked against its source. Lambda's folder
  of code is read-only, and the dates in SAM's archives are all 1980, so ordinary bytecode would be stale there.
"""

import argparse
import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.template import TEMPLATE, Template

ROOT = TEMPLATE.parent
FUNCTIONS = ROOT / "functions"
BUILD = ROOT / ".aws-sam" / "build"
ARCHIVE = ROOT / ".aws-sam" / "guichet.zip"

# Lambda's Amazon Linux 2023 has glibc 2.34. AWS: "Lambda runtimes".
_PLATFORMS = {
    "arm64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
    "x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
}
# botocore is used without boto3, whose resources and transfers cost start-up time. The rest is for other tools.
UNUSED = (
    "*.dist-info",
    "bin",
    "**/*.c",
    "**/*.pyi",
    "**/py.typed",
    "boto3",
    "s3transfer",
    "botocore/data/*/",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[afipsv]*/",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/kafka",
    "dateutil/zoneinfo",
    "pydantic/deprecated",
    "pydantic/v1",
)
# What the functions ask of AWS. A test compares it with what they were seen to ask.
OPERATIONS: Mapping[str, Sequence[str]] = {
    "dynamodb": ("DeleteItem", "GetItem", "Query", "Scan", "TransactWriteItems", "UpdateItem"),
    "sesv2": ("GetAccount", "SendEmail"),
}
# Under which names endpoints.json knows them.
_ENDPOINTS = ("dynamodb", "email")
_OURS = (".py", ".html", ".css", ".txt")


class BuildError(Exception):
    """The build cannot be made here. The text says what is missing."""


def build(
    into: Path, python: str, architecture: str | None, operations: Mapping[str, Sequence[str]] = OPERATIONS
) -> None:
    """Make the artifact in a folder, anew; its bytecode by an interpreter; for this machine without an architecture.

    Of botocore's services it holds the operations, by service.

    Raises BuildError, and CalledProcessError where pip fails.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    install(FUNCTIONS / "requirements.txt", into, python, architecture)
    data = into / "botocore" / "data"
    models = {service: _model(data / service, names) for service, names in operations.items()}
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    for pattern in UNUSED:
        # A list: what is under a folder that goes is gone with it.
        for found in list(into.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    for path, content in models.values():
        for name, part in content.items():
            _write_json(path / name, part)
    for partition in endpoints["partitions"]:
        services = partition["services"]
        partition["services"] = {name: services[name] for name in _ENDPOINTS if name in services}
    _write_json(data / "endpoints.json", endpoints)
    for source in _sources():
        target = into / source.relative_to(FUNCTIONS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    compile_all(into, python)
    for path in into.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def install(requirements: Path, into: Path, python: str, architecture: str | None) -> None:
    """Install hashed requirements into a folder, wheels only, with the pip of this environment and its settings."""
    pip = [sys.executable, "-m", "pip"]
    there: list[str] = ["--target", str(into)]
    if architecture is None:
        pip += ["--python", python]
    else:
        there += ["--implementation", "cp", "--python-version", ".".join(map(str, version_of(python)))]
        there += [part for platform in _PLATFORMS[architecture] for part in ("--platform", platform)]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--no-compile"]
    command = [*pip, "install", *options, "--only-binary", ":all:", *there, "-r", str(requirements)]
    subprocess.run(command, check=True)  # noqa: S603  our own arguments


def compile_all(folder: Path, python: str) -> None:
    """Compile a folder to bytecode that Lambda takes as it is, and that is the same wherever it is made."""
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", "/var/task"]
    # The order of a set in the bytecode follows the hashes of its strings.
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run([python, "-m", "compileall", "-q", "-f", *options, str(folder)], check=True, env=environment)  # noqa: S603


def version_of(python: str) -> tuple[int, ...]:
    """Return the major and minor version of an interpreter. Raises BuildError where it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{python} does not run") from error
    return tuple(map(int, done.stdout.split()))


def archive(folder: Path, into: Path) -> None:
    """Zip a folder, with the same bytes for the same content: names in order, one date."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())


def size_of(folder: Path) -> int:
    """Return how many bytes the files of a folder hold."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sources() -> Iterator[Path]:
    """Yield our own files: the packages of functions/ and their templates."""
    for path in sorted(FUNCTIONS.rglob("*")):
        nested = path.parent != FUNCTIONS and "__pycache__" not in path.parts
        if nested and path.suffix in _OURS:
            yield path


def _model(folder: Path, operations: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    """Return the newest description of a service, by file, with nothing but the operations and what they refer to."""
    newest = max(folder.iterdir())
    service = json.loads(gzip.decompress((newest / "service-2.json.gz").read_bytes()))
    rules = json.loads(gzip.decompress((newest / "endpoint-rule-set-1.json.gz").read_bytes()))
    kept = {name: service["operations"][name] for name in operations}
    shapes: dict[str, Any] = {}
    _collect(kept, service["shapes"], shapes)
    service |= {"operations": kept, "shapes": dict(sorted(shapes.items()))}
    # An uncompressed file is what botocore looks for first.
    return newest, {"service-2.json": _without_words(service), "endpoint-rule-set-1.json": rules}


def _collect(node: Any, every: dict[str, Any], into: dict[str, Any]) -> None:
    """Collect the shapes that a part of a service's description refers to."""
    if isinstance(node, dict):
        name = node.get("shape")
        if isinstance(name, str) and name not in into:
            into[name] = every[name]
            _collect(every[name], every, into)
        parts: Iterable[Any] = node.values()
    else:
        parts = node if isinstance(node, list) else ()
    for part in parts:
        _collect(part, every, into)


def _without_words(node: Any) -> Any:
    """Return a description without its documentation. A member may bear that name: then it is no text."""
    if isinstance(node, dict):
        kept = {name: part for name, part in node.items() if not (name == "documentation" and isinstance(part, str))}
        return {name: _without_words(part) for name, part in kept.items()}
    return [_without_words(part) for part in node] if isinstance(node, list) else node


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def interpreter(version: tuple[int, ...], wanted: str | None) -> str:
    """Return an interpreter of a version: the one that is wanted, this one, or the one on the PATH."""
    name = ".".join(map(str, version))
    for python in [wanted] if wanted else [sys.executable, f"python{name}"]:
        try:
            if version_of(python) == version:
                return python
        except BuildError:
            continue
    where = f"{wanted} is not it" if wanted else "it is not on the PATH"
    raise BuildError(
        f"Python {name} makes the bytecode that Lambda runs, and {where}. "
        f"Install it, or say where it is: make build LAMBDA_PYTHON=/path/to/python{name}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Build for Lambda, and print sizes and hash."""
    function = Template.load().defaults("Function")
    version = tuple(map(int, str(function["Runtime"]).removeprefix("python").split(".")))
    (architecture,) = function["Architectures"]
    parser = argparse.ArgumentParser(prog="python -m infra.build", description="Build the functions for Lambda.")
    parser.add_argument("--python", help="the interpreter that makes the bytecode, of the version that Lambda runs")
    python = interpreter(version, parser.parse_args(arguments).python or None)
    code = BUILD / "functions"
    build(code, python, architecture)
    # Its CodeUri is relative to where it lies, so it holds here as it stands.
    shutil.copyfile(TEMPLATE, BUILD / "template.yaml")
    archive(code, ARCHIVE)
    digest = hashlib.sha256(ARCHIVE.read_bytes()).hexdigest()
    print(f"{code.relative_to(ROOT)}: {size_of(code) / 1e6:.1f} MB for {architecture}, {function['Runtime']}")
    print(f"{ARCHIVE.relative_to(ROOT)}: {ARCHIVE.stat().st_size / 1e6:.1f} MB, sha256 {digest}")


if __name__ == "__main__":
    try:
        main()
    except BuildError as error:
        sys.exit(str(error))
