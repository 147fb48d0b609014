"""/desk: find the session and the area, and dispatch to it. No GET changes anything.

An area is a module, imported by the first request that needs it. Its `ROUTES` map a method and a path below /desk, such
as `POST messages/{id}/spam`, to a function.
"""

from functools import cache
from importlib import import_module
from math import ceil
from typing import Any

from desk import access
from desk.call import ID, Call, DeskError, Route, Visit
from guichet.http.app import serve
from guichet.http.refusal import Refusal
from guichet.http.request import Request
from guichet.http.responses import Response
from guichet.lambda_runtime import guarded, prepare
from guichet.records.record import utc_now
from guichet.settings import DeskSettings
from guichet.store import dynamodb
from guichet.store.dynamodb import UnavailableError
from guichet.store.submissions import OverCapError
from guichet.telemetry import log_unexpected, logger

# In seconds.
_TRY_AGAIN_AFTER = 5
# The areas, by the first part of the path below /desk. Without a session, only the first one is accessible.
SIGN_IN = "sign-in"
SIGN_OUT = "sessions/sign-out"
AREAS = {
    SIGN_IN: "desk.sign_in",
    "": "desk.home",
    "messages": "desk.messages",
    "comments": "desk.comments",
    "people": "desk.people",
    "subscribers": "desk.subscribers",
    "issues": "desk.issues",
    "outbox": "desk.outbox",
    "settings": "desk.settings_page",
    "sessions": "desk.sessions",
}


@cache
def settings() -> DeskSettings:
    """Return the environment of this function."""
    return DeskSettings.from_environment()


def answer(request: Request) -> Response:  # noqa: PLR0911  one for each error
    """Answer a request for a page of the desk, or a post from one of its buttons.

    Errors use the desk's own sentences as well: those of the other functions address a visitor who sent a form.
    """
    from desk import lost, pages  # noqa: PLC0415

    visit = Visit(request, settings().reached_at(request.base_url))
    try:
        return _answered(visit)
    except DeskError as error:
        logger.info("refused at the desk", request_id=request.id, status=error.status, code=error.code)
        if visit.method == "POST" and error.code in lost.CODES:
            return lost.page(visit, error)
        return pages.error_page(visit, error)
    except UnavailableError as error:
        logger.error("unavailable", request_id=request.id, route=request.route, cause=type(error.__cause__).__name__)
        return _later(visit, "unavailable")
    except Refusal as refusal:
        code = lost.CODE_OF_REFUSAL.get(refusal.status, "not_read")
        logger.info("refused at the desk", request_id=request.id, status=refusal.status, code=code)
        return lost.page(visit, DeskError(refusal.status, code))
    except OverCapError as over:
        # If the area does not handle it itself.
        return _later(visit, "too_many", 429, max(1, ceil((over.until - utc_now()).total_seconds())))
    except Exception as error:  # noqa: BLE001  whatever went wrong, what was typed must not be lost with it
        log_unexpected(error, request_id=request.id, route=request.route)
        return _later(visit, "failed")


def _later(visit: Visit, code: str, status: int = 503, seconds: int = _TRY_AGAIN_AFTER) -> Response:
    from desk import lost  # noqa: PLC0415

    reply = lost.page(visit, DeskError(status, code))
    reply["headers"]["retry-after"] = str(seconds)
    return reply


def _answered(visit: Visit) -> Response:
    area, _, _ = visit.page.partition("/")
    if visit.method == "POST":
        access.check_origin(visit.request)
    if area == SIGN_IN:
        route, path, _ = _found(area, visit)
        return route(Call(visit.request, visit.settings, path, None))
    if visit.method == "POST" and visit.page == SIGN_OUT:
        # Even from a page of an ended or earlier session.
        route, path, _ = _found(area, visit)
        return route(Call(visit.request, visit.settings, path, None))
    session = access.session_of(visit)
    if session is None:
        return access.to_sign_in(visit)
    route, path, pattern = _found(area, visit)
    call = Call(visit.request, visit.settings, path, session)
    if visit.method == "POST":
        access.check_token(call)
        told = {"request_id": visit.request.id, "page": pattern, "session_id": session.id, **path}
        logger.info("desk", extra=told)
    return route(call)


def _found(area: str, visit: Visit) -> tuple[Route, dict[str, str], str]:
    """Return the function for a page, its path variables, and the path's pattern. Raises DeskError."""
    routes: dict[str, Route] = import_module(AREAS[area]).ROUTES if area in AREAS else {}
    allowed = False
    for name, route in routes.items():
        method, _, pattern = name.partition(" ")
        path = _match(pattern, visit.page)
        if path is None:
            continue
        if method == visit.method:
            return route, path, pattern
        allowed = True
    raise DeskError(405 if allowed else 404, "only_posted" if allowed else "no_such_page")


def _match(pattern: str, page: str) -> dict[str, str] | None:
    wanted, parts = pattern.split("/"), page.split("/")
    if len(wanted) != len(parts):
        return None
    path: dict[str, str] = {}
    for want, part in zip(wanted, parts, strict=True):
        if want.startswith("{"):
            if not ID.fullmatch(part):
                return None
            path[want.strip("{}")] = part
        elif want != part:
            return None
    return path


ROUTES = {
    "GET /desk": answer,
    "POST /desk": answer,
    "GET /desk/{page+}": answer,
    "POST /desk/{page+}": answer,
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Response:
    """Serve the routes of the function `Desk`."""
    return serve(event, ROUTES, settings())


prepare(settings, dynamodb.client)
