"""`guichet doctor --received`: the signatures of an email as it arrived, verified by the keys in DNS.

The emails in `received/` were signed by another implementation than the one that verifies them.
"""

import base64
import json
import re
from email import message_from_bytes, policy
from pathlib import Path
from time import monotonic
from typing import Any

import dkim
import dns.exception
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.operate import received_email
from infra.operate.commands import guichet
from infra.operate.inspection import Finding
from infra.operate.received_email import examine
from tests.support.app import App
from tests.support.operate import Operate

_FOLDER = Path(__file__).parent / "received"
_KEYS: dict[str, str] = json.loads((_FOLDER / "keys.json").read_text(encoding="utf-8"))
SIGNED, UNCOVERED, HALF_COVERED, BY_SES_ALONE = (
    (_FOLDER / f"{name}.eml").read_bytes() for name in ("signed", "uncovered", "half-covered", "by-ses-alone")
)

_BODY_HASH = re.findall(rb"\tbh=\S{4}", SIGNED)[0]
_OTHER_HASH = _BODY_HASH[:-4] + _BODY_HASH[-4:].swapcase()


def in_dns(name: str, kind: str) -> list[str]:
    """Return the keys."""
    assert kind == "TXT"
    return [_KEYS[name]] if name in _KEYS else []


def found_in(raw: bytes) -> dict[str, Finding]:
    """Return the findings, by their checks."""
    return {found.check: found for found in examine(raw, in_dns)}


def test_an_email_as_it_should_be_is_ok_in_all() -> None:
    found = found_in(SIGNED)
    assert {check: one.state for check, one in found.items()} == dict.fromkeys(
        ("signature", "one-click", "mailbox", "MAIL FROM", "tracking"), "ok"
    )
    assert found["signature"].message == "signed as atelier.example, and valid, so DMARC passes"
    assert "List-Unsubscribe and List-Unsubscribe-Post are inside the signature (h=)" in found["one-click"].message
    assert found["mailbox"].message == "mx.google.com found: DKIM pass, SPF pass, DMARC pass"
    assert not any(one.remedy for one in found.values())


@pytest.mark.parametrize(
    "saved",
    [
        SIGNED.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + SIGNED,
        b"\n\n" + SIGNED,
        b"3210   \n" + SIGNED,
        b"From guichet@atelier.example Mon Nov  2 09:30:01 2026\n" + SIGNED,
    ],
)
def test_it_is_the_same_however_a_mail_program_saves_it(saved: bytes) -> None:
    assert {one.state for one in found_in(saved).values()} == {"ok"}


def test_headers_that_no_signature_covers_are_told() -> None:
    found = found_in(UNCOVERED)
    assert found["signature"].state == "ok"
    assert found["one-click"].state == "wrong"
    assert found["one-click"].message == (
        "no signature covers List-Unsubscribe and List-Unsubscribe-Post (h=), so mailboxes show no button"
    )
    # Only one of them is not enough.
    half = found_in(HALF_COVERED)["one-click"]
    assert half.state == "wrong"
    assert half.message == "no signature covers List-Unsubscribe-Post (h=), so mailboxes show no button"


def test_a_signature_of_ses_alone_is_told() -> None:
    found = found_in(BY_SES_ALONE)
    assert (found["signature"].state, found["signature"].message) == (
        "wrong",
        "only amazonses.com signed it, not atelier.example, so DMARC does not pass",
    )
    assert (found["one-click"].state, "only the signature of amazonses.com" in found["one-click"].message) == (
        "warning",
        True,
    )
    assert (found["mailbox"].state, "DMARC fail" in found["mailbox"].message) == ("wrong", True)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (b"Site: Atelier", b"Site: Atalier", "its text was changed on the way"),
        (b"Subject: Guichet", b"Subject: [list] Guichet", "its headers were changed on the way"),
        (b"=One-Click\n", b"=One-Click \nList-Unsubscribe-Post: x\n", "its headers were changed"),
        (b"s=aaaa1111;", b"s=bbbb2222;", "its key bbbb2222._domainkey.atelier.example is not in DNS"),
        (_BODY_HASH, _OTHER_HASH, "its text was changed"),
    ],
)
def test_what_changed_on_the_way_is_told(before: bytes, after: bytes, why: str) -> None:
    assert SIGNED.count(before) >= 1
    found = found_in(SIGNED.replace(before, after, 1))
    assert found["signature"].state == "wrong"
    assert f"the signature as atelier.example is not valid: {why}" in found["signature"].message
    # A header only counts if the signature that covers it is valid.
    assert found["one-click"].state != "ok"


