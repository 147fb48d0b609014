"""Read comments from other tools' files: Disqus's export (XML), WordPress's (WXR), and Isso's database (SQLite).

A file is read as a stream, and may be read again, so only one comment is in memory at a time.
"""

import codecs
import gzip
import re
import sqlite3
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn, Protocol
from urllib.parse import quote
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from infra.operate.connection import OperatorError

Tool = Literal["disqus", "wordpress", "isso"]
# `gone` has no text any more, or must not be shown: only its place counts, for its replies.
State = Literal["approved", "pending", "gone"]
Markup = Literal["html", "lines", "markdown"]

_CHUNK = 65_536
# The longest text, and the most elements, in one part of a file; and the longest XML comment or tag, in bytes.
_LONGEST = 4_000_000
_MOST_ELEMENTS = 10_000
_LONGEST_TOKEN = 16_000_000
_GZIP, _SQLITE, _ZIP = b"\x1f\x8b", b"SQLite format 3\x00", b"PK\x03\x04"
_BEGINNINGS = {
    b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16",
    b"<\x00": "utf-16-le", b"\x00<": "utf-16-be",
}  # fmt: skip
# Python calls these encodings, but no file uses them.
_NO_ENCODINGS = frozenset({"idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})
_ENCODING = re.compile(rb"""<\?xml\b[^>]*?\sencoding\s*=\s*["']([\w.:-]+)""")
# XML does not allow these characters, but WordPress writes whatever people typed.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Anything before a document's declaration: blanks, or what PHP printed on WordPress's page.
_BEFORE = re.compile(r"\A(?:(?!<(?:rss|disqus|urlset|sitemapindex)\b).)*?(?=<\?xml\s)|\A\s+", re.DOTALL)
_SHORT = frozenset(
    {
        expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
        expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
    }
)
_MORE = expat.errors.codes[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]
# WordPress's own test data says https.
_WXR = re.compile(r"https?://wordpress\.org/export/\d\.\d/?")
_PLAIN = re.compile(r"(?:https?://disqus\.com|https?://www\.(?:sitemaps\.org|google\.com)/schemas/sitemap/[\d.]+|)")
_DISQUS_IDS = "http://disqus.com/disqus-internals"
_NO_DATE = "0000"


@dataclass(frozen=True)
class Post:
    """A comment from another tool.

    `id` and `parent` are ids of that tool; `site` distinguishes files of one tool whose ids may be the same. `address`
    is the page's address or path. `why` is why it is gone. `at` is None if the file has no valid time.
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


class _NoXmlError(OperatorError):
    """A file does not even start like XML."""


class Source(Protocol):
    """A file with comments."""

    tool: Tool

    def posts(self) -> Iterator[Post]:
        """Yield the comments, in the order of the file. Raises OperatorError."""


def source_of(path: Path) -> Source:
    """Return which tool's file it is. Raises OperatorError if it is from none of them."""
    with path.open("rb") as file:
        begin = file.read(len(_SQLITE))
    if begin == _SQLITE:
        return Isso(path)
    if begin.startswith(_ZIP):
        raise OperatorError(f"{path} is a ZIP archive: unpack it, and import each file in it")
    with suppress(_NoXmlError):
        for name in roots(path):
            if name == "disqus":
                return Disqus(path)
            if name == "rss":
                return WordPress(path)
            break
    raise OperatorError(f"{path} is neither an export of Disqus or WordPress nor a database of Isso")


def opened(path: Path) -> BinaryIO:
    """Open a file that may be gzipped."""
    with path.open("rb") as file:
        compressed = file.read(len(_GZIP)) == _GZIP
    return gzip.open(path, "rb") if compressed else path.open("rb")  # type: ignore[return-value]


def roots(path: Path) -> Iterator[str]:
    """Yield the name of a document's outermost element."""
    with opened(path) as file:
        for element in elements(file, (), str(path), starts=("disqus", "rss", "urlset", "sitemapindex")):
            yield element.tag


def elements(file: BinaryIO, wanted: Collection[str], name: str, starts: Collection[str] = ()) -> Iterator[Element]:
    """Yield the XML elements with the given names, each when it has ended; those in `starts` when they start.

    Names have a prefix: `wp:` for WordPress's, `dsq:` for Disqus's ids, `other:` for unknown ones. Raises OperatorError
    for anything that is not XML, and for a document type: its entities may be endless, or refer to other files.
    """
    text = _Text(file, name)
    reader = _Reader(wanted, starts, name)
    try:
        for part in text.parts():
            yield from reader.read(part)
        yield from reader.read("", last=True)
    except expat.ExpatError as error:
        raise OperatorError(f"{name}, line {error.lineno + text.skipped}: {_told(error)}") from None
    except EOFError:
        raise OperatorError(f"{name} ends too early: download it again") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise OperatorError(f"{name} is damaged ({error}): download it again") from None


def _told(error: expat.ExpatError) -> str:
    what = expat.ErrorString(error.code)
    if error.code in _SHORT:
        return f"the file ends too early ({what}): download it again"
    if error.code == _MORE:
        return "the document ends here, but the file continues: delete what follows, or import each export separately"
    return f"{what}: download the file again, or fix this line"


class _Text:
    """The text of a document in any encoding, without characters that XML does not allow."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        # The number of lines before the document, which the parser does not see.
        self.skipped = 0

    def parts(self) -> Iterator[str]:
        """Yield the text. Raises OperatorError."""
        chunk = self._file.read(_CHUNK)
        if not chunk.strip():
            raise OperatorError(f"{self._name} is empty: download it again")
        encoding = self._encoding(chunk)
        decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        first, lines = True, 1
        while True:
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                if first and b"<?xml" not in error.object and not error.object.lstrip().startswith(b"<"):
                    raise _NoXmlError(f"{self._name} is no XML") from None
                line = lines + error.object[: error.start].count(b"\n")
                raise OperatorError(
                    f"{self._name}, line {line}: that is not {encoding}: convert the file to UTF-8, or fix this line"
                ) from None
            lines += text.count("\n")
            if first:
                text = self._document(text)
                first = False
            if text:
                yield _NOT_XML.sub("", text)
            if not chunk:
                return
            chunk = self._file.read(_CHUNK)

    def _document(self, text: str) -> str:
        if found := _BEFORE.match(text):
            self.skipped = found[0].count("\n")
            text = text[found.end() :]
        if not text.startswith("<"):
            raise _NoXmlError(f"{self._name} is no XML")
        return text

    def _encoding(self, begin: bytes) -> str:
        for mark, encoding in _BEGINNINGS.items():
            if begin.startswith(mark):
                return encoding
        found = _ENCODING.search(begin, 0, 4096)
        declared = found[1].decode().lower() if found else "utf-8"
        unknown = OperatorError(f"{self._name} has an unknown encoding, {declared}: convert it to UTF-8")
        try:
            name = codecs.lookup(declared).name
            if name in _NO_ENCODINGS:
                raise unknown
            # A codec that is not for text, such as "hex", raises LookupError.
            if b"<".decode(name) != "<":
                return "utf-8"
        except UnicodeDecodeError:
            # In UTF-16, the declaration could not have been read.
            return "utf-8"
        except LookupError:
            raise unknown from None
        # As in browsers: Windows used this name for its own encoding.
        return "cp1252" if name in {"iso8859-1", "ascii"} else name


class _Reader:
    """Builds only the wanted elements, so the rest of a document takes no memory."""

    def __init__(self, wanted: Collection[str], starts: Collection[str], name: str) -> None:
        self._wanted, self._starts, self._name = frozenset(wanted), frozenset(starts), name
        self._found: list[Element] = []
        self._builder: TreeBuilder | None = None
        self._depth = self._length = self._elements = self._given = 0
        self._parser = parser = expat.ParserCreate("utf-8", namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._data
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._refuse

    def read(self, text: str, *, last: bool = False) -> Iterator[Element]:
        part = text.encode()
        self._given += len(part)
        self._parser.Parse(part, last)
        if self._given - self._parser.CurrentByteIndex > _LONGEST_TOKEN:
            self._refuse_long()
        found, self._found = self._found, []
        yield from found

    def _doctype(self, root: str, *_: object) -> None:
        if root.lower() == "html":
            raise OperatorError(f"{self._name} is a web page: sign in at the tool, and download the file itself")
        self._refuse()

    def _refuse(self, *_: object) -> None:
        raise OperatorError(f"{self._name}: it has a document type, which may declare entities; no real export has one")

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
            self._refuse_long()

    def _refuse_long(self) -> NoReturn:
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
    # In UTC, the calendar's first and last hours of other zones are out of range.
    with suppress(ValueError, OverflowError):
        at = datetime.fromisoformat(text) if not text.startswith(_NO_DATE) else None
        return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC) if at else None
    return None


class Disqus:
    """Disqus's export: threads, then posts, each with the ids of its thread and of the post that it answers."""

    tool: Tool = "disqus"

    def __init__(self, path: Path) -> None:
        self._path = path

    def posts(self) -> Iterator[Post]:
        """Read the posts."""
        threads: dict[str, tuple[str, bool]] = {}
        whole = False
        with opened(self._path) as file:
            for element in elements(file, ("thread", "post"), str(self._path)):
                if element.tag == "thread":
                    threads |= self._thread(element)
                    continue
                thread_id = self._named(element, "thread")
                if thread_id not in threads and not whole:
                    # Disqus writes the threads first. Other tools that write its format may not.
                    threads, whole = self._threads(), True
                yield self._post(element, *threads.get(thread_id, ("", False)))

    def _threads(self) -> dict[str, tuple[str, bool]]:
        threads: dict[str, tuple[str, bool]] = {}
        with opened(self._path) as file:
            for element in elements(file, ("thread", "post"), str(self._path)):
                if element.tag == "thread":
                    threads |= self._thread(element)
        return threads

    @staticmethod
    def _thread(element: Element) -> dict[str, tuple[str, bool]]:
        own = _of(element, "id")
        told = _of(element, "link") or own, _of(element, "isDeleted") == "true"
        names = (own and f"own {own}", element.get("dsq:id", ""))
        return {name: told for name in names if name}

    @staticmethod
    def _named(element: Element, name: str) -> str:
        """Return the id of a post's thread or parent: Disqus's or, as in its manual's sample, the site's own."""
        found = element.find(name)
        own = _of(element, name)
        return "" if found is None else found.get("dsq:id") or (own and f"own {own}")

    def _post(self, element: Element, link: str, closed: bool) -> Post:  # noqa: FBT001  as a thread has it
        parent = self._named(element, "parent")
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
        # Disqus does not say what is pending; other tools that write its format do.
        state: State = "pending" if _of(element, "isApproved") == "false" else "approved"
        return Post(
            id=element.get("dsq:id") or (f"own {own}" if (own := _of(element, "id")) else ""),
            parent=parent,
            # Disqus numbers the posts of all sites together.
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
        is_export = False
        firsts: dict[str, str] = {}
        wanted = ("link", "wp:base_blog_url", "wp:status", "wp:post_password", "wp:comment")
        with opened(self._path) as file:
            for element in elements(file, wanted, str(self._path), starts=("item",)):
                text = (element.text or "").strip()
                is_export = is_export or element.tag.startswith("wp:")
                match element.tag:
                    case "item":
                        link = hidden = ""
                    case "link":
                        link = link or text
                        # The site's own, before all items.
                        site = site or text
                    case "wp:base_blog_url":
                        site = text or site
                    case "wp:status" if text not in {"publish", "inherit", ""}:
                        hidden = f"page is {text}"
                    case "wp:post_password" if text:
                        hidden = "page has a password"
                    case "wp:comment":
                        post = self._post(element, site, link, hidden)
                        # WordPress numbers all pages together; others that write its format number each separately.
                        firsts.setdefault(post.id, link)
                        own, parent = (
                            f"{one} {link}" if firsts.get(one, link) != link else one for one in (post.id, post.parent)
                        )
                        yield replace(post, id=own, parent=parent)
        if not is_export:
            raise OperatorError(f"{self._path} is a feed, not an export: WordPress makes one at Tools, Export")

    @staticmethod
    def _post(element: Element, site: str, link: str, hidden: str) -> Post:
        kind, approved = _of(element, "wp:comment_type"), _of(element, "wp:comment_approved")
        why = hidden
        # A shop's reviews are comments, too.
        if kind not in {"", "comment", "review"}:
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
                database.text_factory = lambda text: text.decode("utf-8", "replace")
                yield from map(self._post, database.execute(
                    "SELECT c.id, c.parent, t.uri, c.created, c.mode, c.author, c.email, c.text"
                    " FROM comments AS c LEFT JOIN threads AS t ON t.id = c.tid ORDER BY c.id"
                ))  # fmt: skip
        # UnicodeDecodeError: SQLite's own message contains bytes that are not text.
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise OperatorError(
                f"{self._path} is not an Isso database, or was copied while Isso was writing to it: {error}"
            ) from None

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
            # Each database has its own numbering.
            site=f"{uri} {created}",
            address=str(uri or ""),
            # It keeps them as HTML.
            name=unescape(str(author or "")),
            email=unescape(str(email or "")),
            at=at,
            state=state,
            why="deleted" if state == "gone" else "",
            text=str(text or ""),
            markup="markdown",
        )
