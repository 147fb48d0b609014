"""Decode the bytes of a CSV file into lines of text: its encoding, its line endings, its separator."""

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, TextIO

from infra.operate.connection import OperatorError
from infra.operate.importing.meaning import plain
from infra.operate.importing.vocabulary import NAMES

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
# Excel writes this above the headings, for its own use.
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
CALLED = {"utf-8-sig": "UTF-8", "cp1252": "windows-1252"}
_CHUNK = 1 << 20
_MOSTLY = 8
_LONGEST_HEADING = 20
# The most lines above the headings.
_MOST_TITLES = 10
# How files that are not text begin, and what to do with them.
_NO_TEXT = {
    b"PK\x03\x04": "is zipped. If it is from Excel or LibreOffice, open it there and save it as CSV UTF-8, else unzip",
    b"\xd0\xcf\x11\xe0": "is an Excel file: open it there and save it as CSV UTF-8",
    b"%PDF": "is a PDF: export the list as CSV",
    b"\x1f\x8b": "is gzipped: unpack it",
}
# A byte that could not be decoded, as `surrogateescape` keeps it.
_UNDECODED = re.compile("[\udc80-\udcff]")


class Shape(NamedTuple):
    """How a file is written: its encoding, its line ending, and its separator."""

    encoding: str
    newline: str
    separator: str
    # The number of the line with the headings.
    heading: int
    names: list[str]
    # Whether there are titles above the headings.
    titled: bool = False


class Text(NamedTuple):
    """A decoded line, and about how many bytes have been read up to its end (never fewer)."""

    line: str
    bytes_read: int


def shape_of(file: Path) -> Shape:
    """Scan a whole file and return how it is written. Raises OperatorError if it cannot be read."""
    try:
        with file.open("rb") as opened:
            head = opened.read(len(b"PK\x03\x04"))
            if found := next((what for mark, what in _NO_TEXT.items() if head.startswith(mark)), None):
                raise OperatorError(f"{file} {found}")
            opened.seek(0)
            encoding = _encoding(opened)
            newline = _newline(opened, encoding)
        shape = _with_headings(file, encoding, newline)
        return _below_titles(file, shape) or shape
    except OSError as error:
        raise OperatorError(f"{file}: {error.strerror}") from None


def lines(file: Path, encoding: str, newline: str) -> Iterator[Text]:
    """Yield the lines of a file, with their line endings. Bytes that cannot be decoded are kept as surrogates."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    with file.open("r", encoding=encoding, errors=errors, newline=newline) as opened:
        buffer = _buffer(opened)
        for line in opened:
            yield Text(line, buffer.tell())


def _buffer(opened: TextIO) -> BinaryIO:
    return opened.buffer


def undecoded(line: str) -> bool:
    """Return whether any part of a line could not be decoded."""
    return bool(_UNDECODED.search(line))


def shown(line: str) -> str:
    r"""Return a line with its undecoded bytes written as `\xe9`."""
    return _UNDECODED.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", line)


def _encoding(opened: BinaryIO) -> str:
    """Return a file's encoding: as its byte order mark says, else UTF-8, else windows-1252, as Western Excel writes."""
    head = opened.read(_CHUNK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # UTF-16 without a byte order mark: in Latin text, every other byte is zero.
    even, odd = head[::2].count(0), head[1::2].count(0)
    for encoding, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > len(head) // 4 and zeros > _MOSTLY * others:
            return encoding
    opened.seek(0)
    valid = broken = 0
    for raw in opened:
        if not raw.isascii():
            try:
                raw.decode("utf-8-sig")
                valid += raw[:3] != codecs.BOM_UTF8 or not raw[3:].isascii()
            except UnicodeDecodeError:
                broken += 1
    # A UTF-8 file with a few broken lines is still UTF-8.
    return "utf-8-sig" if valid >= broken else "cp1252"


def _newline(opened: BinaryIO, encoding: str) -> str:
    r"""Return the line ending: "\n" (perhaps after "\r"), or "\r" alone, as Excel for the Mac writes it."""
    opened.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    quoted = False
    returns = 0
    while chunk := opened.read(_CHUNK):
        for number, part in enumerate(decoder.decode(chunk).split('"')):
            quoted ^= number > 0
            if not quoted:
                if "\n" in part:
                    return "\n"
                returns += part.count("\r")
    return "\r" if returns else "\n"


def _with_headings(file: Path, encoding: str, newline: str) -> Shape:
    """Find the line with the headings, and the separator."""
    given: str | None = None
    taken: list[str] = []
    for number, (line, _) in enumerate(lines(file, encoding, newline), 1):
        text = line.strip("\r\n")
        if not taken and (found := _SEP.fullmatch(text.strip(" \ufeff"))) and number == 1:
            given = found[1]
            continue
        if not taken and not text.strip():
            continue
        taken.append(line)
        # A quoted heading may span lines.
        if "".join(taken).count('"') % 2 == 0 or len(taken) > _LONGEST_HEADING:
            separator, names = _headings(file, "".join(taken).strip("\r\n"), given)
            return Shape(encoding, newline, separator, number, names)
    separator, names = _headings(file, "".join(taken).strip("\r\n"), given)
    return Shape(encoding, newline, separator, 1, names)


def _below_titles(file: Path, shape: Shape) -> Shape | None:
    """Return the shape of a file whose headings are below titles, as people write them in spreadsheets.

    None if the first line has the headings, or may already be a row.
    """
    if any(_of_addresses(name) or "@" in name for name in shape.names):
        return None
    for number, (line, _) in enumerate(lines(file, shape.encoding, shape.newline), 1):
        if number <= shape.heading:
            continue
        text = line.strip("\r\n")
        if "@" in text or text.count('"') % 2 or number > shape.heading + _MOST_TITLES:
            return None
        separator, names = _headings(file, text, None) if text else ("", [])
        if any(_of_addresses(name) for name in names):
            return Shape(shape.encoding, shape.newline, separator, number, names, titled=True)
    return None


def _of_addresses(name: str) -> bool:
    return plain(name) in NAMES["email"]


def _headings(file: Path, head: str, given: str | None) -> tuple[str, list[str]]:
    """Return the separator that makes the most columns, and the names of those columns."""
    found: dict[str, list[str]] = {}
    for separator in [given] if given else (*SEPARATORS.values(), "|"):
        try:
            (found[separator],) = csv.reader([head], delimiter=separator, strict=True)
        except (csv.Error, ValueError, TypeError):
            continue
    if not found:
        raise OperatorError(f"{file}: the first line must name the columns")
    separator = max(found, key=lambda one: len(found[one]))
    return separator, [name.strip().strip("\ufeff") for name in found[separator]]
