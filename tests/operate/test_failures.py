"""Error messages and exit codes for failures of AWS, files and pipes."""

import os
from pathlib import Path

import pytest
from botocore.exceptions import ConnectTimeoutError, SSLError
from botocore.parsers import ResponseParserError

from guichet.store.dynamodb import UnavailableError
from guichet.store.erasure import NotFinishedError
from infra.operate import adopting, commands
from tests.support.app import REGION
from tests.support.operate import said_by


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        # Errors of botocore that are OSErrors, too.
        (SSLError(endpoint_url="https://aws.example", error=OSError("?")), 3, "AWS is unreachable or refused: SSL"),
        (ConnectTimeoutError(endpoint_url="https://aws.example"), 3, "AWS is unreachable or refused: Connect timeout"),
        (ResponseParserError("Unable to parse response"), 3, "AWS is unreachable or refused: Unable to parse response"),
        (FileNotFoundError(2, "No such file or directory", "list.csv"), 2, "list.csv: No such file or directory"),
        # Standard output has no file name.
        (OSError(28, "No space left on device"), 2, "No space left on device"),
        (OSError("cannot find it"), 2, "cannot find it"),
        (TimeoutError(), 2, "TimeoutError"),
        (UnavailableError("put_item"), 3, "the table is unreachable, and the change may or may not have been made"),
        (NotFinishedError(), 1, "something changed in the meantime, so part of it is left: run the command again"),
    ],
)
def test_a_failure_is_reported_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int, words: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(adopting, "adopt", fail)
    said = said_by(capsys, "adopt", "table", "--region", REGION)
    assert (said.code, said.told.startswith(f"error: {words}")) == (code, True), said.err


def test_a_closed_pipe_is_not_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    # Closing it, as Python does on exit, raises an error if anything is still buffered.
    with os.fdopen(write, "w") as out:
        monkeypatch.setattr("sys.stdout", out)
        commands.main(["issue", "new", str(tmp_path / "letter.md"), "--json"])
    assert (tmp_path / "letter.md").exists()


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(adopting, "adopt", lambda *_: dict[str, str]()["missing"])
    with pytest.raises(KeyError):
        said_by(capsys, "adopt", "table", "--region", REGION)
