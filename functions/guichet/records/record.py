"""The base of all records, which know neither HTTP nor DynamoDB."""

from datetime import UTC, datetime

from guichet.model import Model


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Record(Model):
    """A record: what an item of the table holds, or a part of it."""
