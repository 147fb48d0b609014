"""What only the operator does to an address."""

import json
from datetime import timedelta

import pytest
import time_machine

from infra.operate import main
from tests.conftest import Counter
from tests.integration.test_life import READER, START, events_of, feedback, subscribe, subscriber


@pytest.mark.parametrize("name", ["bounce-permanent", "complaint"])
def test_a_lifted_address_may_ask_again_and_late_news_of_before_change_nothing(
    counter: Counter, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with time_machine.travel(START):
        subscribe(counter)
        feedback(counter, name)
    with time_machine.travel(START + timedelta(hours=1)):
        assert main(["lift", READER.upper()]) == 0
        feedback(counter, name, AT=START.isoformat())
        assert main(["lift", READER]) == 0
    with time_machine.travel(START + timedelta(hours=2)):
        subscribe(counter)

    said = [line for line in capsys.readouterr().out.splitlines() if "lift" in line and not line.startswith("{")]
    assert [line.partition(":")[0] for line in said] == ["lifted", "nothing to lift"]
    item = subscriber(counter)
    assert item["state"] == "confirmed"
    assert events_of(item)[-2:] == ["lifted", "confirmed"]
    with time_machine.travel(START + timedelta(hours=3)):
        feedback(counter, name)
    assert subscriber(counter)["state"] != "confirmed"


def test_an_erased_address_leaves_nothing(counter: Counter, capsys: pytest.CaptureFixture[str]) -> None:
    subscribe(counter)
    counter.post("/newsletter", data={"email": "other@example.org"})
    assert main(["erase", READER]) == 0

    assert "erased: 5 items" in capsys.readouterr().out
    left = json.dumps(counter.items())
    assert READER not in left
    assert "other@example.org" in left


def test_an_erased_address_that_complained_leaves_only_its_hash_and_state(counter: Counter) -> None:
    subscribe(counter, source="/blog")
    feedback(counter, "complaint")
    assert main(["erase", READER]) == 0

    item = subscriber(counter)
    assert set(item) == {"pk", "sk", "kind", "id", "state", "left_at", "language"}
    assert item["state"] == "complained"


def test_what_is_missing_is_named(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert counter.items() == []
    with pytest.raises(SystemExit):
        main(["lift", "nobody"])
    monkeypatch.delenv("TABLE_NAME")
    with pytest.raises(SystemExit):
        main(["lift", READER])
    said = capsys.readouterr().err
    assert "'nobody' is no email address" in said
    assert "set TABLE_NAME" in said
