"""The operator's commands in this process, on the stack of the tests."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from guichet.store import dynamodb
from infra.operate import importing
from infra.operate.commands import options
from infra.operate.doctor import examine
from infra.operate.importing import running
from infra.operate.inspection import Finding
from tests.support.app import App
from tests.support.aws import Answers
from tests.support.doctor import Examined, Site, case
from tests.support.operate import Operate, Said, connection_to, said_by
from tests.support.server import Handler, Server, serving


@pytest.fixture
def operate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operate:
    """Return a function that runs a command on a stack: `operate(app, "messages", "--spam")`."""
    # Lines may be long, unless a test sets it itself.
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(app: App, *arguments: str) -> Said:
        monkeypatch.setattr(options, "connect_local", lambda _: connection_to(app))
        # A command allows slow calls in the whole process.
        for name in ("READ_TIMEOUT", "RETRY_BUDGET"):
            monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
        return said_by(capsys, *arguments, "--local")

    return run


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return a function that runs a command without a stack: `offline("forms", "check")`."""

    def run(*arguments: str) -> Said:
        # Any call to AWS would fail at once.
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            patch.delenv("AWS_DEFAULT_REGION")
            return said_by(capsys, *arguments)

    return run


@pytest.fixture
def short_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shrink an import's blocks from two hundred rows to twenty, so that a short file has several."""
    for module in (importing, running):
        monkeypatch.setattr(module, "BLOCK", 20)


@pytest.fixture
def site() -> Iterator[Site]:
    """Return the site and the API of a stack, with prepared answers."""
    told = Site()

    class Page(Handler):
        def answer(self) -> None:
            if self.command == "OPTIONS":
                self.reply(204, told.preflight, b"")
            elif self.path in told.locations:
                self.reply(302, {"Location": told.locations[self.path]}, b"")
            else:
                self.reply(told.status, {"Content-Type": told.media_type}, told.page.encode())

    with serving(Server(Page)) as server:
        told.address = f"http://{server.address}"
        told.preflight = {
            "Access-Control-Allow-Origin": told.address,
            "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
            "Access-Control-Allow-Headers": "content-type,accept",
        }
        yield told


@pytest.fixture
def examined(app: App, site: Site) -> Examined:
    """Return a function that examines a healthy stack with changes: answers, DNS records, fields of the case."""

    def run(answers: Answers | None = None, records: Mapping[Any, Any] | None = None, **changes: Any) -> list[Finding]:
        return list(examine(case(app, site, answers or {}, records or {}, **changes)))

    return run
