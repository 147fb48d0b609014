"""Limits of a caller."""

from datetime import datetime

from guichet.records.record import Record


class Caller(Record):
    """A caller as a keyed hash of address, form and clock hour, with their cap and the end of the hour."""

    key: str
    cap: int
    until: datetime


class Solved(Record):
    """A solved proof-of-work challenge, valid once, and until when it must be remembered."""

    key: str
    until: datetime
