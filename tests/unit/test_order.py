"""The order of the tests, for any selection."""

from collections import Counter
from pathlib import Path

import pytest


def test_the_quick_tests_come_first(request: pytest.FixtureRequest) -> None:
    tests = Path(__file__).parents[1]
    quick = [item.path.relative_to(tests).parts[0] in {"unit", "integration"} for item in request.session.items]
    # Not compared with a sorted list: reporting how two lists of thousands differ takes minutes.
    assert not any(quick[sum(quick) :])


def test_of_a_test_with_many_cases_as_many_are_quick_as_it_says(request: pytest.FixtureRequest) -> None:
    wanted: dict[str, int] = {}
    quick: Counter[str] = Counter()
    for item in request.session.items:
        name = item.nodeid.partition("[")[0]
        for marker in item.iter_markers("quick_cases"):
            wanted[name] = marker.args[0]
            quick[name] += item.get_closest_marker("slow") is None
    # Only some of the cases may be selected.
    assert all(1 <= quick[name] <= number for name, number in wanted.items())
