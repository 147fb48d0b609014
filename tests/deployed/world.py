"""A deployed stack, its site and its mail: what the checks inspect, and what they do to it."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache, cached_property
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from tests.deployed.emulator import GUICHET, ROOT, Deployed, Emulator, wait_for
from tests.deployed.recorder import Mail
from tests.support.server import Handler, Server, serving
from tests.support.stack import PATIENCE, Answer

OWNER, SENDER = "owner@atelier.example", "guichet@atelier.example"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
_SCHEDULED = json.loads((ROOT / "infra" / "events" / "schedule.json").read_text(encoding="utf-8"))
T = TypeVar("T")
_NUMBERS = count(1)


class Site(Server):
    """The static site: one page, on a port of this machine."""

    def __init__(self) -> None:
        super().__init__(_Page)
        self.page = ""

    @property
    def origin(self) -> str:
        """Its origin, as a browser sends it."""
        return f"http://{self.address}"


class _Page(Handler):
    server: Site

    def answer(self) -> None:
        self.reply(200, {"Content-Type": "text/html; charset=utf-8"}, self.server.page.encode())


@contextmanager
def site() -> Iterator[Site]:
    """Serve the site for the duration of the block."""
    with serving(Site(), poll_interval=0.5) as running:
        yield running


def parameters_for(site: Site) -> dict[str, str]:
    """Return the parameters of a stack for a site: those without a default, and those that many posts in a row need."""
    return {
        "OwnerEmail": OWNER,
        "FromEmail": SENDER,
        "SiteName": "L'atelier d'Anne",
        "SiteUrl": f"{site.origin}/blog/",
        "SigningSecret": "a secret for this run, 32 characters long",
        "CallerHourlyCap": "1000",
        # A network gets a tenth of it, and all checks come from one.
        "StrangerMailPerDay": "9000",
        "WeeklyDigest": "on",
    }


@dataclass(frozen=True)
class Email:
    """An email as its reader sees it."""

    mail: Mail
    message: EmailMessage

    @cached_property
    def text(self) -> str:
        """The text part."""
        return _content(self.message, "plain")

    @cached_property
    def html(self) -> str:
        """The HTML part."""
        return _content(self.message, "html")

    def link(self, path: str) -> str:
        """Return the one link of the text part that leads to a path of the API."""
        urls: list[str] = re.findall(r"https?://\S+", self.text)
        (found,) = [url for url in urls if urlsplit(url).path == path]
        return found


@cache
def _read(mail: Mail) -> Email:
    """Return an email as read. The checks look through all of them while they wait for one."""
    return Email(mail, message_from_bytes(mail.raw, _class=EmailMessage, policy=policy.default))


def _content(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


class Button(HTMLParser):
    """The one button of a page: where its form leads, and the hidden fields that go with it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)
        self.close()
        assert self.action, page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Process a tag."""
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            assert told["method"] == "post"
            self.action = told["action"]
        elif tag == "input":
            self.fields[told["name"]] = told["value"]


class Said:
    """An operator's command's output."""

    def __init__(self, done: "subprocess.CompletedProcess[str]") -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class World:
    """A deployed stack, and what can be done to it from outside.

    `at_once`: without waiting. Instead of the stream and SNS, the checks themselves call the notifier, Issues and
    Feedback, so that anything missing is detected at once.
    """

    def __init__(self, stack: Deployed, site: Site, template: Path, *, at_once: bool = False) -> None:
        self.stack = stack
        self.site = site
        self.template = template
        self.at_once = at_once

    @property
    def run(self) -> Emulator:
        """The emulator."""
        return self.stack.run

    def of(self, stack: Deployed) -> "World":
        """Return the world of another stack, of the same site and template."""
        return World(stack, self.site, self.template, at_once=self.at_once)

    @property
    def parameters(self) -> dict[str, str]:
        """The parameters of a first deploy."""
        return parameters_for(self.site)

    # --- names and texts, none twice ---------------------------------------------------------------------------------

    def somebody(self) -> str:
        """Return an unused address."""
        return f"somebody{next(_NUMBERS)}@example.org"

    def words(self) -> str:
        """Return a unique message."""
        return f"Bonjour à l'atelier, c'est la lettre {next(_NUMBERS)}."

    # --- HTTP --------------------------------------------------------------------------------------------------------

    def post(self, path: str, fields: Mapping[str, str], **headers: str) -> Answer:
        """Post a form as a page of the site does, without a script. In a header's name, `_` stands for `-`."""
        given = {"Content-Type": FORM, "Origin": self.site.origin, "Accept": "text/html"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.stack.ask("POST", path, urlencode(fields).encode(), given)

    def write(self, **fields: str) -> tuple[str, str]:
        """Send a contact message, and return its address and its text."""
        address, words = self.somebody(), self.words()
        answer = self.post("/contact", {"email": address, "message": words, **fields})
        assert answer.status == 303, answer
        return address, words

    def visit(self, url: str) -> Answer:
        """Open a link of an email."""
        parts = urlsplit(url)
        assert parts.netloc == self.stack.host, url
        return self.stack.ask("GET", f"{parts.path}?{parts.query}")

    def press(self, page: str) -> Answer:
        """Press the button of a page."""
        button = Button(page)
        path = urlsplit(button.action).path
        return self.stack.ask("POST", path, urlencode(button.fields).encode(), {"Content-Type": FORM})

    # --- mail --------------------------------------------------------------------------------------------------------

    def sweep(self, function: str = "Notifier") -> dict[str, Any]:
        """Call a function as the schedule does."""
        return dict(self.stack.invoke(function, _SCHEDULED))

    def mails(self, to: str, containing: str) -> list[Email]:
        """Return the emails to an address whose text holds something."""
        read = (_read(mail) for mail in self.run.recorder.mails if to in mail.to)
        return [email for email in read if containing in email.text]

    def mail(self, to: str, containing: str) -> Email:
        """Return the one email to an address whose text holds something, as soon as it is there."""
        self.settle()
        self.wait(f"mail to {to}", lambda: self.mails(to, containing))
        (email,) = self.mails(to, containing)
        return email

    def settle(self) -> None:
        """Send queued mail, if the stream does not do it."""
        if self.at_once:
            self.sweep()

    # --- the newsletter ----------------------------------------------------------------------------------------------

    def sign_up(self, address: str, **fields: str) -> Email:
        """Sign an address up, and return the email that asks it to confirm."""
        answer = self.post("/newsletter", {"email": address, **fields})
        assert answer.status == 303, answer
        return self.mail(address, "/newsletter/confirm")

    def subscribe(self) -> tuple[str, Email]:
        """Sign a new address up and confirm it; return the address and its welcome."""
        address = self.somebody()
        page = self.visit(self.sign_up(address).link("/newsletter/confirm"))
        assert self.press(page.text).status == 200
        return address, self.mail(address, "/newsletter/unsubscribe")

    # --- the table ---------------------------------------------------------------------------------------------------

    def items(self, kind: str, **values: str) -> list[dict[str, Any]]:
        """Return the items of a kind that contain some texts, with attributes as Python values."""
        plain = [{name: _plain(value) for name, value in item.items()} for item in self.stack.items(kind)]
        return [item for item in plain if values.items() <= item.items()]

    # --- the operator ------------------------------------------------------------------------------------------------

    def guichet(self, *arguments: str, code: int = 0, anew: bool = False) -> Said:
        """Run an operator's command on this stack, by its name, and check its exit code.

        It runs in a process of its own: a fork of one that has imported it or, `anew`, as a person starts it.
        """
        program = GUICHET if anew else self.run.guichet
        done = subprocess.run(
            [*program, *arguments, "--stack", self.stack.name, "--json"],
            check=False,
            cwd=self.run.folder,
            env=self.run.operators_environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE,
        )
        assert done.returncode == code, (arguments, done)
        return Said(done)

    # --- time --------------------------------------------------------------------------------------------------------

    def wait(self, what: str, check: Callable[[], T]) -> T:
        """Return a check's result as soon as it is true. Raises AssertionError after a time."""
        return wait_for(what, check, 0 if self.at_once else PATIENCE)


def _plain(value: Mapping[str, Any]) -> Any:
    ((kind, told),) = value.items()
    match kind:
        case "M":
            return {name: _plain(part) for name, part in told.items()}
        case "L":
            return [_plain(part) for part in told]
        case _:
            return told
