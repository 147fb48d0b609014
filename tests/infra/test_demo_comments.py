"""The comments of the demo site's article: initial ones, exported again each time, even without a table."""

from collections.abc import Iterator
from typing import NoReturn

import pytest
from botocore.exceptions import EndpointConnectionError

from guichet.store import comments, dynamodb
from infra.local.comments import DEMO, Build, write_demo
from tests.support.app import PARAMETERS, App
from tests.support.threads import outline, read

SECRET = PARAMETERS["SigningSecret"]


@pytest.fixture
def build(app: App) -> Iterator[Build]:
    """Return what the site's pages get, on the stack of the tests."""
    del app
    made = Build()
    yield made
    made.close()


@pytest.mark.parametrize("page", DEMO)
def test_the_article_has_some_to_begin_with_once(app: App, build: Build, page: str) -> None:
    exported = build.thread(page).decode()
    for one in DEMO[page][1]:
        assert one.name in exported
    assert exported.startswith('<ol class="guichet-comments">')
    write_demo(app.stack.environment["TABLE_NAME"], SECRET)
    assert [len(replies) for _, replies in outline(read(app, page))] == [1, 0]
    assert build.thread(page).decode() == exported
    assert build.thread("/other/") == b""


def test_what_is_withdrawn_is_gone(app: App, build: Build) -> None:
    (page, (_, (first, answer, last))), *_ = DEMO.items()
    assert last.name.encode() in build.thread(page)
    table = app.stack.environment["TABLE_NAME"]
    known = comments.comment(table, comments.thread(table, SECRET, page, 10).entries[-1].id)
    assert known is not None
    assert comments.withdraw(table, SECRET, known, "refused", known.received_at)
    after = build.thread(page)
    assert last.name.encode() not in after
    assert first.name.encode() in after
    assert answer.name.encode() in after


@pytest.mark.parametrize("error", [dynamodb.UnavailableError("Query"), EndpointConnectionError(endpoint_url="x")])
def test_without_a_table_a_page_has_what_it_had(
    build: Build, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def away(_: str) -> NoReturn:
        raise error

    page = next(iter(DEMO))
    before = build.thread(page)
    monkeypatch.setattr(comments, "threads", away)
    assert build.thread(page) == before
    assert before
