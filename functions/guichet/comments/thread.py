"""The public part of a page's comments: names, times and HTML, in two levels. Never an address, nor a hash of one."""

from collections.abc import Iterable
from typing import Any

from guichet.store.comments import Entry, ThreadPage


def as_json(page: str, found: ThreadPage) -> dict[str, Any]:
    """Return a part of a page's thread as `GET /comments` shows it (infra/openapi.yaml, `Thread`)."""
    body: dict[str, Any] = {"page": page}
    if not found.within:
        body["count"] = found.count
    body["comments"] = threads(found.entries, found.within)
    return body | ({"next": cursor(found.next)} if found.next else {})


def cursor(key: str) -> str:
    """Return an entry's key in a form that is safe in a URL, even unencoded."""
    return key.replace("+00:00", "Z").replace("#", "~")


def key_of(text: str) -> str:
    """Return the key that a cursor stands for, if it is valid."""
    return text.replace("Z", "+00:00").replace("~", "#")


def threads(entries: Iterable[Entry], within: str = "") -> list[dict[str, Any]]:
    """Return entries as threads: each first comment with its replies, in chronological order.

    If the first comment is gone, a stub takes its place. `within` is the first comment of the thread that the previous
    part ended in, so that further replies to it do not get a stub.
    """
    found: list[dict[str, Any]] = []
    for entry in entries:
        if not entry.is_reply:
            found.append({**_shown(entry), "replies": []})
            continue
        if not found or found[-1]["id"] != entry.root:
            gone = {"id": entry.root, "deleted": True} if entry.root != within else {"id": entry.root, "before": True}
            found.append({**gone, "replies": []})
        found[-1]["replies"].append(_shown(entry))
    return found


def _shown(entry: Entry) -> dict[str, Any]:
    return {"id": entry.id, "name": entry.name, "time": entry.at.isoformat(timespec="seconds"), "html": entry.html}
