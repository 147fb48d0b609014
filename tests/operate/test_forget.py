"""`guichet forget`: a person's data, exported for them or erased, after confirmation."""

import io
import json
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local import engine
from infra.operate import elsewhere
from infra.operate.commands import options
from infra.operate.connection import OperatorError
from tests.support.app import App
from tests.support.clients import SESSION
from tests.support.contact import contact
from tests.support.feedback import event_text, wrapped
from tests.support.newsletter import subscribe
from tests.support.operate import Operate, Said, connection_to

GONE = "gone@example.org"


@pytest.fixture
def person(app: App) -> str:
    """Return an address with every kind of data: messages, spam, a sign-up, consent, a mention."""
    contact(app, email=GONE, message="My secret words", ville="Secretville")
    contact(app, email=GONE, message="More secret words", _gotcha="x")
    subscribe(app, email="Gone@Example.org", name="Secret Name")
    contact(app, email="friend@example.org", message="Say hello to GONE@example.org")
    return GONE


def everything(app: App, operate: Operate) -> str:
    # The first line has the time of writing, on which the hash in the last one depends.
    _, *items, _ = operate(app, "export", "everything").out.lower().splitlines()
    return "\n".join(items)


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


def test_a_file_that_could_not_be_completed_is_removed(
    app: App, operate: Operate, person: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OperatorError("SES refuses it")

    monkeypatch.setattr(elsewhere, "suppressed_by_ses", refused)
    file = tmp_path / "access.json"
    assert operate(app, "forget", person, "--access", str(file)).code == 2
    assert not file.exists()


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
    assert "nothing" in said.told


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


# --- data outside the table -----------------------------------------------------------------------------------------


@pytest.fixture
def deployed(
    operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> Callable[[App, list[str], bool], tuple[Callable[..., Said], Any, str]]:
    """Return a stack on AWS with a failure queue: a function that runs commands, a client, and the queue."""

    def put(app: App, texts: list[str], fails: bool = False) -> tuple[Callable[..., Said], Any, str]:  # noqa: FBT001, FBT002
        sqs: Any = SESSION.create_client("sqs")
        queue = sqs.create_queue(QueueName="failures")["QueueUrl"]
        for text in texts:
            sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"requestPayload": wrapped(text)}))

        def feed_back(payload: Mapping[str, Any]) -> None:
            if fails:
                raise OperatorError("again")
            # The function logs to the same standard output, in this process.
            with redirect_stdout(io.StringIO()):
                app.functions["Feedback"](dict(payload))

        connection = replace(
            connection_to(app), local=False, resources={"FeedbackFailures": queue}, feed_back=feed_back
        )
        monkeypatch.setattr(options, "connect_local", lambda _: connection)

        def run(*arguments: str) -> Said:
            # The fixture connects to the app itself.
            with monkeypatch.context() as patch:
                patch.setattr("tests.operate.conftest.connection_to", lambda _: connection)
                return operate(app, *arguments)

        return run, sqs, queue

    return put


def waiting(sqs: Any, queue: str) -> list[str]:
    found = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_events_about_them_leave_the_failure_queue_and_no_complaint_is_lost(
    app: App, person: str, deployed: Any
) -> None:
    others = [event_text("bounce-permanent", ADDRESS=f"other{number}@example.org") for number in range(12)]
    operate, sqs, queue = deployed(app, [*others, event_text("complaint", ADDRESS=person.upper())])
    said = operate("forget", person, "--yes", "--json")
    (done,) = said.rows
    assert done["events_taken_out_of_the_failure_queue"] == 1
    assert "as complained" in done["remains"][0]
    left = waiting(sqs, queue)
    assert len(left) == 12
    assert person not in "".join(left).lower()
    assert [item["state"] for item in app.items("subscriber")] == ["complained"]


def test_an_event_that_still_cannot_be_processed_stays_and_is_told(app: App, person: str, deployed: Any) -> None:
    operate, sqs, queue = deployed(app, [event_text("complaint", ADDRESS=person)], fails=True)
    said = operate("forget", person, "--yes", "--json")
    assert said.code == 1
    assert "1 event in the failure queue" in said.rows[0]["remains"][-1]
    number = "ApproximateNumberOfMessagesNotVisible"
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[number])["Attributes"][number] == "1"


def test_their_address_leaves_ses_s_own_list(app: App, operate: Operate, person: str) -> None:
    ses: Any = engine.client("sesv2")
    ses.put_suppressed_destination(EmailAddress=person, Reason="COMPLAINT")
    (done,) = operate(app, "forget", person.upper(), "--yes", "--json").rows
    assert done["taken_off_suppression_list"] is True
    with pytest.raises(ses.exceptions.NotFoundException):
        ses.get_suppressed_destination(EmailAddress=person)
    (again,) = operate(app, "forget", person, "--yes", "--json").rows
    assert again["taken_off_suppression_list"] is False


def test_what_is_kept_outside_the_table_alone_is_told_and_asked_about(
    app: App, person: str, deployed: Any, tmp_path: Path
) -> None:
    address = "another@example.org"
    operate, _, _ = deployed(app, [event_text("bounce-permanent", ADDRESS=address)])
    engine.client("sesv2").put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
    file = tmp_path / "access.json"
    assert operate("forget", address, "--access", str(file)).code == 0
    told = json.loads(file.read_text(encoding="utf-8"))
    assert told["suppressed by SES"] == "BOUNCE"
    assert [address in json.dumps(payload) for payload in told["events that could not be processed"]] == [True]
    assert person not in file.read_text(encoding="utf-8")


def test_where_only_ses_keeps_an_address_it_is_asked_whether_to_erase_that(
    app: App, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.client("sesv2").put_suppressed_destination(EmailAddress=GONE, Reason="BOUNCE")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    said = operate(app, "forget", GONE)
    assert "on SES's suppression list (BOUNCE)" in said.told
    assert "Nothing was erased." in said.told
