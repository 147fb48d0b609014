"""An owner's browser at a deployed stack's desk: it keeps cookies, and posts the forms of its pages."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import ClassVar
from urllib.parse import urlencode, urlsplit

from tests.deployed.world import FORM, OWNER, Email, World
from tests.support.stack import Answer

_CODE = re.compile(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b")


@dataclass
class Form:
    """A form on a page: its target, its fields as filled in, and the labels of its buttons."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Forms(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._in_button = False
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(told.get("action", "")))
        elif tag in {"input", "textarea", "select"} and self.found and told.get("name"):
            if told.get("type") not in {"checkbox", "radio"} or "checked" in told:
                self.found[-1].fields[told["name"]] = told.get("value", "")
        elif tag == "button" and self.found:
            self._in_button = True
            self.found[-1].buttons.append("")

    def handle_data(self, data: str) -> None:
        if self._in_button:
            self.found[-1].buttons[-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "button":
            self._in_button = False


class Desk:
    """A new browser, which nobody has signed in with yet. Its language is English."""

    # The cookies of a browser that has signed in, by the host of the stack: one network gets few codes a day, but to
    # browsers that the owner has signed in with.
    _signed_in: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, world: World, *, known: bool = True) -> None:
        self.world = world
        kept = self._signed_in.get(world.stack.host, {}) if known else {}
        self.cookies = {name: value for name, value in kept.items() if name.endswith("-known")}
        # As last set, with their attributes.
        self.set: dict[str, str] = {}

    @property
    def origin(self) -> str:
        """The origin of its pages, as a browser sends it."""
        return f"https://{self.world.stack.host}"

    def open(self, url: str) -> Answer:
        """Open a page by its path below /desk, or a link to the API; follow where it leads."""
        return self._follow(self._asked("GET", self._path(url)))

    def post(self, url: str, fields: dict[str, str], **headers: str) -> Answer:
        """Post fields, from a page of the desk."""
        given = {"Content-Type": FORM, "Origin": self.origin, **headers}
        return self._asked("POST", self._path(url), urlencode(fields).encode(), given)

    def press(self, page: Answer, button: str, **fields: str) -> Answer:
        """Press a button of a page, with some fields filled in; follow where it leads."""
        (form,) = [form for form in _Forms(page.text).found if button in form.buttons]
        return self._follow(self.post(form.action, {**form.fields, **fields}))

    def sign_in(self, owner: str = OWNER, page: str = "") -> Answer:
        """Ask for a code, type it, and return the page that it leads to."""
        asked = self.press(self.open(page or "messages"), "Send me a code", address=owner)
        assert "Type the code" in asked.text, (asked.status, text_of(asked))
        entered = self.press(asked, "Sign in", code=code_of(self.mail(owner)))
        self._signed_in[self.world.stack.host] = dict(self.cookies)
        return entered

    def signed_in(self, page: str = "messages") -> Answer:
        """Return a page as a signed-in owner, reusing an earlier session if possible."""
        self.cookies = dict(self._signed_in.get(self.world.stack.host, {}))
        shown = self.open(page)
        return self.sign_in(page=page) if "Send me a code" in shown.text else shown

    def mail(self, owner: str = OWNER) -> Email:
        """Return the latest email to sign in."""
        latest = max(self.world.items("sign-in"), key=lambda item: str(item["asked_at"]))
        return self.world.mail(owner, latest["id"])

    def token(self, page: Answer) -> str:
        """Return the token that the forms of a page post."""
        return next(form.fields["token"] for form in _Forms(page.text).found if "token" in form.fields)

    def _path(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.netloc:
            assert parts.netloc == self.world.stack.host, url
            return f"{parts.path}?{parts.query}" if parts.query else parts.path
        return f"/desk/{url}"

    def _follow(self, answer: Answer) -> Answer:
        while answer.status == 303:
            answer = self._asked("GET", self._path(answer.headers["location"]))
        return answer

    def _asked(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        given = {"Accept": "text/html", "Accept-Language": "en", "User-Agent": "Mozilla/5.0 Firefox/140.0"}
        if self.cookies:
            given["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.world.stack.ask(method, path, body, {**given, **(headers or {})})
        for cookie in answer.cookies:
            name, _, rest = cookie.partition("=")
            self.set[name] = cookie
            self.cookies[name] = rest.partition(";")[0]
            if re.search("max-age=0(;|$)", cookie, re.IGNORECASE):
                del self.cookies[name]
        return answer


def text_of(page: Answer) -> str:
    """Return the text of a page, without its style."""
    return re.sub(r"\s+", " ", re.sub(r"<style>.*</style>|<[^>]*>", " ", page.text, flags=re.DOTALL))


def page_of(email: Email) -> str:
    """Return the page of the desk that an email about a message leads to."""
    (link,) = re.findall(r"https?://\S+/desk/messages/[0-9a-f]{32}", email.text)
    return str(link)


def code_of(email: Email) -> str:
    """Return the code of an email to sign in."""
    (code,) = set(_CODE.findall(email.text))
    return str(code)
