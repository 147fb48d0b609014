"""What people read: tables and sentences of at most 80 columns, in words, by the same names as CSV and JSON."""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import get_args

import click
import pytest
import time_machine
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from guichet.mail import ses
from guichet.outbox.delivery import Outcome
from guichet.records.subscriber import State
from guichet.store.erasure import Erased
from infra.operate import doctor, importing
from infra.operate.commands import guichet, sweeps
from infra.operate.commands.forget import told_of
from infra.operate.commands.import_ import IMPORTED
from infra.operate.commands.options import common_options
from infra.operate.inspection import Finding
from infra.operate.output import Output
from tests.support.app import START, App
from tests.support.contact import contact
from tests.support.feedback import feedback
from tests.support.newsletter import READER, subscribe
from tests.support.operate import Operate, every
from tests.support.states import bring_to
from tests.support.wire import Wire, refusal

LONG = "marguerite.delacroix-beaumont.de-la-tour@atelier-des-lilas-et-des-roses.example.org"
WIDTH = 80


def fits(text: str) -> bool:
    return all(cell_len(line) <= WIDTH for line in text.splitlines())


@pytest.fixture
def narrow(operate: Operate, monkeypatch: pytest.MonkeyPatch) -> Operate:
    """Return a function that runs a command on a terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    return operate


# --- 80 columns -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", ["zoe@example.org", LONG])
@pytest.mark.parametrize("spam", [False, True])
def test_in_a_row_of_a_message_day_id_address_and_name_are_whole(
    app: App, narrow: Operate, email: str, *, spam: bool
) -> None:
    with time_machine.travel(START):
        message = contact(
            app, email=email, name="Zoé Martin", message="Bonjour " * 99, **({"_gotcha": "x"} if spam else {})
        )
        said = narrow(app, "messages", *(["--spam"] if spam else [])).out
    assert fits(said)
    row = said.splitlines()[1]
    assert re.match(r"\d\d [A-Z][a-z]{2} \d\d:\d\d  ", row)
    assert message[:8] in row
    assert ("honeypot" if spam else "Zoé Martin") in row
    assert row.rstrip().endswith("…")
    # A long address continues below.
    start = said.splitlines()[0].index("email")
    assert email in "".join(line[start : start + 55].split("  ")[0].strip() for line in said.splitlines()[1:])


def test_in_a_row_of_a_subscriber_the_day_the_state_and_the_name_are_whole(
    app: App, narrow: Operate, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"email,name\n{LONG},Zoé Martin\n", encoding="utf-8")
    narrow(app, "import", str(file), "--consent", "A list")
    said = narrow(app, "subscribers").out
    assert fits(said)
    assert "confirmed" in said
    assert "Zoé Martin" in said
    start = said.splitlines()[0].index("email")
    assert LONG in "".join(line[start:].split("  ")[0].strip() for line in said.splitlines()[1:])


def test_in_a_row_of_the_outbox_the_reason_goes_on_below(app: App, narrow: Operate) -> None:
    with time_machine.travel(START):
        message = contact(app)
        Wire(ses.client()).always(refusal(400, "SendingPausedException"))
        app.sweep()
        said = narrow(app, "outbox").out
    assert fits(said)
    row = said.splitlines()[1]
    assert re.match(r"\d\d [A-Z][a-z]{2} \d\d:\d\d +" + message[:8] + " +waiting +contact-notification +", row)
    assert "SendingPausedException" in row
    assert "…" not in said


@pytest.mark.slow
def test_every_command_fits(app: App, narrow: Operate, tmp_path: Path) -> None:
    subscribe(app)
    message = contact(app, email=LONG, name="N" * 90, message="M" * 900, subject="S" * 90)
    file = tmp_path / "list.csv"
    file.write_text(f"email,name\n{LONG},{'N' * 90}\nnobody,\n{READER},\n", encoding="utf-8")
    for arguments in (
        ("messages",),
        ("messages", "show", message[:6]),
        ("messages", "spam", message),
        ("messages", "--spam"),
        ("messages", "release", message),
        ("outbox",),
        ("outbox", "send"),
        ("import", str(file), "--consent", "A list", "--dry-run"),
        ("import", str(file), "--consent", "A list"),
        ("import", str(file), "--ask"),
        ("subscribers",),
        ("subscribers", "--count"),
        ("subscribers", "show", READER),
        ("subscribers", "unsubscribe", READER),
        ("subscribers", "unsubscribe", READER),
        ("subscribers", "block", LONG),
        ("subscribers", "block", LONG),
        ("subscribers", "lift", LONG),
        ("subscribers", "lift", LONG),
        ("export", "messages", "-o", str(tmp_path / "messages.csv")),
        ("forget", LONG, "--access", str(tmp_path / "access.json")),
        ("forget", LONG, "--yes"),
        ("doctor",),
        ("test-email",),
    ):
        said = narrow(app, *arguments)
        # A word that is too long for a line, such as the name of a file, is not broken.
        lines = (line for line in (said.out + said.err).splitlines() if len(line.split()) > 1)
        long = [line for line in lines if cell_len(line) > WIDTH and str(tmp_path) not in line and LONG not in line]
        assert not long, (arguments, long)


def test_findings_are_wrapped_under_their_beginning_but_commands_stay_whole(
    app: App, narrow: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = f"aws dynamodb update-time-to-live --table-name {'x' * 60} --region eu-west-3"
    found = [Finding("table", "wrong", "word " * 40, "again " * 40), Finding("stream", "wrong", "off", command)]
    monkeypatch.setattr(doctor, "examine", lambda _: iter(found))
    said = narrow(app, "doctor").out
    assert f"{'':8} → {command}\n" in said
    assert fits(said.replace(command, ""))
    lines = said.splitlines()
    assert lines[0].startswith("wrong    table: word word")
    assert lines[1].startswith(f"{'':9}word")
    assert lines[lines.index(next(line for line in lines if "→ again" in line)) + 1].startswith(f"{'':11}again")


_TEXT = st.text(max_size=120)


@given(st.lists(st.fixed_dictionaries({"email": _TEXT, "name": _TEXT, "spam": _TEXT, "message": _TEXT}), min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
def test_whatever_strangers_write_the_table_fits(
    capsys: pytest.CaptureFixture[str], rows: list[dict[str, str]]
) -> None:
    columns = ("received_at", "id", "email", "name", "message")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(WIDTH))
        Output(as_json=False).rows(({"received_at": START, "id": "a" * 32, **row} for row in rows), columns, "None.")
    said = capsys.readouterr().out
    assert fits(said)
    assert len(re.findall(r"^\S.{10,12}  aaaaaaaa ", said, re.MULTILINE)) == len(rows)


@pytest.mark.parametrize("path", [path for path, _ in every()], ids=" ".join)
def test_help_fits_and_nothing_of_it_is_cut(path: tuple[str, ...]) -> None:
    said = CliRunner(env={"COLUMNS": str(WIDTH)}).invoke(guichet, [*path, "--help"]).output
    assert fits(said)
    assert "Usage: " in said
    # click truncates a sentence that is too long for the list of commands like this. [ID]... accepts several.
    assert not re.findall(r"\.\.\.$", said.split("\n\n", 1)[1], re.MULTILINE)


def test_the_list_of_commands_has_the_first_sentence_of_each() -> None:
    listed = {name: command.get_short_help_str(WIDTH) for name, command in guichet.commands.items()}
    assert listed == {path[0]: command.get_short_help_str(WIDTH) for path, command in every() if len(path) == 1}


def test_a_mistyped_command_is_recognized() -> None:
    # Suggestions need the names of commands that were not imported.
    assert "Did you mean 'messages'?" in CliRunner().invoke(guichet, ["mesages"]).output


def test_the_version_is_told() -> None:
    assert re.fullmatch(r"guichet \d+\.\d+\.\d+\n", CliRunner().invoke(guichet, ["--version"]).output)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "messages"),
        ("--json", "messages", "list"),
        ("--stack=x", "--json", "--port", "1", "messages", "--search", "Bonjour"),
        ("--region", "eu-west-3", "messages", "--json"),
    ],
)
def test_common_options_may_come_first(app: App, operate: Operate, arguments: tuple[str, ...]) -> None:
    message = contact(app, message="Bonjour")
    assert [row["id"] for row in operate(app, *arguments).rows] == [message]


def test_each_common_option_may_come_first() -> None:
    command = click.command()(common_options(lambda **_: None))
    for option in command.params:
        assert isinstance(option, click.Option)
        first = [option.opts[0], *([] if option.is_flag else ["1"])]
        assert "Usage: guichet messages" in CliRunner().invoke(guichet, [*first, "messages", "-h"]).output, first


def test_without_a_command_there_is_help() -> None:
    for arguments in ([], ["--local"], ["--help"], ["--local", "--help"], ["--local", "issue", "--help"]):
        assert "Commands:" in CliRunner().invoke(guichet, arguments).output


# --- one name for each thing ------------------------------------------------------------------------------------------


def headings(printed: str) -> list[str]:
    return [heading.replace(" ", "_") for heading in re.split(r" {2,}", printed.splitlines()[0].strip())]


def columns_of(file: Path) -> list[str]:
    return next(csv.reader(io.StringIO(file.read_text(encoding="utf-8-sig"))))


def exported(app: App, operate: Operate, folder: Path, what: str, *options: str) -> tuple[set[str], set[str]]:
    """Return the names of an export's fields as CSV and as JSON Lines, with those of the history."""
    table, lines = folder / f"{what}.csv", folder / f"{what}.jsonl"
    operate(app, "export", what, "-o", str(table), "--separator", "comma", *options)
    operate(app, "export", what, "-o", str(lines), "--format", "jsonl", *options)
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert rows
    inner = {name for row in rows for event in row.get("history", ()) for name in event}
    return set(columns_of(table)), {name for row in rows for name in row} | inner


