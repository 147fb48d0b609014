"""A fresh code within a session, for actions that need more: a thief of the session cannot read the mailbox."""

from desk import codes, pages
from desk.call import Call
from guichet.forms.rate_limit import caller, capped
from guichet.http.responses import Response
from guichet.mail.emails import desk_sign_in
from guichet.records.record import utc_now
from guichet.records.sign_in import Purpose
from guichet.signing import typed_code
from guichet.store import sign_ins
from guichet.telemetry import logger

COOKIE = "guichet-desk-code"
# Per session and clock hour.
PER_HOUR = 20


def ask(call: Call, purpose: Purpose, next_page: str) -> Response:
    """Mail the session's owner a code, and redirect to the page where it is typed, which says `code_sent`.

    Raises OverCapError.
    """
    session, now, latest = call.signed_in, utc_now(), codes.new()
    by = caller(call.request, f"desk-code-{session.id}", now, call.settings.signing_secret, PER_HOUR)
    request = codes.request_of(call, latest, session.owner, now, session=session.id, purpose=purpose)
    with capped(by):
        sign_ins.ask(call.table_name, request, desk_sign_in.queued(call.language), by)
    logger.info("code asked for", request_id=call.request.id, sign_in_id=request.id, session_id=session.id)
    return pages.done(call, next_page, told="code_sent", cookies=[codes.remembering(call, COOKIE, latest)])


def accept(call: Call, purpose: Purpose = "download") -> bool:
    """Return whether the posted field `code` is the code of a request of this session. It works once."""
    code = typed_code(call.fields.get("code", ""))
    if not code:
        return False
    request = codes.try_code(call, codes.asked(call, COOKIE), code, purpose).request
    return request is not None and request.session == call.signed_in.id and sign_ins.use(call.table_name, request)
