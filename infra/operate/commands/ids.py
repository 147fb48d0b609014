"""Ids that users give, which may be shortened to a prefix."""

from collections.abc import Collection

# The length of an id in characters. Anything shorter is a prefix.
WHOLE_ID = 32
# The most ids that an error names.
_MOST_IDS = 5


def ambiguous(prefix: str, ids: Collection[str]) -> str:
    """Return the error message for an ambiguous prefix."""
    listed = ", ".join(sorted(ids)[:_MOST_IDS])
    more = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return f"several ids begin with {prefix}: {listed}{more}"
