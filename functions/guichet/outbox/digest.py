"""When the owner's weekly digest is due, and what it contains. It is queued like any other email."""

from datetime import datetime, timedelta

from guichet.mail.emails import digest as email
from guichet.records.digest import DUE_AFTER, WEEK, Digest
from guichet.records.outbox import AUDIENCES, SENT_EMAIL_KEPT
from guichet.settings import NotifierSettings
from guichet.store import comments, digests, outbox, renewals, table

# An email queued a moment ago goes out in this sweep.
_ON_ITS_WAY = timedelta(minutes=15)


def queue_digest(settings: NotifierSettings, now: datetime) -> bool:
    """Queue the digest of the last whole week (ISO 8601, UTC), once, if the owner wants it. Return whether it did.

    Every sweep calls it; usually it only reads one item.
    """
    table_name = settings.table_name
    due = now - DUE_AFTER
    until = due.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=due.weekday())
    since = until - WEEK
    week = f"{since:%G-W%V}"
    if settings.weekly_digest == "off" or digests.digest(table_name, week) is not None:
        return False
    days = [since + timedelta(days=day) for day in range(7)]
    waiting = [at for audience in AUDIENCES for at, _ in outbox.waiting(table_name, audience) if now - at > _ON_ITS_WAY]
    renewed = renewals.progress(table_name).weeks.get(week, {})
    digest = Digest(
        id=week,
        since=since,
        until=until,
        messages=sum(table.count_list(table_name, "messages", day) for day in days),
        spam=sum(table.count_list(table_name, "spam", day) for day in days)
        + len(comments.filed_as_spam(table_name, since, until)),
        confirmed=sum(table.count_list(table_name, "confirmed", day) for day in days),
        asked_to_renew=renewed.get("asked", 0),
        ended_unanswered=renewed.get("ended", 0),
        waiting=len(waiting),
        comments_waiting=len(comments.in_state(table_name, "pending")),
        oldest_waiting_since=min(waiting, default=None),
        made_at=now,
        expires_at=now + SENT_EMAIL_KEPT,
    )
    return digests.add(table_name, digest, email.queued(settings.default_language))
