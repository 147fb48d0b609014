"""A real browser, and a visitor of the demo site in it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.stack import LocalStack, local_stack, missing
from tests.support.visitor import PATIENCE, Visitor

_ARGUMENTS = [
    "--no-sandbox",
    # Chromium's own requests do not count as the page's.
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    # Chromium treats a page that a test modifies in transit as foreign, and lets it request nothing from this machine.
    "--disable-features=LocalNetworkAccessChecks",
]
# The headless shell has the same engine without the browser around it, and takes about a third of its CPU time.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Return Chromium: the system's, or Playwright's own."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, _NAMES)), None)
        if found is None and not Path(playwright.chromium.executable_path).exists():
            missing("Chromium")
        chromium = playwright.chromium.launch(executable_path=found, args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack without effective rate limits."""
    del browser
    given = "CallerHourlyCap=1000000 RequestsPerSecond=9999 StrangerMailPerDay=1000000"
    with local_stack(tmp_path_factory.mktemp("browser"), PARAMETERS=given) as running:
        running.wait_until_ready()
        yield running


@pytest.fixture(scope="package")
def reader(browser: Browser) -> Page:
    """Return a page in which axe checks copies of other pages."""
    return browser.new_page()


@pytest.fixture
def visit(browser: Browser, reader: Page, stack: LocalStack) -> Iterator[Callable[..., Visitor]]:
    """Return a factory of visitors. None of them may contact a third party or violate a page's CSP."""
    made: list[Visitor] = []

    def make(of: LocalStack = stack, *, javascript: bool = True, **options: Any) -> Visitor:
        # The headless shell sends no `Accept-Language` by default.
        options = {"locale": "en-US", **options}
        context = browser.new_context(java_script_enabled=javascript, **options)
        made.append(Visitor(context, of, reader, javascript=javascript))
        return made[-1]

    yield make
    for context in browser.contexts:
        if context is not reader.context:
            context.close()
    for visitor in made:
        assert visitor.strangers() == []
        assert [line for line in visitor.complaints if "Content Security Policy" in line] == []
