"""`guichet forget`: what is held of a person, given to them or erased, once somebody has said yes."""

import io
import json
from pathlib import Path

import pytest

from tests.support.app import App
from tests.support.contact import contact
from tests.support.newsletter import subscribe
from tests.support.operate import Operate

GONE = "gone@example.org"


@pytest.fixture
def person(app: App) -> str:
    """Return an address of which everything is held that can be: messages, spam, a sign-up, consent, a mention."""
    contact(app, email=GONE, message="My secret words", ville="Secretville")
    contact(app, email=GONE, message="More secret words", _gotcha="x")
    subscribe(app, email="Gone@Example.org", name="Secret Name")
    contact(app, email="friend@example.org", message="Say hello to GONE@example.org")
    return GONE


def everything(app: App, operate: Operate) -> str:
    return operate(app, "export", "everything").out.lower()


def test_all_that_is_held_is_written_to_a_new_file_and_nothing_is_erased(
    app: App, operate: Operate, person: str, tmp_path: Path
) -> None:
    before = everything(app, operate)
    file = tmp_path / "access.json"
    assert operate(app, "forget", person, "--access", str(file)).code == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    assert [len(told[name]) for name in ("messages", "sign-ups", "subscription")] == [2, 1, 1]
    assert told["mentions by others"] == 1
    assert operate(app, "forget", person, "--access", str(file)).code == 2
    assert everything(app, operate) == before


@pytest.mark.parametrize(("answer", "code", "words"), [("n\n", 0, "Nothing was erased."), ("", 130, "--yes")])
def test_unless_somebody_says_yes_nothing_is_erased(  # noqa: PLR0913, PLR0917  what it is given
    app: App,
    operate: Operate,
    person: str,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    words: str,
) -> None:
    before = everything(app, operate)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    said = operate(app, "forget", person)
    assert said.code == code
    assert words in said.err
    assert everything(app, operate) == before


def test_of_nobody_nothing_is_held_and_nobody_is_asked(app: App, operate: Operate) -> None:
    contact(app)
    said = operate(app, "forget", "unknown@example.org")
    assert said.code == 0
    assert "nothing" in said.err


@pytest.mark.parametrize("asked", [True, False])
def test_with_a_yes_nothing_of_them_is_left(
    app: App, operate: Operate, person: str, monkeypatch: pytest.MonkeyPatch, *, asked: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    said = operate(app, "forget", person, "--json", *([] if asked else ["--yes"]))
    (done,) = said.rows
    assert ("[y/N]" in said.err) is asked
    assert done["struck_out_elsewhere"] == 1
    assert "unsubscribed" in done["remains"][0]
    left = everything(app, operate)
    assert "gone@" not in left
    assert "secret" not in left
    assert "say hello to [erased]" in left
