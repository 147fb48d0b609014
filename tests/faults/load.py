"""`make load`, or `python -m tests.faults.load --posts 5000`: many posts, and all accounted for by their addresses.

It is no load on AWS, and tells nothing of its speed or its limits. The posts come in rounds of a hundred, from as many
callers, on eight threads, to both forms, repeats among them. Each round has a store of its own: moto copies its table
in each transaction, so a long one would measure moto. The engine does one call at a time, since its transactions are
not safe under threads; what runs side by side is the functions. What is shown is that of every address that was told
that its form is kept, one record is stored and one email is mailed, and none of any other.
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
from types import SimpleNamespace

import botocore.session
import pytest
import time_machine

from guichet.mail import pace, ses
from guichet.store import dynamodb
from tests.support.app import SESSION, START, Counter, isolated, resolve
from tests.support.wire import Wire

THREADS = 8
PER_ROUND = 100
# The stranger's mail has a cap, which is not what is tried here.
PARAMETERS = {"StrangerMailPerDay": "1000000"}


@dataclass
class Account:
    """What came of the posts: how many there were and were told that they are kept, and of whom.

    `accepted` are the addresses that were told so, once each; `stored` and `mailed` are those of all records and of all
    emails, as often as there are any.
    """

    posts: int = 0
    told: int = 0
    accepted: list[str] = field(default_factory=list)
    stored: list[str] = field(default_factory=list)
    mailed: list[str] = field(default_factory=list)

    @property
    def exact(self) -> bool:
        """Whether all were told, and whoever was told is stored and mailed once, and nobody else."""
        return self.posts == self.told and sorted(self.accepted) == sorted(self.stored) == sorted(self.mailed)


def one_round(seed: int, size: int) -> Account:
    """Post a number of forms, a fifth of them twice, and let the stream and the schedule do the rest."""
    chance = random.Random(seed)  # noqa: S311
    # From a full hour on: a repeat in another quarter of an hour would be another sign-up.
    with isolated(), time_machine.travel(START), pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "get_session", lambda: SESSION)
        patch.setattr(pace, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: None))
        counter = Counter(resolve(**PARAMETERS))
        for client in (dynamodb.client(), ses.client()):
            Wire(client)
        posts = [number if chance.random() > 0.2 else chance.randrange(number + 1) for number in range(size)]

        def post(number: int) -> tuple[str, int]:
            form = "/newsletter" if number % 3 == 0 else "/contact"
            address = f"visitor{number}of{seed}@example.org"
            fields = {"email": address, "_id": str(number)}
            if form == "/contact":
                fields["message"] = f"Bonjour {number}"
            caller = {"REMOTE_ADDR": f"2001:db8:{number:x}::1"}
            return address, counter.post(form, json=fields, environ_overrides=caller).status_code

        with ThreadPoolExecutor(THREADS) as pool:
            replies = list(pool.map(post, posts))
        counter.play_stream()
        counter.sweep()
        told = [address for address, status in replies if status == 200]
        return Account(
            posts=size,
            told=len(told),
            accepted=list(set(told)),
            stored=[item["email"] for kind in ("message", "request") for item in counter.items(kind)],
            # The owner answers whoever wrote; a confirmation goes to them.
            mailed=[str(mail["Reply-To"] or mail["To"]) for mail in counter.mails()],
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Post, print the account, and return 1 where it is not exact."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.load", description="Count many posts at once.")
    parser.add_argument("--posts", type=int, default=5000)
    options = parser.parse_args(arguments)
    total = Account()
    start = time.perf_counter()
    for number, first in enumerate(range(0, options.posts, PER_ROUND)):
        with contextlib.redirect_stdout(io.StringIO()):
            done = one_round(number, min(PER_ROUND, options.posts - first))
        for name, count in vars(done).items():
            setattr(total, name, getattr(total, name) + count)
    seconds = time.perf_counter() - start
    heads = ("posts", "told that it is kept", "accepted, repeats apart", "stored", "mailed", "seconds")
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    figures = (total.posts, total.told, *map(len, (total.accepted, total.stored, total.mailed)), round(seconds))
    print("| " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    return 0 if total.exact else 1


if __name__ == "__main__":
    sys.exit(main())
