"""The base of all records, which know neither HTTP nor DynamoDB."""

from datetime import UTC, datetime

from guichet.model import Model


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Record(Model):
    """A record: the content of an item in the table, or part of one."""
