"""The preview of an issue in Chromium: it follows the typing, only in its frame."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect
from werkzeug.serving import make_server

from guichet.records.issue import Edition
from guichet.records.record import utc_now
from guichet.store import issues
from tests.support import desk as at_desk
from tests.support.app import App
from tests.support.newsletter import SECRET
from tests.support.visitor import PATIENCE

LONG = "\n\n".join(f"Paragraph {number} of a long letter." for number in range(120))


@dataclass
class Window:
    """A window at the desk: its page, its requests, and its errors."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def wait_for(self, text: str) -> None:
        """Wait until the frame of the preview shows a text.

        No script runs in it, not even Playwright's, so the page around it is asked.
        """
        self.page.wait_for_function(
            """text => [...document.querySelectorAll("iframe")]
                .some(one => !one.hidden && one.contentDocument?.body?.innerText.includes(text))""",
            arg=text,
        )

    def of_frame(self, expression: str) -> Any:
        """Return the value of an expression about the window in the frame, which is named `shown` in it."""
        return self.page.evaluate(f"""() => {{
            const shown = document.querySelector("iframe").contentWindow;
            return {expression};
        }}""")

    def previews(self) -> int:
        """Return how often a preview was requested."""
        return sum(request.url.endswith("/desk/issues/_preview") for request in self.requests)


@pytest.fixture
def window(app: App, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Window]]:
    """Return a factory of signed-in windows. None of them may contact a third party or violate its policy."""
    server = make_server("127.0.0.1", 0, app.http.application)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    origin = f"http://127.0.0.1:{server.port}"
    monkeypatch.setattr(at_desk, "ORIGIN", origin)
    contexts: list[BrowserContext] = []
    made: list[Window] = []

    def make(**options: object) -> Window:
        signed_in = at_desk.Browser(app).signed_in()
        context = browser.new_context(base_url=origin, locale="en", **options)  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        value = signed_in.cookies["__Host-guichet-desk"]
        context.add_cookies([{"name": "guichet-desk", "value": value, "url": origin}])
        one = Window(context.new_page())
        context.on("request", lambda request: one.requests.append(request))  # noqa: PLW0108  playwright marks it
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.on("console", lambda message: one.complaints.append(message.text))
        made.append(one)
        return one

    yield make
    for context in contexts:
        context.close()
    server.shutdown()
    thread.join()
    server.server_close()
    for one in made:
        assert one.complaints == []
        assert [request.url for request in one.requests if not request.url.startswith((origin, "about:"))] == []


def test_the_preview_follows_the_typing_and_keeps_its_place(window: Callable[..., Window]) -> None:
    here = window()
    page = here.page
    page.goto("/desk/issues/_new")
    expect(page.get_by_text("It follows what you type.")).to_be_visible()
    before = page.evaluate("history.length")
    english = page.get_by_role("group", name="English")
    english.get_by_label("Subject").fill("Spring")
    english.get_by_label("Text", exact=True).fill(f"# Hello\n\n{LONG}\n\n<script>alert(1)</script>")
    here.wait_for("Hello")
    here.wait_for("<script>alert(1)</script>")
    # It stays where it was scrolled to.
    here.of_frame("shown.scrollTo(0, 1500)")
    asked = here.previews()
    english.get_by_label("Text", exact=True).press("Control+Home")
    page.keyboard.type("Typed at its beginning. ", delay=20)
    here.wait_for("Typed at its beginning. # Hello")
    assert here.of_frame("shown.scrollY") == 1500
    # It waits for the end of the typing.
    assert here.previews() - asked <= 3
    # The other language, and the other part, once chosen.
    french = page.get_by_role("group", name="French")
    french.get_by_label("Subject").fill("Le printemps")
    here.wait_for("Le printemps")
    french.get_by_role("button", name="Text part").click()
    french.get_by_label("Text", exact=True).fill("Bonjour **à tous**")
    here.wait_for("Bonjour **à tous**")
    assert page.locator("iframe").count() == 1
    # Going back does not step through the previews.
    assert page.evaluate("history.length") == before
    assert issues.all_issues("table") == []


def test_what_is_written_already_is_shown_at_once(window: Callable[..., Window]) -> None:
    texts: Mapping[Any, Edition] = {"fr": Edition(subject="Le printemps", markdown="Bonjour **à tous**")}
    assert issues.save("table", "printemps", texts, issues.content_hash(SECRET, texts), utc_now()) is None
    here = window()
    here.page.goto("/desk/issues/printemps/write")
    here.wait_for("Bonjour à tous")
