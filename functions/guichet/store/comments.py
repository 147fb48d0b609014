"""Comments: moderated one by one, and read thread by thread.

Besides the comment itself, which only the owner and its author see, an approved one has an *entry* in its page's
thread, with the public part. Entries are sorted as shown, so that one query reads a thread. Each author has an item per
comment, by the keyed hash of the address, to find their own.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from guichet.page_paths import folded
from guichet.records.comment import REFUSED_KEPT, Comment, CommentState
from guichet.records.outbox import QUEUED_EMAIL_KEPT, QueuedEmail
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import deletions, dynamodb, outbox, table
from guichet.store.dynamodb import Item, marshalled

# Keys that sort before and after all entries.
_HEAD, _END = "about", "entry$"
_THREAD, _AUTHOR, _ENTRY = "thread#", "author#", "entry#"
# One or two times, each with a comment's id.
_KEY = re.compile(r"[0-9T:.+-]{32}#[0-9a-f]{32}(?:#[0-9T:.+-]{32}#[0-9a-f]{32})?", re.ASCII)
THREADS = "threads"

Approved = Literal["approved", "already", "gone", "parent waits"]
Withdrawn = Literal["refused", "spam", "pending"]


class PublicPart(NamedTuple):
    """What everybody sees of an approved comment (`guichet.comments.public`)."""

    name: str
    html: str


# A comment from another tool, with its public part if it is approved.
Brought = tuple[Comment, PublicPart | None]


@dataclass(frozen=True)
class Entry:
    """An approved comment as everybody sees it. `root` is the first comment of its thread, possibly itself."""

    id: str
    root: str
    at: datetime
    name: str
    html: str
    # Its place among the others.
    key: str

    @property
    def is_reply(self) -> bool:
        """Whether it answers another."""
        return self.root != self.id


@dataclass(frozen=True)
class ThreadPage:
    """A part of a thread: its entries, the size of the whole, where to continue, and where the last part ended."""

    entries: tuple[Entry, ...]
    # It is stored before the first entry, so only the first part has read it; it is 0 in the others.
    count: int
    next: str
    # The first comment of the thread in which the previous part ended.
    within: str


@dataclass(frozen=True)
class Thread:
    """A page that has had comments: its path, how many are approved, and when that last changed."""

    page: str
    count: int
    changed_at: datetime


def thread_key(secret: str, page: str) -> str:
    """Return the key under which a page's thread is stored, however its path is written.

    It is hashed, since a path may be a stranger's words.
    """
    return f"{_THREAD}{keyed_hash(secret, 'thread', folded(page))}"


def author_key(email_id: str) -> str:
    """Return the key under which an author's comments are found, by the keyed hash of the address."""
    return f"{_AUTHOR}{email_id}"


def item_of_entry(secret: str, known: Comment) -> Item:
    """Return the key of the item that shows an approved comment."""
    return {"pk": thread_key(secret, known.page), "sk": f"{_ENTRY}{known.entry}"}


def id_beside(item: Item) -> str:
    """Return the id of the comment that an entry shows or an author's mark leads to, or an empty string."""
    if str(item["pk"]).startswith(_THREAD):
        return str(item["sk"]).rpartition("#")[2]
    return table.id_at(item["sk"]) if str(item["pk"]).startswith(_AUTHOR) else ""


def with_new(table_name: str, secret: str, new: Comment) -> list[dict[str, Any]]:
    """Return the actions that are written together with a new comment."""
    return _of_author(table_name, secret, new, new.expires_at)


def restore(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str,
    secret: str,
    item: Item,
    public: PublicPart | None,
    page: str,
    at: datetime,
    *,
    back: bool = False,
) -> None:
    """Store a comment from another table, with its entry if it was public, and its author's mark.

    One write, so that a thread counts it once, however often that is repeated. `page` is the name of its thread. With
    `back`, the owner brings back what they deleted. Raises ConditionFailedError if it is here already, or was
    deleted here since.
    """
    known = Comment.model_validate(item)
    if back and known.approved_at:
        # Newer than the mark that it was deleted, which an archive may still have.
        item = {**item, "approved_at": table.stamp(at)}
    actions = [
        table.put(table_name, item, table.NOT_THERE, {":now": table.seconds(at)}),
        deletions.remove(table_name, known.id, of_owner=True) if back else deletions.not_against(table_name, known, at),
        *_of_author(table_name, secret, known, known.expires_at),
    ]
    if public is not None:
        actions += [
            table.put(table_name, _shown(secret, known, known.entry, public)),
            _counted(table_name, secret, page, 1, at),
        ]
    dynamodb.transact(actions)


def comment(table_name: str, comment_id: str) -> Comment | None:
    """Return a comment in any state, or None if there is none or it has expired."""
    return table.record(table_name, Comment, comment_id)


