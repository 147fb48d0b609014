"""Map addresses of another tool to pages of the site: by the owner's rules, the sitemap, or only the path."""

import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import urllib3

from guichet.page_paths import LONGEST_PAGE, normalized
from infra.operate.comments_sources import elements, opened, roots
from infra.operate.connection import OperatorError, UnreachableError

# In WordPress addresses with these, a number names the page, and the path does not.
_NUMBERED = frozenset({"p", "page_id", "attachment_id", "post_type"})
# Sitemaps.org allows 50 MB, and 50,000 sitemaps in an index. No site here needs that many.
_LARGEST, _MOST = 50_000_000, 500
_SECONDS = 20


class Pages:
    """The known pages of the site, and where the pages of old addresses are now."""

    def __init__(self, rules: Sequence[str] = (), known: Collection[str] | None = None) -> None:
        self._rules = [_rule(text) for text in rules]
        self._known = None if known is None else frozenset(known)
        self._alike: dict[str, set[str]] = {}
        for page in known or ():
            self._alike.setdefault(_alike(page), set()).add(page)
        self._found: dict[str, str | None] = {}

    def page_of(self, address: str) -> str | None:
        """Return the page that an address or a path leads to, or None if it is not on the site."""
        if address not in self._found:
            self._found[address] = self._looked_up(address.strip())
        return self._found[address]

    def _looked_up(self, address: str) -> str | None:
        if not address or len(address) > 8 * LONGEST_PAGE:
            return None
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        for old, new in self._rules:
            page = _ruled(_spellings(address), old, new)
            if page is not None:
                return self._on_site(normalized(page))
        # Isso's may be any word that a page gives it.
        if parts.scheme not in {"http", "https", ""} or (not parts.netloc and not address.startswith("/")):
            return None
        if _NUMBERED & {name for name, _ in parse_qsl(parts.query)}:
            return None
        return self._on_site(normalized(parts.path or "/"))

    def _on_site(self, page: str | None) -> str | None:
        if page is None or self._known is None or page in self._known:
            return page
        # `/a`, `/a/`, `/a.html` and `/a/index.html` are often the same page, unless the site has several of them.
        alike = self._alike.get(_alike(page), set())
        return next(iter(alike)) if len(alike) == 1 else None


def _alike(page: str) -> str:
    return re.sub(r"\.html?\Z", "", page.rstrip("/"), flags=re.IGNORECASE).casefold()


def _rule(text: str) -> tuple[str, str]:
    """Split a rule `OLD=NEW` into its parts. Raises OperatorError."""
    old, equals, new = text.rpartition("=")
    if not (equals and old.strip() and new.strip().startswith("/")) or old.endswith("*") != new.endswith("*"):
        told = "write OLD=/new/, or OLD*=/new/* for everything that starts with OLD"
        raise OperatorError(f"{text!r} is not a rule: {told}")
    return _spellings(old.strip())[-1 if old.startswith("/") else 0], new.strip()


def _spellings(address: str) -> tuple[str, str]:
    """Return an address without its scheme, and its path with the query, each as people write them."""
    parts = urlsplit(address)
    path = unquote(parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{(parts.netloc or '').lower().removeprefix('www.')}{path}", path


def _ruled(spellings: tuple[str, str], old: str, new: str) -> str | None:
    for spelled in spellings:
        if old.endswith("*"):
            if spelled.startswith(old[:-1]):
                rest = spelled.removeprefix(old[:-1]).partition("?")[0]
                return f"{new[:-1]}{rest}".replace("//", "/")
        elif spelled == old:
            return new
    return None


# --- the sitemap ------------------------------------------------------------------------------------------------------


def pages_of_sitemap(place: str) -> set[str]:
    """Return the pages that a sitemap, or an index of them, lists. It is a file or an address.

    Raises OperatorError if it is neither, and UnreachableError.
    """
    found: set[str] = set()
    read: set[str] = set()
    left = [place]
    while left:
        one = left.pop()
        if one in read:
            continue
        read.add(one)
        if len(read) > _MOST:
            raise OperatorError(f"{place} has more than {_MOST} sitemaps")
        for kind, location in _locations(one):
            if kind == "sitemap":
                left.append(_beside(one, location))
            else:
                page = normalized(urlsplit(location).path or "/")
                found |= {page} if page else set()
    if not found:
        raise OperatorError(f"{place} lists no page")
    return found


def _beside(place: str, location: str) -> str:
    """Return where a sitemap listed in an index is: next to the index, if that is a file and has it there."""
    if _is_address(place):
        return urljoin(place, location)
    beside = Path(place).with_name(Path(urlsplit(location).path).name)
    return str(beside) if beside.is_file() else location


def _locations(place: str) -> Iterator[tuple[str, str]]:
    if _is_address(place):
        with io.BytesIO(_fetched(place)) as file:
            found = list(elements(file, ("url", "sitemap"), place))
    else:
        if next(roots(Path(place)), "") not in {"urlset", "sitemapindex"}:
            raise OperatorError(f"{place} is not a sitemap")
        with opened(Path(place)) as file:
            found = list(elements(file, ("url", "sitemap"), place))
    for element in found:
        location = (element.findtext("loc") or "").strip()
        if location:
            yield element.tag, location


def _is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _fetched(address: str) -> bytes:
    try:
        answer = urllib3.request("GET", address, timeout=_SECONDS, preload_content=False)
        content = answer.read(_LARGEST + 1)
        answer.release_conn()
    except urllib3.exceptions.HTTPError as error:
        raise UnreachableError(f"{address} is unreachable: {type(error).__name__}") from None
    if answer.status != 200:  # noqa: PLR2004  RFC 9110
        raise OperatorError(f"{address} answered {answer.status}: it is not a sitemap")
    if len(content) > _LARGEST:
        raise OperatorError(f"{address} is too large for a sitemap")
    return _unzipped(content, address)


def _unzipped(content: bytes, address: str) -> bytes:
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return file.read(_LARGEST)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise OperatorError(f"{address} is damaged: {error}") from None
