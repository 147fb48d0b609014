"""What it takes to read a page with five thousand comments: counted, and as infra/docs/limits.md states it."""

import random
from itertools import islice

import pytest

from tests.bench import thread
from tests.support.app import App
from tests.support.pages import read as page_of_docs
from tests.support.pages import rows
from tests.support.threads import approve, post, stored


@pytest.mark.slow
def test_a_part_of_five_thousand_comments_is_one_query_and_reads_as_much_as_is_stated() -> None:
    first, second = islice(thread.measure(5000, 400), 2)
    assert (first.comments, second.comments) == (50, 50)
    assert first.calls == second.calls == {"Query": 1}
    stated = {
        cells[0]: cells for cells in rows(page_of_docs("limits.md"), "characters each | parts | comments of a part")
    }
    assert [first.comments, f"{first.units:g}"] == [int(stated["400"][2]), stated["400"][4]]
    assert first.bytes == pytest.approx(int(stated["400"][3].replace(",", "")), rel=0.05)
    assert second.units <= first.units + 0.5


def test_an_entry_that_is_put_is_as_one_that_is_approved(app: App) -> None:
    comment_id = post(app, page=thread.PAGE)
    answer = post(app, page=thread.PAGE, parent=comment_id, comment="So do I.")
    for one in (comment_id, answer):
        assert approve(one) == "approved"
    root = stored(comment_id).entry
    approved = {item["sk"]: item for item in app.items("entry")}
    for key, length in ((f"entry#{root}", len(root)), (f"entry#{stored(answer).entry}", 2 * len(root) + 1)):
        made = thread.entry(random.Random(1), 0, root if length > len(root) else "", 70)  # noqa: S311
        assert set(made) == set(approved[key])
        assert len(made["sk"]) == len(key) == len("entry#") + length
        assert made["pk"] == approved[key]["pk"]


def test_what_a_part_takes_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert thread.main(["--comments", "120", "--lengths", "70", "400"]) == 0
    printed = [line.split(" | ") for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
    assert [cells[:3] for cells in printed[1:]] == [["| 70", "3", "50"], ["| 400", "3", "50"]]


def test_the_walk_through_all_parts_is_each_comment_once() -> None:
    assert sum(part.comments for part in thread.measure(333, 70)) == 333


@pytest.mark.parametrize("text", ["&" * 10_000, "\U0001f600" * 5000, "> a\n\n" * 2000, "[a](b)" * 1666, "- \n" * 3333])
def test_the_largest_comments_fit_into_an_item(app: App, text: str) -> None:
    # 400 KB at most (AWS: "Service, account, and table quotas in Amazon DynamoDB").
    comment_id = post(app, comment=text)
    assert approve(comment_id) == "approved"
    (entry,) = app.items("entry")
    assert len(entry["html"].encode()) < 120_000
