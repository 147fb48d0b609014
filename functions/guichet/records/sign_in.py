"""Requests to sign in at the desk: what the link and the code of an email are for."""

from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

# Valid from when the email is sent; and how late it may be sent.
SIGN_IN_VALID = timedelta(minutes=15)
# How often a code may be tried.
MOST_TRIES = 5
# As long as the counters of the caps are kept.
SIGN_IN_KEPT = timedelta(days=2)

Purpose = Literal["sign-in", "download"]


class SignIn(Record):
    """A request to sign in, or for a fresh code within a session. It is written for any address that is typed.

    `owner` is the keyed hash of that address, and `browser` that of the secret in the browser's cookie: the link or
    code works only there. It is empty if the operator's command made the request, whose link works anywhere. Link and
    code are derived from `id` and never stored.
    """

    id: str
    owner: str
    browser: str = ""
    # The session that a fresh code is for; the code ends with it.
    session: str = ""
    purpose: Purpose = "sign-in"
    # The URL under which the browser reached the API.
    base_url: str
    language: Language
    # Whether the session lasts for 30 days.
    remember: bool = False
    # Browser and system by their common names, in our own words. Empty if unknown.
    asked_with: str = ""
    # Whether this owner had signed in with this browser before.
    known: bool = False
    asked_at: datetime
    # Just before SES is called for its email.
    sent_at: datetime | None = None
    used_at: datetime | None = None
    tries: int = 0
    expires_at: datetime

    def works(self, at: datetime) -> bool:
        """Return whether its link or code works at a time: it was sent not too long ago, and not used."""
        return self.sent_at is not None and self.used_at is None and at < self.sent_at + SIGN_IN_VALID

    def is_late(self, at: datetime) -> bool:
        """Return whether its email would be too late at a time, as the user will have asked again."""
        return at >= self.asked_at + SIGN_IN_VALID