def list_of(state: CommentState) -> str:
    """Return the name of the list of the comments in a state."""
    return f"comments#{state}"


def in_state(table_name: str, state: CommentState) -> list[tuple[datetime, str]]:
    """Return when the comments in a state came, and their ids, newest first."""
    found = dynamodb.items("query", **table.of_list(table_name, list_of(state)))
    known = ((datetime.fromisoformat(item["received_at"]), table.id_at(item["pk"])) for item in found)
    return sorted(known, reverse=True)


def filed_as_spam(table_name: str, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Return when the comments came that are spam, from a time until another one, and their ids, newest first."""
    return [(at, one) for at, one in in_state(table_name, "spam") if since <= at < until]


def read(table_name: str, ids: Sequence[str]) -> list[Comment]:
    """Return comments by their ids, in order, without those that are gone."""
    items = dynamodb.batch_get(table_name, [table.key(Comment, one) for one in ids])
    return [Comment.model_validate(item) for item in items if not table.expired(item)]


def of_author(table_name: str, email_id: str) -> list[Comment]:
    """Return all comments of an author, by the keyed hash of the address (`signing.subscriber_id`), newest first."""
    theirs = read(table_name, [table.id_at(mark["sk"]) for mark in _marks(table_name, email_id)])
    return sorted(theirs, key=lambda one: one.received_at, reverse=True)


def has_any(table_name: str, email_id: str) -> bool:
    """Return whether there are comments of an author, by the keyed hash of the address."""
    return not all(map(table.expired, _marks(table_name, email_id)))


def _marks(table_name: str, email_id: str) -> Iterator[Item]:
    """Yield the items by which an author's comments are found."""
    return dynamodb.items(
        "query",
        TableName=table_name,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues=marshalled({":pk": author_key(email_id)}),
        ConsistentRead=True,
    )


def thread(  # noqa: PLR0913  the parts of one read
    table_name: str, secret: str, page: str, most: int, after: str = "", *, consistent: bool = False
) -> ThreadPage:
    """Return a part of a page's thread, after an entry's key or from the beginning: one query, eventually consistent.

    Raises ValueError if `after` is not an entry's key.
    """
    if after and not _KEY.fullmatch(after):
        raise ValueError("no entry's key")
    # `!` sorts before the `#` of the replies.
    start = f"{_ENTRY}{after}!" if after else _HEAD
    found = dynamodb.call(
        "query",
        TableName=table_name,
        KeyConditionExpression="pk = :pk AND sk BETWEEN :start AND :end",
        ExpressionAttributeValues=marshalled({":pk": thread_key(secret, page), ":start": start, ":end": _END}),
        ConsistentRead=consistent,
        # The head comes first, and one more entry shows whether there is another part.
        Limit=most + (1 if after else 2),
    )
    items = [dynamodb.unmarshalled(item) or {} for item in found["Items"]]
    head = items.pop(0) if items and items[0]["sk"] == _HEAD else {}
    entries = tuple(_entry(item) for item in items[:most])
    more = len(items) > most or "LastEvaluatedKey" in found
    within = after.split("#")[1] if after else ""
    return ThreadPage(entries, int(head.get("count", 0)), entries[-1].key if entries and more else "", within)


def threads(table_name: str) -> Iterator[Thread]:
    """Yield the pages that have, or had, approved comments."""
    keys = [{"pk": item["pk"], "sk": _HEAD} for item in dynamodb.items("query", **table.of_list(table_name, THREADS))]
    for item in dynamodb.batch_get(table_name, keys):
        yield Thread(item["page"], item["count"], datetime.fromisoformat(item["changed_at"]))


def approve(  # noqa: PLR0913  the parts of one write
    table_name: str, secret: str, approved: Comment, public: PublicPart, at: datetime, *, hook: bool = False
) -> Approved:
    """Show a comment to everybody. A reply to a reply is placed next to it, under the first comment.

    A reply to a comment that is gone or not public becomes a first comment; a reply to a pending one waits. With
    `hook`, a call to the deploy hook is queued, as whenever public content changes.
    """
    if approved.state == "approved":
        return "already"
    parent = comment(table_name, approved.parent) if approved.parent else None
    if parent is not None and folded(parent.page) != folded(approved.page):
        parent = None
    if parent is not None and parent.state == "pending":
        return "parent waits"
    above = _root_of(parent.entry) if parent is not None and parent.state == "approved" else ""
    own = entry_key(approved.received_at, approved.id)
    key = reply_key(above, own) if above else own
    if parent is None and approved.entry:
        # Imported: its place is known, although the comment that it answers is gone.
        key = approved.entry
    actions = [
        _moved(table_name, approved, "approved", {"approved_at": table.stamp(at), "entry": key}),
        table.put(table_name, _shown(secret, approved, key, public)),
        _counted(table_name, secret, approved.page, 1, at),
        *_of_author(table_name, secret, approved, None),
        *_owed(table_name, at, hook=hook),
    ]
    if approved.state == "refused":
        actions.append(deletions.remove(table_name, approved.id))
    if table.written(actions):
        return "approved"
    return "gone" if comment(table_name, approved.id) is None else "already"


def bring(  # noqa: PLR0913  the parts of one write
    table_name: str,
    secret: str,
    brought: Sequence[Brought],
    at: datetime,
    *,
    hook: bool = False,
    bring_back: bool = False,
) -> None:
    """Store comments of one page that come from another tool, with their places and the public parts of those approved.

    Nobody is written to. They are 24 at most. With `bring_back`, what the owner deleted or refused comes back. Raises
    ConditionFailedError if one of them is there already, or was deleted.
    """
    actions: list[dict[str, Any]] = []
    shown = [(one, public) for one, public in brought if public]
    for one, _ in brought:
        item = table.item_of(one, list=list_of(one.state))
        actions += [table.put(table_name, item, "attribute_not_exists(pk)"), *_of_author(table_name, secret, one, None)]
        actions.append(
            deletions.remove(table_name, one.id, of_owner=True)
            if bring_back
            else deletions.unmarked(table_name, one.id, at)
        )
    actions += [table.put(table_name, _shown(secret, one, one.entry, public)) for one, public in shown]
    if shown:
        actions.append(_counted(table_name, secret, shown[0][0].page, len(shown), at))
        actions += _owed(table_name, at, hook=hook)
    dynamodb.transact(actions)


def withdraw(  # noqa: PLR0913  the parts of one write
    table_name: str, secret: str, known: Comment, state: Withdrawn, at: datetime, *, hook: bool = False
) -> bool:
    """Move a comment to another state, out of sight if it was approved. Return False if it was changed meanwhile."""
    end = at + REFUSED_KEPT if state != "pending" else None
    changes: Item = {"expires_at": table.seconds(end)} if end else {}
    if state == "spam":
        changes["spam"] = known.spam or "owner"
    actions = [_moved(table_name, known, state, changes), *_of_author(table_name, secret, known, end)]
    # It expires, and no import must bring it back afterwards.
    actions.append(deletions.put(table_name, known, "refused", at) if end else deletions.remove(table_name, known.id))
    return _out_of_sight(table_name, secret, known, actions, at, hook=hook)


def delete(  # noqa: PLR0913  the parts of one write
    table_name: str,
    secret: str,
    known: Comment,
    at: datetime,
    *,
    hook: bool = False,
    why: deletions.Why = "person",
) -> bool:
    """Delete a comment, so that no import brings it back. If it has replies, a stub takes its place.

    Return False if it changed meanwhile.
    """
    unchanged, values = _unchanged(known)
    removal: dict[str, Any] = {
        "TableName": table_name,
        "Key": marshalled(table.key(Comment, known.id)),
        "ConditionExpression": unchanged,
        "ExpressionAttributeNames": {"#state": "state"},
        "ExpressionAttributeValues": marshalled(values),
    }
    actions = [{"Delete": removal}, deletions.put(table_name, known, why, at)]
    if known.email:
        key = marshalled(_author_key(secret, known))
        actions.append({"Delete": {"TableName": table_name, "Key": key}})
    return _out_of_sight(table_name, secret, known, actions, at, hook=hook)


def release(table_name: str, secret: str, caught: Comment, email: QueuedEmail, at: datetime) -> bool:
    """Release a comment from the spam folder and queue an email. Return False if it was changed meanwhile."""
    pk = table.key(Comment, caught.id)["pk"]
    actions = [
        _moved(table_name, caught, "pending", {}),
        table.put(table_name, outbox.row(pk, email, at, at + QUEUED_EMAIL_KEPT)),
        *_of_author(table_name, secret, caught, None),
        deletions.remove(table_name, caught.id),
    ]
    # It was not public, so no call to the hook is needed.
    return _out_of_sight(table_name, secret, caught, actions, at, hook=False)


def waiting(table_name: str, most: int) -> int:
    """Return how many comments wait for approval, counting no further than `most`."""
    pending = table.of_list(table_name, list_of("pending"))
    return int(dynamodb.call("query", **pending, Select="COUNT", Limit=most)["Count"])


def is_answered(table_name: str, secret: str, known: Comment) -> bool:
    """Return whether an approved comment has replies, so that a stub would take its place."""
    if known.state != "approved" or _root_of(known.entry) != known.entry:
        return False
    found = dynamodb.call(
        "query",
        TableName=table_name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :replies)",
        ExpressionAttributeValues=marshalled(
            {":pk": thread_key(secret, known.page), ":replies": f"{_ENTRY}{known.entry}#"}
        ),
        ConsistentRead=True,
        Limit=1,
    )
    return bool(found["Items"])


