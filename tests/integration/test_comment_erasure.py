"""Everything stored about somebody's comments: found, erased with them, and redacted in what others wrote."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from guichet.records.record import utc_now
from guichet.records.registry import BESIDE, KINDS, OF_NOBODY
from guichet.store import comments, dynamodb
from guichet.store.erasure import ERASED, NotFinishedError, Person, erase, find_data
from infra.operate.erasure import report
from tests.support.app import App
from tests.support.races import just_before
from tests.support.threads import PAGE, SECRET, approve, outline, post, read, shown, stored

KEPT = timedelta(days=1095)
ANN = "ann.lee@example.org"
FUNCTIONS = Path(__file__).parents[2] / "functions"


def everything(app: App) -> str:
    return json.dumps(app.items(), ensure_ascii=False)


def theirs(app: App) -> dict[str, str]:
    """Let Ann write a comment that ends in each state, one that is answered, and one that answers. Return their ids."""
    found = {"answered": shown(app, name="Ann Lee", email=ANN, comment="secret words 1")}
    found["answer"] = shown(app, comment="of another", parent=found["answered"])
    found["reply"] = shown(app, name="Ann Lee", email=ANN, comment="secret words 2", parent=found["answer"])
    found["pending"] = post(app, name="Ann Lee", email="Ann.Lee@Example.org", comment="secret words 3")
    found["spam"] = post(app, name="Ann Lee", email=ANN, comment="secret words 4", _gotcha="x")
    found["refused"] = post(app, name="Ann Lee", email=ANN, comment="secret words 5")
    assert comments.withdraw("table", SECRET, stored(found["refused"]), "refused", utc_now())
    found["elsewhere"] = shown(app, name="Ann Lee", email=ANN, comment=f"secret words 6, {ANN}", page="/other/")
    return found


@pytest.mark.medium
def test_nothing_of_their_comments_is_left_and_the_threads_of_others_stay(app: App) -> None:
    ids = theirs(app)
    assert read(app)["count"] == 3
    done = erase("table", Person(ANN, SECRET), KEPT)
    assert done.redacted == 0
    left = everything(app).lower()
    mine = [one for name, one in ids.items() if name != "answer"]
    assert not [word for word in ("ann", "secret words", Person(ANN, SECRET).subscriber_id) if word in left]
    # The one that was answered is left as a stub with only its id; each is marked as deleted by its id.
    others = json.dumps([item for item in app.items() if item["kind"] != "deleted"])
    assert [one for one in mine if one in others] == [ids["answered"]]
    assert {item["pk"] for item in app.items("deleted")} == {f"deleted#{one}" for one in mine}
    page = read(app)
    assert (page["count"], outline(page)) == (1, [(ids["answered"], [ids["answer"]])])
    assert page["comments"][0]["deleted"]
    assert (read(app, "/other/")["count"], read(app, "/other/")["comments"]) == (0, [])
    # Erased again, it stays as it is.
    before = app.items()
    assert erase("table", Person(ANN, SECRET), KEPT).erased == 0
    assert app.items() == before


@pytest.mark.medium
def test_what_is_held_of_them_is_in_the_file_that_they_get(app: App) -> None:
    theirs(app)
    person = Person(ANN, SECRET)
    told = report(person, find_data("table", person))
    assert len(told["comments"]) == 6
    assert sorted(item["html"].strip() for item in told["comments as shown"]) == [
        "<p>secret words 1</p>",
        "<p>secret words 2</p>",
        "<p>secret words 6, […@…]</p>",
    ]
    assert len(told["marks of their comments"]) == 6
    # Their own words do not count as mentions by others, in either place.
    assert told["mentions by others"] == 0
    assert "of another" not in json.dumps(told)


@pytest.mark.parametrize(
    ("address", "written"),
    [
        (ANN, f"Ask {ANN}!"),
        (ANN, f"[mail](mailto:{ANN}), <mailto:{ANN}>"),
        (ANN, "Ask ann.lee&#64;example.org, ann\\.lee@example\\.org or ann.lee&commat;example&#x2e;org"),
        ("ann_lee@example.org", "Ask ann\\_lee@example.org"),
        ("a&b@example.org", "Ask a&b@example.org or a&amp;b@example.org"),
        ("o'ann@example.org", "Ask o'ann@example.org"),
    ],
)
def test_an_address_in_the_comment_of_another_is_struck_as_written_and_as_shown(
    app: App, address: str, written: str
) -> None:
    comment_id = shown(app, comment=f"{written} Not joann.lee@example.org.")
    person = Person(address, SECRET)
    # The public part never has an address.
    assert len(find_data("table", person).mentions) == 1
    assert erase("table", person, KEPT).redacted == 1
    entry = next(item for item in app.items() if item["kind"] == "entry")
    assert ERASED in stored(comment_id).comment
    assert "joann.lee@example.org" in stored(comment_id).comment
    for text in (stored(comment_id).comment, entry["html"]):
        assert not re.search(r"(?<!jo)(ann.{0,5}lee|a.{0,6}b|o'ann).{0,10}example", text)
    # It can still be withdrawn from its place.
    assert comments.delete("table", SECRET, stored(comment_id), utc_now())
    assert read(app)["count"] == 0


def test_an_imported_one_that_waits_has_a_place_but_nothing_that_is_shown(app: App) -> None:
    """The counts of what was erased match what was found."""
    waiting = stored(post(app, email=ANN))
    comments.delete("table", SECRET, waiting, utc_now(), why="owner")
    place = comments.entry_key(waiting.received_at, waiting.id)
    imported = [(waiting.model_copy(update={"entry": place}), None)]
    comments.bring("table", SECRET, imported, utc_now(), bring_back=True)
    person = Person(ANN, SECRET)
    found = [item for item in find_data("table", person).own if item["kind"] != "email"]
    assert {item["kind"] for item in found} == {"comment", "authored"}
    emails = len(app.items("email"))
    assert erase("table", person, KEPT).erased == len(found) + emails


@pytest.mark.medium
def test_the_path_of_a_page_stays_where_something_is_shown_under_it(app: App) -> None:
    page = f"/people/{ANN}/"
    comment_id = shown(app, page=page)
    waiting = post(app, page=page, comment="another")
    erase("table", Person(ANN, SECRET), KEPT)
    assert read(app, page)["count"] == 1
    assert comments.delete("table", SECRET, stored(comment_id), utc_now())
    assert read(app, page)["count"] == 0
    # A page that only a stranger names is a text like any other.
    assert stored(waiting).page == f"/people/{ERASED}/"


@pytest.mark.medium
def test_interrupted_anywhere_it_leaves_no_part_of_a_comment_and_ends_when_repeated(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs(app)
    call = dynamodb.call
    writes = 0
    while True:
        left = writes

        def breaking(operation: str, **parameters: Any) -> Any:
            nonlocal left
            if operation in ("transact_write_items", "delete_item", "update_item"):
                if left == 0:
                    raise ConnectionError
                left -= 1
            return call(operation, **parameters)

        monkeypatch.setattr(dynamodb, "call", breaking)
        try:
            erase("table", Person(ANN, SECRET), KEPT)
            break
        except ConnectionError:
            writes = 1
        finally:
            monkeypatch.setattr(dynamodb, "call", call)
        approved = [item for item in app.items() if item["kind"] == "comment" and item["state"] == "approved"]
        entries = [item for item in app.items() if item["kind"] == "entry"]
        assert sorted(item["entry"] for item in approved) == sorted(
            item["sk"].removeprefix("entry#") for item in entries
        )
        assert read(app)["count"] == len([one for one in approved if one["page"] == PAGE])
    assert "ann" not in everything(app).lower()
    assert read(app)["count"] == 1


def test_a_comment_that_is_approved_just_then_is_erased_with_what_is_shown(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    comment_id = post(app, email=ANN, comment="secret words")
    raced: list[str] = []
    just_before(monkeypatch, comments, "delete", lambda: raced.append(approve(comment_id)))
    erase("table", Person(ANN, SECRET), KEPT)
    assert raced == ["approved"]
    assert (read(app)["count"], "secret words" in everything(app)) == (0, False)


def test_one_that_keeps_changing_is_left_for_again(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    post(app, email=ANN)
    monkeypatch.setattr(comments, "delete", lambda *_, **__: False)
    with pytest.raises(NotFinishedError):
        erase("table", Person(ANN, SECRET), KEPT)
    monkeypatch.undo()
    # The row of its email went before it.
    assert erase("table", Person(ANN, SECRET), KEPT).erased == 2


def test_one_that_comes_while_the_table_is_read_is_erased_too(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    post(app, email=ANN, comment="first")
    items = dynamodb.items

    def coming(operation: str, **parameters: Any) -> Any:
        yield from items(operation, **parameters)
        if operation == "scan":
            post(app, email=ANN, comment="late words")

    monkeypatch.setattr(dynamodb, "items", coming)
    erase("table", Person(ANN, SECRET), KEPT)
    assert "late words" not in everything(app)


def test_each_kind_of_item_that_is_written_stands_in_the_list_of_what_erasing_does() -> None:
    written = set()
    for file in FUNCTIONS.rglob("*.py"):
        written |= set(re.findall(r'":?kind": "([a-z-]+)"', file.read_text(encoding="utf-8")))
    assert {"entry", "authored", "thread", "comment"} - written == {"comment"}
    assert written <= KINDS.keys() | BESIDE.keys() | OF_NOBODY
    assert not (KINDS.keys() & BESIDE.keys())
    assert not (KINDS.keys() & OF_NOBODY)
    assert not (BESIDE.keys() & OF_NOBODY)


def test_each_kind_of_record_with_an_address_is_erased_with_the_person() -> None:
    with_address = {name for name, kind in KINDS.items() if "email" in kind.model.model_fields()}
    # An erasure drops the address itself once it has finished.
    assert with_address - {"erasure"} == {name for name, kind in KINDS.items() if kind.of_person}
    assert "erasure" in with_address
