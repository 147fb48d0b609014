"""/desk/sign-in: type an address, then the code from the email, or press the button behind the email's link.

For any address, the reply and the work are the same: only the notifier, unobserved, finds out whose it is. A cookie
binds a request to its browser, so a link or a code is worthless anywhere else.
"""

from hmac import compare_digest
from math import ceil

from desk import access, codes, pages, words
from desk.call import Call, Route
from desk.codes import Asked
from guichet.addresses import parse
from guichet.forms.rate_limit import caller, capped
from guichet.http.responses import Response
from guichet.mail.emails import desk_sign_in
from guichet.records.record import utc_now
from guichet.records.sign_in import SIGN_IN_VALID, SignIn
from guichet.signing import subscriber_id, typed_code, verified
from guichet.store import sessions, sign_ins
from guichet.store.submissions import OverCapError
from guichet.telemetry import logger

COOKIE = "guichet-desk-sign-in"
# Per network and clock hour, and as many for a browser that the owner has signed in with before.
PER_HOUR = 20
_MINUTES = int(SIGN_IN_VALID.total_seconds() / 60)


def show(call: Call) -> Response:
    """Show the form for the address."""
    return _form(call, next_page=call.request.query.get("next", ""))


def ask(call: Call) -> Response:
    """Take a request to sign in: one write and one reply for every address."""
    typed, next_page = call.fields.get("address", ""), access.next_of(call.fields.get("next", ""))
    remember = bool(call.fields.get("remember"))
    address = parse(typed)
    if address is None:
        return _form(call, 422, typed=typed, error="no_address", next_page=next_page, remember=remember)
    owner, now, latest = subscriber_id(call.settings.signing_secret, address), utc_now(), codes.new(next_page)
    known = access.is_known(call, owner)
    # Strangers on the same network must not lock the owner out.
    what = f"desk-known-{owner}" if known else "desk-sign-in"
    by = caller(call.request, what, now, call.settings.signing_secret, PER_HOUR)
    request = codes.request_of(call, latest, owner, now, remember=remember, known=known)
    try:
        with capped(by):
            sign_ins.ask(call.table_name, request, desk_sign_in.queued(call.language), by)
    except OverCapError as over:
        seconds = max(1, ceil((over.until - utc_now()).total_seconds()))
        reply = _form(
            call, 429, typed=typed, error="too_many", next_page=next_page, remember=remember, minutes=ceil(seconds / 60)
        )
        reply["headers"]["retry-after"] = str(seconds)
        return reply
    logger.info("sign-in asked for", request_id=call.request.id, sign_in_id=request.id)
    return pages.sent_on(call, "sign-in/code", cookies=[codes.remembering(call, COOKIE, latest)])


def show_code(call: Call) -> Response:
    """Show the field for the code, or continue if the email's link was used meanwhile in another tab."""
    if codes.asked(call, COOKIE):
        return _code_form(call)
    return pages.sent_on(call, "") if access.session_of(call) else _note(call, "no_cookie", 403)


def take_code(call: Call) -> Response:
    """Sign in by a code."""
    requests = codes.asked(call, COOKIE)
    if not requests:
        return _note(call, "no_cookie", 403)
    typed = call.fields.get("code", "")
    code = typed_code(typed)
    if not code:
        return _code_form(call, 422, typed=typed, error="no_code")
    tried = codes.try_code(call, requests, code, "sign-in")
    if tried.request and (entered := _entered(call, tried.request)):
        return entered
    logger.info("not the code", request_id=call.request.id, left=tried.left)
    if tried.left:
        return _code_form(call, 422, typed=typed, error="wrong_code", left=tried.left)
    return _note(call, "ended", 403)