def test_a_field_of_a_message_is_called_the_same_everywhere(app: App, operate: Operate, tmp_path: Path) -> None:
    message = contact(app, name="Zoé", subject="A", phone="1", ville="Lyon")
    contact(app, _gotcha="x", message="Spam")
    app.post("/newsletter", json={"email": "robot@example.org", "_gotcha": "x"})
    table, lines = exported(app, operate, tmp_path, "messages", "--spam")
    assert table <= lines
    listed = operate(app, "messages", "--json").rows + operate(app, "messages", "--spam", "--json").rows
    assert len(listed) == 3
    for arguments in ((), ("--spam",)):
        assert set(headings(operate(app, "messages", *arguments).out)) <= table
    for row in listed:
        # A sign-up has no message, and fields of sign-ups are not in the export of messages.
        assert {"id", "kind", "received_at", "email", "name", "spam", "page", "language"} <= set(row)
        assert not {"asked_at", "extra", "at", "text"} & set(row)
        assert operate(app, "messages", "show", row["id"], "--json").rows == [row]
    (shown,) = operate(app, "messages", "show", message, "--json").rows
    assert shown == next(row for row in listed if row["id"] == message)
    assert {name for name in shown if name in lines} == lines
    people = operate(app, "messages", "show", message).out.splitlines()
    assert {re.split(r" {2,}", line)[0].replace(" ", "_") for line in people} <= set(shown)


