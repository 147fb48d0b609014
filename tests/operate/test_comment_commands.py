"""`guichet comments`: pending comments, and moderating them, as at the desk."""

import pytest

from guichet.records.comment import STATES
from guichet.store import comments
from tests.support.app import START, App
from tests.support.operate import Operate
from tests.support.threads import SECRET, approve, outline, post, read, shown, stored


def in_state(app: App, state: str, **fields: str) -> str:
    """Return a comment in a state."""
    comment_id = post(app, **fields)
    if state == "approved":
        approve(comment_id)
    elif state != "pending":
        comments.withdraw("table", SECRET, stored(comment_id), state, START)  # type: ignore[arg-type]
    return comment_id


def test_what_waits_is_listed_oldest_first_by_page_and_words(app: App, operate: Operate) -> None:
    ids = [post(app, comment=f"Number {number}") for number in range(3)]
    other = post(app, comment="Le CHÊNE", page="/oak/")
    approved = shown(app, comment="Approved")
    assert [row["id"] for row in operate(app, "comments", "--json").rows] == [*ids, other]
    assert [row["id"] for row in operate(app, "comments", "--page", "/oak.html", "--json").rows] == [other]
    assert [row["id"] for row in operate(app, "comments", "--search", "chêne", "--json").rows] == [other]
    assert [row["id"] for row in operate(app, "comments", "list", "--state", "approved", "--json").rows] == [approved]
    assert operate(app, "comments", "--count", "--json").rows == [
        {"pending": 4, "approved": 1, "refused": 0, "spam": 0},
    ]
    said = operate(app, "comments")
    assert ids[0][:8] in said.out
    assert "No comment is spam." in operate(app, "comments", "--state", "spam").out
    assert operate(app, "comments", "--page", "/../x").code == 2


def test_one_is_shown_as_it_was_written_and_as_everybody_sees_it(app: App, operate: Operate) -> None:
    comment_id = post(app)
    for given in (f" {comment_id.upper()}", comment_id[:6].upper(), comment_id[:6]):
        (row,) = operate(app, "comments", "show", given, "--json").rows
        assert (row["id"], row["state"], row["page"]) == (comment_id, "pending", "/articles/chairs/")
    assert (row["comment"], row["html"]) == ("I *like* them.", "<p>I <em>like</em> them.</p>\n")


def test_several_are_approved_what_is_answered_first(app: App, operate: Operate) -> None:
    first = post(app, comment="First")
    answer = post(app, comment="An answer", parent=first)
    said = operate(app, "comments", "approve", answer, first)
    assert (said.code, said.out) == (0, f"Approved {first[:8]}.\nApproved {answer[:8]}.\n")
    assert outline(read(app)) == [(first, [answer])]
    again = operate(app, "comments", "approve", first)
    assert (again.code, again.out) == (0, f"{first[:8]} is approved already.\n")


def test_an_answer_waits_for_what_it_answers(app: App, operate: Operate) -> None:
    answer = post(app, comment="An answer", parent=post(app, comment="First"))
    said = operate(app, "comments", "approve", answer)
    assert said.code == 1
    assert "answers a comment that waits" in said.out
    assert stored(answer).state == "pending"


@pytest.mark.parametrize("state", ["pending", "approved"])
@pytest.mark.parametrize(("action", "after"), [("refuse", "refused"), ("spam", "spam")])
def test_comments_are_taken_out_of_sight(app: App, operate: Operate, state: str, action: str, after: str) -> None:
    comment_id = in_state(app, state)
    (row,) = operate(app, "comments", action, comment_id, "--json").rows
    assert row == {"id": comment_id, "outcome": "done", "now": after, "changed": True}
    assert stored(comment_id).state == after
    assert read(app)["comments"] == []


def test_released_spam_waits_and_is_mailed(app: App, operate: Operate) -> None:
    comment_id = in_state(app, "spam")
    app.play_stream()
    before = len(app.mails())
    assert operate(app, "comments", "release", comment_id).code == 0
    app.play_stream()
    assert len(app.mails()) == before + 1
    assert stored(comment_id).state == "pending"
    # Spam is released before it is approved.
    caught = in_state(app, "spam", comment="Another")
    said = operate(app, "comments", "approve", caught)
    assert (said.code, said.out) == (1, f"{caught[:8]} is spam, so it was left as it is.\n")


@pytest.mark.parametrize("state", STATES)
def test_comments_are_deleted_once_that_is_confirmed(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    comment_id = in_state(app, state)
    asked: list[str] = []

    def no(text: str, **_: object) -> bool:
        asked.append(text)
        return False

    monkeypatch.setattr("click.confirm", no)
    assert operate(app, "comments", "delete", comment_id).code == 0
    assert asked == ["Delete it for good?"]
    assert stored(comment_id).state == state
    assert operate(app, "comments", "delete", comment_id, "--yes").out == f"Deleted {comment_id[:8]}.\n"
    assert comments.comment("table", comment_id) is None
    assert read(app)["comments"] == []


def test_deleting_says_that_a_note_stays_where_answers_are(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = shown(app)
    shown(app, parent=first, comment="An answer")
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    assert "a note stays in its place" in operate(app, "comments", "delete", first).err


@pytest.mark.parametrize("command", ["show", "approve", "refuse", "spam", "release", "delete"])
def test_an_unknown_id_is_told_and_nothing_is_done(app: App, operate: Operate, command: str) -> None:
    known = post(app)
    for comment_id in ("0" * 32, "0" * 4 if not known.startswith("0000") else "1" * 4, ""):
        said = operate(app, "comments", command, *([known] if command != "show" else []), comment_id)
        assert said.code == 2
        assert "no comment has the id" in said.err
    assert stored(known).state == "pending"


def test_a_beginning_of_several_ids_names_them(app: App, operate: Operate) -> None:
    ids = [post(app, comment=str(number)) for number in range(17)]
    first = next(digit for digit in "0123456789abcdef" if sum(one.startswith(digit) for one in ids) > 1)
    said = operate(app, "comments", "refuse", first)
    assert said.code == 2
    assert f"several ids begin with {first}" in said.err
