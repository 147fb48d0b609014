"""A visitor of the demo site, in a window of their own."""

from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.support.stack import LocalStack

# In milliseconds. Only failures take this long.
PATIENCE = 30_000


class Visitor:
    """A visitor in a window of their own: the window's requests and errors."""

    def __init__(self, context: BrowserContext, stack: LocalStack, reader: Page | None) -> None:
        context.set_default_timeout(PATIENCE)
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
        """Return how often the window made a certain request to the API."""
        return self.requests.count(f"{method} http://127.0.0.1:{self.stack.port}{path}")

    def strangers(self) -> list[str]:
        """Return the requests to anything other than the site and its API."""
        ours = {f"127.0.0.1:{self.stack.port}", f"127.0.0.1:{self.stack.site_port}"}
        places = [urlsplit(request.split(" ", 1)[1]) for request in self.requests]
        return [
            place.geturl() for place in places if place.scheme not in ("data", "about") and place.netloc not in ours
        ]

    def violations(self) -> list[str]:
        """Return axe's findings on the current page.

        axe is a script. Pages tested without scripts contain their style, so a copy is as good.
        """
        page = self.page
        if page is not self._reader:
            self._reader.set_content(page.content())
            page = self._reader
        found = Axe().run(page).response["violations"]
        return [
            f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]
        ]
