"""Export the approved comments into a site: a data file or an HTML fragment per page, an index of them, and a feed.

A manifest in the folder remembers what was exported. Only pages whose threads have changed since are read again, only
files whose bytes change are written, and only files that an export wrote are ever removed. Each file is replaced
atomically, so an interrupted export leaves no broken file, and is simply run again.
"""

import hashlib
import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import yaml

from guichet.comments.thread import threads as as_threads
from guichet.locales import LANGUAGES, Language
from guichet.settings import origin_of
from guichet.store import comments
from guichet.store.comments import Entry
from infra.operate.comments_feed import GENERATOR, NEWEST, feed
from infra.operate.comments_html import fragment
from infra.operate.connection import OperatorError, OperatorSettings

Format = Literal["json", "yaml", "html"]
FORMATS: tuple[Format, ...] = get_args(Format)
Generator = Literal["hugo", "jekyll", "eleventy", "astro"]
GENERATORS: tuple[Generator, ...] = get_args(Generator)

MANIFEST = ".guichet-comments.json"
# Changes with the manifest's format: then everything is exported again.
_VERSION = 1
_INDEX = "pages"
_PER_QUERY = 1000
_LONGEST_SLUG = 40
# Endings of a path that lead to the same page.
_END = re.compile(r"(?:/index\.html?|\.html?|/)\Z", re.IGNORECASE)
# The default name of the feed.
FEED = "comments.xml"


@dataclass(frozen=True)
class Layout:
    """Where a static site generator looks for data files, and the folder that it copies unchanged."""

    data: str
    # The folder of the feed, and whether that is the top of the site.
    feed: str
    at_top: bool = True


LAYOUTS: Mapping[Generator | None, Layout] = {
    "hugo": Layout("data/guichet", "static"),
    "jekyll": Layout("_data/guichet", ""),
    "eleventy": Layout("_data/guichet", ""),
    "astro": Layout("src/data/guichet", "public"),
    None: Layout("", "", at_top=False),
}


@dataclass(frozen=True)
class Options:
    """How to export: for which generator, in which formats, and the name of the feed (empty for no feed)."""

    generator: Generator | None
    formats: Sequence[Format]
    feed: str = FEED


@dataclass
class Done:
    """What an export did, or would do: the pages that it read, and files by their path in the folder."""

    pages: int = 0
    comments: int = 0
    read: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass
class _Page:
    """What the manifest knows of a page: its thread's state, its files, and its newest comments (time and id)."""

    changed_at: str
    # The thread's own count, and how many comments were read.
    count: int
    shown: int
    files: list[str]
    latest: list[tuple[str, str]]


@dataclass
class _Known:
    """What an export remembers. `files` has the digests of all files that were, or were about to be, written."""

    pages: dict[str, _Page] = field(default_factory=dict)
    feed: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


def file_name(page: str) -> str:
    """Return the name of a page's file, without its extension: readable, and unique to the page.

    Lower-case ASCII letters, digits and hyphens: safe on every file system, and as a key in every generator's data.
    """
    plain = unicodedata.normalize("NFKD", unquote(page)).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain)[: _LONGEST_SLUG + 1].strip("-")[:_LONGEST_SLUG].strip("-")
    digest = hashlib.sha256(page.encode()).hexdigest()[:16]
    return f"{slug or ('home' if page == '/' else 'page')}-{digest}"


def language_of(page: str, site_url: str, default: Language) -> Language:
    """Return the language of a page: that of its first folder below the site's, such as `/en/`, or the default."""
    first = _below(page, site_url).strip("/").partition("/")[0]
    return next((language for language in LANGUAGES if language == first), default)


def export(folder: Path, options: Options, settings: OperatorSettings, *, dry_run: bool = False) -> Done:
    """Export the approved comments into a folder. Return what was done, or with `dry_run` what would be.

    Raises OperatorError if the folder belongs to another stack, or has a feed that is not ours.
    """
    return _Export(folder, options, settings).run(dry_run=dry_run)


