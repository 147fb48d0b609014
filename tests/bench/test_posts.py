"""A small run of the benchmark of posts: it measures what it says, and the references do what they claim."""

import json
from pathlib import Path

import pytest

from tests.bench import posts


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_it_measures_all_candidates_and_writes_what_it_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("awslambdaric", reason="Lambda's runtime client is for Linux")
    monkeypatch.setattr(posts, "BEFORE_WARM", 1)
    monkeypatch.setattr(posts, "WARM_POSTS", 2)
    posts.main(["--rounds", "1", "--json", str(tmp_path / "posts.json")])
    written = json.loads((tmp_path / "posts.json").read_text(encoding="utf-8"))
    calls = {name: values["calls"] for name, values in written["candidates"].items()}
    assert calls == {
        "bare": {"PutItem": 1},
        "bare, pruned": {"PutItem": 1},
        "guichet": {"TransactWriteItems": 1},
        "with forms": {"TransactWriteItems": 1},
        "own form": {"TransactWriteItems": 1},
        "tutorial": {"PutItem": 1, "SendEmail": 1},
        "usual": {"TransactWriteItems": 1},
    }
    assert written["candidates"]["bare"]["cold_ratio"] == 1
    assert all(values["memory"] > 10e6 and values["bytes"] > 100 for values in written["candidates"].values())
    printed = capsys.readouterr().out
    assert all(f"\n{name} " in printed for name in calls)
    assert f"{written['dollars_per_million']['notifier']:.2f}" in printed