def show_link(call: Call) -> Response:
    """Show the button that signs in, only in the browser that asked. Changes nothing: mail scanners open links."""
    request = _linked(call, call.request.query)
    if request is None:
        return _note(call, "elsewhere", 403)
    if not request.works(utc_now()) or request.owner not in access.owners(call.settings):
        return _note(call, "ended", 403)
    return pages.page(
        call,
        "sign_in_link.html",
        title=words.say("sign_in.as_title", call.language),
        address=access.owners(call.settings)[request.owner],
        fields={name: call.request.query[name] for name in ("id", "token")},
    )


def take_link(call: Call) -> Response:
    """Sign in by the button behind a link."""
    request = _linked(call, call.fields)
    if request is None:
        return _note(call, "elsewhere", 403)
    return _entered(call, request) or _note(call, "ended", 403)


def _linked(call: Call, fields: dict[str, str]) -> SignIn | None:
    """Return the request of a link, if it is this browser's, or the operator's."""
    secret, request_id, token = call.settings.signing_secret, fields.get("id", ""), fields.get("token", "")
    of_operator = verified(token, secret, desk_sign_in.OPERATORS_LINK, request_id, None)
    of_browser = verified(token, secret, desk_sign_in.LINK, request_id, None)
    mine = _mine(call, request_id)
    if not (of_operator or (of_browser and mine)):
        return None
    found = sign_ins.sign_in(call.table_name, request_id)
    browser = codes.browser_of(call.settings, mine) if mine and not of_operator else ""
    same = found is not None and found.purpose == "sign-in" and compare_digest(found.browser, browser)
    return found if same else None


def _mine(call: Call, request_id: str) -> Asked | None:
    same = (one for one in codes.asked(call, COOKIE) if compare_digest(one.id.encode(), request_id.encode()))
    return next(same, None)


def _entered(call: Call, request: SignIn) -> Response | None:
    """Start a session, end this browser's previous one, and redirect. None if the request is no longer valid."""
    if request.owner not in access.owners(call.settings):
        return None
    session, value = access.new_session(call, request.owner, remember=request.remember)
    further = [sessions.opening(call.table_name, session)]
    if before := access.cookie(call.request):
        further.append(sessions.ending(call.table_name, access.session_id(call.settings, before)))
    if not sign_ins.use(call.table_name, request, further):
        return None
    logger.info("signed in", request_id=call.request.id, sign_in_id=request.id, session_id=session.id)
    mine = _mine(call, request.id)
    cookies = [
        access.session_cookie(call, value, remember=request.remember),
        access.know(call, request.owner),
        codes.forgetting(call, COOKIE),
    ]
    return pages.sent_on(call, mine.next if mine else "", cookies=cookies)


def _form(  # noqa: PLR0913  the parts of a form
    call: Call,
    status: int = 200,
    *,
    typed: str = "",
    error: str = "",
    next_page: str = "",
    remember: bool = False,
    **values: object,
) -> Response:
    return pages.page(
        call,
        "sign_in.html",
        title=words.say("sign_in.title", call.language),
        status=status,
        typed=typed,
        error=words.say(f"sign_in.{error}", call.language, **values) if error else "",
        next_page=access.next_of(next_page),
        remember=remember,
        site=call.settings.site_name,
    )


def _code_form(call: Call, status: int = 200, *, typed: str = "", error: str = "", left: int = 0) -> Response:
    return pages.page(
        call,
        "sign_in_code.html",
        title=words.say("sign_in.code_title", call.language),
        status=status,
        typed=typed,
        error=words.say(f"sign_in.{error}", call.language, left=left) if error else "",
        minutes=_MINUTES,
    )


def _note(call: Call, what: str, status: int) -> Response:
    """Say why this cannot continue here, and what to do instead."""
    title = words.say(f"sign_in.{what}_title", call.language)
    return pages.page(call, "sign_in_note.html", title=title, status=status, what=what)


ROUTES: dict[str, Route] = {
    "GET sign-in": show,
    "POST sign-in": ask,
    "GET sign-in/code": show_code,
    "POST sign-in/code": take_code,
    "GET sign-in/link": show_link,
    "POST sign-in/link": take_link,
}
