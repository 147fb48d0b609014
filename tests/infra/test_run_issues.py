"""An issue of the newsletter through a running `make run`: written, tested, sent, and read in the inbox."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.support.operate import said_on
from tests.support.stack import LocalStack, ask, local_stack, text_of, wait_for

FRENCH = [f"lecteur{number}@example.org" for number in range(4)]
ENGLISH = [f"reader{number}@example.org" for number in range(3)]
BOUNCES = "bounce@simulator.amazonses.com"
TEXT = '---\nsubject: "{subject}"\n---\n\n# {subject}\n\n**Bold**, and a [link](https://example.org/a?b=c&d=e).\n'

Guichet = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that sends quickly, one for all tests."""
    given = "DefaultLanguage=en CallerHourlyCap=1000"
    with local_stack(tmp_path_factory.mktemp("stack"), SEND_RATE="200", PARAMETERS=given) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., str]:
    """Return a function that runs a command on a stack, in a folder of its own, and returns what it printed.

    It runs in this process, as starting one takes more than a second. tests/operate/test_guichet.py starts real ones.
    """
    monkeypatch.chdir(tmp_path)

    def run(stack: LocalStack, *arguments: str, code: int = 0) -> str:
        said = said_on(stack.port, capsys, *arguments)
        assert said.code == code, said.err
        return said.out

    return run


@pytest.fixture
def guichet(stack: LocalStack, here: Callable[..., str]) -> Guichet:
    """Return a function that runs a command on the stack, and returns the objects of `--json`."""

    def run(*arguments: str, code: int = 0) -> list[dict[str, Any]]:
        return [json.loads(line) for line in here(stack, *arguments, "--json", code=code).splitlines()]

    return run


def mails(stack: LocalStack, subject: str) -> list[dict[str, Any]]:
    """Return the mails of the inbox whose subject is that of an issue."""
    return [mail for mail in stack.inbox() if mail["subject"] == subject]


@pytest.mark.slow
def test_an_issue_is_tested_sent_once_to_each_reader_and_accounted_for(
    stack: LocalStack, guichet: Guichet, tmp_path: Path
) -> None:
    files = ("spring.fr.md", "spring.en.md")
    rows = [*(f"{one},fr" for one in FRENCH), *(f"{one},en" for one in (*ENGLISH, BOUNCES))]
    everybody = len(rows)
    (tmp_path / "list.csv").write_text("\n".join(["email,language", *rows, ""]), encoding="utf-8")
    for name, subject in zip(files, ("Le printemps", "Spring"), strict=True):
        (tmp_path / name).write_text(TEXT.format(subject=subject), encoding="utf-8")
    assert guichet("import", "list.csv", "--consent", "A list")[0]["imported"] == everybody
    assert guichet("issue", "check", *files, "--offline") == []
    written = guichet("issue", "preview", *files, "--into", str(tmp_path))
    assert {Path(row["html"]).name for row in written} == {"spring.fr.html", "spring.en.html"}
    guichet("issue", "test", *files)
    wait_for("the tests", lambda: len(stack.inbox("https://example.org/a?b=c&d=e", "owner@example.org")) == 2)

    (sent,) = guichet("issue", "send", *files, "--offline", "--count", str(everybody))
    assert (sent["readers"], sent["by_language"]) == (everybody, {"fr": len(FRENCH), "en": len(ENGLISH) + 1})

    def ended() -> dict[str, Any] | None:
        return next((row for row in guichet("issue", "status", "spring") if row["ended_at"]), None)

    wait_for("the final email", lambda: [mail for mail in stack.inbox() if "spring" in mail["subject"]])
    status = wait_for("the end", ended)
    assert (status["state"], status["sent"], status["readers"]) == ("sent", everybody, everybody)
    got = Counter(mail["to"][0] for mail in mails(stack, "Le printemps"))
    assert got == Counter(FRENCH)
    assert Counter(mail["to"][0] for mail in mails(stack, "Spring")) == Counter([*ENGLISH, BOUNCES])
    wait_for("SES's event", lambda: stack.logged("bounced"))
    (bounced,) = wait_for("the bounce", lambda: guichet("issue", "who", "spring", "--state", "bounced"))
    # Only the keyed hash of an address that bounced is kept.
    assert (bounced["state"], bounced["email"]) == ("sent", "")
    assert guichet("issue", "send", *files, "--offline", "--count", str(everybody), code=2) == []
    assert "Traceback" not in stack.complained


@pytest.mark.slow
def test_each_copy_has_its_own_link_which_unsubscribes_that_reader(stack: LocalStack, guichet: Guichet) -> None:
    sent = mails(stack, "Le printemps")
    links = {}
    for mail in sent:
        message = message_from_string(mail["raw"], policy=policy.default)
        link = message["List-Unsubscribe"].strip("<>")
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link in text_of(mail["raw"])
        links[mail["to"][0]] = link
    assert len(set(links.values())) == len(FRENCH)
    parts = urlsplit(links[FRENCH[0]])
    body = b"List-Unsubscribe=One-Click"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(stack.port, "POST", f"{parts.path}?{parts.query}", body, headers).status == 200
    assert guichet("subscribers", "show", FRENCH[0])[0]["state"] == "unsubscribed"
    assert guichet("subscribers", "show", FRENCH[1])[0]["state"] == "confirmed"


@pytest.mark.slow
def test_while_an_issue_is_sent_other_mail_leaves_at_once_and_it_can_be_paused(
    here: Callable[..., str], tmp_path: Path
) -> None:
    # Slow enough to look at: three copies in two seconds, of thirty.
    with local_stack(tmp_path, SEND_RATE="2") as stack:
        stack.wait_until_ready()

        rows = [f"reader{number}@example.org" for number in range(30)]
        (tmp_path / "list.csv").write_text("\n".join(["email", *rows, ""]), encoding="utf-8")
        (tmp_path / "spring.md").write_text(TEXT.format(subject="Le printemps"), encoding="utf-8")
        here(stack, "import", "list.csv", "--consent", "A list")
        here(stack, "issue", "send", "spring.md", "--offline", "--count", "30")
        wait_for("the first copies", lambda: len(mails(stack, "Le printemps")) > 2)
        body = json.dumps({"email": "camille@example.org", "message": "Meanwhile"}).encode()
        stack.post("/contact", body, "application/json")
        assert len(wait_for("the email", lambda: stack.inbox("Meanwhile"), seconds=2)) == 1
        assert "is paused" in here(stack, "issue", "pause", "spring")
        copies = len(mails(stack, "Le printemps"))
        assert copies < 25
        # A page of copies may have been in progress.
        wait_for("the end of the run", lambda: stack.logged("worked"))
        assert len(mails(stack, "Le printemps")) <= copies + 4
        assert "you to resume it" in here(stack, "issue", "status", "spring")
        # It ends in the middle of a run without a complaint.
        here(stack, "issue", "resume", "spring")
        wait_for("more copies", lambda: len(mails(stack, "Le printemps")) > copies + 4)
        assert stack.end() == 0
        assert "Traceback" not in stack.complained
