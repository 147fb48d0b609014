"""Somebody else who is quicker: what they do between what was read and the write after it."""

from collections.abc import Callable
from typing import Any

import pytest


def just_before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, deed: Callable[[], object]) -> None:
    """Let something happen right before the next call of a function, and only before that one."""
    original = getattr(module, name)

    def called(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(module, name, original)
        deed()
        return original(*arguments, **named)

    monkeypatch.setattr(module, name, called)
