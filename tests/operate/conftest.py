"""The operator's commands in this process, on the stack of the tests."""

import pytest

from guichet.store import dynamodb
from infra.operate import commands
from tests.support.app import App
from tests.support.operate import Operate, Said, connection_to


@pytest.fixture
def operate(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Operate:
    """Return what runs a command on a stack: `operate(app, "messages", "--spam")`."""
    # Lines may be long, unless a test sets it itself.
    monkeypatch.delenv("COLUMNS", raising=False)

    def run(app: App, *arguments: str) -> Said:
        monkeypatch.setattr(commands, "connect_local", lambda _: connection_to(app))
        # A command makes the whole process patient.
        for name in ("READ_TIMEOUT", "RETRY_BUDGET"):
            monkeypatch.setattr(dynamodb, name, getattr(dynamodb, name))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            commands.main([*arguments, "--local"])
        out, err = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0, out, err)

    return run
