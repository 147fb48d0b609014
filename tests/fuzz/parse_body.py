"""Fuzz the parsing of bodies with atheris: `python -m tests.fuzz.parse_body -runs=200000`.

Every input is a body and its content type: raw bytes as any of the three media types, bytes with their own content
type, or a well-formed body of names and values that the input chooses, so that code behind the parsers is reached
as well. Every input is either refused according to the contract, or what is stored obeys the models. For one in
`COMPOSED` accepted inputs, the email is composed too: it must have the right headers, and the owner as its only
recipient.

atheris does not have wheels for every Python that the project runs on, so it is not a requirement: `pip install
atheris==3.0.0`. libFuzzer's own options follow the command. It ends with the figures, and with a status other than 0 at
the first input that breaks a rule; that input is in the file that libFuzzer names.
"""

import base64
import importlib
import json
import sys
import tempfile
import time
import unicodedata
from collections import Counter
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT)]

# Not a plain import: mypy must pass even if it is not installed.
atheris: Any = importlib.import_module("atheris")

with atheris.instrument_imports(include=["guichet", "contact", "multipart", "json", "urllib.parse"]):
    from contact.form import FIELDS, ContactForm, message_of
    from guichet.forms.parse import parse_form, validate
    from guichet.http.body import MAX_BODY
    from guichet.http.origins import next_url
    from guichet.http.refusal import Refusal
    from guichet.http.request import Request
    from guichet.records.message import Message
    from guichet.settings import ContactSettings, NotifierSettings

    # The multipart parser is imported on demand; here, it is imported beforehand.
    importlib.import_module("multipart")

# The imports that are not instrumented come after those that are.
from guichet.mail.mime import compose  # noqa: E402
from tests.support.app import resolve  # noqa: E402
from tests.support.contact import NOTIFICATION_HEADERS  # noqa: E402

# One in this many accepted inputs is composed as an email: that takes ten times as long as everything else.
COMPOSED = 50
LONGEST = 4096
SEED = 2024

_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b")
_NAMES = (*FIELDS, "_next", "_subject", "_replyto", "_id", "_language", "_a", "a")
# The fields that a body may repeat and still be accepted.
_FURTHER = list(_NAMES[2:])
_ADDRESSES = ("a@example.org", "é@example.org", "a@exämple.org", "=?utf-8?q?a?=@example.org", '"a"@example.org')
_LONGEST = {"email": 254, "message": 20_000, "name": 1000, "subject": 1000, "form_subject": 1000}
_LONGEST |= {name: field.max_length or 1000 for name, field in Message.labelled_fields().items()}
_STATUS = {400, 403, 413, 415, 422}
# The first byte of an input says how to read the rest: as one of the types, with its own type, or as choices.
_AS_IT_SAYS, _CHOSEN = 3, 4
_KINDS = 8

_PART = b'--b\r\nContent-Disposition: form-data; name="%s"\r\n%s\r\n%s\r\n'
_SEEDS = (
    b'\x00{"email": "a@example.org", "message": "Bonjour", "a": [1, true, null, "x"], "b": -1.5e3}',
    b'\x00{"email": "a@ex\\u00e4mple.org", "message": "\\ud800\\u0000\\r\\n", "_next": "//x", "_a": {"b": [[]]}}',
    b"\x01email=a%40example.org&message=Bonjour&a=b&a=c&_subject=%0D%0ABcc%3A+x&_next=%2F%2Fevil.example",
    b"\x01_replyto=a@example.org&message=%C3%A9%00&%ff=%fe",
    b"\x02" + _PART % (b"email", b"", b"a@example.org") + _PART % (b"message", b"", b"Bonjour") + b"--b--\r\n",
    b"\x02preamble\r\n"
    + _PART % (b"email", b"Content-Type: text/plain; charset=utf-8\r\n", b"a@example.org")
    + _PART % (b'a"; filename="b', b"Content-Length: 1\r\n", b"x")
    + b"--b--\r\nepilogue",
    b'\x03multipart/form-data; charset="utf-8"; boundary="a b"\n--a b--\r\n',
    b"\x03application/x-www-form-urlencoded; charset=utf-16\nemail=a",
    *(bytes([_CHOSEN + number]) + bytes(range(256)) for number in range(_KINDS - _CHOSEN)),
)
_WORDS = (
    *(name.encode() for name in (*_NAMES, *_TYPES, *_ADDRESSES)),
    *(
        b"--b\r\n",
        b"\r\n--b--\r\n",
        b"\r\n\r\n",
        b'; filename="',
        b"; charset=",
        b"Content-Disposition: form-data; name=",
    ),
    *(b"%00", b"%0D%0A", b"%ED%A0%80", b"\\u0000", b"\\ud800", b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"=?utf-8?q?", b"{{"),
)

