"""`make newcomer`, or `python -m tests.newcomer`: follow the README in a clean clone, with an empty home folder.

It clones the committed state, runs every command of the README in the clone, and prints the output of each. Then it
posts the forms that the README gives to paste, as a browser without a script does. A command that fails, or prints
nothing, makes it fail. It only needs Python, git, make and curl: the commands themselves install everything else that a
newcomer needs.
"""

import argparse
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

from tests.support.commands import ROOT, Commands, commands_of

# Commands that are not run, by their first words, and why.
PASSED_OVER: Mapping[tuple[str, ...], str] = {
    ("make", "deploy"): "it needs an AWS account; `make deployed` deploys to an emulator",
    ("make", "test"): "it takes many minutes, and CI runs it anyway",
    ("make", "test-fast"): "`make test` includes it; `--tests` runs it here, too",
}
# Text that a command's output must contain, by a part of the command.
PROMISED: Mapping[str, str] = {
    "/contact": '"ok": true',
    "/_local/inbox": "Bonjour",
    "guichet messages": "a@example.org",
}
# Where the README's `make run` serves the API and the demo site.
PORTS = (3000, 8000)
# What the commands inherit: how this machine reaches packages, and where programs are.
_INHERITED = re.compile(r"PATH|LANG|LC_\w+|TMPDIR|PIP_\w+|\w+_proxy|SSL_CERT_\w+|REQUESTS_CA_BUNDLE", re.IGNORECASE)
# Installing takes a while on a slow line, in seconds.
_PATIENCE = 300
# How much of a command's output is shown: its first and its last lines, each up to a length.
_FIRST, _LAST, _COLUMNS = 6, 18, 400


def main(arguments: Sequence[str] | None = None) -> int:
    """Follow the README; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.newcomer", description="Follow the README in a clean clone.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to clone")
    parser.add_argument("--tests", action="store_true", help="run `make test-fast`, too")
    given = parser.parse_args(arguments)
    # So that anything that ends this also ends what it has started.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="guichet-newcomer-", ignore_cleanup_errors=True) as folder:
        clone, home = Path(folder) / "guichet", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(given.root), str(clone)], check=True)  # noqa: S607
        try:
            _follow(clone, environment(home), with_tests=given.tests)
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            print(f"\nFAILED: {error}", file=sys.stderr)
            return 1
    return 0


def environment(home: Path) -> dict[str, str]:
    """Return a newcomer's environment."""
    inherited = {name: value for name, value in os.environ.items() if _INHERITED.fullmatch(name)}
    settings = (Path.home() / folder / "pip.conf" for folder in (".config/pip", ".pip"))
    found = next(filter(Path.is_file, settings), None)
    if found:
        inherited.setdefault("PIP_CONFIG_FILE", str(found))
    # The interpreter itself: a version manager's shim needs the real home.
    return inherited | {"HOME": str(home), "PYTHON": os.path.realpath(getattr(sys, "_base_executable", sys.executable))}


def why_not(command: str, *, with_tests: bool = False) -> str:
    """Return why a command is skipped, or an empty text."""
    words = tuple(shlex.split(command)[:2])
    return "" if with_tests and words == ("make", "test-fast") else PASSED_OVER.get(words, "")


def _follow(clone: Path, variables: Mapping[str, str], *, with_tests: bool) -> None:
    readme = (clone / "README.md").read_text(encoding="utf-8")
    commands = Commands(commands_of(readme), variables, clone)
    for port in PORTS if "make run" in commands.all else ():
        assert not _listens(port), f"something listens on port {port} already, where the README's commands go"
    times = []
    with ExitStack() as running:
        for command in commands.all:
            print(f"\n$ {command}", flush=True)
            if reason := why_not(command, with_tests=with_tests):
                print(f"(skipped: {reason})", flush=True)
                continue
            started = time.monotonic()
            if command.startswith("make run"):
                read = running.enter_context(commands.running(command))
                said = _until_ready(command, read)
            else:
                said = commands.run(command)
            times.append((command, time.monotonic() - started))
            print(_cut(said), flush=True)
            assert said.strip(), f"{command} said nothing"
            for part, promised in PROMISED.items():
                assert part not in command or promised in said, f"{command} does not say {promised}"
        for line in posted(readme, *PORTS):
            print(line, flush=True)
    print("\n| command | s |\n|---|---|")
    for command, seconds in times:
        print(f"| `{command.replace('|', '¦')}` | {seconds:.1f} |")
    if (clone / ".venv").is_dir():
        megabytes, packages = _size(clone / ".venv")
        print(f"\n.venv: {megabytes:.0f} MB, {packages} packages")


def _until_ready(command: str, read: Callable[[], str]) -> str:
    deadline = time.monotonic() + _PATIENCE
    while "Ready" not in (said := read()):
        assert time.monotonic() < deadline, f"{command} was not ready within {_PATIENCE} s:\n{said}"
        time.sleep(0.1)
    return said


def _cut(said: str) -> str:
    """Return the beginning and the end of a command's output."""
    lines = said.rstrip().splitlines()
    shown = [line if len(line) <= _COLUMNS else f"{line[:_COLUMNS]}… ({len(line):,} characters)" for line in lines]
    if len(lines) > _FIRST + _LAST:
        shown[_FIRST:-_LAST] = [f"… ({len(lines) - _FIRST - _LAST} more lines)"]
    return "\n".join(shown)


def posted(readme: str, api_port: int, site_port: int) -> Iterator[str]:
    """Post each form that the README gives to paste, from the demo site's origin; yield the result of each."""
    for number, block in enumerate(re.findall(r"^```html\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE), 1):
        for script in re.findall(r'<script [^>]*src="(/[^"]+)"', block):
            with urllib.request.urlopen(f"http://127.0.0.1:{site_port}{script}") as response:
                kind, size = response.headers["content-type"], len(response.read())
            yield f"\nsnippet {number}: {script} is {size:,} bytes of {kind}"
        for path, form in re.findall(r'<form action="https://YOUR-API(/[^"]+)"[^>]*>(.*?)</form>', block, re.DOTALL):
            names = re.findall(r'name="(\w+)"', form)
            fields = dict.fromkeys(names, f"Bonjour {number}") | {"email": "b@example.org"}
            request = urllib.request.Request(
                f"http://127.0.0.1:{api_port}{path}",
                urlencode(fields).encode(),
                {"Accept": "text/html", "Origin": f"http://127.0.0.1:{site_port}"},
            )
            with urllib.request.urlopen(request) as response:  # noqa: S310
                page = response.read().decode()
            heading = re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
            assert heading, f"what comes after {path} is no page"
            yield f"\nsnippet {number}: {', '.join(names)} to {path}, and the page says: {unescape(heading[0].strip())}"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _size(venv: Path) -> tuple[float, int]:
    """Return how many megabytes of the disk an environment takes, and how many packages are in it."""
    taken = sum(path.lstat().st_blocks * 512 for path in venv.rglob("*"))
    return taken / 1e6, sum(1 for _ in venv.glob("lib/*/site-packages/*.dist-info"))


if __name__ == "__main__":
    sys.exit(main())