class _Export:
    """One export: the results of the last one, and what this one finds."""

    def __init__(self, folder: Path, options: Options, settings: OperatorSettings) -> None:
        self.folder = folder
        self.options = options
        self.settings = settings
        self.layout = LAYOUTS[options.generator]
        self.zone = ZoneInfo(settings.time_zone)
        self.origin = origin_of(settings.site_url)
        self.before = self._known()
        self.now = _Known()
        self.done = Done()
        # The new files by path, without the unchanged ones.
        self.new: dict[str, bytes] = {}
        self.entries: dict[str, list[Entry]] = {}

    def run(self, *, dry_run: bool) -> Done:
        changed_at = ""
        for thread in comments.threads(self.settings.table_name):
            at = thread.changed_at.isoformat(timespec="microseconds")
            changed_at = max(changed_at, at)
            if thread.count:
                self._take(thread.page, at, thread.count)
        if self.options.feed and changed_at:
            self._make_feed(changed_at)
        if self.now.pages or self.before.pages:
            self._make_index()
        self.done.pages = len(self.now.pages)
        self.done.comments = sum(page.shown for page in self.now.pages.values())
        self._compare()
        if not dry_run and (self.done.written or self.done.removed or self.done.read or self.before != self.now):
            self._write()
        return self.done

    # --- the new state ---

    def _take(self, page: str, changed_at: str, count: int) -> None:
        """Add a page: as last exported if neither its thread nor its files have changed since; else read it again."""
        known = self.before.pages.get(page)
        if (
            known
            and (known.changed_at, known.count) == (changed_at, count)
            and known.files == self._files_of(page)
            and all(self._is_as_written(file) for file in known.files)
        ):
            self.now.pages[page] = known
            self.now.files |= {file: self.before.files[file] for file in known.files}
            return
        found = self._read(page)
        if not found:
            # Withdrawn while this runs.
            return
        for file, content in zip(self._files_of(page), self._contents(page, found), strict=True):
            self._put(file, content)
        latest = sorted(((_time(one), one.id) for one in found), reverse=True)[:NEWEST]
        self.now.pages[page] = _Page(changed_at, count, len(found), self._files_of(page), latest)

    def _read(self, page: str) -> list[Entry]:
        """Return the current entries of a page's thread."""
        if page not in self.entries:
            self.entries[page] = list(self._entries(page))
            self.done.read.append(page)
        return self.entries[page]

    def _entries(self, page: str) -> Iterator[Entry]:
        table, secret, after = self.settings.table_name, self.settings.signing_secret, ""
        while True:
            # What was approved before the manifest's `changed_at` must be there.
            part = comments.thread(table, secret, page, _PER_QUERY, after, consistent=True)
            yield from part.entries
            after = part.next
            if not after:
                return

    def _files_of(self, page: str) -> list[str]:
        return [_path(self.layout.data, f"{file_name(page)}.{one}") for one in self.options.formats]

    def _contents(self, page: str, found: Sequence[Entry]) -> Iterator[bytes]:
        shown = as_threads(found)
        language = language_of(page, self.settings.site_url, self.settings.default_language)
        html = fragment(shown, language, self.zone)
        data = {
            "page": page,
            "url": f"{self.origin}{page}",
            "count": len(found),
            "comments": shown,
            "html": html,
        }
        for one in self.options.formats:
            yield html.encode() if one == "html" else _written(data, one)

    def _make_index(self) -> None:
        """Record each page's file, by the page's path as generators spell it."""
        found = {page: {"file": file_name(page), "count": one.shown} for page, one in self.now.pages.items()}
        further = {
            spelled: entry
            for page, entry in found.items()
            for whole in (page, _below(page, self.settings.site_url))
            for spelled in _spellings(whole)
        }
        index = dict(sorted({**further, **found}.items()))
        formats = [one for one in self.options.formats if one != "html"] or ["json"]
        for one in formats:
            self._put(_path(self.layout.data, f"{_INDEX}.{one}"), _written(index, one))

    def _make_feed(self, changed_at: str) -> None:
        newest = sorted(
            ((time, id_, page) for page, known in self.now.pages.items() for time, id_ in known.latest), reverse=True
        )[:NEWEST]
        known = {one["id"]: one for one in self.before.feed if one["page"] not in self.entries}
        for _, id_, page in newest:
            # The feed has room again for an older comment, from a page that did not change.
            if id_ not in known:
                known |= {one.id: _in_feed(one, page) for one in self._read(page)}
        self.now.feed = [known[id_] for _, id_, _ in newest if id_ in known]
        settings, path = self.settings, _path(self.layout.feed, self.options.feed)
        text = feed(
            self.now.feed,
            site_name=settings.site_name,
            site_url=settings.site_url,
            origin=self.origin,
            address=f"{settings.site_url.rstrip('/')}/{self.options.feed}" if self.layout.at_top else "",
            updated=changed_at,
            language=settings.default_language,
        )
        there = self.folder / path
        ours = path in self.before.files or not there.is_file()
        if not ours and f"<generator>{GENERATOR}<".encode() not in there.read_bytes():
            raise OperatorError(f"{there} is not a Guichet feed: choose another name with --feed, or use --no-feed")
        self._put(path, text.encode())

    def _put(self, path: str, content: bytes) -> None:
        self.new[path] = content
        self.now.files[path] = _digest(content)

    # --- the present state ---

    def _known(self) -> _Known:
        """Return what the last export's manifest says, or nothing if that was another kind of export."""
        path = self.folder / MANIFEST
        with suppress(FileNotFoundError):
            try:
                found = json.loads(path.read_text(encoding="utf-8"))
                table, options = found["table"], found["options"]
                files = {str(name): str(digest) for name, digest in found["files"].items()}
                known = _Known(
                    {
                        page: _Page(**{**one, "latest": [tuple(each) for each in one["latest"]]})
                        for page, one in found["pages"].items()
                    },
                    found["feed"],
                    files,
                )
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise OperatorError(f"{path} cannot be read: remove it, and everything is exported again") from error
            if table != self.settings.table_name:
                raise OperatorError(f"{self.folder} has the comments of another stack: choose another folder")
            if not all(map(_is_within, files)):
                raise OperatorError(f"{path} names files outside its folder: remove it")
            # Its files are still ours, so those that this export does not write are removed.
            return known if options == self._options() else _Known(files=files)
        return _Known()

    def _options(self) -> dict[str, Any]:
        """Return everything other than the comments that determines an export's files."""
        settings = self.settings
        return {
            "version": _VERSION,
            "for": self.options.generator,
            "formats": list(self.options.formats),
            "feed": self.options.feed,
            "site": [settings.site_url, settings.site_name, settings.default_language, settings.time_zone],
        }

    def _is_as_written(self, path: str) -> bool:
        there = self.folder / path
        return there.is_file() and self.before.files.get(path) == _digest(there.read_bytes())

    def _compare(self) -> None:
        for path, content in self.new.items():
            there = self.folder / path
            if not (there.is_file() and there.read_bytes() == content):
                self.done.written.append(path)
        gone = [path for path in self.before.files if path not in self.now.files]
        self.done.removed = [path for path in gone if (self.folder / path).is_file()]
        self.done.unchanged = len(self.now.files) - len(self.done.written)

    # --- writing ---

    def _write(self) -> None:
        # An interrupted export must recognise its files next time.
        self._save(self.before, {**self.before.files, **self.now.files})
        for path in self.done.written:
            _replace(self.folder / path, self.new[path])
        for path in self.done.removed:
            (self.folder / path).unlink(missing_ok=True)
        self._save(self.now, self.now.files)

    def _save(self, known: _Known, files: Mapping[str, str]) -> None:
        manifest = {
            "table": self.settings.table_name,
            "options": self._options(),
            "pages": {page: vars(one) for page, one in sorted(known.pages.items())},
            "feed": known.feed,
            "files": dict(sorted(files.items())),
        }
        _replace(self.folder / MANIFEST, _written(manifest, "json"))