_ENVIRONMENT = resolve().environment
_SETTINGS = ContactSettings.model_validate(_ENVIRONMENT)
_NOTIFIER = NotifierSettings.model_validate(_ENVIRONMENT)

tally: Counter[str] = Counter()
planned = next((int(option.removeprefix("-runs=")) for option in sys.argv if option.startswith("-runs=")), -1)
began = time.monotonic()


def run(data: bytes) -> None:
    """Process one input, and check the result against the rules."""
    _take_in(*_read(data))
    tally["runs"] += 1
    if tally["runs"] == planned:
        # libFuzzer ends the process without notifying Python.
        report()


def _take_in(content_type: str, body: bytes) -> None:
    request = _request(content_type, body)
    try:
        form = parse_form(request, _SETTINGS, FIELDS)
        answers = validate(ContactForm, form)
    except Refusal as refusal:
        # Any other exception ends the run.
        _check_refusal(refusal)
        tally[f"refused {refusal.status} {refusal.problems[0].code}"] += 1
        return
    tally["accepted"] += 1
    message, _ = message_of(answers, form, request, _SETTINGS)
    _check_message(message)
    _check_next(next_url(form.control.get("_next", ""), _SETTINGS))
    if tally["accepted"] % COMPOSED == 1:
        tally["composed"] += 1
        _check_mail(message)


def _read(data: bytes) -> tuple[str, bytes]:
    kind, rest = (data[0] % _KINDS, data[1:]) if data else (0, b"")
    if kind < len(_TYPES):
        return _TYPES[kind], rest
    if kind == _AS_IT_SAYS:
        head, _, body = rest.partition(b"\n")
        return head.decode("latin-1"), body
    return _chosen(kind - _CHOSEN, atheris.FuzzedDataProvider(rest))


def _chosen(kind: int, choices: Any) -> tuple[str, bytes]:
    """Return a well-formed body; in the last kind, all names and values are the input's own."""
    pairs = [("email", "a@example.org"), ("message", "Bonjour")] if kind < len(_TYPES) else []
    for _ in range(choices.ConsumeIntInRange(0, 40)):
        known = choices.ConsumeBool() and kind < len(_TYPES)
        name = choices.PickValueInList(_FURTHER) if known else choices.ConsumeUnicode(70)
        value = choices.PickValueInList(list(_ADDRESSES)) if choices.ConsumeBool() else choices.ConsumeUnicode(60)
        pairs.append((name, value * choices.PickValueInList([1, 1, 1, 100])))
    kind = kind if kind < len(_TYPES) else choices.ConsumeIntInRange(0, len(_TYPES) - 1)
    content_type = _TYPES[kind]
    if kind == 0:
        members = ", ".join(f"{json.dumps(name)}: {_json(value, choices)}" for name, value in pairs)
        return content_type, f"{{{members}}}".encode()
    if kind == 1:
        return content_type, urlencode(pairs, errors="replace").encode()
    parts = (_PART % (_utf8(name).replace(b'"', b"%22"), b"", _utf8(value)) for name, value in pairs)
    return content_type, b"".join(parts) + b"--b--\r\n"


