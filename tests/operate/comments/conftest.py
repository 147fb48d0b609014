"""Comments on the stack of the tests."""

import pytest

from tests.support.app import App
from tests.support.discussion import Discussion


@pytest.fixture
def discussion(app: App) -> Discussion:
    """Return what is said under the pages of the site."""
    return Discussion(app)
