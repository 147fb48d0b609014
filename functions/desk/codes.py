"""Codes by email: the cookie that binds a request to the browser that asked, and attempts at its code."""

import re
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from desk.access import cookie, next_of, set_cookie
from desk.browsers import browser_name
from desk.call import Visit
from guichet.records.record import utc_now
from guichet.records.sign_in import MOST_TRIES, SIGN_IN_KEPT, Purpose, SignIn
from guichet.settings import DeskSettings
from guichet.signing import is_code, keyed_hash
from guichet.store import sign_ins

# Longer than an email's delivery and its code's validity together.
_COOKIE_LASTS = timedelta(hours=1)
# Someone who asks again while waiting may get both emails, in any order.
_MOST_ASKED = 3
_BETWEEN = "~"
_ASKED = re.compile(r"([0-9a-f]{32})\.([A-Za-z0-9_-]{43})\.(.*)")


class Asked(NamedTuple):
    """A request that this browser made: its id, the browser's secret, and the page to go on to."""

    id: str
    secret: str
    next: str = ""


class Tried(NamedTuple):
    """The result of typing a code: the request it matches, if any, and how many attempts are left."""

    request: SignIn | None
    left: int


def new(next_page: str = "") -> Asked:
    """Return a new request of this browser."""
    return Asked(secrets.token_hex(16), secrets.token_urlsafe(32), next_page)


def asked(visit: Visit, name: str) -> list[Asked]:
    """Return the requests that this browser made, latest first."""
    found = (_ASKED.fullmatch(part) for part in cookie(visit.request, name).split(_BETWEEN)[:_MOST_ASKED])
    return [Asked(one[1], one[2], next_of(one[3])) for one in found if one]


def remembering(visit: Visit, name: str, latest: Asked) -> str:
    """Return the cookie of a browser that made one more request."""
    requests = [latest, *asked(visit, name)][:_MOST_ASKED]
    return set_cookie(visit.request, _BETWEEN.join(map(".".join, requests)), _COOKIE_LASTS, name)


def forgetting(visit: Visit, name: str) -> str:
    """Return the cookie of a browser whose requests are finished."""
    return set_cookie(visit.request, "", timedelta(0), name)


def browser_of(settings: DeskSettings, one: Asked) -> str:
    """Return what identifies the browser that made a request in the table."""
    return keyed_hash(settings.signing_secret, "desk-browser", one.id, one.secret)


def request_of(visit: Visit, one: Asked, owner: str, at: datetime, **further: object) -> SignIn:
    """Return the record of a request."""
    return SignIn.model_validate(
        {
            "id": one.id,
            "owner": owner,
            "browser": browser_of(visit.settings, one),
            "base_url": visit.request.base_url,
            "language": visit.language,
            "asked_with": browser_name(visit.request.headers.get("user-agent", "")),
            "asked_at": at,
            "expires_at": at + SIGN_IN_KEPT,
            **further,
        }
    )


def try_code(visit: Visit, requests: list[Asked], code: str, purpose: Purpose) -> Tried:
    """Compare a code with those of this browser's requests, counting the attempt first.

    Someone who typed another address than the owner's gets as many attempts, and learns nothing more from them.
    """
    settings, left = visit.settings, 0
    for one in requests:
        found = sign_ins.count_try(settings.table_name, one.id, browser_of(settings, one))
        right = is_code(code, settings.signing_secret, purpose, one.id)
        if found is None:
            continue
        left = max(left, MOST_TRIES - found.tries)
        if right and found.purpose == purpose and found.works(utc_now()):
            return Tried(found, left)
    return Tried(None, left)
