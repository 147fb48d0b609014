"""As a commenter, and as readers: posted, announced, approved, shown."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from urllib.parse import quote

from guichet.comments.public import public_part
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.store import comments, dynamodb
from tests.deployed.world import JSON, OWNER, World
from tests.support.stack import Answer


def _read(world: World, page: str, **headers: str) -> Answer:
    given = {"Origin": world.site.origin, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return world.stack.ask("GET", f"/comments?page={quote(page)}", headers=given)


@contextmanager
def _moderating(world: World) -> Iterator[tuple[str, str]]:
    """Moderate with an owner's own permissions, not with a function's. Yields the table and the secret."""
    client = dynamodb.client
    dynamodb.client = lambda: world.run.client("dynamodb")  # type: ignore[assignment]
    try:
        yield world.stack.resources["Table"], world.parameters["SigningSecret"]
    finally:
        dynamodb.client = client


def _found(table: str, comment_id: str) -> Comment:
    found = comments.comment(table, comment_id)
    assert found is not None
    return found


def _approve(world: World, comment_id: str) -> None:
    with _moderating(world) as (table, secret):
        found = _found(table, comment_id)
        assert comments.approve(table, secret, found, public_part(found), utc_now()) == "approved"
        assert comments.approve(table, secret, found, public_part(found), utc_now()) == "already"


def a_comment_is_kept_and_told_and_shown_once_it_is_approved(world: World) -> None:
    address, words = world.somebody(), world.words()
    page = f"/articles/{address.partition('@')[0]}/"
    fields = {"page": f"{world.site.origin}{page}index.html", "name": "Anne", "email": address, "comment": f"*{words}*"}
    first, again = (world.post("/comments", fields, Accept=JSON) for _ in range(2))
    assert (first.status, again.status) == (200, 200)
    assert first.json["id"] == again.json["id"]
    (kept,) = world.items("comment", email=address)
    assert (kept["page"], kept["state"]) == (page, "pending")
    told = world.mail(OWNER, words)
    assert told.message["Reply-To"].addresses[0].addr_spec == address
    assert f"/desk/comments/{kept['id']}" in told.text
    assert _read(world, page).json == {"page": page, "count": 0, "comments": []}
    _approve(world, kept["id"])
    shown = _read(world, page)
    assert (shown.status, shown.headers["cache-control"]) == (200, "public, max-age=60")
    assert shown.headers["access-control-allow-origin"] == world.site.origin
    (comment,) = shown.json["comments"]
    assert (comment["name"], words in comment["html"].replace("’", "'")) == ("Anne", True)
    assert address not in json.dumps(shown.json)
    same = _read(world, page, If_None_Match=shown.headers["etag"])
    assert (same.status, same.text) == (304, "")
    assert "access-control-allow-origin" not in _read(world, page, Origin="https://foreign.example").headers


def what_is_wrong_with_a_comment_is_said(world: World) -> None:
    fields = {"name": "Anne", "email": world.somebody(), "comment": world.words(), "page": "https://foreign.example/"}
    refused = world.post("/f/comments", fields, Accept=JSON)
    assert (refused.status, [one["code"] for one in refused.json["errors"]]) == (422, ["TYPE_PAGE"])
    wrong = _read(world, "nowhere", Accept=JSON)
    assert (wrong.status, wrong.headers["cache-control"]) == (422, "no-store")
    assert world.stack.ask("GET", "/comments").status == 405
    assert world.stack.ask("GET", "/comments/challenge").status == 204


def a_comment_that_is_withdrawn_or_deleted_leaves_its_answers(world: World) -> None:
    address, words = world.somebody(), world.words()
    page = f"/articles/{address.partition('@')[0]}/"
    fields = {"page": page, "name": "Anne", "email": address, "comment": words}
    first = world.post("/comments", fields, Accept=JSON).json["id"]
    _approve(world, first)
    answer = world.post("/comments", fields | {"comment": world.words(), "parent": first}, Accept=JSON).json["id"]
    _approve(world, answer)
    assert _outline(_read(world, page)) == (2, [(first, False, [answer])])
    with _moderating(world) as (table, secret):
        seen = _found(table, first)
        assert comments.withdraw(table, secret, seen, "refused", utc_now())
        # As another owner still sees it.
        assert not comments.withdraw(table, secret, seen, "spam", utc_now())
        assert not comments.delete(table, secret, seen, utc_now())
    assert _outline(_read(world, page)) == (1, [(first, True, [answer])])
    _approve(world, first)
    with _moderating(world) as (table, secret):
        assert comments.delete(table, secret, _found(table, first), utc_now())
        assert comments.comment(table, first) is None
    assert _outline(_read(world, page)) == (1, [(first, True, [answer])])


def _outline(answer: Answer) -> tuple[int, list[tuple[str, bool, list[str]]]]:
    """Return a thread's number of comments, and each first comment with whether it is gone, and its replies."""
    shown = [
        (one["id"], "deleted" in one, [reply["id"] for reply in one["replies"]]) for one in answer.json["comments"]
    ]
    return answer.json["count"], shown


def whoever_commented_deletes_it_by_a_link(world: World) -> None:
    address, words = world.somebody(), world.words()
    page = f"/articles/{address.partition('@')[0]}/"
    fields = {"page": page, "name": "Anne", "email": address, "comment": words}
    comment_id = world.post("/comments", fields, Accept=JSON).json["id"]
    _approve(world, comment_id)
    assert world.post("/comments/mine", {"email": address}).status == 303
    link = world.mail(address, "/comments/mine").link("/comments/mine")
    theirs = world.visit(link)
    assert (theirs.status, words in unescape(theirs.text).replace("’", "'")) == (200, True)
    asked = world.visit(f"{link}&comment={comment_id}")
    assert _outline(_read(world, page)) == (1, [(comment_id, False, [])])
    assert world.press(asked.text).status == 200
    assert _read(world, page).json == {"page": page, "count": 0, "comments": []}
    assert world.items("comment", email=address) == []


CHECKS = (
    a_comment_is_kept_and_told_and_shown_once_it_is_approved,
    whoever_commented_deletes_it_by_a_link,
    a_comment_that_is_withdrawn_or_deleted_leaves_its_answers,
    what_is_wrong_with_a_comment_is_said,
)
