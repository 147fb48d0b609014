"""The base of all records, which know neither HTTP nor DynamoDB."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


def utc_now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


class Record(BaseModel):
    """A record: frozen, and comparable by value."""

    # Validators are built on first use: a function uses few of them.
    model_config = ConfigDict(frozen=True, defer_build=True)
