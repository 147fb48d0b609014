"""Parse a request body of any of three media types into texts by field name."""

import json
import re
from collections.abc import Iterable
from typing import Any, Self
from urllib.parse import parse_qsl

from guichet.http import charset
from guichet.http.refusal import Refusal, refuse
from guichet.http.request import JSON_TYPE, Request
from guichet.locales import known
from guichet.visible import is_visible

MAX_BODY = 64 * 1024
# 64 KiB can hold ten thousand fields. No real form has that many.
MAX_PAIRS = 200

_FORM_TYPE = "application/x-www-form-urlencoded"
_MULTIPART_TYPE = "multipart/form-data"
# Filled in by browsers (HTML Living Standard).
_CHARSET_FIELD = b"_charset_"
_JSON_CHARSETS = ("", "utf-8", "utf8", "us-ascii", "ascii")
_FILE_NAME = re.compile(r";\s*filename\*?\s*=", re.IGNORECASE)

# Line breaks and tabs are text. Other control characters and lone surrogates are not.
_NOT_TEXT: dict[int, str | None] = {
    **dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0))),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}

Pairs = list[tuple[str, Any]]


class Repeated(str):
    """The values of a repeated name or of a JSON list, joined with a comma. `parts` has them separately."""

    __slots__ = ("parts",)
    parts: tuple[str, ...]

    def __new__(cls, values: Iterable[str]) -> Self:
        """Join the values that are not empty."""
        parts = tuple(part for value in values for part in parts_of(value))
        joined = super().__new__(cls, ", ".join(parts))
        joined.parts = parts
        return joined


def parts_of(value: str) -> tuple[str, ...]:
    """Return the separate values of a field: none, one, or those of a repeated name."""
    return value.parts if isinstance(value, Repeated) else (value,) if value else ()


def fields_of(request: Request, largest: int = MAX_BODY) -> dict[str, Any]:
    """Return the cleaned fields of a body by name. Values of a repeated name are joined with a comma.

    A value is a text, unless JSON held something else. Fields without a name are dropped.

    Raises Refusal: 413 larger than `largest` bytes, 415 media type, 400 not parsable, 422 empty or too many fields.
    """
    return _joined(_parse(request, largest))


def button_fields(request: Request) -> dict[str, str]:
    """Return the fields posted by a button on one of our pages, merged over the query string.

    An unreadable body is ignored: when a mailbox provider posts, everything that matters is in the URL.
    """
    try:
        posted = fields_of(request)
    except Refusal:
        posted = {}
    fields = {**request.query, **{name: value for name, value in posted.items() if isinstance(value, str)}}
    request.language = known(fields.get("language", "")) or request.language
    return fields


def clean(text: str) -> str:
    """Strip control characters and surrounding whitespace, and normalize line breaks to line feeds.

    A text without any visible character becomes empty.
    """
    cleaned = text.replace("\r\n", "\n").replace("\r", "\n").translate(_NOT_TEXT).strip()
    return cleaned if is_visible(cleaned) else ""


def _parse(request: Request, largest: int) -> Pairs:
    """Return the names and values of a body in order, including repeated names."""
    body = request.body()
    if len(body) > largest:
        raise refuse(413, "TOO_LARGE", limit=largest // 1024)
    if not body:
        raise refuse(422, "EMPTY")
    header = request.headers.get("content-type", "")
    label = _parameter(header, "charset")
    # JSON is UTF-8 (RFC 8259); ASCII is a subset.
    readable = label.lower() in _JSON_CHARSETS if request.content_type == JSON_TYPE else charset.is_read(label)
    readers = {JSON_TYPE: _json_pairs, _FORM_TYPE: _urlencoded_pairs, _MULTIPART_TYPE: _multipart_pairs}
    reader = readers.get(request.content_type)
    if reader is None or not readable:
        raise refuse(415, "UNSUPPORTED_MEDIA_TYPE")
    try:
        pairs = reader(body, header)
    except UnicodeDecodeError:
        raise refuse(400, "BAD_ENCODING") from None
    if len(pairs) > MAX_PAIRS:
        raise refuse(422, "TOO_MANY_FIELDS", limit=MAX_PAIRS)
    return pairs


def _parameter(header: str, name: str) -> str:
    """Return a parameter of a Content-Type header, or an empty string (RFC 9110, section 5.6.6)."""
    for part in header.split(";")[1:]:
        key, equals, value = part.partition("=")
        if equals and key.strip().lower() == name:
            return value.strip().strip('"')
    return ""


class _JsonObject(list[tuple[str, Any]]):
    """The members of a JSON object. A dict would drop repeated names."""


def _no_constant(name: str) -> None:
    raise ValueError(name)


# Made once: `json.loads` makes one for each call.
_JSON = json.JSONDecoder(
    object_pairs_hook=_JsonObject,
    # Keep numbers as they were written: a phone number may arrive as one.
    parse_int=str,
    parse_float=str,
    parse_constant=_no_constant,
)


def _json_pairs(body: bytes, _header: str) -> Pairs:
    try:
        value = _JSON.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError):
        raise refuse(400, "BAD_JSON") from None
    if not isinstance(value, _JsonObject):
        raise refuse(400, "BAD_JSON")
    return value