def test_a_field_of_a_subscriber_is_called_the_same_everywhere(app: App, operate: Operate, tmp_path: Path) -> None:
    subscribe(app, source="/blog")
    file = tmp_path / "list.csv"
    file.write_text("email,source\nann@example.org,/old\n", encoding="utf-8")
    operate(app, "import", str(file), "--consent", "A list")
    table, lines = exported(app, operate, tmp_path, "subscribers")
    assert table <= lines
    rows = operate(app, "subscribers", "--json").rows
    shown = operate(app, "subscribers", "show", READER, "--json").rows
    assert set(headings(operate(app, "subscribers").out)) <= table
    assert set(headings(operate(app, "subscribers").out)) <= set(rows[0])
    assert {name for row in rows for name in row} <= lines
    assert set(shown[0]) == set(rows[0]) | {"history"}
    people = operate(app, "subscribers", "show", READER).out.splitlines()
    named = {re.split(r" {2,}", line)[0].replace(" ", "_") for line in people if not line.startswith(" ")}
    assert named <= set(shown[0])


def test_the_table_of_the_outbox_has_the_names_of_its_json(app: App, operate: Operate) -> None:
    contact(app)
    (row,) = operate(app, "outbox", "--json").rows
    assert set(headings(operate(app, "outbox").out)) <= set(row)


def test_the_names_for_programs_are_words_without_spaces(app: App, operate: Operate, tmp_path: Path) -> None:
    subscribe(app)
    message = contact(app, email="gone@example.org")
    file = tmp_path / "list.csv"
    file.write_text(f"email\n{READER}\nbad\n", encoding="utf-8")
    for arguments in (
        ("messages", "spam", message),
        ("messages", "release", message),
        ("outbox", "send"),
        ("import", str(file), "--ask", "--dry-run"),
        ("subscribers", "unsubscribe", READER),
        ("subscribers", "block", READER),
        ("subscribers", "lift", READER),
        ("subscribers", "--count"),
        ("forget", "gone@example.org", "--access", str(tmp_path / "access.json")),
        ("forget", "gone@example.org", "--yes"),
        ("test-email",),
    ):
        (told,) = operate(app, *arguments, "--json").rows
        assert [name for name in told if not re.fullmatch("[a-z][a-z_-]*", name)] == [], arguments


