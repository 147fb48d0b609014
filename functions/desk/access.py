"""Who may see the desk: its cookies, the session behind it, where a form was posted from, and the session's token."""

import re
import secrets
from datetime import timedelta
from urllib.parse import urlencode

from desk.call import Call, DeskError, Visit
from guichet.http.request import Request
from guichet.http.responses import HEADERS, Response
from guichet.records.record import utc_now
from guichet.records.session import Session
from guichet.settings import DeskSettings, origin_of
from guichet.signing import keyed_hash, subscriber_id, token, verified
from guichet.store import sessions

SESSION_LASTS = timedelta(hours=12)
REMEMBERED_FOR = timedelta(days=30)
# How much of a browser's `User-Agent` is kept, in characters.
_BROWSER_KEPT = 200
_SESSION = "guichet-desk"
# How long a browser is known to an owner: the longest that browsers keep a cookie (RFC 6265bis, 400 days).
_KNOWN = "guichet-desk-known"
_KNOWN_FOR = timedelta(days=400)
_MOST_KNOWN = 5
# A page of the desk with its query: no other host, no `..`, nothing percent-encoded.
_PAGE = re.compile(r"[a-z-]+(?:/[A-Za-z0-9_-]+)*")
_QUERY = re.compile(r"[a-z_]+=[A-Za-z0-9_.:-]+")
_LONGEST_NEXT = 200


def cookie_name(request: Request, name: str = _SESSION) -> str:
    """Return the name of a cookie of the desk: `__Host-…` where the API is reached by https (RFC 6265bis).

    A browser takes such a cookie from this host alone. Safari refuses it on the local stack's http.
    """
    return f"__Host-{name}" if request.base_url.startswith("https:") else name


def cookie(request: Request, name: str = _SESSION) -> str:
    """Return the value of a cookie of the desk, or an empty string.

    API Gateway hands cookies over in `cookies`; the SAM CLI leaves them in the header.
    """
    given = request.event.get("cookies") or request.headers.get("cookie", "").split(";")
    wanted = cookie_name(request, name)
    pairs = (one.strip().partition("=") for one in given)
    return next((value for key, _, value in pairs if key == wanted), "")


def set_cookie(request: Request, value: str, lasts: timedelta | None, name: str = _SESSION) -> str:
    """Return the text of a cookie. Without a duration it ends with the browser; with zero, at once."""
    secure = "; Secure" if request.base_url.startswith("https:") else ""
    ends = "" if lasts is None else f"; Max-Age={int(lasts.total_seconds())}"
    return f"{cookie_name(request, name)}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ends}"


def session_id(settings: DeskSettings, value: str) -> str:
    """Return the id of the session that a cookie's value opens."""
    return keyed_hash(settings.signing_secret, "session", value)


def new_session(call: Visit, owner: str, *, remember: bool) -> tuple[Session, str]:
    """Return a session of an owner that begins now, and the value of its cookie. It is not stored yet."""
    value, now = secrets.token_urlsafe(32), utc_now()
    session = Session(
        id=session_id(call.settings, value),
        owner=owner,
        browser=call.request.headers.get("user-agent", "")[:_BROWSER_KEPT],
        created_at=now,
        expires_at=now + (REMEMBERED_FOR if remember else SESSION_LASTS),
    )
    return session, value


def session_of(visit: Visit) -> Session | None:
    """Return the session of a request, or None. It also ends once its owner's address is removed from OwnerEmail."""
    value = cookie(visit.request)
    found = sessions.session(visit.table_name, session_id(visit.settings, value)) if value else None
    return found if found and found.owner in owners(visit.settings) else None


def owners(settings: DeskSettings) -> dict[str, str]:
    """Return the owner's addresses by their keyed hash."""
    return {subscriber_id(settings.signing_secret, address): address for address in settings.owner_email}


def check_origin(request: Request) -> None:
    """Refuse a post from any other origin, port included. Raises DeskError.

    All browsers send it (Fetch Standard, "append a request `Origin` header") unless the page sets `no-referrer`.
    """
    if request.headers.get("origin", "") != origin_of(request.base_url):
        raise DeskError(403, "other_origin")


def form_token(settings: DeskSettings, session: Session) -> str:
    """Return the token that each form of a session's pages posts."""
    return token(settings.signing_secret, "desk-form", session.id, None)


def check_token(call: Call) -> None:
    """Refuse a form of another session's page. Raises DeskError."""
    given = call.fields.get("token", "")
    if not verified(given, call.settings.signing_secret, "desk-form", call.signed_in.id, None):
        raise DeskError(403, "other_session")


def is_known(visit: Visit, owner: str) -> bool:
    """Return whether an owner has signed in with this browser before, no matter who typed the address."""
    secret = visit.settings.signing_secret
    tokens = cookie(visit.request, _KNOWN).split(".")[:_MOST_KNOWN]
    return any(verified(one, secret, "desk-known", owner, None) for one in tokens)


def know(visit: Visit, owner: str) -> str:
    """Return the cookie of a browser that this owner, and perhaps others before, signed in with."""
    others = [other for other in owners(visit.settings) if other != owner and is_known(visit, other)]
    tokens = [token(visit.settings.signing_secret, "desk-known", one, None) for one in (owner, *others)]
    return set_cookie(visit.request, ".".join(tokens[:_MOST_KNOWN]), _KNOWN_FOR, _KNOWN)


def session_cookie(visit: Visit, value: str, *, remember: bool) -> str:
    """Return the cookie of a session. Unless `remember`, it ends with the browser."""
    return set_cookie(visit.request, value, REMEMBERED_FOR if remember else None)


def no_session(visit: Visit) -> str:
    """Return the cookie that removes a browser's session."""
    return set_cookie(visit.request, "", timedelta(0))


def next_of(text: str) -> str:
    """Return the page to continue to, with its query, if it belongs to the desk; otherwise an empty string."""
    page, _, query = text.partition("?")
    pairs = query.split("&") if "?" in text else []
    safe = len(text) <= _LONGEST_NEXT and _PAGE.fullmatch(page) and all(map(_QUERY.fullmatch, pairs))
    return text if safe and page.partition("/")[0] != "sign-in" else ""


def to_sign_in(visit: Visit) -> Response:
    """Redirect to the sign-in page, which leads back here. The reply does not reveal whether a page exists."""
    if visit.method == "POST":
        raise DeskError(403, "signed_out")
    given = visit.request.query.items()
    shown = [(name, value) for name, value in given if name != "told" and next_of(f"a?{name}={value}")]
    there = f"{visit.page}?{urlencode(shown)}" if shown else visit.page
    location = visit.url("sign-in", next=next_of(there) or next_of(visit.page))
    return {"statusCode": 303, "headers": {**HEADERS, "location": location}}
