"""`make run` itself, tested as a process: under load, idle, and at the moment its ports open."""

import json
import os
import tempfile
import time
from collections import Counter as Tally
from email import message_from_string, policy
from http.client import HTTPException
from pathlib import Path
from threading import Thread
from typing import Any

from tests.support.stack import PATIENCE, LocalStack, ask, connects, free_port, local_stack, wait_for

# The limits per caller and on mail to strangers are not under test here.
PARAMETERS = "CallerHourlyCap=1000000 StrangerMailPerDay=1000000"
# The figures are reported once per this many posts.
_EVERY = 1000
# How often the inbox is read, in posts: it keeps the newest thousand.
_LOOK = 50
# The largest share of a CPU that an idle stack may use.
_AT_REST = 0.01
# After how many seconds without any mail the missing emails count as lost.
_SILENCE = 60


def form(number: int) -> tuple[str, dict[str, str]]:
    """Return the path and the fields of a visitor's form: two of three are messages, the others sign-ups."""
    fields = {"email": f"visitor{number}@example.org", "_id": str(number)}
    return ("/newsletter", fields) if number % 3 == 0 else ("/contact", fields | {"message": f"Bonjour {number}"})


def post(port: int, number: int) -> int:
    """Post the form with a number, and return the status of the response: 0 if there was none."""
    path, fields = form(number)
    try:
        return ask(port, "POST", path, json.dumps(fields).encode(), {"Content-Type": "application/json"}).status
    except (OSError, HTTPException):
        return 0


# --- in a row ----------------------------------------------------------------------------------------------------


class Mailed:
    """Whom a stack mailed, read from the inbox as it fills, since it only keeps the newest."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._last = ""
        self.of: Tally[str] = Tally()

    def look(self) -> int:
        """Count the mails since the last time by visitor, and return how many there were."""
        mails = ask(self._stack.port, "GET", f"/_local/inbox.json?after={self._last}").json
        for mail in mails:
            message = message_from_string(mail["raw"], policy=policy.default)
            # A notification's reply address is the visitor's; a confirmation goes to the visitor.
            (address,) = (message["Reply-To"] or message["To"]).addresses
            self.of[address.addr_spec] += 1
        if mails:
            self._last = mails[-1]["id"]
        return len(mails)


def posts_in_a_row(posts: int) -> bool:
    """Post forms to a new stack, one after the other; print the progress, and return whether each was mailed once."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder), PARAMETERS=PARAMETERS) as stack:
        stack.wait_until_ready()
        mailed = Mailed(stack)
        accepted: set[str] = set()
        heads = ("posts", "kept", "a second", "processor for each, ms", "memory, MB", "mailed")
        print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|", flush=True)
        print(f"| 0 | 0 | | | {memory(stack.process.pid):,.0f} | 0 |", flush=True)
        for first in range(0, posts, _EVERY):
            numbers = range(first, min(first + _EVERY, posts))
            start, used = time.perf_counter(), processor(stack.process.pid)
            for number in numbers:
                if post(stack.port, number) == 200:
                    accepted.add(form(number)[1]["email"])
                if number % _LOOK == 0:
                    mailed.look()
            took, used = time.perf_counter() - start, processor(stack.process.pid) - used
            figures = (
                f"{numbers.stop:,}",
                f"{len(accepted):,}",
                f"{len(numbers) / took:.0f}",
                f"{1000 * used / len(numbers):.1f}",
                f"{memory(stack.process.pid):,.0f}",
                f"{mailed.of.total():,}",
            )
            print(f"| {' | '.join(figures)} |", flush=True)
        silent_since = time.monotonic()
        while mailed.of.total() < len(accepted) and time.monotonic() - silent_since < _SILENCE:
            if mailed.look():
                silent_since = time.monotonic()
            time.sleep(1)
        mailed.look()
        wrong = {visitor for visitor in accepted | set(mailed.of) if mailed.of[visitor] != (visitor in accepted)}
        print(f"posted {posts:,}, kept {len(accepted):,}, mailed {mailed.of.total():,}, lost or doubled {len(wrong):,}")
        print(f"at the end {memory(stack.process.pid):,.0f} MB; it complained of: {stack.complained or 'nothing'}")
        return len(accepted) == posts and not wrong


# --- the moment its ports open -----------------------------------------------------------------------------------


class Early(Thread):
    """A visitor who posts to the API the moment a port opens, which may be the API's own."""

    def __init__(self, watched: int, api: int, number: int) -> None:
        super().__init__(daemon=True)
        self._watched, self._api, self._number = watched, api, number
        self.status = 0

    def run(self) -> None:
        """Watch, then post."""
        deadline = time.monotonic() + PATIENCE
        while not connects(self._watched) and time.monotonic() < deadline:
            time.sleep(0.001)
        self.status = post(self._api, self._number)


def early_posts() -> list[int]:
    """Start a stack while two visitors watch, and return the replies they got: 200 only if it was also mailed.

    One watches the API's port, the other one the site's.
    """
    api, site = free_port(), free_port()
    visitors = [Early(port, api, number) for number, port in enumerate((api, site))]
    for visitor in visitors:
        visitor.start()
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), PORT=str(api), SITE_PORT=str(site)) as stack,
    ):
        for visitor in visitors:
            visitor.join()
        stack.wait_until_ready()
        kept = [form(number)[1]["email"] for number, visitor in enumerate(visitors) if visitor.status == 200]
        wait_for("the emails", lambda: all(any(address in mail["raw"] for mail in stack.inbox()) for address in kept))
    return [visitor.status for visitor in visitors]


def starts(count: int) -> bool:
    """Start stacks, post to each at once, print the replies, and return whether everything was stored and mailed."""
    answers = Tally(status for _ in range(count) for status in early_posts())
    told = ", ".join(f"{times} answered {status or 'not at all'}" for status, times in sorted(answers.items()))
    print(f"{count} starts, two posts each the moment a port opens: {told}")
    return set(answers) == {200}


# --- at rest -----------------------------------------------------------------------------------------------------


def rests(seconds: float) -> bool:
    """Leave a stack idle, print its CPU usage, and return whether that is next to nothing."""
    with tempfile.TemporaryDirectory() as folder, local_stack(Path(folder)) as stack:
        stack.wait_until_ready()
        post(stack.port, 1)
        wait_for("the email", stack.inbox)
        used, woken = processor(stack.process.pid), wake_ups(stack.process.pid)
        time.sleep(seconds)
        share = (processor(stack.process.pid) - used) / seconds
        # A thread's count is lost when it ends.
        woken = max(0, wake_ups(stack.process.pid) - woken)
        print(f"at rest for {seconds:.0f} s: {share:.2%} of a processor, woken {woken / seconds:.1f} times a second")
        return share < _AT_REST


# --- what a process uses -----------------------------------------------------------------------------------------


def processor(pid: int) -> float:
    """Return the CPU time that a process has used, in seconds (Linux: proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])
    return (user + system) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> float:
    """Return the memory that a process occupies, in MB (Linux: proc_pid_status(5))."""
    return int(_status(Path(f"/proc/{pid}/status"))["VmRSS"].split()[0]) / 1024


def wake_ups(pid: int) -> int:
    """Return how often the threads of a process have waited for something and continued (Linux)."""
    tasks = Path(f"/proc/{pid}/task").glob("*/status")
    return sum(int(_status(task)["voluntary_ctxt_switches"]) for task in tasks)


def _status(file: Path) -> dict[str, Any]:
    lines = file.read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
