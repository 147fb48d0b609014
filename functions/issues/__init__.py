"""Sends issues of the newsletter."""

import guichet  # noqa: F401  first: it says how the rest starts
