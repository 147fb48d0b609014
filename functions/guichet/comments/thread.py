"""What of a page's comments is public: names, times and HTML, in two levels. Never an address, nor a hash of one."""

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
    """Return the key of an entry as it can stand in a URL, even where somebody forgets to encode it."""
    return key.replace("+00:00", "Z").replace("#", "~")


def key_of(text: str) -> str:
    """Return the key that a cursor stands for, if it is one."""
    return text.replace("Z", "+00:00").replace("~", "#")


def threads(entries: Iterable[Entry], within: str = "") -> list[dict[str, Any]]:
    """Return entries as threads: each first comment with its replies, in the order of time.

    The first comment of replies may be gone: then a stub stands for it. `within` is the first comment that the part
    before ended in, so that what answers it is not told apart from it by a stub.
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
