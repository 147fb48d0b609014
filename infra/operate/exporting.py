"""Export records as CSV for a spreadsheet or as JSON Lines, one page of a scan at a time to keep memory flat.

The file is written as `FILE.part`. A checkpoint beside it records, after each page, the file's length and the place in
the table. An interrupted or killed export resumes there: anything written after the last checkpoint is truncated.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal

from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.records.subscriber_fields import COLUMNS, cells_of, of_subscriber
from guichet.spreadsheet import BOM, csv_of
from guichet.store.dynamodb import Item
from infra.operate import archive, leaving
from infra.operate.archive import NO_SECRETS, Secrets
from infra.operate.connection import OperatorError
from infra.operate.fields import message_cells, message_columns, of_submission
from infra.operate.queries import Advance, Page, scan

What = Literal["subscribers", "messages", "everything"]
KINDS: Mapping[What, str | None] = {"subscribers": "subscriber", "messages": "message", "everything": None}


@dataclass(frozen=True)
class Options:
    """What to export from which table, and how.

    `state` selects subscribers (empty for all); `spam` includes the spam folder; `form` selects messages (empty for
    all), and `fields` are a declared form's own, which get a column each.
    """

    table: str
    what: What
    format: Literal["csv", "jsonl"]
    separator: str
    state: str
    spam: bool
    form: str = ""
    # A list, as in a checkpoint.
    fields: list[str] = field(default_factory=list)
    # The tool that will import the file. People without an address are left out.
    tool: leaving.Tool | Literal[""] = ""


@dataclass
class Progress:
    """The progress of an export: when it began, bytes and rows written, items read, and where the last page ended."""

    begun_at: str
    size: int = 0
    rows: int = 0
    looked_at: int = 0
    after: dict[str, Any] | None = None
    finished: bool = False
    # For an archive: how many items of each kind.
    kinds: dict[str, int] = field(default_factory=dict)


# Returns the unsubscribe link, the same as in the welcome email, for newsletters sent by another tool.
Unsubscribe = Callable[[Subscriber], str]


class _Hashed:
    """A stream that hashes what is written to it."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.content = hashlib.sha256()

    def write(self, raw: bytes) -> None:
        """Write bytes."""
        self.content.update(raw)
        self._out.write(raw)


def export_to_stream(
    options: Options, out: BinaryIO, unsubscribe: Unsubscribe, advance: Advance, secrets: Secrets = NO_SECRETS
) -> int:
    """Write an export to a stream. Return the number of rows. Only an archive needs secrets."""
    progress, hashed = Progress(_now()), _Hashed(out)
    hashed.write(_head(options, progress, secrets))
    for page in _pages(options):
        write_page(options, page, hashed, progress, unsubscribe)
        advance(progress.looked_at)
    out.write(_end(options, progress, hashed.content, secrets))
    out.flush()
    return progress.rows


def _pages(options: Options, after: dict[str, Any] | None = None) -> Iterator[Page]:
    return scan(options.table, KINDS[options.what], after, as_stored=options.what == "everything")


def interrupted(options: Options, file: Path) -> Progress | None:
    """Return the progress of an interrupted export to a file, or None.

    Raises OperatorError if that export was of another table, or had other options.
    """
    part, checkpoint = _partial_files(file)
    if not (part.exists() and checkpoint.exists()):
        return None
    fields = json.loads(checkpoint.read_text(encoding="utf-8"))
    if fields.pop("options") != asdict(options):
        raise OperatorError(
            f"{part} is an export of another stack, or with other options: use the same, or remove it to start over"
        )
    return Progress(**fields)