# --- newest first -----------------------------------------------------------------------------------------------------


def test_subscribers_are_listed_newest_first(app: App, operate: Operate, tmp_path: Path) -> None:
    with time_machine.travel(START) as clock:
        for number in range(12):
            file = tmp_path / "list.csv"
            file.write_text(f"email\nreader{number}@example.org\n", encoding="utf-8")
            operate(app, "import", str(file), "--consent", "A list")
            clock.shift(timedelta(hours=1))
        operate(app, "subscribers", "unsubscribe", "reader3@example.org")
        rows = operate(app, "subscribers", "--json").rows
    assert [row["since"] for row in rows] == sorted((row["since"] for row in rows), reverse=True)
    assert [row["email"].partition("@")[0] for row in rows][:3] == ["reader3", "reader11", "reader10"]


def test_pending_sign_ups_are_listed_newest_first(app: App, operate: Operate) -> None:
    with time_machine.travel(START) as clock:
        for number in range(6):
            app.post("/newsletter", json={"email": f"reader{number}@example.org"})
            clock.shift(timedelta(hours=1))
        rows = operate(app, "subscribers", "--state", "pending", "--json").rows
    assert [row["email"].partition("@")[0] for row in rows] == [f"reader{number}" for number in range(5, -1, -1)]


def test_the_outbox_is_listed_newest_first_whatever_waits(app: App, operate: Operate) -> None:
    wire = Wire(ses.client())
    with time_machine.travel(START) as clock:
        contact(app, message="refused")
        wire.plan(refusal(400, "MessageRejected"))
        app.sweep()
        app.sweep()
        for number in range(3):
            clock.shift(timedelta(hours=1))
            contact(app, message=f"waits {number}")
            app.post("/newsletter", json={"email": f"reader{number}@example.org"})
        rows = operate(app, "outbox", "--json").rows
    assert [row["state"] for row in rows] == ["waiting"] * 6 + ["failed"]
    assert [row["waiting_since"] for row in rows] == sorted((row["waiting_since"] for row in rows), reverse=True)


# --- ids --------------------------------------------------------------------------------------------------------------


def test_a_failed_email_is_sent_again_by_the_beginning_of_its_id(app: App, operate: Operate) -> None:
    ids = [contact(app, _id="1"), contact(app, message="Two")]
    Wire(ses.client()).plan(refusal(400, "MessageRejected"), refusal(400, "MessageRejected"))
    app.sweep()
    app.sweep()
    assert {row["id"] for row in operate(app, "outbox", "--json").rows} == set(ids)
    listed = operate(app, "outbox").out
    assert all(one[:8] in listed and one not in listed for one in ids)
    for one in ids:
        assert operate(app, "outbox", "send", one[:8].upper(), "--json").rows == [{"queued_again": 1, "sent": 1}]
    unknown = operate(app, "outbox", "send", "nope")
    assert (unknown.code, unknown.err) == (
        2,
        "error: no waiting or failed email has the id nope: `guichet outbox` lists them\n",
    )
    assert operate(app, "outbox", "send", "").code == 2


@pytest.mark.parametrize("command", [("outbox", "send"), ("messages", "show")])
def test_what_several_ids_begin_with_is_none(app: App, operate: Operate, command: tuple[str, ...]) -> None:
    ids = sorted(contact(app, message=f"Number {number}", _id=str(number)) for number in range(17))
    first = Counter(one[0] for one in ids).most_common(1)[0][0]
    said = operate(app, *command, first)
    assert said.code == 2
    assert f"several ids begin with {first}: " in said.err
    assert next(one for one in ids if one.startswith(first)) in said.err


# --- sentences --------------------------------------------------------------------------------------------------------


def test_each_outcome_is_said_in_words_that_fit() -> None:
    assert set(sweeps.SWEPT) == {*get_args(Outcome), "unexpected"} - {"sent"}
    assert set(IMPORTED) == set(get_args(importing.Outcome))
    for outcome in (*get_args(Outcome), "unexpected"):
        (sentence,) = sweeps.of_sweep(0, {outcome: 1234})
        assert len(sentence) <= WIDTH
        assert sentence.endswith(".")
        assert "1,234 emails" in sentence


