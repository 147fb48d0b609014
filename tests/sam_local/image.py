"""A base image for Lambda's Python functions, made from what is on this machine, for when AWS's own cannot be pulled.

It has what the SAM CLI and its Lambda emulator look for in AWS's: Python under `/var/lang`, AWS's runtime client and
`bootstrap` under `/var/runtime`, and the commands with which the SAM CLI adds its emulator. The C library is this
machine's, and there is no boto3 in addition to the functions' own packages.
"""

import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.build import compile_all, install

# The runtime client and what it imports. It is pinned among the packages of the tests.
_CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
# What the SAM CLI's Dockerfile calls.
_COMMANDS = ("sh", "mv", "chmod", "cp", "rm")
# In addition to what these are linked with, what wheels may expect of a system (PEP 599, manylinux2014).
_OF_THE_SYSTEM = (
    *("libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "libresolv.so.2", "librt.so.1"),
    *("libstdc++.so.6", "libutil.so.1"),
)
# The parts of the standard library that no function imports.
_LEFT_OUT = ("ensurepip", "idlelib", "site-packages", "test", "tkinter", "turtledemo")
_BOOTSTRAP = """\
#!/bin/sh
exec /var/lang/bin/python3 -m awslambdaric "${_HANDLER:-$1}"
"""
# As in AWS's image, plus the paths of the included libraries.
VARIABLES = {
    "PATH": "/var/lang/bin:/usr/bin:/bin",
    "LD_LIBRARY_PATH": "/var/lang/lib",
    "LANG": "C.UTF-8",
    "PYTHONPATH": "/var/runtime",
    "LAMBDA_TASK_ROOT": "/var/task",
    "LAMBDA_RUNTIME_DIR": "/var/runtime",
}
# In a virtual environment, `platstdlib` is a folder without a standard library, unless its base is given.
_WHERE = """
import json, os, sys, sysconfig
executable = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
base = {"platbase": sys.base_exec_prefix}
print(json.dumps([executable, sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib", vars=base)]))
"""


@dataclass(frozen=True)
class Libraries:
    """What the dynamic linker loads for some programs: itself, and the libraries by the names it looks for."""

    linker: str
    by_name: dict[str, str]


def libraries_of(programs: Iterable[Path]) -> Libraries:
    """Return the libraries that programs and modules are linked with, according to `ldd`."""
    linker = ""
    by_name: dict[str, str] = {}
    for program in programs:
        told = subprocess.run(["ldd", program], check=False, capture_output=True, text=True).stdout  # noqa: S607
        by_name |= dict(re.findall(r"^\s*(\S+) => (/\S+)", told, re.MULTILINE))
        # Its own line has no name before the path; the path is the one that programs are linked with.
        if own := re.search(r"^\s*(/\S*/ld-\S+)", told, re.MULTILINE):
            linker = own[1]
    system = Path(by_name["libc.so.6"]).parent
    by_name |= {name: str(system / name) for name in _OF_THE_SYSTEM if (system / name).exists()}
    return Libraries(linker, by_name)


def standard_library_of(python: str) -> list[Path]:
    """Return the executable of an interpreter, and the folders of its standard library and its C extensions.

    For a virtual environment, return those of its base interpreter.
    """
    done = subprocess.run([python, "-c", _WHERE], check=True, capture_output=True, text=True)
    return [Path(path) for path in json.loads(done.stdout)]


def make_image(python: str, client_requirements: Path, architecture: str, scratch: Path) -> Path:
    """Make the image's file system as a tar file in a scratch folder, and return its path.

    `python` is the interpreter of the version that the image is for; `client_requirements` is a hashed requirements
    file with the runtime client among others; `architecture` is Lambda's word, such as `x86_64`.
    """
    executable, *standard = standard_library_of(python)
    commands = {name: Path(os.path.realpath(str(shutil.which(name)))) for name in _COMMANDS}
    modules = sorted({module for folder in standard for module in (folder / "lib-dynload").glob("*.so")})
    client = scratch / "client"
    _install_client(client_requirements, client, python, architecture)
    libraries = libraries_of([executable, *modules, *commands.values(), *client.rglob("*.so")])
    target = scratch / "image.tar"
    with tarfile.open(target, "w") as tar:
        for folder in ("tmp", "var/task", "opt", "etc"):
            _add_folder(tar, folder, 0o1777 if folder == "tmp" else 0o755)
        tar.add(executable, f"var/lang/bin/{executable.name}")
        _link(tar, "var/lang/bin/python3", executable.name)
        version = standard[0].name
        for library_folder in dict.fromkeys(standard):
            tar.add(library_folder, f"var/lang/lib/{version}", filter=_wanted)
        for name, library in libraries.by_name.items():
            tar.add(os.path.realpath(library), f"var/lang/lib/{name}")
        tar.add(os.path.realpath(libraries.linker), libraries.linker.lstrip("/"))
        for name, path in commands.items():
            tar.add(path, f"bin/{name}")
        tar.add(client, "var/runtime")
        _add_file(tar, "var/runtime/bootstrap", _BOOTSTRAP)
    return target


def _install_client(requirements: Path, into: Path, python: str, architecture: str) -> None:
    """Install the runtime client, with the version and hashes that are pinned for the tests."""
    entries = re.split(r"\n(?=[a-z])", requirements.read_text(encoding="utf-8"))
    wanted = [entry for entry in entries if entry.partition("==")[0] in _CLIENT]
    own = into.parent / "client.txt"
    own.write_text("\n".join(wanted), encoding="utf-8")
    install(own, into, python, architecture)
    compile_all(into, python)


def _wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    # var/lang/lib/python3.13/NAME/…
    parts = Path(member.name).parts[4:]
    return None if parts and (parts[0] in _LEFT_OUT or parts[0].startswith("config-")) else member


def _add_folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    tar.addfile(member)


def _add_file(tar: tarfile.TarFile, name: str, text: str) -> None:
    member = tarfile.TarInfo(name)
    content = text.encode()
    member.size, member.mode = len(content), 0o755
    tar.addfile(member, io.BytesIO(content))


def _link(tar: tarfile.TarFile, name: str, to: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, to
    tar.addfile(member)