def export_to_file(  # noqa: PLR0913, PLR0917  what to export, where, and how
    options: Options,
    file: Path,
    progress: Progress | None,
    unsubscribe: Unsubscribe,
    advance: Advance,
    secrets: Secrets = NO_SECRETS,
) -> int:
    """Write an export to a new file, or resume an interrupted one. Return the number of rows.

    Raises OperatorError if the file exists.
    """
    if file.exists():
        raise OperatorError(f"{file} already exists: choose another name, or remove it")
    part, checkpoint = _partial_files(file)
    progress = progress or Progress(_now())
    with part.open("r+b" if progress.size else "w+b") as out:
        out.truncate(progress.size)
        out.seek(progress.size)
        if not progress.size:
            out.write(_head(options, progress, secrets))
        for page in () if progress.finished else _pages(options, progress.after):
            write_page(options, page, out, progress, unsubscribe)
            out.flush()
            os.fsync(out.fileno())
            progress.size = out.tell()
            _save(options, progress, checkpoint)
            advance(progress.looked_at)
        out.seek(0)
        content = hashlib.file_digest(out, "sha256")
        out.write(_end(options, progress, content, secrets))
    part.rename(file)
    checkpoint.unlink()
    return progress.rows


def _partial_files(file: Path) -> tuple[Path, Path]:
    return Path(f"{file}.part"), Path(f"{file}.part.json")


def _now() -> str:
    return utc_now().isoformat(timespec="seconds")


def _save(options: Options, progress: Progress, checkpoint: Path) -> None:
    new = checkpoint.with_suffix(".new")
    new.write_text(json.dumps({"options": asdict(options), **asdict(progress)}), encoding="utf-8")
    # Atomic: a checkpoint is complete even if the machine stops now.
    new.rename(checkpoint)


def _head(options: Options, progress: Progress, secrets: Secrets) -> bytes:
    if options.what == "everything":
        return archive.head_line(secrets, progress.begun_at)
    if options.tool:
        return leaving.head_of(options.tool).encode()
    if options.format == "jsonl":
        return b""
    columns = COLUMNS if options.what == "subscribers" else message_columns(options.fields)
    return (BOM + csv_of([columns], options.separator)).encode()


def _end(options: Options, progress: Progress, content: "hashlib._Hash", secrets: Secrets) -> bytes:
    return archive.end_line(secrets, content, progress.rows, progress.kinds) if options.what == "everything" else b""


def write_page(
    options: Options, page: Page, out: "BinaryIO | _Hashed", progress: Progress, unsubscribe: Unsubscribe
) -> None:
    """Write the rows of a page, and update the progress."""
    if options.what == "everything":
        items = [archive.plain_item(item) for item in page.items]
        progress.kinds = dict(Counter(progress.kinds) + Counter(map(archive.kind_of, items)))
        out.write(b"".join(map(archive.line, items)))
        progress.rows += len(items)
    else:
        rows = list(_selected(options, page.items))
        if options.tool:
            text = leaving.rows_of(options.tool, (row for row in rows if isinstance(row, Subscriber)))
        elif options.format == "csv":
            text = csv_of((_cells(row, options, unsubscribe) for row in rows), options.separator)
        else:
            text = "".join(json.dumps(_plain(row, unsubscribe), ensure_ascii=False) + "\n" for row in rows)
        out.write(text.encode())
        progress.rows += len(rows)
    progress.looked_at += page.looked_at
    progress.after, progress.finished = page.end, page.end is None


def _selected(options: Options, items: Iterable[Item]) -> Iterator[Message | Subscriber]:
    for item in items:
        match options.what:
            case "subscribers" if not options.state or item["state"] == options.state:
                subscriber = Subscriber.model_validate(item)
                if subscriber.email or not options.tool:
                    yield subscriber
            case "messages" if options.spam or not item.get("spam"):
                message = Message.model_validate(item)
                if options.form in ("", message.form):
                    yield message


def _plain(row: Message | Subscriber, unsubscribe: Unsubscribe) -> Item:
    match row:
        case Message():
            fields = of_submission(row)
        case Subscriber():
            fields = {**of_subscriber(row), "unsubscribe_url": unsubscribe(row)}
    fields.pop("expires_at", None)
    return fields


def _cells(row: Message | Subscriber, options: Options, unsubscribe: Unsubscribe) -> list[str]:
    match row:
        case Message():
            return message_cells(row, options.fields)
        case Subscriber():
            return cells_of(row, unsubscribe(row))
