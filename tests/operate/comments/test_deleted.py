"""Comments that were deleted or refused here stay so, whatever file is imported again."""

import json
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.store import comments, dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, marshalled
from tests.support.app import START, App, isolated, resolve
from tests.support.desk import Browser
from tests.support.discussion import Discussion
from tests.support.newsletter import link_in_last_mail, open_link, press
from tests.support.operate import Operate

HERE = Path(__file__).parent
PAIN = "/articles/pain/"
DISQUS, WORDPRESS, ISSO = "disqus", "wordpress", "isso"
# The author of an approved comment in each file, and the address.
AUTHORS = {
    DISQUS: ("Aurélie Géraud", "aurelie@lecteur.example"),
    WORDPRESS: ("Tom & Léa", "tom@lecteur.example"),
    ISSO: ("Hugo", "hugo@lecteur.example"),
}


@pytest.fixture
def files(isso: Path) -> dict[str, list[str]]:
    """Return each tool's files, as arguments of the command."""
    return {
        DISQUS: [str(HERE / "disqus.xml")],
        WORDPRESS: [str(HERE / "wordpress.xml"), "--map", "ancien.example/2014/03/*=/articles/*"],
        ISSO: [str(isso)],
    }


def imported(app: App, operate: Operate, *given: str) -> dict[str, Any]:
    """Import a file, and return the command's output."""
    return dict(operate(app, "comments", "import", *given, "--json").rows[-1])


def id_of(app: App, name: str) -> str:
    (found,) = [item["id"] for item in app.items("comment") if item["name"] == name]
    return str(found)


def names(app: App) -> list[str]:
    return sorted(item["name"] for item in app.items("comment"))


def at_the_desk(app: App, _operate: Operate, comment_id: str, _email: str) -> None:
    browser = Browser(app).signed_in()
    browser.press(browser.get(f"comments/{comment_id}/delete"), "Delete for good")


def by_command(app: App, operate: Operate, comment_id: str, _email: str) -> None:
    assert operate(app, "comments", "delete", comment_id, "--yes").code == 0


def by_its_author(app: App, _operate: Operate, comment_id: str, email: str) -> None:
    app.post("/comments/mine", data={"email": email})
    app.play_stream()
    assert press(app, open_link(app, f"{link_in_last_mail(app)}&comment={comment_id}")).status_code == 200


def by_erasure(app: App, operate: Operate, _comment_id: str, email: str) -> None:
    assert operate(app, "forget", email, "--yes").code == 0


def refused(app: App, operate: Operate, comment_id: str, _email: str) -> None:
    assert operate(app, "comments", "refuse", comment_id).code == 0


def filed_as_spam(app: App, operate: Operate, comment_id: str, _email: str) -> None:
    assert operate(app, "comments", "spam", comment_id).code == 0


def expire(comment_id: str) -> None:
    """Delete a refused comment, as DynamoDB does some time after it has expired."""
    key = marshalled(table.key(Comment, comment_id))
    dynamodb.call("delete_item", TableName="table", Key=key)


WAYS = {
    "desk": (at_the_desk, "deleted here"),
    "command": (by_command, "deleted here"),
    "author": (by_its_author, "deleted here"),
    "erasure": (by_erasure, "deleted here"),
    "refused": (refused, "refused here"),
    "spam": (filed_as_spam, "refused here"),
}


@pytest.mark.parametrize("tool", [DISQUS, WORDPRESS, ISSO])
@pytest.mark.parametrize("way", WAYS)
def test_what_is_gone_does_not_come_back_with_the_file_it_came_from(
    app: App, operate: Operate, files: dict[str, list[str]], tool: str, way: str
) -> None:
    first = imported(app, operate, *files[tool])
    name, email = AUTHORS[tool]
    comment_id = id_of(app, name)
    act, told = WAYS[way]
    act(app, operate, comment_id, email)
    expire(comment_id)
    before = names(app)
    assert name not in before
    plan = imported(app, operate, *files[tool], "--dry-run")
    again = imported(app, operate, *files[tool])
    assert plan == again | {"dry_run": True}
    assert names(app) == before
    gone = first["imported"] - len(before)
    assert again["left_out"] == {**first["left_out"], told: gone}
    assert (again["imported"], again["already"]) == (0, len(before))
    said = operate(app, "comments", "import", *files[tool])
    assert f"{gone} {told}" in said.out


