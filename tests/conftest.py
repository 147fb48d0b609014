"""The stack under test, and what keeps each test off AWS and off the others."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import botocore.session
import pytest

from tests.support.app import SESSION, Counter, isolated, resolve


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let the tests that want the calls of all others run last, and know whether these run."""
    from tests.infra.test_roles import WHOLE  # noqa: PLC0415

    items.sort(key=lambda item: "calls" in getattr(item, "fixturenames", ()))
    ran = {item.path.name for item in items}
    wanted = {path.name for path in (Path(__file__).parent / "integration").glob("test_*.py")}
    config.stash[WHOLE] = wanted <= ran


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep every test off AWS and off the other tests' worlds."""
    monkeypatch.setattr(botocore.session, "get_session", lambda: SESSION)
    with isolated():
        yield


@pytest.fixture
def counter() -> Counter:
    """Return the stack with the parameters of the tests."""
    return Counter(resolve())


@pytest.fixture
def make_counter() -> Callable[..., Counter]:
    """Return what makes a stack with further parameters."""
    return lambda **parameters: Counter(resolve(**parameters))


class _Stdout:
    """Standard output, whichever it is at the time of writing."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return what reads what the functions wrote since the last time: logs and metrics."""
    from guichet.telemetry import logger  # noqa: PLC0415

    # The logger took its stream when it was made, before this test's.
    monkeypatch.setattr(logger.registered_handler, "stream", _Stdout())
    return lambda: capsys.readouterr().out
