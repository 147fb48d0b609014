"""/owner/spam and /owner/erase: the pages behind the owner's links. A GET changes nothing.

A function of its own: no function that takes forms may scan the table or delete.
"""

from datetime import timedelta
from functools import cache
from typing import Any

from guichet.http.app import serve
from guichet.http.body import button_fields
from guichet.http.links import OwnerAction, Subject, proven_subject
from guichet.http.refusal import refuse
from guichet.http.request import Request
from guichet.http.responses import Response, page
from guichet.init_phase import prepare
from guichet.mail.emails import erasure_done
from guichet.records.erasure import ERASURE_KEPT, Erasure
from guichet.records.record import utc_now
from guichet.settings import OwnerSettings
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import dynamodb, erasures, submissions, subscribers
from guichet.store.dynamodb import UnavailableError, retry_budget
from guichet.store.erasure import NotFinishedError, Person, erase
from guichet.telemetry import guarded, logger

# The last call may start at its end. API Gateway waits 30 s for a response.
_TIME_TO_ERASE = 20.0


@cache
def settings() -> OwnerSettings:
    """Return the environment of this function."""
    return OwnerSettings.from_environment()


def spam_page(request: Request) -> Response:
    """Show one button. Changes nothing."""
    from owner import pages  # noqa: PLC0415

    _proven(request.query, "spam")
    return page(200, pages.spam_page(request, request.query, settings()))


def erase_page(request: Request) -> Response:
    """Show the address that one button erases. Changes nothing."""
    from owner import pages  # noqa: PLC0415

    address = _address(_proven(request.query, "erase"))
    if not address:
        return _done(request, "owner_gone")
    subscriber = subscribers.subscriber(settings().table_name, subscriber_id(settings().signing_secret, address))
    subscribed = subscriber is not None and subscriber.state == "confirmed"
    return page(200, pages.erase_page(request, request.query, address, settings(), subscribed=subscribed))


def file_as_spam(request: Request) -> Response:
    """File a message as spam. Idempotent."""
    subject = _proven(button_fields(request), "spam")
    table_name = settings().table_name
    message = submissions.message(table_name, subject.id)
    if message is None:
        # Erased or expired.
        raise refuse(410, "LINK_ENDED")
    submissions.mark_spam(table_name, message, utc_now())
    logger.info("filed as spam", request_id=request.id, submission_id=message.id)
    return _done(request, "owner_filed")


def erase_person(request: Request) -> Response:
    """Erase the author of a message, or a subscriber. Pressed again, it says that nothing is left.

    The address is known by what the link is for, so that goes last. What takes longer than the page may goes on in the
    background, and the owner gets an email when it has ended.
    """
    from owner import pages  # noqa: PLC0415

    fields = button_fields(request)
    subject = _proven(fields, "erase")
    table_name, secret = settings().table_name, settings().signing_secret
    erasure: Erasure | None = None
    try:
        with retry_budget(_TIME_TO_ERASE) as until:
            # One that stopped at its very end has erased what the link is for.
            address = _address(subject) or erasures.address_of(table_name, _erasure_id(subject))
            if not address:
                return _done(request, "owner_gone")
            # First it is queued, so that it goes on whatever becomes of this run.
            erasure = _queued(subject, address)
            kept = timedelta(days=settings().retention_days)
            erase(table_name, Person(address, secret), kept, last=erasure.last, until=until)
            erasures.remove(table_name, erasure)
    except (NotFinishedError, UnavailableError) as error:
        logger.warning("not erased yet", request_id=request.id, cause=type(error).__name__, queued=erasure is not None)
        if erasure:
            return _done(request, "owner_erasing")
        return page(200, pages.unfinished_page(request, fields, settings()))
    logger.info("erased", request_id=request.id, erasure_id=erasure.id)
    return _done(request, "owner_erased")


def _queued(subject: Subject, address: str) -> Erasure:
    """Queue an erasure, with the email that tells of its end."""
    now = utc_now()
    erasure = Erasure(
        id=_erasure_id(subject),
        email=address,
        last=f"{subject.kind}#{subject.id}",
        kept_days=settings().retention_days,
        asked_at=now,
        expires_at=now + ERASURE_KEPT,
    )
    erasures.add(settings().table_name, erasure, erasure_done.queued(settings().default_language, erasure))
    return erasure


def _erasure_id(subject: Subject) -> str:
    return keyed_hash(settings().signing_secret, "erasure", subject.kind, subject.id)


def _address(subject: Subject) -> str:
    """Return the address of a message's author or of a subscriber, or an empty string if it is gone."""
    table_name = settings().table_name
    record = (
        submissions.message(table_name, subject.id)
        if subject.kind == "message"
        else subscribers.subscriber(table_name, subject.id)
    )
    return record.email if record else ""


def _done(request: Request, what: str) -> Response:
    from guichet.http import pages  # noqa: PLC0415

    return page(200, pages.done_page(request, what, settings()))


def _proven(fields: dict[str, str], action: OwnerAction) -> Subject:
    """Return the record a link is for. Raises Refusal: 403 if it is not valid, 410 if it has expired."""
    proven = proven_subject(fields, action, settings().signing_secret)
    if proven is None:
        raise refuse(403, "LINK_INVALID")
    if proven.until < utc_now():
        raise refuse(410, "LINK_ENDED")
    return proven


ROUTES = {
    "GET /owner/spam": spam_page,
    "POST /owner/spam": file_as_spam,
    "GET /owner/erase": erase_page,
    "POST /owner/erase": erase_person,
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Response:
    """Serve the routes of the function `Owner`."""
    return serve(event, ROUTES, settings())


prepare(settings, dynamodb.client)
