"""Other people's readers of emails: Perl's decoder of headers, and Node's postal-mime."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.npm import CLIENTS, node
from tests.support.stack import missing

_PERL = r"""
$| = 1;
while (my $line = <STDIN>) {
    my $read = decode("MIME-Header", decode_base64($line));
    print encode_base64(encode("UTF-8", $read), ""), "\n";
}
"""
# A mailbox: a phrase, perhaps in quotes, and an address (RFC 5322).
_MAILBOX = re.compile(r'(?:"(?P<quoted>[^"\\]*)"|(?P<phrase>[^"<>]*?))\s*<(?P<address>[^<>]+)>|(?P<bare>[^<>"]+)')


class Reader:
    """A program that answers each line with a line."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=CLIENTS)

    def ask(self, question: bytes) -> bytes:
        """Return the answer to a question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(base64.b64encode(question) + b"\n")
        self._process.stdin.flush()
        return self._process.stdout.readline()

    def end(self) -> None:
        """End the program."""
        self._process.communicate(timeout=10)


@contextmanager
def perl() -> Iterator[Reader]:
    """Run Perl's decoder for the duration of the block. Skips or fails without Perl."""
    found = shutil.which("perl")
    if found is None:
        missing("Perl")
    reader = Reader([found, "-MEncode", "-MMIME::Base64", "-e", _PERL])
    yield reader
    reader.end()


@contextmanager
def postal_mime() -> Iterator[Reader]:
    """Run postal-mime for the duration of the block. Skips or fails without Node."""
    reader = Reader([node(), str(CLIENTS / "read_mail.mjs")])
    yield reader
    reader.end()


def on_the_wire(raw: bytes, name: str) -> str:
    """Return the value of a header as it is on the wire, folded."""
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii") + "\r\n"
    (value,) = re.findall(rf"^{name}: (.*(?:\r\n .*)*)\r$", head, re.MULTILINE)
    return str(value)


def text_by_perl(reader: Reader, raw: bytes, name: str) -> str:
    """Return a header as Perl decodes it."""
    return base64.b64decode(reader.ask(on_the_wire(raw, name).encode())).decode()


def mailbox_by_perl(reader: Reader, raw: bytes, name: str) -> tuple[str, str]:
    """Return the display name and the address of a header as Perl decodes them."""
    parts = _MAILBOX.fullmatch(on_the_wire(raw, name).replace("\r\n", ""))
    assert parts is not None, on_the_wire(raw, name)
    if parts["phrase"]:
        return base64.b64decode(reader.ask(parts["phrase"].encode())).decode(), parts["address"]
    return parts["quoted"] or "", parts["address"] or parts["bare"]


def read_by_postal_mime(reader: Reader, raw: bytes) -> dict[str, Any]:
    """Return what postal-mime reads in an email."""
    read: dict[str, Any] = json.loads(reader.ask(raw))
    return read
