"""Sends the emails in the outbox."""

import guichet  # noqa: F401  first: it says how the rest starts
