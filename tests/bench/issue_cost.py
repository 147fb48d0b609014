"""What an issue takes on AWS, calculated: hours and US dollars, by the number of readers and SES's rate.

These are the tables of infra/docs/limits.md; a test compares them.
"""

from collections.abc import Iterator
from math import ceil

from infra.operate.checks.account import PLANS
from issues import worker
from tests.bench.posts import PER_GB_SECOND, PER_MILLION_INVOCATIONS, PER_MILLION_READS, PER_MILLION_WRITES

READERS = (10_000, 100_000, 1_000_000)
RATES = (14, 100, 500)
# SES, for a thousand emails: until July 2026, and the plan Essentials that new accounts have.
SES, SES_ESSENTIALS = (float(PLANS[plan][1]) for plan in ("NONE", "ESSENTIALS"))
# How long a call to SES takes at its slowest, in seconds, which determines how many run concurrently.
CALL_TAKES = 0.2
# The memory of Issues and Feedback, in GB; how long a run of the latter takes, in seconds. SES sends two events per
# copy.
ISSUES_GB, FEEDBACK_GB, EVENT_TAKES, EVENTS = 1769 / 1024, 1.0, 0.060, 2
# A reader's row is created, claimed and marked; and a delivery resets the subscriber's soft bounces.
WRITES = 4
# The subscriber, and the row for each event. The rows again, at less than 400 bytes each: the page, the count and the
# look at all of them at the end.
READS = 1 + EVENTS + 3 * 400 / 4096
# The progress is recorded after each page, in an item of up to 2 KB; then, the bounces are read.
WRITES_OF_PAGE, READS_OF_PAGE = 2, 1


def pace(rate: float) -> float:
    """Return how many copies a second are sent, for a number of emails a second that SES allows."""
    return min(rate * worker.SHARE, worker.MOST_AT_ONCE / CALL_TAKES)


def hours(readers: int, rate: float) -> float:
    """Return how long it takes to send an issue."""
    return readers / pace(rate) / 3600


def dollars(readers: int, rate: float) -> float:
    """Return what it costs, without SES."""
    pages = readers / ceil(pace(rate))
    writes = WRITES * readers + WRITES_OF_PAGE * pages
    reads = READS * readers + READS_OF_PAGE * pages
    gb_seconds = 3600 * hours(readers, rate) * ISSUES_GB + EVENTS * readers * EVENT_TAKES * FEEDBACK_GB
    return (
        gb_seconds * PER_GB_SECOND
        + (writes * PER_MILLION_WRITES + reads * PER_MILLION_READS + EVENTS * readers * PER_MILLION_INVOCATIONS) / 1e6
    )


def rows() -> Iterator[str]:
    """Yield the rows of the table."""
    yield f"| readers | {' | '.join(f'{rate} a second' for rate in RATES)} | SES, at 0.10 | SES, at 0.16 |"
    yield "|---" * (len(RATES) + 3) + "|"
    for readers in READERS:
        cells = (f"{_time(hours(readers, rate))}, {dollars(readers, rate):,.2f} dollars" for rate in RATES)
        mail = (f"{readers / 1000 * price:,.2f} dollars" for price in (SES, SES_ESSENTIALS))
        yield f"| {readers:,} | {' | '.join([*cells, *mail])} |"


def _time(given: float) -> str:
    return f"{given:.1f} h" if given >= 1 else f"{60 * given:.0f} min"


if __name__ == "__main__":
    print("\n".join(rows()))
