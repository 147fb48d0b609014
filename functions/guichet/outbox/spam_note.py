"""When the owner is notified of what was caught as spam, and what the note names. It is queued like any other email."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain, islice

from guichet.mail.emails import spam_note as email
from guichet.records.comment import Comment
from guichet.records.message import SPAM_KEPT
from guichet.records.spam_note import SpamNote
from guichet.settings import NotifierSettings
from guichet.store import comments, spam_notes, table

_DAY = timedelta(days=1)
# How far the first note of a stack looks back.
_FIRST = timedelta(days=7)
# By then, everything posted before midnight is stored and listed.
_SETTLED = timedelta(minutes=5)
# A flood is only counted, not read.
_MOST_READ = 100
_MOST_NAMED = 20


def queue_spam_note(settings: NotifierSettings, now: datetime) -> bool:
    """Queue a note of what was caught until last midnight (UTC), if anything was. Return whether this call did.

    Every sweep calls it; usually it only reads one item. After an outage, one note covers all days.
    """
    table_name = settings.table_name
    until = (now - _SETTLED).replace(hour=0, minute=0, second=0, microsecond=0)
    before = spam_notes.told_until(table_name)
    if before is not None and before >= until:
        return False
    since = max(before or until - _FIRST, until - SPAM_KEPT)
    days = [since + number * _DAY for number in range((until - since) // _DAY)]
    note = _note(table_name, days, now) if days else None
    new = spam_notes.add(table_name, before, until, note, email.queued(settings.default_language))
    return new and note is not None


def _note(table_name: str, days: list[datetime], now: datetime) -> SpamNote | None:
    commented = comments.filed_as_spam(table_name, days[0], days[-1] + _DAY)
    of_day = Counter(at.astimezone(UTC).date() for at, _ in commented)
    counts = {day: table.count_list(table_name, "spam", day) + of_day[day.date()] for day in days}
    days = [day for day in days if counts[day]]
    # A flood of one kind must not hide the others.
    theirs = (table.key(Comment, one)["pk"] for _, one in commented[: _MOST_READ // 2])
    listed = chain.from_iterable(table.keys_of_list(table_name, "spam", day) for day in days)
    keys = list(islice(chain(theirs, listed), _MOST_READ))
    caught = list(spam_notes.caught(table_name, keys))
    # Possibly genuine ones first: nobody fills in the honeypot by hand.
    caught.sort(key=lambda record: (record.spam == "honeypot", record.submitted_at))
    # What the owner filed is listed as well, but is not news.
    number = sum(counts.values()) - len(keys) + len(caught)
    if not caught:
        return None
    return SpamNote(
        id=f"{days[-1]:%Y-%m-%d}",
        since=days[0],
        until=days[-1] + _DAY,
        caught=number,
        named=tuple(table.key(type(record), record.id)["pk"] for record in caught[:_MOST_NAMED]),
        made_at=now,
        expires_at=now + SPAM_KEPT,
    )
