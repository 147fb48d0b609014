"""Carry an archive into the table of another stack of the same owner, item by item.

Each item is one conditional write, so it is idempotent, and an interrupted import is simply run again. This stack's
data stays: anyone who left or is suppressed on either side stays so, except after a later confirmation by their own
click.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from guichet.mail.emails import renewal
from guichet.mail.notification import all_recipients
from guichet.records.comment import Comment
from guichet.records.erasure import Erasure
from guichet.records.issue import Edition
from guichet.records.outbox import reached_by, trace
from guichet.records.record import utc_now
from guichet.records.registry import KINDS
from guichet.records.sign_up import REQUEST_KEPT
from guichet.records.subscriber import SUPPRESSED, Subscriber
from guichet.signing import subscriber_id
from guichet.store import comments, deletions, dynamodb, issues, outbox, readers, subscribers, table
from guichet.store.dynamodb import ConditionFailedError, Item, UnavailableError, marshalled
from infra.operate.archive import Archive, Secrets, kind_of, plain_item, wire_item
from infra.operate.connection import OperatorError, OperatorSettings
from infra.operate.queries import Advance, blocks, by_keys, scan

# Bound to a browser, a caller or a moment of the old stack, or quickly rebuilt: useless to this one.
LEFT_BEHIND = frozenset({"caller", "proof", "cap", "mailboxes", "run", "renewals"}) | {
    name for name, kind in KINDS.items() if not kind.carried
}
# The order in which all others are written. Departures come before confirmed subscribers, so that nobody is confirmed
# in between; a record before the emails that report it; and an issue after its readers, so that it cannot be resumed
# without them.
_LEAVERS, _CONFIRMED, _RECORDS, _ISSUES, _EMAILS = range(5)
CARRIED: Mapping[str, int] = {
    **{name: _RECORDS for name, kind in KINDS.items() if kind.carried},
    "subscriber": _CONFIRMED,
    "issue": _ISSUES,
    # Before the comments, which they keep out.
    "deleted": _LEAVERS,
    # Recreated with their comments, by this stack's secret.
    "entry": _RECORDS,
    "thread": _RECORDS,
    "authored": _RECORDS,
    "told": _RECORDS,
    "edition": _RECORDS,
    "feedback": _RECORDS,
    "reader": _RECORDS,
    "email": _EMAILS,
}
_STEPS = (_LEAVERS, _CONFIRMED, _RECORDS, _ISSUES, _EMAILS)
THREADS = 8
BLOCK = 200
# How often to retry an item that changed between reading and writing.
_TRIES = 5
_ELSEWHERE = "the stack that it came from sends it"
_IN_DOUBT = "the stack that it came from was sending it"
# The outcomes of items that are created.
WRITTEN = ("carried", "waits here", "not sent here", "paused")
INTERRUPTED = "interrupted"
UNAVAILABLE = "the table is unreachable"

# A write that may fail on its condition. Returns the outcome if it differs from the plan.
_Write = Callable[[], str | None]


@dataclass
class Summary:
    """The result: items by kind and outcome, and why it stopped early, if it did."""

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    stopped: str = ""

    def count(self, outcome: str, kind: str | None = None) -> int:
        """Return how many items of a kind, or of all, have an outcome."""
        return sum(number for (of, what), number in self.outcomes.items() if what == outcome and kind in {None, of})


@dataclass(frozen=True)
class _Planned:
    """The plan for an item: the outcome, and the write, if one is needed."""

    outcome: str
    write: _Write | None = None


class Carrier:
    """Carries an archive into a stack's table. Raises OperatorError if it contains unknown kinds.

    With `bring_back`, comments that the owner deleted or refused, here or there, are carried, too.
    """

    def __init__(
        self, archive: Archive, settings: OperatorSettings, secrets: Secrets, *, bring_back: bool = False
    ) -> None:
        unknown = sorted(set(archive.kinds) - set(CARRIED) - LEFT_BEHIND)
        if unknown:
            raise OperatorError(f"the archive has items of another version of Guichet ({', '.join(unknown)}): use that")
        self._archive = archive
        self._settings = settings
        self._bring_back = bring_back
        self._table = settings.table_name
        self._written_with = secrets.by_mark[archive.head.secret]
        self._by_other_secrets = bool(settings.former_signing_secret) or self._written_with != settings.signing_secret
        self.total = archive.items
        # New keys of records by the old ones, where they differ.
        self._moved: dict[str, str] = {}
        # Those who left or are suppressed and are only known by a hash, by that hash.
        self._hashes: dict[str, Item] = {}
        # New content hashes of issues, and the issues here that differ despite the same name.
        self._contents: dict[str, str] = {}
        self._others: set[str] = set()
        # Those who were sent a renewal email.
        self._asked_to_renew: set[str] = set()
        # The public part of comments, by id: name and HTML; and the pages of threads, by old key.
        self._public: dict[str, comments.PublicPart] = {}
        self._pages: dict[str, str] = {}
        # Why and when comments were deleted, by their ids.
        self._deleted: dict[str, deletions.Mark] = {}
        self._owners = self._former_owners(secrets)
        self._survey()

    def carry(self, advance: Advance, *, dry_run: bool) -> Summary:
        """Carry all items, or find out the outcome of each."""
        summary, done = Summary(), 0
        try:
            with ThreadPoolExecutor(THREADS) as pool:
                for step in _STEPS:
                    items = (item for item in self._archive.lines() if _step_of(item) == step)
                    for block in blocks(items, BLOCK):
                        summary.outcomes.update(self._carry_block(block, pool, dry_run=dry_run))
                        done += len(block)
                        advance(done)
                    if step == _LEAVERS:
                        summary.outcomes.update(self._end_known(dry_run=dry_run))
        except KeyboardInterrupt:
            summary.stopped = INTERRUPTED
        except UnavailableError:
            summary.stopped = UNAVAILABLE
        return summary

    # --- before anything is written ---

    def _former_owners(self, secrets: Secrets) -> dict[str, str]:
        """Return the ids of the owner's addresses here, by their ids in the archive."""
        addresses = all_recipients(self._settings)
        return {subscriber_id(self._written_with, one): subscriber_id(secrets.own, one) for one in addresses}

    def _survey(self) -> None:
        """Collect what depends on other items: people's ids, and how issues correspond."""
        editions: dict[str, dict[Any, Edition]] = {}
        found: list[Item] = []
        for item in self._archive.lines():
            match kind_of(item):
                case "subscriber" | "erasure":
                    self._survey_person(item)
                case "edition":
                    editions.setdefault(item["pk"], {})[item["language"]] = Edition.model_validate(item)
                case "issue":
                    found.append(item)
                case "email" if item["name"] == renewal.NAME and "sent_at" in item:
                    self._asked_to_renew.add(item["pk"])
                case "entry":
                    self._public[comments.id_beside(item)] = comments.PublicPart(item["name"], item["html"])
                case "thread":
                    self._pages[item["pk"]] = item["page"]
                case deletions.KIND if not (_expired(item) or self._is_undone(item)):
                    self._deleted[deletions.comment_of(item)] = deletions.mark_of(item)
        self._survey_issues(found, editions)

    def _survey_person(self, item: Item) -> None:
        if item.get("email"):
            new = table.key(KINDS[kind_of(item)].model, self._settings.ids_of(item["email"])[0])["pk"]
            if new != item["pk"]:
                self._moved[item["pk"]] = new
        elif kind_of(item) == "subscriber" and not _expired(item):
            self._hashes[table.id_at(item["pk"])] = item

    def _survey_issues(self, found: Sequence[Item], editions: Mapping[str, Mapping[Any, Edition]]) -> None:
        for item in found:
            texts = editions.get(item["pk"], {})
            if issues.content_hash(self._written_with, texts) == item.get("content"):
                self._contents[item["pk"]] = issues.content_hash(self._settings.signing_secret, texts)
        here = self._read([{"pk": item["pk"], "sk": item["sk"]} for item in found])
        for item in found:
            known = here.get(_place(item))
            mine = self._content(item), item.get("started_at")
            if known is not None and (known.get("content"), known.get("started_at")) != mine:
                self._others.add(table.id_at(item["pk"]))

    def _content(self, item: Item) -> Any:
        return self._contents.get(item["pk"], item.get("content"))

    # --- block by block ---

    def _carry_block(
        self, block: Sequence[Item], pool: ThreadPoolExecutor, *, dry_run: bool
    ) -> Iterator[tuple[str, str]]:
        """Carry some items, and yield the kind and the outcome of each."""
        prepared = [(kind_of(item), self._prepared(item)) for item in block]
        items = [item for _, item in prepared if not isinstance(item, str)]
        here = self._read([key for item in items for key in self._asked(item)])
        for kind, item in prepared:
            if isinstance(item, str):
                yield kind, item
        plans = [(item, self._planned(item, here)) for item in items]
        if dry_run:
            outcomes = [plan.outcome for _, plan in plans]
        else:
            outcomes = list(pool.map(lambda one: self._done(*one), plans))
        yield from zip(map(kind_of, items), outcomes, strict=True)

    def _read(self, keys: Sequence[Item]) -> dict[tuple[str, str], Item]:
        """Return the existing, unexpired items, by key, as plain values."""
        places = dict.fromkeys(map(_place, keys))
        here = by_keys(self._table, ({"pk": pk, "sk": sk} for pk, sk in places), plain_item)
        return {_place(item): item for item in here if not _expired(item)}

    def _asked(self, item: Item) -> Iterator[Item]:
        """Yield the keys that decide about an item: the item itself, its other ids, and an erasure of its person.

        For a comment, the mark that it was deleted decides as well, and for such a mark, the comment.
        """
        yield item
        if kind_of(item) == "comment":
            yield deletions.key(item["id"])
        if kind_of(item) == deletions.KIND:
            yield table.key(Comment, deletions.comment_of(item))
        for other in self._other_ids(item):
            yield table.key(Subscriber, other)
        erasure = self._erasure_of(item)
        if erasure:
            yield erasure

    def _other_ids(self, item: Item) -> list[str]:
        """Return the ids besides its own under which a subscriber's address may be known here."""
        if kind_of(item) != "subscriber" or not item.get("email"):
            return []
        written_as = subscriber_id(self._written_with, item["email"])
        ids = dict.fromkeys((*self._settings.ids_of(item["email"]), written_as))
        return [one for one in ids if one != item["id"]]

    def _erasure_of(self, item: Item) -> Item:
        """Return the key of an erasure of the person whose record an item is, or an empty one."""
        kind = KINDS.get(kind_of(item))
        of_person = kind is not None and kind.of_person and item.get("email")
        return table.key(Erasure, self._settings.ids_of(item["email"])[0]) if of_person else {}

    def _done(self, item: Item, plan: _Planned) -> str:
        """Carry out a plan. An item that changed since it was read is read and planned again."""
        for _ in range(_TRIES):
            if plan.write is None:
                return plan.outcome
            try:
                return plan.write() or plan.outcome
            except ConditionFailedError:
                plan = self._planned(item, self._read(list(self._asked(item))))
        raise UnavailableError("put_item")

    # --- an item as it should be here ---

    def _prepared(self, item: Item) -> Item | str:
        """Return an item as it should be here, or why it is not carried."""
        kind = kind_of(item)
        if why := self._not_carried(item, kind):
            return why
        if kind == "subscriber":
            item = self._renewable(item)
        match kind:
            case "subscriber" | "erasure" if item["pk"] in self._moved:
                pk = self._moved[item["pk"]]
                item = {**item, "pk": pk, "id": table.id_at(pk)}
            case "comment":
                item = self._comment(item)
            case "reader":
                item = self._reader(item)
            case "issue":
                item = {**issues.at_rest(item), "content": self._content(item)}
            case "request" if not item.get("spam") and "mailed_at" not in item:
                # Its email belongs to the old stack, which sends it within days, or not at all.
                end = table.seconds(self._archive.head.written_at + REQUEST_KEPT)
                item = {**item, "expires_at": min(item["expires_at"], end)}
            case "email":
                item = self._email(item)
        if kind == "erasure":
            # This table is in another order.
            item = {name: value for name, value in item.items() if name != "read_up_to"}
        return "expired" if _expired(item) else item

    def _renewable(self, item: Item) -> Item:
        """Return a subscriber who is waited for only if an answer can arrive here.

        The old stack sends the emails waiting there, and a link signed with another secret does not work here.
        """
        asked = "renewal_sent_at" in item or item["pk"] in self._asked_to_renew
        if asked and self._written_with == self._settings.signing_secret:
            return item
        return {name: value for name, value in item.items() if name not in {"renewal_queued_at", "renewal_sent_at"}}

    def _not_carried(self, item: Item, kind: str) -> str:
        """Return why an item is not carried on its own, or an empty string."""
        if kind == deletions.KIND and self._is_undone(item):
            return "left behind"
        # The deploy hook's row is the only one in the outbox without a record.
        record = table.kind_at(item["pk"])
        if kind in LEFT_BEHIND or (kind == "email" and (record is None or record.name in LEFT_BEHIND)):
            return "left behind"
        if kind in {"entry", "thread", "authored"}:
            return "with its comment"
        if kind in {"issue", "edition", "feedback", "reader"} and readers.issue_of(item["pk"]) in self._others:
            return "another issue"
        return ""

    def _comment(self, item: Item) -> Item:
        """Return a comment as it should be here. One without an entry in the archive must be approved again."""
        if item["state"] != "approved" or item["id"] in self._public:
            return item
        kept = {name: value for name, value in item.items() if name not in {"entry", "approved_at"}}
        return {**kept, "state": "pending", "list": comments.list_of("pending")}

    def _reader(self, item: Item) -> Item:
        new = self._moved.get(table.key(Subscriber, readers.subscriber_of(item))["pk"])
        if new:
            key = readers.key_of(readers.issue_of(item["pk"]), table.id_at(new))
            item = {**item, **table.row_key(key)}
        return readers.at_rest(item, self._archive.head.written_at, _IN_DOUBT)

    def _email(self, item: Item) -> Item:
        pk = self._moved.get(item["pk"]) or str(item["pk"])
        if "outbox" not in item:
            return {**item, "pk": pk}
        if item["recipient"] != "owner":
            return outbox.dropped({**item, "pk": pk}, _ELSEWHERE, self._archive.head.written_at)
        waiting = outbox.waiting_anew(item, pk, "owner")
        if "reached" in item:
            calls = {one.partition("/")[2]: one.partition("/")[0] for one in item["reached"]}
            waiting["reached"] = [trace(calls[one], self._owners.get(one, one)) for one in reached_by(item["reached"])]
        return waiting

    # --- the outcome ----------

    def _planned(self, item: Item, here: Mapping[tuple[str, str], Item]) -> _Planned:
        known = here.get(_place(item))
        erasure_key = self._erasure_of(item)
        erasure = here.get(_place(erasure_key), {}) if erasure_key else {}
        if "done_at" in erasure and datetime.fromisoformat(erasure["done_at"]) >= self._archive.head.written_at:
            return _Planned("erased here")
        if kind_of(item) == "subscriber":
            return self._planned_subscriber(item, known, here)
        if kind_of(item) == deletions.KIND:
            return self._planned_deletion(item, known, here)
        if known is None and kind_of(item) == "comment":
            return self._planned_comment(item, here)
        if known is None:
            return _Planned(_outcome(item), lambda: self._put(item))
        return self._planned_newer(item, known)

    def _planned_comment(self, item: Item, here: Mapping[tuple[str, str], Item]) -> _Planned:
        comment, marks = Comment.model_validate(item), list(self._marks(item, here))
        if not deletions.is_against(marks, comment):
            return _Planned("carried", lambda: self._restore(item))
        if self._bring_back and not deletions.is_against((one for one in marks if one.why == "person"), comment):
            return _Planned("carried", lambda: self._restore(item, back=True))
        return _Planned("deleted here")

    def _is_undone(self, mark: Item) -> bool:
        """Return whether a mark does not count, since the owner brings back what they deleted."""
        return self._bring_back and deletions.mark_of(mark).why != "person"

    def _marks(self, item: Item, here: Mapping[tuple[str, str], Item]) -> Iterator[deletions.Mark]:
        """Yield the marks of a comment, here and in the archive."""
        mark = here.get(_place(deletions.key(item["id"])))
        if mark is not None:
            yield deletions.mark_of(mark)
        if item["id"] in self._deleted:
            yield self._deleted[item["id"]]

    def _planned_deletion(self, item: Item, known: Item | None, here: Mapping[tuple[str, str], Item]) -> _Planned:
        """Return the outcome of a deleted comment's mark: it deletes the comment here as well, unless that is newer.

        A comment refused there is only kept from coming back: its state here does not change.
        """
        mark = deletions.mark_of(item)
        found = here.get(_place(table.key(Comment, deletions.comment_of(item))))
        comment = Comment.model_validate(found) if found else None
        if comment is not None and mark.why != "refused" and deletions.is_against([mark], comment):
            return _Planned("updated", lambda: self._delete(comment, mark.why))
        if comment is not None and comment.expires_at is None:
            return _Planned("there already")
        if known is None:
            return _Planned("carried", lambda: self._put(item))
        before = deletions.mark_of(known)
        if deletions.WHY.index(before.why) >= deletions.WHY.index(mark.why):
            return _Planned("there already")
        return _Planned("updated", lambda: self._put(item, {"why": known["why"], "at": known["at"]}))

    def _delete(self, comment: Comment, why: deletions.Why) -> None:
        """Delete a comment as it was deleted there. Raises ConditionFailedError if it changed meanwhile."""
        settings, hook = self._settings, self._settings.deploy_hook == "on"
        if not comments.delete(self._table, settings.signing_secret, comment, utc_now(), hook=hook, why=why):
            raise ConditionFailedError(0, None)

    def _restore(self, item: Item, *, back: bool = False) -> None:
        """Write a comment, and recreate its public entry: the keys of threads and authors depend on the secret."""
        public = self._public[item["id"]] if item["state"] == "approved" else None
        page = self._pages.get(comments.thread_key(self._written_with, item["page"])) or str(item["page"])
        comments.restore(self._table, self._settings.signing_secret, item, public, page, utc_now(), back=back)

    def _planned_newer(self, item: Item, known: Item) -> _Planned:
        """Return the plan for an existing item: only an item that has ended there since replaces one that waits."""
        kind = kind_of(item)
        if kind == "email" and "sent_at" in item and "outbox" in known and "claim" not in known:
            return _Planned("updated", lambda: self._put(item, {"outbox": known["outbox"]}, without="claim"))
        if kind == "reader" and known["state"] == "waiting" and item["state"] not in {"waiting", "claimed"}:
            return _Planned("updated", lambda: self._put(item, {"state": "waiting"}))
        if kind == "issue" and known["state"] == "paused" and item["state"] in {"sent", "cancelled"}:
            return _Planned("updated", lambda: self._put(item, {"state": "paused", "content": known["content"]}))
        return _Planned("there already")

    def _planned_subscriber(self, item: Item, known: Item | None, here: Mapping[tuple[str, str], Item]) -> _Planned:
        others = [table.key(Subscriber, one) for one in self._other_ids(item)]
        if known is not None:
            write = self._leaving(known, item) or self._sign_of_life(known, item)
            if write is not None:
                return _Planned("updated", write)
            same = known["state"] == item["state"]
            return _Planned("there already" if same or item["state"] != "confirmed" else "stays left")
        if item["state"] == "confirmed":
            if any(_place(other) in here for other in others):
                return _Planned("stays left")
            return _Planned("carried", lambda: self._put(item, absent=others))
        return _Planned("carried", lambda: self._put(item))

    def _leaving(self, known: Item, item: Item) -> _Write | None:
        """Return the write that ends a subscription here as it ended there, or None if nothing changes."""
        state, at = item["state"], _left_at(item, self._archive.head.written_at)
        table_name, one = self._table, str(known["id"])

        def written(changed: bool) -> str | None:  # noqa: FBT001  what a write returns
            return None if changed else "there already"

        if state == "blocked" and known["state"] != "blocked":
            return lambda: written(subscribers.block(table_name, one, at))
        weaker = known["state"] not in (("blocked", "complained") if state == "complained" else SUPPRESSED)
        lifted_since = "lifted_at" in known and datetime.fromisoformat(known["lifted_at"]) >= at
        if state in {"bounced", "complained"} and weaker and not lifted_since:
            return lambda: written(subscribers.suppress(table_name, one, state, at))
        end = item.get("expires_at")
        kept = datetime.fromtimestamp(end, UTC) - at if end else timedelta(days=self._settings.retention_days)
        if state == "unsubscribed" and item.get("left_for") == "no_answer":
            # A sign of life here, after the last one there, is an answer, given to this stack.
            silent = known["state"] == "confirmed" and _heard_of(known) <= _heard_of(item)
            return (lambda: written(subscribers.lapse(table_name, one, at, kept))) if silent else None
        lapsed = known["state"] == "unsubscribed" and known.get("left_for") == "no_answer" and state == "unsubscribed"
        if state in {"unsubscribed", "lifted"} and (known["state"] == "confirmed" or lapsed):
            return (
                None
                if _confirmed_since(known, at)
                else lambda: written(subscribers.unsubscribe(table_name, one, at, kept))
            )
        return None

    def _sign_of_life(self, known: Item, item: Item) -> _Write | None:
        """Return the write that notes a later sign of life from there, or None.

        It also brings back subscribers who lapsed here but answered there.
        """
        table_name, one, at = self._table, str(known["id"]), _heard_of(item)
        waits = "renewal_queued_at" in known or known.get("left_for") == "no_answer"
        # As for a click here, once a day is enough.
        if item["state"] != "confirmed" or at <= _heard_of(known) + (timedelta() if waits else timedelta(days=1)):
            return None
        renewed = any(event["event"] == "renewed" and _at(event["at"]) == at for event in item.get("history", ()))
        if renewed and (known["state"] == "confirmed" or known.get("left_for") == "no_answer"):
            return lambda: None if subscribers.renew(table_name, one, at)[0] == "confirmed" else "stays left"
        if known["state"] == "confirmed" and "alive_at" in item:
            return lambda: subscribers.note_life(table_name, one, at)
        return None

    def _end_known(self, *, dry_run: bool) -> Iterator[tuple[str, str]]:
        """End the subscriptions here of people whom the archive knows only by a former hash.

        This comes after those hashes were written: they refuse anyone who confirms in between.
        """
        if not self._hashes or not self._by_other_secrets:
            return
        for page in scan(self._table, "subscriber", as_stored=True):
            for known in map(plain_item, page.items):
                for other in self._other_ids(known):
                    item = self._hashes.get(other)
                    leave = self._leaving(known, item) if item else None
                    if leave is not None and (dry_run or leave() is None):
                        yield "subscriber", "left by hash"

    def _put(
        self, item: Item, expected: Item | None = None, absent: Sequence[Item] = (), without: str = ""
    ) -> str | None:
        """Write an item, if there is none or it is as expected, and nothing has the keys that must be absent.

        The expected item may also have to be `without` an attribute. Returns another outcome if a condition fails.
        """
        now = {":now": table.seconds(utc_now())}
        put: Item = {"TableName": self._table, "Item": wire_item(item), "ConditionExpression": table.NOT_THERE}
        values = now
        if expected:
            put["ConditionExpression"] = " AND ".join(f"#{name} = :{name}" for name in expected)
            put["ExpressionAttributeNames"] = {f"#{name}": name for name in expected}
            put["ConditionExpression"] += f" AND attribute_not_exists({without})" if without else ""
            values = {f":{name}": value for name, value in expected.items()}
        put["ExpressionAttributeValues"] = marshalled(values)
        if not absent:
            dynamodb.call("put_item", **put)
            return None
        checks = (table.check(self._table, key, table.NOT_THERE, now) for key in absent)
        try:
            dynamodb.transact([{"Put": put}, *checks])
        except ConditionFailedError as failed:
            if failed.action:
                return "stays left"
            raise
        return None


