"""The weekly digest for the owner, owed like any other email: what a week brought, and what is still owed."""

from datetime import datetime, timedelta

from guichet.records import SENT_EMAIL_KEPT, Digest, OwedEmail
from guichet.settings import NotifierSettings
from guichet.storage import Store

_WEEK = timedelta(days=7)
# An email that was owed a moment ago goes out with this very sweep.
_ON_ITS_WAY = timedelta(minutes=15)
# When the week before is told: on Monday morning in Europe, by UTC.
_DUE_AFTER = timedelta(hours=6)


def owe_digest(store: Store, settings: NotifierSettings, now: datetime) -> bool:
    """Owe the digest of the last whole week (ISO 8601, by UTC), once, where the owner wants it. Return whether it was.

    To be called by every sweep: normally it reads one item.
    """
    due = now - _DUE_AFTER
    until = due.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=due.weekday())
    since = until - _WEEK
    week = f"{since:%G-W%V}"
    if settings.weekly_digest == "off" or store.digest(week) is not None:
        return False
    days = [since + timedelta(days=day) for day in range(7)]
    owed = [at for recipient in ("owner", "visitor") for _, at in store.owed(recipient) if now - at > _ON_ITS_WAY]
    digest = Digest(
        id=week,
        since=since,
        until=until,
        messages=sum(store.count("messages", day) for day in days),
        spam=sum(store.count("spam", day) for day in days),
        confirmed=sum(store.count("confirmed", day) for day in days),
        waiting=len(owed),
        oldest_waiting_since=min(owed, default=None),
        made_at=now,
        expires_at=now + SENT_EMAIL_KEPT,
    )
    email = OwedEmail(name="digest", recipient="owner", language=settings.default_language)
    return store.owe_digest(digest, email)


def next_is_due(digest: Digest, now: datetime) -> bool:
    """Tell whether the next digest is due: an older one tells nobody anything any more."""
    return now >= digest.until + _WEEK + _DUE_AFTER
