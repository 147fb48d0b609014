"""The stack under test, and fixtures that isolate each test from AWS and from other tests."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.app import App, isolated, resolve
from tests.support.calls import LOG
from tests.support.mail_readers import Reader, perl, postal_mime

# Quick tests run first, for fast feedback. Then come the longest ones, so that no process is left working alone at the
# end.
_ORDER = ["unit", "integration", "hostile", "faults", "bench", "artifact", "clients", "browser", "infra", "operate"]
# Other tests cover the same code in functions/ and infra/: measuring it again would take half as long again.
_NOT_MEASURED = {"bench", "browser", "clients", "faults", "fuzz"}
# They read what all other tests recorded, so `make test` runs them separately, afterwards.
collect_ignore = ["roles"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option to record the functions' AWS calls during a full test run."""
    group = parser.getgroup("calls", "what the functions ask of AWS")
    group.addoption("--write-calls", type=Path, metavar="FOLDER", help="write it into a folder, which is emptied first")
    group.addoption("--read-calls", type=Path, metavar="FOLDER", help="for tests/roles: read it from a folder")


def pytest_configure(config: pytest.Config) -> None:
    """Start this process's log."""
    LOG.folder = config.getoption("write_calls")
    # The workers of pytest-xdist write into it as well.
    if LOG.folder and not hasattr(config, "workerinput"):
        shutil.rmtree(LOG.folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests by folder, and mark slow cases. No test depends on the order."""
    _mark_cases(items)
    tests = Path(__file__).parent

    def folder_of(item: pytest.Item) -> str:
        return item.path.relative_to(tests).parts[0]

    def rank(item: pytest.Item) -> int:
        folder = folder_of(item)
        return _ORDER.index(folder) if folder in _ORDER else len(_ORDER)

    items.sort(key=rank)
    for item in items:
        if folder_of(item) in _NOT_MEASURED:
            item.add_marker("no_cover")


def _mark_cases(items: list[pytest.Item]) -> None:
    """Mark a test's cases as slow, except those that the marker quick_cases picks, spread over all cases."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("quick_cases"):
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for found in cases.values():
        (wanted,) = found[0].iter_markers("quick_cases")
        quick = {index * len(found) // wanted.args[0] for index in range(wanted.args[0])}
        for index, item in enumerate(found):
            if index not in quick:
                item.add_marker("slow")


@pytest.fixture(autouse=True)
def _aws() -> Iterator[None]:
    """Isolate every test from AWS and from the other tests."""
    with isolated():
        yield


@pytest.fixture(scope="module")
def in_perl() -> Iterator[Reader]:
    """Return a reader of emails: Perl's, of the system."""
    with perl() as reader:
        yield reader


@pytest.fixture(scope="module")
def in_node() -> Iterator[Reader]:
    """Return a reader of emails: postal-mime, of the tests' npm packages."""
    with postal_mime() as reader:
        yield reader


@pytest.fixture
def app() -> App:
    """Return the stack with the parameters of the tests."""
    return App(resolve())


@pytest.fixture
def make_app() -> Callable[..., App]:
    """Return a factory of stacks with additional parameters."""
    return lambda **parameters: App(resolve(**parameters))


@pytest.fixture(autouse=True)
def _few_shards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the outbox two shards instead of sixteen: enough to test merging, as every sweep queries each one.

    Queries of the other fourteen were half of all calls in the tests. The marker all_shards keeps them.
    """
    from guichet.store import outbox  # noqa: PLC0415

    if request.node.get_closest_marker("all_shards") is None:
        monkeypatch.setattr(outbox, "SHARDS", 2)


@pytest.fixture(autouse=True)
def _few_days(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a walk along the messages after twelve days instead of 122, since it queries each of them.

    The marker all_days keeps them.
    """
    from guichet.store import message_lists  # noqa: PLC0415

    if request.node.get_closest_marker("all_days") is None:
        monkeypatch.setattr(message_lists, "DAYS_AT_ONCE", (3, 9))


class _Clock:
    """A clock without waiting: sleeping advances it."""

    def __init__(self) -> None:
        self._slept = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += seconds


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send the emails of a run without pacing: fourteen a second took longer than everything else."""
    from guichet.mail import pace  # noqa: PLC0415

    monkeypatch.setattr(pace, "time", _Clock())


class _Stdout:
    """Standard output, whichever it is at the time of writing."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """Return a function that returns the logs and metrics written since its last call."""
    from guichet.telemetry import logger  # noqa: PLC0415

    # The logger got its stream when it was created, before this test's.
    monkeypatch.setattr(logger.registered_handler, "stream", _Stdout())
    return lambda: capsys.readouterr().out
