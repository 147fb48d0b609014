"""`guichet issue`: written, tested, sent once to everybody, followed, and the outcome of each copy."""

import csv
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import click
import pytest
import time_machine

from guichet.locales import LANGUAGES
from guichet.mail import ses
from guichet.newsletter import plan as issue_plan
from guichet.newsletter.plan import Account, Plan
from guichet.records.issue import Issue, Reader
from guichet.store import issues
from guichet.store import readers as readers_table
from infra.operate import commands, issue_check
from infra.operate.commands import options
from infra.operate.commands.issue import waits
from infra.operate.connection import NoStackError, OperatorError
from infra.operate.issue_plan import duration, in_words, moment, sentences
from issues import worker
from tests.support.app import START, App
from tests.support.aws import Aws
from tests.support.feedback import taken, tell
from tests.support.newsletter import READER, subscribe
from tests.support.operate import Operate, Said
from tests.support.wire import Wire, refusal

TEXT = '---\nsubject: "{}"\n---\n\n# Hello\n\nA [link](https://example.org/).\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a separate folder, without checking links."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(issue_check, "ask", dict.fromkeys)
    return tmp_path


def write(name: str = "spring.fr.md", subject: str = "Le printemps", text: str = TEXT) -> str:
    """Write a file of an issue, and return its name."""
    Path(name).write_text(text.replace("{}", subject), encoding="utf-8")
    return name


def readers(app: App, operate: Operate, *addresses: str, language: str = "fr") -> None:
    """Subscribe addresses in a language."""
    rows = "".join(f"{address},{language}\n" for address in addresses)
    Path("list.csv").write_text(f"email,language\n{rows}", encoding="utf-8")
    assert operate(app, "import", "list.csv", "--consent", "A list").code == 0


def send(app: App, operate: Operate, *files: str, count: int = 1) -> Said:
    """Send an issue as a script does, and play its runs to the end."""
    said = operate(app, "issue", "send", *files, "--count", str(count))
    while app.play_stream():
        pass
    return said


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_new_issue_is_a_file_that_can_be_sent_and_is_never_overwritten(app: App, operate: Operate) -> None:
    said = operate(app, "issue", "new", "spring", "--json")
    assert said.rows == [{"id": "spring", "files": ["spring.md"]}]
    assert operate(app, "issue", "check", "spring.md").code == 0
    write("spring.md", "Mine")
    again = operate(app, "issue", "new", "spring")
    assert (again.code, again.err) == (2, "error: spring.md exists: nothing was written\n")
    assert "Mine" in Path("spring.md").read_text(encoding="utf-8")


def test_a_new_issue_in_both_languages_is_two_files_or_none(app: App, operate: Operate) -> None:
    write("spring.en.md")
    assert operate(app, "issue", "new", "spring", "--both").code == 2
    assert not Path("spring.fr.md").exists()
    Path("spring.en.md").unlink()
    said = operate(app, "issue", "new", "spring", "--both")
    assert "Wrote spring.fr.md\nWrote spring.en.md\n" in said.out
    files = [f"spring.{language}.md" for language in LANGUAGES]
    assert operate(app, "issue", "check", *files, "--json").rows == []


def test_a_new_issue_has_a_name_that_it_can_have(app: App, operate: Operate) -> None:
    said = operate(app, "issue", "new", "Été 2026")
    assert said.code == 2
    assert "rename it to ete-2026.md" in said.told
    assert list(Path().iterdir()) == []


def test_check_tells_errors_and_warnings_apart(app: App, operate: Operate) -> None:
    write("a.fr.md", text="---\nsubject: a\n---\n[a](http://example.org/)\n")
    warned = operate(app, "issue", "check", "a.fr.md")
    assert (warned.code, warned.out.splitlines()[-1]) == (0, "1 warning.")
    assert warned.out.startswith("warning a.fr.md:4: has a link over http")
    write("b.fr.md", text="---\nsubject: a\n---\n[a](http://example.org/) [b](/c)\n")
    wrong = operate(app, "issue", "check", "b.fr.md")
    assert (wrong.code, wrong.out.splitlines()[-1]) == (1, "1 error and 1 warning.")
    rows = operate(app, "issue", "check", "b.fr.md", "--json").rows
    assert {"severity": "error", "file": "b.fr.md", "line": 4} in [
        {name: row[name] for name in ("severity", "file", "line")} for row in rows
    ]


