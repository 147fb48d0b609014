"""`make load`, or `python -m tests.faults.load --posts 5000`: many posts, all accounted for by address.

They come from as many callers, on eight threads, to both forms, a fifth of them repeats, and are stored in one moto
table. This shows that every address whose form was accepted has one record and one email, and no other address has any.

`--run`, `--starts` and `--rest` test `make run` itself (tests/faults/running.py). None of it puts load on AWS, or says
anything about AWS's speed or limits. After `--run`, mail may take longer than the posts: as in a typical SES account,
at most 14 go out a second.
"""

import argparse
import contextlib
import io
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
import time_machine

from guichet.mail import pace
from tests.faults import running
from tests.support.app import START, App, isolated, resolve

THREADS = 8
# Mail to strangers has a cap, which is not under test here.
PARAMETERS = {"StrangerMailPerDay": "1000000"}


@dataclass
class Account:
    """The outcome of the posts: how many there were, how many were accepted, and from whom.

    `accepted` are the addresses that were told so, once each; `stored` and `mailed` are those of all records and all
    emails, with repetitions.
    """

    posts: int = 0
    told: int = 0
    accepted: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    mailed: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether all were accepted, and each accepted address is stored and mailed once, and no other."""
        return self.posts == self.told and sorted(self.accepted) == sorted(self.stored) == sorted(self.mailed)


def account(posts: int, seed: int = 0) -> Account:
    """Post a number of forms, a fifth of them twice, and let the stream and the schedule do the rest."""
    chance = random.Random(seed)  # noqa: S311
    # Starts on the hour: a repeat in another quarter of an hour would be another sign-up.
    with isolated(), time_machine.travel(START), pytest.MonkeyPatch.context() as patch:
        patch.setattr(pace, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
        app = App(resolve(**PARAMETERS))
        numbers = [number if chance.random() > 0.2 else chance.randrange(number + 1) for number in range(posts)]

        def post(number: int) -> tuple[str, int]:
            path, fields = running.form(number)
            caller = {"REMOTE_ADDR": f"2001:db8:{number:x}::1"}
            return fields["email"], app.post(path, json=fields, environ_overrides=caller).status_code

        with ThreadPoolExecutor(THREADS) as pool:
            replies = list(pool.map(post, numbers))
        while app.play_stream():
            pass
        app.sweep()
        told = [address for address, status in replies if status == 200]
        return Account(
            posts=posts,
            told=len(told),
            accepted=list(set(told)),
            stored=[item["email"] for kind in ("message", "request") for item in app.items(kind)],
            # A notification's reply address is the visitor's; a confirmation goes to the visitor.
            mailed=[str(mail["Reply-To"] or mail["To"]) for mail in app.mails()],
        )


def account_for(posts: int) -> bool:
    """Post, print the account, and return whether it is exact."""
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        done = account(posts)
    seconds = time.perf_counter() - start
    heads = ("posts", "told that it is kept", "accepted, repeats apart", "stored", "mailed", "seconds")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    figures = (done.posts, done.told, *map(len, (done.accepted, done.stored, done.mailed)), round(seconds))
    print("| " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    return done.exact


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is requested, print the results, and return 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.load", description="Count many posts at once.")
    parser.add_argument("--posts", type=int, default=5000, help="how many forms are posted (default: %(default)s)")
    against = parser.add_mutually_exclusive_group()
    against.add_argument("--run", action="store_true", help="post them in a row to `make run`, and measure by thousand")
    against.add_argument(
        "--starts", type=int, help="start `make run` several times, and post the moment its ports open"
    )
    against.add_argument("--rest", type=float, help="leave `make run` idle for some seconds, and measure its CPU time")
    options = parser.parse_args(arguments)
    if (options.run or options.rest) and not Path("/proc/self/status").exists():
        parser.error("--run and --rest look into /proc, which Linux has")
    if options.run:
        well = running.posts_in_a_row(options.posts)
    elif options.starts:
        well = running.starts(options.starts)
    elif options.rest:
        well = running.rests(options.rest)
    else:
        well = account_for(options.posts)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
