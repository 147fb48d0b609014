"""The measurement of an issue, in short."""

import re

import pytest

from tests.bench import issues


def test_copies_are_counted_and_held_against_the_goal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert issues.main(["--compose", "--copies", "100"]) == 0
    _, _, *rows = capsys.readouterr().out.splitlines()
    assert [re.sub(r"[\d,]+", "N", row) for row in rows] == [f"| {tag} | N | N | N | reached |" for tag in ("fr", "en")]
    monkeypatch.setattr(issues, "GOAL", 10**9)
    assert issues.main(["--compose", "--copies", "10"]) == 1
    assert "missed" in capsys.readouterr().out
