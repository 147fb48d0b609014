"""Erasures that have not ended, and those that ended in the background."""

from datetime import datetime, timedelta

from guichet.records.record import Record

# As long as one that never ends is tried, and as its end is remembered.
ERASURE_KEPT = timedelta(days=30)


class Erasure(Record):
    """The erasure of a person, or of one message that has no address, as the owner's button asked for it.

    `id` is the keyed hash of the address, or the id of the message: of one person there is one at a time. Once it has
    ended, the address is gone from here, too.
    """

    id: str
    email: str = ""
    # The key of the message, where there is no address.
    record: str = ""
    # How long the keyed hash of somebody stays who was subscribed.
    kept_days: int
    asked_at: datetime
    # Up to which item the table was read, as DynamoDB orders them. Empty at the beginning.
    read_up_to: tuple[str, ...] = ()
    done_at: datetime | None = None
    expires_at: datetime
