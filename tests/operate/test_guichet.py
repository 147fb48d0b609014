"""Each command by its real entry point, against a running `make run`; and `--help` beside the README."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import click
import pytest

from guichet.store import dynamodb
from infra.operate.commands import guichet
from infra.template import TEMPLATE
from tests.support.stack import LocalStack, ask, free_port, local_stack, text_of, wait_for

ENTRY_POINT = Path(sys.executable).parent / "guichet"
README = (TEMPLATE.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with local_stack(tmp_path_factory.mktemp("stack"), PARAMETERS="CallerHourlyCap=1000") as running:
        running.wait_until_ready()
        yield running


def environment(port: int) -> dict[str, str]:
    """As a person has it: none of the tests' own AWS variables, but a profile that a local stack must not mind."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**plain, "PORT": str(port), "AWS_PROFILE": "nobody", "COLUMNS": "100"}


def run(stack: LocalStack, *arguments: str, code: int = 0) -> str:
    """Run the command as a person does, in a folder of its own, and return what it printed."""
    command = [str(ENTRY_POINT), *arguments, "--local"]
    done = subprocess.run(command, env=environment(stack.port), capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def objects(stack: LocalStack, *arguments: str, code: int = 0) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(stack, *arguments, "--json", code=code).splitlines()]


def posted(stack: LocalStack, path: str = "/contact", **fields: str) -> str:
    answer = stack.post(path, json.dumps(fields).encode(), "application/json")
    assert answer.status == 200, answer.text
    return str(answer.json["id"])


def change(stack: LocalStack, choose: Callable[[dict[str, Any]], bool], **values: str | None) -> None:
    """Change an item as SES's answers and feedback would, which nothing plays here; None takes an attribute away."""
    functions = ask(stack.port, "GET", "/_local/sam.json").json["Resources"]
    variables = functions["Notifier"]["Properties"]["Environment"]["Variables"]
    name, engine = variables["TABLE_NAME"], variables["AWS_ENDPOINT_URL_DYNAMODB"]
    table: Any = botocore.session.get_session().create_client(
        "dynamodb", "eu-west-3", endpoint_url=engine, aws_access_key_id="local", aws_secret_access_key="local"
    )
    items = [dynamodb.unmarshalled(item) or {} for item in table.scan(TableName=name)["Items"]]
    (item,) = filter(choose, items)
    changed = {name: value for name, value in {**item, **values}.items() if value is not None}
    table.put_item(TableName=name, Item=dynamodb.marshalled(changed))


def test_messages(stack: LocalStack) -> None:
    message = posted(stack, email="zoe@example.org", message="Une question sur la facture", name="Zoé")
    caught = posted(stack, email="robot@example.org", message="Buy", _gotcha="x")
    assert "Une question" in run(stack, "export", "messages")

    listed = run(stack, "messages", "--search", "FACTURE")
    assert message in listed
    assert "zoe@example.org" in listed
    assert caught not in listed
    assert "Une question sur la facture" in run(stack, "messages", "show", message)
    assert [row["spam"] for row in objects(stack, "messages", "--spam") if row["id"] == caught] == ["honeypot"]

    assert "released" in run(stack, "messages", "release", caught)
    wait_for("the owner's email", lambda: stack.inbox("robot@example.org"))
    assert "spam folder" in run(stack, "messages", "spam", caught)
    assert [row["spam"] for row in objects(stack, "messages", "--spam") if row["id"] == caught] == ["owner"]
    run(stack, "messages", "show", "nope", code=2)


