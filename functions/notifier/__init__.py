"""Sends the emails in the outbox."""

import guichet  # noqa: F401  first: it configures how the rest starts
