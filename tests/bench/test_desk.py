"""What a page of messages takes at the desk, with ten thousand of them: counted, and without a scan."""

import pytest

from tests.bench import desk

# Read units: with 10,000 messages in three years, and with as many on one day.
USUAL = {
    "the latest messages": 32.5,
    "of a form": 62.5,
    "of an earlier month": 32.5,
    "a search that finds much": 60,
    "a search that finds nothing": 175,
    "one message": 6,
    "the spam folder": 62.5,
    "erase its author": 4.5,
}
FLOOD = {
    "the latest messages": 164,
    "of a form": 198.5,
    "of an earlier month": 62.5,
    "a search that finds much": 189,
    "a search that finds nothing": 289,
    "one message": 141.5,
    "the spam folder": 62.5,
    "erase its author": 4.5,
}


@pytest.mark.all_days
@pytest.mark.parametrize(("days", "stated"), [(1095, USUAL), (1, FLOOD)])
def test_each_page_reads_as_much_as_is_stated_and_never_the_table(days: int, stated: dict[str, float]) -> None:
    taken = desk.measure(10_000, days)
    assert {name: one.units for name, one in taken.items()} == stated
    assert {operation for one in taken.values() for operation in one.calls} == {"BatchGetItem", "GetItem", "Query"}


def test_what_a_page_takes_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert desk.main(["--messages", "30", "--days", "3", "--length", "70"]) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in printed[1:]] == [f"| {name}" for name in USUAL]


def test_another_operation_is_not_counted_as_nothing() -> None:
    with pytest.raises(ValueError, match="does not request Scan"):
        desk.units_of("Scan", {}, {})
