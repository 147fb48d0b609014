"""Which pages may post forms, and where a form may lead afterwards."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from guichet.http.body import clean
from guichet.http.refusal import refuse
from guichet.http.request import Request
from guichet.settings import FormSettings, origin_of

_LONGEST_PAGE = 500
_AMBIGUOUS = re.compile(r"/{3}|[A-Za-z][A-Za-z0-9+.-]*:(?!//[^/])")
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")


def check_origin(request: Request, settings: FormSettings) -> None:
    """Refuse a form from a page of another site (403). A request without an origin is served."""
    origin = request.headers.get("origin", "null")
    # "null" is what a page with `no-referrer` sends: nothing is known of it, as if the header were not there.
    if origin != "null" and origin not in settings.origins:
        raise refuse(403, "ORIGIN_NOT_ALLOWED")


def next_url(text: str, settings: FormSettings) -> str | None:
    """Return where `_next` leads, an absolute address of an allowed origin; None where it leads anywhere else.

    It is taken relative to `SiteUrl`. What browsers and this parser might read differently is refused: backslashes,
    blanks, control characters, user information, a scheme without `//`, three slashes.
    """
    if not text or not text.isprintable() or any(mark in text for mark in ' \\"<>') or _AMBIGUOUS.match(text):
        return None
    try:
        url = urljoin(settings.site_url, text)
        parts = urlsplit(url)
        allowed = "@" not in parts.netloc and parts.netloc.isascii() and origin_of(url) in settings.origins
    except ValueError:
        return None
    if not allowed:
        return None
    path, query, fragment = map(_encoded, (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def _encoded(part: str) -> str:
    """Return a part of an address as RFC 3986 has it, ASCII only; what is encoded already stays as it is."""
    return _NOT_ENCODED.sub("%25", quote(part, safe="%/:?@!$&'()*+,;=~"))


def page_of(request: Request, settings: FormSettings) -> str:
    """Return the page that a form was posted from, if it is one of an allowed origin: what `Referer` says, no query."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
        origin = origin_of(parts.geturl())
    except ValueError:
        return ""
    return clean(f"{origin}{parts.path}")[:_LONGEST_PAGE] if origin in settings.origins else ""
