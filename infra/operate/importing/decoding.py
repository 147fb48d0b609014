"""The bytes of a CSV file as lines of text: its encoding, its line ends, its separator."""

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
# What Excel writes above the headings, for itself.
_SEP = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
CALLED = {"utf-8-sig": "UTF-8", "cp1252": "windows-1252"}
_CHUNK = 1 << 20
_MOSTLY = 8
_LONGEST_HEADING = 20
# So many lines may stand above the headings.
_MOST_TITLES = 10
# What a file begins with that is no text, and what to do with it.
_NO_TEXT = {
    b"PK\x03\x04": "is packed. If it is of Excel or LibreOffice, open it there and save it as CSV UTF-8, else unpack",
    b"\xd0\xcf\x11\xe0": "is a file of Excel: open it there and save it as CSV UTF-8",
    b"%PDF": "is a PDF: export the list as CSV",
    b"\x1f\x8b": "is packed: unpack it",
}
# A byte that could not be decoded, as `surrogateescape` keeps it.
_UNDECODED = re.compile("[\udc80-\udcff]")


class Shape(NamedTuple):
    """How a file is written: its encoding, what ends a line, and the character between two cells."""

    encoding: str
    newline: str
    separator: str
    # The line of the headings.
    heading: int
    names: list[str]
    # Whether there are titles above it.
    titled: bool = False


class Text(NamedTuple):
    """A line as it was decoded, and how many bytes have been read up to its end, or a little more."""

    line: str
    bytes_read: int


def shape_of(file: Path) -> Shape:
    """Look at a whole file, and say how it is written. Raises OperatorError if it cannot be read."""
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
    """Yield the lines of a file, with their ends. What cannot be decoded is kept as surrogates."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    with file.open("r", encoding=encoding, errors=errors, newline=newline) as opened:
        buffer = _buffer(opened)
        for line in opened:
            yield Text(line, buffer.tell())


def _buffer(opened: TextIO) -> BinaryIO:
    return opened.buffer


def undecoded(line: str) -> bool:
    """Return whether a part of a line could not be decoded."""
    return bool(_UNDECODED.search(line))


def shown(line: str) -> str:
    r"""Return a line with what could not be decoded as `\xe9`."""
    return _UNDECODED.sub(lambda found: f"\\x{ord(found[0]) & 0xFF:02x}", line)


def _encoding(opened: BinaryIO) -> str:
    """Return the encoding of a file: by its mark, else UTF-8, else windows-1252, as Excel in the West writes it."""
    head = opened.read(_CHUNK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # UTF-16 without its mark: every other byte of text in Latin letters is zero.
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
    # A few broken lines in a file of UTF-8 are broken lines.
    return "utf-8-sig" if valid >= broken else "cp1252"


def _newline(opened: BinaryIO, encoding: str) -> str:
    r"""Return what ends a line: "\n" (before it may be "\r"), or "\r" alone, as Excel for the Mac writes it."""
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
    """Find the line of the headings, and the separator."""
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
        # A heading in quotes may span lines.
        if "".join(taken).count('"') % 2 == 0 or len(taken) > _LONGEST_HEADING:
            separator, names = _headings(file, "".join(taken).strip("\r\n"), given)
            return Shape(encoding, newline, separator, number, names)
    separator, names = _headings(file, "".join(taken).strip("\r\n"), given)
    return Shape(encoding, newline, separator, 1, names)


def _below_titles(file: Path, shape: Shape) -> Shape | None:
    """Return how a file is written whose headings stand below titles, as people write them in spreadsheets.

    None if the first line has the headings, or may be a row already.
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
    """Return the separator and the names of the columns: with the separator that makes the most columns."""
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
