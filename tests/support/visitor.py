"""A visitor of the demo site, in a separate window."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

from guichet.accent import READABLE, contrast
from tests.support.stack import LocalStack

# In milliseconds. Only failures take this long.
PATIENCE = 30_000
# An init script for a page: timeouts of its requests are a hundred times shorter.
SOONER = """
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (milliseconds) => timeout(milliseconds / 100);
"""
# The only axe rules that depend on colours. A dark page differs from a light one in nothing else.
OF_COLOURS = ("color-contrast", "link-in-text-block")
# Not `Axe().run(page)`: it also returns every passed check, which takes longer than the checks themselves.
_RUN = """async ([only, but]) => {
  const rules = Object.fromEntries(but.map((rule) => [rule, { enabled: false }]));
  const options = { resultTypes: ["violations"], rules };
  const found = await axe.run(only.length ? { ...options, runOnly: only } : options);
  return found.violations;
}"""
# The colours of each visible text, including labels from the style sheet, and of its background.
_PAIRS = """() => {
  const written = (color) => color.replace(/^rgb\\((.*)\\)$/, (_, channels) =>
    `#${channels.split(", ").map((one) => (+one).toString(16).padStart(2, "0")).join("")}`);
  const behind = (one) => {
    const { backgroundColor } = getComputedStyle(one);
    return backgroundColor === "rgba(0, 0, 0, 0)" && one.parentElement ? behind(one.parentElement) : backgroundColor;
  };
  const hasText = (one) =>
    typeof one.value === "string" || [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const found = {};
  for (const one of document.body.querySelectorAll("*")) {
    if (!one.checkVisibility({ visibilityProperty: true })) continue;
    for (const part of [...(hasText(one) ? [null] : []), "::before", "::after"]) {
      const { color, content } = getComputedStyle(one, part);
      if (content !== "none") found[[written(color), written(behind(one))]] ??= one.outerHTML.slice(0, 200);
    }
  }
  return Object.entries(found).map(([pair, html]) => [...pair.split(","), html]);
}"""
# What a copy of a page leaves out: scripts, which have run, and a CSP, which would apply to later copies as well.
_NOT_COPIED = re.compile(r'<script>.*?</script>|<meta http-equiv="Content-Security-Policy"[^>]*>', re.DOTALL)


def violations_in(page: Page, only: Collection[str] = (), but: Collection[str] = ()) -> list[str]:
    """Return axe's findings on a page, of all its rules, only of some, or of all but some."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate(_RUN, [list(only), list(but)])
    return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def faint_texts(page: Page) -> list[str]:
    """Return the texts of a page that do not stand out from their background (WCAG 2.2, 1.4.3).

    Much faster than axe, so it can look at every width and colour scheme, and at labels from the style sheet as well.
    """
    return [
        f"{ink} on {paper}: {html}" for ink, paper, html in page.evaluate(_PAIRS) if contrast(ink, paper) < READABLE
    ]


class Visitor:
    """A visitor in a separate window: the window's requests and errors."""

    def __init__(self, context: BrowserContext, stack: LocalStack, reader: Page, *, javascript: bool) -> None:
        context.set_default_timeout(PATIENCE)
        self.stack = stack
        self.context = context
        self.page: Page = context.new_page()
        self._reader = reader
        self._javascript = javascript
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

    def violations(self, only: Collection[str] = (), but: Collection[str] = ()) -> list[str]:
        """Return axe's findings on the current page, of all its rules, only of some, or of all but some.

        The app's pages contain their style, so a copy is as good, as it is of a page without scripts: axe is one. All
        copies are checked in one page, since loading axe takes longer than its checks.
        """
        api = f"http://127.0.0.1:{self.stack.port}/"
        if self._javascript and not self.page.url.startswith(api):
            return violations_in(self.page, only, but)
        dark = self.page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
        self._reader.emulate_media(color_scheme="dark" if dark else "light")
        size = self.page.viewport_size
        assert size
        self._reader.set_viewport_size(size)
        self._reader.set_content(_NOT_COPIED.sub("", self.page.content()))
        return violations_in(self._reader, only, but)
