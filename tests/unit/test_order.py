"""The order of the tests, whichever of them run."""

import pytest


def test_the_quick_tests_come_first(request: pytest.FixtureRequest) -> None:
    quick = [item.path.parent.name in {"unit", "integration"} for item in request.session.items]
    assert quick == sorted(quick, reverse=True)