def test_subscribers_export_and_import(stack: LocalStack, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("email,name\nann@example.org,Ann\nnobody,\n", encoding="utf-8")
    proof = ("--consent", "The old list of 2025, double opt-in")
    assert "imported" in run(stack, "import", str(file), *proof, "--dry-run", code=1)
    assert objects(stack, "subscribers", "--state", "confirmed") == []
    assert objects(stack, "import", str(file), *proof, code=1)[0]["imported"] == 1
    assert "ann@example.org" in run(stack, "subscribers")
    assert "The old list of 2025" in run(stack, "subscribers", "show", "ann@example.org")
    assert objects(stack, "subscribers", "--count")[0]["confirmed"] == 1
    run(stack, "subscribers", "lift", "ann@example.org", code=2)
    change(stack, lambda item: item["kind"] == "subscriber", state="bounced")
    assert "may sign up again" in run(stack, "subscribers", "lift", "ann@example.org")
    assert objects(stack, "subscribers", "--count")[0]["lifted"] == 1
    change(stack, lambda item: item["kind"] == "subscriber", state="confirmed")

    exported = tmp_path / "exported.csv"
    assert "rows" in run(stack, "export", "subscribers", "--output", str(exported))
    assert "ann@example.org" in exported.read_text(encoding="utf-8-sig")
    assert '"ann@example.org"' in run(stack, "export", "subscribers")

    asked = tmp_path / "asked.csv"
    asked.write_text("email\nann@example.org\nnew@example.org\n", encoding="utf-8")
    assert objects(stack, "import", str(asked), "--ask")[0]["asked"] == 1
    wait_for("the link", lambda: stack.inbox("newsletter/confirm", "new@example.org"))
    assert [row["email"] for row in objects(stack, "subscribers", "--state", "pending")] == ["new@example.org"]


def test_forget(stack: LocalStack, tmp_path: Path) -> None:
    posted(stack, email="gone@example.org", message="My secret words", ville="Secretville")
    posted(stack, email="gone@example.org", message="More secret words", _gotcha="x")
    posted(stack, "/newsletter", email="Gone@Example.org", name="Secret Name")
    link = wait_for("the link", lambda: stack.inbox("newsletter/confirm", "Gone@example.org"))
    (address,) = re.findall(r"https?://\S+confirm\?\S+", text_of(link[0]["raw"]))
    fields = urlsplit(address).query + "&wording=1"
    confirmed = stack.post("/newsletter/confirm", fields.encode(), "application/x-www-form-urlencoded")
    assert confirmed.status == 200
    posted(stack, email="friend@example.org", message="Say hello to GONE@example.org")

    file = tmp_path / "access.json"
    run(stack, "forget", "gone@example.org", "--access", str(file))
    told = json.loads(file.read_text(encoding="utf-8"))
    assert [len(told[name]) for name in ("messages", "sign-ups", "subscription")] == [2, 1, 1]
    assert told["mentions by others"] == 1
    run(stack, "forget", "gone@example.org", "--access", str(file), code=2)

    # Nobody says yes, or somebody says no: nothing is erased.
    command = [str(ENTRY_POINT), "forget", "gone@example.org", "--local"]
    no = subprocess.run(
        command, env=environment(stack.port), input="n\n", capture_output=True, text=True, check=False, timeout=60
    )
    assert (no.returncode, "Nothing was erased." in no.stderr) == (0, True)
    assert (
        "nothing"
        in subprocess.run(
            [*command[:2], "unknown@example.org", "--local"],
            env=environment(stack.port),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stderr
    )
    run(stack, "forget", "gone@example.org", code=130)
    assert "secret words" in run(stack, "export", "everything")
    (done,) = objects(stack, "forget", "gone@example.org", "--yes")
    assert done["struck_out_elsewhere"] == 1
    assert "unsubscribed" in done["remains"][0]
    left = run(stack, "export", "everything").lower()
    assert "gone@" not in left
    assert "secret" not in left
    assert "say hello to [erased]" in left


def test_owed_and_test_email(tmp_path: Path) -> None:
    # Strangers get no mail at all today, so a confirmation stays owed.
    with local_stack(tmp_path, PARAMETERS="StrangerMailPerDay=0") as stack:
        stack.wait_until_ready()
        assert "No email is owed" in run(stack, "outbox")
        posted(stack, "/newsletter", email="new@example.org")
        wait_for("the first try", lambda: "StrangerMailPerDay is used up" in run(stack, "outbox", code=1))
        assert objects(stack, "outbox", "send", code=1) == [{"queued_again": 0, "capped": 1}]
        message = posted(stack, email="late@example.org", message="Bonjour")
        wait_for("the owner's email", lambda: stack.inbox("late@example.org"))
        key = f"message#{message}/email#contact-notification"
        refused = {
            "outbox": None,
            "sent_at": None,
            "failed_at": "2026-11-23T10:00:00.000000+00:00",
            "reason": "Refused",
        }
        change(stack, lambda item: f"{item['pk']}/{item['sk']}" == key, **refused)
        assert "Refused" in run(stack, "outbox", code=1)
        assert objects(stack, "outbox", "send", key, code=1) == [{"queued_again": 1, "sent": 1, "capped": 1}]
        change(stack, lambda item: f"{item['pk']}/{item['sk']}" == key, **refused)
        assert objects(stack, "outbox", "send", "--failed", code=1) == [{"queued_again": 1, "sent": 1, "capped": 1}]
        assert len(stack.inbox("late@example.org")) == 3
        assert "message id" in run(stack, "test-email")
        wait_for("the test email", lambda: stack.inbox("guichet test-email", "owner@example.org"))
        assert "was sent by" in text_of(stack.inbox("guichet test-email")[0]["raw"])


def test_doctor(stack: LocalStack) -> None:
    said = run(stack, "doctor")
    assert "ok       CORS: " in said
    assert "14 a second" in said
    findings = objects(stack, "doctor")
    assert {finding["state"] for finding in findings} == {"ok"}
    assert {finding["check"] for finding in findings} >= {"sandbox", "table", "owed emails", "page", "form", "CORS"}


def test_ctrl_c_ends_an_import_between_two_blocks_and_says_how_to_go_on(stack: LocalStack, tmp_path: Path) -> None:
    file, err, addresses = tmp_path / "list.csv", tmp_path / "err", {f"c{n}@example.com" for n in range(3000)}
    file.write_text("\n".join(("email", *addresses)), encoding="utf-8")
    command = [str(ENTRY_POINT), "import", str(file), "--consent", "A list", "--local", "--json"]
    with (
        err.open("wb") as said,
        subprocess.Popen(
            command, env=environment(stack.port), stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        wait_for("its progress", lambda: "bytes read" in err.read_text(encoding="utf-8"))
        # A shell may tell it twice.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    told = json.loads(out)
    assert told["stopped"] == "interrupted"
    assert 0 < told["imported"] == told["done_until_line"] - 1 < len(addresses)
    assert f"--from-line {told['done_until_line'] + 1}" in err.read_text(encoding="utf-8")
    (row,) = objects(stack, "import", str(file), "--consent", "A list", "--from-line", str(told["done_until_line"] + 1))
    assert told["imported"] + row["imported"] == len(addresses)
    kept = [row["email"] for row in objects(stack, "subscribers") if row["email"].endswith("@example.com")]
    assert sorted(kept) == sorted(addresses)


def test_without_a_stack_it_says_what_to_start(tmp_path: Path) -> None:
    command = [str(ENTRY_POINT), "messages", "--local", "--port", str(free_port())]
    done = subprocess.run(command, env=environment(1), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "start it by `make run`" in done.stderr


def test_without_an_account_it_says_what_is_missing(tmp_path: Path) -> None:
    plain = {**environment(1), "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    del plain["AWS_PROFILE"]
    for more, code, words in (
        ((), 2, "in which region"),
        (("--region", "eu-west-3"), 3, "Unable to locate credentials"),
    ):
        command = [str(ENTRY_POINT), "messages", *more]
        done = subprocess.run(command, env=plain, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (code, "")
        assert words in done.stderr


def commands() -> Iterator[tuple[str, click.Command]]:
    for name, command in guichet.commands.items():
        if isinstance(command, click.Group):
            yield from ((f"{name} {sub}", leaf) for sub, leaf in command.commands.items())
        else:
            yield name, command


def test_the_readme_names_each_command_and_no_other() -> None:
    table = README.split("| command | what it does |")[1].split("\n\n")[0]
    named = set(re.findall(r"`guichet ([a-z-]+(?: (?:show|spam|release|unsubscribe|lift|send))?)", table))
    assert named == {name.removesuffix(" list") for name, _ in commands()}


def test_each_option_that_the_readme_names_is_one() -> None:
    known = {option for _, command in commands() for param in command.params for option in param.opts}
    shown = README.split("## Operate it")[1].split("\n## ")[0]
    named = set(re.findall(r"--[a-z][a-z-]+", shown))
    assert named
    assert named <= known


def test_each_command_says_what_it_does_and_takes_the_options_of_all() -> None:
    for name, command in commands():
        assert command.help, name
        options = {option for param in command.params for option in param.opts}
        assert {"--local", "--stack", "--json"} <= options, name
