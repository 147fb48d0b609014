"""A small run of the measurement of an issue."""

import re

import pytest

from infra.template import TEMPLATE
from issues import worker
from tests.bench import issue_cost, issue_run, issues

LIMITS = TEMPLATE.parent / "infra/docs/limits.md"


def test_copies_are_counted_and_held_against_the_goal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issues.main(["--compose", "--copies", "100"]) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [re.sub(r"[\d,]+", "N", row) for row in rows] == [f"| {tag} | N | N | N | reached |" for tag in ("fr", "en")]
    monkeypatch.setattr(issues, "GOAL", 10**9)
    assert issues.main(["--compose", "--copies", "10"]) == 1
    assert "missed" in capsys.readouterr().out


def test_the_page_has_the_figures_that_are_calculated() -> None:
    assert "\n".join(issue_cost.rows()) in LIMITS.read_text(encoding="utf-8")
    # They are calculated from what the function does.
    assert issue_cost.CALL_TAKES == worker._CALL_TAKES  # noqa: SLF001
    assert issue_cost.pace(100) == pytest.approx(100 * worker.SHARE)
    assert issue_cost.pace(10_000) == worker.MOST_AT_ONCE / issue_cost.CALL_TAKES
    assert issue_cost.dollars(10_000, 14) < 0.10


def test_an_issue_is_sent_once_to_everybody_though_its_function_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    assert issues.main(["--readers", "40"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("killed after") == issue_run.KILLS
    assert "40 of 40 readers got it, 0 copies too many" in printed
    assert re.search(r"write units for each reader: [34]\.\d+", printed)
