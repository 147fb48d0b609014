"""`make bench`, or `python -m tests.bench.no_telling ROUNDS`: whether a reply's time reveals the state of its address.

Each round is a new store with one address in each state. The sign-ups of all states are interleaved in random order,
each from a different caller. It prints the median time per state, its ratio to the median of new addresses, and how
often a sign-up of the state takes longer than one of a new address (0.5 reveals nothing).
"""

import contextlib
import io
import itertools
import random
import statistics
import sys
import time

import time_machine

from tests.support.app import PARAMETERS, START, App, isolated, resolve
from tests.support.states import bring_to

STATES = ("new", "asked", "confirmed", "unsubscribed", "bounced", "complained")
# Few: each of moto's transactions copies the table, so the store is emptied often.
PER_ROUND = 10


def one_round(number: int, times: dict[str, list[float]]) -> None:
    """Measure the sign-ups of a round, in seconds, and append them by state."""
    with isolated():
        app = App(resolve(CallerHourlyCap="1000"))
        with time_machine.travel(START, tick=False):
            for state in STATES:
                bring_to(app, state, address(state))
        order = [state for state in STATES for _ in range(PER_ROUND)]
        random.shuffle(order)
        for index, state in enumerate(order):
            email = f"new{number}-{index}@example.org" if state == "new" else address(state)
            caller = {"REMOTE_ADDR": f"2001:db8:{number:x}:{index:x}::1"}
            start = time.perf_counter()
            reply = app.post("/newsletter", json={"email": email}, environ_overrides=caller)
            times[state].append(time.perf_counter() - start)
            if reply.status_code != 200:
                raise SystemExit(f"{state}: {reply.status_code}")


def address(state: str) -> str:
    """Return the address that is in a state; all have the same length."""
    return f"{state:x>12}@example.org"


def longer(times: list[float], than: list[float]) -> float:
    """Return how often a time in one list is longer than one in the other; ties count half."""
    pairs = itertools.product(times, random.sample(than, min(len(than), 500)))
    outcomes = [(mine > other) + (mine == other) / 2 for mine, other in pairs]
    return statistics.fmean(outcomes)


def main(rounds: int) -> None:
    """Measure and print the table."""
    times: dict[str, list[float]] = {state: [] for state in STATES}
    for number in range(rounds):
        with contextlib.redirect_stdout(io.StringIO()):
            one_round(number, times)
    reference = statistics.median(times["new"])
    print(f"{rounds} rounds of {PER_ROUND} sign-ups per state, at {PARAMETERS['SiteUrl']}")
    print(f"{'state':14}{'sign-ups':>9}{'median ms':>11}{'ratio':>8}{'longer':>8}")
    for state, measured in times.items():
        median = statistics.median(measured)
        print(
            f"{state:14}{len(measured):9}{median * 1000:11.2f}{median / reference:8.3f}"
            f"{longer(measured, times['new']):8.3f}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
