"""The app: route an event to its handler and turn the result, or any error, into a response."""

from collections.abc import Callable, Mapping
from math import ceil
from typing import Any, NoReturn

from guichet.http.refusal import Refusal, only_posted, refuse, unavailable
from guichet.http.request import Request
from guichet.http.responses import Response, refused
from guichet.records.record import utc_now
from guichet.settings import LookSettings
from guichet.store.dynamodb import UnavailableError, retry_budget
from guichet.store.submissions import OverCapError, UsedProofError
from guichet.telemetry import count, log_unexpected, logger

Route = Callable[[Request], Response]


def serve(event: dict[str, Any], routes: Mapping[str, Route], settings: LookSettings) -> Response:
    """Serve an HTTP API event by its route. Every error, the visitor's or ours, gets a response."""
    request = Request.from_event(event, settings.default_language)
    try:
        with retry_budget():
            reply = routes.get(request.route, no_such_form)(request)
    except Refusal as refusal:
        reply = _refused(request, refusal, settings)
    except OverCapError as over:
        seconds = max(1, ceil((over.until - utc_now()).total_seconds()))
        too_many = refuse(429, "TOO_MANY_REQUESTS", retry_after=seconds, minutes=ceil(seconds / 60))
        reply = _refused(request, too_many, settings)
    except UsedProofError:
        reply = _refused(request, refuse(422, "BLOCKED"), settings)
    except UnavailableError as error:
        logger.error("unavailable", request_id=request.id, route=request.route, cause=type(error.__cause__).__name__)
        reply = _refused(request, unavailable(), settings)
    except Exception as error:  # noqa: BLE001  whatever went wrong, the visitor must not take it for success
        log_unexpected(error, request_id=request.id, route=request.route)
        reply = _refused(request, unavailable(), settings)
    return reply


def no_such_form(_request: Request) -> NoReturn:
    """Refuse a form that does not exist."""
    raise refuse(404, "FORM_NOT_FOUND")


def posted_only(_request: Request) -> Response:
    """Refuse a GET of a path that only accepts POST."""
    raise only_posted()


def _refused(request: Request, refusal: Refusal, settings: LookSettings) -> Response:
    codes = [problem.code for problem in refusal.problems]
    logger.info("refused", request_id=request.id, route=request.route, status=refusal.status, codes=codes)
    count("Refused")
    return refused(request, refusal, settings)
