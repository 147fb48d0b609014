"""Each group of commands through its real entry point, against a running `make run`; and help versus its page.

The other tests in this folder cover the commands' variants, within this process.
"""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import HTTPCookieProcessor, build_opener

import click
import pytest

from infra.template import TEMPLATE
from tests.support.installed import with_only
from tests.support.operate import every, said_on
from tests.support.pages import read
from tests.support.stack import LocalStack, free_port, local_stack, text_of, wait_for

ENTRY_POINT = Path(sys.executable).parent / "guichet"
PAGE = read("operating.md")
ROOT = TEMPLATE.parent


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with local_stack(tmp_path_factory.mktemp("stack"), PARAMETERS="CallerHourlyCap=1000") as running:
        running.wait_until_ready()
        yield running


def environment(port: int) -> dict[str, str]:
    """Return a person's environment: no AWS variables of the tests, but a profile that a local stack must ignore."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {**plain, "PORT": str(port), "AWS_PROFILE": "nobody", "COLUMNS": "100"}


def run(variables: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the command as a person does. It takes a second or two to start, so there is one run per group."""
    done = subprocess.run(
        [str(ENTRY_POINT), *arguments], env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done


def guichet_on(stack: LocalStack, *arguments: str, code: int = 0) -> str:
    """Run a command on the running stack, and return what it printed."""
    done = run(environment(stack.port), *arguments, "--local")
    assert done.returncode == code, done.stderr
    return done.stdout


def objects(printed: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in printed.splitlines()]


def posted(stack: LocalStack, path: str = "/contact", **fields: str) -> str:
    answer = stack.post(path, json.dumps(fields).encode(), "application/json")
    assert answer.status == 200, answer.text
    return str(answer.json["id"])


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return a function that runs a command in this process, but on the running stack."""

    def command(port: int, *arguments: str, code: int = 0) -> str:
        said = said_on(port, capsys, *arguments)
        assert said.code == code, said.err
        return said.out or said.err

    return command


# --- a process of each group of commands ------------------------------------------------------------------------------


def test_messages(stack: LocalStack) -> None:
    message = posted(stack, email="zoe@example.org", message="Une question sur la facture", name="Zoé")
    caught = posted(stack, email="robot@example.org", message="Buy", _gotcha="x")
    listed = guichet_on(stack, "messages", "--search", "FACTURE")
    assert message[:8] in listed
    assert "zoe@example.org" in listed
    assert caught[:8] not in listed


def test_messages_of_the_demo_s_own_form_have_its_labels(stack: LocalStack) -> None:
    answers = {"name": "Zoé", "email": "zoe@example.org", "needs": "site", "budget": "large"}
    answers["message"] = "Un site pour notre boulangerie."
    reference = posted(stack, "/f/devis", **answers)
    assert "Plus de 5" in guichet_on(stack, "messages", "show", reference)


def test_import_subscribers_and_export(stack: LocalStack, here: Callable[..., str], tmp_path: Path) -> None:
    file, exported = tmp_path / "list.csv", tmp_path / "exported.csv"
    file.write_text("email,name\nann@example.org,Ann\nnobody,\n", encoding="utf-8")
    # One line is bad, which still needs attention.
    assert "imported" in guichet_on(stack, "import", str(file), "--consent", "The old list of 2025", code=1)
    shown = objects(here(stack.port, "subscribers", "show", "ann@example.org", "--json"))
    assert [entry["statement"] for entry in shown[0]["history"]] == ["The old list of 2025"]
    assert "Exported " in here(stack.port, "export", "subscribers", "--output", str(exported))
    assert "ann@example.org" in exported.read_text(encoding="utf-8-sig")


@pytest.mark.slow
def test_forget(stack: LocalStack, here: Callable[..., str]) -> None:
    posted(stack, email="gone@example.org", message="My secret words")
    # There is nobody to confirm.
    guichet_on(stack, "forget", "gone@example.org", code=130)
    (done,) = objects(here(stack.port, "forget", "gone@example.org", "--yes", "--json"))
    assert done["erased"]


def test_outbox(stack: LocalStack) -> None:
    posted(stack, email="late@example.org", message="Bonjour")
    wait_for("the owner's email", lambda: stack.inbox("late@example.org"))
    (sent,) = objects(guichet_on(stack, "outbox", "send", "--json"))
    assert sent["queued_again"] == 0


def test_test_email(stack: LocalStack) -> None:
    assert "message id" in guichet_on(stack, "test-email")
    (mail,) = wait_for("the test email", lambda: stack.inbox("guichet test-email", "owner@example.org"))
    assert "was sent by" in text_of(mail["raw"])


def test_desk(stack: LocalStack) -> None:
    """Sign in at the local desk, by the command's link and by the code in the inbox."""
    url, owner = f"http://127.0.0.1:{stack.port}", "owner@example.org"
    browser = build_opener(HTTPCookieProcessor())

    def post(path: str, **fields: str) -> str:
        sent = urllib.request.Request(url + path, urlencode(fields).encode(), {"Origin": url})  # noqa: S310
        with browser.open(sent) as page:
            return str(page.read().decode())

    said, link = guichet_on(stack, "desk").splitlines()
    assert owner in said
    assert link.startswith(f"{url}/desk/sign-in/link?")
    with browser.open(link) as page:
        assert owner in page.read().decode()
    fields = dict(parse_qsl(urlsplit(link).query))
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(urllib.request.Request(f"{url}/desk/sign-in/link", b"id=x", {"Origin": url}))  # noqa: S310
    with suppress(HTTPError):
        # Another test follows it.
        post("/desk/sign-in/link", **fields)
    with browser.open(f"{url}/desk/sessions") as page:
        assert owner in page.read().decode()
    post("/desk/sessions/sign-out")
    post("/desk/sign-in", address=owner, next="sessions")
    (mail,) = wait_for("the email", lambda: stack.inbox("/desk/sign-in/link", owner))
    (code,) = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}\b", text_of(mail["raw"]))
    assert owner in post("/desk/sign-in/code", code=code)