def test_what_is_left_of_it_tells_of_nobody(app: App, operate: Operate, files: dict[str, list[str]]) -> None:
    imported(app, operate, *files[ISSO])
    comment_id = id_of(app, "Hugo")
    by_its_author(app, operate, comment_id, "hugo@lecteur.example")
    (mark,) = app.items("deleted")
    assert mark.pop("at") <= utc_now().isoformat()
    assert mark == {
        "pk": f"deleted#{comment_id}", "sk": "deleted", "kind": "deleted", "why": "person",
    }  # fmt: skip
    # Erasing the author after that finds nothing, and the mark stays.
    assert operate(app, "forget", "hugo@lecteur.example", "--yes").code == 0
    assert len(app.items("deleted")) == 1
    assert "lecteur" not in json.dumps(app.items("deleted"), default=str)


def test_the_owner_brings_back_what_they_deleted_but_nothing_that_its_author_did(
    app: App, operate: Operate, files: dict[str, list[str]]
) -> None:
    imported(app, operate, *files[DISQUS])
    by_its_author(app, operate, id_of(app, "Aurélie Géraud"), "aurelie@lecteur.example")
    by_command(app, operate, id_of(app, "Chloé"), "")
    refused(app, operate, id_of(app, "Bruno"), "")
    expire(id_of(app, "Bruno"))
    said = operate(app, "comments", "import", *files[DISQUS])
    assert "--bring-back also imports those that you deleted or refused here: 2." in said.err
    plan = imported(app, operate, *files[DISQUS], "--bring-back", "--dry-run")
    back = imported(app, operate, *files[DISQUS], "--bring-back")
    assert (plan["imported"], back["imported"]) == (2, 2)
    assert {"Chloé", "Bruno"} <= set(names(app))
    assert "Aurélie Géraud" not in names(app)
    # In their places again, below the stub.
    thread = app.http.get("/comments", query_string={"page": PAIN}).json
    assert thread is not None
    assert [reply["name"] for reply in thread["comments"][0]["replies"]] == ["Atelier Bellevue", "Chloé", "Bruno"]
    assert [item["why"] for item in app.items("deleted")] == ["person"]
    # It can be deleted again.
    by_command(app, operate, id_of(app, "Chloé"), "")
    imported(app, operate, *files[DISQUS])
    assert "Chloé" not in names(app)


def test_what_is_refused_and_then_approved_leaves_no_mark(
    app: App, operate: Operate, files: dict[str, list[str]]
) -> None:
    imported(app, operate, *files[ISSO])
    hugo = id_of(app, "Hugo")
    refused(app, operate, hugo, "")
    assert operate(app, "comments", "approve", hugo).code == 0
    assert app.items("deleted") == []
    filed_as_spam(app, operate, hugo, "")
    assert operate(app, "comments", "release", hugo).code == 0
    assert app.items("deleted") == []


def test_spam_that_was_caught_when_it_came_leaves_a_mark_for_its_thirty_days_alone(
    discussion: Discussion, operate: Operate
) -> None:
    """No archive has it for longer, so a flood of spam that the owner deletes leaves nothing permanent."""
    app = discussion.app
    reply = app.post(
        "/comments", json={"page": PAIN, "name": "A", "email": "a@b.example", "comment": "Buy", "_gotcha": "x"}
    )
    assert reply.status_code == 200
    (caught,) = app.items("comment")
    assert operate(app, "comments", "delete", caught["id"], "--yes").code == 0
    assert [item["expires_at"] for item in app.items("deleted")] == [caught["expires_at"]]


