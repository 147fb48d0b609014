"""What a month costs: the page has these tables, the prices that they are calculated from, and correct sums."""

import re
from typing import Any

import pytest

from infra.operate.checks.account import PLANS
from infra.template import Template
from tests.bench import issue_cost, month, posts
from tests.bench.month import MONTHS, Month
from tests.support.app import App
from tests.support.clients import listening
from tests.support.pages import read, rows

PAGE = read("costs.md")
# A cell is rounded to a cent.
CENT = 0.01


def cells(page: str, head: str) -> list[list[float]]:
    """Return the numbers of a table's rows."""
    found = page.split(head)[1].split("\n\n", maxsplit=1)[0].splitlines()[2:]
    return [[float(cell.replace(",", "")) for cell in line.strip("| ").split(" | ")[1:]] for line in found]


def test_the_page_has_the_tables() -> None:
    for made in (month.parts(), month.sums()):
        assert "\n".join(made) in PAGE


def test_on_the_page_each_sum_is_that_of_its_parts() -> None:
    parts, sums = cells(PAGE, month.HEAD), cells(PAGE, month.FREE_HEAD)
    assert len(parts) == len(sums) == len(MONTHS)
    for (*rest, cheap, dear), (with_cheap, with_dear, free_cheap, free_dear) in zip(parts, sums, strict=True):
        assert with_cheap == pytest.approx(sum(rest) + cheap, abs=3 * CENT)
        assert with_dear == pytest.approx(sum(rest) + dear, abs=3 * CENT)
        assert free_dear - free_cheap == pytest.approx(dear - cheap, abs=2 * CENT)
        # Only things that cost something can be free.
        assert 0 <= free_cheap <= with_cheap


def test_its_prices_are_those_of_the_calculation() -> None:
    told = {what: price for what, price, _ in rows(PAGE, "what | dollars | source, and when it was read")}
    for what, prices in {
        "SES, a thousand emails: no plan, Essentials, Pro, Enterprise": [float(price) for _, price in PLANS.values()],
        "Lambda on arm64, a GB-second; a million runs": [posts.PER_GB_SECOND, posts.PER_MILLION_INVOCATIONS],
        "HTTP API, a million requests": [posts.PER_MILLION_API_CALLS],
        "DynamoDB on demand, a million write units, read units": [posts.PER_MILLION_WRITES, posts.PER_MILLION_READS],
        "DynamoDB, a GB-month stored, backed up": [month.PER_GB_STORED, month.PER_GB_BACKED_UP],
        "CloudWatch, a metric in an alarm, a month": [month.PER_ALARM_METRIC],
        "CloudWatch, a custom metric, a month": [month.PER_METRIC],
        "CloudWatch, a GB of logs": [month.PER_GB_LOGGED],
        "SNS, a million messages to Lambda": [month.PER_MILLION_NOTICES],
    }.items():
        assert [float(price) for price in told[what].split(", ")][: len(prices)] == pytest.approx(prices)
    # `guichet doctor` says the same.
    assert PLANS["NONE"][1] == f"{issue_cost.SES:.2f}"
    for plan in ("PRO", "ENTERPRISE"):
        monthly, each = PLANS[plan]
        assert re.search(rf"{plan.title()} \({monthly}( a month)?, {each}", PAGE)
    assert told["Lambda, free each month"] == f"{month.FREE_GB_SECONDS:,} GB-seconds, a million runs"


def test_every_price_says_when_it_was_read_or_that_it_was_not() -> None:
    dated = re.compile(r"\d{1,2} \w+ 2026|not read again")
    for table, column in (("what | dollars | source, and when it was read", 2), ("service | price | read", 2)):
        found = rows(PAGE, table)
        assert len(found) > 8
        assert all(dated.search(row[column]) for row in found)


def test_a_month_is_calculated_as_by_hand() -> None:
    plain = Month("by hand", 1_000_000)
    # Four runs of a second, plus two sweeps per quarter of an hour of a twelfth of a year: 2,920.
    seconds = 4e6 + 2_920 * (1 + 1769 / 1024)
    assert plain.compute() == pytest.approx(seconds * 13.3334e-6 + (4e6 + 5_840) * 0.20e-6)
    assert plain.compute(free=True) == pytest.approx(plain.compute() - 400_000 * 13.3334e-6 - 0.20)
    requests = 2 * 1.00 + 18 * 0.625 + 3 * 0.125 + 2 * 0.50 + 2_920 * 25 * 0.125e-6
    assert plain.requests() == pytest.approx(requests + (4e6 + 5_840) * 2e-6 * 0.50)
    assert plain.mail(0.10) == pytest.approx(100)
    assert plain.stored() == pytest.approx(36 * 4 * 0.45)
    assert Month("none").mail(0.16) == 0


def test_each_metric_that_an_alarm_watches_is_paid_for() -> None:
    alarms = [one for one in Template.load().document["Resources"].values() if one["Type"] == "AWS::CloudWatch::Alarm"]
    assert month.alarm_metrics() > len(alarms)
    assert f"they watch {month.alarm_metrics()} metrics" in PAGE
    dashboards = [one for one in Template.load().document["Resources"].values() if one["Type"].endswith("::Dashboard")]
    assert len(dashboards) <= 3


@pytest.mark.all_shards
def test_while_nobody_writes_the_sweeps_read_no_more_than_is_calculated(app: App) -> None:
    units = {"read": 0.0, "write": 0.0}

    def note(**asked: Any) -> None:
        # Nothing is found: one unit, or half of one if an eventually consistent read is enough.
        kind = "read" if asked["model"].name in {"GetItem", "BatchGetItem", "Query", "Scan"} else "write"
        units[kind] += 1 if asked["params"].get("ConsistentRead") else 0.5

    with listening("provide-client-params.dynamodb", note):
        # The first one of a day has more to do.
        for time in ("first", "usual"):
            units.update(read=0, write=0)
            for name in ("Notifier", "Issues"):
                app.sweep(name)
            assert units["read"], time
    assert units["read"] <= month.READS_OF_SWEEPS
    assert not units["write"]