def test_check_tells_what_is_wrong_with_the_front_matter(app: App, operate: Operate) -> None:
    write("a.md", text="---\ntitle: a\n---\nHello\n")
    said = operate(app, "issue", "check", "a.md")
    assert said.code == 1
    assert said.out.startswith("error   a.md:2: has the unknown key 'title'\n        → is subject meant?\n")
    assert said.out.endswith("2 errors.\n")


def test_check_tells_the_languages_of_the_list(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org", "b@example.org")
    readers(app, operate, "c@example.org", language="en")
    said = operate(app, "issue", "check", write("a.en.md"))
    assert said.code == 0
    assert "without fr, and 2 of 3 readers asked for that: they get en" in said.out


@pytest.mark.parametrize("command", ["check", "preview"])
def test_without_a_stack_an_issue_is_checked_and_shown_all_the_same(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def no_stack(*_: Any) -> Any:
        raise NoStackError("no AWS region is set")

    name = write()
    monkeypatch.setattr(options, "connect_stack", no_stack)
    with pytest.raises(SystemExit) as ended:
        commands.main(["issue", command, name])
    assert not ended.value.code
    assert operate(app, "issue", command, name).err == ""


def test_a_preview_is_what_is_sent(app: App, operate: Operate) -> None:
    subscribe(app)
    name = write()
    said = operate(app, "issue", "preview", name, "--into", "out", "--json")
    (row,) = said.rows
    assert row["subject"] == "Le printemps"
    send(app, operate, name)
    (mail,) = [mail for mail in app.mails() if mail["Subject"] == "Le printemps"]
    for kind, key in (("html", "html"), ("plain", "text")):
        part = mail.get_body((kind,))
        assert part is not None
        # Except for the reader's own link.
        shown, sent = (
            re.sub(r"unsubscribe\?\S*?language=fr", "", text)
            for text in (Path(row[key]).read_text(encoding="utf-8"), part.get_content().replace("\r\n", "\n"))
        )
        assert shown == sent
    assert Path(row["html"]).stat().st_size == row["html_bytes"]


def test_a_preview_goes_to_a_new_folder_and_says_where(app: App, operate: Operate) -> None:
    said = operate(app, "issue", "preview", write("a.fr.md"), write("a.en.md"))
    paths = [Path(line.removeprefix("Wrote ")) for line in said.out.splitlines()]
    assert [path.name for path in paths] == ["a.fr.html", "a.fr.txt", "a.en.html", "a.en.txt"]
    assert all(path.stat().st_size for path in paths)


# --- the test ---------------------------------------------------------------------------------------------------------


def test_a_test_goes_to_the_owner_alone_at_once_and_unsubscribes_nobody(app: App, operate: Operate) -> None:
    subscribe(app)
    before = len(app.mails())
    said = operate(app, "issue", "test", write(), write("spring.en.md", "Spring"))
    assert (said.code, said.out) == (0, "The test is on its way to owner@atelier.example.\n")
    mails = app.mails()[before:]
    assert {mail["To"] for mail in mails} == {"owner@atelier.example"}
    assert sorted("printemps" in mail["Subject"] for mail in mails) == [False, True]
    link = mails[0]["List-Unsubscribe"].strip("<>")
    path = link.partition("https://api.example")[2]
    assert app.http.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert operate(app, "subscribers", "--count", "--json").rows[0]["confirmed"] == 1
    assert [row["state"] for row in operate(app, "issue", "--json").rows] == ["draft"]


def test_a_test_is_sent_each_time_that_it_is_asked_for_with_the_text_as_it_is_now(app: App, operate: Operate) -> None:
    for subject in ("One", "Two", "Two"):
        assert operate(app, "issue", "test", write(subject=subject), "--json").rows[0]["sent"] == 1
    assert [mail["Subject"].split()[-1] for mail in app.mails()] == ["One", "Two", "Two"]


def test_a_test_of_an_issue_that_was_sent_shows_what_was_sent_and_no_other_text(app: App, operate: Operate) -> None:
    subscribe(app)
    send(app, operate, write())
    said = operate(app, "issue", "test", "spring.fr.md")
    assert said.code == 0
    assert "spring is sent, with the same text" in said.err
    other = operate(app, "issue", "test", write(subject="Another"))
    assert other.code == 2
    assert "was sent on" in other.told
    assert "give this one another name" in other.told


def test_a_test_that_waits_says_so(app: App, operate: Operate) -> None:
    Wire(ses.client()).always(refusal(400, "SendingPausedException"))
    said = operate(app, "issue", "test", write())
    assert said.code == 1
    assert said.out.endswith("1 email waiting: SES does not accept mail now.\n")


# --- sending ----------------------------------------------------------------------------------------------------------


def test_an_issue_goes_once_to_each_reader_in_their_language(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org", "b@example.org")
    readers(app, operate, "c@example.org", language="en")
    said = send(app, operate, write(), write("spring.en.md", "Spring"), count=3)
    assert said.code == 0
    assert said.out.startswith("spring is being sent to 3 readers.\n")
    assert "It goes to 3 readers: 2 in fr, 1 in en." in said.err
    got = [(mail["To"], mail["Subject"]) for mail in app.mails() if "owner" not in mail["To"]]
    assert sorted(got) == [
        ("a@example.org", "Le printemps"), ("b@example.org", "Le printemps"), ("c@example.org", "Spring"),
    ]  # fmt: skip
    again = send(app, operate, write(), write("spring.en.md", "Spring"), count=3)
    assert again.code == 2
    assert re.search(r"spring was sent on \d{4}-\d\d-\d\d .* another one needs another name", again.told)
    assert len(app.mails()) == len(got) + 1


def test_a_language_that_nobody_reads_is_not_counted(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org")
    said = send(app, operate, write(), write("spring.en.md", "Spring"), count=1)
    assert "It goes to 1 reader: 1 in fr." in said.err


def test_readers_whose_language_it_does_not_have_get_the_other_and_are_counted(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org")
    readers(app, operate, "c@example.org", language="en")
    said = send(app, operate, write(), count=2)
    assert "It goes to 2 readers: 2 in fr." in said.err
    assert "Of these, 1 asked for en, which it does not have: they get fr." in said.err
    assert sorted(mail["To"] for mail in app.mails() if mail["Subject"] == "Le printemps") == [
        "a@example.org", "c@example.org",
    ]  # fmt: skip


@pytest.mark.parametrize("typed", ["", "2", "one", "1.0", "01"])
def test_a_wrong_number_stops_it(app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    subscribe(app)
    monkeypatch.setattr(click, "prompt", lambda *_, **__: typed)
    said = operate(app, "issue", "send", write())
    assert (said.code, said.out) == (2, "")
    assert "that is not the number of readers: nothing was sent" in said.told
    assert operate(app, "issue", "--json").rows == []


def test_the_right_number_is_typed_with_or_without_a_comma(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issues, "audience", lambda _: {"fr": 1000})
    monkeypatch.setattr(click, "prompt", lambda *_, **__: " 1,000 ")
    assert operate(app, "issue", "send", write()).code == 0


def test_where_nobody_can_type_a_number_it_says_how_to_give_it(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(app)
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    said = operate(app, "issue", "send", write())
    assert said.code == 2
    assert "give it with --count" in said.told


@pytest.mark.parametrize("count", [0, 2])
def test_a_script_s_wrong_number_stops_it(app: App, operate: Operate, count: int) -> None:
    subscribe(app)
    said = operate(app, "issue", "send", write(), "--count", str(count))
    assert (said.code, said.told.split("error: ")[1]) == (2, f"the list has 1 reader, not {count}: nothing was sent")


def test_an_error_stops_it_before_anything_is_asked_or_kept(app: App, operate: Operate) -> None:
    subscribe(app)
    name = write(text="---\nsubject: a\n---\n[a](/b)\n")
    for arguments in (("send", name), ("schedule", name, "--at", "2030-01-01 08:00")):
        said = operate(app, "issue", *arguments, "--count", "1")
        assert said.code in (1, 2)
    said = operate(app, "issue", "send", name, "--count", "1")
    assert said.code == 1
    assert "the relative link /b" in said.out
    assert said.err.endswith("Nothing was sent.\n")
    assert operate(app, "issue", "--json").rows == []


def test_a_dead_link_stops_it_and_one_that_may_work_does_not(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(app)
    answer = ("dead", "it answers 404")
    monkeypatch.setattr(issue_check, "ask", lambda urls: dict.fromkeys(urls, answer))
    said = operate(app, "issue", "send", write(), "--count", "1")
    assert said.code == 1
    assert "the dead link https://example.org/: it answers 404" in said.out
    assert operate(app, "issue", "check", "spring.fr.md").code == 1
    assert operate(app, "issue", "check", "spring.fr.md", "--offline").code == 0
    answer = ("unknown", "it answers 403 to this command")
    said = send(app, operate, "spring.fr.md")
    assert said.code == 0
    assert "which may or may not work" in said.err


def test_to_an_empty_list_nothing_is_sent(app: App, operate: Operate) -> None:
    said = operate(app, "issue", "send", write(), "--count", "0")
    assert (said.code, said.told) == (2, "error: the list has no readers: nobody has confirmed")


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ({"ProductionAccessEnabled": False, "SendingEnabled": True}, "SES is in its sandbox"),
        ({"ProductionAccessEnabled": True, "SendingEnabled": False}, "SES has paused the account"),
        ({"ProductionAccessEnabled": True, "SendQuota": {"MaxSendRate": 0.0}}, "SES has paused the account"),
    ],
)
def test_an_account_that_cannot_send_to_everybody_stops_it(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, account: dict[str, Any], words: str
) -> None:
    subscribe(app)
    operate(app, "issue", "send", write("winter.fr.md"), "--count", "1")
    operate(app, "issue", "pause", "winter")
    name = write()
    session = botocore.session.get_session()
    answers = Aws({"sesv2:GetAccount": {"SendQuota": {"MaxSendRate": 1.0}, **account}})
    create = session.create_client

    def create_client(service: str, **named: Any) -> Any:
        return (answers.client if service == "sesv2" else create)(service, **named)

    monkeypatch.setattr(session, "create_client", create_client)
    for arguments in (("send", name, "--count", "1"), ("resume", "winter")):
        said = operate(app, "issue", *arguments)
        assert said.code == 2
        assert words in said.told
        assert "guichet doctor" in said.told
    assert [(row["id"], row["state"]) for row in operate(app, "issue", "--json").rows] == [("winter", "paused")]


@pytest.mark.slow
def test_to_send_again_what_is_being_sent_is_said_and_changes_nothing(app: App, operate: Operate) -> None:
    subscribe(app)
    assert operate(app, "issue", "send", write(), "--count", "1").code == 0
    again = operate(app, "issue", "send", "spring.fr.md", "--count", "1")
    assert (again.code, again.out) == (0, "spring is already being sent.\n")
    other = operate(app, "issue", "send", write(subject="Another"), "--count", "1")
    assert other.code == 2
    assert "has been sending since" in other.told
    while app.play_stream():
        pass
    assert len([mail for mail in app.mails() if mail["Subject"] == "Le printemps"]) == 1


# --- scheduling -------------------------------------------------------------------------------------------------------

AT = "2026-11-24 08:00"


def test_a_scheduled_issue_starts_after_its_time_in_the_stack_s_time_zone(app: App, operate: Operate) -> None:
    with time_machine.travel(START) as clock:
        subscribe(app)
        said = operate(app, "issue", "schedule", write(), "--at", AT, "--count", "1", "--json")
        assert said.rows[0]["scheduled_for"] == "2026-11-24T07:00:00Z"
        assert operate(app, "issue", "status", "spring", "--json").rows[0]["state"] == "scheduled"
        clock.move_to(datetime(2026, 11, 24, 6, 59, tzinfo=UTC))
        app.sweep("Issues")
        assert operate(app, "issue", "--json").rows[0]["state"] == "scheduled"
        clock.move_to(datetime(2026, 11, 24, 7, 1, tzinfo=UTC))
        app.sweep("Issues")
        while app.play_stream():
            pass
        assert operate(app, "issue", "--json").rows[0]["state"] == "sent"


def test_to_schedule_again_replaces_text_and_time_and_to_send_it_now_is_possible(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        subscribe(app)
        for subject, at in (("One", AT), ("Two", "2026-11-25 09:30")):
            said = operate(app, "issue", "schedule", write(subject=subject), "--at", at, "--count", "1")
            assert said.code == 0
        (row,) = operate(app, "issue", "status", "spring", "--json").rows
        assert (row["subject"], row["scheduled_for"]) == ({"fr": "Two"}, "2026-11-25T08:30:00Z")
        assert operate(app, "issue", "test", write(subject="Three")).code == 2
        sent = send(app, operate, write(subject="Three"))
        assert "no longer on 2026-11-25 09:30" in sent.err
        assert [mail["Subject"] for mail in app.mails() if mail["To"] == READER][-1] == "Three"


def test_a_wrong_number_leaves_what_was_scheduled_as_it_was(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        subscribe(app)
        operate(app, "issue", "schedule", write(subject="One"), "--at", AT, "--count", "1")
        assert operate(app, "issue", "send", write(subject="Two"), "--count", "7").code == 2
        (row,) = operate(app, "issue", "status", "spring", "--json").rows
        assert (row["state"], row["subject"]) == ("scheduled", {"fr": "One"})


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-07-01 08:00", "2026-07-01T06:00:00+00:00"),
        ("2026-12-01T08:00", "2026-12-01T07:00:00+00:00"),
        # The clocks go back: this hour occurs twice.
        ("2026-10-25 02:30+02:00", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25 02:30+01:00", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25 01:59", "2026-10-24T23:59:00+00:00"),
        ("2026-10-25 03:00", "2026-10-25T02:00:00+00:00"),
        ("2026-03-29 01:59", "2026-03-29T00:59:00+00:00"),
        ("2026-03-29 03:00", "2026-03-29T01:00:00+00:00"),
        ("2026-03-01 13:01", "2026-03-01T12:01:00+00:00"),
    ],
)
def test_a_time_is_one_of_the_time_zone(text: str, at: str) -> None:
    assert moment(text, "Europe/Paris", NOW).isoformat() == at


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-29 02:30", 'does not exist in Europe/Paris, where the clocks go forward: write "2026-03-29 03:30"'),
        ("2026-10-25 02:30", 'write "2026-10-25 02:30+02:00" or "2026-10-25 02:30+01:00"'),
        ("2026-03-01 13:00", "2026-03-01 13:00 (Europe/Paris, UTC+01:00) is past"),
        ("2025-12-24 08:00", "is past"),
        ("2027-12-24 08:00", "more than 330 days ahead"),
        ("tomorrow", "is not a time"),
        ("2026-12-24", "is not a time"),
        ("24/12/2026 08:00", "is not a time"),
        ("2026-02-30 08:00", "is not a time"),
        ("", "is not a time"),
    ],
)  # fmt: skip
def test_what_is_no_time_to_come_is_refused_with_what_to_write(text: str, words: str) -> None:
    with pytest.raises(OperatorError) as error:
        moment(text, "Europe/Paris", NOW)
    assert words in str(error.value)


def test_what_is_written_is_a_time_again() -> None:
    for hours in range(1, 24 * 320):
        at = NOW + timedelta(hours=hours)
        text, _, zone = in_words(at, "Europe/Paris").partition(" (")
        assert moment(f"{text}{zone.rpartition('UTC')[2].strip(')')}", "Europe/Paris", NOW) == at


# --- while it is sent -------------------------------------------------------------------------------------------------


def test_pause_resume_and_cancel_may_be_repeated(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org")
    operate(app, "issue", "send", write(), "--count", "1")
    for command, state, words in (
        ("pause", "paused", "is paused already"),
        ("resume", "sending", "Nothing to do: spring has been sending"),
        ("pause", "paused", "is paused already"),
        ("cancel", "cancelled", "was cancelled already"),
    ):
        for changed in (True, False):
            # The file name works as well.
            said = operate(app, "issue", command, "Spring.fr.MD", "--json")
            assert (said.code, said.rows) == (0, [{"id": "spring", "now": state, "changed": changed}])
        assert words in operate(app, "issue", command, "spring").out
    while app.play_stream():
        pass
    for command in ("pause", "resume"):
        said = operate(app, "issue", command, "spring")
        assert said.code == 2
        assert "was cancelled on" in said.told
        assert f"there is nothing to {command}" in said.told
    assert not [mail for mail in app.mails() if mail["To"] == "a@example.org"]
    said = operate(app, "issue", "send", "spring.fr.md", "--count", "1")
    assert said.code == 2
    assert "another one needs another name" in said.told


def test_what_was_scheduled_and_cancelled_may_be_sent_after_all(app: App, operate: Operate) -> None:
    with time_machine.travel(START):
        subscribe(app)
        operate(app, "issue", "schedule", write(), "--at", AT, "--count", "1")
        operate(app, "issue", "cancel", "spring")
        assert send(app, operate, "spring.fr.md").code == 0
        assert operate(app, "issue", "--json").rows[0]["state"] == "sent"


@pytest.mark.parametrize("command", ["pause", "resume", "cancel", "status", "who"])
def test_an_issue_that_is_not_there_is_said_so(app: App, operate: Operate, command: str) -> None:
    said = operate(app, "issue", command, "nobody")
    assert (said.code, said.told) == (2, "error: there is no issue nobody: `guichet issue` lists them")
    said = operate(app, "issue", command, "no body")
    assert said.code == 2
    assert "is not the id of an issue" in said.told


def test_of_a_draft_there_is_nothing_to_pause_resume_or_cancel(app: App, operate: Operate) -> None:
    operate(app, "issue", "test", write())
    for command in ("pause", "resume", "cancel"):
        said = operate(app, "issue", command, "spring")
        assert (said.code, said.told) == (2, f"error: spring is a draft: there is nothing to {command}")


def test_issues_are_listed_the_last_changed_first(app: App, operate: Operate) -> None:
    assert operate(app, "issue").out == "No issues: `guichet issue new NAME` begins one.\n"
    with time_machine.travel(START) as clock:
        for name in ("one", "two"):
            operate(app, "issue", "test", write(f"{name}.fr.md"))
            clock.shift(60)
        listed = operate(app, "issue", "list").out.splitlines()
        assert [line.split()[3] for line in listed[1:]] == ["two", "one"]
        (first, _) = operate(app, "issue", "--json").rows
        assert (first["id"], first["state"], first["languages"]) == ("two", "draft", ["fr"])


def test_the_status_counts_the_rows_and_they_add_up(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org", "b@example.org", "c@example.org")
    operate(app, "issue", "send", write(), "--count", "3")
    before = operate(app, "issue", "status", "spring").out
    assert "waits for   the list of its readers to be stored" in before
    while app.play_stream():
        pass
    operate(app, "subscribers", "unsubscribe", "a@example.org")
    (row,) = operate(app, "issue", "status", "spring", "--json").rows
    states = ("waiting", "claimed", "sent", "refused", "left", "unknown")
    assert {name: row[name] for name in states} == dict.fromkeys(states, 0) | {"sent": 3}
    assert row["readers"] == 3
    assert row["state"] == "sent"
    assert row["ended_at"]


def test_a_running_issue_tells_its_rate_and_its_end(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = START + timedelta(minutes=20)
    issue = Issue(
        id="spring", state="sending", languages=("fr",), content="", changed_at=START, started_at=START, audience=1000,
        expires_at=START,
    )  # fmt: skip
    rows = [
        Reader(subscriber_id=f"{number}", state="sent", settled_at=now - timedelta(seconds=number))
        for number in range(300)
    ]
    rows += [Reader(subscriber_id=f"w{number}", state="waiting") for number in range(600)]
    monkeypatch.setattr(issues, "find", lambda *_: issue)
    monkeypatch.setattr(readers_table, "all_of", lambda *_: iter(rows))
    with time_machine.travel(now, tick=False):
        (row,) = operate(app, "issue", "status", "spring", "--json").rows
        assert row["emails_a_second"] == 1.0
        assert row["ends_about"] == "2026-11-23T10:30:00Z"
        assert "in about 10 minutes" in operate(app, "issue", "status", "spring").out


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "paused", "reason": "bounces"}, "5 % of its copies bounced; `guichet issue resume spring`"),
        ({"state": "paused", "reason": "late"}, "it was due more than an hour ago"),
        ({"state": "paused"}, "it was paused by you"),
        ({"state": "scheduled"}, "its time"),
        ({"state": "sending", "not_before": START + timedelta(minutes=14), "waits_for": "quota"},
         "room in the daily quota of SES; the next try is after 2026-11-23 11:14"),
        ({"state": "sending", "audience": 5}, ""),
        ({"state": "sent"}, ""),
        ({"state": "cancelled"}, ""),
        ({"state": "cancelled", "started_at": START}, "the outcome of the last copies"),
        ({"state": "cancelled", "started_at": START, "ended_at": START}, ""),
    ],
)  # fmt: skip
def test_what_it_waits_for_is_told(changes: dict[str, Any], words: str) -> None:
    issue = Issue.model_validate(
        {"id": "spring", "languages": ("fr",), "content": "", "changed_at": START, "expires_at": START} | changes
    )
    said = waits(issue, START, "Europe/Paris")
    assert words in said if words else said == ""


# --- who got it -------------------------------------------------------------------------------------------------------


def test_each_reader_is_listed_with_what_became_of_their_copy(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org", "b@example.org")
    operate(app, "issue", "send", write(), "--count", "2")
    app.play_stream()
    operate(app, "subscribers", "block", "b@example.org")
    while app.play_stream():
        pass
    rows = operate(app, "issue", "who", "spring", "--json").rows
    assert {row["state"] for row in rows} == {"sent"}
    # The address of one that is blocked is no longer stored.
    assert sorted(row["email"] for row in rows) == ["", "a@example.org"]
    hashed = next(row["subscriber_id"] for row in rows if not row["email"])
    shown = operate(app, "issue", "who", "spring").out
    assert hashed in shown
    assert "a@example.org" in shown
    assert shown.splitlines()[0].split() == ["settled", "at", "state", "email", "why"]


def test_readers_are_listed_by_state(app: App, operate: Operate) -> None:
    readers(app, operate, "a@example.org", "b@example.org")
    send(app, operate, write(), count=2)
    assert len(operate(app, "issue", "who", "spring", "--state", "sent", "--json").rows) == 2
    said = operate(app, "issue", "who", "spring", "--state", "refused")
    assert (said.code, said.out) == (0, "spring has no readers in the state refused.\n")
    assert operate(app, "issue", "who", "spring", "--state", "waits").code == 2


@pytest.mark.slow
def test_a_copy_that_bounced_is_told_with_its_reason(app: App, operate: Operate) -> None:
    subscribe(app)
    send(app, operate, write())
    # After it, the owner was notified of the result.
    tell(app, "bounce-permanent", [mail for mail in taken() if mail.to == [READER]][-1])
    (row,) = operate(app, "issue", "who", "spring", "--state", "bounced", "--json").rows
    assert row["bounced_at"]
    assert row["why"].startswith("bounced: ")
    assert operate(app, "issue", "status", "spring", "--json").rows[0]["bounced"] == 1


def test_readers_are_csv_for_a_spreadsheet_without_a_formula(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers(app, operate, "a@example.org")
    send(app, operate, write())
    row = Reader(subscriber_id="=cmd()", state="refused", reason="=1+1;\n@x", settled_at=START)
    monkeypatch.setattr(readers_table, "all_of", lambda *_: iter([row]))
    said = operate(app, "issue", "who", "spring", "--csv")
    heading, line = csv.reader(io.StringIO(said.out), delimiter=";")
    assert heading[:3] == ["email", "subscriber_id", "state"]
    assert dict(zip(heading, line, strict=True)) | {"why": ""} == {
        "email": "", "subscriber_id": "'=cmd()", "state": "refused", "why": "", "settled_at": "2026-11-23T10:00:00Z",
        "bounced_at": "", "complained_at": "", "message_id": "",
    }  # fmt: skip
    assert line[3].startswith("'=1+1")
    assert operate(app, "issue", "who", "spring", "--csv", "--json").code == 2


# --- what sending means
# ----------------------------------------------------------------------------------------------------


def plan(count: int = 1000, rate: float = 14, per_day: float | None = 50_000, used: float = 0, price: str = "") -> Plan:
    """Return a plan for French readers."""
    return Plan({"fr": count}, ["fr"], Account(rate, per_day, used, in_production=True, sends=True, plan=price))


def test_share_and_pace_are_the_function_s_own() -> None:
    assert issue_plan.SHARE == worker.SHARE
    assert issue_plan.MOST_A_SECOND == worker.MOST_AT_ONCE / worker._CALL_TAKES  # noqa: SLF001


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (plan(100), "less than a minute: 11.2 emails a second"),
        (plan(1_000), "about 1 minute: 11.2 emails a second"),
        (plan(40_000), "about 60 minutes: 11.2"),
        (plan(40_001), "about 24 hours: 40,000 emails in 24 hours, four fifths of what SES allows, less 0 sent"),
        (plan(40_000, used=1), "about 24 hours"),
        (plan(100_000), "about 2 days"),
        (plan(100_000, per_day=None, rate=100), "about 21 minutes: 80 emails a second"),
        (plan(100_000, per_day=None, rate=500), "about 10 minutes: 160 emails a second, as many as the function"),
        (plan(1_000_000, per_day=1_000_000, rate=500), "about 24 hours"),
    ],
)
def test_how_long_it_takes_is_told(what: Plan, words: str) -> None:
    assert words in list(sentences(what))[-1]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (plan(10, price="NONE"), "less than a cent"),
        (
            plan(10_000, price="NONE"),
            "about 1.10 US dollars: SES bills 0.10 for 1,000 emails, Lambda and",
        ),
        (plan(10_000, price="ESSENTIALS"), "about 1.70 US dollars: SES bills 0.16"),
        (plan(10_000), "about 1.10 to 1.70 US dollars: SES bills 0.10 to 0.16 for 1,000 emails, by the account's plan"),
        (plan(10_000, price="PRO"), "or more with the plan PRO"),
        (plan(1_000_000, price="NONE"), "about 110.00 US dollars"),
    ],
)
def test_what_it_costs_is_told(what: Plan, words: str) -> None:
    assert words in list(sentences(what))[-2]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute"),
        (59.9, "less than a minute"),
        (60, "about 1 minute"),
        (7199, "about 120 minutes"),
        (7200, "about 2 hours"),
        (172_799, "about 48 hours"),
        (172_800, "about 2 days"),
    ],
)
def test_a_duration_is_told_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_every_command_of_an_issue_fits_80_columns(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch, make_app: Callable[..., App]
) -> None:
    del make_app
    monkeypatch.setenv("COLUMNS", "80")
    readers(app, operate, f"{'a' * 60}@atelier-des-lilas-et-des-roses.example.org", "b@example.org")
    name = write("spring.fr.md", "S" * 140)
    for arguments in (
        ("check", name),
        ("test", name),
        ("send", name, "--count", "2"),
        ("list",),
        ("status", "spring"),
        ("who", "spring"),
        ("pause", "spring"),
        ("resume", "spring"),
        ("cancel", "spring"),
    ):
        said = operate(app, "issue", *arguments)
        lines = (line for line in (said.out + said.err).splitlines() if len(line.split()) > 1 and "SSSS" not in line)
        assert [line for line in lines if len(line) > 80] == [], arguments