@time_machine.travel(START)
def test_whoever_posts_the_same_again_after_deleting_it_has_a_comment(discussion: Discussion) -> None:
    fields = {"page": PAIN, "name": "Anne", "email": "anne@reader.example", "comment": "Again"}
    first = discussion.app.post("/comments", json=fields).get_json()["id"]
    discussion.delete(first)
    assert discussion.app.post("/comments", json=fields).get_json()["id"] == first
    discussion.approve(first)
    assert discussion.read(first).state == "approved"


def test_a_comment_that_is_deleted_while_its_file_is_imported_stays_so(
    app: App, operate: Operate, files: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []
    real = comments.bring

    def bring(*given: Any, **more: Any) -> None:
        theirs = [one.id for one, _ in given[2] if one.name == "Hugo"]
        if theirs and not late:
            # Another import of the same file was faster, and so was the author.
            late.append(1)
            real(*given, **more)
            known = comments.comment("table", theirs[0])
            assert known is not None
            assert comments.delete("table", given[1], known, utc_now())
        real(*given, **more)

    monkeypatch.setattr(comments, "bring", bring)
    operate(app, "comments", "import", *files[ISSO])
    assert late
    assert "Hugo" not in names(app)


def test_a_part_of_an_import_is_one_transaction_that_dynamodb_takes(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, sizes = dynamodb.transact, []

    def transact(actions: Any) -> None:
        sizes.append(len(actions))
        real(actions)

    monkeypatch.setattr(dynamodb, "transact", transact)
    posts = "".join(
        f'<post dsq:id="{n}"><message>m</message><createdAt>2014-03-01T10:00:00Z</createdAt>'
        f"<isDeleted>false</isDeleted><isSpam>false</isSpam><author><email>a{n}@b.example</email><name>A</name></author>"
        '<thread dsq:id="1"/></post>'
        for n in range(2, 60)
    )
    file = tmp_path / "many.xml"
    file.write_text(
        '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">'
        f'<thread dsq:id="1"><link>https://x.example/pain/</link></thread>{posts}</disqus>'
    )
    for more in ([], ["--bring-back"]):
        assert operate(app, "comments", "import", str(file), *more).code == 0
    assert max(sizes) <= 100
    assert sum(sizes) > 200


@pytest.mark.slow
@given(
    steps=st.lists(st.sampled_from(["refuse", "approve", "spam", "release", "owner", "author", "import"]), max_size=8)
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_done_in_whatever_order_a_file_brings_nothing_back_that_is_gone(steps: list[str]) -> None:
    from guichet.comments.public import public_part  # noqa: PLC0415
    from guichet.records.comment import Comment  # noqa: PLC0415

    secret, at = "a secret for tests, of 32 characters", utc_now()
    place = comments.entry_key(at, "0" * 32)
    new = Comment(
        id="0" * 32, page="/a/", name="A", email="a@b.example", comment="c", state="approved", language="en",
        received_at=at, approved_at=at, entry=place,
    )  # fmt: skip
    with isolated():
        App(resolve())
        comments.bring("table", secret, [(new, public_part(new))], utc_now())
        gone = False
        for step in steps:
            known = comments.comment("table", new.id)
            if step == "import":
                with pytest.raises(ConditionFailedError):
                    comments.bring("table", secret, [(new, public_part(new))], utc_now())
            elif known is None:
                continue
            elif step == "approve":
                comments.approve("table", secret, known, public_part(known), utc_now())
            elif step in {"refuse", "spam", "release"}:
                state: Any = {"refuse": "refused", "spam": "spam", "release": "pending"}[step]
                comments.withdraw("table", secret, known, state, utc_now())
            else:
                why: Any = "owner" if step == "owner" else "person"
                gone = comments.delete("table", secret, known, utc_now(), why=why)
            assert (comments.comment("table", new.id) is None) == gone
