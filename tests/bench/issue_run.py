"""An issue sent to many readers, with the function killed three times: who got it, its writes, and its memory.

moto holds the table, seeded directly in its memory, and is the bottleneck. The function runs in a separate process,
with its usual concurrency, and only the schedule calls it. SES is a list here: moto would keep every mail.
"""

import base64
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import timedelta
from math import ceil
from threading import Lock
from typing import Any

import time_machine
from botocore.awsrequest import AWSPreparedRequest
from moto.core.request import normalize_request
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler

from feedback import reader_rows
from guichet.mail import ses
from guichet.mail.tags import Attempt, attempt_in
from guichet.outbox.outcomes import Report
from guichet.records.outbox import EmailKey
from guichet.records.record import utc_now
from guichet.store import dynamodb, issues, readers
from infra.local.functions import LocalFunction
from infra.local.streams import schedule_event
from tests.faults.running import memory
from tests.support import many
from tests.support.app import ACCOUNT, REGION, App, isolated, resolve
from tests.support.issues import SAMPLE
from tests.support.newsletter import SECRET
from tests.support.server import Handler, Server, serving

# SES's rate per second: high enough that the function's own limit applies.
RATE = 10_000.0
KILLS = 3
# By then, the lease of a killed run has ended, and so has the wait for an answer.
LATER, MUCH_LATER = timedelta(minutes=5), timedelta(minutes=65)
# How much its memory may grow after the first third of the copies, in MB.
FLAT = 20
# How often the memory is measured, in seconds.
_LOOK = 10
_KB, _UNIT = 1024, 4096


class Engine(Server):
    """DynamoDB and SES for one process. It counts the units that the requests would take."""

    # All of the function's threads connect at once.
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(_Asked)
        self.lock = Lock()
        self.writes: Counter[str] = Counter()
        # Half units, as an index is read.
        self.reads: dict[str, float] = defaultdict(float)
        self.calls: Counter[str] = Counter()
        self.got: Counter[str] = Counter()
        self.attempts: list[Attempt] = []

    def table(self, operation: str, body: bytes, headers: Any) -> tuple[int, bytes]:
        """Ask moto."""
        address = f"https://dynamodb.{REGION}.amazonaws.com/"
        request = normalize_request(AWSPreparedRequest("POST", address, headers, body, stream_output=False))
        answer: Any = DynamoHandler.dispatch(request, request.raw_url, request.headers)
        status, _, content = answer
        content = content if isinstance(content, bytes) else content.encode()
        self._count(operation, json.loads(body), json.loads(content))
        return status, content

    def _count(self, operation: str, asked: dict[str, Any], answer: dict[str, Any]) -> None:
        self.calls[operation] += 1
        if operation == "TransactWriteItems":
            for action in asked["TransactItems"]:
                (parameters,) = action.values()
                # A transaction writes twice.
                self.writes[operation] += 2 * self._written(parameters.get("Key") or parameters["Item"])
        elif operation in {"PutItem", "UpdateItem"}:
            self.writes[operation] += self._written(asked.get("Key") or asked["Item"])
        elif operation == "GetItem":
            self.reads[operation] += max(1, ceil(_size(answer.get("Item", {})) / _UNIT))
        else:
            items = answer.get("Items")
            size = sum(map(_size, items)) if items is not None else answer["Count"] * self._row
            self.reads[operation] += ceil(size / _UNIT) * (1 if asked.get("ConsistentRead") else 0.5)

    # About the final size of a row, in bytes: rows that are only counted are not returned.
    _row = 400

    @staticmethod
    def _written(key: dict[str, Any]) -> int:
        items: Any = dynamodb_backends[ACCOUNT][REGION].tables["table"].items
        found = items.get(DynamoType(key["pk"]), {}).get(DynamoType(key["sk"]))
        return max(1, ceil(_size(found.to_json()["Attributes"] if found else {}) / _KB))

    def mail(self, asked: dict[str, Any]) -> bytes:
        """Accept a mail."""
        (to,) = asked["Destination"]["ToAddresses"]
        if to.encode() not in base64.b64decode(asked["Content"]["Raw"]["Data"]):
            raise SystemExit("a copy to somebody else")
        attempt = attempt_in({tag["Name"]: [tag["Value"]] for tag in asked["EmailTags"]})
        if attempt is None:
            raise SystemExit("a copy that its tags do not name")
        self.got[to] += 1
        self.attempts.append(attempt)
        return json.dumps({"MessageId": f"message-{len(self.attempts)}"}).encode()


class _Asked(Handler):
    server: Engine

    def answer(self) -> None:
        body = self.body()
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        with self.server.lock:
            if operation:
                status, content = self.server.table(operation, body, dict(self.headers.items()))
                self.reply(status, {"Content-Type": "application/x-amz-json-1.0"}, content)
            elif self.path.endswith("outbound-emails"):
                self.reply(200, {"Content-Type": "application/json"}, self.server.mail(json.loads(body)))
            else:
                account = {"SendQuota": {"MaxSendRate": RATE, "Max24HourSend": -1, "SentLast24Hours": 0}}
                self.reply(200, {"Content-Type": "application/json"}, json.dumps(account).encode())


def _size(item: Any) -> int:
    """Return the approximate size of an item in DynamoDB, in bytes: names and values."""
    match item:
        case dict():
            return sum((len(name) if len(name) > 1 else 0) + _size(value) for name, value in item.items())
        case list():
            return sum(map(_size, item))
        case _:
            return len(str(item))


