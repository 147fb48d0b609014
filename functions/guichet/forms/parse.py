"""Taking a form in: from a request's body, in any of three media types, to the fields of a form."""

import json
import re
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit

from pydantic import BaseModel, ValidationError

from guichet.http.refusal import Problem, Refusal, refuse
from guichet.http.request import JSON_TYPE, Request
from guichet.locales import known
from guichet.records.limits import Solved
from guichet.settings import FormSettings, origin_of

MAX_BODY = 64 * 1024
# A body of 64 KiB can name ten thousand fields; no form has so many.
MAX_PAIRS = 200
# The ALTCHA widget names its field itself.
PROOF_FIELD = "altcha"

_LONGEST_PAGE = 500
_FORM_TYPE = "application/x-www-form-urlencoded"
_MULTIPART_TYPE = "multipart/form-data"

_AMBIGUOUS = re.compile(r"/{3}|[A-Za-z][A-Za-z0-9+.-]*:(?!//[^/])")
_NOT_ENCODED = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FILE_NAME = re.compile(r";\s*filename\*?\s*=", re.IGNORECASE)

# Line breaks and tabs are text. All other control characters are not, and neither is half of a surrogate pair.
_NOT_TEXT: dict[int, str | None] = {
    **dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0))),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}

Pairs = list[tuple[str, Any]]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Form:
    """A form that was taken in.

    `fields` are the answers, in their order; `control` are those that steer and are never stored as answers: names that
    begin with an underscore, `altcha`, and the honeypot.
    """

    fields: dict[str, Any]
    control: dict[str, str]


def take_in(request: Request, settings: FormSettings) -> Form:
    """Read the form in a request, and let it choose the language of the reply.

    Raises Refusal: 403 foreign origin, 413 too large, 415 media type, 400 not parsable, 422 empty or too many fields.
    """
    _check_origin(request, settings)
    values = _joined(_parse(request))
    steering = {name for name in values if name.startswith("_") or name in (PROOF_FIELD, settings.honeypot_field)}
    # What is no text steers nothing; but no honeypot is left empty by it, and no proof is missing.
    control = {name: values[name] for name in steering if isinstance(values[name], str)}
    control |= dict.fromkeys(steering.intersection((PROOF_FIELD, settings.honeypot_field)) - control.keys(), "no text")
    fields = {name: value for name, value in values.items() if name not in steering}
    request.language = known(control.get("_language", "")) or request.language
    # An alias, where the form has no field of the name itself.
    if control.get("_replyto") and not fields.get("email"):
        fields["email"] = control["_replyto"]
    if not any(fields.values()):
        raise refuse(422, "EMPTY")
    return Form(fields, control)


def fields_of_button(request: Request) -> dict[str, str]:
    """Return the fields that a button of our own pages posts, over those of the address that it posts to.

    A body that cannot be read is passed over: where a mailbox provider posts, all that counts is in the address.
    """
    try:
        posted = _joined(_parse(request))
    except Refusal:
        posted = {}
    fields = {**request.query, **{name: value for name, value in posted.items() if isinstance(value, str)}}
    request.language = known(fields.get("language", "")) or request.language
    return fields


def proof_of(form: Form, settings: FormSettings) -> Solved | None:
    """Return the proof of work in a form, None where none is asked for. Raises Refusal (422): wrong, or missing."""
    text = form.control.get(PROOF_FIELD, "")
    if settings.proof_of_work == "off" or (settings.proof_of_work == "on" and not text):
        return None
    # Only such forms pay for the import.
    from guichet.forms.proof_of_work import solved  # noqa: PLC0415

    proof = solved(text, settings.signing_secret) if text else None
    if proof is None:
        raise refuse(422, "BLOCKED")
    return proof


def check(model: type[Model], fields: dict[str, Any]) -> Model:
    """Validate the fields of a form against its model. Raises Refusal (422) with one problem per wrong field."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        problems = (_problem(part["type"], part["loc"], part.get("ctx", {})) for part in error.errors())
        raise Refusal(422, *problems) from None


def next_url(text: str, settings: FormSettings) -> str | None:
    """Return where `_next` leads, an absolute address of an allowed origin; None where it leads anywhere else.

    It is taken relative to `SiteUrl`. What browsers and this parser might read differently is refused: backslashes,
    blanks, control characters, user information, a scheme without `//`, three slashes.
    """
    if not text or not text.isprintable() or any(mark in text for mark in ' \\"<>') or _AMBIGUOUS.match(text):
        return None
    try:
        url = urljoin(settings.site_url, text)
        parts = urlsplit(url)
        allowed = "@" not in parts.netloc and parts.netloc.isascii() and origin_of(url) in settings.origins
    except ValueError:
        return None
    if not allowed:
        return None
    path, query, fragment = map(_encoded, (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, parts.netloc, path, query, fragment))


def _encoded(part: str) -> str:
    """Return a part of an address as RFC 3986 has it, ASCII only; what is encoded already stays as it is."""
    return _NOT_ENCODED.sub("%25", quote(part, safe="%/:?@!$&'()*+,;=~"))


def page_of(request: Request, settings: FormSettings) -> str:
    """Return the page that a form was posted from, if it is one of an allowed origin: what `Referer` says, no query."""
    try:
        parts = urlsplit(request.headers.get("referer", ""))
        origin = origin_of(parts.geturl())
    except ValueError:
        return ""
    return clean(f"{origin}{parts.path}")[:_LONGEST_PAGE] if origin in settings.origins else ""


def _check_origin(request: Request, settings: FormSettings) -> None:
    origin = request.headers.get("origin", "null")
    # "null" is what a page with `no-referrer` sends: nothing is known of it, as if the header were not there.
    if origin != "null" and origin not in settings.origins:
        raise refuse(403, "ORIGIN_NOT_ALLOWED")


def _problem(kind: str, loc: tuple[int | str, ...], context: dict[str, Any]) -> Problem:
    """Turn one of pydantic's errors into a problem of the contract. The last name in `loc` is the form's."""
    # A name's place is ("extra", name, "[key]"); a field may bear that name itself.
    if len(loc) > 2 and loc[-1] == "[key]":  # noqa: PLR2004
        return Problem("NAME_TOO_LONG", str(loc[-2])[: context["max_length"]], {"limit": context["max_length"]})
    field = str(loc[-1])
    match kind:
        case "missing":
            return Problem("REQUIRED_FIELD_MISSING", field)
        case "string_too_long":
            return Problem("TOO_LONG", field, {"limit": context["max_length"]})
        case "string_type":
            return Problem("TYPE_TEXT", field)
        case "too_long":
            return Problem("TOO_MANY_FIELDS", None, {"limit": context["max_length"]})
        case _:
            # Our own rules name their code.
            return Problem(kind, field)


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


def clean(text: str) -> str:
    """Return a text without control characters and outer blanks, its line breaks as one line feed each."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_NOT_TEXT).strip()


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
