"""Requests that nobody wrote."""
