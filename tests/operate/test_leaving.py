"""`guichet export subscribers --for TOOL`: files that the importers of other tools take."""

import csv
import json
import shutil
import subprocess
from email.utils import parseaddr
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guichet.records.subscriber import Imported, Subscriber
from infra.operate import leaving
from tests.support import many
from tests.support.app import START, App
from tests.support.feedback import feedback
from tests.support.newsletter import READER, subscribe
from tests.support.operate import Operate
from tests.support.stack import missing

TOOLS = pytest.mark.parametrize("tool", list(leaving.FORMATS))
STAYS = "zoe@example.org"
LEFT = "left+tag@example.org"


@pytest.fixture
def lived(app: App, operate: Operate) -> App:
    """Return a stack with somebody in each state that matters."""
    subscribe(app, email=STAYS, name="Zoé de la Tour", source='/blog";=1+1')
    subscribe(app, email=LEFT, name="=1+1")
    operate(app, "subscribers", "unsubscribe", LEFT)
    operate(app, "subscribers", "block", "blocked@example.org")
    subscribe(app)
    feedback(app, "complaint")
    assert {item["state"] for item in app.items("subscriber")} == {"complained", "unsubscribed", "blocked", "confirmed"}
    return app


def files(app: App, operate: Operate, tool: str, folder: Path) -> tuple[Path, Path]:
    file = folder / "list.csv"
    said = operate(app, "export", "subscribers", "--for", tool, "-o", str(file))
    assert said.code == 0, said.err
    assert sorted(path.name for path in folder.iterdir()) == ["list-unsubscribed.csv", "list.csv"]
    return file, folder / "list-unsubscribed.csv"


def read_by_sqlite(file: Path, separator: str) -> list[dict[str, Any]]:
    """Read a CSV file with a third-party parser."""
    program = shutil.which("sqlite3")
    if program is None:
        missing("sqlite3")
    orders = [
        ".mode csv",
        f'.separator "{separator}" "\\r\\n"',
        f'.import "{file}" t',
        ".mode json",
        "SELECT * FROM t;",
    ]
    ran = subprocess.run([program, ":memory:"], input="\n".join(orders), capture_output=True, text=True, check=True)
    assert not ran.stderr
    return json.loads(ran.stdout) if ran.stdout else []


@pytest.mark.quick_cases(1)
@TOOLS
def test_each_tool_gets_one_file_of_who_is_subscribed_and_one_of_who_left(
    lived: App, operate: Operate, tmp_path: Path, tool: leaving.Tool
) -> None:
    file, left = files(lived, operate, tool, tmp_path)
    columns, separator = leaving.FORMATS[tool].columns, leaving.FORMATS[tool].separator
    rows, gone = read_by_sqlite(file, separator), read_by_sqlite(left, separator)
    assert [row[columns[0]] for row in rows] == [STAYS]
    assert [row[columns[0]] for row in gone] == [LEFT]
    for path in (file, left):
        # A mark at the beginning would be part of the first heading.
        assert not path.read_bytes().startswith(b"\xef\xbb\xbf")
        text = path.read_text(encoding="utf-8")
        assert list(csv.reader([text.splitlines()[0]], delimiter=separator)) == [list(columns)]
        for word in ("blocked@example.org", READER, "unsubscribe_url"):
            assert word not in text


