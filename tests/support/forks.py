"""Run a Python program many times, each in a fork of one process that has already imported it.

Each run is a process of its own, with its own arguments, streams and exit code. What is saved is the import, which
takes longer than most runs. Functions registered with `atexit` are not run.

`python -IS forks.py SOCKET ARGUMENT…` runs the program once, as a shell does. This file needs no more than Python: the
program may be of another environment.
"""

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

# Longer than imports take on a busy machine, in seconds.
_PATIENCE = 60
# The longest text of arguments, in bytes.
_LONGEST = 65_536


@contextmanager
def forks_of(
    python: str, module: str, imported: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> Iterator[list[str]]:
    """Keep `python -m MODULE` ready for the duration of the block, with the modules that it needs already imported.

    Yield the command that, with further arguments, runs it once, in the given folder and environment.
    """
    with TemporaryDirectory(prefix="guichet-") as own:
        address = Path(own, "socket")
        command = [python, __file__, "--serve", str(address), module, *imported]
        process = subprocess.Popen(
            command, cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            deadline = time.monotonic() + _PATIENCE
            while not address.exists():
                assert process.poll() is None, f"{command} has ended"
                assert time.monotonic() < deadline, f"{command} is not ready"
                time.sleep(0.05)
            yield [sys.executable, "-IS", __file__, str(address)]
        finally:
            # And the runs that are still going, as their clients were killed.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def _serve(address: str, module: str, *imported: str) -> None:
    """Import modules, and answer each connection in a fork."""
    # As for `python -m`, which never imports what is next to this file.
    sys.path[0] = str(Path.cwd())
    for name in imported:
        import_module(name)
    with socket.socket(socket.AF_UNIX) as listening:
        # Renamed once it listens, so that no client comes too early.
        listening.bind(f"{address}.early")
        listening.listen()
        Path(f"{address}.early").rename(address)
        while True:
            asked, _ = listening.accept()
            if os.fork() == 0:
                listening.close()
                _answer(asked, module)
            asked.close()
            _reap()


def _reap() -> None:
    """Reap the runs that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _answer(asked: socket.socket, module: str) -> NoReturn:
    """Run the program in this process with the arguments and streams of a connection; reply with its exit code."""
    code = 1
    try:
        arguments, streams, *_ = socket.recv_fds(asked, _LONGEST, 3)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        # As Python opens them at start-up. The server's own streams have cached whether they are seekable.
        sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.argv = [module, *json.loads(arguments)]
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code == 1 and end.code != 1:
            sys.stderr.write(f"{end.code}\n")
    except BaseException:  # noqa: BLE001  as Python ends
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        asked.sendall(bytes([code & 0xFF]))
        os._exit(code)


def _ask(address: str, *arguments: str) -> int:
    """Run the program once with this process's streams, and return its exit code."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.connect(address)
        socket.send_fds(asking, [json.dumps(arguments).encode()], [0, 1, 2])
        replied = asking.recv(1)
    if not replied:
        sys.exit("it ended without an exit code")
    return replied[0]


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        _serve(*sys.argv[2:])
    sys.exit(_ask(*sys.argv[1:]))
