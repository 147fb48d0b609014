"""/comments/mine: people with access to an address's mail see and delete the comments that were written with it."""

import time

from comments.form import ID, AddressForm, link_request_of
from guichet.forms.parse import validate
from guichet.forms.submit import Submission, submit
from guichet.http.body import button_fields
from guichet.http.links import proven_author
from guichet.http.refusal import refuse
from guichet.http.request import Request
from guichet.http.responses import Response, page
from guichet.mail.emails import comments_link
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.settings import CommentsSettings
from guichet.signing import subscriber_id
from guichet.store import comments
from guichet.telemetry import count, logger

_LINK: Submission[AddressForm, CommentsSettings] = Submission(
    "comments_mine",
    ("email",),
    lambda form, _: validate(AddressForm, form),
    link_request_of,
    lambda _, request, __: [comments_link.queued(request.language)],
)
# How long one press of the button keeps deleting, in seconds: API Gateway and the visitor wait.
TIME_TO_DELETE = 3.0
# How often to retry deleting one that keeps changing.
_TRIES = 5


def ask(request: Request, settings: CommentsSettings) -> Response:
    """Store a request for the link: the same write and reply for every address.

    Guichet's own page runs no script, so no proof of work is required; one that is sent must be right.
    """
    if settings.proof_of_work == "required":
        settings = settings.model_copy(update={"proof_of_work": "on"})
    return submit(request, _LINK, settings)


def show(request: Request, settings: CommentsSettings) -> Response:
    """Show the form that requests a link or, given one, the comments or what is to be deleted. Changes nothing."""
    from comments import pages  # noqa: PLC0415

    link = request.query
    if not any(name in link for name in pages.PROOF):
        return page(200, pages.ask_page(request, settings))
    author, expired = _proven(link, settings)
    if expired:
        return page(410, pages.ask_page(request, settings, expired=True))
    wanted = link.get("comment", "")
    if wanted == "all":
        return page(200, pages.delete_page(request, link, None, settings))
    if wanted and (known := _theirs(wanted, author, settings)):
        return page(200, pages.delete_page(request, link, known, settings))
    return page(200, pages.list_page(request, link, comments.of_author(settings.table_name, author), settings))


def delete(request: Request, settings: CommentsSettings) -> Response:
    """Delete a comment of theirs, or all. Pressing the button again gives the same page."""
    from comments import pages  # noqa: PLC0415

    fields = button_fields(request)
    author, expired = _proven(fields, settings)
    if expired:
        return page(410, pages.ask_page(request, settings, expired=True))
    wanted = fields.get("comment", "")
    until = time.monotonic() + TIME_TO_DELETE
    if wanted == "all":
        left = comments.of_author(settings.table_name, author)
        while left and time.monotonic() < until:
            _delete(left.pop(0).id, author, request, settings)
        return page(200, pages.deleted_page(request, fields, "mine_left" if left else "mine_all_gone", settings))
    _delete(wanted, author, request, settings)
    return page(200, pages.deleted_page(request, fields, "mine_gone", settings))


def _delete(comment_id: str, author: str, request: Request, settings: CommentsSettings) -> None:
    """Delete a comment, if it is theirs and still there. If others have answered, a stub stays."""
    for _ in range(_TRIES):
        known = _theirs(comment_id, author, settings)
        if known is None:
            return
        hook = settings.deploy_hook == "on"
        if comments.delete(settings.table_name, settings.signing_secret, known, utc_now(), hook=hook):
            logger.info("deleted by its author", extra={"request_id": request.id, "submission_id": known.id})
            count("DeletedByAuthor")
            return
    # The owner keeps changing it.
    raise refuse(503, "UNAVAILABLE", retry_after=1)


def _theirs(comment_id: str, author: str, settings: CommentsSettings) -> Comment | None:
    """Return a comment, if it was written with the address that a link was mailed to."""
    # An invalid id may be longer than a key of the table.
    known = comments.comment(settings.table_name, comment_id) if ID.fullmatch(comment_id) else None
    if known is None or not known.email or subscriber_id(settings.signing_secret, known.email) != author:
        return None
    return known


def _proven(fields: dict[str, str], settings: CommentsSettings) -> tuple[str, bool]:
    """Return whose link it is, and whether it has expired. Raises Refusal (403) if it is not valid."""
    proven = proven_author(fields, settings.signing_secret)
    if proven is None:
        raise refuse(403, "LINK_INVALID")
    author, until = proven
    return author, until < utc_now()
