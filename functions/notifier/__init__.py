"""Rows of owed emails become emails."""

import guichet  # noqa: F401  first: it says how the rest starts
