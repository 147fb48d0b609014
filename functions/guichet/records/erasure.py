"""Erasures under way, and those that ended in the background."""

from datetime import datetime, timedelta

from guichet.records.record import Record

# How long an erasure that does not finish is retried, and a finished one is remembered.
ERASURE_KEPT = timedelta(days=30)


class Erasure(Record):
    """The erasure of a person, or of one message that has no address, requested by the owner's button.

    `id` is the keyed hash of the address, or the id of the message: each person has one at a time. Once it has ended,
    the address is gone from here as well.
    """

    id: str
    email: str = ""
    # The key of the message, where there is no address.
    record: str = ""
    # How long a former subscriber's keyed hash is kept.
    kept_days: int
    asked_at: datetime
    # The last item of the table that was read, in DynamoDB's order. Empty at the beginning.
    read_up_to: tuple[str, ...] = ()
    done_at: datetime | None = None
    expires_at: datetime
