"""`guichet import` of a list into a stack that also knows addresses by a former stack's hashes."""

from pathlib import Path
from typing import Any

import pytest

from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import subscribers
from tests.support.app import App, isolated, resolve
from tests.support.newsletter import READER, SECRET, sign_up
from tests.support.operate import Operate

FOREIGN = {"SigningSecret": "another secret for tests, 32 characters", "FormerSigningSecret": SECRET}
PROOF = ("--consent", "Export of our old list, double opt-in there")


@pytest.fixture
def moved(make_app: Any) -> App:
    """Return a stack where somebody is blocked who is only known by the former hash."""
    app: App = make_app(**FOREIGN)
    subscribers.block("table", subscriber_id(SECRET, READER), utc_now())
    return app


def listed(folder: Path, *addresses: str) -> str:
    file = folder / "list.csv"
    file.write_text("\n".join(("email", *addresses)) + "\n", encoding="utf-8")
    return str(file)


def test_nobody_whom_a_former_hash_keeps_out_is_imported_or_asked(moved: App, operate: Operate, tmp_path: Path) -> None:
    file = listed(tmp_path, READER, "new@example.org")
    for how, outcome in (("--ask", "asked"), (PROOF[0], "imported")):
        options = PROOF if how == PROOF[0] else (how,)
        for dry_run in (("--dry-run",), ()):
            (row,) = operate(moved, "import", file, *options, *dry_run, "--json").rows
            assert (row["suppressed"], row[outcome]) == (1, 1)
    states = sorted(item["state"] for item in moved.items("subscriber"))
    assert states == ["blocked", "confirmed"]
    moved.play_stream()
    assert READER not in {str(mail["To"]) for mail in moved.mails()}


def test_an_address_blocked_under_a_former_hash_can_be_lifted(moved: App, operate: Operate) -> None:
    assert operate(moved, "subscribers", "lift", READER).out == f"{READER} may sign up again.\n"
    assert [item["state"] for item in moved.items("subscriber")] == ["lifted"]


def test_whoever_the_former_stack_has_asked_is_not_asked_again(operate: Operate, tmp_path: Path) -> None:
    file = listed(tmp_path, READER)
    archive = tmp_path / "archive.jsonl"
    with isolated():
        app = App(resolve())
        assert operate(app, "import", file, "--ask", "--json").rows[0]["asked"] == 1
        app.play_stream()
        assert len(app.mails()) == 1
        operate(app, "export", "everything", "-o", str(archive))
    with isolated():
        app = App(resolve(**FOREIGN))
        assert operate(app, "import", str(archive)).code == 0
        for dry_run in (("--dry-run",), ()):
            assert operate(app, "import", file, "--ask", *dry_run, "--json").rows[0]["asked_already"] == 1
        app.play_stream()
        assert app.mails() == []
        # They may still sign up themselves.
        sign_up(app)
        assert len(app.mails()) == 1
