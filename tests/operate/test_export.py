"""`guichet export`: cells without formulas, files for spreadsheets, and resuming."""

import csv
import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guichet.records.message import Message
from guichet.spreadsheet import cell, text_of
from guichet.store import dynamodb, table
from infra.operate import exporting, queries
from tests.support.app import App
from tests.support.contact import contact
from tests.support.feedback import feedback
from tests.support.newsletter import READER, local, subscribe, subscriber
from tests.support.operate import Operate
from tests.support.stack import missing

_HOSTILE = (
    '=HYPERLINK("https://evil.example";"click")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1;1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    '";=1+1',
    '"\n=1+1',
    "＝1+1",
    "=cmd|' /C calc'!A0",
    "'=1+1",
    "''",
    "+33 6 12 34 56 78",
    "x;=1+1;y,=1+1,z|=1+1|",
    "x\t=1+1\ty",
    "hello\n=1+1\nbye",
    'x";=1+1;"y',
)


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\n ＝a1;\"")) | st.text())
def test_a_cell_is_no_formula_and_reads_back_as_it_was(text: str) -> None:
    made = cell(text)
    assert text_of(made) == text
    assert not made.lstrip(" \t\r\n\xa0").startswith(tuple("=+-@＝＋－＠"))


def rows_of(raw: bytes, separator: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline=""), delimiter=separator))


def test_a_french_excel_gets_a_bom_and_semicolons_an_english_one_commas(
    make_app: Any, operate: Operate, tmp_path: Path
) -> None:
    for language, separator in (("fr", ";"), ("en", ",")):
        app = make_app(DefaultLanguage=language)
        contact(app, message=f"Été; {language}", name="Zoé")
        file = tmp_path / f"{language}.csv"
        assert operate(app, "export", "messages", "-o", str(file), "--json").rows == [
            {"file": str(file), "rows": 1 if language == "fr" else 2}
        ]
        assert file.read_bytes().startswith(b"\xef\xbb\xbf")
        # Nobody else on this machine may read what people wrote.
        assert file.stat().st_mode & 0o077 == 0
        assert "Zoé" in {row["name"] for row in rows_of(file.read_bytes(), separator)}
        assert list(tmp_path.glob("*.part*")) == []
    tabs = tmp_path / "tabs.csv"
    assert "rows" in operate(app, "export", "messages", "-o", str(tabs), "--separator", "tab").out
    assert len(rows_of(tabs.read_bytes(), "\t")) == 2


def test_every_field_of_a_message_is_there_hostile_ones_as_text(app: App, operate: Operate, tmp_path: Path) -> None:
    for number, text in enumerate(_HOSTILE):
        contact(app, message=f"{text} ", subject=text, ville=text, _id=str(number))
    file = tmp_path / "messages.csv"
    operate(app, "export", "messages", "-o", str(file), "--separator", "comma")
    rows = rows_of(file.read_bytes(), ",")
    assert len(rows) == len(_HOSTILE)
    stored = {item["id"]: item for item in app.items("message")}
    for row in rows:
        assert text_of(row["message"]) == stored[row["id"]]["message"]
        assert not any(value.lstrip().startswith(tuple("=+-@＝")) for value in row.values())