def test_mailchimp_and_brevo_get_names_in_two_columns_and_days_of_iso_8601(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    subscribe(app, name="Zoé de la Tour")
    (day,) = {item["confirmed_at"][:10] for item in app.items("subscriber")}
    for tool in ("mailchimp", "brevo"):
        folder = tmp_path / tool
        folder.mkdir()
        file, left = files(app, operate, tool, folder)
        (row,) = read_by_sqlite(file, leaving.FORMATS[tool].separator)
        assert list(row.values())[:6] == [READER, "Zoé", "de la Tour", "fr", day, ""]
        # Nobody left: a file with only headings, which every tool accepts.
        assert len(left.read_text(encoding="utf-8").splitlines()) == 1


def taken_by_listmonk(file: Path) -> list[dict[str, Any]]:
    """Read a file by the rules of listmonk's importer, and return whom it would subscribe.

    `internal/subimporter/importer.go`: headings without non-ASCII characters, of which it knows three; the same number
    of columns in each row; a bare address; attributes that are JSON.
    """
    with file.open(encoding="utf-8", newline="") as opened:
        head, *rows = csv.reader(opened, strict=True)
    known = {
        heading: place
        for place, name in enumerate(head)
        if (heading := "".join(letter for letter in name.strip() if letter.isascii()))
        in {"email", "name", "attributes"}
    }
    taken = []
    for row in rows:
        email = row[known["email"]].strip().lower()
        if len(row) == len(head) and parseaddr(email)[1] == email:
            attributes = json.loads(row[known["attributes"]])
            # A map in Go, and `jsonb` in the table, which has no zero bytes.
            assert isinstance(attributes, dict)
            assert "\\u0000" not in row[known["attributes"]]
            taken.append({"email": email, "name": row[known["name"]].strip(), "attributes": attributes})
    return taken


def test_listmonk_takes_every_row_with_what_proves_consent(app: App, operate: Operate, tmp_path: Path) -> None:
    subscribe(app, email=LEFT, name="=1+1")
    operate(app, "subscribers", "unsubscribe", LEFT)
    subscribe(app, name="Zoé de la Tour", source="/blog")
    file, left = files(app, operate, "listmonk", tmp_path)
    # In the mode `Blocklist` it reads the same columns.
    assert [one["email"] for one in taken_by_listmonk(left)] == [LEFT]
    (taken,) = taken_by_listmonk(file)
    assert (taken["email"], taken["name"]) == (READER, "Zoé de la Tour")
    assert taken["attributes"].keys() == {"language", "confirmed_at", "page", "wording", "wording_version"}


HOSTILE = st.text(st.sampled_from("=+-@\t\r\n ;,\"'|aé\U0001f3e0")) | st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=500)
@given(HOSTILE, HOSTILE, st.sampled_from(list(leaving.FORMATS)))
def test_whatever_somebody_is_called_the_file_has_a_row_and_no_formula(
    name: str, statement: str, tool: leaving.Tool
) -> None:
    subscriber = Subscriber(
        id="1",
        state="confirmed",
        email="o'ann+x@example.org",
        name=name,
        confirmed_at=START,
        history=(Imported(event="imported", at=START, statement=statement),),
    )
    text = leaving.head_of(tool) + leaving.rows_of(tool, [subscriber])
    assert text.count("\n") == 2
    head, row = csv.reader(text.splitlines(), delimiter=leaving.FORMATS[tool].separator, strict=True)
    assert (len(head), row[0]) == (len(row), subscriber.email)
    assert not any(cell.lstrip().startswith(tuple("=+-@＝＋－＠")) for cell in row)
    for other in ";,\t|":
        for line in csv.reader(text.splitlines(), delimiter=other):
            assert not any(cell.startswith(tuple("=+-@")) for cell in line)


def test_mailchimp_gets_as_much_of_the_proof_as_one_of_its_fields_takes_in_whole_characters() -> None:
    imported = Imported(event="imported", at=START, statement="é" * 200)
    subscriber = Subscriber(id="1", state="confirmed", email=READER, confirmed_at=START, history=(imported,))
    (row,) = csv.reader(leaving.rows_of("mailchimp", [subscriber]).splitlines())
    # 255 bytes, of which the last one is half a character.
    assert row[-1] == "é" * 127


def test_what_a_tool_s_file_leaves_no_choice_about_is_refused(app: App, operate: Operate, tmp_path: Path) -> None:
    file = str(tmp_path / "list.csv")
    for order in (
        ("messages", "--for", "brevo", "-o", file),
        ("subscribers", "--for", "brevo", "-o", file, "--format", "jsonl"),
        ("subscribers", "--for", "brevo", "-o", file, "--separator", "tab"),
        ("subscribers", "--for", "brevo", "-o", file, "--state", "all"),
        ("subscribers", "--for", "brevo"),
        ("subscribers", "--for", "sendy", "-o", file),
    ):
        assert operate(app, "export", *order).code == 2
    assert list(tmp_path.iterdir()) == []


def test_it_goes_on_where_it_was_interrupted(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many.subscribe(range(3), START)
    order = ("export", "subscribers", "--for", "brevo", "-o", str(tmp_path / "list.csv"))
    original = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if Path(target).name == "list.csv":
            raise KeyboardInterrupt
        return original(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        assert operate(app, *order).code == 130
    assert operate(app, *order).code == 0
    assert len(read_by_sqlite(tmp_path / "list.csv", ";")) == 3
    assert operate(app, *order).code == 2
    # The file of unsubscribed people may be out of date, so no new list is written next to it.
    (tmp_path / "list.csv").unlink()
    assert operate(app, *order).code == 2
    assert not (tmp_path / "list.csv").exists()