def changed(table_name: str, thread_pk: str, at: datetime, *, hook: bool = False) -> list[dict[str, Any]]:
    """Return the actions that record that the text of a thread has changed, although no comment came or went."""
    key, values = {"pk": thread_pk, "sk": _HEAD}, {":at": table.stamp(at)}
    noted = table.update(table_name, key, "SET changed_at = :at", "attribute_exists(pk)", values)
    return [noted, *_owed(table_name, at, hook=hook)]


def _out_of_sight(  # noqa: PLR0913  the parts of one write
    table_name: str, secret: str, known: Comment, actions: list[dict[str, Any]], at: datetime, *, hook: bool
) -> bool:
    """Write a change of a comment; if it was approved, together with its removal from its thread."""
    if known.state == "approved":
        key = marshalled(item_of_entry(secret, known))
        actions.append({"Delete": {"TableName": table_name, "Key": key}})
        actions.append(_counted(table_name, secret, known.page, -1, at))
        actions += _owed(table_name, at, hook=hook)
    return table.written(actions)


def _owed(table_name: str, at: datetime, *, hook: bool) -> list[dict[str, Any]]:
    """Return the action that queues a call to the deploy hook, if there is one, since public content changes."""
    return [outbox.deploy_hook(table_name, at)] if hook else []


