"""Marks of the comments that were deleted or refused, so that no import brings them back.

A mark holds the comment's id (a keyed hash), when it was made, and why: neither the text nor its author. Like a
suppression it never expires, since files and archives do not either. It applies only to comments older than itself:
posting the same text again makes a new comment.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple

from guichet.records.comment import Comment
from guichet.store import table
from guichet.store.dynamodb import Item, marshalled

KIND = "deleted"
_PREFIX = "deleted#"
# `person`: its author deleted it, or was erased, which nobody undoes.
Why = Literal["person", "owner", "refused"]
# If a comment is marked twice, the mark that comes later in this order is kept.
WHY: tuple[Why, ...] = ("refused", "owner", "person")


class Mark(NamedTuple):
    """A mark: why and when it was made."""

    why: Why
    at: datetime


def key(comment_id: str) -> Item:
    """Return the key of a comment's mark."""
    return {"pk": f"{_PREFIX}{comment_id}", "sk": KIND}


def comment_of(item: Mapping[str, Any]) -> str:
    """Return the id of the comment that a mark is about."""
    return str(item["pk"]).removeprefix(_PREFIX)


def mark_of(item: Mapping[str, Any]) -> Mark:
    """Return an item as a mark."""
    return Mark(item["why"], datetime.fromisoformat(item["at"]))


def put(table_name: str, known: Comment, why: Why, at: datetime) -> dict[str, Any]:
    """Return the action that marks a comment.

    A comment caught as spam when posted expires, and its mark expires with it: however much spam the owner deletes, no
    marks pile up.
    """
    item: Item = {**key(known.id), "kind": KIND, "why": why, "at": table.stamp(at)}
    if known.state == "spam" and known.spam != "owner" and known.expires_at:
        item["expires_at"] = table.seconds(known.expires_at)
    return table.put(table_name, item)


def remove(table_name: str, comment_id: str, *, of_owner: bool = False) -> dict[str, Any]:
    """Return the action that removes a comment's mark, if there is one; with `of_owner`, only if no author made it."""
    action: dict[str, Any] = {"TableName": table_name, "Key": marshalled(key(comment_id))}
    if of_owner:
        action["ConditionExpression"] = "attribute_not_exists(pk) OR why <> :person"
        action["ExpressionAttributeValues"] = marshalled({":person": "person"})
    return {"Delete": action}


def unmarked(table_name: str, comment_id: str, at: datetime) -> dict[str, Any]:
    """Return the action that checks that a comment has no mark that applies."""
    return table.check(table_name, key(comment_id), table.NOT_THERE, {":now": table.seconds(at)})


def not_against(table_name: str, known: Comment, now: datetime) -> dict[str, Any]:
    """Return the action that checks that `is_against` is false for a comment from another table."""
    condition = f"{table.NOT_THERE} OR #at < :alive"
    values: Item = {":now": table.seconds(now), ":alive": table.stamp(_alive_at(known))}
    if known.expires_at:
        condition, values = f"{condition} OR why = :refused", {**values, ":refused": "refused"}
    checked = table.check(table_name, key(known.id), condition, values)
    checked["ConditionCheck"]["ExpressionAttributeNames"] = {"#at": "at"}
    return checked


def is_against(marks: Iterable[Mark], known: Comment) -> bool:
    """Return whether a mark keeps out a comment from another table.

    Refused comments expire, and until then the owner may change their mind.
    """
    return any(mark.at >= _alive_at(known) and not (mark.why == "refused" and known.expires_at) for mark in marks)


def _alive_at(known: Comment) -> datetime:
    return max(known.received_at, known.approved_at or known.received_at)
