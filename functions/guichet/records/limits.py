"""Limits of a caller."""

from datetime import datetime

from guichet.records.record import Record


class Caller(Record):
    """A caller as a keyed hash of address, form and clock hour, with their cap and the end of the hour.

    `network_id` is a keyed hash of the network, for emails to strangers that the caller asks for.
    """

    key: str
    cap: int
    until: datetime
    network_id: str = ""


class Solved(Record):
    """A solved proof-of-work challenge, valid once, with the time until which it must be remembered."""

    key: str
    until: datetime