def test_an_import_is_said_in_words_and_a_dry_run_in_the_future(app: App, narrow: Operate, tmp_path: Path) -> None:
    bring_to(app, "complained")
    file = tmp_path / "list.csv"
    file.write_text(f"email\n{READER}\nann@example.org\nbob@example.org\nbad\n", encoding="utf-8")
    arguments = ("import", str(file), "--consent", "A list")
    dry = narrow(app, *arguments, "--dry-run").out
    assert dry.splitlines()[0] == "Dry run: 2 will be imported, 1 will stay suppressed, 1 will be rejected."
    done = narrow(app, *arguments).out
    assert done.splitlines()[0] == "2 imported, 1 suppressed, 1 bad line."
    again = narrow(app, *arguments, "--dry-run").out
    assert again.splitlines()[0] == "Dry run: 2 will stay confirmed, 1 will stay suppressed, 1 will be rejected."
    assert not re.search("True|False|dry run  ", dry + done + again)


def test_what_the_limit_leaves_room_for_is_said_in_the_future(
    make_app: Callable[..., App], narrow: Operate, tmp_path: Path
) -> None:
    app = make_app(StrangerMailPerDay="1")
    file = tmp_path / "list.csv"
    file.write_text("email\nann@example.org\nbob@example.org\n", encoding="utf-8")
    said = narrow(app, "import", str(file), "--ask", "--dry-run").out
    assert said.splitlines()[0] == "Dry run: 2 will be asked to confirm."
    assert "Today's limit leaves room for 1. The others will follow" in said


@pytest.mark.parametrize("state", ["confirmed", "unsubscribed", "bounced", "complained", "blocked"])
def test_to_unsubscribe_who_is_not_subscribed_is_said_as_such(app: App, operate: Operate, state: str) -> None:
    bring_to(app, "complained" if state == "bounced" else state)
    if state == "bounced":
        operate(app, "subscribers", "lift", READER)
    for _ in range(2):
        said = operate(app, "subscribers", "unsubscribe", READER)
        assert said.code == 0
        assert re.fullmatch(rf"({READER} is unsubscribed|Nothing to do: {READER} .+)\.\n", said.out, re.IGNORECASE)
    assert said.out.startswith("Nothing to do: ")


def test_sending_is_said_in_words(app: App, operate: Operate) -> None:
    assert operate(app, "outbox", "send").out == "No email was due.\n"
    contact(app)
    assert operate(app, "outbox", "send").out == "Sent 1 email.\n"
    contact(app, message="Two")
    Wire(ses.client()).plan(refusal(400, "MessageRejected"))
    assert operate(app, "outbox", "send").out == "1 email failed: SES, or the site's host, refused it for good.\n"
    # Its notice replaces it.
    assert operate(app, "outbox", "send", "--failed").out == "Queued again: 1 failed email.\nSent 2 emails.\n"


@pytest.mark.parametrize("kept", [None, *get_args(State)])
def test_erasing_is_said_in_words_that_fit(kept: State | None) -> None:
    for done in (Erased(0, 0, kept), Erased(1, 1, kept), Erased(2000, 30, kept)):
        for taken_off in (False, True):
            said = list(told_of(READER, done, [], taken_off=taken_off, events=done.redacted))
            assert all(len(sentence) <= WIDTH for sentence in said)
            nothing = f"Nothing was left to erase about {READER}."
            assert (nothing in said) is not (bool(done.erased) or taken_off)


@pytest.mark.parametrize("state", ["new", "confirmed", "unsubscribed", "complained", "blocked"])
def test_to_forget_somebody_twice_says_that_nothing_was_left(app: App, operate: Operate, state: str) -> None:
    bring_to(app, state)
    contact(app, email=READER)
    first = operate(app, "forget", READER, "--yes").out
    assert first.startswith("Erased ")
    again = operate(app, "forget", READER, "--yes")
    assert again.code == 0
    assert again.out.startswith(f"Nothing was left to erase about {READER}.\n")
    # What remains is reported each time.
    assert again.out.splitlines()[1:] == first.splitlines()[1:]
    assert operate(app, "forget", READER, "--yes", "--json").rows[0]["erased"] == 0
    asked = operate(app, "forget", READER)
    assert (asked.code, asked.err) == (0, f"Stored about {READER}: nothing to erase.\n")


def test_a_state_without_an_address_is_told_in_its_place(app: App, operate: Operate) -> None:
    subscribe(app)
    feedback(app, "complaint")
    assert "complained  (not kept)" in operate(app, "subscribers").out
