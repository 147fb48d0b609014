"""Shared by settling an email's row and settling an issue reader's row."""

# How often a row is read again because it changed meanwhile. After that, the event is delivered again.
READ_AGAIN = 5


class RowBusyError(Exception):
    """A row changed after every read."""
