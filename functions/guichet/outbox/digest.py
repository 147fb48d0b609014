"""The weekly digest for the owner, owed like any other email: what a week brought, and what is still owed."""

from datetime import datetime, timedelta

from guichet.records.digest import Digest
from guichet.records.outbox import AUDIENCES, SENT_EMAIL_KEPT, QueuedEmail
from guichet.settings import NotifierSettings
from guichet.store import digests, outbox, table

_WEEK = timedelta(days=7)
# An email that was owed a moment ago goes out with this very sweep.
_ON_ITS_WAY = timedelta(minutes=15)
# When the week before is told: on Monday morning in Europe, by UTC.
_DUE_AFTER = timedelta(hours=6)


def queue_digest(settings: NotifierSettings, now: datetime) -> bool:
    """Owe the digest of the last whole week (ISO 8601, by UTC), once, where the owner wants it. Return whether it was.

    To be called by every sweep: normally it reads one item.
    """
    table_name = settings.table_name
    due = now - _DUE_AFTER
    until = due.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=due.weekday())
    since = until - _WEEK
    week = f"{since:%G-W%V}"
    if settings.weekly_digest == "off" or digests.digest(table_name, week) is not None:
        return False
    days = [since + timedelta(days=day) for day in range(7)]
    owed = [at for audience in AUDIENCES for at, _ in outbox.waiting(table_name, audience) if now - at > _ON_ITS_WAY]
    digest = Digest(
        id=week,
        since=since,
        until=until,
        messages=sum(table.count_list(table_name, "messages", day) for day in days),
        spam=sum(table.count_list(table_name, "spam", day) for day in days),
        confirmed=sum(table.count_list(table_name, "confirmed", day) for day in days),
        waiting=len(owed),
        oldest_waiting_since=min(owed, default=None),
        made_at=now,
        expires_at=now + SENT_EMAIL_KEPT,
    )
    email = QueuedEmail(name="digest", recipient="owner", language=settings.default_language)
    return digests.add(table_name, digest, email)


def next_is_due(digest: Digest, now: datetime) -> bool:
    """Tell whether the next digest is due: an older one tells nobody anything any more."""
    return now >= digest.until + _WEEK + _DUE_AFTER
