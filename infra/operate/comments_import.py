"""Import another tool's comments: each on its page, in its place, once.

The file is read twice: first for the places, which take little memory, and then for the texts, in blocks. Ids are keyed
hashes of the tool's own, so an import is idempotent, and an interrupted one is simply run again.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from guichet.addresses import parse
from guichet.comments.public import public_part
from guichet.http.body import clean
from guichet.page_paths import folded
from guichet.records.comment import Comment, CommentState
from guichet.records.record import utc_now
from guichet.signing import keyed_hash
from guichet.store import comments, deletions, table
from guichet.store.comments import Brought
from guichet.store.deletions import Mark
from guichet.store.dynamodb import ConditionFailedError, Item
from infra.operate.comments_markdown import markdown_of
from infra.operate.comments_pages import Pages
from infra.operate.comments_sources import Post, Source
from infra.operate.connection import OperatorSettings
from infra.operate.queries import Advance, blocks, by_keys
from infra.operate.words import sentences

# As in the form for comments. Longer ones are cut.
_LONGEST_NAME = 100
# The form takes less; other tools take more.
_LONGEST_COMMENT = 30_000
# In bytes. A DynamoDB item has at most 400 KB, and ten nested quotes turn one character into more than twenty.
_LARGEST_HTML = 300_000
_BLOCK = 200
# Per transaction: each comment takes four actions, and DynamoDB allows a hundred, and 4 MB.
_MOST, _LARGEST = 24, 1_000_000
# How comments that are gone here are reported.
_GONE: dict[deletions.Why, str] = {"person": "deleted here", "owner": "deleted here", "refused": "refused here"}


class _Place(NamedTuple):
    """What is kept of each comment in the file while its place is determined."""

    id: str
    # Its id if it was imported by the stack whose archive this stack was restored from.
    former_id: str
    parent: str
    page: str
    at: datetime
    state: str


@dataclass
class OfPage:
    """The file's comments on a page, counted by outcome."""

    approved: int = 0
    pending: int = 0
    already: int = 0
    replies: int = 0


@dataclass
class Bad:
    """A comment that cannot be imported: its id in the file, and why."""

    id: str
    why: str


@dataclass
class Result:
    """What an import did, or would do. `left_out` counts comments that must not be shown, by reason.

    `may_come_back` is how many of these the owner deleted or refused here, and may import again.
    """

    tool: str
    pages: dict[str, OfPage] = field(default_factory=dict)
    # Addresses that match no page of the site, and how many comments they have.
    unmatched: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    bad: list[Bad] = field(default_factory=list)
    may_come_back: int = 0

    @property
    def imported(self) -> int:
        """How many comments are new."""
        return sum(one.approved + one.pending for one in self.pages.values())

    @property
    def already(self) -> int:
        """How many comments were there before."""
        return sum(one.already for one in self.pages.values())


def run(  # noqa: PLR0913  the parts of an import
    source: Source,
    pages: Pages,
    settings: OperatorSettings,
    advance: Advance,
    *,
    dry_run: bool,
    bring_back: bool = False,
    pending: bool = False,
) -> Result:
    """Import a file's comments. Return what was done, or with `dry_run` what would be. Raises OperatorError.

    Comments deleted or refused here since are left out; with `bring_back`, only those that their authors deleted.
    With `pending`, approved comments wait for the owner, too.
    """
    return _Import(source, pages, settings, dry_run=dry_run, bring_back=bring_back, pending=pending).run(advance)


