"""Rows of owed emails become emails."""
