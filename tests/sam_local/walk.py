"""The walk itself: every sample event by `sam local invoke`, posts to `start-api`, a call through `start-lambda`."""

import json
import os
import re
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from email import message_from_string
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.sam_local.held import LocalStack
from tests.sam_local.report import Report
from tests.sam_local.samples import EVENTS, Expectation, Samples, function_of
from tests.support.commands import ROOT, Commands, commands_of
from tests.support.forks import forks_of
from tests.support.stack import Answer, ask, wait_for

FORM = "application/x-www-form-urlencoded"
# What is walked.
PAGE = ROOT / "infra" / "docs" / "local-sam.md"
# The ports on which its commands start servers.
START_API, START_LAMBDA = 3001, 3002
HERE = f"http://127.0.0.1:{START_API}"
SITE = "http://127.0.0.1:8000"
# What `sam local invoke` imports when it runs.
_IMPORTED = ("samcli.cli.main", "samcli.commands.local.invoke.cli", "samcli.commands.local.cli_common.invoke_context")
# A container's first start on a busy machine, in seconds.
_PATIENCE = 120


def commands_of_page() -> list[str]:
    """Return the commands of the page about `sam local`."""
    return commands_of(PAGE.read_text(encoding="utf-8"))


class Walk:
    """The checks, one method per part."""

    def __init__(
        self, commands: Commands, sam: Path, report: Report, outside: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._commands = commands
        self._sam = sam
        self._check = report.check
        self._outside = outside

    def walk(self) -> None:
        """Run all of it; if the stack of `make run` does not survive a part, the walk ends."""
        with self._running("make run", "Ready"):
            stack = LocalStack()
            with self._check("its template for the SAM CLI"):
                self._commands.run(self._commands.find("/_local/sam.json"))
            with self._check("sam build"), self._outside():
                # All functions have the same code. SAM copies the build for each of them, unless told not to.
                shared = {**self._commands.variables, "SAM_CLI_BETA_BUILD_PERFORMANCE": "1"}
                replace(self._commands, variables=shared).run(self._commands.find("sam build"))
            self._invoke_each(stack)
            with self._running("sam local start-api", f"Running on {HERE}"):
                self._post(stack)
                self._read_pages(stack)
            with (
                self._running("sam local start-lambda", f"Running on http://127.0.0.1:{START_LAMBDA}"),
                self._check("sam local start-lambda: a function is invoked"),
            ):
                told = json.loads(self._commands.run(self._commands.find("/invocations")))
                assert json.loads(told["body"])["ok"] is True
        with self._check("every command of the page was run"):
            assert self._commands.unused == []

    @contextmanager
    def _running(self, words: str, ready: str) -> Iterator[None]:
        """Run a command of the page for the duration of the block, which starts once it reports that it is ready."""
        with self._commands.running(self._commands.find(words)) as read:
            with self._check(words):
                _wait(words, read, ready)
            yield
            read()

    # --- sam local invoke ------------------------------------------------------------------------------------------

    def _invoke_each(self, stack: LocalStack) -> None:
        """Invoke the function of every sample event with it: the first as on the page, the others in less time."""
        expectations = Samples(stack).expectations()
        with self._check("something is expected of every event of infra/events/"):
            assert set(expectations) == {path.stem for path in EVENTS.glob("*.json")}
        as_written = self._commands.find("sam local invoke")
        sample = re.search(r"invoke (\w+) .*infra/events/([\w-]+)\.json", as_written)
        assert sample is not None
        resources = json.loads((ROOT / ".aws-sam" / "local" / "sam.json").read_text(encoding="utf-8"))["Resources"]

        def invoke(commands: Commands, name: str, expect: Expectation) -> None:
            function = function_of(name, resources)
            with self._check(f"sam local invoke {function}, {name}.json"):
                command = as_written.replace(f"invoke {sample[1]} ", f"invoke {function} ")
                told = commands.run(command.replace(f"/{sample[2]}.json", f"/{name}.json"), replies=True)
                # Its last line; before it, the SAM CLI may say something of itself.
                expect(json.loads(told.strip().splitlines()[-1]))

        first, *others = expectations.items()
        invoke(self._commands, *first)
        _compile(resources, self._commands)
        with self._in_forks() as forked:
            for event in others:
                invoke(forked, *event)

    @contextmanager
    def _in_forks(self) -> Iterator[Commands]:
        """Yield the commands with another `sam` on their path, which is imported only once for all runs."""
        variables = self._commands.variables
        with (
            forks_of(str(self._sam / "python"), "samcli", _IMPORTED, ROOT, variables) as program,
            TemporaryDirectory(prefix="guichet-") as folder,
        ):
            sam = Path(folder, "sam")
            sam.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n', encoding="utf-8")
            sam.chmod(0o755)
            path = os.pathsep.join((folder, variables["PATH"]))
            yield replace(self._commands, variables={**variables, "PATH": path})

    # --- sam local start-api ---------------------------------------------------------------------------------------

    def _post(self, stack: LocalStack) -> None:
        """Post forms as a site does."""
        what = "sam local start-api: "
        with self._check(f"{what}the page's command"):
            self._commands.run(self._commands.find("curl", f":{START_API}/contact"))
            assert stack.messages("Bonjour")
        with self._check(f"{what}a form in UTF-8, its redirect, the owner's email"):
            answer = _post_form("/contact", {"email": "zoe@example.org", "message": "Été à Œuf-en-Ternois"})
            _redirects_to_thanks(answer)
            assert ask(START_API, "GET", answer.headers["location"].removeprefix(HERE)).status == 200
            wait_for("the email", lambda: stack.mails("Été à Œuf-en-Ternois"))
        with self._check(f"{what}a multipart form in UTF-8"):
            _redirects_to_thanks(_post("/contact", *_multipart({"email": "zoe@example.org", "message": "Ça, là-bas"})))
            assert stack.messages("Ça, là-bas")
        with self._check(f"{what}JSON in UTF-8, answered in JSON"):
            body = json.dumps({"email": "zoe@example.org", "message": "Ainsi fut-il, dès août"}, ensure_ascii=False)
            answer = _post("/contact", body.encode(), "application/json")
            assert (answer.status, answer.json["ok"]) == (200, True)
            assert answer.json["next"].startswith(f"{HERE}/thanks?")
            assert stack.messages("dès août")
        with self._check(f"{what}a file is refused"):
            fields = {"email": "zoe@example.org", "message": "Avec un fichier", 'plan"; filename="plan.txt': "x"}
            assert _post("/contact", *_multipart(fields)).status == 415
            assert stack.messages("Avec un fichier") == []
        with self._check(f"{what}bytes that are not UTF-8 reach the function"):
            answer = _post("/contact", b"email=zoe@example.org&message=\xe9t\xe9", FORM)
            # Its own answer, and not the SAM CLI's.
            assert "referrer-policy" in answer.headers
        with self._check(f"{what}what is wrong is said at its field"):
            answer = _post("/contact", b'{"email": "nobody", "message": "x"}', "application/json")
            assert (answer.status, answer.json["errors"][0]["field"]) == (422, "email")
        with self._check(f"{what}a form that is not there"):
            answer = _post("/f/other", b"{}", "application/json")
            assert (answer.status, answer.json["errors"][0]["code"]) == (404, "FORM_NOT_FOUND")
        with self._check(f"{what}preflights, of the site and of another one"):
            asked = {"Access-Control-Request-Method": "POST"}
            allowed = ask(START_API, "OPTIONS", "/contact", headers={**asked, "Origin": SITE})
            assert allowed.headers["access-control-allow-origin"] == SITE
            assert "content-type" in allowed.headers["access-control-allow-headers"]
            foreign = ask(START_API, "OPTIONS", "/contact", headers={**asked, "Origin": "https://foreign.example"})
            assert "access-control-allow-origin" not in foreign.headers
        with self._check(f"{what}a post of another site"):
            headers = {"Content-Type": FORM, "Origin": "https://foreign.example"}
            assert ask(START_API, "POST", "/contact", b"email=a@example.org&message=x", headers).status == 403

    def _read_pages(self, stack: LocalStack) -> None:
        """Press the buttons of the pages that emails lead to."""
        what = "sam local start-api: "
        reader = "reader@example.org"
        with self._check(f"{what}a sign-up, its page, its button"):
            _redirects_to_thanks(_post_form("/newsletter", {"email": reader}))
            (mail,) = wait_for("the email", lambda: stack.mails("/newsletter/confirm?", reader))
            _press("/newsletter/confirm", mail)
            assert _states(stack, reader) == ["confirmed"]
        with self._check(f"{what}one click unsubscribes"):
            wait_for("the email", lambda: len(stack.raw_mails(reader)) == 2)
            link = message_from_string(stack.raw_mails(reader)[1])["List-Unsubscribe"].strip("<>")
            assert _post(_path_of(link), b"List-Unsubscribe=One-Click", FORM).status == 200
            assert _states(stack, reader) == ["unsubscribed"]
        with self._check(f"{what}the owner signs in at the desk, and files a message as spam"):
            (mail,) = wait_for("the email", lambda: stack.mails("Été à Œuf-en-Ternois"))
            (page,) = re.findall(r"http\S+(/desk/messages/[0-9a-f]{32})", mail)
            assert _desk("GET", page).headers["location"].startswith(f"{HERE}/desk/sign-in?")
            asked = _desk("POST", "/desk/sign-in", {"address": "owner@example.org"})
            cookies = _cookies(asked)
            request = cookies["guichet-desk-sign-in"].partition(".")[0]
            (mail,) = wait_for("the email", lambda: stack.mails(request))
            (code,) = re.findall(r"\b[A-Z0-9]{4}-[A-Z0-9]{4}\b", mail)
            cookies |= _cookies(_desk("POST", "/desk/sign-in/code", {"code": code}, cookies))
            shown = _desk("GET", page, cookies=cookies)
            assert "Été à Œuf-en-Ternois" in shown.text
            token = re.findall(r'name="token" value="([^"]+)"', shown.text)[0]
            assert _desk("POST", f"{page}/spam", {"token": "x" * 43}, cookies).status == 403
            assert _desk("POST", f"{page}/spam", {"token": token}, cookies).status == 303
            assert [item["spam"] for item in stack.messages("Été à Œuf-en-Ternois")] == ["owner"]


def _compile(resources: Mapping[str, Any], commands: Commands) -> None:
    """Compile what the functions import. Each container would do so anew, as it cannot write to the build."""
    functions = [told["Properties"] for told in resources.values() if "Handler" in told["Properties"]]
    modules = ", ".join(told["Handler"].rpartition(".")[0] for told in functions)
    (runtime,) = {told["Runtime"] for told in functions}
    builds = list((ROOT / ".aws-sam" / "local" / "build").glob("*/"))
    assert builds
    for built in builds:
        commands.run(f"cd {shlex.quote(str(built))} && {runtime} -c 'import {modules}'")


def _states(stack: LocalStack, address: str) -> list[str]:
    return [item["state"] for item in stack.items("subscriber") if item.get("email") == address]


# --- requests like a browser's
# --------------------------------------------------------------------------------------------


def _post(path: str, body: bytes, content_type: str) -> Answer:
    return ask(START_API, "POST", path, body, {"Content-Type": content_type, "Origin": SITE})


def _post_form(path: str, fields: Mapping[str, str]) -> Answer:
    return _post(path, urlencode(fields).encode(), FORM)


def _desk(
    method: str, path: str, fields: Mapping[str, str] | None = None, cookies: Mapping[str, str] | None = None
) -> Answer:
    """Open a page of the desk, or post to one from a page of it."""
    given = {"Cookie": "; ".join(f"{name}={value}" for name, value in (cookies or {}).items())}
    posted = {"Content-Type": FORM, "Origin": HERE} if fields is not None else {}
    body = urlencode(fields).encode() if fields is not None else None
    return ask(START_API, method, path, body, {**given, **posted} if cookies else posted)


def _cookies(answer: Answer) -> dict[str, str]:
    """Return the cookies that a response sets."""
    pairs = (cookie.partition(";")[0].partition("=") for cookie in answer.cookies)
    return {name: value for name, _, value in pairs}


def _multipart(fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a form as `FormData` is posted, and its media type."""
    parts = [
        f'--limit\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    return f"{''.join(parts)}--limit--\r\n".encode(), "multipart/form-data; boundary=limit"


def _redirects_to_thanks(answer: Answer) -> None:
    assert answer.status == 303, answer.text
    assert answer.headers["location"].startswith(f"{HERE}/thanks?")


def _path_of(link: str) -> str:
    """Return a link's path and query: it leads to the stack, and start-api serves the same path."""
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"


def _press(path: str, mail: str) -> None:
    """Open the page that a mail links to, by the link's path, and press its button."""
    link = next(word for word in re.split(r"[\s<>]+", mail) if f"{path}?" in word)
    page = ask(START_API, "GET", _path_of(link))
    assert page.status == 200, page.text
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', page.text)
    assert unescape(action).startswith(f"{HERE}/")
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text))
    # A page with the policy `no-referrer` sends this origin.
    headers = {"Content-Type": FORM, "Origin": "null"}
    body = urlencode({name: unescape(value) for name, value in fields.items()}).encode()
    answer = ask(START_API, "POST", unescape(action).removeprefix(HERE), body, headers)
    assert answer.status == 200, answer.text


def _wait(what: str, read: Callable[[], str], word: str) -> None:
    """Wait until a command has printed a word."""
    deadline = time.monotonic() + _PATIENCE
    while word not in read():
        assert time.monotonic() < deadline, f"waited {_PATIENCE} s for {what}, which said:\n{read()}"
        time.sleep(0.1)
