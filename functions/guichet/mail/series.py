"""The copies of an issue: composed once, then addressed to each reader by operations on bytes.

A copy differs in its recipient, its link to unsubscribe, its Message-ID and its date. The composed email has a mark for
each of these, where it is cut. Within the quoted-printable parts (RFC 2045, section 6.7), soft line breaks surround the
link, so that it changes no other line.
"""

import re
import secrets
from email.message import MIMEPart
from email.quoprimime import body_encode
from email.utils import format_datetime, make_msgid

from markupsafe import escape

from guichet.locales import Language
from guichet.mail import headers, mime
from guichet.mail.emails import issue as email
from guichet.records.issue import Edition, Issue, WrittenIssue
from guichet.records.record import utc_now
from guichet.settings import MailSettings

# RFC 2045: at most 76 characters, with the `=` of a soft line break.
_LONGEST_ENCODED = 75
_SOFT_BREAK = b"=\r\n"
_TO, _MESSAGE_ID, _DATE, _UNSUBSCRIBE, _TEXT, _HTML = range(6)
_ONE_WORD = re.compile(r"[!-;=?-~]+")
# As much as fits without splitting an escape.
_ENCODED_LINE = re.compile(rb".{1,75}(?<!=)(?<!=.)")


class Series:
    """The copies of an issue's edition."""

    def __init__(self, issue: Issue, edition: Edition, language: Language, settings: MailSettings) -> None:
        self._domain = settings.from_email.rpartition("@")[2]
        # Random, so nobody can have written them.
        marks = [f"mark{secrets.token_hex(16)}" for _ in range(6)]
        written = WrittenIssue(issue, edition, language, (marks[_TO],), marks[_UNSUBSCRIBE])
        content = email.content(written, language, settings)
        message = mime.written(email.NAME, email.AUDIENCE, content, language, settings)
        message.replace_header("Message-ID", marks[_MESSAGE_ID])
        message.replace_header("Date", marks[_DATE])
        places = {mark.encode(): place for place, mark in enumerate(marks)}
        # The pieces of each part around its links.
        around = {
            mark.encode(): _cut(part, marks[_UNSUBSCRIBE], mark)
            for part, mark in zip(message.iter_parts(), (marks[_TEXT], marks[_HTML]), strict=True)
        }
        self._pieces: list[bytes | int] = []
        for piece in re.split(rb"(mark[0-9a-f]{32})", message.as_bytes()):
            if piece in around:
                first, *further = around[piece]
                self._pieces.append(first)
                for after in further:
                    self._pieces += [places[piece], after]
            else:
                self._pieces.append(places.get(piece, piece))

    def addressed(self, to: str, unsubscribe_link: str) -> bytes:
        """Return the raw message of one reader. Raises ValueError if the address or the link is invalid."""
        if not (_ONE_WORD.fullmatch(to) and _ONE_WORD.fullmatch(unsubscribe_link)):
            raise ValueError("neither an address nor a link has blanks, line breaks or angle brackets")
        values = (
            _header("To", headers.addresses("To", (to,))),
            _header("Message-ID", make_msgid(domain=self._domain)),
            _header("Date", format_datetime(utc_now())),
            _header("List-Unsubscribe", unsubscribe_link),
            _encoded(unsubscribe_link),
            _encoded(str(escape(unsubscribe_link))),
        )
        return b"".join(values[piece] if isinstance(piece, int) else piece for piece in self._pieces)


def _header(name: str, value: str) -> bytes:
    headers.WIRE.header_store_parse(name, value)
    return value.encode("ascii")


def _cut(part: MIMEPart, link: str, mark: str) -> list[bytes]:
    """Return a part's encoded text around each link, and put a mark in its place."""
    pieces = part.get_content().replace("\r\n", "\n").split(link)
    part.set_payload(f"{mark}\r\n")
    last = len(pieces) - 1
    return [
        (_SOFT_BREAK if place and not piece.startswith("\n") else b"")
        + _quoted_printable(piece if place < last else piece.removesuffix("\n"))
        + (_SOFT_BREAK if place < last and not piece.endswith("\n") else b"")
        for place, piece in enumerate(pieces)
    ]


def _quoted_printable(text: str) -> bytes:
    return body_encode(text.encode().decode("latin-1"), _LONGEST_ENCODED, eol="\r\n").encode("ascii")


def _encoded(link: str) -> bytes:
    """Return a link as quoted-printable."""
    # It is printable ASCII, where nothing else needs encoding.
    return _SOFT_BREAK.join(_ENCODED_LINE.findall(link.replace("=", "=3D").encode("ascii")))
