"""The comments in the files of other tools: Disqus's export (XML), WordPress's (WXR), and Isso's database (SQLite).

A file is read as a stream, and may be read again, so that no more of it is in memory than one comment.
"""

import gzip
import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import BinaryIO, Literal, Protocol
from urllib.parse import quote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from infra.operate.connection import OperatorError

Tool = Literal["disqus", "wordpress", "isso"]
# `gone` has no text any more, or must not be shown: only its place counts, for what answers it.
State = Literal["approved", "pending", "gone"]
Markup = Literal["html", "lines", "markdown"]

_CHUNK = 65_536
# The longest text, and the most elements, of one part of a file.
_LONGEST = 4_000_000
_MOST_ELEMENTS = 10_000
_GZIP, _SQLITE = b"\x1f\x8b", b"SQLite format 3\x00"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
# XML has no such characters, and WordPress writes what people typed.
_NOT_XML = bytes(sorted({*range(32)} - {9, 10, 13}))
_WXR = re.compile(r"http://wordpress\.org/export/\d\.\d/")
_PLAIN = re.compile(r"(?:https?://disqus\.com|https?://www\.(?:sitemaps\.org|google\.com)/schemas/sitemap/[\d.]+|)")
_DISQUS_IDS = "http://disqus.com/disqus-internals"
_NO_DATE = "0000"


@dataclass(frozen=True)
class Post:
    """A comment as another tool has it.

    `id` and `parent` are its ids there; `site` tells files of one tool apart whose ids may be the same. `address` is
    that of the page, or its path. `why` tells of what is gone. `at` is missing where the file has no valid time.
    """

    id: str
    parent: str
    site: str
    address: str
    name: str
    email: str
    at: datetime | None
    state: State
    why: str
    text: str
    markup: Markup


class Source(Protocol):
    """A file with comments."""

    tool: Tool

    def posts(self) -> Iterator[Post]:
        """Read the comments, in the order of the file. Raises OperatorError."""


def source_of(path: Path) -> Source:
    """Return what a file is. Raises OperatorError if it is of none of the tools."""
    with path.open("rb") as file:
        if file.read(len(_SQLITE)) == _SQLITE:
            return Isso(path)
    for name in roots(path):
        if name == "disqus":
            return Disqus(path)
        if name == "rss":
            return WordPress(path)
        break
    raise OperatorError(f"{path} is neither an export of Disqus or WordPress nor a database of Isso")


def opened(path: Path) -> BinaryIO:
    """Open a file that may be compressed by gzip."""
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[return-value]


def roots(path: Path) -> Iterator[str]:
    """Yield the name of a document's outermost element."""
    with opened(path) as file:
        for element in elements(file, (), str(path), starts=("disqus", "rss", "urlset", "sitemapindex")):
            yield element.tag


def elements(file: BinaryIO, wanted: Collection[str], name: str, starts: Collection[str] = ()) -> Iterator[Element]:
    """Yield the elements of an XML document with some names, each as soon as it has ended, and of `starts` the begin.

    Names have a prefix: `wp:` of WordPress's, `dsq:` of Disqus's ids, `other:` of what we do not know. Raises
    OperatorError for what is no XML, and for a document type: entities of its own may be endless, or other files.
    """
    reader = _Reader(wanted, starts, name)
    first = True
    try:
        while chunk := file.read(_CHUNK):
            if first and not chunk.startswith(_UTF_16):
                reader.drops = _NOT_XML
            first = False
            yield from reader.read(chunk)
        yield from reader.read(b"", last=True)
    except expat.ExpatError as error:
        raise OperatorError(f"{name}, line {error.lineno}: {expat.ErrorString(error.code)}") from None
    except (EOFError, gzip.BadGzipFile) as error:
        raise OperatorError(f"{name}: {error}") from None


class _Reader:
    """Builds only the elements that are wanted, so that the rest of a document takes no memory."""

    def __init__(self, wanted: Collection[str], starts: Collection[str], name: str) -> None:
        self._wanted, self._starts, self._name = frozenset(wanted), frozenset(starts), name
        self._found: list[Element] = []
        self._builder: TreeBuilder | None = None
        self._depth = self._length = self._elements = 0
        self.drops = b""
        self._parser = parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse

    def read(self, chunk: bytes, *, last: bool = False) -> Iterator[Element]:
        self._parser.Parse(chunk.translate(None, self.drops), last)
        found, self._found = self._found, []
        yield from found

    def _refuse(self, *_: object) -> None:
        raise OperatorError(f"{self._name}: it has a document type, and may declare entities: no such file does")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = _tag(name)
        if tag in self._starts:
            self._found.append(Element(tag))
        if self._builder is None and tag in self._wanted:
            self._builder, self._length, self._elements = TreeBuilder(), 0, 0
        if self._builder is not None:
            self._depth += 1
            self._elements += 1
            self._bound()
            self._builder.start(tag, {_tag(key): value for key, value in attributes.items()})

    def _data(self, text: str) -> None:
        if self._builder is not None:
            self._length += len(text)
            self._bound()
            self._builder.data(text)

    def _bound(self) -> None:
        if self._length > _LONGEST or self._elements > _MOST_ELEMENTS:
            raise OperatorError(f"{self._name}, line {self._parser.CurrentLineNumber}: no comment is that long")

    def _end(self, name: str) -> None:
        if self._builder is None:
            return
        self._builder.end(_tag(name))
        self._depth -= 1
        if not self._depth:
            self._found.append(self._builder.close())
            self._builder = None


