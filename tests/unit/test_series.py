"""The copies of an issue: every decoder reads in each reader's copy what was written for that reader."""

import quopri
import re
import secrets
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from email.utils import parsedate_to_datetime
from html import unescape
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from guichet.addresses import parse
from guichet.locales import Language
from guichet.mail.emails import issue
from guichet.mail.mime import written
from guichet.mail.series import Series
from guichet.records.issue import Edition, WrittenIssue
from guichet.records.record import utc_now
from guichet.settings import NotifierSettings
from tests.support import issues
from tests.support.mail_readers import Reader, on_the_wire, read_by_postal_mime, text_by_perl

HREF = re.compile(r'<a class="link" href="([^"]*/newsletter/unsubscribe[^"]*)"')


def series(edition: Edition, language: Language = "fr", **changes: str) -> Series:
    return Series(issues.ISSUE, edition, language, NotifierSettings.from_environment().model_copy(update=changes))


def alone(edition: Edition, to: str, link: str, language: Language = "fr") -> EmailMessage:
    """Return the email to one reader, composed only for them."""
    owner = NotifierSettings.from_environment()
    content = issue.content(WrittenIssue(issues.ISSUE, edition, language, (to,), link), language, owner)
    return written(issue.NAME, issue.AUDIENCE, content, language, owner)


def check_the_lines(raw: bytes) -> None:
    """Check what RFC 5322 and RFC 2045 require of lines."""
    assert raw.isascii()
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    head, _, body = raw.partition(b"\r\n\r\n")
    assert max(map(len, head.split(b"\r\n"))) <= 998
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert not re.search(rb"[ \t]\r\n", body)
    # Only `=` and two upper-case hexadecimal digits, or a soft line break.
    encoded = re.sub(rb"(?m)^(--)?=+\d+==(--)?\r$|^[A-Z][A-Za-z-]+:.*\r$", b"", body)
    assert not re.search(rb"=(?![0-9A-F]{2}|\r\n)", re.sub(rb"={5,}\d+==", b"", encoded))


def parts_in_old_python(raw: bytes) -> list[str]:
    """Return the parts as Python's older policy and its `quopri` read them."""
    message: Message[str, str] = message_from_bytes(raw)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return [quopri.decodestring(str(part.get_payload()).encode()).decode().replace("\r\n", "\n") for part in parts]


def parts_in_new_python(raw: bytes) -> list[str]:
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    return [str(part.get_content()).replace("\r\n", "\n") for part in mail.iter_parts()]


