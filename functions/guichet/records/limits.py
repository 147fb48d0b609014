"""What bounds a caller."""

from datetime import datetime

from guichet.records.record import Record


class Caller(Record):
    """Who posts, as a keyed hash of address, form and clock hour; how often they may; and when the hour ends."""

    key: str
    cap: int
    until: datetime


class Solved(Record):
    """A proof of work: the challenge that was solved, which may be used once, and until when it must be remembered."""

    key: str
    until: datetime