def test_who_says_that_it_is_signed_is_not_believed() -> None:
    # A forged header below the mailbox's own, and one that names another signer.
    forged = SIGNED.replace(
        b"From: Atelier",
        b"Authentication-Results: mx.google.com; dmarc=pass\nFrom: Atelier",
    ).replace(b"dmarc=pass (p=QUARANTINE", b"dmarc=fail (p=QUARANTINE")
    assert found_in(forged)["mailbox"].state == "wrong"
    other = SIGNED.replace(b"guichet@atelier.example>", b"guichet@other.example>")
    assert "only atelier.example, amazonses.com signed it, not other.example" in found_in(other)["signature"].message


@pytest.mark.parametrize(
    ("before", "after", "state", "says"),
    [
        (b"dmarc=pass (p=QUARANTINE", b"dmarc=bestguesspass (p=QUARANTINE", "warning", "DMARC bestguesspass"),
        (b"dmarc=pass (p=QUARANTINE", b"dmarc=none (p=QUARANTINE", "warning", "DMARC none"),
        # Comments are not results.
        (b"dkim=pass header.i=@atelier", b"(dmarc=fail) dkim=pass header.i=@atelier", "ok", "DMARC pass"),
        (b"Authentication-Results: mx.google.com;", b"X-Was: mx.google.com;", "ok", "left no Authentication-Results"),
    ],
)
def test_what_the_mailbox_found_is_told(before: bytes, after: bytes, state: str, says: str) -> None:
    found = found_in(SIGNED.replace(before, after, 1))["mailbox"]
    assert (found.state, says in found.message) == (state, True)


def test_emails_without_one_click_and_with_another_one_are_told() -> None:
    def one_click(before: bytes, after: bytes) -> Finding:
        return found_in(SIGNED.replace(before, after))["one-click"]

    none = one_click(b"List-Unsubscribe", b"X-List-Unsubscribe")
    assert (none.state, none.remedy) == ("warning", "`guichet test-email` sends one that has them")
    assert "not those of one-click unsubscribing" in one_click(b"<https://api.example", b"<mailto:api.example").message
    assert "not those of one-click unsubscribing" in one_click(b"=One-Click\n", b"=Two-Clicks\n").message
    assert (
        "2 headers List-Unsubscribe"
        in one_click(b"List-Unsubscribe: ", b"List-Unsubscribe: <a>\nList-Unsubscribe: ").message
    )


def test_a_copy_from_before_ses_is_told() -> None:
    headers, _, text = SIGNED.partition(b"\n\n")
    kept = b"From: " + headers.partition(b"\nFrom: ")[2]
    kept = b"\n".join(line for line in kept.splitlines() if not line.startswith((b"X-SES", b"Feedback")))
    found = found_in(kept + b"\n\n" + text)
    assert (found["email"].state, "SES has not delivered this email" in found["email"].message) == ("warning", True)
    assert found["signature"].message.startswith("nobody signed it")
    (nothing,) = examine(b"<!doctype html><p>Not an email.", in_dns)
    assert (nothing.state, "Show original" in nothing.remedy) == ("wrong", True)


@pytest.mark.parametrize(
    "link",
    [
        b"https://abc123.r.eu-west-3.awstrack.me/L0/https:%2F%2Fexample.org/1/0107-000000/x=1",
        b"https://abc123.r.eu-west-3.awstrack.me/I0/0107019a-000000/x=1",
        b"https://links.atelier.example/CL0/https:%2F%2Fexample.org/1/0107-000000/x=1",
    ],
)
def test_a_pixel_or_a_link_of_ses_is_found(link: bytes) -> None:
    for body in (link, link.replace(b"=", b"=3D")):
        found = found_in(SIGNED.replace(b"https://atelier.example/blog/", body))["tracking"]
        assert (found.state, found.remedy) == ("wrong", "`guichet doctor --fix` ends that")


def test_where_bounces_go_is_told() -> None:
    own = SIGNED.replace(b"000000@eu-west-3.amazonses.com>\nReceived", b"000000@bounce.atelier.example>\nReceived")
    assert found_in(own)["MAIL FROM"].message == "it is bounce.atelier.example, so DMARC can pass by SPF, too"
    forwarded = SIGNED.replace(b"000000@eu-west-3.amazonses.com>\nReceived", b"000000@list.example>\nReceived")
    assert found_in(forwarded)["MAIL FROM"].state == "warning"


