"""Sends issues of the newsletter."""

import guichet  # noqa: F401  first: it configures how the rest starts
