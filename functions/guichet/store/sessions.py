"""Sessions at the desk."""

from typing import Any

from guichet.records.session import Session
from guichet.store import dynamodb, table
from guichet.store.dynamodb import ConditionFailedError, marshalled


def opening(table_name: str, session: Session) -> dict[str, object]:
    """Return the transaction action that starts a session."""
    return table.put(table_name, table.item_of(session, list=_list(session.owner)))


def session(table_name: str, session_id: str) -> Session | None:
    """Return a session, or None if there is none or it has ended."""
    return table.record(table_name, Session, session_id)


def of_owner(table_name: str, owner: str) -> list[Session]:
    """Return the sessions of an owner, latest first."""
    keys = dynamodb.items("query", **table.of_list(table_name, _list(owner)))
    found = (session(table_name, table.id_at(key["pk"])) for key in keys)
    return sorted((one for one in found if one), key=lambda one: one.created_at, reverse=True)


def end(table_name: str, session_id: str) -> None:
    """End a session. Idempotent."""
    dynamodb.call("delete_item", TableName=table_name, Key=marshalled(table.key(Session, session_id)))


def end_own(table_name: str, session_id: str, owner: str) -> bool:
    """End a session of an owner. Return False if it is not theirs, or has ended."""
    try:
        dynamodb.call(
            "delete_item",
            TableName=table_name,
            Key=marshalled(table.key(Session, session_id)),
            ConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues=marshalled({":owner": owner}),
        )
    except ConditionFailedError:
        return False
    return True


def ending(table_name: str, session_id: str) -> dict[str, Any]:
    """Return the transaction action that ends a session, if it exists."""
    return {"Delete": {"TableName": table_name, "Key": marshalled(table.key(Session, session_id))}}


def _list(owner: str) -> str:
    return f"sessions#{owner}"
