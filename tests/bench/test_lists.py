"""A small run of the experiment with a long list: an interrupted import and a killed export can be resumed."""

import pytest

from tests.bench import lists


def test_a_list_goes_in_and_out_again_whole_though_both_are_stopped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # So few rows say nothing about memory: a tenth of them is less than a page, and all of them are two.
    monkeypatch.setattr(lists, "FLAT", 9)
    monkeypatch.setattr(lists, "BAD_EACH", 500)
    assert lists.main(["--rows", "800"]) == 0
    printed = capsys.readouterr().out
    steps = ("import, interrupted", "import", "export, killed", "export")
    assert [line.split(" | ")[0] for line in printed.splitlines()[2:]] == [f"| {step}" for step in steps]


def test_what_is_wrong_is_said_and_ends_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small = lists.Ended(0, 1.0, 100, "", [])
    large = lists.Ended(0, 1.0, 200, "", [])
    monkeypatch.setattr(lists, "in_and_out", lambda _rows, _folder, *, stop: {"import": large if stop else small})
    assert lists.main(["--rows", "100"]) == 1
    assert "wrong: import: memory grows with the rows, 2.00 times" in capsys.readouterr().out
