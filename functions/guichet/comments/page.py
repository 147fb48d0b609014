"""The page that a comment stands under: a path of the site, and when two paths are the same page."""

import re
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from guichet.settings import FormSettings, origin_of

# In characters, once it is percent-encoded.
LONGEST_PAGE = 500
# RFC 3986, `pchar` and the slash, without `%`.
_SAFE = "/-._~!$&'()*+,;=:@"
_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")
_INDEX = re.compile(r"/index\.html?\Z", re.IGNORECASE)
# One slash at the end, and the ending that hosts of static sites leave out.
_END = re.compile(r"(?<=[^/])(?:\.html?)?/?\Z", re.IGNORECASE)


def path_of(text: str, settings: FormSettings) -> str | None:
    """Return the path of a page of the site, or None if the text names none.

    `text` is a path that begins with a slash, or an address with an origin that may post forms. Query and fragment do
    not count, nor `index.html`, nor how a character is encoded (RFC 3986, 6.2.2): `/caf%c3%a9/index.html?x` is
    `/caf%C3%A9/`.
    """
    text = text.strip()
    if not text or len(text) > 4 * LONGEST_PAGE or _CONTROL.search(text) or "\\" in text:
        return None
    try:
        parts = urlsplit(text)
        if parts.scheme or parts.netloc:
            if not settings.allows(origin_of(text)):
                return None
        elif not text.startswith("/"):
            return None
    except ValueError:
        return None
    return normalized(parts.path or "/")


def normalized(path: str) -> str | None:
    """Return a path in its one spelling, or None if it is none: too long, with dots for folders, or no UTF-8."""
    try:
        plain = unquote_to_bytes(path).decode()
    except UnicodeError:
        return None
    if _CONTROL.search(plain) or "\\" in plain or "//" in plain or {".", ".."} & set(plain.split("/")):
        return None
    spelled = quote(_INDEX.sub("/", plain), safe=_SAFE)
    return spelled if spelled.startswith("/") and len(spelled) <= LONGEST_PAGE else None


def folded(path: str) -> str:
    """Return what all paths of one page have in common, for `path` as `path_of` returns it. No browser can open it.

    Hosts of static sites serve one file as `/a`, `/a/`, `/a.html` and `/a/index.html`, often without a redirect, and
    the same accents from a Mac as two characters. Capitals count: on most hosts, they are another page.
    """
    return _END.sub("", normalize("NFC", unquote(path)), count=1)