def _urlencoded_pairs(body: bytes, header: str) -> Pairs:
    try:
        # Each character is a byte.
        text = body.decode("latin-1")
        pairs = parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=MAX_PAIRS)
    except ValueError:
        raise refuse(422, "TOO_MANY_FIELDS", limit=MAX_PAIRS) from None
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    return _decoded(raw, [_parameter(header, "charset")])


def _multipart_pairs(body: bytes, header: str) -> Pairs:
    # Imported late, so that other bodies do not pay for it.
    from multipart import MultipartError, PushMultipartParser  # noqa: PLC0415

    pairs: list[tuple[bytes, bytes]] = []
    labels = [_parameter(header, "charset")]
    of_file = False
    try:
        # Each character of a part's header is a byte.
        with PushMultipartParser(_parameter(header, "boundary"), header_charset="latin-1") as parser:
            for event in parser.parse(body):
                if isinstance(event, (bytes, bytearray)):
                    if of_file:
                        raise refuse(415, "NO_FILE_UPLOADS")
                    name, value = pairs[-1]
                    pairs[-1] = name, value + event
                elif event is not None:
                    # Browsers send an empty file input with an empty name and no content. That is not a file.
                    of_file = bool(_FILE_NAME.search(event.header("Content-Disposition", "")))
                    if event.filename:
                        raise refuse(415, "NO_FILE_UPLOADS")
                    label = event.charset or ""
                    if not charset.is_read(label):
                        raise refuse(415, "UNSUPPORTED_MEDIA_TYPE")
                    labels.append(label)
                    pairs.append(((event.name or "").encode("latin-1"), b""))
    except MultipartError:
        raise refuse(400, "BAD_REQUEST") from None
    return _decoded(pairs, labels)


def _decoded(pairs: list[tuple[bytes, bytes]], labels: list[str]) -> Pairs:
    """Return the names and values of a form as texts, all in the same encoding."""
    # The browser's own field is more reliable than what a program put around it.
    said = [value.decode("latin-1") for name, value in pairs if name.lower() == _CHARSET_FIELD and value.strip()]
    texts = charset.decoded([text for pair in pairs for text in pair], said or labels)
    return list(zip(texts[::2], texts[1::2], strict=True))


def _joined(pairs: Pairs) -> dict[str, Any]:
    """Return cleaned texts by name, joining repeated names with a comma. Fields without a name are dropped."""
    texts: dict[str, Any] = {}
    for raw_name, raw_value in pairs:
        name, value = clean(raw_name), _text(raw_value)
        before = texts.get(name, "")
        if isinstance(before, str) and isinstance(value, str):
            texts[name] = Repeated((before, value)) if before and value else before or value
        elif isinstance(before, str):
            # Not text, so the model refuses it.
            texts[name] = value
    texts.pop("", None)
    return texts


def _text(value: Any) -> Any:
    """Return a JSON scalar or list of scalars as text. Objects and nested lists are returned unchanged."""
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
            return Repeated(map(_text, value))
        case _:
            return value
