"""What settling the row of an email and that of an issue's reader have in common."""

# How often a row is read again that somebody else changes at the same time. After that, the event is delivered again.
READ_AGAIN = 5


class RowBusyError(Exception):
    """A row changed each time that it was read."""
