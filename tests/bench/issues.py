"""`make issues-bench`, or `python -m tests.bench.issues`: the cost of sending an issue of the newsletter.

`--compose` counts how many copies one core writes per second. Each is the full sample issue as a reader gets it: to
their address, with their own unsubscribe link and its token. `--readers` sends an issue to that many readers, and kills
the function three times.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from guichet.http.links import unsubscribe_link
from guichet.locales import LANGUAGES
from guichet.mail.emails import issue as email
from guichet.mail.mime import written
from guichet.mail.series import Series
from guichet.records.issue import WrittenIssue
from guichet.settings import NotifierSettings
from tests.bench import issue_run
from tests.support import issues
from tests.support.app import resolve

# Copies a second, on one core.
GOAL = 300
ROUNDS = 5


def per_second(write: Callable[[str, str], bytes], copies: int, settings: NotifierSettings) -> float:
    """Return how many copies a second are written, including the link of each."""
    start = time.perf_counter()
    for number in range(copies):
        subscriber_id = f"{number:064x}"
        link = unsubscribe_link(settings.api_url, subscriber_id, "fr", settings.signing_secret)
        if link.split("?")[0].encode() not in write(f"reader{number}@example.org", link):
            raise SystemExit("a copy without its link")
    return copies / (time.perf_counter() - start)


def compose(copies: int) -> bool:
    """Print how many copies a second are written, and return whether that is enough."""
    settings = NotifierSettings.from_environment()
    print(f"| edition | bytes | a series, copies a second | each composed anew | goal: {GOAL} |")
    print("|---|---:|---:|---:|---|")
    enough = True
    for language in LANGUAGES:
        edition = issues.SAMPLE[language]
        series = Series(issues.ISSUE, edition, language, settings)

        def anew(to: str, link: str) -> bytes:
            reader = WrittenIssue(issues.ISSUE, edition, language, (to,), link)  # noqa: B023  called at once
            content = email.content(reader, language, settings)  # noqa: B023
            return written(email.NAME, email.AUDIENCE, content, language, settings).as_bytes()  # noqa: B023

        rates = [per_second(series.addressed, copies, settings) for _ in range(ROUNDS)]
        slowly = per_second(anew, max(1, copies // 50), settings)
        size, rate = len(series.addressed("reader@example.org", issues.LINK)), statistics.median(rates)
        print(f"| {language} | {size:,} | {rate:,.0f} | {slowly:,.0f} | {'reached' if rate >= GOAL else 'missed'} |")
        enough = enough and rate >= GOAL
    return enough


def main(arguments: Sequence[str]) -> int:
    """Run the requested measurements, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.issues", description="Measure an issue.")
    parser.add_argument("--compose", action="store_true", help="count the copies that one core writes a second")
    parser.add_argument("--copies", type=int, default=5000, metavar="N", help="in each of five rounds (%(default)s)")
    parser.add_argument(
        "--readers", type=int, metavar="N", help="send an issue to this many readers, killing the function three times"
    )
    given = parser.parse_args(arguments)
    if given.readers and not issue_run.run(given.readers):
        return 1
    os.environ.update(resolve().environment)
    return 0 if not given.compose or compose(given.copies) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