def _spellings(page: str) -> Iterator[str]:
    """Yield the ways that generators may spell a page's path: with each ending, encoded or not."""
    base = _END.sub("", page)
    for end in ("", "/", ".html") if base else ("/",):
        yield f"{base}{end}"
        yield unquote(f"{base}{end}")


def _below(page: str, site_url: str) -> str:
    """Return the path of a page below the folder that the site is in."""
    own = urlsplit(site_url).path.rstrip("/")
    return page.removeprefix(own) if page.startswith(f"{own}/") else page


def _path(folder: str, name: str) -> str:
    return str(PurePosixPath(folder, name))


def _is_within(path: str) -> bool:
    parts = PurePosixPath(path)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in path and ":" not in path


def _time(entry: Entry) -> str:
    return entry.at.isoformat(timespec="microseconds")


def _in_feed(entry: Entry, page: str) -> dict[str, Any]:
    return {
        "id": entry.id,
        "page": page,
        "name": entry.name,
        "time": entry.at.isoformat(timespec="seconds"),
        "html": entry.html,
    }


class _Dumper(yaml.SafeDumper):
    """Quotes all texts, since parsers disagree on what `no` or `0o7` is. Uses no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Return True: nothing is written as a reference to an earlier value."""
        return True


_Dumper.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _written(data: Any, form: str) -> bytes:
    if form == "yaml":
        return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")).encode()
    return (json.dumps(data, ensure_ascii=False, indent=2) + "\n").encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _make_folder(folder: Path) -> None:
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        # Whatever the umask is.
        one.chmod(0o755)


def _replace(path: Path, content: bytes) -> None:
    """Write a file atomically. Comments are public, so the server of the site may read it."""
    _make_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".guichet-", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
