"""The page that a comment belongs to: a path of the site, and when two paths are the same page."""

import re
from unicodedata import normalize
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from guichet.settings import FormSettings, origin_of

# In characters, after percent-encoding.
LONGEST_PAGE = 500
# RFC 3986, `pchar` and the slash, without `%`.
_SAFE = "/-._~!$&'()*+,;=:@"
_CONTROL = re.compile("[\\x00-\\x1f\\x7f]")
_INDEX = re.compile(r"/index\.html?\Z", re.IGNORECASE)
# A trailing slash, and the file extension that static hosts omit.
_END = re.compile(r"(?<=[^/])(?:\.html?)?/?\Z", re.IGNORECASE)


def path_of(text: str, settings: FormSettings) -> str | None:
    """Return the path of a page of the site, or None if the text names none.

    `text` is a path that begins with a slash, or a URL whose origin may post forms. The query, the fragment,
    `index.html` and the way a character is encoded (RFC 3986, 6.2.2) are ignored: `/caf%c3%a9/index.html?x` is
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
    """Return a path's normal form, or None if it is invalid: too long, with dot segments, or not UTF-8."""
    try:
        plain = unquote_to_bytes(path).decode()
    except UnicodeError:
        return None
    if _CONTROL.search(plain) or "\\" in plain or "//" in plain or {".", ".."} & set(plain.split("/")):
        return None
    spelled = quote(_INDEX.sub("/", plain), safe=_SAFE)
    return spelled if spelled.startswith("/") and len(spelled) <= LONGEST_PAGE else None


def folded(path: str) -> str:
    """Return the key that all paths of one page share, for `path` as `path_of` returns it. It is not itself a path.

    Static hosts serve one file as `/a`, `/a/`, `/a.html` and `/a/index.html`, often without a redirect, and Macs write
    an accented letter as two characters. Case matters: on most hosts, it makes another page.
    """
    return _END.sub("", normalize("NFC", unquote(path)), count=1)
