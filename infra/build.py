"""`python -m infra.build`: build the functions for Lambda in `.aws-sam/build`, where `sam deploy` finds them.

This needs neither Docker nor an arm64 machine: every dependency has wheels. Builds are reproducible, byte for byte. The
artifact is small and fast to start, and tests/artifact checks why:

- unused packages, services and operations are left out (`UNUSED`, `REPLACED`, `OPERATIONS`);
- the validators of the models are compiled, so that pydantic itself stays here (guichet.model), and so are the
  definitions of the site's own forms (guichet.definitions);
- bytecode is compiled by Lambda's own version of Python and never checked against its source. In Lambda the code folder
  is read-only, and SAM's archives date every file 1980, so ordinary bytecode would be stale.
"""

import argparse
import gzip
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from guichet.definitions import forms_file, lookup
from guichet.mail import texts
from guichet.model import COMPILED, Model, compiled
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
# botocore is used without boto3, whose resources and transfers slow the start. The rest serves other tools.
UNUSED = (
    "*.dist-info",
    "bin",
    "**/*.c",
    "**/*.pyi",
    "**/py.typed",
    "annotated_types",
    "boto3",
    "pydantic",
    "s3transfer",
    "typing_inspection",
    "botocore/data/*/",
    "botocore/data/partitions.json",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/[afipsv]*/",
    "aws_lambda_powertools/utilities/circuit_breaker",
    "aws_lambda_powertools/utilities/data_masking",
    "aws_lambda_powertools/utilities/kafka",
    "dateutil/zoneinfo",
)
# Modules that are only imported for features the functions never use, and their replacements. botocore would generate
# documentation for its clients; pydantic-core would describe its schemas to type checkers.
REPLACED = {
    "botocore/docs/__init__.py": "",
    "botocore/docs/docstring.py": """
class ClientMethodDocstring(str):
    def __new__(cls, *args, **kwargs):
        return super().__new__(cls)


PaginatorDocstring = WaiterDocstring = ClientMethodDocstring
""",
    "pydantic_core/core_schema.py": "CoreConfig = CoreSchema = CoreSchemaType = ErrorType = dict\n",
}
# The AWS operations that the functions call. A test compares them with the calls it observes.
OPERATIONS: Mapping[str, Sequence[str]] = {
    "dynamodb": (
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactWriteItems",
        "UpdateItem",
    ),
    "sesv2": ("DeleteSuppressedDestination", "GetAccount", "SendEmail"),
}
# The names of these services in endpoints.json.
_ENDPOINTS = ("dynamodb", "email")
_OURS = (".py", ".html", ".css", ".js", ".txt")
# The texts of the operator's commands, which no function uses.
_OF_COMMANDS = "guichet/locales/*/commands/*"


class BuildError(Exception):
    """The build is not possible here. The message says what is missing."""


def build(
    into: Path,
    python: str,
    architecture: str | None,
    operations: Mapping[str, Sequence[str]] = OPERATIONS,
    *,
    forms: Path | None = None,
) -> None:
    """Build the artifact in a folder, from scratch, with bytecode compiled by the interpreter `python`.

    Without an architecture, build for this machine. `operations` are botocore's operations to keep, by service. `forms`
    is the file of the site's own forms, by default the checkout's, which may be missing.

    Raises BuildError, or CalledProcessError if pip fails.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    install(FUNCTIONS / "requirements.txt", into, python, architecture)
    data = into / "botocore" / "data"
    models = {service: _model(data / service, names) for service, names in operations.items()}
    endpoints = json.loads((data / "endpoints.json").read_text(encoding="utf-8"))
    for pattern in UNUSED:
        # A list first: deleting a folder also deletes matches inside it.
        for found in list(into.glob(pattern)):
            shutil.rmtree(found) if found.is_dir() else found.unlink(missing_ok=True)
    for name, replacement in REPLACED.items():
        # Only an existing file can be replaced: a new version of the package may have moved it.
        with (into / name).open("r+", encoding="utf-8") as file:
            file.truncate()
            file.write(replacement)
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
    include_texts(into)
    (into / COMPILED.relative_to(FUNCTIONS)).write_text(compile_models(), encoding="utf-8")
    compile_forms(forms or lookup.SOURCE, into / lookup.COMPILED.relative_to(FUNCTIONS))
    compile_all(into, python)
    for path in into.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def include_texts(into: Path) -> None:
    """Copy the owner's own texts for emails, if there are any. Raises BuildError if they are invalid."""
    try:
        texts.read(texts.FILE.read_bytes())
    except FileNotFoundError:
        return
    except texts.TextsError as error:
        raise BuildError("\n".join(f"{texts.FILE.name}: {mistake}" for mistake in str(error).splitlines())) from error
    shutil.copyfile(texts.FILE, into / texts.FILE.name)


def compile_models() -> str:
    """Return the core schemas of all models below `functions/`. Raises BuildError if pydantic is another version."""
    pins = (FUNCTIONS / "requirements.txt").read_text(encoding="utf-8")
    for package in ("pydantic", "pydantic-core"):
        if f"\n{package}=={version(package)} " not in pins:
            raise BuildError(f"{package} {version(package)} is not the version of functions/requirements.txt")
    for source in _sources():
        if source.suffix == ".py":
            import_module(".".join(source.relative_to(FUNCTIONS).with_suffix("").parts))
    return compiled(model for model in _subclasses(Model) if _is_ours(model))


