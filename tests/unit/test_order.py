"""The order of the tests, whichever of them run."""

from pathlib import Path

import pytest


def test_the_quick_tests_come_first(request: pytest.FixtureRequest) -> None:
    tests = Path(__file__).parents[1]
    quick = [item.path.relative_to(tests).parts[0] in {"unit", "integration"} for item in request.session.items]
    # Not compared with a sorted list: to say how two lists of thousands differ takes minutes.
    assert not any(quick[sum(quick) :])
