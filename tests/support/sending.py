"""Sending an issue: its readers, the stream that starts the runs, and the resulting copies."""

from collections import Counter
from email.message import EmailMessage

from guichet.locales import Language
from guichet.records.issue import Issue
from guichet.records.record import utc_now
from guichet.store import issues, subscribers
from tests.support.app import App
from tests.support.newsletter import imported

TABLE = "table"


def add(*names: str, language: Language = "fr") -> None:
    """Subscribe people, as an import does."""
    for name in names:
        subscribers.add_imported(TABLE, imported(f"{name}@example.org", utc_now(), language))


def the(name: str = "novembre") -> Issue:
    """Return an issue."""
    found = issues.find(TABLE, name)
    assert found is not None
    return found


def play(app: App) -> None:
    """Deliver from the stream until it is empty."""
    while app.play_stream():
        pass


def copies(app: App) -> list[EmailMessage]:
    """Return the copies that readers got."""
    return [mail for mail in app.mails() if "atelier.example" not in mail["To"]]


def to(app: App) -> Counter[str]:
    """Return how many copies each reader got."""
    return Counter(mail["To"] for mail in copies(app))
