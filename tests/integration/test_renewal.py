"""Renewal: who is asked whether they want to stay, once, and what becomes of the answer, or of none."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine

from guichet.http.links import renewal_link, unsubscribe_link
from guichet.mail import ses
from guichet.records.subscriber import Imported, Subscriber
from guichet.signing import subscriber_id
from guichet.store import dynamodb, renewals, subscribers
from tests.support.app import App
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    SECRET,
    events_of,
    link_in_last_mail,
    open_link,
    press,
    sign_up,
    subscribe,
    subscriber,
    unsubscribe_url,
)
from tests.support.states import bring_to
from tests.support.wire import Wire, refusal, unreachable

Make = Callable[..., App]
START = datetime.fromisoformat("2026-01-15T10:00:00Z")
DAY = timedelta(days=1)
# Every part of the list is looked at once in so many days.
LAP = renewals.PARTS * DAY
ASKS = "souhaitiez|Voulez-vous toujours|Do you still want"
READER_ID = subscriber_id(SECRET, READER)


def asked(app: App, address: str = READER) -> list[Any]:
    """Return the emails that asked an address whether it wants to stay."""
    return [mail for mail in app.mails() if mail["To"] == address and re.search(ASKS, mail["Subject"])]


def days(app: App, clock: Any, number: int, step: timedelta = DAY) -> None:
    """Let days pass, with a sweep in each, and what the stream delivers."""
    for _ in range(number):
        clock.shift(step)
        app.sweep()
        app.play_stream()


def link_of(mail: Any) -> str:
    body = mail.get_body(("plain",))
    (link,) = re.findall(r"https://\S+/newsletter/renew\?\S+", body.get_content())
    return str(link)


def imported(address: str, at: datetime) -> Subscriber:
    return Subscriber(
        id=subscriber_id(SECRET, address),
        state="confirmed",
        email=address,
        confirmed_at=at,
        history=(Imported(event="imported", at=at, statement="Asked on paper"),),
    )


def test_whoever_gives_no_sign_of_life_is_asked_once_and_unsubscribed_thirty_days_after(app: App) -> None:
    with time_machine.travel(START, tick=False) as clock:
        subscribe(app)
        clock.shift(timedelta(days=3 * 365 - 10))
        days(app, clock, 9)
        assert asked(app) == []
        days(app, clock, 2 + renewals.PARTS)
        assert len(asked(app)) == 1
        assert events_of(subscriber(app)) == ["confirmed", "asked_to_renew"]
        sent_at = datetime.fromisoformat(subscriber(app)["renewal_sent_at"])
        days(app, clock, 38)
        item = subscriber(app)
        assert item["state"] == "unsubscribed"
        assert events_of(item) == ["confirmed", "asked_to_renew", "unsubscribed"]
        assert item["history"][-1]["M"]["reason"] == {"S": "no_answer"}
        left_at = datetime.fromisoformat(item["left_at"])
        assert timedelta(days=30) <= left_at - sent_at <= timedelta(days=30) + LAP
        # Kept as any who left.
        assert int(item["expires_at"]) == int((left_at + timedelta(days=1095)).timestamp())
        days(app, clock, 8)
    assert len(asked(app)) == 1
