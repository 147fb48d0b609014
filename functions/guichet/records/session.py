"""Sessions of an owner at the desk."""

from datetime import datetime

from guichet.records.record import Record


class Session(Record):
    """A browser that an owner signed in with. `id` is the keyed hash of the token in its cookie."""

    id: str
    # The keyed hash of the owner's address.
    owner: str
    # The browser's `User-Agent`, shortened.
    browser: str = ""
    created_at: datetime
    expires_at: datetime
