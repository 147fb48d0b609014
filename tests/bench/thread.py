"""`python -m tests.bench.thread`: the cost of reading a page with thousands of comments, and of a flood of reads.

Bytes, read units and CPU time of a part, and US dollars of a day at the rate limit. Read units are calculated from the
sizes of the items; CPU time is only the function's, with DynamoDB's answers played back. The comments are put directly
into moto's memory: approving thousands takes minutes. A test compares such an item with an approved one.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import time_machine

from guichet.comments.markdown import html
from guichet.store import comments, dynamodb, table
from tests.bench.desk import Played, units_of
from tests.bench.posts import PER_GB_SECOND, PER_MILLION_API_CALLS, PER_MILLION_INVOCATIONS, PER_MILLION_READS
from tests.support.app import PARAMETERS, START, App, isolated, resolve
from tests.support.many import put

PAGE = "/articles/chairs/"
# List price of us-east-1 in US dollars for a gigabyte to the internet, without free tier.
PER_GB_OUT = 0.09
# How long DynamoDB takes, in seconds: the function waits for it, and that time is billed.
_ASKING = 0.01
_DAY = 86_400
_SECRET = PARAMETERS["SigningSecret"]
_WORDS = ("chaise", "*table*", "été", "merci", "atelier", "chêne", "`code`", "livraison", "Œuvre", "prix")


class Taken(NamedTuple):
    """What a part of a thread takes: its comments, bytes of JSON, calls, read units and seconds of CPU time."""

    comments: int
    bytes: int
    calls: dict[str, int]
    units: float
    seconds: float

    @property
    def dollars_per_million(self) -> float:
        """The price of a million reads that no cache answers."""
        memory = 1.0
        return (
            PER_MILLION_API_CALLS
            + PER_MILLION_INVOCATIONS
            + PER_MILLION_READS * self.units
            + 1e6 * PER_GB_SECOND * memory * (self.seconds + _ASKING)
            + 1e6 * PER_GB_OUT * self.bytes / 1e9
        )


def entry(chance: random.Random, number: int, root: str, length: int) -> dict[str, Any]:
    """Return the entry of an approved comment, as it is stored. `root` is the key of the one that it answers."""
    text = " ".join(chance.choices(_WORDS, k=length // 7))[:length]
    stamp = table.stamp(START + timedelta(minutes=number))
    key = "#".join(filter(None, (root, f"{stamp}#{chance.getrandbits(128):032x}")))
    return {
        "pk": comments.thread_key(_SECRET, PAGE),
        "sk": f"entry#{key}",
        "kind": "entry",
        "name": f"Zoé {number}",
        "html": html(text),
    }


def write(count: int, length: int) -> None:
    """Put a page's approved comments into the table. Two of three answer another one."""
    chance, root = random.Random(23), ""  # noqa: S311
    for number in range(count):
        item = entry(chance, number, root if number % 3 else "", length)
        if number % 3 == 0:
            root = item["sk"].removeprefix("entry#")
        put(item)
    head = {"pk": comments.thread_key(_SECRET, PAGE), "sk": "about", "kind": "thread", "list": comments.THREADS}
    put({**head, "page": PAGE, "count": count, "changed_at": table.stamp(START)})


def take(app: App, after: str = "") -> tuple[Taken, dict[str, Any]]:
    """Read a part, twice; return what it took, and the part."""
    wire = Played(dynamodb.client(), {})
    query = {"page": PAGE} | ({"after": after} if after else {})
    first = app.http.get("/comments", query_string=query)
    part: dict[str, Any] = first.get_json()
    asked = list(zip(wire.operations, wire.bodies, strict=True))
    units = sum(units_of(name, json.loads(body), wire.given[name, body]) for name, body in asked)
    calls = {name: wire.operations.count(name) for name in sorted(set(wire.operations))}
    wire.replays = True
    started = time.process_time()
    assert app.http.get("/comments", query_string=query).data == first.data
    seconds = time.process_time() - started
    dynamodb.client.cache_clear()
    number = sum(("html" in one) + len(one["replies"]) for one in part["comments"])
    return Taken(number, len(first.data), calls, units, seconds), part


def measure(count: int, length: int) -> Iterator[Taken]:
    """Yield what each part of a page with a number of comments takes, in order."""
    with isolated(), time_machine.travel(START, tick=False):
        app = App(resolve())
        write(count, length)
        after = ""
        while True:
            taken, part = take(app, after)
            yield taken
            if "next" not in part:
                return
            after = part["next"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table of the page `infra/docs/limits.md`."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.thread", description="Reading a page's comments.")
    parser.add_argument("--comments", type=int, default=5000)
    parser.add_argument("--lengths", type=int, nargs="+", default=[400, 2000, 5000])
    parser.add_argument("--per-second", type=int, default=20)
    given = parser.parse_args(arguments)
    print(f"{given.comments:,} comments; a day of {given.per_second} readings of the first part a second")
    print("| characters each | parts | comments of a part | bytes | read units | milliseconds | a day |")
    print("|---|---|---|---|---|---|---|")
    for length in given.lengths:
        first = next(measure(given.comments, length))
        day = first.dollars_per_million * given.per_second * _DAY / 1e6
        print(
            f"| {length:,} | {-(-given.comments // first.comments)} | {first.comments} | {first.bytes:,} "
            f"| {first.units:g} | {first.seconds * 1000:.0f} | {day:.2f} dollars |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
