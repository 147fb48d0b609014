"""`python -m tests.bench.desk`: what each page of messages costs at the desk, in CPU time and in read units.

Each page is requested twice. The first time, AWS's answers are recorded; the second time, they are played back, so that
the CPU time is only the function's. moto answers, except for the lists of a day, for which it would search all items.
AWS: "Read consistency", "Capacity unit consumption for reads", "Paginating table query results".
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

import time_machine

from guichet.records.message import Message
from guichet.store import dynamodb, table
from tests.support.app import START, App, isolated, resolve
from tests.support.desk import Browser
from tests.support.many import put
from tests.support.wire import Wire, answer

_UNIT = 4096
_PAGE = 1 << 20
_PROJECTED = ("pk", "sk", "list", "received_at", "form")
_WORDS = ("chaise", "table", "été", "devis", "bonjour", "atelier", "merci", "chêne", "livraison", "Œuvre", "prix")


class Taken(NamedTuple):
    """What a page took: calls by operation, read units, seconds of CPU time."""

    calls: dict[str, int]
    units: float
    seconds: float


class Written(NamedTuple):
    """The messages of a table: their ids, newest first, and what the index has of them, by list."""

    ids: list[str]
    lists: dict[str, list[dict[str, Any]]]


def write(count: int, days: int, last: datetime = START, *, length: int = 400) -> Written:
    """Put messages into the table, the same number each day."""
    chance, written = random.Random(21), Written([], {})  # noqa: S311
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
        item = table.item_of(message, list=table.day_list("messages", at))
        put(item)
        written.ids.append(message.id)
        entry = dynamodb.marshalled({name: item[name] for name in _PROJECTED if name in item})
        written.lists.setdefault(item["list"], []).append(entry)
    return written


def units_of(operation: str, asked: dict[str, Any], given: dict[str, Any]) -> float:
    """Return the read units of a call, from the sizes of its items."""
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
    raise ValueError(f"a page of the desk does not request {operation}")


def _size(item: dict[str, Any]) -> int:
    # JSON's names, types and quotes take about as much space as DynamoDB's numbers and lists.
    values = (json.dumps(value, ensure_ascii=False) for value in item.values())
    return sum(
        len(name.encode()) + len(value.encode()) - len('{"S": ""}') for name, value in zip(item, values, strict=True)
    )


class Played(Wire):
    """The answers of the first request, played back for the second."""

    def __init__(self, client: Any, lists: dict[str, list[dict[str, Any]]]) -> None:
        super().__init__(client)
        self._lists = lists
        self.given: dict[tuple[str, bytes], dict[str, Any]] = {}
        self.replays = False

    def emit(self, event_name: str, **arguments: Any) -> Any:
        if not event_name.startswith("before-send."):
            return super().emit(event_name, **arguments)
        request = arguments["request"]
        key = event_name.rpartition(".")[2], request.body
        if self.replays:
            return [(None, answer(self.given[key])(request))]
        asked = json.loads(request.body)
        if asked.get("IndexName") == "lists":
            self.operations.append(key[0])
            self.bodies.append(key[1])
            self.given[key] = self._page(asked)
        else:
            replies = super().emit(event_name, **arguments)
            reply: Any = next(reply for _, reply in replies if reply is not None)
            self.given[key] = json.loads(reply.content)
        return [(None, answer(self.given[key])(request))]

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["ExpressionAttributeValues"][":list"]["S"]
        entries, read = sorted(self._lists.get(name, ()), key=lambda entry: str(entry["pk"]["S"])), 0
        after = asked.get("ExclusiveStartKey", {}).get("pk", {}).get("S", "")
        page: list[dict[str, Any]] = []
        for entry in entries:
            if entry["pk"]["S"] > after:
                page.append(entry)
                read += _size(entry)
            if read > _PAGE or len(page) == asked.get("Limit"):
                last = {key: entry[key] for key in ("pk", "sk", "list")}
                return {"Items": page, "Count": len(page), "LastEvaluatedKey": last}
        # If only the count is requested, the items are read but not returned.
        return {"Items": page, "Count": len(page)}


def take(browser: Browser, page: str, lists: dict[str, list[dict[str, Any]]]) -> Taken:
    """Request a page, twice."""
    wire = Played(dynamodb.client(), lists)
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
    """Return the pages to request, by description."""
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
    """Return what each page takes, for a number of messages on a number of days."""
    with isolated(), time_machine.travel(START, tick=False):
        app = App(resolve())
        written = write(count, days, length=length)
        browser = Browser(app).signed_in()
        browser.get("settings")
        return {name: take(browser, page, written.lists) for name, page in pages(written.ids).items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what each page takes."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.desk", description="Pages of messages at the desk.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--days", type=int, nargs="+", default=[1095, 365, 30, 1])
    parser.add_argument("--length", type=int, default=400)
    given = parser.parse_args(arguments)
    for days in given.days:
        print(f"{given.messages:,} messages on {days:,} days, of {given.length} characters")
        print("| page | read units | calls | CPU, in ms |")
        print("|---|---|---|---|")
        for name, taken in measure(given.messages, days, given.length).items():
            calls = ", ".join(f"{count} {operation}" for operation, count in taken.calls.items())
            print(f"| {name} | {taken.units:g} | {calls} | {taken.seconds * 1000:.0f} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
