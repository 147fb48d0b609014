"""Keys and tokens."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guichet.signing import keyed_hash, token, verified

SECRET = "s" * 32
AT = datetime(2026, 11, 23, tzinfo=UTC)


def test_a_key_depends_on_secret_purpose_and_every_part() -> None:
    keys = {
        keyed_hash(SECRET, "a", "b", "c"),
        keyed_hash("t" * 32, "a", "b", "c"),
        keyed_hash(SECRET, "b", "b", "c"),
        keyed_hash(SECRET, "a", "bc"),
        keyed_hash(SECRET, "a", "b", "c", ""),
        keyed_hash(SECRET, "a", "c", "b"),
    }
    assert len(keys) == 6
    assert all(len(key) == 32 and set(key) <= set("0123456789abcdef") for key in keys)


def test_a_key_is_the_same_every_time() -> None:
    # Hard-coded: if it changed, so would all links and keys of a deployed stack.
    assert keyed_hash(SECRET, "subscriber", "a@example.org") == "716e6f0849ef3aab238a692ea8d08900"


@pytest.mark.parametrize(
    ("secret", "purpose", "subject", "expires"),
    [
        ("t" * 32, "confirm", "x", AT),
        (SECRET, "unsubscribe", "x", AT),
        (SECRET, "confirm", "y", AT),
        (SECRET, "confirm", "x", AT.replace(second=1)),
        (SECRET, "confirm", "x", None),
    ],
)
def test_a_token_is_good_for_one_purpose_subject_and_expiry(
    secret: str, purpose: str, subject: str, expires: datetime | None
) -> None:
    given_token = token(SECRET, "confirm", "x", AT)
    assert verified(given_token, SECRET, "confirm", "x", AT)
    assert not verified(given_token, secret, purpose, subject, expires)


@pytest.mark.medium
@given(st.text(st.characters()))
def test_no_other_text_is_a_token(text: str) -> None:
    assert not verified(text, SECRET, "confirm", "x", AT)
