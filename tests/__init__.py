"""Tests, through the handlers with real events, against moto."""
