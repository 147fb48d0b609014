"""Comments as a state machine: owners, authors and readers do anything in any order, whatever they saw last."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from comments import handler
from guichet.comments.public import public_part
from guichet.records.comment import Comment
from guichet.store import comments
from tests.support.app import App, isolated, resolve
from tests.support.threads import PAGE, SECRET, parts, post, read, stored

OTHER = "/other/"
PER_PART = 2


class Comments(RuleBasedStateMachine):
    """Plays the owners and everybody else, and tracks independently what must be visible of each comment."""

    def __init__(self) -> None:
        super().__init__()
        self._end = isolated()
        self._end.__enter__()
        self._per_part, handler.PER_PART = handler.PER_PART, PER_PART
        self._clock = time_machine.travel(datetime(2026, 11, 23, 10, tzinfo=UTC), tick=False)
        self.time = self._clock.start()
        self.app = App(resolve(CallerHourlyCap="1000"))
        # By id: each comment as somebody has seen it, at one time or another.
        self.seen: dict[str, list[Comment]] = {}
        # Public comments, by id: the page, and the id of the first comment of the thread.
        self.shown: dict[str, tuple[str, str]] = {}
        # A reader's walk through a thread: where they are, and what they have read so far.
        self.walks: dict[str, tuple[str, list[str]]] = {}
        # The comments that were shown in the same place since a walk began, by page.
        self.throughout: dict[str, set[str]] = {}

    def teardown(self) -> None:
        """End the world of this run."""
        handler.PER_PART = self._per_part
        self._clock.stop()
        self._end.__exit__(None, None, None)

    def now(self) -> datetime:
        self.time.shift(timedelta(seconds=1))
        return datetime.now(UTC)

    def pick(self, data: Any) -> Comment:
        """Return a comment as it once was: an owner's page may be old."""
        ids = sorted(self.seen)
        views = self.seen[ids[data.draw(st.integers(0, len(ids) - 1))]]
        # The newest one most of the time.
        back: int = data.draw(st.sampled_from([0, 0, 0, 1, 2]))
        return views[-1 - back % len(views)]

    def look(self, comment_id: str) -> None:
        """Show an owner a comment in its current state, if it still exists."""
        found = comments.comment("table", comment_id)
        if found is not None and found != self.seen[comment_id][-1]:
            self.seen[comment_id].append(found)

    @rule(data=st.data(), page=st.sampled_from([PAGE, OTHER]), spam=st.booleans(), answers=st.booleans())
    def somebody_comments(self, data: Any, page: str, spam: bool, answers: bool) -> None:  # noqa: FBT001
        self.now()
        parent = data.draw(st.sampled_from(sorted(self.seen))) if answers and self.seen else ""
        fields = {"comment": f"number {len(self.seen)}", "page": page, "parent": parent}
        comment_id = post(self.app, **fields | ({"_gotcha": "x"} if spam else {}))
        self.seen[comment_id] = [stored(comment_id)]

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def an_owner_approves(self, data: Any) -> None:
        seen, at = self.pick(data), self.now()
        now = comments.comment("table", seen.id)
        parent = comments.comment("table", seen.parent) if seen.parent else None
        became = comments.approve("table", SECRET, seen, public_part(seen), at)
        above = parent if parent is not None and parent.page == seen.page else None
        if seen.state == "approved":
            assert became == "already"
        elif above is not None and above.state == "pending":
            assert became == "parent waits"
        elif now is None:
            assert became == "gone"
        elif now.state != seen.state:
            assert became == "already"
        else:
            assert became == "approved"
            root = self.shown[above.id][1] if above is not None and above.id in self.shown else seen.id
            self.shown[seen.id] = (seen.page, root)
        self.look(seen.id)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), state=st.sampled_from(["refused", "spam", "pending"]))
    def an_owner_withdraws(self, data: Any, state: comments.Withdrawn) -> None:
        seen, at = self.pick(data), self.now()
        same = self._is_current(seen)
        assert comments.withdraw("table", SECRET, seen, state, at) == same
        if same:
            self.shown.pop(seen.id, None)
        self.look(seen.id)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def an_owner_deletes(self, data: Any) -> None:
        seen, at = self.pick(data), self.now()
        same = self._is_current(seen)
        assert comments.delete("table", SECRET, seen, at) == same
        if same:
            self.shown.pop(seen.id, None)
            assert comments.comment("table", seen.id) is None

    def _is_current(self, seen: Comment) -> bool:
        now = comments.comment("table", seen.id)
        return now is not None and (now.state, now.entry) == (seen.state, seen.entry)

    @rule(page=st.sampled_from([PAGE, OTHER]))
    def a_reader_begins(self, page: str) -> None:
        part = read(self.app, page)
        self.walks[page] = (part.get("next", ""), _ids(part))
        self.throughout[page] = self._entries(page)

    def _entries(self, page: str) -> set[str]:
        """Return the places of the comments shown on a page."""
        return {stored(one).entry for one, (on, _) in self.shown.items() if on == page}

    @precondition(lambda self: self.walks)
    @rule(data=st.data())
    def a_reader_reads_on(self, data: Any) -> None:
        page = data.draw(st.sampled_from(sorted(self.walks)))
        after, have = self.walks[page]
        if after:
            part = read(self.app, page, after=after)
            found = _ids(part)
            # Whatever happened to the others meanwhile, nothing is read twice, and each comes after the last.
            assert set(found).isdisjoint(have)
            self.walks[page] = (part.get("next", ""), have + found)

    @invariant()
    def whoever_walks_to_the_end_has_read_all_that_stayed(self) -> None:
        for page, (after, have) in self.walks.items():
            self.throughout[page] &= self._entries(page)
            if not after:
                stayed = sorted(self.throughout[page])
                # In the order in which it is shown, each once.
                ids = [entry.rpartition("#")[2] for entry in stayed]
                assert [one for one in have if one in ids] == ids

    @invariant()
    def each_page_shows_what_is_approved_in_order(self) -> None:
        items = self.app.items()
        for page in (PAGE, OTHER):
            found = parts(self.app, page)
            assert found[0]["count"] == sum(1 for one, _ in self.shown.values() if one == page)
            threads = _merged(found)
            flat = [
                one for root, replies in threads.items() for one in ([root] if root in self.shown else []) + replies
            ]
            assert len(flat) == len(set(flat))
            assert set(flat) == {one for one, (on, _) in self.shown.items() if on == page}
            for root, replies in threads.items():
                assert all(self.shown[one][1] == root for one in replies)
                times = [self.seen[one][0].received_at for one in replies]
                assert times == sorted(times)
            firsts = [self.seen[root][0].received_at for root in threads]
            assert firsts == sorted(firsts)
        stored_ones = {item["id"]: item for item in items if item["kind"] == "comment"}
        entries = [item["sk"].removeprefix("entry#") for item in items if item["kind"] == "entry"]
        # An entry for each approved comment, and no other.
        assert sorted(entries) == sorted(item["entry"] for item in stored_ones.values() if item["state"] == "approved")
        # Each author's item for a comment exists exactly as long as the comment.
        authored = {
            item["sk"].partition("#")[2]: item.get("expires_at") for item in items if item["kind"] == "authored"
        }
        assert authored == {one: item.get("expires_at") for one, item in stored_ones.items()}
        for item in stored_ones.values():
            assert item["list"] == f"comments#{item['state']}"
            assert ("expires_at" in item) == (item["state"] in ("refused", "spam"))
            assert ("entry" in item, "approved_at" in item) == (item["state"] == "approved",) * 2


def _ids(part: Mapping[str, Any]) -> list[str]:
    """Return the ids of a part, of each comment and its replies, in reading order."""
    found = []
    for one in part["comments"]:
        if "html" in one:
            found.append(one["id"])
        found += [reply["id"] for reply in one["replies"]]
    return found


def _merged(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """Return the threads of all parts, with their replies. A thread that continues in the next part counts once."""
    threads: dict[str, list[str]] = {}
    for part in found:
        for one in part["comments"]:
            replies = [reply["id"] for reply in one["replies"]]
            if one.get("before"):
                assert list(threads)[-1] == one["id"]
                threads[one["id"]] += replies
            else:
                assert one["id"] not in threads
                assert replies or "html" in one
                threads[one["id"]] = replies
    return threads


TestComments = pytest.mark.slow(Comments.TestCase)
TestComments.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
