"""Email headers as they go over the wire (RFC 5322, RFC 2047): the same bytes on every Python, read right everywhere.

Python's modern policy folds encoded words wrongly: it loses the blank between two words, or produces words that are
joined or too long (cpython issues 92081, 120930, 144156). So headers are written here, with the older
`email.header.Header`, and the policy hands them on as they are.
"""

import re
from collections.abc import Iterable
from email.header import Header
from email.policy import EmailPolicy
from itertools import groupby
from typing import Any

# RFC 2047: an encoded word has at most 75 characters. RFC 5322 would have lines of at most 78.
_ENCODED_LINE = 75
_LINE = 78
# Needs no encoding: only single blanks, and nothing that looks like an encoded word.
_PLAIN = re.compile(r"[!-~]{1,60}(?: [!-~]{1,60})*")
# The words of a display name that needs no quotes (RFC 5322, `atom`), and what is safe between quotes.
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NO_ESCAPE = re.compile(r'[^"\\]*')
_LOOKS_ENCODED = "=?"
# A header on the wire: printable ASCII on lines of at most 998 characters, continuation lines starting with a blank.
_ON_THE_WIRE = re.compile(r"[ -~]{0,980}(?:\r\n [ -~]{0,997})*")


def text(name: str, value: str) -> str:
    """Return a text as the value of a header, such as `Subject`."""
    if _is_plain(value):
        return _folded(name, value.split(" "))
    return _encoded(name, value)


def mailbox(name: str, display_name: str, address: str) -> str:
    """Return a display name and an ASCII address as the value of a header, such as `From`."""
    if not display_name:
        return address
    phrase = _phrase(name, display_name)
    last_line = f"{name}: {phrase}".rpartition("\n")[2]
    # One for the blank, two for the angle brackets.
    fold = "\r\n" if len(last_line) + 3 + len(address) > _LINE else ""
    return f"{phrase}{fold} <{address}>"


def addresses(name: str, bare: Iterable[str]) -> str:
    """Return ASCII addresses as the value of a header, such as `To`."""
    return _folded(name, ", ".join(bare).split(" "))


def _phrase(name: str, display_name: str) -> str:
    if _is_plain(display_name) and len(display_name) < _LINE:
        if _ATOMS.fullmatch(display_name):
            return display_name
        # Not every mail program reads a backslash as an escape.
        if _NO_ESCAPE.fullmatch(display_name):
            return f'"{display_name}"'
    encoded = _encoded(name, display_name)
    # Python's own address parser, for one, reads a blank between two encoded words of a name where none is meant.
    words = display_name.split(" ")
    return _mixed(name, words) if len(encoded.split()) > 1 and all(words) else encoded


def _mixed(name: str, words: list[str]) -> str:
    """Encode a display name except for its plain words, which stay between the encoded words."""
    runs = groupby(words, lambda word: _is_plain(word) and bool(_ATOMS.fullmatch(word)))
    tokens: list[str] = []
    for plain, run in runs:
        tokens += run if plain else _encoded("" if tokens else name, " ".join(run)).split()
    return _folded(name, tokens)


def _is_plain(value: str) -> bool:
    return _LOOKS_ENCODED not in value and bool(_PLAIN.fullmatch(value))


def _encoded(name: str, value: str) -> str:
    # A lone surrogate cannot be encoded, and `Header` would start a new line at a line break.
    encodable = " ".join(value.encode(errors="replace").decode().splitlines())
    header = Header(encodable, "utf-8", header_name=name, maxlinelen=_ENCODED_LINE)
    return header.encode(linesep="\r\n")


def _folded(name: str, words: list[str]) -> str:
    """Join words by blanks, on lines of at most 78 characters where words allow it."""
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > _LINE and lines[-1] != f"{name}:":
            lines.append("")
        lines[-1] += f" {word}"
    return "\r\n".join(lines).removeprefix(f"{name}: ")


class WirePolicy(EmailPolicy):
    """Takes headers as they go over the wire, and writes them unchanged. Accepts nothing else."""

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Accept a header. Raises ValueError if it contains a line break, or cannot be sent."""
        if not isinstance(value, str) or not _ON_THE_WIRE.fullmatch(value):
            raise ValueError(f"{name} is not written for the wire")
        return name, value

    def header_fetch_parse(self, _name: str, value: Any) -> Any:
        """Return a header as it is on the wire."""
        return value

    def fold(self, name: str, value: Any) -> str:
        """Write a header."""
        return f"{name}: {value}\r\n"

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write a header as bytes."""
        return self.fold(name, value).encode("ascii")


# RFC 2045, section 6.7: a line of quoted-printable has at most 76 characters.
WIRE = WirePolicy(linesep="\r\n", raise_on_defect=True, max_line_length=76)