def _moved(table_name: str, known: Comment, state: CommentState, changes: Item) -> dict[str, Any]:
    """Return the action that moves a comment to a state, with changes, if it is in the state that it was read in."""
    unchanged, known_values = _unchanged(known)
    values: Item = {"state": state, "list": list_of(state), **changes}
    gone = [name for name in ("approved_at", "entry", "spam", "expires_at") if name not in changes]
    return table.update(
        table_name,
        table.key(Comment, known.id),
        f"SET {', '.join(f'#{name} = :{name}' for name in values)} REMOVE {', '.join(gone)}",
        unchanged,
        known_values | {f":{name}": value for name, value in values.items()},
    )


def _unchanged(known: Comment) -> tuple[str, Item]:
    """Return the condition that a comment is in the state in which it was read, and its values.

    One that was withdrawn and approved again meanwhile may have its entry in another place.
    """
    if known.state == "approved":
        return "#state = :was AND entry = :place", {":was": known.state, ":place": known.entry}
    return "#state = :was", {":was": known.state}


def _counted(table_name: str, secret: str, page: str, more: int, at: datetime) -> dict[str, Any]:
    """Return the action that counts a thread's entries, and notes that it changed.

    A page is named as its first comment named it.
    """
    values: Item = {":page": page, ":kind": "thread", ":list": THREADS, ":at": table.stamp(at), ":more": more}
    return table.update(
        table_name,
        {"pk": thread_key(secret, page), "sk": _HEAD},
        "SET page = if_not_exists(page, :page), kind = :kind, #list = :list, changed_at = :at ADD #count :more",
        values=values,
    )


def _of_author(table_name: str, secret: str, known: Comment, end: datetime | None) -> list[dict[str, Any]]:
    """Return the action that lets an author find a comment, as long as there is one."""
    if not known.email:
        return []
    item = {**_author_key(secret, known), "kind": "authored"} | ({"expires_at": table.seconds(end)} if end else {})
    return [table.put(table_name, item)]


def _author_key(secret: str, known: Comment) -> Item:
    return {"pk": author_key(subscriber_id(secret, known.email)), "sk": table.key(Comment, known.id)["pk"]}


def entry_key(at: datetime, comment_id: str) -> str:
    """Return the key of a first comment's entry, which is also the last part of a reply's key."""
    return f"{table.stamp(at)}#{comment_id}"


def reply_key(root: str, key: str) -> str:
    """Return the key of a reply's entry: after that of the first comment in its thread."""
    return f"{root}#{key}"


def _shown(secret: str, known: Comment, key: str, public: PublicPart) -> Item:
    """Return the entry of an approved comment."""
    return {
        "pk": thread_key(secret, known.page),
        "sk": f"{_ENTRY}{key}",
        "kind": "entry",
        "name": public.name,
        "html": public.html,
    }


def _root_of(key: str) -> str:
    """Return the key of the first comment of the thread that an entry is in."""
    return "#".join(key.split("#")[:2])


def _entry(item: Item) -> Entry:
    key = str(item["sk"]).removeprefix(_ENTRY)
    parts = key.split("#")
    return Entry(parts[-1], parts[1], datetime.fromisoformat(parts[-2]), item["name"], item["html"], key)
