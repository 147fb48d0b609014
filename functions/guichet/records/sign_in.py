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


class SignIn(Record):
    """A request to sign in, or for a fresh code within a session. It is written for any address that is typed.

    `owner` is the keyed hash of that address, and `browser` that of the secret that the browser got in a cookie: only
    there the link or the code works. It is empty where the operator's command made it, whose link works anywhere.
    """

    id: str
    owner: str
    browser: str = ""
    # The session that a fresh code is for, with which it ends.
    session: str = ""
    purpose: Literal["sign-in", "download"] = "sign-in"
    # Under which address the browser reached the API, and where it goes on afterwards.
    base_url: str
    next: str = ""
    language: Language
    # Whether the session lasts for 30 days.
    remember: bool = False
    # The network that asked, and whether an owner had signed in with this browser before.
    network_id: str = ""
    known: bool = False
    asked_at: datetime
    sent_at: datetime | None = None
    used_at: datetime | None = None
    tries: int = 0
    expires_at: datetime
