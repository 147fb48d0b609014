"""A small run of the flood model: what it counts, and that remembering callers saves the writes."""

import pytest

from tests.bench import flood


def test_a_refused_post_costs_what_an_accepted_one_does_and_a_remembered_one_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(flood, "SECONDS", 4)
    before, statuses = flood.flood(2, 1, remembering=False)
    assert statuses == {200: 40, 429: 40}
    after, _ = flood.flood(2, 1, remembering=True)
    # A post of 64 KiB is 65 units, twice; four small actions of two units; two entries in indexes where it is kept.
    accepted, refused = 2 * 65 + 4 * 2 + 2, 2 * 65 + 4 * 2
    assert before == 40 * accepted + 40 * refused
    assert after == 40 * accepted + 2 * refused
    flood.main(["--callers", "2", "--processes", "1"])
    assert f"| 2 | 1 | 40 | 40 | {before:,} | {after:,} |" in capsys.readouterr().out
