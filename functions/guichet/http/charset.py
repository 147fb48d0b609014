"""The encoding of a form's text: UTF-8, or windows-1252 from an old page.

Browsers submit a form in the encoding of its page, which they do not name unless the form asks for it by a field called
`_charset_` (HTML Living Standard, "Constructing the entry list"). Labels and table are the WHATWG's (Encoding
Standard): Latin-1 and ASCII are windows-1252 there, as they are for every browser.
"""

from collections.abc import Collection, Iterable

_UTF_8 = frozenset(("unicode-1-1-utf-8", "unicode11utf8", "unicode20utf8", "utf-8", "utf8", "x-unicode20utf8"))
_WINDOWS_1252 = frozenset(
    (
        "ansi_x3.4-1968",
        "ascii",
        "cp1252",
        "cp819",
        "csisolatin1",
        "ibm819",
        "iso-8859-1",
        "iso-ir-100",
        "iso8859-1",
        "iso88591",
        "iso_8859-1",
        "iso_8859-1:1987",
        "l1",
        "latin1",
        "us-ascii",
        "windows-1252",
        "x-cp1252",
    )
)
# Not in the standard, but used by programs.
_FURTHER = frozenset(("latin-1", "cp-1252"))
# Python's codec refuses five bytes that the standard reads as control characters.
_TABLE = {byte: bytes((byte,)).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}


def is_read(label: str) -> bool:
    """Return whether forms in a labelled encoding can be read. An empty label names none."""
    return _named(label) in ("", *_UTF_8, *_WINDOWS_1252, *_FURTHER)


def decoded(texts: Collection[bytes], labels: Iterable[str]) -> list[str]:
    """Return the texts of a form, all decoded the same way. `labels` are the encodings that it names.

    Valid UTF-8 is taken as UTF-8, whatever the label: text in other encodings hardly ever looks like it. Raises
    UnicodeDecodeError if it is invalid and the form names an encoding other than windows-1252.
    """
    try:
        return [text.decode() for text in texts]
    except UnicodeDecodeError:
        if {_named(label) for label in labels} - _WINDOWS_1252 - _FURTHER - {""}:
            raise
    return [text.decode("latin-1").translate(_TABLE) for text in texts]


def _named(label: str) -> str:
    return label.strip().lower()