class _Import:
    """One import."""

    def __init__(  # noqa: PLR0913  the parts of an import
        self,
        source: Source,
        pages: Pages,
        settings: OperatorSettings,
        *,
        dry_run: bool,
        bring_back: bool,
        pending: bool,
    ) -> None:
        self._source, self._pages, self._settings = source, pages, settings
        self._dry_run, self._bring_back, self._pending = dry_run, bring_back, pending
        self._result = Result(source.tool)
        self._places: dict[str, _Place] = {}
        self._roots: dict[str, str] = {}
        self._spelled: dict[str, str] = {}

    def run(self, advance: Advance) -> Result:
        self._find_places()
        done = 0
        for block in blocks(self._posts(), _BLOCK):
            self._take(block)
            done += len(block)
            advance(done)
        return self._result

    def _posts(self) -> Iterator[Post]:
        for post in self._source.posts():
            yield replace(post, state="pending") if self._pending and post.state == "approved" else post

    # --- places ---

    def _find_places(self) -> None:
        """Find out which page each comment is on, and which comment it answers."""
        seen: Counter[tuple[str, datetime]] = Counter()
        for post in self._posts():
            page = self._page_of(post)
            if page is None or post.at is None or not post.id or post.id in self._places:
                continue
            at = post.at
            if not at.microsecond:
                # Comments of the same second keep the order of the file.
                seen[page, at] += 1
                at += timedelta(microseconds=seen[page, at] - 1)
            own, former = self._settings.signing_secret, self._settings.former_signing_secret
            former_id = self._id_of(post, former) if former else ""
            self._places[post.id] = _Place(self._id_of(post, own), former_id, post.parent, page, at, post.state)

    def _page_of(self, post: Post) -> str | None:
        """Return a comment's page, as the file first spells it: `/a` and `/a/` have one thread."""
        page = self._pages.page_of(post.address)
        return None if page is None else self._spelled.setdefault(folded(page), page)

    def _id_of(self, post: Post, secret: str) -> str:
        return keyed_hash(secret, "imported comment", self._source.tool, post.site, post.id)

    def _root_of(self, post_id: str) -> str:
        """Return the file's id of the first comment in a comment's thread, perhaps its own."""
        way: list[str] = []
        one = post_id
        while one not in self._roots:
            way.append(one)
            place = self._places[one]
            parent = self._places.get(place.parent)
            # A circle ends where it began.
            if parent is None or parent.page != place.page or place.parent in way:
                self._roots[one] = one
                break
            one = place.parent
        for each in way:
            self._roots[each] = self._roots[one]
        return self._roots[one]

    # --- texts ---

    def _take(self, block: Sequence[Post]) -> None:
        there, marks = self._there(block)
        new: list[Brought] = []
        taken: set[str] = set()
        for post in block:
            if post.state == "gone":
                self._result.left_out[post.why] += 1
                continue
            if self._page_of(post) is None:
                self._result.unmatched[post.address] += 1
                continue
            place = self._places.get(post.id)
            if place is None or post.id in taken:
                self._result.bad.append(
                    Bad(post.id, "has no valid time" if post.at is None else "has no id of its own")
                )
                continue
            taken.add(post.id)
            mark = marks.get(place.id) if place.id not in there else None
            if self._stays_gone(mark):
                continue
            of_page = self._result.pages.setdefault(place.page, OfPage())
            if place.id in there:
                of_page.already += 1
                continue
            # Markup takes room, too.
            too_long = len(post.text) > 2 * _LONGEST_COMMENT
            text = "" if too_long else clean(markdown_of(post.text, post.markup))
            too_long = too_long or len(text) > _LONGEST_COMMENT
            comment = self._comment(post, place, "" if too_long else text, there, back=mark is not None)
            public = public_part(comment)
            # The table must not reject a pending comment when it is approved.
            if not text or too_long or len(public.html.encode()) > _LARGEST_HTML:
                self._result.bad.append(Bad(post.id, "is too long" if text or too_long else "has no text"))
                continue
            new.append((comment, public if comment.state == "approved" else None))
            if comment.state == "approved":
                of_page.approved += 1
            else:
                of_page.pending += 1
            of_page.replies += self._root_of(post.id) != post.id
        if not self._dry_run:
            self._write(new)

    def _stays_gone(self, mark: Mark | None) -> bool:
        """Count a comment that was deleted or refused here, unless the owner brings it back. Return whether it was."""
        if mark is None or (self._bring_back and mark.why != "person"):
            return False
        self._result.left_out[_GONE[mark.why]] += 1
        self._result.may_come_back += mark.why != "person"
        return True

    def _there(self, block: Sequence[Post]) -> tuple[dict[str, Item], dict[str, Mark]]:
        """Return the stored items of a block's comments, of their parents and of the first in their threads.

        Also return the marks of those deleted or refused here. Comments that another stack imported keep their ids.
        """
        wanted = [post.id for post in block if post.id in self._places]
        wanted += [self._root_of(one) for one in wanted]
        wanted += [parent for one in wanted if (parent := self._places[one].parent) in self._places]
        places = {one: self._places[one] for one in wanted}
        ids = {one for place in places.values() for one in (place.id, place.former_id) if one}
        keys = [key for one in sorted(ids) for key in (table.key(Comment, one), deletions.key(one))]
        found = {item["pk"]: item for item in by_keys(self._settings.table_name, keys)}
        there = {item["id"]: item for item in found.values() if item["kind"] == "comment"}
        marks = {
            one: deletions.mark_of(item)
            for one in ids
            if (item := found.get(deletions.key(one)["pk"])) and not table.expired(item)
        }
        for one, place in places.items():
            if place.former_id in there or (place.former_id in marks and place.id not in there):
                self._places[one] = place._replace(id=place.former_id)
        return there, marks

    def _comment(self, post: Post, place: _Place, text: str, there: dict[str, Item], *, back: bool) -> Comment:
        settings = self._settings
        state: CommentState = "pending" if post.state == "pending" else "approved"
        # A comment that is brought back is newer than its mark of deletion, which an archive may still have.
        approved_at = utc_now() if back else place.at
        root = self._places[self._root_of(post.id)]
        parent = self._places.get(post.parent)
        # The first comment may have been imported from an earlier file, with another time.
        known = there.get(root.id, {}).get("received_at")
        root_key = comments.entry_key(datetime.fromisoformat(known) if known else root.at, root.id)
        own_key = comments.entry_key(place.at, place.id)
        return Comment(
            id=place.id,
            page=place.page,
            name=" ".join(clean(post.name).split())[:_LONGEST_NAME].strip()
            or sentences("comments", settings.default_language)["anonymous"],
            email=parse(post.email) or "",
            comment=text,
            parent=parent.id if parent is not None and parent.page == place.page and parent is not place else "",
            state=state,
            language=settings.default_language,
            received_at=place.at,
            approved_at=approved_at if state == "approved" else None,
            # A pending comment keeps its place, too: what it answers may be gone.
            entry=own_key if root is place else comments.reply_key(root_key, own_key),
            imported=f"{self._source.tool}:{post.id}"[:200],
        )

    def _write(self, new: Sequence[Brought]) -> None:
        for part in _of_one_page(new):
            try:
                self._bring(part)
            except ConditionFailedError:
                # Somebody else is importing the same file.
                for one in part:
                    try:
                        self._bring([one])
                    except ConditionFailedError:
                        continue

    def _bring(self, part: Sequence[Brought]) -> None:
        settings = self._settings
        hook = settings.deploy_hook == "on"
        # The time of this write tells an export that a thread has changed.
        comments.bring(
            settings.table_name, settings.signing_secret, part, utc_now(), hook=hook, bring_back=self._bring_back
        )


def _of_one_page(new: Sequence[Brought]) -> Iterator[list[Brought]]:
    """Yield comments in parts that fit a transaction, each from one page."""
    part: list[Brought] = []
    size = 0
    for comment, public in sorted(new, key=lambda one: one[0].page):
        more = 4 * (len(comment.comment) + (len(public.html) if public else 0))
        if part and (len(part) == _MOST or size + more > _LARGEST or part[0][0].page != comment.page):
            yield part
            part, size = [], 0
        part.append((comment, public))
        size += more
    if part:
        yield part