@pytest.mark.slow
def test_no_cell_is_a_formula_for_libreoffice(app: App, operate: Operate, tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        missing("LibreOffice")
    for number, text in enumerate(_HOSTILE):
        contact(app, message=text.strip() or "x", subject=text, name=text, phone="+33 6", ville=text, _id=str(number))
    # By its own separator, and by others.
    for code, separators in ((59, ("semicolon", "comma")), (44, ("comma", "semicolon")), (124, ("comma",))):
        files = [tmp_path / f"{separator}-{code}.csv" for separator in separators]
        for file, separator in zip(files, separators, strict=True):
            operate(app, "export", "messages", "-o", str(file), "--separator", separator)
        # UTF-8; cells that look like formulas are formulas, the most dangerous way to open it.
        options = f"CSV:{code},34,76,1,,0,false,true,false,false,false,-1,true"
        command = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", f"--infilter={options}"]
        command += ["--convert-to", "fods", "--outdir", str(tmp_path), *map(str, files)]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        for file in files:
            opened = file.with_suffix(".fods").read_text(encoding="utf-8")
            assert "33 6" in opened
            assert "table:formula" not in opened


@pytest.mark.slow
def test_the_way_it_is_opened_would_show_a_formula(tmp_path: Path) -> None:
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        missing("LibreOffice")
    file = tmp_path / "formula.csv"
    file.write_text('"a"\r\n"=1+1"\r\n', encoding="utf-8")
    command = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    command += ["--infilter=CSV:44,34,76,1,,0,false,true,false,false,false,-1,true"]
    command += ["--convert-to", "fods", "--outdir", str(tmp_path), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert "table:formula" in (tmp_path / "formula.fods").read_text(encoding="utf-8")


def test_subscribers_are_those_that_are_confirmed_or_of_the_state_that_is_asked_for(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    subscribe(app, source="/blog")
    file = tmp_path / "one.csv"
    operate(app, "export", "subscribers", "-o", str(file))
    (row,) = rows_of(file.read_bytes(), ";")
    assert (row["email"], row["state"], row["page"], row["wording_version"]) == (READER, "confirmed", "/blog", "1")
    feedback(app, "complaint")
    counts = {}
    for state in ("confirmed", "complained", "all"):
        file = tmp_path / f"{state}.jsonl"
        operate(app, "export", "subscribers", "-o", str(file), "--format", "jsonl", "--state", state)
        counts[state] = len(file.read_text(encoding="utf-8").splitlines())
    assert counts == {"confirmed": 0, "complained": 1, "all": 1}


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_each_subscriber_has_the_link_that_unsubscribes_them(
    app: App, operate: Operate, tmp_path: Path, file_format: str
) -> None:
    subscribe(app)
    file = tmp_path / "list"
    operate(app, "export", "subscribers", "-o", str(file), "--format", file_format)
    raw = file.read_bytes()
    (row,) = rows_of(raw, ";") if file_format == "csv" else [json.loads(raw)]
    assert app.post(local(row["unsubscribe_url"]), data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert subscriber(app)["state"] == "unsubscribed"


def test_the_spam_folder_is_left_out_unless_it_is_asked_for(app: App, operate: Operate, tmp_path: Path) -> None:
    contact(app, _gotcha="x")
    for arguments, rows in (((), 0), (("--spam",), 1)):
        file = tmp_path / f"{rows}.csv"
        operate(app, "export", "messages", "-o", str(file), *arguments)
        assert len(rows_of(file.read_bytes(), ";")) == rows


def test_everything_is_every_item(app: App, operate: Operate) -> None:
    contact(app)
    subscribe(app)
    for spelling in ("everything", "--everything"):
        head, *rows, end = operate(app, "export", spelling).rows
        assert {(row["pk"], row["sk"]) for row in rows} == {(item["pk"], item["sk"]) for item in app.items()}
        assert (head["guichet"], end["guichet"], end["items"]) == ("archive", "end", len(rows))
    said = operate(app, "export")
    assert (said.code, said.out) == (2, "")


def test_an_item_that_cannot_be_read_is_said_and_everything_has_it(app: App, operate: Operate, tmp_path: Path) -> None:
    contact(app, message="Bonjour")
    damaged = {**table.key(Message, "1"), "kind": "message", "id": "1", "language": "tlh"}
    dynamodb.call("put_item", TableName="table", Item=dynamodb.marshalled(damaged))
    said = operate(app, "export", "messages", "-o", str(tmp_path / "messages.csv"))
    assert said.code == 2
    assert "a Message that this version cannot read (expires_at, language, received_at)" in said.told
    assert damaged in operate(app, "export", "everything").rows


def test_json_on_standard_output_is_json_lines(app: App, operate: Operate) -> None:
    contact(app, message="Bonjour")
    assert [row["message"] for row in operate(app, "export", "messages", "--json").rows] == ["Bonjour"]
    for arguments in (("messages", "--json", "--format", "csv"), ("everything", "--format", "csv")):
        said = operate(app, "export", *arguments)
        assert (said.code, said.out) == (2, "")
        assert "This output is JSON Lines" in said.told


@pytest.mark.parametrize("command", [("export", "messages", "-o"), ("forget", "zoe@example.org", "--access")])
def test_a_file_that_cannot_be_written_is_told_before_the_table_is_read(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    contact(app)
    monkeypatch.setattr(dynamodb, "pages", None)
    said = operate(app, *command, str(tmp_path / "nowhere" / "file"))
    assert said.code == 2
    assert "No such file or directory" in said.told


def test_what_dynamodb_leaves_out_of_a_batch_is_asked_for_again_but_not_for_ever(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {contact(app, message=f"number {number}") for number in range(5)}
    original, left_out = dynamodb.call, 3

    def call(operation: str, **parameters: Any) -> Any:
        nonlocal left_out
        if operation != "batch_get_item" or not left_out:
            return original(operation, **parameters)
        left_out -= 1
        keys = parameters["RequestItems"]["table"]["Keys"]
        answer = original(operation, RequestItems={"table": {"Keys": keys[:1], "ConsistentRead": True}})
        return {**answer, "UnprocessedKeys": {"table": {"Keys": keys[1:], "ConsistentRead": True}}}

    monkeypatch.setattr(dynamodb, "call", call)
    assert {row["id"] for row in operate(app, "messages", "--json").rows} == ids
    left_out = 10**9
    monkeypatch.setattr(dynamodb, "RETRY_BUDGET", 0.01)
    keys = [table.key(Message, str(number)) for number in range(50)]
    with pytest.raises(dynamodb.UnavailableError):
        list(queries.by_keys("table", keys))


# --- interrupted ------------------------------------------------------------------------------------------------------


@contextmanager
def small_pages(size: int) -> Iterator[None]:
    """Limit a page of a scan to a number of items, instead of a megabyte."""
    original = dynamodb.call

    def call(operation: str, **parameters: Any) -> Any:
        return original(operation, **parameters, **({"Limit": size} if operation == "scan" else {}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dynamodb, "call", call)
        yield


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
@pytest.mark.parametrize("stopped_at", range(1, 8))
def test_an_export_goes_on_wherever_it_was_stopped(
    app: App, operate: Operate, tmp_path: Path, stopped_at: int, file_format: str
) -> None:
    for number in range(7):
        contact(app, message=f"number {number}", _id=str(number))
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    order = ("export", "messages", "--format", file_format, "--json")
    with small_pages(3):
        assert operate(app, *order, "-o", str(whole)).rows == [{"file": str(whole), "rows": 7}]
        original, calls = exporting.write_page, 0

        def stop(*arguments: Any) -> None:
            nonlocal calls
            calls += 1
            original(*arguments)
            if calls == stopped_at:
                # In the middle of a page that is written but not recorded.
                raise KeyboardInterrupt

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exporting, "write_page", stop)
            stopped = operate(app, *order, "-o", str(parted))
        if stopped_at <= calls and not parted.exists():
            assert stopped.code == 130
            assert "run the same command again to resume" in stopped.told
            again = operate(app, *order, "-o", str(parted))
            assert again.rows == [{"file": str(parted), "rows": 7}]
            assert ("Resuming the export begun at 20" in again.err) == (stopped_at > 1)
    assert parted.read_bytes() == whole.read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_one_that_was_stopped_before_it_got_its_name_is_not_written_twice(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    contact(app)
    file = tmp_path / "messages.jsonl"
    order = ("export", "messages", "--format", "jsonl", "-o", str(file))
    with pytest.MonkeyPatch.context() as patch:

        def interrupted(*_: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr(Path, "rename", interrupted)
        patch.setattr(
            exporting,
            "_save",
            lambda options, progress, checkpoint: checkpoint.write_text(
                json.dumps({"options": asdict(options), **asdict(progress)}), encoding="utf-8"
            ),
        )
        assert operate(app, *order).code == 130
    assert operate(app, *order).code == 0
    assert len(file.read_text(encoding="utf-8").splitlines()) == 1


def test_a_file_that_is_there_and_one_begun_otherwise_are_not_touched(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    file = tmp_path / "there.csv"
    file.write_text("mine", encoding="utf-8")
    said = operate(app, "export", "messages", "-o", str(file))
    assert (said.code, file.read_text(encoding="utf-8")) == (2, "mine")
    assert "already exists" in said.told

    other = tmp_path / "other.csv"
    Path(f"{other}.part").write_text("begun", encoding="utf-8")
    mine = {
        "table": "table",
        "what": "messages",
        "format": "csv",
        "separator": ";",
        "state": "confirmed",
        "spam": False,
        "form": "",
        "fields": [],
    }
    for difference in ({"what": "subscribers"}, {"table": "another"}, {"spam": True}):
        note = {"options": mine | difference, "begun_at": "2026-11-23", "size": 5, "rows": 0, "looked_at": 1}
        Path(f"{other}.part.json").write_text(json.dumps(note), encoding="utf-8")
        said = operate(app, "export", "messages", "-o", str(other))
        assert said.code == 2
        assert "of another stack, or with other options" in said.told
        assert Path(f"{other}.part").read_text(encoding="utf-8") == "begun"
