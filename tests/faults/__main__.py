"""`make faults`, or `python -m tests.faults --runs 1000 --seed 7`: randomised runs, every kind of fault in each.

The seed of the first run is printed; the next ones follow. A run that shows a problem is done again by its seed alone:
`make faults FAULTS="--runs 1 --seed 1234"`. With `--table`, each kind of fault has runs of its own.
"""

import argparse
import contextlib
import io
import logging
import os
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.faults.world import EVEN, KINDS, Kind, Run, experiment, wire

_BLOCK = 20


def block(seeds: Sequence[int], kind: Kind | None = None) -> list[Run]:
    """Do the runs of some seeds, with all kinds of faults or with one."""
    logging.disable(logging.CRITICAL)
    weights = EVEN if kind is None else {kind: 1.0}
    quiet = 36.0 if kind is None else 3.0
    with contextlib.redirect_stdout(io.StringIO()), wire() as server:
        return [experiment(server, seed, weights, quiet) for seed in seeds]


def runs(first: int, count: int, workers: int, kind: Kind | None = None) -> list[Run]:
    """Do a number of runs, side by side."""
    blocks = [range(start, min(start + _BLOCK, first + count)) for start in range(first, first + count, _BLOCK)]
    with ProcessPoolExecutor(workers) as pool:
        return [run for done in pool.map(partial(block, kind=kind), blocks) for run in done]


def row(name: str, done: Sequence[Run]) -> str:
    """Return a row of the table: what the runs came to, together."""
    figures = (
        len(done),
        sum(sum(run.faults.values()) for run in done),
        sum(run.posts for run in done),
        sum(run.accepted for run in done),
        sum(run.stored for run in done),
        sum(run.mailed for run in done),
        sum(run.lost for run in done),
        sum(run.twice for run in done),
    )
    return f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the runs, print what they came to, and return 1 if there was a problem."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Try whether anything can be lost.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000_000))  # noqa: S311
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--table", action="store_true", help="a row for each kind of fault, of RUNS runs each")
    options = parser.parse_args(arguments)
    print(f"seeds {options.seed} to {options.seed + options.runs - 1}", flush=True)
    print("| fault | runs | faults | posts | accepted | stored | mailed | lost | mailed twice |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    problems: list[str] = []
    for kind in [None, *KINDS] if options.table else [None]:
        done = runs(options.seed, options.runs, options.workers, kind)
        print(row(kind or "all together", done), flush=True)
        again = 'make faults FAULTS="--runs 1 --seed {}"'
        problems += [f"{again.format(run.seed)}: {'; '.join(run.problems)}" for run in done if run.problems]
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
