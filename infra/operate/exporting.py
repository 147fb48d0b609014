"""Export: records as CSV for a spreadsheet or as JSON Lines, page by page of a scan, so that memory stays flat.

A file grows under the name `FILE.part`. After each page its length and the place in the table are noted beside it, so
that an export that was interrupted, or killed, goes on where it was: what was written behind the last note is cut off.
"""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.subscriber import Imported, Subscriber
from guichet.store.dynamodb import Item
from infra.operate.cells import cell
from infra.operate.connection import OperatorError
from infra.operate.queries import Advance, Page, scan

What = Literal["subscribers", "messages", "everything"]
KINDS: Mapping[What, str | None] = {"subscribers": "subscriber", "messages": "message", "everything": None}
# Excel takes a file for UTF-8 by this alone.
_BOM = "\ufeff"

SUBSCRIBER_COLUMNS = (
    "email", "name", "state", "language", "confirmed_at", "left_at", "asked_at", "page", "consent",
    "consent_version", "consent_claim", "asked_from", "confirmed_from", "unsubscribe_url",
)  # fmt: skip
MESSAGE_COLUMNS = (
    "received_at", "email", "name", "subject", "message", "phone", "other_fields", "page", "language", "spam", "id",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """What is exported from which table, and how.

    `state` chooses subscribers (empty for all), `spam` takes the spam folder too.
    """

    table: str
    what: What
    format: Literal["csv", "jsonl"]
    separator: str
    state: str
    spam: bool


@dataclass
class Progress:
    """How far an export is: when it was begun, bytes and rows written, items looked at, where the last page ended."""

    begun_at: str
    size: int = 0
    rows: int = 0
    looked_at: int = 0
    after: dict[str, Any] | None = None
    finished: bool = False


# Returns the address that unsubscribes: the one in the welcome, for the letters that another tool sends.
Unsubscribe = Callable[[Subscriber], str]


def export_to_stream(order: Order, out: BinaryIO, unsubscribe: Unsubscribe, tell: Advance) -> int:
    """Write an export to a stream; return how many rows it has."""
    progress = Progress(_now())
    out.write(_head(order))
    for page in scan(order.table, KINDS[order.what]):
        write_page(order, page, out, progress, unsubscribe)
        tell(progress.looked_at)
    out.flush()
    return progress.rows


def begun(order: Order, file: Path) -> Progress | None:
    """Return how far the export is that was begun under a file's name, None where there is none.

    Raises OperatorError where it is of another table, or of another kind.
    """
    part, note = _beside(file)
    if not (part.exists() and note.exists()):
        return None
    told = json.loads(note.read_text(encoding="utf-8"))
    if told.pop("order") != asdict(order):
        raise OperatorError(
            f"{part} is an export of another stack, or with other options: give the same, or remove it to begin anew"
        )
    return Progress(**told)


def export_to_file(order: Order, file: Path, progress: Progress | None, unsubscribe: Unsubscribe, tell: Advance) -> int:
    """Write an export to a file that is not there yet, or go on with one that was begun; return how many rows it has.

    Raises OperatorError where the file is there.
    """
    if file.exists():
        raise OperatorError(f"{file} is there already: choose another name, or remove it")
    part, note = _beside(file)
    progress = progress or Progress(_now())
    with part.open("r+b" if progress.size else "wb") as out:
        out.truncate(progress.size)
        out.seek(progress.size)
        if not progress.size:
            out.write(_head(order))
        for page in () if progress.finished else scan(order.table, KINDS[order.what], progress.after):
            write_page(order, page, out, progress, unsubscribe)
            out.flush()
            os.fsync(out.fileno())
            progress.size = out.tell()
            _note(order, progress, note)
            tell(progress.looked_at)
    part.rename(file)
    note.unlink()
    return progress.rows


def _beside(file: Path) -> tuple[Path, Path]:
    return Path(f"{file}.part"), Path(f"{file}.part.json")


def _now() -> str:
    return utc_now().isoformat(timespec="seconds")


def _note(order: Order, progress: Progress, note: Path) -> None:
    new = note.with_suffix(".new")
    new.write_text(json.dumps({"order": asdict(order), **asdict(progress)}), encoding="utf-8")
    # At once: a note is whole whenever the machine stops.
    new.rename(note)


def _head(order: Order) -> bytes:
    if order.format == "jsonl":
        return b""
    columns = SUBSCRIBER_COLUMNS if order.what == "subscribers" else MESSAGE_COLUMNS
    return (_BOM + _csv([columns], order.separator)).encode()


def write_page(order: Order, page: Page, out: BinaryIO, progress: Progress, unsubscribe: Unsubscribe) -> None:
    """Write the rows of a page, and how far that is."""
    rows = list(_wanted(order, page.items))
    if order.format == "csv":
        text = _csv(([cell(value) for value in _cells(row, unsubscribe)] for row in rows), order.separator)
    else:
        text = "".join(json.dumps(_plain(row, unsubscribe), ensure_ascii=False) + "\n" for row in rows)
    out.write(text.encode())
    progress.rows += len(rows)
    progress.looked_at += page.looked_at
    progress.after, progress.finished = page.end, page.end is None


def _wanted(order: Order, items: Iterable[Item]) -> Iterator[Item | Message | Subscriber]:
    for item in items:
        match order.what:
            case "subscribers" if not order.state or item["state"] == order.state:
                yield Subscriber.model_validate(item)
            case "messages" if order.spam or not item.get("spam"):
                yield Message.model_validate(item)
            case "everything":
                yield item


def _plain(row: Item | Message | Subscriber, unsubscribe: Unsubscribe) -> Item:
    if isinstance(row, dict):
        return row
    plain = row.model_dump(mode="json", exclude={"expires_at"})
    return plain | ({"unsubscribe_url": unsubscribe(row)} if isinstance(row, Subscriber) else {})


def _cells(row: Item | Message | Subscriber, unsubscribe: Unsubscribe) -> list[str]:
    match row:
        case Message():
            values: dict[str, Any] = row.model_dump(mode="json")
            values["other_fields"] = "\n".join(f"{name}: {value}" for name, value in row.extra)
            return [values[name] for name in MESSAGE_COLUMNS]
        case Subscriber():
            values = row.model_dump(mode="json", include={"email", "name", "state", "language"})
            values |= {**_proof(row), "unsubscribe_url": unsubscribe(row)}
            for name in ("confirmed_at", "left_at"):
                at = getattr(row, name)
                values[name] = at.isoformat() if at else ""
            # One line each, so that the file can be read line by line.
            return [" ".join(str(values.get(name) or "").split()) for name in SUBSCRIBER_COLUMNS]
        case _:
            raise TypeError(f"no cells for {type(row).__name__}")


def _proof(subscriber: Subscriber) -> dict[str, str]:
    """Return the latest proof of consent as the cells of a row."""
    proof = subscriber.consent
    if proof is not None:
        return {
            "asked_at": proof.asked_at.isoformat(),
            "page": proof.page,
            "consent": proof.wording,
            "consent_version": proof.wording_version,
            "consent_claim": proof.consent_claim,
            "asked_from": proof.asked_from,
            "confirmed_from": proof.confirmed_from,
        }
    brought = next((event for event in reversed(subscriber.history) if isinstance(event, Imported)), None)
    return {"consent": brought.statement, "page": brought.source} if brought else {}


def _csv(rows: Iterable[Iterable[str]], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()
