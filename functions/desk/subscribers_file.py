"""/desk/subscribers/file: the lists as CSV, with a fresh code. A session alone must not expose whole lists."""

import base64
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, get_args

from desk import fresh_code, pages, words
from desk.call import Call, DeskError, Route
from guichet.http.links import unsubscribe_link
from guichet.http.responses import HEADERS, Response
from guichet.locales import locale
from guichet.records.record import utc_now
from guichet.records.subscriber import State
from guichet.records.subscriber_fields import COLUMNS, cells_of
from guichet.signing import token, verified
from guichet.spreadsheet import BOM, csv_of
from guichet.store import subscriber_lists
from guichet.store.dynamodb import retry_budget
from guichet.store.submissions import OverCapError
from guichet.telemetry import logger

STATES: tuple[State, ...] = get_args(State)
# How long files may be downloaded after the code was typed.
_OPEN_FOR = timedelta(minutes=10)
_PURPOSE = "desk-download"
# The most subscribers in one file.
_PER_FILE = 10_000
_MOST_FILES = 4096
# A Lambda response has 6 MB at most, and base64 adds a third (AWS: "Lambda quotas"); the function has 29 s.
_MOST_BYTES = 4_200_000
_MOST_SECONDS = 20.0
_LONGEST_NUMBER = 12


class _TooLargeError(Exception):
    """A file is too large, or takes too long, for one response."""


def begin(call: Call) -> Response:
    """Say what the files contain, with the button that mails the code."""
    return pages.page(call, "subscribers_file.html", title=_title(call), wrong="")


def ask(call: Call) -> Response:
    """Mail the owner a code."""
    try:
        return fresh_code.ask(call, "download", "subscribers/file/code")
    except OverCapError:
        return pages.page(call, "subscribers_file.html", title=_title(call), status=429, wrong="many_codes")


def show_code(call: Call) -> Response:
    """Show the line for the code."""
    return _code_page(call)


def _code_page(call: Call, status: int = 200, wrong: str = "") -> Response:
    title = words.say("subscribers.code_title", call.language)
    return pages.page(call, "subscribers_code.html", title=title, status=status, wrong=wrong)


def take_code(call: Call) -> Response:
    """Offer the files, if the code is right: for some minutes, and only in this session."""
    if not fresh_code.accept(call):
        return _code_page(call, 422, "wrong_code")
    return _files_page(call, utc_now() + _OPEN_FOR)


def _files_page(call: Call, until: datetime, too_large: State | None = None, parts: int = 1) -> Response:
    """Show the files: as many as each list needs. `parts` is the number for the list that was too large."""
    lists = []
    for state in STATES:
        total = subscriber_lists.count(call.table_name, state)
        files = max(1, ceil(total / _PER_FILE), parts if state == too_large else 1)
        lists.append({"state": state, "total": call.number(total), "empty": not total, "files": files})
    return pages.page(
        call,
        "subscribers_files.html",
        title=words.say("subscribers.files_title", call.language),
        lists=lists,
        until=until,
        too_large=too_large,
        permit=_permit(call, until),
        expires=str(int(until.timestamp())),
    )


def _permit(call: Call, until: datetime) -> str:
    return token(call.settings.signing_secret, _PURPOSE, call.signed_in.id, until)


def download(call: Call) -> Response:
    """Return a file. Without a valid permit of this session, redirect to where a code is requested."""
    fields = call.fields
    until = datetime.fromtimestamp(_whole(fields.get("expires", "")), UTC)
    proven = verified(fields.get("permit", ""), call.settings.signing_secret, _PURPOSE, call.signed_in.id, until)
    if not proven or until < utc_now():
        return pages.done(call, "subscribers/file", told="ended")
    state, part, parts = fields.get("state", ""), _whole(fields.get("part", "")), _whole(fields.get("parts", ""))
    if state not in STATES or not 1 <= part <= parts <= _MOST_FILES:
        raise DeskError(404, "no_such_page")
    zipped = "gzip" in call.request.headers.get("accept-encoding", "").lower()
    try:
        content = _content(call, state, part, parts, zipped=zipped)
    except _TooLargeError:
        # Half as much in each.
        return _files_page(call, until, state, min(2 * parts, _MOST_FILES))
    logger.info("downloaded", request_id=call.request.id, session_id=call.signed_in.id, state=state, part=part)
    day = utc_now().date().isoformat()
    name = f"{day}-{state}{f'-{part}-{parts}' if parts > 1 else ''}.csv"
    headers = {
        **HEADERS,
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": f'attachment; filename="{name}"',
        "vary": "accept-encoding",
        **({"content-encoding": "gzip"} if zipped else {}),
    }
    return {
        "statusCode": 200,
        "headers": headers,
        "body": base64.b64encode(content).decode(),
        "isBase64Encoded": True,
    }


def _content(call: Call, state: State, part: int, parts: int, *, zipped: bool) -> bytes:
    """Return a file, as it is sent. Raises _TooLargeError."""
    packed: Any = zlib.compressobj(6, zlib.DEFLATED, 16 + zlib.MAX_WBITS) if zipped else None
    content = bytearray()
    # It takes longer than a page's retry budget.
    with retry_budget(_MOST_SECONDS) as ends:
        for text in _texts(call, state, part, parts):
            content += packed.compress(text.encode()) if packed else text.encode()
            if len(content) > _MOST_BYTES or time.monotonic() > ends:
                raise _TooLargeError
    if packed:
        content += packed.flush()
    if len(content) > _MOST_BYTES:
        raise _TooLargeError
    return bytes(content)


def _texts(call: Call, state: State, part: int, parts: int) -> Iterator[str]:
    settings = call.settings
    separator = locale(settings.default_language).SEPARATOR
    yield BOM + csv_of([COLUMNS], separator)
    for found in subscriber_lists.part(call.table_name, state, part, parts):
        yield csv_of(
            (
                cells_of(one, unsubscribe_link(settings.api_url, one.id, one.language, settings.signing_secret))
                for one in found
            ),
            separator,
        )


def _whole(text: str) -> int:
    """Return a posted whole number; 0 for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < _LONGEST_NUMBER else 0


def _title(call: Call) -> str:
    return words.say("subscribers.file_title", call.language)


ROUTES: dict[str, Route] = {
    "GET subscribers/file": begin,
    "POST subscribers/file": ask,
    "GET subscribers/file/code": show_code,
    "POST subscribers/file/code": take_code,
    "POST subscribers/file/download": download,
}
