"""Comparing the sentences of languages."""

from collections.abc import Mapping
from string import Formatter


def placeholders(sentences: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the names of the `{placeholders}` in each sentence, by key."""
    return {key: {name for _, name, _, _ in Formatter().parse(text) if name} for key, text in sentences.items()}
