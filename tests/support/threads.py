"""Comments: posted, approved, and read as by a page."""

from datetime import datetime
from typing import Any

from guichet.comments.public import public_part
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.store import comments
from tests.support.app import PARAMETERS, SITE, App

SECRET = PARAMETERS["SigningSecret"]
PAGE = "/articles/chairs/"
GOOD = {"page": PAGE, "name": "Camille", "email": "camille@example.org", "comment": "I *like* them."}


def post(app: App, **fields: str) -> str:
    """Post a comment as a script does, and return its id."""
    reply = app.post("/comments", json=GOOD | fields)
    assert reply.status_code == 200, reply.text
    return str(reply.get_json()["id"])


def stored(comment_id: str) -> Comment:
    """Return a comment that is there."""
    found = comments.comment("table", comment_id)
    assert found is not None
    return found


def approve(comment_id: str, at: datetime | None = None) -> str:
    """Approve a comment as the desk does, and return the outcome."""
    found = stored(comment_id)
    return comments.approve("table", SECRET, found, public_part(found), at or utc_now())


def public(html: str) -> comments.PublicPart:
    """Return a public part with these words."""
    return comments.PublicPart(GOOD["name"], html)


def shown(app: App, **fields: str) -> str:
    """Post a comment and approve it. Return its id."""
    comment_id = post(app, **fields)
    assert approve(comment_id) == "approved"
    return comment_id


def read(app: App, page: str = PAGE, **query: str) -> dict[str, Any]:
    """Return a part of a page's thread, as its script gets it."""
    reply = app.http.get("/comments", query_string={"page": page, **query}, headers={"origin": SITE})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.get_json()
    return found


def parts(app: App, page: str = PAGE) -> list[dict[str, Any]]:
    """Return all parts of a page's thread."""
    found = [read(app, page)]
    while "next" in found[-1]:
        found.append(read(app, page, after=found[-1]["next"]))
    return found


def outline(part: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Return the ids of a part: each first comment's, with those of its replies."""
    return [(one["id"], [reply["id"] for reply in one["replies"]]) for one in part["comments"]]
