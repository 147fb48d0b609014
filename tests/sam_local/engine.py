"""The container engine for the SAM CLI: the one that it finds, or our own Docker, which leaves nothing behind.

Our own Docker needs root and `dockerd`, but no network: it runs in a network namespace of this process, so the bridge,
the addresses and the firewall rules that it creates are not the machine's. Anything that this process starts is in
there too.
"""

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.sam_local.image import VARIABLES, make_image

_IN_SAM = Path(__file__).with_name("in_sam.py")
# unshare(2), setns(2), netdevice(7).
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
# How long dockerd may take to answer, and to stop, in seconds.
_PATIENCE = 60
# What dockerd creates no matter where its data is; the innermost first.
_BESIDE = tuple(map(Path, ("/etc/docker/key.json", "/etc/docker", "/run/docker/plugins", "/run/docker")))


class NoEngineError(Exception):
    """There is no container engine here, and none can be started. The text says what is missing."""


@dataclass(frozen=True)
class Engine:
    """What the SAM CLI's commands need in their environment, and where this machine's network is, if not here."""

    told: str
    variables: Mapping[str, str] = field(default_factory=dict)
    network: int | None = None

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Enter the machine's own network for the duration of the block, where packages can be fetched."""
        if self.network is None:
            yield
            return
        own = os.open("/proc/self/ns/net", os.O_RDONLY)
        try:
            _enter(self.network)
            yield
        finally:
            _enter(own)
            os.close(own)


@contextmanager
def engine(sam: Path, python: str, runtime: str, architecture: str, requirements: Path) -> Iterator[Engine]:
    """Find an engine, or start one with a base image made here; end it afterwards. Raises NoEngineError.

    `sam` is the folder of the SAM CLI's programs, `python` an interpreter of the runtime's version, `requirements` a
    hashed requirements file with Lambda's runtime client.
    """
    done = _in_sam(sam, "ask", runtime, architecture)
    asked = json.loads(done.stdout)
    if asked["answers"]:
        yield Engine("the container engine of this machine, and AWS's image")
        return
    if missing := _missing():
        raise NoEngineError(f"no container engine answers the SAM CLI, and none can be started: {', '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="guichet-sam-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        # From the machine's own network: its packages are fetched.
        image = make_image(python, requirements, architecture, folder)
        with _own_network() as network, _docker(folder) as address:
            os.environ["DOCKER_HOST"] = address
            changes = "\n".join(("WORKDIR /var/task", *(f"ENV {name}={value}" for name, value in VARIABLES.items())))
            _in_sam(sam, "load", asked["image"], str(image), changes)
            image.unlink()
            variables = {"DOCKER_HOST": address, "SAM_SKIP_PULL_IMAGE": "1"}
            yield Engine("a Docker of our own, and an image made here", variables, network)


def _in_sam(sam: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sam / "python", _IN_SAM, *arguments], check=True, stdout=subprocess.PIPE, text=True)


def _missing() -> list[str]:
    """Return what our own Docker lacks here."""
    if sys.platform != "linux":
        return ["that needs Linux"]
    missing = [] if os.geteuid() == 0 else ["that needs root"]
    return missing + [f"{name} is not here" for name in ("dockerd", "setpriv", "ldd") if shutil.which(name) is None]


@contextmanager
def _own_network() -> Iterator[int]:
    """Move this process into a new network namespace; yield the descriptor of the previous one."""
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    _call("unshare", _CLONE_NEWNET)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            name = b"lo".ljust(16, b"\0")
            (flags,) = struct.unpack_from("h", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, name + bytes(24)), 16)
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, name + struct.pack("h22x", flags | _IFF_UP))
        yield network
    finally:
        _enter(network)
        os.close(network)


def _enter(network: int) -> None:
    _call("setns", network, _CLONE_NEWNET)


def _call(name: str, *arguments: int) -> None:
    """Call a function of the C library. Raises OSError."""
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


@contextmanager
def _docker(scratch: Path) -> Iterator[str]:
    """Run a Docker that keeps all its data in a scratch folder; yield its address."""
    beside = [path for path in _BESIDE if not path.exists()]
    (scratch / "daemon.json").write_text("{}", encoding="utf-8")
    log, at = scratch / "dockerd.log", scratch / "docker.sock"
    # If this process dies, so does it.
    command = ["setpriv", "--pdeathsig", "TERM", "dockerd", "--host", f"unix://{at}"]
    for option, name in (
        ("--config-file", "daemon.json"),
        ("--data-root", "data"),
        ("--exec-root", "exec"),
        ("--pidfile", "pid"),
    ):
        command += [option, str(scratch / name)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _answers(at):
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
                raise NoEngineError("\n".join(("dockerd does not start:", *words)))
            time.sleep(0.1)
        yield f"unix://{at}"
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for path in beside:
            with suppress(OSError):
                path.rmdir() if path.is_dir() else path.unlink()


def _answers(at: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as asking, suppress(OSError):
        asking.settimeout(5)
        asking.connect(str(at))
        asking.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
        return b" 200 " in asking.recv(64)
    return False