def run(count: int) -> bool:
    """Send an issue to a number of readers, print the progress, and return whether everybody got it once."""
    logging.disable(logging.CRITICAL)
    with isolated(), serving(Engine()) as engine:
        App(resolve())
        # Nobody reads the stream.
        table: Any = dynamodb_backends[ACCOUNT][REGION].tables["table"]
        table.stream_shard = None
        now = utc_now()
        many.subscribe(range(count), now - timedelta(days=1))
        issues.save("table", "long", SAMPLE, issues.content_hash(SECRET, SAMPLE), now)
        draft = issues.find("table", "long")
        if draft is None or not issues.begin("table", draft, now):
            raise SystemExit("the issue does not start")
        print("| copies | seconds | a second | memory of the function, MB |\n|---|---|---|---|", flush=True)
        start, taken = time.monotonic(), list[tuple[int, float]]()
        later = timedelta()
        for kill in range(1, KILLS + 1):
            _until(engine, later, count * kill // (KILLS + 1), start, taken)
            later += LATER
        _until(engine, later, None, start, taken)
        in_doubt = _tell_of_those_in_doubt(engine)
        _until(engine, later + MUCH_LATER, None, start, taken)
        return _told(engine, count, in_doubt, taken, time.monotonic() - start)


def _until(engine: Engine, later: timedelta, copies: int | None, start: float, taken: list[tuple[int, float]]) -> None:
    """Run the function, with its clock set later, to the end, or kill it after a number of copies."""
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://{engine.address}",
        "AWS_ENDPOINT_URL_SESV2": f"http://{engine.address}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    line = [sys.executable, "-m", "tests.bench.issue_run", str(later.total_seconds())]
    with subprocess.Popen(line, env=environment, stdout=subprocess.DEVNULL) as process:
        looked, before = time.monotonic(), engine.got.total()
        while process.poll() is None:
            time.sleep(0.05)
            if copies is not None and engine.got.total() >= copies:
                process.kill()
                print(f"| killed after {engine.got.total():,} copies | | | |", flush=True)
                return
            if time.monotonic() - looked >= _LOOK and process.poll() is None:
                now = engine.got.total()
                try:
                    used = memory(process.pid)
                except KeyError:
                    # It has ended meanwhile.
                    continue
                taken.append((now, used))
                pace = (now - before) / (time.monotonic() - looked)
                print(f"| {now:,} | {time.monotonic() - start:.0f} | {pace:.0f} | {used:.0f} |", flush=True)
                looked, before = time.monotonic(), now
    if process.returncode:
        raise SystemExit("the function failed")


def _tell_of_those_in_doubt(engine: Engine) -> int:
    """Send SES's events about the accepted copies that nobody marked. Events about the others would change nothing."""
    found = 0
    for attempt in engine.attempts:
        row = readers.at("table", EmailKey(record=attempt.key.record, email=attempt.key.email))
        if row is not None and row.state == "claimed":
            report = Report("sent", attempt.claim, utc_now(), message_id="message")
            reader_rows.settle(attempt.key, report, "table")
            found += 1
    return found


def _told(engine: Engine, count: int, in_doubt: int, taken: list[tuple[int, float]], seconds: float) -> bool:
    issue = issues.find("table", "long")
    if issue is None:
        raise SystemExit("the issue is gone")
    once = len(engine.got) == count and set(engine.got.values()) == {1}
    print(
        f"{len(engine.got):,} of {count:,} readers got it, {engine.got.total() - len(engine.got):,} copies too many; "
        f"{in_doubt} in doubt at a kill, settled by SES's event; {seconds:.0f} s"
    )
    print(f"the issue is {issue.state}: {issue.counts.model_dump(exclude_defaults=True)} of {issue.audience:,}")
    both: dict[str, dict[str, Any]] = {"write": engine.writes, "read": engine.reads}
    for what, units in both.items():
        each = ", ".join(f"{name} {number / count:.2f}" for name, number in units.items())
        print(f"{what} units for each reader: {sum(units.values()) / count:.2f} ({each})")
    print(
        f"calls for each reader: {', '.join(f'{name} {number / count:.2f}' for name, number in engine.calls.items())}"
    )
    early, late = (
        max((used for copies, used in taken if (copies >= count / 3) is after), default=0.0) for after in (False, True)
    )
    flat = not early or late - early <= FLAT
    print(
        f"the function's memory is {early:.0f} MB at most in the first third of the copies, and {late:.0f} MB after it"
    )
    return once and flat and issue.state == "sent" and issue.counts.sent == issue.audience == count


def _work(later: float) -> None:
    """Act as the function, called by the schedule until there is nothing left to do now."""
    # moto answers one call at a time, and one that examines many rows takes long.
    dynamodb.READ_TIMEOUT = dynamodb.RETRY_BUDGET = dynamodb.CONNECT_TIMEOUT = ses.CONNECT_TIMEOUT = 60.0
    ses.READ_TIMEOUT = 60.0
    with time_machine.travel(utc_now() + timedelta(seconds=later), tick=True):
        function = LocalFunction(resolve().functions["Issues"])
        while True:
            # A run that fails because moto is slow is resumed like any other.
            function(schedule_event())
            issue = issues.find("table", "long")
            if issue is None or issue.state != "sending" or issue.not_before is not None:
                return
            time.sleep(0.1)


if __name__ == "__main__":
    _work(float(sys.argv[1]))
