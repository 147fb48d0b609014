"""A table of the checks, their results and how long they took."""

import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Report:
    """A table that is printed line by line as the checks run. An exception that a check raises is its result."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.checked = 0
        print("| check | result | s |\n|---|---|---|", flush=True)

    @contextmanager
    def check(self, what: str) -> Iterator[None]:
        """Run a check; one that fails does not keep the others from running."""
        started = time.monotonic()
        try:
            yield
            result = "ok"
        except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001  it is told at the end
            result = "FAILED"
            self.failed.append(f"{what}\n{''.join(traceback.format_exception(error))}")
        self.checked += 1
        print(f"| {what} | {result} | {time.monotonic() - started:.1f} |", flush=True)
