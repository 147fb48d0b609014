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
from guichet.records.record import utc_now
from guichet.settings import OwnerSettings
from guichet.signing import subscriber_id
from guichet.store import dynamodb, submissions, subscribers
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
    """Erase the author of a message, or a subscriber. Pressed again, it finishes the rest or says that nothing is left.

    The address is known by what the link is for, so that goes last.
    """
    from owner import pages  # noqa: PLC0415

    fields = button_fields(request)
    subject = _proven(fields, "erase")
    kept = timedelta(days=settings().retention_days)
    try:
        with retry_budget(_TIME_TO_ERASE) as until:
            address = _address(subject)
            if not address:
                return _done(request, "owner_gone")
            person = Person(address, settings().signing_secret)
            erase(settings().table_name, person, kept, last=f"{subject.kind}#{subject.id}", until=until)
    except (NotFinishedError, UnavailableError) as error:
        logger.warning("not erased", request_id=request.id, cause=type(error).__name__)
        return page(200, pages.unfinished_page(request, fields, settings()))
    logger.info("erased", request_id=request.id, subscriber_id=person.subscriber_id)
    return _done(request, "owner_erased")


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
