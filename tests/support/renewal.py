"""Renewals in virtual time: silent readers, passing days and months, and the renewal emails."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any

import time_machine

from guichet.http.links import renewal_link
from guichet.locales import Language
from guichet.signing import subscriber_id
from guichet.store import renewals, subscribers
from tests.support.app import App
from tests.support.newsletter import READER, SECRET, imported, subscriber

START = datetime.fromisoformat("2026-01-15T10:00:00Z")
DAY = timedelta(days=1)
# Every part of the list is examined once in this many days.
LAP = renewals.PARTS * DAY
ASKS = "Voulez-vous toujours|Do you still want"
READER_ID = subscriber_id(SECRET, READER)
LINK = renewal_link("", READER_ID, "en", SECRET)


def asked(app: App, address: str = READER) -> list[EmailMessage]:
    """Return the renewal emails to an address."""
    return [mail for mail in app.mails() if mail["To"] == address and re.search(ASKS, mail["Subject"])]


def days(app: App, clock: Any, number: int, step: timedelta = DAY) -> None:
    """Let days pass, with a sweep and the stream's deliveries in each."""
    for _ in range(number):
        clock.shift(step)
        app.sweep()
        app.play_stream()


def month(app: App, clock: Any) -> None:
    """Let a month pass without an answer, until all parts of the list have been examined."""
    clock.shift(30 * DAY)
    days(app, clock, renewals.PARTS + 1)


def link_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    (link,) = re.findall(r"https://\S+/newsletter/renew\?\S+", body.get_content())
    return str(link)


def known_since(address: str, at: datetime, language: Language = "fr") -> None:
    """Subscribe an address without a sign of life since a time."""
    subscribers.add_imported("table", imported(address, at, language))


@contextmanager
def due(clock_at: datetime = START, language: Language = "fr") -> Iterator[Any]:
    """Stop the clock, with a reader who has shown no sign of life for four years."""
    with time_machine.travel(clock_at, tick=False) as clock:
        known_since(READER, clock_at - timedelta(days=4 * 365), language)
        yield clock


def sent_at(app: App) -> datetime:
    return datetime.fromisoformat(subscriber(app)["renewal_sent_at"])
