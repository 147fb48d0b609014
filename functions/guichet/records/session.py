"""Sessions of an owner at the desk."""

from datetime import datetime

from guichet.records.record import Record


class Session(Record):
    """A browser that an owner signed in with. `id` is the keyed hash of the token that its cookie has."""

    id: str
    # The keyed hash of the owner's address.
    owner: str
    # What the browser calls itself, shortened.
    browser: str = ""
    created_at: datetime
    expires_at: datetime
