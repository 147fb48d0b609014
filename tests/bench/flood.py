"""`python -m tests.bench.flood`: what a flood costs in DynamoDB's write units, by callers.

Twenty posts of 64 KiB a second for ten minutes, from 1, 10 and 1,000 callers, go through the handler of `/contact` to a
table that only counts. Lambda runs several processes of a function, and each remembers its own callers over the cap, so
the posts are distributed at random over several processes. "Before" is the same without that memory.

Write units are as AWS documents them: one per started KB; twice that in a transaction; a failed condition costs what
the write would have cost, and so, it is assumed here, does each action of a cancelled transaction; a check of a missing
item counts as 1 KB. Writes to the indexes count, too.
"""

import argparse
import contextlib
import copy
import io
import json
import logging
import os
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

import time_machine
from botocore.exceptions import ClientError

from contact.handler import handler
from guichet.forms import rate_limit
from guichet.forms.rate_limit import OverCap
from guichet.records.record import utc_now
from guichet.store import dynamodb
from tests.support.app import START, isolated

PER_SECOND, SECONDS = 20, 600
SIZE = 64 * 1024
CALLERS = (1, 10, 1000)
# Twenty posts a second of 60 ms take two; a new account runs ten at most.
PROCESSES = (2, 10)
_EVENT = Path(__file__).parents[2] / "infra" / "events" / "contact-json.json"
_KB = 1024


class CountingTable:
    """A stand-in for the DynamoDB client: its items, how often callers were counted, and the units used."""

    def __init__(self) -> None:
        self._there: set[str] = set()
        self._counted: Counter[str] = Counter()
        self.units = 0

    def transact_write_items(self, **asked: Any) -> dict[str, Any]:
        """Do all actions or none, and count the units."""
        actions = [next(iter(action.items())) for action in asked["TransactItems"]]
        failed = [self._fails(kind, action) for kind, action in actions]
        self.units += sum(2 * _units(action.get("Item", {})) for _, action in actions)
        if any(failed):
            reasons = [{"Code": "ConditionalCheckFailed" if one else "None"} for one in failed]
            error = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(error, "TransactWriteItems")  # type: ignore[arg-type]
        for kind, action in actions:
            if kind == "Put":
                self._there.add(_key(action["Item"]))
                # Its entries in the indexes hold keys only.
                self.units += sum(name in action["Item"] for name in ("outbox", "list"))
            elif kind == "Update":
                self._counted[_key(action["Key"])] += 1
        return {}

    def _fails(self, kind: str, action: Mapping[str, Any]) -> bool:
        if kind == "Update":
            cap = int(action["ExpressionAttributeValues"][":cap"]["N"])
            return self._counted[_key(action["Key"])] >= cap
        return "ConditionExpression" in action and _key(action.get("Item") or action["Key"]) in self._there


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['pk']['S']}/{item['sk']['S']}"


def _units(item: Mapping[str, Any]) -> int:
    """Return the write units of an item, at least one (AWS: "DynamoDB item sizes and formats")."""
    return max(1, ceil(sum(len(name.encode()) + _size(value) for name, value in item.items()) / _KB))


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return 3 + sum(1 + len(name.encode()) + _size(part) for name, part in content.items())
        case "L":
            return 3 + sum(1 + _size(part) for part in content)
        case "N":
            return len(content) // 2 + 2
        case _:
            return len(content.encode())


def _events(callers: int) -> Iterator[dict[str, Any]]:
    """Yield the events of the flood. Each post is another message; callers take turns."""
    sample = json.loads(_EVENT.read_text(encoding="utf-8"))
    # Without a key from the client, the time windows are checked.
    del sample["headers"]["idempotency-key"]
    for number in range(PER_SECOND * SECONDS):
        event = copy.deepcopy(sample)
        body = {"email": "a@example.org", "message": f"{number} " + "x" * 19_000}
        body |= {f"field{n}": "y" * 4_900 for n in range(9)}
        body["rest"] = "z" * (SIZE - len(json.dumps(body)) - len(', "rest": ""'))
        event["body"], event["isBase64Encoded"] = json.dumps(body), False
        caller = number % callers
        event["requestContext"]["http"]["sourceIp"] = f"10.{caller >> 8}.{caller & 255}.1"
        yield event


def flood(callers: int, processes: int, *, remembering: bool) -> tuple[int, Counter[int]]:
    """Return the write units of a flood, and the number of posts by status."""
    chance = random.Random(callers)  # noqa: S311
    table, statuses = CountingTable(), Counter[int]()
    memories = [OverCap(4096 if remembering else 0) for _ in range(processes)]
    client, memory = dynamodb.client, rate_limit.OVER_CAP
    with isolated(), time_machine.travel(START, tick=False) as clock, contextlib.redirect_stdout(io.StringIO()):
        # This skips thousands of log lines that nobody reads, and thousands of texts that are not spam.
        logging.disable()
        os.environ["SPAM_FILTER"] = "off"
        dynamodb.client = lambda: table  # type: ignore[assignment]
        try:
            for event in _events(callers):
                rate_limit.OVER_CAP = chance.choice(memories)
                event["requestContext"]["timeEpoch"] = int(utc_now().timestamp() * 1000)
                statuses[handler(event, None)["statusCode"]] += 1
                clock.shift(timedelta(seconds=1 / PER_SECOND))
        finally:
            dynamodb.client, rate_limit.OVER_CAP = client, memory
            logging.disable(logging.NOTSET)
    return table.units, statuses


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the page `infra/docs/limits.md`."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.flood", description="What a flood costs in writes.")
    parser.add_argument("--callers", type=int, nargs="*", default=CALLERS)
    parser.add_argument("--processes", type=int, nargs="*", default=PROCESSES)
    options = parser.parse_args(arguments)
    print("| callers | processes | accepted | 429 | units before | units after | a caller before | a caller after |")
    print("|---|---|---|---|---|---|---|---|")
    for callers in options.callers:
        before, _ = flood(callers, 1, remembering=False)
        for processes in options.processes:
            after, statuses = flood(callers, processes, remembering=True)
            print(
                f"| {callers:,} | {processes} | {statuses[200]:,} | {statuses[429]:,} | {before:,} | {after:,} "
                f"| {before // callers:,} | {after // callers:,} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