# Not `st.emails()`: it takes a tenth of a second for each.
ADDRESSES = st.from_regex(
    r"\A[a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]{1,40}([.][a-z0-9_=-]{1,20})?@([a-z0-9]{1,60}[.]){1,3}(org|example|xn--p1ai)\Z"
).filter(lambda address: parse(address) == address)
TOKENS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=.~%&;", max_size=300)
LINKS = st.tuples(st.sampled_from(["https://api.example", f"https://{'d' * 61}.{'e' * 61}.example/v1"]), TOKENS).map(
    lambda drawn: f"{drawn[0]}/newsletter/unsubscribe?{urlencode({'subscriber': 's', 'token': drawn[1]})}&x={drawn[1]}"
)
# The parts of a Markdown text, and what an encoder may trip over.
BITS = st.sampled_from(
    [
        *("# ", "- ", "1. ", "> ", "\n", "\n\n", "**", "_", "`", "```\n", "[a](https://a.example/?b=c&d=é) ", "    "),
        *("é", "œuvre ", "🎉", "=", "=3D", "= ", ".\n", "From x\n", "mark", "mark" + "0" * 32, "\t", " \n", "--\n"),
        *("x" * 75, "x" * 76, "é" * 40, "&amp;", "<b>", "![i](https://a.example/i.png) ", "|a|b|\n|-|-|\n|c|d|\n"),
    ]
)
MARKDOWN = st.lists(
    st.one_of(BITS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]))), max_size=40
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@example(address="camille@example.org", link=issues.LINK, drawn=[issues.SAMPLE["fr"].markdown], subject="Un")
@given(
    address=ADDRESSES,
    link=LINKS,
    drawn=MARKDOWN,
    subject=st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=120),
)
def test_each_reader_s_copy_is_what_would_have_been_composed_for_them(  # noqa: PLR0913, PLR0917
    in_perl: Reader, in_node: Reader, address: str, link: str, drawn: list[str], subject: str
) -> None:
    edition = Edition(subject=subject, markdown="".join(drawn), preheader=subject)
    raw = series(edition).addressed(address, link)
    check_the_lines(raw)
    expected = alone(edition, address, link)
    text, html = (str(part.get_content()).replace("\r\n", "\n") for part in expected.iter_parts())
    assert parts_in_new_python(raw) == [text, html]
    assert parts_in_old_python(raw) == [text, html]
    by_node = read_by_postal_mime(in_node, raw)
    assert by_node["text"].rstrip() == text.rstrip()
    assert by_node["html"].rstrip() == html.rstrip()
    assert by_node["to"] == [{"address": address, "name": ""}]
    assert by_node["subject"] == text_by_perl(in_perl, raw, "Subject") == subject
    # The link is there unbroken, and once in each part.
    assert text.splitlines().count(link) == 1
    assert list(map(unescape, HREF.findall(html))) == [link]
    assert on_the_wire(raw, "List-Unsubscribe") == f"<{link}>"
    assert on_the_wire(raw, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
    mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    assert [mailbox.addr_spec for mailbox in mail["To"].addresses] == [address]
    assert mail.defects == []
    assert {part.get_content_type(): part.defects for part in mail.iter_parts()} == {"text/plain": [], "text/html": []}
    for name in ("From", "Subject", "Auto-Submitted"):
        assert on_the_wire(raw, name) == expected[name]


def test_each_copy_has_its_own_id_and_date_and_no_other_difference() -> None:
    copies = series(issues.SAMPLE["en"], "en")
    one, other = (copies.addressed(f"{who}@example.org", f"https://a.example/u?s={who}") for who in ("ada", "bob"))
    ids = {on_the_wire(raw, "Message-ID") for raw in (one, other)}
    assert len(ids) == 2
    assert all(re.fullmatch(r"<[!-;=?-~]+@atelier\.example>", message_id) for message_id in ids)
    assert abs((parsedate_to_datetime(on_the_wire(one, "Date")) - utc_now()).total_seconds()) < 5

    def rest(raw: bytes) -> bytes:
        return re.sub(rb"(?m)^(Message-ID|Date):.*\r\n", b"", raw)

    assert rest(one).replace(b"ada", b"bob") == rest(other)


@pytest.mark.parametrize("before", ["", "x", "xx"])
def test_no_line_of_an_encoded_link_ends_within_an_escape(before: str) -> None:
    link = f"https://api.example/newsletter/unsubscribe?{before}{'=' * 200}"
    raw = series(issues.SAMPLE["en"], "en").addressed("a@example.org", link)
    check_the_lines(raw)
    for parts in (parts_in_new_python(raw), parts_in_old_python(raw)):
        assert [unescape(part).count(link) for part in parts] == [1, 1]


def test_what_an_author_writes_is_never_taken_for_a_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def token_hex(size: int) -> str:
        drawn.append(secrets.token_hex(size))
        return drawn[-1]

    monkeypatch.setattr("guichet.mail.series.secrets", SimpleNamespace(token_hex=token_hex))
    series(issues.SAMPLE["fr"])
    # Knowing those of one copy reveals nothing about the next.
    marks = [f"mark{mark}" for mark in drawn]
    edition = Edition(subject=marks[0], preheader=marks[1], markdown=" ".join(marks))
    raw = series(edition).addressed("another@example.org", issues.LINK)
    text, html = parts_in_new_python(raw)
    assert text.split()[: len(marks)] == marks
    assert " ".join(marks) in html
    assert on_the_wire(raw, "Subject") == marks[0]
    assert set(drawn[: len(marks)]).isdisjoint(drawn[len(marks) :])


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("a@example.org\r\nBcc: b@example.org", issues.LINK),
        ("a@example.org\r\n b@example.org", issues.LINK),
        ("é@example.org", issues.LINK),
        ("a@example.org, b@example.org x", issues.LINK),
        ("", issues.LINK),
        ("a@example.org", "https://a.example/\r\nBcc: b@example.org"),
        ("a@example.org", "https://a.example/>, <https://b.example"),
        ("a@example.org", "https://a.example/é"),
        ("a@example.org", f"https://a.example/{'x' * 1000}"),
    ],
)
def test_nothing_else_gets_into_a_header(address: str, link: str) -> None:
    with pytest.raises(ValueError, match=r"has blanks|written for the wire"):
        series(issues.SAMPLE["en"]).addressed(address, link)


def test_a_reader_is_asked_for_no_automatic_reply_and_may_reply_to_the_owner() -> None:
    raw = series(issues.SAMPLE["en"], "en", reply_to_email="owner@example.org").addressed("a@example.org", issues.LINK)
    assert on_the_wire(raw, "Auto-Submitted") == "auto-generated"
    assert on_the_wire(raw, "Reply-To") == "owner@example.org"


def test_without_an_address_on_the_site_it_links_to_none() -> None:
    edition = issues.SAMPLE["fr"]
    without: Any = edition.model_copy(update={"url": ""})
    for part in parts_in_new_python(series(edition).addressed("a@example.org", issues.LINK)):
        assert edition.url in part
        assert "Lire sur le site" in part
    for part in parts_in_new_python(series(without).addressed("a@example.org", issues.LINK)):
        assert "Lire sur le site" not in part