def test_doctor(stack: LocalStack) -> None:
    said = guichet_on(stack, "doctor")
    assert "ok       CORS: " in said
    assert "14 a second" in said
    assert {line.split()[0] for line in said.splitlines()} == {"ok"}
    assert all(f" {check}: " in said for check in ("sandbox", "table", "queued emails", "page", "form"))


@pytest.mark.slow
def test_adopt_asks_aws_and_says_that_credentials_are_missing(tmp_path: Path) -> None:
    plain = {**environment(1), "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    del plain["AWS_PROFILE"]
    done = run(plain, "adopt", "guichet-Table-1ABC", "--region", "eu-west-3")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there are no AWS credentials" in done.stderr
    # It has none.
    assert "--local" not in done.stderr
    for words, arguments, code in (
        ("no AWS region is set", ("messages",), 2),
        ("there are no AWS credentials", ("messages", "--region", "eu-west-3"), 3),
        ("there are no AWS credentials", ("doctor", "--region", "eu-west-3"), 3),
    ):
        without = run(plain, *arguments)
        assert (without.returncode, without.stdout) == (code, "")
        assert words in without.stderr
        assert "--local" in without.stderr


def _part_done(told: str) -> float:
    """Return how many rows an import has written, as it reports."""
    progress = re.findall(r"bytes imported: ([0-9,]+) of about ([0-9,]+)", told)
    done, total = (int(number.replace(",", "")) for number in (progress or [("0", "1")])[-1])
    return done / total


def test_ctrl_c_ends_an_import_between_two_blocks_and_says_how_to_go_on(
    stack: LocalStack, here: Callable[..., str], tmp_path: Path
) -> None:
    file, err, addresses = tmp_path / "list.csv", tmp_path / "err", {f"c{n}@example.com" for n in range(1000)}
    # Long enough that it reports its progress after the first block.
    lines = (f"{address},/{'a' * 60}" for address in addresses)
    file.write_text("\n".join(("email,source", *lines)), encoding="utf-8")
    command = [str(ENTRY_POINT), "import", str(file), "--consent", "A list", "--local", "--json"]
    with (
        err.open("wb") as said,
        subprocess.Popen(
            command, env=environment(stack.port), stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        wait_for("the first rows", lambda: _part_done(err.read_text(encoding="utf-8")) > 0)
        # A shell may signal it twice.
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    told = json.loads(out)
    assert told["stopped"] == "interrupted"
    assert 0 < told["imported"] == told["done_until_line"] - 1 < len(addresses)
    assert f"--from-line {told['done_until_line'] + 1}" in err.read_text(encoding="utf-8")
    again = ("import", str(file), "--consent", "A list", "--from-line", str(told["done_until_line"] + 1), "--json")
    (row,) = objects(here(stack.port, *again))
    assert told["imported"] + row["imported"] == len(addresses)
    kept = [row["email"] for row in objects(here(stack.port, "subscribers", "--json"))]
    assert sorted(email for email in kept if email.endswith("@example.com")) == sorted(addresses)


def test_without_a_stack_it_says_what_to_start(here: Callable[..., str]) -> None:
    assert "start it with `make run`" in " ".join(here(free_port(), "messages", code=2).split())


# --- help and its page ------------------------------------------------------------------------------------------------


def test_help_names_the_commands_of_the_page(tmp_path: Path) -> None:
    # With the packages of `make install`.
    path = with_only(TEMPLATE.parent / "requirements-run.txt", tmp_path)
    done = run(environment(1) | {"PYTHONPATH": path}, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    listed = re.findall(r"^  ([a-z-]+)  ", done.stdout.split("Commands:")[1], re.MULTILINE)
    assert set(listed) == {name.split()[0] for name in named_on_the_page()}


def test_help_and_version_need_only_click(tmp_path: Path) -> None:
    pins = tmp_path / "pins.txt"
    pins.write_text("click==0", encoding="utf-8")
    path = os.pathsep.join((with_only(pins, tmp_path), str(ROOT / "functions"), str(ROOT)))
    for option in ("--help", "--version"):
        done = subprocess.run(
            [sys.executable, "-m", "infra.operate", option],
            env=environment(1) | {"PYTHONPATH": path}, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")


def commands() -> Iterator[tuple[str, click.Command]]:
    yield from ((" ".join(path), command) for path, command in every() if not isinstance(command, click.Group))


def named_on_the_page() -> set[str]:
    table = PAGE.split("| command | what it does |")[1].split("\n\n")[0]
    within = "show|spam|release|erase|unsubscribe|block|lift|send|check|html|openapi"
    within += "|new|preview|test|schedule|status|who|pause|resume|cancel|export|import|approve|refuse|delete"
    return set(re.findall(rf"`guichet ([a-z-]+(?: (?:{within}))?)", table))


def test_the_page_names_each_command_and_no_other() -> None:
    assert named_on_the_page() == {name.removesuffix(" list") for name, _ in commands()}


def test_each_option_that_the_page_names_is_one() -> None:
    known = {option for _, command in commands() for param in command.params for option in param.opts}
    # `--from` is an option of uvx.
    named = set(re.findall(r"--[a-z][a-z-]+", PAGE)) - {"--help", "--from"}
    assert named
    assert named <= known


def test_each_command_says_what_it_does_and_takes_the_options_of_all() -> None:
    for name, command in commands():
        assert command.help, name
        options = {option for param in command.params for option in param.opts}
        # The local stack cannot adopt a table: it is made by `make run`.
        wanted = {"--stack", "--json"} if name == "adopt" else {"--local", "--stack", "--json"}
        if name == "texts check":
            # It reads a file, and needs no stack.
            wanted = {"--json"}
        assert wanted <= options, name