def compile_forms(source: Path, into: Path) -> None:
    """Check the file of the site's own forms, if there is one, and write a file for each. Raises BuildError."""
    if not source.exists():
        return
    try:
        forms = forms_file.read(source)
    except forms_file.FormsFileError as error:
        raise BuildError(f"{source.name} is wrong:\n{error}") from None
    into.mkdir()
    for name, form in forms.items():
        (into / f"{name}.json").write_text(form.as_json(), encoding="utf-8")


def _is_ours(model: type[Model]) -> bool:
    """Return whether a model belongs to the functions: this process may have others."""
    return (FUNCTIONS / model.__module__.partition(".")[0]).is_dir()


def _subclasses(model: type[Model]) -> Iterator[type[Model]]:
    for subclass in model.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def install(requirements: Path, into: Path, python: str, architecture: str | None) -> None:
    """Install hashed requirements into a folder, from wheels only, with this environment's pip and its settings."""
    pip = [sys.executable, "-m", "pip"]
    target: list[str] = ["--target", str(into)]
    if architecture is None:
        # With this, pip runs itself again, even if the interpreter is its own.
        pip += ["--python", python] if python != sys.executable else []
    else:
        target += ["--implementation", "cp", "--python-version", ".".join(map(str, version_of(python)))]
        target += [part for platform in _PLATFORMS[architecture] for part in ("--platform", platform)]
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes", "--no-compile"]
    command = [*pip, "install", *options, "--only-binary", ":all:", *target, "-r", str(requirements)]
    subprocess.run(command, check=True)  # noqa: S603  our own arguments


def compile_all(folder: Path, python: str) -> None:
    """Compile a folder to reproducible bytecode that Lambda uses without checking the sources."""
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", "/var/task"]
    subprocess.run([python, "-m", "compileall", "-q", "-f", *options, str(folder)], check=True)  # noqa: S603


def version_of(python: str) -> tuple[int, ...]:
    """Return the major and minor version of an interpreter. Raises BuildError if it does not run."""
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{python} does not run") from error
    return tuple(map(int, done.stdout.split()))


def archive(folder: Path, into: Path) -> None:
    """Zip a folder reproducibly: names sorted, a fixed date."""
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, path.read_bytes())


def size_of(folder: Path) -> int:
    """Return the total size of a folder's files, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _sources() -> Iterator[Path]:
    """Yield our own files: the packages of functions/ and their templates."""
    for path in sorted(FUNCTIONS.rglob("*")):
        if path.parent != FUNCTIONS and path.suffix in _OURS and not path.match(_OF_COMMANDS):
            yield path


def _model(folder: Path, operations: Sequence[str]) -> tuple[Path, dict[str, Any]]:
    """Return the newest model of a service, by file, reduced to some operations and the shapes they refer to.

    Without its rules for endpoints, which botocore would go through at each call, it takes the endpoint from the list
    in endpoints.json, once. A test compares the two in every region.
    """
    newest = max(folder.iterdir())
    service = json.loads(gzip.decompress((newest / "service-2.json.gz").read_bytes()))
    kept = {name: service["operations"][name] for name in operations}
    shapes: dict[str, Any] = {}
    _collect(kept, service["shapes"], shapes)
    service |= {"operations": kept, "shapes": dict(sorted(shapes.items()))}
    # botocore looks for an uncompressed file first.
    return newest, {"service-2.json": _without_documentation(service)}


def _collect(node: Any, shapes: dict[str, Any], into: dict[str, Any]) -> None:
    """Collect the shapes that a part of a service's model refers to."""
    if isinstance(node, dict):
        name = node.get("shape")
        if isinstance(name, str) and name not in into:
            into[name] = shapes[name]
            _collect(shapes[name], shapes, into)
        parts: Iterable[Any] = node.values()
    else:
        parts = node if isinstance(node, list) else ()
    for part in parts:
        _collect(part, shapes, into)


def _without_documentation(node: Any) -> Any:
    """Return a model without its documentation. A member may have that name, but then it is not a string."""
    if isinstance(node, dict):
        kept = {name: part for name, part in node.items() if not (name == "documentation" and isinstance(part, str))}
        return {name: _without_documentation(part) for name, part in kept.items()}
    return [_without_documentation(part) for part in node] if isinstance(node, list) else node


def _write_json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")


def interpreter(version: tuple[int, ...], given: str | None) -> str:
    """Return an interpreter of a version: the given one, else this one or the one on the PATH."""
    name = ".".join(map(str, version))
    for python in [given] if given else [sys.executable, f"python{name}"]:
        try:
            if version_of(python) == version:
                return python
        except BuildError:
            continue
    problem = f"{given} is not it" if given else "it is not on the PATH"
    raise BuildError(
        f"Lambda's bytecode must be compiled by Python {name}, and {problem}. "
        f"Install it, or give its path: make build LAMBDA_PYTHON=/path/to/python{name}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Build for Lambda, and print the sizes and the hash."""
    function = Template.load().defaults("Function")
    version = tuple(map(int, str(function["Runtime"]).removeprefix("python").split(".")))
    (architecture,) = function["Architectures"]
    parser = argparse.ArgumentParser(prog="python -m infra.build", description="Build the functions for Lambda.")
    parser.add_argument("--python", help="the interpreter to compile the bytecode with, of Lambda's version")
    python = interpreter(version, parser.parse_args(arguments).python or None)
    code = BUILD / "functions"
    build(code, python, architecture)
    # Its CodeUri is relative to the template, so it needs no change here.
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
