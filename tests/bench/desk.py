"""`python -m tests.bench.desk`: what each page of messages takes at the desk, in processor time and in read units.

The pages are asked for twice. The first time moto answers, and its answers are kept; the second time they are played
back, so that the processor time is the function's own. AWS: "Read consistency", "Capacity unit consumption for reads".
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any, NamedTuple

from botocore.awsrequest import AWSResponse

from guichet.records.message import Message
from guichet.store import dynamodb, table
from tests.support.app import START, App, isolated, resolve
from tests.support.desk import Browser
from tests.support.many import put
from tests.support.wire import Wire, answer

_UNIT = 4096
_WORDS = ("chaise", "table", "été", "devis", "bonjour", "atelier", "merci", "chêne", "livraison", "Œuvre", "prix")


class Taken(NamedTuple):
    """What a page took: calls by operation, read units, seconds of processor time."""

    calls: dict[str, int]
    units: float
    seconds: float


def write(count: int, days: int, last: datetime = START, *, length: int = 400) -> list[str]:
    """Put messages into the table, as many a day, and return their ids, newest first."""
    chance, ids = random.Random(21), []  # noqa: S311
    for number in range(count):
        at = last - timedelta(days=days) * number / count
        text = " ".join(chance.choices(_WORDS, k=length // 7))
        message = Message(
            id=f"{chance.getrandbits(128):032x}",
            email=f"reader{number}@example.org",
            name=f"Zoé {number}",
            subject="Une question",
            message=f"{text} n{number}n",
            language="fr",
            received_at=at,
            expires_at=last + timedelta(days=1095),
        )
        put(table.item_of(message, list=table.day_list("messages", at)))
        ids.append(message.id)
    return ids


def units_of(operation: str, asked: dict[str, Any], given: dict[str, Any]) -> float:
    """Return the read units that a call takes, by the sizes of its items."""
    if operation == "Query":
        read = sum(map(_size, given["Items"]))
        return max(1, ceil(read / _UNIT)) * (1.0 if asked.get("ConsistentRead") else 0.5)
    if operation == "GetItem":
        return max(1, ceil(_size(given.get("Item", {})) / _UNIT)) * (1.0 if asked.get("ConsistentRead") else 0.5)
    if operation == "BatchGetItem":
        ((name, wanted),) = asked["RequestItems"].items()
        found = given["Responses"][name]
        missing = len(wanted["Keys"]) - len(found)
        return 0.5 * (missing + sum(ceil(_size(item) / _UNIT) for item in found))
    raise ValueError(f"a page of the desk does not ask for {operation}")


def _size(item: dict[str, Any]) -> int:
    return sum(len(name.encode()) + len(json.dumps(value, ensure_ascii=False).encode()) - 9 for name, value in item.items())


class _Played(Wire):
    """The answers of the first time, given again the second time."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.given: dict[tuple[str, bytes], dict[str, Any]] = {}
        self.replays = False

    def emit(self, event_name: str, **arguments: Any) -> Any:
        if not event_name.startswith("before-send."):
            return super().emit(event_name, **arguments)
        request = arguments["request"]
        key = event_name.rpartition(".")[2], request.body
        if self.replays:
            return [(None, answer(self.given[key])(request))]
        replies = super().emit(event_name, **arguments)
        reply: AWSResponse = next(reply for _, reply in replies if reply is not None)
        self.given[key] = json.loads(reply.content)
        return [(None, answer(self.given[key])(request))]


def take(browser: Browser, page: str) -> Taken:
    """Ask for a page, twice."""
    wire = _Played(dynamodb.client())
    first = browser.get(page)
    assert first.status_code == 200, page
    calls = {name: wire.operations.count(name) for name in sorted(set(wire.operations))}
    units = sum(units_of(name, json.loads(body), wire.given[name, body]) for name, body in _asked(wire))
    wire.replays = True
    started = time.process_time()
    assert browser.get(page).text == first.text
    seconds = time.process_time() - started
    dynamodb.client.cache_clear()
    return Taken(calls, units, seconds)


def _asked(wire: Wire) -> Iterator[tuple[str, bytes]]:
    return zip(wire.operations, wire.bodies, strict=True)


def pages(ids: Sequence[str]) -> dict[str, str]:
    """Return the pages to ask for, by what they are."""
    return {
        "the latest messages": "messages",
        "of a form": "messages?form=devis",
        "of an earlier month": "messages?month=2026-03",
        "a search that finds much": "messages?q=chaise",
        "a search that finds nothing": "messages?q=absent",
        "one message": f"messages/{ids[len(ids) // 2]}",
        "the spam folder": "messages/spam",
        "erase its author": f"people?message={ids[0]}",
    }


def measure(count: int, days: int, length: int = 400) -> dict[str, Taken]:
    """Return what each page takes with so many messages on so many days."""
    import time_machine  # noqa: PLC0415

    with isolated(), time_machine.travel(START, tick=False):
        app = App(resolve())
        ids = write(count, days, length=length)
        browser = Browser(app).signed_in()
        browser.get("settings")
        return {name: take(browser, page) for name, page in pages(ids).items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each page takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.desk", description="Pages of messages at the desk.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--days", type=int, nargs="+", default=[1095, 365, 30, 1])
    parser.add_argument("--length", type=int, default=400)
    given = parser.parse_args(arguments)
    for days in given.days:
        print(f"{given.messages:,} messages on {days:,} days, of {given.length} characters")
        print("| page | read units | calls | processor, in ms |")
        print("|---|---|---|---|")
        for name, taken in measure(given.messages, days, given.length).items():
            calls = ", ".join(f"{count} {operation}" for operation, count in taken.calls.items())
            print(f"| {name} | {taken.units:g} | {calls} | {taken.seconds * 1000:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
