"""Which email addresses are accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guichet.addresses import mailbox, normalized, parse


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("a@example.org", "a@example.org"),
        (" A.B+tag@Example.ORG ", "A.B+tag@example.org"),
        ("o'neil@example.org", "o'neil@example.org"),
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
        ("a@xn--mnchen-3ya.example", "a@xn--mnchen-3ya.example"),
        ("a@a.b.c.example", "a@a.b.c.example"),
        ("x" * 64 + "@example.org", "x" * 64 + "@example.org"),
    ],
)
def test_an_address_is_returned_as_it_can_be_mailed(text: str, address: str) -> None:
    assert parse(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.org",
        "a@",
        "a@example",
        "a@b@example.org",
        "a b@example.org",
        '"a b"@example.org',
        "a(comment)@example.org",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        "é@example.org",
        ".a@example.org",
        "a.@example.org",
        "a..b@example.org",
        "a@-example.org",
        "a@example-.org",
        "a@exa_mple.org",
        "a@example..org",
        "a@.example.org",
        "a@example.org.",
        "a@example.org\nbcc:b@example.org",
        "a@example.org,b@example.org",
        "A <a@example.org>",
        "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org",
        "a@" + ".".join(["x" * 60] * 5),
        "a@\u2028.org",
        "a@\U0001f4a9..la",
    ],
)
def test_what_cannot_be_mailed_is_refused(text: str) -> None:
    assert parse(text) is None


@pytest.mark.slow
@given(st.text(max_size=80) | st.from_regex(r"[^@]{1,20}@[^@]{1,20}\.[a-z]{2}", fullmatch=True))
def test_an_address_has_one_form_and_only_harmless_characters(text: str) -> None:
    address = parse(text)
    if address is not None:
        assert parse(address) == address
        assert address.isascii()
        assert address.isprintable()
        assert not set(address) & set(' ,;:<>()[]"\\')
        assert address.count("@") == 1


def test_two_spellings_of_an_address_are_one() -> None:
    assert normalized(parse("Reader@MÜNCHEN.example") or "") == normalized("reader@xn--mnchen-3ya.example")


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("Reader+news@Example.org", "reader@example.org"),
        ("re.ader+a+b@example.org", "re.ader@example.org"),
        ("re.ad.er+a@gmail.com", "reader@gmail.com"),
        ("Reader@GoogleMail.com", "reader@gmail.com"),
        ("re.ader@mail.gmail.com", "re.ader@mail.gmail.com"),
        ("+tag@example.org", "+tag@example.org"),
        ("a-b@example.org", "a-b@example.org"),
    ],
)
def test_a_mailbox_is_counted_without_tags_and_at_gmail_without_dots(address: str, folded: str) -> None:
    assert mailbox(address) == folded


@pytest.mark.medium
@given(st.emails())
def test_a_mailbox_has_one_form(text: str) -> None:
    address = parse(text)
    if address is not None:
        assert mailbox(mailbox(address)) == mailbox(address) == mailbox(address.upper())
        assert parse(mailbox(address)) is not None
