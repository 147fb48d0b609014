"""Whether the site's forms reach the API: the page, its forms, and what the API lets its scripts do."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import urllib3

from guichet.settings import origin_of
from infra.operate.inspection import Finding, Inspection, Page

# RFC 9110: client and server errors.
_ERROR = 400
# What a site answers who is not let in, or is no browser. Whoever visits it may see the page.
_NOT_FOR_PROGRAMS = (401, 403, 429)
# Where the API takes forms.
_FORMS = ("/contact", "/newsletter", "/f/contact", "/f/newsletter")


def page(inspection: Inspection) -> Iterator[Finding]:
    """See whether the site's page is where the forms may come from."""
    address, status = inspection.page.address, inspection.page.status
    origin = origin_of(address)
    if status in _NOT_FOR_PROGRAMS:
        says = f"{address} answers {status} to this command, and something else to a browser perhaps"
        yield Finding("page", "unknown", says, "open it in a browser")
    elif status >= _ERROR:
        yield Finding("page", "wrong", f"{address} answers {status}", "mend the site, or deploy with its SiteUrl")
    elif origin not in inspection.origins:
        says = f"{inspection.site_url} leads to {origin}, whose forms are refused"
        there = urlsplit(address)._replace(query="", fragment="").geturl()
        yield Finding("page", "wrong", says, f"deploy with SiteUrl={there}, or with {_allowing(inspection, origin)}")
    else:
        yield Finding("page", "ok", f"{address} may post forms")


def _allowing(inspection: Inspection, origin: str) -> str:
    # A parameter is replaced as a whole: what it allows already is to stay.
    further = inspection.origins - {origin_of(inspection.site_url)} | {origin}
    return f"AllowedOrigins={','.join(sorted(further))}"


class _Forms(HTMLParser):
    """The forms of a page: the address that each goes to, and its method."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._base = page.address
        self.feed(page.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Take in a tag."""
        told = {name: (value or "").strip() for name, value in attrs}
        # What is no address goes nowhere.
        with suppress(ValueError):
            if tag == "base":
                self._base = urljoin(self._base, told.get("href", ""))
            elif tag == "form":
                url = urljoin(self._base, told.get("action", ""))
                _host(url)
                self.found.append((url, told.get("method", "").lower() or "get"))


def form(inspection: Inspection) -> Iterator[Finding]:
    """See whether the forms of the site's page that are meant for Guichet go where it takes them.

    A page without any is well, too: the form may be on another page, or be a script's.
    """
    if inspection.page.status >= _ERROR:
        # The check of the page has told it.
        return
    address, apis = inspection.page.address, [origin_of(inspection.stack.settings.api_url)]
    if "Api" in inspection.stack.resources:
        # With a domain of its own, the API keeps the address that AWS gave it.
        apis.append(f"https://{inspection.resource('Api')}.execute-api.{inspection.region}.amazonaws.com")
    meant = [(url, method) for url, method in _Forms(inspection.page).found if _is_meant(url, apis, address)]
    astray = [finding for url, method in meant if (finding := _astray(url, method, apis, address))]
    if astray:
        yield from astray
    elif meant:
        yield Finding("form", "ok", f"forms of {address} post to the API: {len(meant)}")
    elif any(_host(api) in inspection.page.text for api in apis):
        yield Finding("form", "ok", f"{address} names the API: a script may post to it")
    else:
        says = f"no form of {address} posts to the API; one of another page may. The output FormSnippet is one to paste"
        yield Finding("form", "ok", says)


def _is_meant(url: str, apis: Sequence[str], page: str) -> bool:
    """Return whether a form is meant for an API of Guichet: this stack's, or one that looks like another's."""
    host = _host(url)
    takes = urlsplit(url).path in _FORMS
    # Where site and API share a host, other forms are the site's own.
    return (takes and ".execute-api." in host) or (host in map(_host, apis) and (takes or host != _host(page)))


def _astray(url: str, method: str, apis: Sequence[str], page: str) -> Finding | None:
    """Return what is wrong with a form that is meant for Guichet."""
    path = urlsplit(url).path
    remedy = f'write action="{apis[0]}{path if path in _FORMS else "/contact"}"'
    if _host(url) not in map(_host, apis):
        says = f"a form of {page} goes to {url}, which is not this stack's API"
        return Finding("form", "warning", says, f"if that stack is an old one, {remedy}")
    if origin_of(url) not in apis or path not in _FORMS:
        return Finding("form", "wrong", f"a form of {page} goes to {url}, where the API takes none", remedy)
    if method != "post":
        says = f"a form of {page} goes to {url}, but does not post: without JavaScript, what was written is lost"
        return Finding("form", "warning", says, 'write method="post" beside its action')
    return None


def _host(url: str) -> str:
    return origin_of(url).partition("//")[2]


def cors(inspection: Inspection) -> Iterator[Finding]:
    """See whether the API lets scripts of the site's real page post (Fetch Standard, CORS-preflight fetch)."""
    endpoint = inspection.stack.settings.api_url
    try:
        origin = origin_of(inspection.page.address)
    except urllib3.exceptions.HTTPError:
        origin = origin_of(inspection.site_url)
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    # A browser follows no redirect there.
    response = inspection.http.request("OPTIONS", f"{endpoint}/contact", headers=asked, redirect=False)
    headers = {name.lower(): value.lower() for name, value in response.headers.items()}
    if headers.get("access-control-allow-origin") not in (origin, "*"):
        remedy = (
            f"look whether {endpoint} is this stack's, for the stack allows {origin}"
            if origin in inspection.origins
            else f"deploy with {_allowing(inspection, origin)}"
        )
        yield Finding("CORS", "wrong", f"{endpoint} does not let scripts of {origin} post", remedy)
    elif "post" not in headers.get("access-control-allow-methods", "") or "content-type" not in headers.get(
        "access-control-allow-headers", ""
    ):
        yield Finding("CORS", "wrong", "the API allows the origin, but not to post JSON to it", "make deploy")
    else:
        yield Finding("CORS", "ok", f"{endpoint} lets scripts of {origin} post")
