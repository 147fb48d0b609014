"""`guichet import`: who is imported, who is not brought back, which lines are bad, and repeating it."""

import csv
import json
import re
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import assume, given
from hypothesis import strategies as st

from guichet.addresses import parse
from guichet.records.record import utc_now
from guichet.spreadsheet import text_of
from guichet.store.dynamodb import UnavailableError
from infra.operate import importing, output
from infra.operate.importing import vocabulary, writing
from infra.operate.importing.meaning import plain
from tests.support.app import START, App, isolated, resolve
from tests.support.feedback import feedback
from tests.support.newsletter import (
    READER,
    link_in_last_mail,
    local,
    open_link,
    press,
    subscribe,
    subscriber,
    unsubscribe_url,
)
from tests.support.operate import Operate

PROOF = ("--consent", "Export of our old list, 2026-11-01, double opt-in there")


def written(folder: Path, *lines: str, head: str = "email") -> str:
    file = folder / "list.csv"
    file.write_text("\r\n".join((head, *lines)) + "\r\n", encoding="utf-8")
    return str(file)


def states(app: App) -> dict[str, str]:
    return {item.get("email", item["id"]): item["state"] for item in app.items("subscriber")}


def test_who_confirmed_elsewhere_is_a_subscriber_with_that_as_the_proof_and_gets_no_email(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    line = 'Ann@Exämple.org;"Ann ""A"" Lee";en;2024-05-31T10:00:00+02:00;/old-blog'
    file = written(tmp_path, line, head="\ufeffE-Mail;Nom;Langue;confirmed_at;source")
    assert operate(app, "import", file, *PROOF, "--json").rows[0]["imported"] == 1
    app.play_stream()
    assert (app.mails(), app.items("email")) == ([], [])

    (row,) = operate(app, "subscribers", "show", "ann@exämple.org", "--json").rows
    assert (row["email"], row["name"], row["language"]) == ("Ann@xn--exmple-cua.org", 'Ann "A" Lee', "en")
    assert row["confirmed_at"] == "2024-05-31T08:00:00Z"
    (proof,) = row["history"]
    assert (proof["event"], proof["statement"], proof["source"]) == ("imported", PROOF[1], "/old-blog")
    assert operate(app, "subscribers", "--json").rows[0]["email"] == "Ann@xn--exmple-cua.org"


def test_an_imported_subscriber_can_leave_and_come_back(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, READER)
    with time_machine.travel(START):
        operate(app, "import", file, *PROOF)
        feedback(app, "complaint")
    assert subscriber(app)["state"] == "complained"
    assert [entry["M"]["event"]["S"] for entry in subscriber(app)["history"]] == ["imported", "complained"]


@pytest.mark.parametrize("how", ["left", "suppressed"])
def test_nobody_is_brought_back(app: App, operate: Operate, tmp_path: Path, how: str) -> None:
    subscribe(app)
    if how == "left":
        app.post(local(unsubscribe_url(app)))
    else:
        feedback(app, "bounce-permanent")
    before = app.items("subscriber")
    file = written(tmp_path, READER.upper())
    for arguments in (PROOF, ("--ask",)):
        (row,) = operate(app, "import", file, *arguments, "--json").rows
        assert row[how] == 1
    assert app.items("subscriber") == before
    assert len(app.items("request")) == 1


def test_each_bad_line_is_told_with_its_number_and_kept_and_the_others_are_imported(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    lines = [
        b"email,name,language,date",
        b"good@example.org,,,",
        b"nobody,,,",
        b"a\rb@example.org,,,",
        b"caf\xe9@example.org,,,",
        b"future@example.org,,,2999-01-01",
        b"when@example.org,,,yesterday",
        b"klingon@example.org,,tlh,",
        b"long@example.org," + b"x" * 1001 + b",,",
        b"",
        b"a@example.org b@example.org,,,",
        b"nul\x00@example.org,,,",
        b"year@example.org,,,0001-01-01T00:00:00+02:00",
        b"last@example.org",
    ]
    file.write_bytes(b"\n".join(lines))
    said = operate(app, "import", str(file), *PROOF, "--json")
    assert said.code == 1
    assert set(states(app)) == {"good@example.org", "last@example.org"}
    told = [line for line in said.err.splitlines() if line.startswith("line ")]
    assert [int(line.split()[1].strip(":")) for line in told] == [3, 4, 5, 6, 7, 8, 9, 11, 12, 13]
    with Path(f"{file}.bad.csv").open(encoding="utf-8", newline="") as kept:
        rows = list(csv.reader(kept))
    assert [row[0] for row in rows] == ["3", "4", "5", "6", "7", "8", "9", "11", "12", "13"]
    assert [row[2] for row in rows][:2] == ["nobody,,,", "a\rb@example.org,,,"]
    assert rows[2][2] == "café@example.org,,,"


def test_a_line_that_is_longer_than_a_cell_may_be_is_bad_alone(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, f"wide@example.org,{'x' * 200_000}", "last@example.org,", head="email,name")
    said = operate(app, "import", file, *PROOF)
    assert "line 2: its quotes do not match, or a cell is too long" in said.told
    assert set(states(app)) == {"last@example.org"}


def test_a_line_within_a_cell_is_nobody_s_row(app: App, operate: Operate, tmp_path: Path) -> None:
    lines = ('ann@example.org,"Hello', "victim@example.org,I never signed up", 'bye"', "last@example.org,")
    (row,) = operate(app, "import", written(tmp_path, *lines, head="email,notes"), *PROOF, "--json").rows
    assert set(states(app)) == {"ann@example.org", "last@example.org"}
    assert (row["imported"], row["bad_lines"], row["done_until_line"]) == (2, 0, 5)


def test_behind_a_quote_that_is_not_closed_nobody_is_imported(app: App, operate: Operate, tmp_path: Path) -> None:
    head, first, rest = "email,notes", "ann@example.org,", ("victim@example.org,", 'other@example.org,"ok"')
    for closing in ((), ('"',)):
        file = written(tmp_path, first, '"open@example.org,', *rest, *closing, head=head)
        said = operate(app, "import", file, *PROOF, "--json")
        assert said.code == 1
        (row,) = said.rows
        assert set(states(app)) == {"ann@example.org"}
        assert (row["done_until_line"], row["bad_lines"]) == (2, 1)
        assert "fix its quotes" in row["stopped"]
        assert "line 3: it opens a quote" in said.told
    # Once fixed, the same command does the rest.
    assert operate(app, "import", written(tmp_path, first, "open@example.org,", *rest, head=head), *PROOF).code == 0
    assert len(states(app)) == 4


@pytest.mark.parametrize(
    "lines",
    [
        # As PHP writes a quote by default.
        ('a@example.org,"he said \\"', "evil@evil.example,x", '"Ann"'),
        ('a@example.org,he said "', "evil@evil.example,x", '"'),
    ],
)
def test_where_a_quote_is_not_written_twice_nobody_is_imported(
    app: App, operate: Operate, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    said = operate(app, "import", written(tmp_path, *lines, head="email,note"), *PROOF, "--json")
    assert (said.code, states(app)) == (1, {})
    assert "line 2: a quote inside a cell is not doubled" in said.told
    assert "fix its quotes" in said.rows[0]["stopped"]


def test_control_characters_are_not_kept(app: App, operate: Operate, tmp_path: Path) -> None:
    line = 'a@example.org,N\x1b]0;PWN\x07\x9b31m,"src\nline\x1b[2J"'
    operate(app, "import", written(tmp_path, line, head="email,name,source"), *PROOF)
    (row,) = operate(app, "subscribers", "show", "a@example.org", "--json").rows
    assert (row["name"], row["history"][0]["source"]) == ("N]0;PWN31m", "src line[2J")


def test_the_bad_lines_of_an_earlier_part_are_kept(make_app: Any, operate: Operate, tmp_path: Path) -> None:
    app = make_app(StrangerMailPerDay="1")
    file = written(tmp_path, "bad", "a@example.org", "b@example.org", "worse", "c@example.org")
    bad = Path(f"{file}.bad.csv")
    with time_machine.travel(START):
        (row,) = operate(app, "import", file, "--ask", "--json").rows
        assert (row["asked"], row["bad_lines"], row["done_until_line"]) == (1, 1, 3)
        app.play_stream()
    with time_machine.travel(START + timedelta(days=1)):
        (row,) = operate(app, "import", file, "--ask", "--from-line", "4", "--json").rows
        assert (row["asked"], row["bad_lines"], row["done_until_line"]) == (1, 1, 5)
        app.play_stream()
    with time_machine.travel(START + timedelta(days=2)):
        (row,) = operate(app, "import", file, "--ask", "--from-line", "6", "--json").rows
        assert (row["asked"], row["bad_lines"], row["stopped"]) == (1, 0, "")
    with bad.open(encoding="utf-8", newline="") as kept:
        assert [row[0] for row in csv.reader(kept)] == ["2", "5"]


def test_who_left_elsewhere_is_not_subscribed_by_a_list_that_says_so(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    subscribe(app)
    app.post(local(unsubscribe_url(app)))
    exported = tmp_path / "exported.csv"
    operate(app, "export", "subscribers", "--state", "all", "-o", str(exported))
    with isolated():
        elsewhere = App(resolve())
        said = operate(elsewhere, "import", str(exported), *PROOF, "--json")
        assert (said.code, said.rows[0]["unsubscribed"], states(elsewhere)) == (0, 1, {READER: "unsubscribed"})
        lines = ("a@example.org,Subscribed", "b@example.org,", "c@example.org,pending", "d@example.org,cleaned")
        file = written(tmp_path, *lines, head="email,Status")
        (row,) = operate(elsewhere, "import", file, *PROOF, "--json").rows
        assert (row["imported"], row["never_confirmed"], row["bounced"], row["bad_lines"]) == (2, 1, 1, 0)
        (row,) = operate(elsewhere, "import", file, "--ask", "--json").rows
        assert (row["confirmed_already"], row["asked"], row["suppressed"]) == (2, 1, 1)


def test_without_bad_lines_there_is_no_file_of_them(app: App, operate: Operate, tmp_path: Path) -> None:
    assert operate(app, "import", written(tmp_path, "a@example.org"), *PROOF).code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


@pytest.mark.parametrize("arguments", [PROOF, ("--ask",)])
def test_a_dry_run_tells_what_then_happens_and_changes_nothing(
    app: App, operate: Operate, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    subscribe(app)
    file = written(tmp_path, READER, "new@example.org", "NEW@example.org", "other@example.org", "bad")
    before = sorted(json.dumps(item, default=str) for item in app.items())
    (dry,) = operate(app, "import", file, *arguments, "--dry-run", "--json").rows
    assert sorted(json.dumps(item, default=str) for item in app.items()) == before
    (done,) = operate(app, "import", file, *arguments, "--json").rows
    assert dry == {**done, "dry_run": True}
    assert done["bad_lines"] == 1


@pytest.mark.usefixtures("short_blocks")
def test_to_import_again_changes_nothing(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, *(f"reader{number}@example.org" for number in range(45)))
    assert operate(app, "import", file, *PROOF, "--json").rows[0]["imported"] == 45
    before = app.items()
    (row,) = operate(app, "import", file, *PROOF, "--json").rows
    assert (row["confirmed_already"], "imported" in row) == (45, False)
    assert app.items() == before


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize(("failure", "code"), [(KeyboardInterrupt, 130), (UnavailableError("put_item"), 3)])
def test_an_import_that_was_stopped_goes_on(
    app: App, operate: Operate, tmp_path: Path, failure: Any, code: int
) -> None:
    file = written(tmp_path, *(f"reader{number}@example.org" for number in range(45)))
    original = writing.import_confirmed

    def stop(line: importing.Line, *arguments: Any) -> Any:
        if line.number == 30:
            raise failure
        return original(line, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "import_confirmed", stop)
        said = operate(app, "import", file, *PROOF, "--json")
    assert said.code == code
    (row,) = said.rows
    assert (row["imported"], row["done_until_line"]) == (20, 21)
    assert "--from-line 22" in said.told
    (row,) = operate(app, "import", file, *PROOF, "--from-line", "22", "--json").rows
    assert row["imported"] + row.get("confirmed_already", 0) == 25
    assert len(app.items("subscriber")) == 45


def test_ctrl_c_ends_an_import_that_asks_after_the_current_line(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = writing.import_request

    def press(line: importing.Line, *arguments: Any) -> Any:
        if line.number == 3:
            signal.raise_signal(signal.SIGINT)
        return original(line, *arguments)

    monkeypatch.setattr(writing, "import_request", press)
    file = written(tmp_path, *(f"reader{number}@example.org" for number in range(4)))
    said = operate(app, "import", file, "--ask", "--json")
    (row,) = said.rows
    assert (said.code, row["asked"], row["done_until_line"]) == (130, 2, 3)


def test_who_is_asked_gets_the_link_once_and_is_a_subscriber_by_pressing_its_button(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    file = written(tmp_path, f"{READER};fr", head="email;language")
    assert operate(app, "import", file, "--ask", "--json").rows[0]["asked"] == 1
    app.play_stream()
    assert states(app) == {}
    assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    assert states(app) == {READER: "confirmed"}
    assert operate(app, "import", file, "--ask", "--json").rows[0]["confirmed_already"] == 1


def test_who_was_asked_is_not_asked_again_while_the_email_is_remembered(
    app: App, operate: Operate, tmp_path: Path
) -> None:
    file = written(tmp_path, READER)
    with time_machine.travel(START):
        operate(app, "import", file, "--ask")
        app.play_stream()
    with time_machine.travel(START + timedelta(days=30)):
        # The request itself is gone by then.
        assert operate(app, "import", file, "--ask", "--json").rows[0]["asked_already"] == 1
        app.sweep()
        assert len(app.mails()) == 1


def test_who_was_never_mailed_is_asked_again(app: App, operate: Operate, tmp_path: Path) -> None:
    file = written(tmp_path, READER)
    with time_machine.travel(START) as clock:
        app.post("/newsletter", json={"email": READER})
        app.play_stream()
        operate(app, "import", file, "--ask")
        app.play_stream()
        # A later one replaces it.
        clock.shift(60)
        app.post("/newsletter", json={"email": READER}, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
        app.play_stream()
        assert operate(app, "import", file, "--ask", "--dry-run", "--json").rows[0]["asked"] == 1
        assert operate(app, "import", file, "--ask", "--json").rows[0]["asked"] == 1
        assert operate(app, "import", file, "--ask", "--json").rows[0]["asked_already"] == 1
        app.sweep()
        clock.shift(timedelta(minutes=15))
        assert app.sweep() == {"sent": 1}
        assert operate(app, "import", file, "--ask", "--json").rows[0]["asked_already"] == 1
    assert [mail["To"] for mail in app.mails()] == [READER] * 2


def test_who_is_asked_may_answer_however_late_the_email_goes_out(app: App, operate: Operate, tmp_path: Path) -> None:
    with time_machine.travel(START):
        operate(app, "import", written(tmp_path, READER), "--ask")
    with time_machine.travel(START + timedelta(days=40)):
        assert app.sweep() == {"sent": 1}
        assert press(app, open_link(app, link_in_last_mail(app))).status_code == 200
    assert states(app) == {READER: "confirmed"}


@pytest.mark.slow
def test_no_more_are_asked_than_may_be_mailed_today(make_app: Any, operate: Operate, tmp_path: Path) -> None:
    app = make_app(StrangerMailPerDay="5")
    lines = [f"reader{number}@example.org" for number in range(9)]
    file = written(tmp_path, *lines[:3], "bad", *lines[3:])
    with time_machine.travel(START):
        app.post("/newsletter", json={"email": "visitor@example.org"})
        app.post("/newsletter", json={"email": "waits@example.org"}, environ_overrides={"REMOTE_ADDR": "198.51.100.9"})
        app.play_stream()
        (dry,) = operate(app, "import", file, "--ask", "--dry-run", "--json").rows
        assert (dry["asked"], dry["may_be_asked_today"]) == (9, 3)
        said = operate(app, "import", file, "--ask", "--json")
        assert said.code == 1
        (row,) = said.rows
        assert (row["asked"], row["done_until_line"]) == (3, 5)
        assert "continue tomorrow" in row["stopped"]
        app.play_stream()
        assert operate(app, "outbox").code == 0
        assert operate(app, "import", file, "--ask", "--json").rows[0].get("asked", 0) == 0
    for day in (1, 2):
        with time_machine.travel(START + timedelta(days=day)):
            said = operate(app, "import", file, "--ask", "--json")
            app.play_stream()
    assert "stopped" in said.rows[0]
    sent = [mail["To"] for mail in app.mails()]
    assert sorted(sent) == sorted(["visitor@example.org", "waits@example.org", *lines])


def test_asking_keeps_the_pace_of_the_account(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = 0

    class Counted:
        def __init__(self, rate: Any) -> None:
            assert rate() == 14

        def wait(self) -> None:
            nonlocal waits
            waits += 1

    monkeypatch.setattr("infra.operate.commands.import_.Pace", Counted)
    file = written(tmp_path, "a@example.org", "a@example.org", "b@example.org")
    operate(app, "import", file, "--ask")
    assert waits == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "Give either --consent"),
        (("--consent", " "), "Give either --consent"),
        ((*PROOF, "--ask"), "Give either --consent"),
        (("--ask", "--from-line", "1"), "--from-line"),
    ],
)
def test_what_is_not_said_or_said_twice_is_asked_for(
    app: App, operate: Operate, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    said = operate(app, "import", written(tmp_path, READER), *arguments)
    assert (said.code, app.items()) == (2, [])
    assert words in said.err


def test_an_export_is_imported_as_it_is(app: App, operate: Operate, tmp_path: Path) -> None:
    addresses = ["=cmd@example.org", "+tag@example.org", "-dash@example.org", "'quoted@example.org", "a@example.org"]
    file = written(tmp_path, *(f'"{address}";"=1+1; {address}"' for address in addresses), head="email;name")
    operate(app, "import", file, *PROOF)
    before = {item["id"]: (item["email"], item["name"]) for item in app.items("subscriber")}
    assert len(before) == 5
    exported = tmp_path / "exported.csv"
    operate(app, "export", "subscribers", "-o", str(exported))
    with isolated():
        empty = App(resolve())
        assert operate(empty, "import", str(exported), *PROOF, "--json").rows[0]["imported"] == 5
        after = {item["id"]: (item["email"], item["name"]) for item in empty.items("subscriber")}
    assert after == before


_CELLS = st.text(max_size=20) | st.sampled_from(["a@example.org", 'say "hi"', "x\nvictim@example.org,\n", "a\r\nb"])
# A backslash before a quote may be another way to write one, so it stops the import.
_CELLS = _CELLS.filter(lambda cell: not re.search(r'\\("|\Z)', cell))
# A name such as "unsubscribed", or a title over people who left, is asked about.
_CELLS = _CELLS.filter(lambda cell: not vocabulary.LEFT_WORD.search(plain(cell)))


@given(st.lists(st.lists(_CELLS, min_size=2, max_size=2), max_size=6))
def test_a_well_formed_file_is_read_as_its_rows_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    file = tmp_path_factory.mktemp("well") / "list.csv"
    with file.open("w", encoding="utf-8", newline="", errors="replace") as opened:
        csv.writer(opened, quoting=csv.QUOTE_ALL).writerows([["email", "name"], *rows])
    read = list(importing.Reader(file, "fr").rows())
    assert len(read) == len(rows)
    assert (read[-1].bytes_read if read else 0) in {0, file.stat().st_size}
    for (email, _), (row, *_) in zip(rows, read, strict=True):
        fit = parse(text_of(email.encode(errors="replace").decode()).strip())
        assert (row.email if isinstance(row, importing.Line) else None) == fit


@given(st.lists(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), max_size=12))
def test_every_line_of_any_file_is_in_a_row_that_is_fit_or_told(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    file = tmp_path_factory.mktemp("any") / "list.csv"
    content = b"email,name\n" + b"\n".join(line.replace(b"\n", b"") for line in lines)
    file.write_bytes(content)
    assume(not vocabulary.LEFT_WORD.search(plain(content.decode(errors="replace"))))
    told = list(importing.Reader(file, "fr").rows())
    physical = [
        number for number, raw in enumerate(content.split(b"\n"), 1) if number > 1 and raw.strip(b" \t\r\n\v\f,")
    ]
    covered = {number for row, last, _ in told for number in range(row.number, last + 1)}
    stopped = bool(told) and isinstance(told[-1].row, importing.BadLine) and told[-1].row.unclear
    assert all(number in covered or (stopped and number > told[-1].last) for number in physical)
    for row, *_ in told:
        if isinstance(row, importing.Line):
            assert parse(row.email) == row.email
            assert row.consented_at is None or row.consented_at <= utc_now()
        else:
            assert row.reason


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize("options", [PROOF, (*PROOF, "--dry-run")])
def test_its_progress_counts_each_step_once_and_never_more_than_there_is(
    app: App, operate: Operate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    """The file is scanned for people who left, these are recorded, and it is read again for the others."""
    monkeypatch.setattr(output, "_REPORT_EVERY", 1)
    rows = [f"reader{n}@example.com,{'unsubscribed' if n % 3 == 0 else 'subscribed'}" for n in range(60)]
    file = written(tmp_path, *rows, head="email,status")
    size = Path(file).stat().st_size
    told: dict[str, list[tuple[int, int]]] = {}
    for line in operate(app, "import", file, *options).err.splitlines():
        found = re.search(r"([a-z ]+): ([\d,]+) of about ([\d,]+)$", line)
        if found:
            done, total = (int(found[part].replace(",", "")) for part in (2, 3))
            told.setdefault(found[1].strip(), []).append((done, total))
    assert {what: steps[-1] for what, steps in told.items()} == {
        "bytes scanned for who left": (size, size),
        "addresses recorded as left": (20, 20),
        "bytes imported": (size, size),
    }
    for steps in told.values():
        assert steps == sorted(set(steps))
