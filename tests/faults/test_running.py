"""`make load` against `make run`, as far as it can be tested quickly."""

import re
from pathlib import Path

import pytest

from tests.faults import running
from tests.faults.load import main
from tests.support.stack import missing


@pytest.fixture
def _linux() -> None:
    if not Path("/proc/self/status").exists():
        missing("/proc")


@pytest.mark.usefixtures("_linux")
def test_posts_in_a_row_are_kept_and_mailed_once_and_measured(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_EVERY", 20)
    assert main(["--run", "--posts", "50"]) == 0
    told = capsys.readouterr().out
    rows = re.findall(r"^\| (\d+) \| (\d+) \| \d+ \| \d+\.\d \| \d+ \| \d+ \|$", told, re.MULTILINE)
    assert rows == [("20", "20"), ("40", "40"), ("50", "50")]
    assert "posted 50, kept 50, mailed 50, lost or doubled 0\n" in told
    assert "it complained of: nothing" in told


@pytest.mark.usefixtures("_linux")
def test_what_is_not_kept_or_not_mailed_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_SILENCE", 1)
    # The third is refused, and the fourth is told that it was accepted although it was not stored.
    answers = {2: 503, 3: 200}
    post = running.post
    monkeypatch.setattr(running, "post", lambda port, number: answers.get(number) or post(port, number))
    assert main(["--run", "--posts", "5"]) == 1
    assert "posted 5, kept 4, mailed 3, lost or doubled 1\n" in capsys.readouterr().out


@pytest.mark.usefixtures("_linux")
def test_a_stack_at_rest_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Any value exceeds this limit.
    monkeypatch.setattr(running, "_AT_REST", -1)
    assert main(["--rest", "1"]) == 1
    assert re.search(r"at rest for 1 s: [\d.]+% of a processor, woken [\d.]+ times a second\n", capsys.readouterr().out)
