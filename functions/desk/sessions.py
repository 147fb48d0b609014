"""/desk/sessions: where the owner is signed in, and how to end that."""

from desk import access, pages, words
from desk.browsers import browser_name
from desk.call import Call, DeskError, Route
from guichet.http.responses import Response
from guichet.store import sessions
from guichet.telemetry import logger


def show(call: Call) -> Response:
    """List the owner's own sessions."""
    listed = [
        {"session": one, "name": browser_name(one.browser), "is_this": one.id == call.signed_in.id}
        for one in sessions.of_owner(call.table_name, call.signed_in.owner)
    ]
    # The list may lag behind.
    listed.sort(key=lambda one: not one["is_this"])
    return pages.page(
        call,
        "sessions.html",
        title=words.say("sessions.title", call.language),
        listed=listed,
        address=call.owner_address,
    )


def end(call: Call) -> Response:
    """End one of the owner's own sessions."""
    if call.path["id"] == call.signed_in.id:
        return sign_out(call)
    if not sessions.end_own(call.table_name, call.path["id"], call.signed_in.owner):
        raise DeskError(404, "no_such_page")
    return pages.done(call, "sessions", told="ended")


def end_others(call: Call) -> Response:
    """End all sessions of the owner but this one."""
    for one in sessions.of_owner(call.table_name, call.signed_in.owner):
        if one.id != call.signed_in.id:
            sessions.end(call.table_name, one.id)
    return pages.done(call, "sessions", told="ended_others")


def sign_out(call: Call) -> Response:
    """End this browser's session, if any. This also works from an old page, and after the session has ended."""
    if value := access.cookie(call.request):
        session = access.session_id(call.settings, value)
        sessions.end(call.table_name, session)
        logger.info("signed out", request_id=call.request.id, session_id=session)
    return pages.done(call, "sign-in", told="signed_out", cookies=[access.no_session(call)])


ROUTES: dict[str, Route] = {
    "GET sessions": show,
    "POST sessions/{id}/end": end,
    "POST sessions/end-others": end_others,
    "POST sessions/sign-out": sign_out,
}
