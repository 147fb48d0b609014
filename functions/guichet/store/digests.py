"""Weekly digests."""

from guichet.records.digest import Digest
from guichet.records.outbox import QueuedEmail
from guichet.store import outbox, table


def digest(table_name: str, week: str) -> Digest | None:
    """Return the digest of a week, or None if it was not made yet."""
    return table.record(table_name, Digest, week)


def add(table_name: str, made: Digest, email: QueuedEmail) -> bool:
    """Store a digest and queue its email. Return False if another run was quicker."""
    item = table.item_of(made)
    row = outbox.row(item["pk"], email, made.made_at, made.expires_at)
    return table.written(
        [
            table.put(table_name, item, condition="attribute_not_exists(pk)"),
            table.put(table_name, row),
        ]
    )
