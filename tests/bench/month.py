"""`python -m tests.bench.month`: what a month costs on AWS, calculated, by the volume of posts and mail.

These are the tables of infra/docs/costs.md; a test compares them, and each sum with its parts. Unknown numbers are
estimated high: every start of a function is a cold one of a second, and there is no free tier except where it is named.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.template import Template
from tests.bench import issue_cost
from tests.bench.issue_cost import EVENTS, SES, SES_ESSENTIALS
from tests.bench.posts import (
    PER_GB_SECOND,
    PER_MILLION_API_CALLS,
    PER_MILLION_INVOCATIONS,
    PER_MILLION_READS,
    PER_MILLION_WRITES,
)

# US dollars, us-east-1: for a month and GB of the table and of its backups, a GB of logs, a million messages of SNS, a
# month of a custom metric and of a metric that an alarm watches.
PER_GB_STORED, PER_GB_BACKED_UP, PER_GB_LOGGED, PER_MILLION_NOTICES = 0.25, 0.20, 0.50, 0.50
PER_METRIC, PER_ALARM_METRIC = 0.30, 0.10
# What is free for each account every month.
FREE_GB_SECONDS, FREE_INVOCATIONS, FREE_METRICS, FREE_ALARM_METRICS, FREE_GB_LOGGED = 400_000, 1_000_000, 10, 10, 5

WEEKS = 52 / 12
# Two functions run every quarter of an hour.
SWEEPS = 4 * 24 * 365 / 12
# The functions' memory in GB; the longest run, in seconds, unless more is known; what it logs, in KB.
GB, ISSUES_GB, RUN_TAKES, RUN_LOGS = 1.0, 1769 / 1024, 1.0, 2
# What both sweeps together read at most, if nothing waits.
READS_OF_SWEEPS = 25
# A post: a request and its preflight, a transaction, its email claimed and marked, and two events of SES about it.
CALLS_OF_POST, RUNS_OF_POST, WRITES_OF_POST, READS_OF_POST = 2, 2 + EVENTS, 12 + 3 + 1 + EVENTS, 1 + EVENTS
# What is stored for a post for three years, for a subscriber, and for a reader's copy for a year, in KB.
KB_OF_POST, KB_OF_SUBSCRIBER, KB_OF_READER, YEARS = 4, 2, 0.4, 3
# The number of custom metrics without any activity, with posts, and with issues as well.
METRICS_AT_REST, METRICS_OF_POSTS, METRICS_OF_ISSUES = 1, 4, 2
# Emails that a typical account sends per second.
RATE = 14


def alarm_metrics() -> int:
    """Return how many metrics the stack's alarms watch: each is paid for."""
    resources = Template.load().document["Resources"].values()
    alarms = [one["Properties"] for one in resources if one["Type"] == "AWS::CloudWatch::Alarm"]
    # A calculated one has a list of them, with the formula.
    return sum(sum("Expression" not in one for one in alarm.get("Metrics", [{}])) for alarm in alarms)


@dataclass(frozen=True)
class Month:
    """A month: the number of posts, each with an email, and how many subscribers get how many issues."""

    what: str
    posts: int = 0
    subscribers: int = 0
    issues: float = 0

    @property
    def emails(self) -> float:
        """How many emails are sent."""
        return self.posts + self.subscribers * self.issues

    def mail(self, price: float) -> float:
        """Return what SES costs, at a price for a thousand emails."""
        return self.emails / 1000 * price

    def compute(self, *, free: bool = False) -> float:
        """Return what Lambda costs, without the runs that send issues."""
        runs = 2 * SWEEPS + self.posts * RUNS_OF_POST
        seconds = RUN_TAKES * (SWEEPS * (GB + ISSUES_GB) + self.posts * RUNS_OF_POST * GB)
        if free:
            runs, seconds = max(0, runs - FREE_INVOCATIONS), max(0, seconds - FREE_GB_SECONDS)
        return seconds * PER_GB_SECOND + runs * PER_MILLION_INVOCATIONS / 1e6

    def requests(self, *, free: bool = False) -> float:
        """Return what API Gateway, DynamoDB, SNS and logs cost, and everything that an issue takes except mail."""
        writes, reads = self.posts * WRITES_OF_POST, SWEEPS * READS_OF_SWEEPS + self.posts * READS_OF_POST
        millions = (
            self.posts * CALLS_OF_POST * PER_MILLION_API_CALLS
            + writes * PER_MILLION_WRITES
            + reads * PER_MILLION_READS
            + self.emails * EVENTS * PER_MILLION_NOTICES
        ) / 1e6
        logged = (2 * SWEEPS + self.posts * RUNS_OF_POST + self.subscribers * self.issues * EVENTS) * RUN_LOGS / 1e6
        logs = max(0, logged - FREE_GB_LOGGED * free) * PER_GB_LOGGED
        issues = issue_cost.dollars(self.subscribers, RATE) * self.issues if self.subscribers else 0
        return millions + logs + issues

    def stored(self) -> float:
        """Return what the table and its backups cost, once they are full."""
        posts = self.posts * 12 * YEARS * KB_OF_POST
        readers = self.subscribers * (KB_OF_SUBSCRIBER + self.issues * 12 * KB_OF_READER)
        return (posts + readers) / 1e6 * (PER_GB_STORED + PER_GB_BACKED_UP)

    def watched(self, *, free: bool = False) -> float:
        """Return what alarms and metrics cost."""
        metrics = METRICS_AT_REST + METRICS_OF_POSTS * bool(self.posts) + METRICS_OF_ISSUES * bool(self.issues)
        alarms = alarm_metrics()
        if free:
            metrics, alarms = max(0, metrics - FREE_METRICS), max(0, alarms - FREE_ALARM_METRICS)
        return metrics * PER_METRIC + alarms * PER_ALARM_METRIC

    def parts(self, *, free: bool = False) -> tuple[float, ...]:
        """Return the costs without mail: Lambda, requests and logs, storage, alarms and metrics."""
        return self.compute(free=free), self.requests(free=free), self.stored(), self.watched(free=free)


MONTHS = (
    Month("nobody writes"),
    Month("100 posts", 100),
    Month("1,000 posts", 1_000),
    Month("300 posts, an issue a week to 1,000", 300, 1_000, WEEKS),
    Month("300 posts, an issue a week to 10,000", 300, 10_000, WEEKS),
    Month("3,000 posts, an issue a week to 100,000", 3_000, 100_000, WEEKS),
)
HEAD = "| a month | Lambda | requests, logs | storage | alarms, metrics | SES, at 0.10 | SES, at 0.16 |"
FREE_HEAD = "| a month | in all, SES at 0.10 | in all, SES at 0.16 | after what is free, at 0.10 | after it, at 0.16 |"


def parts() -> Iterator[str]:
    """Yield the rows of the table of parts, at list prices."""
    yield HEAD
    yield "|---" * 7 + "|"
    for month in MONTHS:
        yield _row(month.what, *month.parts(), month.mail(SES), month.mail(SES_ESSENTIALS))


def sums() -> Iterator[str]:
    """Yield the rows of the table of sums."""
    yield FREE_HEAD
    yield "|---" * 5 + "|"
    for month in MONTHS:
        whole, rest = sum(month.parts()), sum(month.parts(free=True))
        mail = month.mail(SES), month.mail(SES_ESSENTIALS)
        yield _row(month.what, *(whole + one for one in mail), *(rest + one for one in mail))


def _row(what: str, *dollars: float) -> str:
    return f"| {what} | {' | '.join(f'{one:,.2f}' for one in dollars)} |"


if __name__ == "__main__":
    print("\n".join([*parts(), "", *sums()]))
