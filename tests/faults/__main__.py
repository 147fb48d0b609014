"""`make faults`, or `python -m tests.faults --runs 1000 --seed 7`: randomised runs, every kind of fault in each.

The seed of the first run is printed; the next ones follow. A run that shows a problem is reproduced by the command
printed with it, down to the last request, on any machine. `--story` tells what happens in it. With
`--table`, each kind of fault has separate runs; with `--kind "reset after"`, only that kind has.
"""

import argparse
import contextlib
import gc
import io
import logging
import os
import random
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import get_args

from tests.faults.aws import KILLED, KINDS, Kind, wire
from tests.faults.judge import Run
from tests.faults.world import EVEN, QUIET, Events, experiment
from tests.support.app import resolve

_BLOCK = 20
_HEADS = (
    "fault",
    "runs",
    "faults",
    "posts",
    "answered 503",
    "accepted",
    "stored",
    "emails queued",
    "mailed",
    "dropped",
    "lost",
    "mailed twice",
    "issues",
    "copies",
    "readers passed over",
    "copies twice",
    "copies in doubt",
)
# For the table: what is mailed twice if some of SES's events are lost, and if there are none.
_TWICE: dict[Events, str] = {"some": "twice if events are lost", "none": "twice without events"}
_WITHIN = "answered within"


def block(seeds: Sequence[int], kind: Kind | None = None, events: Events = "some") -> list[Run]:
    """Do the runs of some seeds, with all kinds of faults or with one."""
    logging.disable(logging.CRITICAL)
    # Keeps the garbage collector from scanning imported objects again and again, which takes a twentieth of the time.
    gc.freeze()
    weights = EVEN if kind is None else {kind: 1.0}
    quiet = QUIET if kind is None else 3.0
    with contextlib.redirect_stdout(io.StringIO()), wire() as server:
        every = partial(experiment, server, with_issues=True, with_comments=True)
        return [every(seed, weights, quiet, events) for seed in seeds]


def runs(first: int, count: int, workers: int, kind: Kind | None = None, events: Events = "some") -> list[Run]:
    """Do a number of runs, in parallel."""
    blocks = [range(start, min(start + _BLOCK, first + count)) for start in range(first, first + count, _BLOCK)]
    with ProcessPoolExecutor(workers) as pool:
        return [run for done in pool.map(partial(block, kind=kind, events=events), blocks) for run in done]


def row(kind: Kind | None, done: Sequence[Run], twice: Sequence[int] = ()) -> str:
    """Return a row of the table: the totals of the runs, and what the other ones mailed twice."""
    figures = (
        len(done),
        sum(sum(run.faults.values()) for run in done),
        sum(run.posts for run in done),
        sum(run.unavailable for run in done),
        sum(run.accepted for run in done),
        sum(run.stored for run in done),
        sum(run.owed for run in done),
        sum(run.mailed for run in done),
        sum(run.dropped for run in done),
        sum(run.lost for run in done),
        sum(run.twice for run in done),
        sum(run.issues for run in done),
        sum(run.copies for run in done),
        sum(run.skipped for run in done),
        sum(run.copied_twice for run in done),
        sum(run.unknown for run in done),
        *twice,
    )
    # A visitor whose function is killed waits for the gateway, which waits for the function's time-out.
    within = (
        f"{resolve().functions['Contact'].timeout} s, the function's time-out"
        if kind in KILLED
        else f"{max(run.longest for run in done):.1f} s"
    )
    return f"| {kind or 'all together'} | " + " | ".join(f"{figure:,}" for figure in figures) + f" | {within} |"


def again(run: Run, kind: Kind | None, events: Events) -> str:
    """Return the command that repeats a run."""
    of_kind = f' --kind "{kind}"' if kind else ""
    with_events = f" --events {events}" if events != "some" else ""
    return f"make faults FAULTS='--runs 1 --seed {run.seed}{of_kind}{with_events}'"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do the runs, print their results, and return 1 if there was a problem."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Try whether anything can be lost.")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000_000))  # noqa: S311
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--table", action="store_true", help="a row for each kind of fault, of RUNS runs each")
    which.add_argument("--kind", choices=KINDS, help="only this kind of fault, as in its row of the table")
    parser.add_argument("--story", action="store_true", help="every request and every answer of the runs")
    parser.add_argument("--events", choices=get_args(Events), help="which of SES's events come (default: some)")
    options = parser.parse_args(arguments)
    events: Events = options.events or ("all" if options.table else "some")
    others = [other for other in _TWICE if options.table and other != events]
    heads = [*_HEADS, *(_TWICE[other] for other in others), _WITHIN]
    print(f"seeds {options.seed} to {options.seed + options.runs - 1}", flush=True)
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|", flush=True)
    problems: list[str] = []
    stories: list[str] = []
    for kind in [None, *KINDS] if options.table else [options.kind]:
        done = {mode: runs(options.seed, options.runs, options.workers, kind, mode) for mode in (events, *others)}
        print(row(kind, done[events], [sum(run.twice for run in done[other]) for other in others]), flush=True)
        for mode, those in done.items():
            problems += [f"{again(run, kind, mode)}: {'; '.join(run.problems)}" for run in those if run.problems]
        stories += [line for run in done[events] for line in run.story]
    print("\n".join([*(stories if options.story else []), *problems]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
