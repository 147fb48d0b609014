"""The log of the functions' AWS calls, from which tests/roles derives the permissions they need."""

from pathlib import Path

import pytest

from infra.template import TEMPLATE
from tests.support.app import App
from tests.support.calls import LOG, read
from tests.support.roles import TABLE, Call


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(LOG, "folder", tmp_path / "calls")
    monkeypatch.setattr(LOG, "_lines", set())
    return tmp_path / "calls"


def post(app: App) -> None:
    assert app.post("/contact", json={"email": "a@example.org", "message": "Bonjour"}).status_code == 200


@pytest.mark.slow
def test_what_functions_ask_is_written_once_and_read_back(app: App, folder: Path) -> None:
    for _ in range(3):
        post(app)
    app.sweep()
    (written,) = folder.iterdir()
    lines = written.read_text(encoding="utf-8").splitlines()
    assert lines
    assert len(set(lines)) == len(lines)

    asked = read(folder)
    assert asked.operations["dynamodb"] >= {"TransactWriteItems", "Query"}
    assert asked.operations["sesv2"] == {"SendEmail", "GetAccount"}
    assert Call("Contact", "dynamodb:PutItem", TABLE) in asked.calls
    sent = next(call for call in asked.calls if call.action == "ses:SendRawEmail")
    assert (sent.function, sent.context) == ("Notifier", frozenset({("ses:FromAddress", "guichet@atelier.example")}))


@pytest.mark.medium
def test_the_logs_of_several_processes_are_read_as_one(app: App, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    post(app)
    monkeypatch.setattr("tests.support.calls.os.getpid", lambda: 1)
    app.sweep()
    assert len(list(folder.iterdir())) == 2
    assert {call.function for call in read(folder).calls} == {"Contact", "Notifier"}


@pytest.mark.medium
def test_what_no_function_asks_is_not_written(app: App, folder: Path) -> None:
    app.play_stream()
    assert not folder.exists()


def test_without_a_folder_nothing_is_written(app: App, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOG, "folder", None)
    post(app)
    assert not folder.exists()


def test_make_test_writes_the_log_and_then_reads_it() -> None:
    makefile = (TEMPLATE.parent / "Makefile").read_text(encoding="utf-8")
    recipe = makefile.split("\ntest: ")[1].split("\n\n")[0]
    assert recipe.index("--write-calls=$(CALLS)") < recipe.index("pytest tests/roles --read-calls=$(CALLS)")
