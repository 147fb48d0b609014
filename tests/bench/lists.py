"""`make lists`, or `python -m tests.bench.lists --rows 100000`: a long list imported, exported and interrupted.

A tenth of the rows, and then all of them, are imported into `make run`'s stack and exported from it, by the command
`guichet`. With all rows, the import is interrupted and the export killed in the middle, and each is run again. Nothing
may be lost or duplicated, and the memory of the command must not grow with the list. moto holds the table, and is the
bottleneck.
"""

import argparse
import csv
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.stack import LocalStack, local_stack

ENTRY_POINT = Path(sys.executable).parent / "guichet"
# One line in this many is not an address.
BAD_EACH = 1000
# How much more memory ten times the rows may take. It varies, and a short list is less than a page.
FLAT = 1.25


@dataclass(frozen=True)
class Ended:
    """A command that ended: its exit code, its duration, its peak memory in bytes, and its output."""

    code: int
    seconds: float
    memory: int
    out: str
    progress: list[str]


class WrongError(Exception):
    """Something was lost, duplicated, or took more memory for more rows. The text says what."""


def command(stack: LocalStack, folder: Path, *arguments: str, until: Callable[[], bool] | None = None) -> Ended:
    """Run a command to its end or, with `until`, interrupt an import or kill an export as soon as that is true."""
    line = [str(ENTRY_POINT), *arguments, "--local", "--port", str(stack.port), "--json"]
    out, err = folder / "command-out", folder / "command-err"
    start = time.perf_counter()
    with out.open("wb") as out_file, err.open("wb") as err_file:
        process = subprocess.Popen(line, stdout=out_file, stderr=err_file)
        ended, status, usage = 0, 0, None
        while not ended:
            if until is not None and until():
                process.send_signal(signal.SIGINT if arguments[0] == "import" else signal.SIGKILL)
                until = None
            time.sleep(0.02)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        process.returncode = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) if usage else 0
    told = [line for line in err.read_text(encoding="utf-8").splitlines() if " of about " in line]
    return Ended(process.returncode, time.perf_counter() - start, memory, out.read_text(encoding="utf-8"), told)


def in_and_out(rows: int, folder: Path, *, stop: bool) -> dict[str, Ended]:
    """Import and export a list of a number of rows; with `stop`, each is stopped and run again. Raises WrongError."""
    bad = rows // BAD_EACH
    wanted = {f"reader{number}@example.net" for number in range(rows)}
    given, exported = folder / "list.csv", folder / "exported.csv"
    _write(given, sorted(wanted))
    part, err = Path(f"{exported}.part"), folder / "command-err"

    def well_begun() -> bool:
        # As its progress says: "bytes imported: 20,000 of about 40,000".
        told = re.findall(r"bytes imported: ([\d,]+) of about ([\d,]+)", err.read_text(encoding="utf-8"))
        done, total = (int(figure.replace(",", "")) for figure in told[-1]) if told else (0, 1)
        return 4 * done > total

    def some_exported() -> bool:
        return part.exists() and part.stat().st_size > given.stat().st_size / 3

    done: dict[str, Ended] = {}
    taking = ("import", str(given), "--consent", "Double opt-in of the old list, May 2025")
    giving = ("export", "subscribers", "-o", str(exported), "--separator", "comma")
    with local_stack(folder) as stack:
        stack.wait_until_ready()
        first = 0
        if stop:
            done["import, interrupted"] = command(stack, folder, *taking, until=well_begun)
            told = json.loads(done["import, interrupted"].out)
            first = told["imported"]
            _hold(told["stopped"] == "interrupted" and first < rows, f"the import was not interrupted: {told}")
        done["import"] = command(stack, folder, *taking)
        told = json.loads(done["import"].out)
        _hold(done["import"].code == (1 if bad else 0), f"the import ended with {done['import'].code}")
        _hold(first + told["imported"] == rows, f"imported {first:,} and then {told}")
        _hold(told.get("confirmed_already", 0) == first, f"imported {first:,} and then {told}")
        _hold(told["bad_lines"] == bad, f"of {bad} bad lines it tells {told}")
        if stop:
            done["export, killed"] = command(stack, folder, *giving, until=some_exported)
            _hold(done["export, killed"].code == -signal.SIGKILL, "the export was not killed in the middle")
        done["export"] = command(stack, folder, *giving)
        _hold(done["export"].code == 0, f"the export ended with {done['export'].code}")
    with exported.open(encoding="utf-8-sig", newline="") as file:
        found = [row["email"] for row in csv.DictReader(file)]
    _hold(len(found) == len(set(found)), f"{len(found) - len(set(found)):,} rows are exported twice")
    _hold(set(found) == wanted, f"{len(wanted - set(found)):,} rows are lost")
    return done


def _write(file: Path, addresses: Sequence[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened)
        writer.writerow(("email", "name", "consented_at"))
        for number, address in enumerate(addresses, 1):
            # Long names, so that a short list has pages, too.
            writer.writerow((address, f"Reader {number} {'x' * 400}", "2025-05-31"))
            if number % BAD_EACH == 0:
                writer.writerow((f"no address {number}", "", ""))


def _hold(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise WrongError(otherwise)


def main(arguments: Sequence[str] | None = None) -> int:
    """Do it, print what each step took, and return 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.lists", description="Import and export a long list.")
    parser.add_argument("--rows", type=int, default=100_000)
    rows = parser.parse_args(arguments).rows
    print("| step | rows | seconds | peak memory | against a tenth of the rows | progress told |")
    print("|---|---|---|---|---|---|")
    try:
        small, large = _measured(rows // 10, stop=False), _measured(rows, stop=True)
        for step, ended in large.items():
            ratio = ended.memory / small[step.partition(",")[0]].memory
            _hold(ratio < FLAT, f"{step}: memory grows with the rows, {ratio:.2f} times for ten times as many")
            print(
                f"| {step} | {rows:,} | {ended.seconds:.0f} | {ended.memory / 1e6:.0f} MB | {ratio:.2f} "
                f"| {len(ended.progress)} times |"
            )
    except WrongError as wrong:
        print(f"wrong: {wrong}")
        return 1
    return 0


def _measured(rows: int, *, stop: bool) -> dict[str, Ended]:
    with tempfile.TemporaryDirectory() as folder:
        return in_and_out(rows, Path(folder), stop=stop)


if __name__ == "__main__":
    sys.exit(main())
