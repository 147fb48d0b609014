"""The table of checks, printed as they finish, and the failures."""

import time
import traceback
from collections.abc import Callable
from threading import Lock

import pytest


class Report:
    """What was checked so far. Checks may run in parallel.

    Only those whose name contains the text `chosen` are run.
    """

    def __init__(self, chosen: str = "") -> None:
        self._chosen = chosen
        self._lock = Lock()
        self._begun = time.monotonic()
        self.checked: list[str] = []
        self.failed: list[str] = []
        print("| check | | seconds |\n|---|---|---|", flush=True)

    def check(self, name: str, check: Callable[[], object]) -> None:
        """Do a check, if it is among the chosen, and print its row. Whatever it raises is its failure."""
        if self._chosen in name:
            self.require(name, check)

    def require(self, name: str, check: Callable[[], object]) -> bool:
        """Do a check that the others need, whichever are chosen. Return whether it passed."""
        begun = time.monotonic()
        error = _error_of(check)
        with self._lock:
            self.checked.append(name)
            if error:
                self.failed.append(f"== {name}\n{error}")
            print(f"| {name} | {'FAILED' if error else 'ok'} | {time.monotonic() - begun:.1f} |", flush=True)
        return not error

    def section(self, name: str, checks: Callable[[], object]) -> None:
        """Run checks that print their own rows. A failure outside of them gets a row as well."""
        begun = time.monotonic()
        if error := _error_of(checks):
            with self._lock:
                self.failed.append(f"== {name}\n{error}")
                print(f"| {name} | FAILED | {time.monotonic() - begun:.1f} |", flush=True)

    def end(self) -> int:
        """Print the failures, the totals and again the names of what failed, and return the exit code."""
        print("\n".join(["", *self.failed]))
        seconds = time.monotonic() - self._begun
        print(f"{len(self.checked)} checks, {len(self.failed)} failed, {seconds:.0f} s")
        for error in self.failed:
            # The first line names the check, the last one the exception.
            print(f"FAILED {error.splitlines()[0].removeprefix('== ')}: {error.splitlines()[-1]}")
        return 1 if self.failed or not self.checked else 0


def _error_of(check: Callable[[], object]) -> str:
    """Return the traceback of what a check raises, or an empty text."""
    try:
        check()
    # pytest's own failures are not ordinary exceptions.
    except (Exception, pytest.fail.Exception):  # noqa: BLE001
        return traceback.format_exc()
    return ""