def _step_of(item: Item) -> int:
    kind = kind_of(item)
    if kind == "subscriber" and item.get("state") != "confirmed":
        return _LEAVERS
    return CARRIED.get(kind, _RECORDS)


def _outcome(item: Item) -> str:
    """Return the outcome of an item that was written."""
    if kind_of(item) == "email":
        if "outbox" in item:
            return "waits here"
        if item.get("reason") == _ELSEWHERE:
            return "not sent here"
    if kind_of(item) == "issue" and item["state"] == "paused":
        return "paused"
    return "carried"


def _place(item: Item) -> tuple[str, str]:
    return item["pk"], item["sk"]


def _expired(item: Item) -> bool:
    end = item.get("expires_at")
    return isinstance(end, int) and end < table.seconds(utc_now())


def _left_at(item: Item, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(item["left_at"]) if item.get("left_at") else otherwise


def _heard_of(item: Item) -> datetime:
    """Return the last sign of life of a subscriber."""
    found = [_at(item[name]) for name in ("confirmed_at", "alive_at") if item.get(name)]
    return max(found, default=datetime.min.replace(tzinfo=UTC))


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _confirmed_since(known: Item, at: datetime) -> bool:
    """Return whether somebody confirmed by their own click after a time. An import does not count."""
    clicks = (event for event in known.get("history", ()) if event["event"] in {"confirmed", "resumed", "renewed"})
    return any(datetime.fromisoformat(event["at"]) > at for event in clicks)