def _tag(name: str) -> str:
    namespace, _, local = name.rpartition("}")
    if _WXR.fullmatch(namespace):
        return f"wp:{local}"
    if namespace == _DISQUS_IDS:
        return f"dsq:{local}"
    return local if _PLAIN.fullmatch(namespace) else f"other:{local}"


def _of(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _time(text: str) -> datetime | None:
    # The calendar's first and last hours in another zone have no time in UTC.
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text) if not text.startswith(_NO_DATE) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    return None


class Disqus:
    """Disqus's export: threads, and then posts, each with the ids of its thread and of the post that it answers."""

    tool: Tool = "disqus"

    def __init__(self, path: Path) -> None:
        self._path = path

    def posts(self) -> Iterator[Post]:
        """Read the posts."""
        threads: dict[str, tuple[str, bool]] = {}
        with opened(self._path) as file:
            for element in elements(file, ("thread", "post"), str(self._path)):
                if element.tag == "thread":
                    link = _of(element, "link") or _of(element, "id")
                    threads[element.get("dsq:id", "")] = link, _of(element, "isDeleted") == "true"
                else:
                    yield self._post(element, threads)

    def _post(self, element: Element, threads: dict[str, tuple[str, bool]]) -> Post:
        thread, parent = element.find("thread"), element.find("parent")
        link, closed = threads.get("" if thread is None else thread.get("dsq:id", ""), ("", False))
        why = next(
            (
                why
                for why, is_so in (
                    ("deleted", closed or _of(element, "isDeleted") == "true"),
                    ("spam", _of(element, "isSpam") == "true"),
                )
                if is_so
            ),
            "",
        )
        state: State = "pending" if _of(element, "isApproved") == "false" else "approved"
        return Post(
            id=element.get("dsq:id", ""),
            parent="" if parent is None else parent.get("dsq:id", ""),
            # Disqus counts all posts of all sites.
            site="",
            address=link,
            name=_of(element, "author/name") or _of(element, "author/username"),
            email=_of(element, "author/email"),
            at=_time(_of(element, "createdAt")),
            state="gone" if why else state,
            why=why,
            text=_of(element, "message"),
            markup="html",
        )


class WordPress:
    """WordPress's export (WXR): an item per page, with its comments in it."""

    tool: Tool = "wordpress"

    def __init__(self, path: Path) -> None:
        self._path = path

    def posts(self) -> Iterator[Post]:
        """Read the comments."""
        site = link = hidden = ""
        wanted = ("link", "wp:base_blog_url", "wp:status", "wp:post_password", "wp:comment")
        with opened(self._path) as file:
            for element in elements(file, wanted, str(self._path), starts=("item",)):
                text = (element.text or "").strip()
                match element.tag:
                    case "item":
                        link = hidden = ""
                    case "link":
                        link = link or text
                        # That of the whole, before all items.
                        site = site or text
                    case "wp:base_blog_url":
                        site = text or site
                    case "wp:status" if text not in {"publish", "inherit", ""}:
                        hidden = f"page is {text}"
                    case "wp:post_password" if text:
                        hidden = "page has a password"
                    case "wp:comment":
                        yield self._post(element, site, link, hidden)

    @staticmethod
    def _post(element: Element, site: str, link: str, hidden: str) -> Post:
        kind, approved = _of(element, "wp:comment_type"), _of(element, "wp:comment_approved")
        why = hidden
        if kind not in {"", "comment"}:
            why = kind
        elif approved not in {"0", "1", "hold", "approve"}:
            why = approved or "no state"
        parent = _of(element, "wp:comment_parent")
        at = _time(_of(element, "wp:comment_date_gmt")) or _time(_of(element, "wp:comment_date"))
        return Post(
            id=_of(element, "wp:comment_id"),
            parent="" if parent == "0" else parent,
            site=site,
            address=link,
            # It is kept as HTML.
            name=unescape(_of(element, "wp:comment_author")),
            email=_of(element, "wp:comment_author_email"),
            at=at,
            state="gone" if why else "approved" if approved in {"1", "approve"} else "pending",
            why=why,
            text=_of(element, "wp:comment_content"),
            markup="lines",
        )


class Isso:
    """Isso's database: threads with their path, and comments in Markdown."""

    tool: Tool = "isso"

    def __init__(self, path: Path) -> None:
        self._path = path

    def posts(self) -> Iterator[Post]:
        """Read the comments."""
        try:
            with closing(sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True)) as database:
                database.execute("PRAGMA trusted_schema = OFF")
                yield from map(self._post, database.execute(
                    "SELECT c.id, c.parent, t.uri, c.created, c.mode, c.author, c.email, c.text"
                    " FROM comments AS c JOIN threads AS t ON t.id = c.tid ORDER BY c.id"
                ))  # fmt: skip
        except sqlite3.Error as error:
            raise OperatorError(f"{self._path} is no database of Isso: {error}") from None

    @staticmethod
    def _post(row: tuple[object, ...]) -> Post:
        comment_id, parent, uri, created, mode, author, email, text = row
        at = None
        with suppress(ValueError, TypeError, OverflowError, OSError):
            at = datetime.fromtimestamp(float(str(created)), UTC)
        state: State = {1: "approved", 2: "pending"}.get(mode, "gone")  # type: ignore[call-overload]
        return Post(
            id=str(comment_id),
            parent="" if parent is None else str(parent),
            # Each database counts its own.
            site=f"{uri} {created}",
            address=str(uri or ""),
            name=str(author or ""),
            email=str(email or ""),
            at=at,
            state=state,
            why="deleted" if state == "gone" else "",
            text=str(text or ""),
            markup="markdown",
        )
