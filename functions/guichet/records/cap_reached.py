"""A daily cap on mail to strangers that was reached."""

from datetime import datetime
from typing import Literal

from guichet.records.record import Record

Reached = Literal["all", "network"]


class CapReached(Record):
    """A daily cap that was reached, for the owner. `id` is the day (UTC) and the cap.

    `what` says whether all strangers together used up the day's emails, or one network its share.
    """

    id: str
    what: Reached
    # The name of the email that waits.
    email_name: str
    # How many of these emails may be sent a day.
    per_day: int
    reached_at: datetime
    expires_at: datetime
