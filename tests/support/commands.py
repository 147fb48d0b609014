"""The commands of the pages, verbatim: what is run is what a reader types.

It needs no more than Python: `make newcomer` runs before anything is installed.
"""

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The longest that a terminating command may take, in seconds: the first pull of AWS's image is slow.
_LONGEST = 600
# The longest that a command may take to stop when told to.
_PATIENCE = 30


def commands_of(text: str, section: str = "") -> list[str]:
    """Return the commands of a page, or of a section of it, without their comments.

    A command is a line, with those that continue it.
    """
    if section:
        text = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    lines = (
        line.partition(" # ")[0].strip() for block in blocks for line in re.sub(r" *\\\n *", " ", block).splitlines()
    )
    return [line for line in lines if line]


@dataclass
class Commands:
    """The pages' commands, and which of them have been run."""

    all: Sequence[str]
    variables: Mapping[str, str]
    # Where they are run.
    root: Path = ROOT
    used: set[str] = field(default_factory=set)

    def find(self, *words: str) -> str:
        """Return the first command that contains all of some words, and mark it as used."""
        command = next(line for line in self.all if all(word in line for word in words))
        self.used.add(command)
        return command

    @property
    def unused(self) -> list[str]:
        """The commands that were not run."""
        return [line for line in self.all if line not in self.used]

    def run(self, command: str, *, replies: bool = False) -> str:
        """Run a command and return its standard output. Raises AssertionError if it fails, or gives no reply.

        The error has all that it wrote.
        """
        done = subprocess.run(
            ["bash", "-c", command],  # noqa: S607
            cwd=self.root,
            env=dict(self.variables),
            check=False,
            capture_output=True,
            text=True,
            timeout=_LONGEST,
        )
        written = f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, written
        assert done.stdout.strip() or not replies, written
        return done.stdout

    @contextmanager
    def running(self, command: str) -> Iterator[Callable[[], str]]:
        """Run a command for the duration of the block; Ctrl-C ends it and its children.

        Yield a function that returns its output so far, and raises AssertionError if it has ended on its own.
        """
        with tempfile.TemporaryDirectory(prefix="guichet-") as folder:
            said = Path(folder) / "said"
            with said.open("wb") as out:
                process = subprocess.Popen(
                    ["bash", "-c", command],  # noqa: S607
                    cwd=self.root,
                    env=dict(self.variables),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    start_new_session=True,
                )

            def read() -> str:
                text = said.read_text(encoding="utf-8")
                assert process.poll() is None, f"{command} has ended:\n{text}"
                return text

            try:
                yield read
            finally:
                _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its children with Ctrl-C, as a person does; kill what remains."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, number)
            process.wait(_PATIENCE)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
