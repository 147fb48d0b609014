"""POST /comments and /f/comments, and GET /comments: the approved part of a page's thread, for everybody."""

import hashlib
import json
from functools import cache
from typing import Any

from comments import mine
from comments.form import FIELDS, CommentForm, answers_of, comment_of
from guichet.comments.thread import as_json, key_of
from guichet.forms.submit import Submission, challenge, submit
from guichet.http.app import posted_only, serve
from guichet.http.refusal import Problem, Refusal
from guichet.http.request import Request
from guichet.http.responses import Response
from guichet.lambda_runtime import guarded, prepare
from guichet.mail.emails import comment_notification
from guichet.page_paths import path_of
from guichet.records.outbox import QueuedEmail
from guichet.settings import CommentsSettings
from guichet.store import comments, dynamodb

# The most comments in one response. DynamoDB reads no more than 1 MB per query.
PER_PART = 50


@cache
def settings() -> CommentsSettings:
    """Return the environment of this function."""
    return CommentsSettings.from_environment()


def _emails(_answers: CommentForm, _request: Request, settings: CommentsSettings) -> list[QueuedEmail]:
    return [comment_notification.queued(settings.default_language)]


COMMENTS = Submission(
    "comments",
    FIELDS,
    lambda form, request: answers_of(form, request, settings()),
    comment_of,
    _emails,
    further=lambda comment, settings: comments.with_new(settings.table_name, settings.signing_secret, comment),
)


def post(request: Request) -> Response:
    """Store a comment, which waits until the owner approves it."""
    return submit(request, COMMENTS, settings())


def read(request: Request) -> Response:
    """Return a part of a page's thread as JSON. It is public, and the same for everybody."""
    if "page" not in request.query:
        # Opened in a browser.
        return posted_only(request)
    page = path_of(request.query["page"], settings())
    if page is None:
        raise Refusal(422, Problem("TYPE_PAGE", "page"))
    after = key_of(request.query.get("after", ""))
    try:
        found = comments.thread(settings().table_name, settings().signing_secret, page, PER_PART, after)
    except ValueError:
        raise Refusal(422, Problem("TYPE_COMMENT", "after")) from None
    body = json.dumps(as_json(page, found), ensure_ascii=False, separators=(",", ":"))
    headers = {
        "etag": f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"',
        "cache-control": "public, max-age=60",
        "vary": "Origin",
        "x-content-type-options": "nosniff",
    }
    if _is_known(request.headers.get("if-none-match", ""), headers["etag"]):
        return {"statusCode": 304, "headers": headers}
    return {"statusCode": 200, "headers": {**headers, "content-type": "application/json; charset=utf-8"}, "body": body}


def _is_known(given: str, etag: str) -> bool:
    """Return whether a client has this version (RFC 9110, 13.1.2: weak comparison)."""
    known = {one.strip().removeprefix("W/") for one in given.split(",")}
    return etag in known or "*" in known


ROUTES = {
    "POST /comments": post,
    "POST /f/comments": post,
    "GET /comments": read,
    "GET /f/comments": posted_only,
    "GET /comments/mine": lambda request: mine.show(request, settings()),
    "POST /comments/mine": lambda request: mine.ask(request, settings()),
    "GET /comments/mine/delete": posted_only,
    "POST /comments/mine/delete": lambda request: mine.delete(request, settings()),
    "GET /comments/challenge": lambda _: challenge(settings()),
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Response:
    """Serve the routes of the function `Comments`."""
    return serve(event, ROUTES, settings())


prepare(settings, dynamodb.client)
