"""Daily notes about what was caught as spam."""

from dataclasses import dataclass
from datetime import datetime

from guichet.records.comment import Comment
from guichet.records.message import Message
from guichet.records.record import Record
from guichet.records.sign_up import SignUp


class SpamNote(Record):
    """What was caught as spam from `since` until `until`, for the owner. `id` is the last of these days, `2026-11-25`.

    It stores no text, only the keys of what it names, so that anything erased or released before it is sent is left
    out.
    """

    id: str
    since: datetime
    # The first moment after it, and of the next note.
    until: datetime
    # How many messages, sign-ups and comments were caught, including those that it does not name.
    caught: int
    named: tuple[str, ...]
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class OpenedSpamNote:
    """A note with the submissions that it names and that are still in the spam folder."""

    note: SpamNote
    submissions: tuple[Message | SignUp | Comment, ...]
