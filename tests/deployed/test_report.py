"""The table of checks: a failure is reported, and fails the run."""

import pytest

from tests.deployed.report import Report


def fail() -> None:
    raise AssertionError("it is otherwise")


def test_a_check_that_fails_is_told_with_its_reason_and_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.check("one thing", lambda: None)
    report.check("another", fail)
    assert report.end() == 1
    said = capsys.readouterr().out
    assert "| one thing | ok |" in said
    assert "| another | FAILED |" in said
    assert "AssertionError: it is otherwise" in said
    assert "2 checks, 1 failed" in said
    assert said.splitlines()[-1] == "FAILED another: AssertionError: it is otherwise"


def test_all_is_well_where_nothing_fails() -> None:
    report = Report()
    assert report.require("one thing", lambda: None)
    assert report.end() == 0


def test_a_run_that_checks_nothing_is_no_success() -> None:
    report = Report("no such check")
    report.check("one thing", fail)
    assert report.end() == 1


def test_what_is_required_is_done_whichever_checks_are_chosen() -> None:
    report = Report("another")
    assert not report.require("one thing", fail)
    assert report.end() == 1


def test_a_section_that_fails_outside_its_checks_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.section("a section", lambda: report.check("one thing", lambda: None))
    report.section("a broken one", fail)
    assert report.end() == 1
    assert "| a broken one | FAILED |" in capsys.readouterr().out


def test_a_failure_of_pytests_own_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.check("one thing", lambda: pytest.fail("it is otherwise"))
    assert report.end() == 1
    assert "it is otherwise" in capsys.readouterr().out
