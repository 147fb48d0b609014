"""A real browser, and a visitor of the demo site in it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.stack import LocalStack, local_stack, missing

_ARGUMENTS = [
    "--no-sandbox",
    # Chromium's own requests are none of the page's.
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # A page that a test alters on its way counts as none of this machine's, which may ask nothing of it.
    "--disable-features=LocalNetworkAccessChecks",
]
# In milliseconds. Nothing waits so long unless it fails.
_PATIENCE = 30_000
expect.set_options(timeout=_PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return Chromium: the system's, or Playwright's own."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
        if found is None and not Path(playwright.chromium.executable_path).exists():
            missing("Chromium")
        chromium = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that no test overruns."""
    del browser
    given = "CallerHourlyCap=1000000 RequestsPerSecond=1000000 StrangerMailPerDay=1000000"
    with local_stack(tmp_path_factory.mktemp("browser"), PARAMETERS=given) as running:
        running.wait_until_ready()
        yield running


class Visitor:
    """A visitor in a window of their own: what the window asked for, and what it complained about."""

    def __init__(self, context: BrowserContext, stack: LocalStack, reader: Page | None) -> None:
        context.set_default_timeout(_PATIENCE)
        self.stack = stack
        self.context = context
        self.page: Page = context.new_page()
        self._reader = reader or self.page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context.on("request", lambda request: self.requests.append(f"{request.method} {request.url}"))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self.complaints.append(f"{message.type}: {message.text}"))

    def open(self, path: str) -> Page:
        """Open a page of the demo site."""
        self.page.goto(f"http://127.0.0.1:{self.stack.site_port}{path}")
        return self.page

    def asked(self, method: str, path: str) -> int:
        """Return how often the window asked the API for something."""
        return self.requests.count(f"{method} http://127.0.0.1:{self.stack.port}{path}")

    def strangers(self) -> list[str]:
        """Return the requests that went anywhere but to the site and its API."""
        ours = {f"127.0.0.1:{self.stack.port}", f"127.0.0.1:{self.stack.site_port}"}
        places = [urlsplit(request.split(" ", 1)[1]) for request in self.requests]
        return [
            place.geturl() for place in places if place.scheme not in ("data", "about") and place.netloc not in ours
        ]

    def violations(self) -> list[str]:
        """Return what axe finds wrong with the page as it stands.

        It is a script. The pages that are looked at without scripts have their style in them, so a copy is as good.
        """
        page = self.page
        if page is not self._reader:
            self._reader.set_content(page.content())
            page = self._reader
        found = Axe().run(page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]
        ]


@pytest.fixture
def visit(browser: Browser, stack: LocalStack) -> Iterator[Callable[..., Visitor]]:
    """Return a maker of visitors. At the end none of them has met a third party or broken a page's policy."""
    made: list[Visitor] = []

    def make(of: LocalStack = stack, *, javascript: bool = True, **options: Any) -> Visitor:
        context = browser.new_context(java_script_enabled=javascript, **options)
        made.append(Visitor(context, of, None if javascript else browser.new_page(**options)))
        return made[-1]

    yield make
    for context in browser.contexts:
        context.close()
    for visitor in made:
        assert visitor.strangers() == []
        assert [line for line in visitor.complaints if "Content Security Policy" in line] == []
