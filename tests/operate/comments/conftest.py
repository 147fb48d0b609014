"""Comments on the stack of the tests, and Isso's database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.app import App
from tests.support.discussion import Discussion
from tests.support.imported_comments import HERE


@pytest.fixture
def discussion(app: App) -> Discussion:
    """Return the discussion under the pages of the site."""
    return Discussion(app)


@pytest.fixture
def isso(tmp_path: Path) -> Path:
    """Return Isso's database."""
    path = tmp_path / "comments.db"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((HERE / "isso.sql").read_text(encoding="utf-8"))
        database.commit()
    return path
