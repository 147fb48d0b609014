"""Weekly digests."""

from datetime import datetime

from guichet.records.record import Record


class Digest(Record):
    """A finished week in figures, for the owner. `id` is the week, `2026-W47` (ISO 8601)."""

    id: str
    since: datetime
    # The first moment of the next week.
    until: datetime
    messages: int
    # Messages and sign-ups in the spam folder.
    spam: int
    # New subscribers.
    confirmed: int
    # Emails waiting when it was made, and since when the oldest has waited.
    waiting: int
    oldest_waiting_since: datetime | None = None
    made_at: datetime
    expires_at: datetime
