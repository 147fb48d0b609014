"""Comments in an archive: imported with their public entries, under the other stack's secret."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from guichet.outbox import deploy_hook
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import comments, dynamodb, table
from guichet.store.erasure import Person, erase
from tests.support.app import PARAMETERS, App
from tests.support.archives import FOREIGN, SAME, TARGETS, brought, brought_as_planned, exported, stack, stored
from tests.support.newsletter import SECRET
from tests.support.operate import Operate
from tests.support.threads import PAGE, approve, outline, post, public, read, shown
from tests.support.threads import stored as comment

ANN = "ann@example.org"
DISQUS = Path(__file__).parent / "comments" / "disqus.xml"
# One that answers another answer.
ANSWER = re.compile('<post dsq:id="1003">.*?</post>', re.DOTALL)


def written(app: App) -> dict[str, str]:
    """Write comments in each state, a deleted one with replies, and a page that no longer has any."""
    ids = {"first": shown(app, email=ANN), "gone": shown(app, comment="gone")}
    ids["answer"] = shown(app, parent=ids["gone"], comment="an answer")
    ids["reply"] = shown(app, parent=ids["first"], email=ANN, comment="a reply")
    ids["pending"] = post(app, email=ANN, comment="waits")
    ids["spam"] = post(app, email=ANN, comment="caught", _gotcha="x")
    ids["elsewhere"] = shown(app, page="/other/", comment="elsewhere")
    ids["nowhere"] = shown(app, page="/nowhere/", comment="nowhere")
    for name in ("gone", "nowhere"):
        assert comments.delete("table", SECRET, comment(ids[name]), utc_now())
    return ids


def archived(operate: Operate, tmp_path: Path) -> tuple[dict[str, str], Path]:
    """Return the ids of comments in each state, and the archive of their stack."""
    with stack(SAME) as app:
        return written(app), exported(app, operate, tmp_path)


@pytest.mark.quick_cases(1)
@TARGETS
def test_threads_are_the_same_at_the_other_stack_and_authors_find_theirs(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    secret = parameters.get("SigningSecret", SECRET)
    with stack(SAME) as app:
        ids = written(app)
        before = {page: read(app, page) for page in (PAGE, "/other/")}
        file = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        done = brought_as_planned(app, operate, file)
        assert {page: read(app, page) for page in (PAGE, "/other/")} == before
        assert (before[PAGE]["count"], read(app, "/nowhere/")["count"]) == (3, 0)
        assert outline(read(app)) == [(ids["first"], [ids["reply"]]), (ids["gone"], [ids["answer"]])]
        theirs = {one.id for one in comments.of_author("table", subscriber_id(secret, ANN))}
        assert theirs == {ids[name] for name in ("first", "reply", "pending", "spam")}
        assert {thread.page: thread.count for thread in comments.threads("table")} == {PAGE: 3, "/other/": 1}
        # Done again, it changes nothing.
        after = stored()
        assert brought(app, operate, file)["there_already"] == done["carried"] + done["waits_here"]
        assert stored() == after
        # The owner is notified of pending comments from here, and can decide on them.
        app.sweep()
        app.play_stream()
        assert [mail["To"] for mail in app.mails()] == [PARAMETERS["OwnerEmail"]] * len(app.mails())
        assert (
            comments.approve("table", secret, comment(ids["pending"]), public("<p>waits</p>"), utc_now()) == "approved"
        )
        assert comments.delete("table", secret, comment(ids["reply"]), utc_now())
        assert read(app)["count"] == 3
        erase("table", Person(ANN, secret), timedelta(days=9))
        assert (read(app)["count"], outline(read(app))) == (1, [(ids["gone"], [ids["answer"]])])


def test_a_thread_that_has_comments_here_counts_both(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        shown(app, comment="from there")
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app, time_machine.travel(utc_now() + timedelta(minutes=1)):
        here = post(app, comment="from here")
        secret = FOREIGN["SigningSecret"]
        assert comments.approve("table", secret, comment(here), public("<p>from here</p>"), utc_now()) == "approved"
        brought(app, operate, file)
        assert read(app)["count"] == len(read(app)["comments"]) == 2


def test_interrupted_anywhere_no_thread_counts_a_comment_twice(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack(SAME) as app:
        written(app)
        before = read(app)
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        transact = dynamodb.transact

        def losing(actions: Any) -> None:
            transact(actions)
            raise dynamodb.UnavailableError("transact_write_items")

        monkeypatch.setattr(dynamodb, "transact", losing)
        operate(app, "import", str(file))
        monkeypatch.undo()
        brought(app, operate, file)
        assert read(app) == before


def test_whoever_was_erased_here_stays_so_and_links_asked_for_there_are_left(operate: Operate, tmp_path: Path) -> None:
    with stack(SAME) as app:
        post(app, email=ANN)
        app.post("/comments/mine", data={"email": ANN})
        file = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        brought(app, operate, file)
        assert "link-request" not in {item["kind"] for item in stored().values()}
        assert not [key for key in stored() if key[0].startswith("link-request")]


@TARGETS
def test_what_the_other_stack_had_imported_is_not_imported_again(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    """Replies to it are not put elsewhere either: the file may contain new ones."""

    def names(app: App) -> list[Any]:
        thread = read(app, "/articles/pain/")["comments"]
        return [(one.get("name"), [reply["name"] for reply in one["replies"]]) for one in thread]

    new, old = DISQUS, tmp_path / "old.xml"
    old.write_text(ANSWER.sub("", new.read_text(encoding="utf-8")), encoding="utf-8")
    with stack(SAME) as app:
        whole = operate(app, "comments", "import", str(new), "--json").rows[-1]["imported"]
        expected = names(app)
    with stack(SAME) as app:
        operate(app, "comments", "import", str(old))
        file = exported(app, operate, tmp_path)
    with stack(parameters) as app:
        brought(app, operate, file)
        said = operate(app, "comments", "import", str(new), "--json").rows[-1]
        assert (said["imported"], said["already"]) == (1, whole - 1)
        assert names(app) == expected


def test_a_build_that_is_owed_here_stays_owed_though_the_other_stack_has_asked_for_its_own(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook = {"DeployHookUrl": "https://host.example/hook"}
    monkeypatch.setattr(deploy_hook, "call", lambda _: "")

    def owed() -> dict[str, Any]:
        return next(row for row in stored("email").values() if row["name"] == "deploy-hook")

    def say(app: App) -> None:
        one = comment(post(app))
        assert comments.approve("table", SECRET, one, public("<p>x</p>"), utc_now(), hook=True) == "approved"

    with stack(hook) as app:
        say(app)
        with time_machine.travel(utc_now() + timedelta(minutes=10)):
            app.sweep()
        assert "sent_at" in owed()
        file = exported(app, operate, tmp_path)
    with stack(hook) as app:
        say(app)
        before = owed()
        brought(app, operate, file)
        assert owed() == before
        assert "outbox" in before


# --- what was deleted -------------------------------------------------------------------------------------------------


@TARGETS
def test_what_was_deleted_here_does_not_come_back_with_an_older_archive(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    secret = parameters.get("SigningSecret", SECRET)
    ids, file = archived(operate, tmp_path)
    with stack(parameters) as app:
        brought(app, operate, file)
        for name in ("first", "pending", "spam"):
            assert comments.delete("table", secret, comment(ids[name]), utc_now())
        assert comments.withdraw("table", secret, comment(ids["elsewhere"]), "refused", utc_now())
        # DynamoDB deletes it some time after thirty days.
        key = dynamodb.marshalled(table.key(Comment, ids["elsewhere"]))
        dynamodb.call("delete_item", TableName="table", Key=key)
        before, thread = stored(), read(app)
        plan = brought(app, operate, file, "--dry-run")
        again = brought(app, operate, file)
        assert {**plan, "dry_run": False} == again
        assert again["deleted_here"] == 4
        assert (stored(), read(app)) == (before, thread)
        said = operate(app, "import", str(file))
        assert "4 comments left out: deleted or refused since, here or at the old stack." in said.out


@TARGETS
def test_what_is_deleted_there_is_deleted_here_with_the_next_archive_and_stays_so(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    with stack(SAME) as app:
        ids = written(app)
        first = exported(app, operate, tmp_path)
        for name in ("first", "pending"):
            assert comments.delete("table", SECRET, comment(ids[name]), utc_now())
        second = exported(app, operate, tmp_path)
        expected = read(app)
    with stack(parameters) as app:
        brought(app, operate, first)
        plan = brought(app, operate, second, "--dry-run")
        done = brought(app, operate, second)
        assert {**plan, "dry_run": False} == done
        assert done["updated"] == 2
        assert read(app) == expected
        assert comments.comment("table", ids["pending"]) is None
        after = stored()
        # Repeating either changes nothing.
        for file in (first, second):
            assert "updated" not in brought(app, operate, file)
            assert stored() == after
    with stack(parameters) as app:
        # In whichever order they come.
        brought(app, operate, second)
        brought(app, operate, first)
        assert read(app) == expected


def test_what_its_author_deleted_stays_so_though_the_owner_has_deleted_it_elsewhere(
    operate: Operate, tmp_path: Path
) -> None:
    with stack(SAME) as app:
        one = shown(app)
        first = exported(app, operate, tmp_path)
        assert comments.delete("table", SECRET, comment(one), utc_now(), why="person")
        second = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        brought(app, operate, first)
        assert comments.delete("table", SECRET, comment(one), utc_now(), why="owner")
        brought(app, operate, second)
        assert [item["why"] for item in stored("deleted").values()] == ["person"]
        before = stored()
        brought(app, operate, second)
        assert stored() == before


def test_what_was_posted_again_or_approved_again_since_is_no_deleted_comment(operate: Operate, tmp_path: Path) -> None:
    # The same words are the same comment within ten minutes by the clock.
    begin = (utc_now() - timedelta(hours=1)).replace(minute=2)
    with stack(SAME) as app, time_machine.travel(begin, tick=False) as clock:
        again = post(app, comment="again")
        assert comments.delete("table", SECRET, comment(again), utc_now())
        clock.shift(timedelta(minutes=2))
        assert post(app, comment="again") == again
        refused = post(app, comment="refused")
        assert comments.withdraw("table", SECRET, comment(refused), "refused", utc_now())
        older = exported(app, operate, tmp_path)
        clock.shift(timedelta(minutes=2))
        file = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        brought(app, operate, file)
        secret = FOREIGN["SigningSecret"]
        assert comment(again).state == "pending"
        # The owner may change their mind for thirty days, here and there; an archive then changes nothing.
        assert comment(refused).state == "refused"
        assert comments.approve("table", secret, comment(refused), public("<p>yes</p>"), utc_now()) == "approved"
        brought(app, operate, older)
        assert comment(refused).state == "approved"
        assert comment(again).state == "pending"
        last = exported(app, operate, tmp_path)
    with stack(FOREIGN) as app:
        # The next stack does not bring it back either.
        brought(app, operate, last)
        assert comment(refused).state == "approved"
        assert comment(again).state == "pending"


def test_a_comment_that_is_deleted_while_an_archive_is_carried_stays_so(
    operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with stack(SAME) as app:
        one = shown(app)
        file = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        late: list[int] = []
        real = comments.restore

        def restore(*given: Any, **more: Any) -> None:
            if not late:
                # Another import was faster, and so was the author.
                late.append(1)
                real(*given, **more)
                assert comments.delete("table", SECRET, comment(one), utc_now())
            real(*given, **more)

        monkeypatch.setattr(comments, "restore", restore)
        assert brought(app, operate, file)["deleted_here"] == 1
        assert comments.comment("table", one) is None


@TARGETS
def test_the_owner_brings_back_what_they_deleted_themselves(
    operate: Operate, tmp_path: Path, parameters: dict[str, str]
) -> None:
    secret = parameters.get("SigningSecret", SECRET)
    ids, file = archived(operate, tmp_path)
    with stack(parameters) as app:
        brought(app, operate, file)
        before = read(app)
        for name, why in (("first", "owner"), ("reply", "person"), ("pending", "owner")):
            assert comments.delete("table", secret, comment(ids[name]), utc_now(), why=why)  # type: ignore[arg-type]
        plan = brought(app, operate, file, "--bring-back", "--dry-run")
        done = brought(app, operate, file, "--bring-back")
        assert {**plan, "dry_run": False} == done
        assert (done["carried"], done["deleted_here"]) == (2, 1)
        assert outline(read(app)) == [(ids["first"], []), (ids["gone"], [ids["answer"]])]
        assert read(app)["comments"][0] == {**before["comments"][0], "replies": []}
        assert comment(ids["pending"]).state == "pending"
        # An archive from before does not delete it again, nor does one without the flag bring back more.
        assert brought(app, operate, file)["deleted_here"] == 1
        assert outline(read(app)) == [(ids["first"], []), (ids["gone"], [ids["answer"]])]


def test_the_mark_of_caught_spam_that_has_ended_stops_no_archive(operate: Operate, tmp_path: Path) -> None:
    """DynamoDB deletes it up to days later, but it no longer counts."""
    with stack(SAME) as app:
        one = post(app, comment="caught", _gotcha="x")
        caught = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        brought(app, operate, caught)
        assert comments.withdraw("table", SECRET, comment(one), "pending", utc_now())
        assert approve(one) == "approved"
        approved = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        brought(app, operate, caught)
        assert comments.delete("table", SECRET, comment(one), utc_now(), why="owner")
        assert brought(app, operate, approved)["deleted_here"] == 1
        with time_machine.travel(utc_now() + timedelta(days=31)):
            assert stored("deleted")
            assert brought(app, operate, approved)["carried"] == 1
            assert comment(one).state == "approved"


def test_comments_that_were_lost_by_mistake_stay_restored(operate: Operate, tmp_path: Path) -> None:
    """The archive of the stack on which they were deleted has their marks."""
    with stack(SAME) as app:
        ids = written(app)
        before = exported(app, operate, tmp_path)
        for name, why in (("first", "owner"), ("reply", "person")):
            assert comments.delete("table", SECRET, comment(ids[name]), utc_now(), why=why)  # type: ignore[arg-type]
        now = exported(app, operate, tmp_path)
    with stack(SAME) as app:
        brought(app, operate, before)
        plan = brought(app, operate, now, "--bring-back", "--dry-run")
        done = brought(app, operate, now, "--bring-back")
        assert {**plan, "dry_run": False} == done
        assert outline(read(app)) == [(ids["first"], []), (ids["gone"], [ids["answer"]])]
        assert {item["pk"] for item in stored("deleted").values()} == {
            f"deleted#{ids[name]}" for name in ("reply", "gone", "nowhere")
        }


def test_bringing_back_is_for_archives(app: App, operate: Operate, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("email\na@example.org\n")
    said = operate(app, "import", str(file), "--consent", "asked", "--bring-back")
    assert said.code == 2
    assert "--bring-back is only for archives, and this file is not one" in said.told