def _json(value: str, choices: Any) -> str:
    """Return a JSON value: mostly a text, otherwise a number, or a text nested in lists or objects."""
    text = json.dumps(value)
    match choices.ConsumeIntInRange(0, 15):
        case 0:
            return str(choices.ConsumeInt(8))
        case 1:
            return f"[{text}, null, true, 1.5e9]"
        case 2:
            depth: int = choices.PickValueInList([1, 2, 50, 600])
            return '{"a": ' * depth + text + "}" * depth
        case 3:
            depth = choices.PickValueInList([1, 2, 50, 600])
            return "[" * depth + text + "]" * depth
        case _:
            return text


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _request(content_type: str, body: bytes) -> Request:
    return Request(
        id="fuzz",
        route="POST /contact",
        headers={"content-type": content_type, "origin": "https://atelier.example"},
        query={},
        caller="203.0.113.7",
        base_url="https://api.example",
        language="fr",
        event={"body": base64.b64encode(body).decode(), "isBase64Encoded": True},
    )


def _check_refusal(refusal: Refusal) -> None:
    assert refusal.status in _STATUS, refusal
    assert refusal.problems, refusal
    assert all(problem.code.isupper() for problem in refusal.problems), refusal


def _check_message(message: Message) -> None:
    lines = (*(getattr(message, name) for name in FIELDS if name != "message"), message.form_subject)
    texts = (*lines, message.message, *(text for pair in message.extra for text in pair))
    for field, longest in _LONGEST.items():
        assert len(getattr(message, field)) <= longest, field
    assert message.message, "empty"
    assert len(message.extra) <= 30, message.extra
    assert len({name for name, _ in message.extra}) == len(message.extra), message.extra
    for name, value in message.extra:
        assert 0 < len(name) <= 64, name
        assert not name.startswith("_"), name
        assert len(value) <= 5000, name
    # Line breaks and tabs are text; other control characters and halves of surrogate pairs are not.
    assert not [mark for text in texts for mark in text if mark not in "\n\t" and _no_text(mark)], texts
    assert not [line for line in lines if len(line.splitlines()) > 1], lines
    assert message.email.isascii(), message.email
    assert sum(map(len, texts)) <= MAX_BODY, "more than was sent"


def _no_text(mark: str) -> bool:
    return unicodedata.category(mark) in ("Cc", "Cs")


def _check_next(url: str | None) -> None:
    if url is not None:
        origin = "/".join(url.split("/")[:3]).partition("?")[0].partition("#")[0].lower().removesuffix(":443")
        assert origin.removesuffix(":") in _SETTINGS.origins, url
        assert url.isascii(), url
        assert url.isprintable(), url


def _check_mail(message: Message) -> None:
    """Check the email against the rules as a mail program reads it: from its bytes."""
    composed = compose("contact-notification", "fr", message, _NOTIFIER)
    mail = message_from_bytes(composed.as_bytes(), policy=policy.default)
    assert mail.keys() == NOTIFICATION_HEADERS, mail.keys()
    assert mail["To"] == ", ".join(_NOTIFIER.owner_email), mail["To"]
    assert [address.addr_spec for address in mail["Reply-To"].addresses] == [message.email], mail["Reply-To"]
    assert len(str(mail["Subject"]).splitlines()) == 1, mail["Subject"]
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"], kinds


def report() -> None:
    """Print the figures."""
    seconds = time.monotonic() - began
    for name, number in sorted(tally.items(), key=lambda entry: (" " in entry[0], -entry[1])):
        sys.stdout.write(f"{number:9,}  {name}\n")
    sys.stdout.write(f"{seconds:9.1f}  seconds, {tally['runs'] / seconds:,.0f} runs a second\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> None:
    """Fuzz, from the seeds above."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, dictionary = Path(folder, "corpus"), Path(folder, "dictionary")
        corpus.mkdir()
        for number, seed in enumerate(_SEEDS):
            corpus.joinpath(str(number)).write_bytes(seed)
        lines = ("".join(f"\\x{byte:02x}" for byte in word) for word in _WORDS)
        dictionary.write_text("".join(f'"{line}"\n' for line in lines), encoding="ascii")
        options = [
            f"-dict={dictionary}",
            f"-max_len={LONGEST}",
            f"-seed={SEED}",
            f"-artifact_prefix={tempfile.gettempdir()}/",
        ]
        atheris.Setup([arguments[0], *options, *arguments[1:], str(corpus)], run)
        atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
