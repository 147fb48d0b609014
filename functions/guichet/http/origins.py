"""Which pages may post forms, and where a form may lead afterwards."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from guichet.http.refusal import refuse
from guichet.http.request import Request
from guichet.settings import FormSettings, origin_of

_LONGEST_PAGE = 500
_AMBIGUOUS = re.compile(r"/{3}|[A-Za-z][A-Za-z0-9+.-]*:(?!//[^/])")
_CUT_ESCAPE = re.compile(r"%[0-9A-Fa-f]?$")
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_origin(request: Request, settings: FormSettings) -> None:
    """Refuse a form posted from another site's page (403). Requests without an origin are served."""
    origin = request.headers.get("origin", "null")
    # A page with `no-referrer` sends "null", which says no more than a missing header.
    if origin != "null" and not settings.allows(origin):
        raise refuse(403, "ORIGIN_NOT_ALLOWED")


def next_url(text: str, settings: FormSettings) -> str | None:
    """Return the absolute URL of `_next` if its origin is allowed, else None.

    It is taken relative to `SiteUrl`. What browsers and this parser might read differently is refused: backslashes,
    blanks, control characters, user information, a scheme without `//`, three slashes.
    """
    if not text or not text.isprintable() or any(mark in text for mark in ' \\"<>') or _AMBIGUOUS.match(text):
        return None
    try:
        url = urljoin(settings.site_url, text)
        parts = urlsplit(url)
        allowed = "@" not in parts.netloc and parts.netloc.isascii() and settings.allows(origin_of(url))
    except ValueError:
        return None
    if not allowed:
        return None
    path, query, fragment = map(_encoded, (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def _encoded(part: str) -> str:
    """Percent-encode part of a URL (RFC 3986), leaving existing escapes alone."""
    return _NOT_ENCODED.sub("%25", quote(part, safe="%/:?@!$&'()*+,;=~"))


def page_of(request: Request, settings: FormSettings) -> str:
    """Return the page that a form was posted from (`Referer` without its query), if its origin is allowed."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
        origin = origin_of(parts.geturl())
    except ValueError:
        return ""
    if not settings.allows(origin):
        return ""
    # Browsers encode paths. An unencoded one may be meant to forge lines in the owner's email.
    page = f"{origin}{_encoded(parts.path)}"[:_LONGEST_PAGE]
    return _CUT_ESCAPE.sub("", page)
