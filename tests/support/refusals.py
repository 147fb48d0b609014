"""The table of refusals: what is posted, and the reply."""

from typing import Any

from tests.support.app import SITE

GOOD = {"email": "a@example.org", "message": "Bonjour"}
JSON = {"content_type": "application/json"}
FORM = {"content_type": "application/x-www-form-urlencoded"}
MULTIPART = {"content_type": "multipart/form-data; boundary=b"}


def part(disposition: str, content: str = "x", further: str = "") -> bytes:
    return f"--b\r\nContent-Disposition: form-data; {disposition}\r\n{further}\r\n{content}\r\n--b--\r\n".encode()


# The path, the post, the status, and the codes with their fields.
CASES: dict[str, tuple[str, dict[str, Any], int, list[tuple[str, str | None]]]] = {
    "truncated JSON": ("/contact", {"data": b"{", **JSON}, 400, [("BAD_JSON", None)]),
    "JSON that is no object": ("/contact", {"data": b"[[1,2]]", **JSON}, 400, [("BAD_JSON", None)]),
    "JSON with NaN": ("/contact", {"data": b'{"a": NaN}', **JSON}, 400, [("BAD_JSON", None)]),
    "deep JSON": ("/contact", {"data": b'{"a":' + b"[" * 30_000, **JSON}, 400, [("BAD_JSON", None)]),
    "a form that is not UTF-8": (
        "/contact",
        {"data": b"email=%ff&_charset_=utf-8", **FORM},
        400,
        [("BAD_ENCODING", None)],
    ),
    "multipart that is not UTF-8": (
        "/contact",
        {
            "data": part('name="a"', further="Content-Type: text/plain; charset=utf-8\r\n").replace(b"x\r", b"\xff\r"),
            **MULTIPART,
        },
        400,
        [("BAD_ENCODING", None)],
    ),
    "truncated multipart": ("/contact", {"data": part('name="a"')[:-6], **MULTIPART}, 400, [("BAD_REQUEST", None)]),
    "multipart without boundary": (
        "/contact",
        {"data": part('name="a"'), "content_type": "multipart/form-data"},
        400,
        [("BAD_REQUEST", None)],
    ),
    "foreign origin": (
        "/contact",
        {"data": GOOD, "headers": {"origin": "https://evil.example"}},
        403,
        [("ORIGIN_NOT_ALLOWED", None)],
    ),
    "foreign origin of a sign-up": (
        "/newsletter",
        {"data": GOOD, "headers": {"origin": f"{SITE}.evil.example"}},
        403,
        [("ORIGIN_NOT_ALLOWED", None)],
    ),
    "no such form": ("/f/nothing", {"data": GOOD}, 404, [("FORM_NOT_FOUND", None)]),
    "too large": ("/contact", {"data": GOOD | {"a": "x" * 65536}}, 413, [("TOO_LARGE", None)]),
    "another media type": (
        "/contact",
        {"data": b"email=a", "content_type": "text/plain"},
        415,
        [("UNSUPPORTED_MEDIA_TYPE", None)],
    ),
    "no media type": ("/contact", {"data": b"email=a"}, 415, [("UNSUPPORTED_MEDIA_TYPE", None)]),
    "another charset": (
        "/contact",
        {"data": b"email=a", "content_type": "application/x-www-form-urlencoded; charset=ISO-8859-2"},
        415,
        [("UNSUPPORTED_MEDIA_TYPE", None)],
    ),
    "another charset of a part": (
        "/contact",
        {"data": part('name="a"', further="Content-Type: text/plain; charset=utf-16\r\n"), **MULTIPART},
        415,
        [("UNSUPPORTED_MEDIA_TYPE", None)],
    ),
    "a file": ("/contact", {"data": part('name="a"; filename="b.txt"'), **MULTIPART}, 415, [("NO_FILE_UPLOADS", None)]),
    "no body": ("/contact", {"data": b"", **FORM}, 422, [("EMPTY", None)]),
    "a part with long headers": (
        "/contact",
        {"data": part('name="a"', further="X-Long: " + "x" * 10_000 + "\r\n"), **MULTIPART},
        400,
        [("BAD_REQUEST", None)],
    ),
    "an empty object": ("/newsletter", {"data": b"{}", **JSON}, 422, [("EMPTY", None)]),
    "only control fields": ("/contact", {"data": {"_language": "x"}}, 422, [("EMPTY", None)]),
    "missing fields": (
        "/contact",
        {"data": {"name": "Zoé"}},
        422,
        [("REQUIRED_FIELD_MISSING", "email"), ("REQUIRED_FIELD_MISSING", "message")],
    ),
    "empty fields": (
        "/contact",
        {"data": {"name": "Zoé", "email": " ", "message": "\n"}},
        422,
        [("REQUIRED_FIELD_EMPTY", "email"), ("REQUIRED_FIELD_EMPTY", "message")],
    ),
    "null": ("/newsletter", {"json": {"email": None, "name": "x"}}, 422, [("REQUIRED_FIELD_EMPTY", "email")]),
    "no address": ("/newsletter", {"data": {"email": "a@b"}}, 422, [("TYPE_EMAIL", "email")]),
    "two addresses": (
        "/newsletter",
        {"data": {"email": ["a@example.org", "b@example.org"]}},
        422,
        [("TYPE_EMAIL", "email")],
    ),
    "an object as a value": ("/contact", {"json": GOOD | {"message": {"a": 1}}}, 422, [("TYPE_TEXT", "message")]),
    "an object in a further field": ("/contact", {"json": GOOD | {"budget": [["x"]]}}, 422, [("TYPE_TEXT", "budget")]),
    "a long message": ("/contact", {"data": GOOD | {"message": "x" * 20_001}}, 422, [("TOO_LONG", "message")]),
    "a long further value": ("/contact", {"data": GOOD | {"budget": "x" * 5_001}}, 422, [("TOO_LONG", "budget")]),
    "a long name of a field": ("/contact", {"data": GOOD | {"x" * 65: "y"}}, 422, [("NAME_TOO_LONG", "x" * 64)]),
    "many further fields": (
        "/contact",
        {"data": GOOD | {f"f{number}": "x" for number in range(31)}},
        422,
        [("TOO_MANY_FIELDS", None)],
    ),
    "thousands of fields": ("/contact", {"data": b"&".join([b"a=b"] * 5000), **FORM}, 422, [("TOO_MANY_FIELDS", None)]),
    "thousands of members": (
        "/contact",
        {"data": b"{" + b",".join([b'"a":"b"'] * 5000) + b"}", **JSON},
        422,
        [("TOO_MANY_FIELDS", None)],
    ),
    "hundreds of parts": (
        "/contact",
        {"data": part('name="a"').removesuffix(b"--b--\r\n") * 201 + b"--b--\r\n", **MULTIPART},
        422,
        [("TOO_MANY_FIELDS", None)],
    ),
}
