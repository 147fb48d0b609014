"""The edges of the contract: scripts and browsers, names in any case, old encodings, invisible text."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as bounded
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from guichet.forms import proof_of_work
from guichet.http.charset import decoded
from guichet.visible import is_visible
from infra.template import TEMPLATE, Template
from tests.support.app import PARAMETERS, SITE, App
from tests.support.site_forms import site_forms

GOOD = {"email": "camille@example.org", "message": "Bonjour"}
FORM = "application/x-www-form-urlencoded"
NAVIGATION = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate"}


def message(app: App) -> dict[str, Any]:
    """Return the only stored message."""
    (item,) = app.items("message")
    return item


def extra(item: dict[str, Any]) -> list[tuple[str, str]]:
    return [tuple(part["S"] for part in pair["L"]) for pair in item.get("extra", [])]


def codes(reply: TestResponse) -> list[tuple[str, str | None]]:
    assert reply.json is not None, reply.text
    return [(error["code"], error.get("field")) for error in reply.json["errors"]]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "cors", "accept": "*/*"},
        {"sec-fetch-mode": "CORS", "accept": ""},
        {"x-requested-with": "XMLHttpRequest"},
        {"x-requested-with": "fetch", "accept": "*/*"},
        {"x-requested-with": "XMLHttpRequest", "accept": "text/html, */*; q=0.01"},
        {"accept": "text/plain, Application/JSON;q=0.9"},
    ],
)
@pytest.mark.parametrize("path", ["/contact", "/newsletter"])
def test_a_script_gets_json(app: App, path: str, headers: dict[str, str]) -> None:
    accepted = app.post(path, data=GOOD, headers={"origin": SITE, **headers})
    refused = app.post(path, data={"name": "x"}, headers={"origin": SITE, **headers})

    assert accepted.status_code == 200
    assert accepted.json is not None
    assert accepted.json["ok"] is True
    assert refused.status_code == 422
    assert ("REQUIRED_FIELD_MISSING", "email") in codes(refused)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"accept": "*/*"},
        NAVIGATION,
        # Apps that show a page add their name; a navigation stays one.
        NAVIGATION | {"x-requested-with": "com.example.app"},
        {"accept": "text/html,*/*;q=0.8", "x-requested-with": "com.example.app"},
        {"accept": "text/html", "sec-fetch-mode": "cors"},
        {"accept": "*/*", "sec-fetch-mode": "no-cors"},
    ],
)
def test_a_browser_and_a_program_get_the_redirect(app: App, headers: dict[str, str]) -> None:
    reply = app.post("/contact", data=GOOD, headers=headers)

    assert reply.status_code == 303
    assert "/thanks?" in reply.headers["location"]


def test_pages_may_send_what_scripts_and_form_clients_send() -> None:
    allowed = Template.load().resolve(PARAMETERS, {"Api.ApiEndpoint": "https://api.example"}).cors["allowHeaders"]
    assert allowed == [
        "content-type",
        "accept",
        "idempotency-key",
        "x-requested-with",
        "formspree-client",
        "formspree-session-data",
    ]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    "path", ["/contact", "/f/contact", "/newsletter", "/f/newsletter", "/newsletter/confirm/again"]
)
def test_what_can_only_be_posted_to_says_so(app: App, path: str, language: str) -> None:
    page = app.http.get(path, headers={**NAVIGATION, "accept-language": language})
    script = app.http.get(path, headers={"accept": "application/json", "accept-language": language})

    assert (page.status_code, page.headers["allow"], page.mimetype) == (405, "POST", "text/html")
    assert f'<html lang="{language}">' in page.text
    assert ("Rien à voir ici" if language == "fr" else "Nothing to see here") in page.text
    assert (script.status_code, script.headers["allow"]) == (405, "POST")
    assert codes(script) == [("METHOD_NOT_ALLOWED", None)]
    assert app.items() == []


def test_a_form_that_does_not_exist_is_a_page_for_who_opens_it(app: App) -> None:
    page = app.http.get("/f/devis", headers=NAVIGATION)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert codes(app.http.get("/f/devis", headers={"accept": "application/json"})) == [("FORM_NOT_FOUND", None)]


# Names in any case


def test_known_names_count_in_any_case(app: App) -> None:
    fields = {"Email": "camille@example.org", "MESSAGE": "Bonjour", "Name": "Camille", "sUBJECT": "Devis"}
    steering = {"_Subject": "Demande", "_NEXT": "/merci", "_Language": "en"}
    reply = app.post("/contact", data={**fields, "Phone": "0612", "Budget": "100", **steering})

    assert (reply.status_code, reply.headers["location"]) == (303, f"{SITE}/merci")
    item = message(app)
    kept = ("email", "message", "name", "subject", "phone", "form_subject", "language")
    assert [item[name] for name in kept] == [
        "camille@example.org",
        "Bonjour",
        "Camille",
        "Devis",
        "0612",
        "Demande",
        "en",
    ]
    assert extra(item) == [("Budget", "100")]


def test_a_sign_up_counts_in_any_case(app: App) -> None:
    app.post("/newsletter", data={"EMAIL": "camille@example.org", "Name": "Camille", "Source": "/a", "Consent": "oui"})
    (item,) = app.items("request")
    assert [item[name] for name in ("email", "name", "page", "consent_claim")] == [
        "camille@example.org",
        "Camille",
        "/a",
        "oui",
    ]


@pytest.mark.parametrize(
    ("fields", "email", "further"),
    [
        ({"email": "a@example.org", "Email": "b@example.org"}, "a@example.org", [("Email", "b@example.org")]),
        ({"Email": "b@example.org", "email": "a@example.org"}, "a@example.org", [("Email", "b@example.org")]),
        ({"email": "", "Email": "b@example.org"}, "b@example.org", []),
        ({"Email": "", "EMAIL": "b@example.org"}, "b@example.org", []),
        ({"Email": "b@example.org", "EMAIL": "c@example.org"}, "b@example.org", [("EMAIL", "c@example.org")]),
        ({"_Replyto": "a@example.org"}, "a@example.org", []),
        ({"_Replyto": "a@example.org", "Email": "b@example.org"}, "b@example.org", []),
        ({"_replyto": "a@example.org", "_REPLYTO": "b@example.org"}, "a@example.org", []),
        # Not the letters of ASCII, though they fold to them.
        ({"email": "a@example.org", "ema\u0131l": "x", "\u017fubject": "y"}, "a@example.org", None),
    ],
)
def test_of_several_spellings_one_counts_and_nothing_is_lost(
    app: App, fields: dict[str, str], email: str, further: list[tuple[str, str]] | None
) -> None:
    reply = app.post("/contact", json={**fields, "message": "Bonjour"})

    assert reply.status_code == 200, reply.text
    item = message(app)
    assert item["email"] == email
    assert extra(item) == ([("ema\u0131l", "x"), ("\u017fubject", "y")] if further is None else further)


@pytest.mark.parametrize("path", ["/contact", "/newsletter"])
def test_an_error_names_the_field_as_the_form_does(app: App, path: str) -> None:
    wrong = app.post(path, json={"Email": "nobody", "Message": "x", "Name": "n" * 1001})
    assert sorted(codes(wrong)) == [("TOO_LONG", "Name"), ("TYPE_EMAIL", "Email")]
    assert wrong.json is not None
    assert "Email" in next(error["message"] for error in wrong.json["errors"] if error["field"] == "Email")


@pytest.mark.parametrize("honeypot", ["_GOTCHA", "_Gotcha"])
def test_a_honeypot_is_one_in_any_case(app: App, honeypot: str) -> None:
    app.post("/contact", data={**GOOD, honeypot: "x"})
    assert message(app)["spam"] == "honeypot"


def test_a_honeypot_of_the_owners_is_one_in_any_case(make_app: Any) -> None:
    app = make_app(HoneypotField="Website")
    app.post("/contact", data={**GOOD, "website": "x"})
    assert message(app)["spam"] == "honeypot"


@pytest.mark.parametrize("honeypot", ["website", "Website", "page"])
def test_a_field_that_a_form_asks_for_is_no_honeypot(make_app: Any, tmp_path: Path, honeypot: str) -> None:
    app = make_app(HoneypotField=honeypot)
    own = '[quote]\nfields.website = { type = "url" }'
    with site_forms(tmp_path, own):
        app.post("/f/quote", data={"website": "https://ada.example/"})
        app.post("/comments", json={"email": "ada@example.org", "name": "Ada", "comment": "Yes.", "page": "/notes/"})
        # On a form without that field, only a program fills it in.
        app.post("/contact", data={**GOOD, honeypot: "x"})
    comment = next(item for item in app.items("comment"))
    quote, contact = sorted(app.items("message"), key=lambda item: item.get("form", "contact"), reverse=True)
    assert [pair["L"] for pair in quote["extra"]] == [[{"S": "website"}, {"S": "https://ada.example/"}]]
    assert ("spam" in quote, "spam" in comment, contact["spam"]) == (False, False, "honeypot")


# Encodings

FRENCH = "« L’œuvre coûte 12 € » – À bientôt…"
LABELS = ["", "windows-1252", "ISO-8859-1", "latin1", "us-ascii", "Windows-1252 ", "cp1252", "x-cp1252", "iso_8859-1"]


def urlencoded(fields: dict[str, str], encoding: str) -> bytes:
    return urlencode(fields, encoding=encoding).encode()


def raw(fields: dict[str, str], encoding: str) -> bytes:
    return "&".join(f"{name}={value.replace(' ', '+')}" for name, value in fields.items()).encode(encoding)


def multipart(fields: dict[str, str], encoding: str, part_type: str = "") -> bytes:
    parts = (
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n{part_type}\r\n{value}\r\n'
        for name, value in fields.items()
    )
    return "".join(parts).encode(encoding) + b"--b--\r\n"


@pytest.mark.quick_cases(12)
@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("how", ["parameter", "field"])
@pytest.mark.parametrize(
    ("write", "media_type"),
    [(urlencoded, FORM), (raw, FORM), (multipart, "multipart/form-data; boundary=b")],
    ids=["urlencoded", "raw", "multipart"],
)
def test_a_page_of_old_is_read_as_it_was_written(app: App, label: str, how: str, write: Any, media_type: str) -> None:
    fields = {**GOOD, "message": FRENCH, "prénom": "Zoé"}
    if how == "parameter":
        media_type += f'; charset="{label}"' if label else ""
    else:
        fields |= {"_charset_": label}
    reply = app.post("/contact", data=write(fields, "cp1252"), content_type=media_type)

    assert reply.status_code == 303, reply.text
    assert message(app)["message"] == FRENCH
    assert extra(message(app)) == [("prénom", "Zoé")]


def test_a_part_may_name_the_encoding(app: App) -> None:
    body = multipart({**GOOD, "message": FRENCH}, "cp1252", "Content-Type: text/plain; charset=iso-8859-1\r\n")
    app.post("/contact", data=body, content_type="multipart/form-data; boundary=b")
    assert message(app)["message"] == FRENCH


def test_a_name_as_an_entity_stays_as_the_browser_wrote_it(app: App) -> None:
    app.post("/contact", data=b"email=a%40example.org&message=%E9+%26%23322%3B", content_type=FORM)
    assert message(app)["message"] == "é &#322;"


def test_utf_8_stays_utf_8_whatever_it_is_called(app: App) -> None:
    fields = {**GOOD, "message": FRENCH, "_charset_": "windows-1252"}
    app.post("/contact", data=urlencoded(fields, "utf-8"), content_type=f"{FORM}; charset=iso-8859-1")
    assert message(app)["message"] == FRENCH


def test_the_encoding_is_decided_once_for_the_whole_body(app: App) -> None:
    # By itself, the first is UTF-8.
    body = b"email=a%40example.org&name=" + quote_from_bytes("é".encode()).encode() + b"&message=%E9"
    app.post("/contact", data=body, content_type=FORM)
    assert (message(app)["name"], message(app)["message"]) == ("Ã©", "é")


@pytest.mark.parametrize(
    ("media_type", "more", "status", "code"),
    [
        (f"{FORM}; charset=utf-8", {}, 400, "BAD_ENCODING"),
        (FORM, {"_charset_": "UTF-8"}, 400, "BAD_ENCODING"),
        (FORM, {"_charset_": "shift_jis"}, 400, "BAD_ENCODING"),
        (f"{FORM}; charset=windows-1252", {"_charset_": "utf-8"}, 400, "BAD_ENCODING"),
        (f"{FORM}; charset=windows-1251", {}, 415, "UNSUPPORTED_MEDIA_TYPE"),
        (f"{FORM}; charset=utf-16", {}, 415, "UNSUPPORTED_MEDIA_TYPE"),
    ],
)
def test_another_encoding_is_refused(app: App, media_type: str, more: dict[str, str], status: int, code: str) -> None:
    body = urlencoded({**GOOD, "message": "é", **more}, "cp1252")
    reply = app.post("/contact", data=body, content_type=media_type, headers={"accept": "application/json"})
    assert (reply.status_code, codes(reply)) == (status, [(code, None)])


@pytest.mark.parametrize("charset", ["", "; charset=utf-8"])
def test_json_is_utf_8_alone(app: App, charset: str) -> None:
    body = json.dumps({**GOOD, "message": "é"}, ensure_ascii=False).encode("cp1252")
    # The local gateway passes JSON on as text, but an event may contain bytes.
    event = json.loads(TEMPLATE.parent.joinpath("infra", "events", "contact-json.json").read_text(encoding="utf-8"))
    event["headers"]["content-type"] = f"application/json{charset}"
    reply = app.functions["Contact"]({**event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True})
    assert (reply["statusCode"], json.loads(reply["body"])["errors"][0]["code"]) == (400, "BAD_ENCODING")


@pytest.mark.parametrize("label", ["utf-16", "iso-8859-1", "utf-7"])
def test_json_that_calls_itself_otherwise_is_refused(app: App, label: str) -> None:
    reply = app.post("/contact", data=json.dumps(GOOD).encode(), content_type=f"application/json;charset={label}")
    assert (reply.status_code, codes(reply)) == (415, [("UNSUPPORTED_MEDIA_TYPE", None)])


def test_every_byte_is_read_as_the_standard_has_it() -> None:
    # Encoding Standard, index windows-1252: five bytes are control characters, where Python's codec refuses them.
    (text,) = decoded([bytes(range(256))], [""])
    assert [ord(text[byte]) for byte in (0x80, 0x81, 0x8D, 0x8F, 0x90, 0x9D, 0x9F, 0xE9)] == [
        0x20AC,
        0x81,
        0x8D,
        0x8F,
        0x90,
        0x9D,
        0x178,
        0xE9,
    ]


def test_a_control_character_of_windows_1252_is_stripped_and_the_rest_kept(app: App) -> None:
    app.post("/contact", data=b"email=a%40example.org&message=%81%E9%90+a", content_type=FORM)
    assert message(app)["message"] == "é a"


@pytest.mark.parametrize("media_type", ["APPLICATION/X-WWW-FORM-URLENCODED", f"{FORM} ; Charset=UTF-8", f" {FORM};"])
def test_a_media_type_is_read_in_any_case(app: App, media_type: str) -> None:
    assert app.post("/contact", data=urlencode(GOOD), content_type=media_type).status_code == 303


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "", "x", "multipart/mixed; boundary=b"])
def test_another_media_type_is_a_page(app: App, media_type: str) -> None:
    reply = app.post("/contact", data=b"email=a@example.org\r\n", content_type=media_type, headers=NAVIGATION)
    assert (reply.status_code, reply.mimetype) == (415, "text/html")
    assert "Votre envoi n’a pas abouti" in reply.text


# Invisible text

INVISIBLE = [
    "\u200b",
    "\u2800",
    "\u00ad",
    "\u3164",
    "\u115f\u1160",
    "\uffa0",
    "\ufeff",
    "\u2060\u200d",
    "\u034f",
    "\u202e",
    "\ufe0f",
    "\ufffc",
    "\u0301",
    "\U000e0041",
    " \u200b\n\u2800 ",
    "\u00a0\u3000",
    "\U0001d173",
]


@pytest.mark.parametrize("nothing", INVISIBLE, ids=ascii)
def test_what_nobody_can_see_is_empty(app: App, nothing: str) -> None:
    message_less = app.post("/contact", json={**GOOD, "message": nothing})
    email_less = app.post("/contact", json={**GOOD, "email": nothing})
    sign_up = app.post("/newsletter", json={"email": nothing, "name": "x"})
    everything = app.post("/contact", json={"email": nothing, "message": nothing})

    assert codes(message_less) == [("REQUIRED_FIELD_EMPTY", "message")]
    assert codes(email_less) == codes(sign_up) == [("REQUIRED_FIELD_EMPTY", "email")]
    assert codes(everything) == [("EMPTY", None)]

    app.post("/contact", json={**GOOD, "name": nothing, "subject": nothing, "phone": nothing, "_subject": nothing})
    assert not {"name", "subject", "phone", "form_subject"} & message(app).keys()


@pytest.mark.parametrize("text", ["é", "👍", "👩‍👧", "ي", "漢", "?", "1", "\u200bx\u200b", "n\u0303", "\U0001fbff"])
def test_what_can_be_seen_stays_as_it_was_written(app: App, text: str) -> None:
    app.post("/contact", json={**GOOD, "message": text})
    assert message(app)["message"] == text


@pytest.mark.medium
@given(st.text())
def test_a_letter_is_always_seen(text: str) -> None:
    assert is_visible(f"{text}é")
    assert not is_visible("".join(character for character in text if not is_visible(character)))


def test_an_address_that_was_copied_is_taken_without_what_came_along(app: App) -> None:
    app.post("/contact", json={**GOOD, "email": "\u200bcamille@example.org\ufeff"})
    assert message(app)["email"] == "camille@example.org"


# Proof of work

SECRET = PARAMETERS["SigningSecret"]


def encoded(payload: Any) -> str:
    return base64.b64encode(json.dumps(payload).encode()).decode()


NUMBERS: st.SearchStrategy[Any] = st.sampled_from(
    [5000.0, 32.0, 1e308, 10**30, -1, 0, 2**64, True, False, None, "5000", [], {}]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | NUMBERS
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    (),
    ("challenge",),
    ("solution",),
    ("challenge", "parameters"),
    ("challenge", "signature"),
    ("solution", "counter"),
    ("solution", "derivedKey"),
    ("solution", "time"),
    *(
        ("challenge", "parameters", name)
        for name in ("algorithm", "cost", "keyLength", "keyPrefix", "nonce", "salt", "expiresAt", "data", "memoryCost")
    ),
]


def payload() -> dict[str, Any]:
    return {
        "challenge": proof_of_work.challenge(SECRET),
        "solution": {"counter": 1, "derivedKey": "00" * 32},
    }


def replaced(place: tuple[str, ...], value: Any) -> Any:
    """Return a payload with a value replaced."""
    whole: Any = payload()
    if not place:
        return value
    part = whole
    for name in place[:-1]:
        part = part[name]
    part[place[-1]] = value
    return whole


@pytest.mark.slow
@bounded(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), ANYTHING)
@example(("challenge", "parameters", "cost"), 5000.0)
@example(("challenge", "parameters", "keyLength"), 32.0)
@example(place=("challenge", "parameters", "cost"), value=True)
@example(("challenge", "parameters", "data"), {"__proto__": 1})
@example(("challenge", "parameters", "expiresAt"), 1e308)
@example(("solution", "counter"), 1.0)
def test_a_proof_of_any_shape_is_none(place: tuple[str, ...], value: Any) -> None:
    assert proof_of_work.solved(encoded(replaced(place, value)), SECRET) is None


@pytest.mark.parametrize(
    "altcha",
    [
        encoded(replaced(("challenge", "parameters", "cost"), 5000.0)),
        encoded(replaced(("challenge", "parameters", "keyLength"), 32.0)),
        encoded(replaced(("solution", "counter"), 1.5)),
        encoded(replaced(("solution", "counter"), value=True)),
        encoded(replaced(("solution", "counter"), 10**40)),
        base64.b64encode(b'{"challenge":' + b"[" * 20000 + b"]" * 20000 + b"}").decode(),
        base64.b64encode(json.dumps(payload()).replace("5000", "9" * 6000).encode()).decode(),
        base64.b64encode(b"NaN").decode(),
        base64.b64encode(b"\xff").decode(),
        "é",
        "[]",
    ],
    ids=range(11),
)
def test_a_proof_with_something_else_where_a_whole_number_belongs_is_the_visitors_mistake(
    make_app: Any, altcha: str
) -> None:
    app = make_app(ProofOfWork="on")
    reply = app.post("/contact", json={**GOOD, "altcha": altcha})
    assert (reply.status_code, codes(reply)) == (422, [("BLOCKED", None)])


# Odd values elsewhere


@pytest.mark.parametrize(
    "headers",
    [
        {"accept-language": ";q=nan, fr;q=1e999, en;q=-1, *, ;;;,"},
        {"accept-language": "x" * 5000},
        {"idempotency-key": "\u00ff\u0080\u00a0"},
        {"idempotency-key": "k" * 5000},
        {"referer": f"{SITE}/\u00e9?\u00ff"},
        {"referer": "http://[::1"},
        {"formspree-session-data": base64.b64encode(b'{"loadedAt": 1e999}').decode()},
        {"formspree-session-data": base64.b64encode(b'{"loadedAt": "x", "webdriver": {}}').decode()},
        {"formspree-session-data": base64.b64encode(b'{"loadedAt":' + b"9" * 5000 + b"}").decode()},
        {"accept": ",;q=1,/,*"},
    ],
    ids=range(10),
)
def test_an_odd_header_changes_nothing(app: App, headers: dict[str, str]) -> None:
    assert app.post("/contact", data=GOOD, headers=headers).status_code == 303
    assert message(app)["message"] == "Bonjour"


@pytest.mark.parametrize("odd", ["http://[", "//[::1", "?", "#", "%", "\ud800", "http://a:99999/", "\u3164", "/\u200b"])
def test_an_odd_way_on_is_none(app: App, odd: str) -> None:
    reply = app.post("/contact", json={**GOOD, "_next": odd})
    assert reply.status_code == 200
    assert reply.json is not None
    assert reply.json["next"].startswith((f"{SITE}/", "http://localhost/thanks", "https://"))
