"""Requests to sign in at the desk: what the link and the code of an email are for."""

from datetime import datetime, timedelta
from typing import Literal

from guichet.locales import Language
from guichet.records.record import Record

# From the moment that the email is sent; and how late it may be sent.
SIGN_IN_VALID = timedelta(minutes=15)
# How often a code may be tried.
MOST_TRIES = 5
# As long as counts against the caps are kept.
SIGN_IN_KEPT = timedelta(days=2)

Purpose = Literal["sign-in", "download"]


class SignIn(Record):
    """A request to sign in, or for a fresh code within a session. It is written for any address that is typed.

    `owner` is the keyed hash of that address, and `browser` that of the secret that the browser got in a cookie: only
    there the link or the code works. It is empty where the operator's command made it, whose link works anywhere.
    Link and code are derived from `id` and are stored nowhere.
    """

    id: str
    owner: str
    browser: str = ""
    # The session that a fresh code is for, with which it ends.
    session: str = ""
    purpose: Purpose = "sign-in"
    # Under which address the browser reached the API.
    base_url: str
    language: Language
    # Whether the session lasts for 30 days.
    remember: bool = False
    # Browser and system by their common names, in words of our own. Empty if unknown.
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
        """Return whether its link or code works at a time: it was sent, a while ago at most, and was not used."""
        return self.sent_at is not None and self.used_at is None and at < self.sent_at + SIGN_IN_VALID

    def is_late(self, at: datetime) -> bool:
        """Return whether its email would come too late at a time: whoever waited for it has asked again."""
        return at >= self.asked_at + SIGN_IN_VALID
