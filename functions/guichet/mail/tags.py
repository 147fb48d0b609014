"""The tags of an email, by which SES's events identify its row and the attempt to send it.

SES accepts letters, digits, `_` and `-` in a tag, at most 256 of them, and permanently rejects an email with any other
tag (SES API v2, MessageTag). Keys contain other characters, so they are encoded.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from guichet.records.outbox import EmailKey
from guichet.store import outbox, readers

_RECORD, _EMAIL, _CLAIM = "guichet-record", "guichet-email", "guichet-claim"


class Attempt(NamedTuple):
    """An attempt to send an email: the row, and the claim under which it was made."""

    key: EmailKey
    claim: str


def tags_of(attempt: Attempt) -> list[dict[str, str]]:
    """Return the tags that name an attempt, as SendEmail takes them."""
    values = {_RECORD: _encoded(attempt.key.record), _EMAIL: _encoded(attempt.key.email), _CLAIM: attempt.claim}
    return [{"Name": name, "Value": value} for name, value in values.items()]


def attempt_in(tags: Mapping[str, Sequence[str]]) -> Attempt | None:
    """Return the attempt that the tags of an event name, or None."""
    try:
        record, email, claim = (tags[name][0] for name in (_RECORD, _EMAIL, _CLAIM))
        key = EmailKey(record=_decoded(record), email=_decoded(email))
    except (KeyError, IndexError, ValueError):
        return None
    ours = outbox.is_row(key) or readers.is_reader(key)
    return Attempt(key, claim) if key.record and ours and claim else None


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
    except binascii.Error as error:
        raise ValueError("not the value of a tag") from error
