"""Weekly digests."""

from datetime import datetime, timedelta

from guichet.records.record import Record

WEEK = timedelta(days=7)
# When the previous week is reported: on Monday morning in Europe, in UTC.
DUE_AFTER = timedelta(hours=6)


class Digest(Record):
    """A finished week in figures, for the owner. `id` is the week, `2026-W47` (ISO 8601)."""

    id: str
    since: datetime
    # The first moment of the next week.
    until: datetime
    messages: int
    # Messages, sign-ups and comments in the spam folder.
    spam: int
    # New subscribers.
    confirmed: int
    # Subscribers who were asked whether they want to stay, and those who were unsubscribed for not answering.
    asked_to_renew: int = 0
    ended_unanswered: int = 0
    # Emails waiting when it was made, and since when the oldest has waited.
    waiting: int
    # Comments waiting for approval when it was made.
    comments_waiting: int = 0
    oldest_waiting_since: datetime | None = None
    made_at: datetime
    expires_at: datetime

    @property
    def next_due(self) -> datetime:
        """When the next digest is due, which makes this one obsolete."""
        return self.until + WEEK + DUE_AFTER