def test_no_answer_of_dns_is_no_wrong_signature() -> None:
    def gone(_name: str, _kind: str) -> list[str]:
        raise dns.exception.Timeout

    (found,) = examine(SIGNED, gone)
    assert (found.check, found.state) == ("signature", "unknown")


def _made(headers: bytes, body: bytes = b"x", signatures: int = 0) -> bytes:
    signature = b"DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x; h=from; bh=AAAA; b=AAAA\r\n"
    return signature * signatures + headers + b"\r\n\r\n" + body


_FROM = b"From: a@b.example"
_NESTED = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (i, i) for i in range(3000))


@pytest.mark.parametrize(
    ("raw", "check", "says"),
    [
        (_made(_FROM + b"\r\nContent-Type: text/html", b"http://" * 40_000), "tracking", "tracks who reads it"),
        (_FROM + b"\r\n" + _NESTED, "tracking", "nested too deep"),
        (_made(_FROM, signatures=300), "email", "300 signatures, of which the first 10"),
        (_made(b"DKIM-Signature: v=1; b=" + b" \r\n" * 9_000 + b" ;\r\n" + _FROM), "signature", "only ? signed it"),
        (_made(b"From: evil@other.example\r\n" + _FROM), "email", "it has 2 headers From"),
        (_made(_FROM, b"x" * received_email.LONGEST), "email", "longer than 10 MB"),
    ],
)
def test_an_email_of_somebody_hostile_takes_seconds_and_stops_nothing(raw: bytes, check: str, says: str) -> None:
    started = monotonic()
    assert any(one.check == check and says in one.message and one.state for one in examine(raw, in_dns))
    assert monotonic() - started < 10


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"length": True}, "it covers only the beginning of the text (l=)"),
        ({"signature_algorithm": b"rsa-sha1"}, "it is made with rsa-sha1"),
    ],
)
def test_a_signature_that_proves_too_little_is_told(options: dict[str, Any], why: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    raw = _made(_FROM + b"\r\nSubject: x")

    def state(**options: Any) -> Finding:
        signed = dkim.sign(raw, b"s", b"b.example", pem, include_headers=[b"from"], **options) + raw
        found = examine(signed, lambda *_: [f"v=DKIM1; p={base64.b64encode(public).decode()}"])
        return next(one for one in found if one.check == "signature")

    assert state().state == "ok"
    found = state(**options)
    assert found.state == "wrong"
    assert why in found.message


_LINES = st.lists(st.sampled_from(SIGNED.splitlines(keepends=True)) | st.binary(max_size=60).map(lambda b: b + b"\n"))


@given(st.binary(max_size=2000) | _LINES.map(b"".join))
@settings(max_examples=200, deadline=None)
def test_whatever_is_in_the_file_something_is_said_and_never_that_it_is_signed(raw: bytes) -> None:
    found = list(examine(raw, in_dns))
    assert found
    for one in found:
        assert one.message
        # Only the whole email has its signature.
        assert not (one.check in {"signature", "one-click"} and one.state == "ok") or b"Site: Atelier" in raw


def test_the_command_needs_no_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_email.examine, "__defaults__", (in_dns,))
    file = tmp_path / "original_msg.eml"
    file.write_bytes(SIGNED)
    said = CliRunner().invoke(guichet, ["doctor", "--received", str(file)])
    assert said.exit_code == 0, said.output
    assert "ok       one-click: List-Unsubscribe and" in said.output
    file.write_bytes(BY_SES_ALONE)
    said = CliRunner().invoke(guichet, ["doctor", "--received", str(file), "--json"])
    assert said.exit_code == 1
    rows = [json.loads(line) for line in said.output.splitlines()]
    assert {row["check"]: row["state"] for row in rows}["signature"] == "wrong"


def test_the_test_email_has_the_headers_of_one_click_and_says_how_to_check_them(app: App, operate: Operate) -> None:
    assert operate(app, "test-email").code == 0
    (mail,) = app.mails()
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(mail["List-Unsubscribe"]).startswith("<https://api.example/newsletter/unsubscribe?subscriber=test&")
    assert "guichet doctor --received FILE" in mail.get_content()
    # The signed email is made from what SES gets.
    assert mail.get_content().split() == message_from_bytes(SIGNED, policy=policy.default).get_content().split()
