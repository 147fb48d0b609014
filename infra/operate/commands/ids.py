"""Ids as given to a command, which may be shortened to their first characters."""

from collections.abc import Collection

# The length of an id in characters. Anything shorter is a prefix.
WHOLE_ID = 32
# The most ids that an error names.
_MOST_IDS = 5


def ambiguous(prefix: str, ids: Collection[str]) -> str:
    """Return what to say about a prefix that several ids begin with."""
    listed = ", ".join(sorted(ids)[:_MOST_IDS])
    more = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return f"several ids begin with {prefix}: {listed}{more}"
