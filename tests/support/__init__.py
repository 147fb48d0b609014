"""Shared test code, each module named after its subject. Fixtures are in the conftest of their folder."""
