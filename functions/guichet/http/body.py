"""The body of a request, in any of three media types, as texts by name."""

import json
import re
from typing import Any
from urllib.parse import parse_qsl

from guichet.http.refusal import Refusal, refuse
from guichet.http.request import JSON_TYPE, Request
from guichet.locales import known

MAX_BODY = 64 * 1024
# A body of 64 KiB can name ten thousand fields; no form has so many.
MAX_PAIRS = 200

_FORM_TYPE = "application/x-www-form-urlencoded"
_MULTIPART_TYPE = "multipart/form-data"
_FILE_NAME = re.compile(r";\s*filename\*?\s*=", re.IGNORECASE)

# Line breaks and tabs are text. All other control characters are not, and neither is half of a surrogate pair.
_NOT_TEXT: dict[int, str | None] = {
    **dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0))),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}

Pairs = list[tuple[str, Any]]


def fields_of(request: Request) -> dict[str, Any]:
    """Return the fields of a body by name, clean; those of a repeated name are joined by a comma.

    A value is a text, or what JSON had that is no text. Fields without a name are dropped. Raises Refusal: 413 too
    large, 415 media type, 400 not parsable, 422 empty or too many fields.
    """
    return _joined(_parse(request))


def button_fields(request: Request) -> dict[str, str]:
    """Return the fields that a button of our own pages posts, over those of the address that it posts to.

    A body that cannot be read is passed over: where a mailbox provider posts, all that counts is in the address.
    """
    try:
        posted = fields_of(request)
    except Refusal:
        posted = {}
    fields = {**request.query, **{name: value for name, value in posted.items() if isinstance(value, str)}}
    request.language = known(fields.get("language", "")) or request.language
    return fields


def clean(text: str) -> str:
    """Return a text without control characters and outer blanks, its line breaks as one line feed each."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_NOT_TEXT).strip()


def _parse(request: Request) -> Pairs:
    """Return the names and values of a body, in their order, repeated names included."""
    body = request.body()
    if len(body) > MAX_BODY:
        raise refuse(413, "TOO_LARGE", limit=MAX_BODY // 1024)
    if not body:
        raise refuse(422, "EMPTY")
    readers = {JSON_TYPE: _json_pairs, _FORM_TYPE: _urlencoded_pairs, _MULTIPART_TYPE: _multipart_pairs}
    reader = readers.get(request.content_type)
    header = request.headers.get("content-type", "")
    if reader is None or not _is_utf8(_parameter(header, "charset")):
        raise refuse(415, "UNSUPPORTED_MEDIA_TYPE")
    try:
        pairs = reader(body, header)
    except UnicodeDecodeError:
        raise refuse(400, "BAD_ENCODING") from None
    if len(pairs) > MAX_PAIRS:
        raise refuse(422, "TOO_MANY_FIELDS", limit=MAX_PAIRS)
    return pairs


def _is_utf8(charset: str | None) -> bool:
    # ASCII is UTF-8 too.
    return charset is None or charset.lower() in ("", "utf-8", "utf8", "us-ascii", "ascii")


def _parameter(header: str, name: str) -> str | None:
    """Return a parameter of a Content-Type header (RFC 9110, section 5.6.6)."""
    for part in header.split(";")[1:]:
        key, equals, value = part.partition("=")
        if equals and key.strip().lower() == name:
            return value.strip().strip('"')
    return None


class _JsonObject(list[tuple[str, Any]]):
    """The members of a JSON object: a dict would drop repeated names."""


def _json_pairs(body: bytes, _header: str) -> Pairs:
    def no_constant(name: str) -> None:
        raise ValueError(name)

    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            object_pairs_hook=_JsonObject,
            # A number is kept as it was written: a telephone number is one, too.
            parse_int=str,
            parse_float=str,
            parse_constant=no_constant,
        )
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError):
        raise refuse(400, "BAD_JSON") from None
    if not isinstance(value, _JsonObject):
        raise refuse(400, "BAD_JSON")
    return value


def _urlencoded_pairs(body: bytes, _header: str) -> Pairs:
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PAIRS)
    except UnicodeDecodeError:
        raise
    except ValueError:
        raise refuse(422, "TOO_MANY_FIELDS", limit=MAX_PAIRS) from None


def _multipart_pairs(body: bytes, header: str) -> Pairs:
    # Only such bodies pay for the import.
    from multipart import MultipartError, PushMultipartParser  # noqa: PLC0415

    pairs: list[tuple[str, bytes]] = []
    of_file = False
    try:
        with PushMultipartParser(_parameter(header, "boundary") or "") as parser:
            for event in parser.parse(body):
                if isinstance(event, (bytes, bytearray)):
                    if of_file:
                        raise refuse(415, "NO_FILE_UPLOADS")
                    name, value = pairs[-1]
                    pairs[-1] = name, value + event
                elif event is not None:
                    # An empty file input is sent with an empty name and no content, and is no file.
                    of_file = bool(_FILE_NAME.search(event.header("Content-Disposition", "")))
                    if event.filename:
                        raise refuse(415, "NO_FILE_UPLOADS")
                    if not _is_utf8(event.charset):
                        raise refuse(415, "UNSUPPORTED_MEDIA_TYPE")
                    pairs.append((event.name or "", b""))
    except MultipartError:
        raise refuse(400, "BAD_REQUEST") from None
    return [(name, value.decode()) for name, value in pairs]


def _joined(pairs: Pairs) -> dict[str, Any]:
    """Return clean texts by name, those of repeated names joined by a comma. Fields without a name are dropped."""
    texts: dict[str, Any] = {}
    for raw_name, raw_value in pairs:
        name, value = clean(raw_name), _text(raw_value)
        before = texts.get(name, "")
        if isinstance(before, str) and isinstance(value, str):
            texts[name] = ", ".join(filter(None, (before, value)))
        elif isinstance(before, str):
            # No text: it is for the model to refuse.
            texts[name] = value
    texts.pop("", None)
    return texts


def _text(value: Any) -> Any:
    """Return a JSON value as text: scalars and lists of scalars; an object or a deeper list stays what it is."""
    match value:
        case str():
            return clean(value)
        case bool():
            return "true" if value else "false"
        case None:
            return ""
        case _JsonObject():
            return value
        case list() if all(isinstance(part, str | bool | None) for part in value):
            return ", ".join(filter(None, map(_text, value)))
        case _:
            return value
