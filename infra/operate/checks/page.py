"""Checks that the site's forms reach the API: the page, its forms, and CORS."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from difflib import get_close_matches
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import urllib3

from guichet.definitions.lookup import names
from guichet.settings import origin_of
from infra.operate.inspection import Finding, Inspection, Page

# RFC 9110: success, and where client and server errors begin.
_OK, _ERROR = 200, 400
# A site may answer these to programs, while visitors see the page.
_NOT_FOR_PROGRAMS = (401, 403, 429)
# Where the API accepts forms, besides the site's own forms.
_FORMS = ("/contact", "/newsletter", "/f/contact", "/f/newsletter")


def page(inspection: Inspection) -> Iterator[Finding]:
    """Check that the API accepts forms from the origin of the site's page."""
    address, status = inspection.page.address, inspection.page.status
    origin = origin_of(address)
    if status in _NOT_FOR_PROGRAMS:
        message = f"{address} answers {status} to this command, but perhaps not to a browser"
        yield Finding("page", "unknown", message, "open it in a browser")
    elif status >= _ERROR:
        yield Finding("page", "wrong", f"{address} answers {status}", "fix the site, or deploy with its SiteUrl")
    elif origin not in inspection.origins:
        message = f"{inspection.site_url} leads to {origin}, whose forms are refused"
        site_url = urlsplit(address)._replace(query="", fragment="").geturl()
        yield Finding(
            "page", "wrong", message, f"deploy with SiteUrl={site_url}, or with {_allowing(inspection, origin)}"
        )
    else:
        yield Finding("page", "ok", f"{address} may post forms")


def _allowing(inspection: Inspection, origin: str) -> str:
    # A parameter is replaced as a whole, so repeat what it already allows.
    further = inspection.origins - {origin_of(inspection.site_url)} | {origin}
    return f"AllowedOrigins={','.join(sorted(further))}"


def logo(inspection: Inspection) -> Iterator[Finding]:
    """Check that the logo is an image on the site's own origin: pages and emails show no other."""
    url, origin = inspection.logo_url, origin_of(inspection.site_url)
    if not url:
        return
    if origin_of(url) != origin:
        message = f"{url} is not on {origin}, so pages and emails do not show it"
        remedy = f"put the logo on the site, and deploy with LogoUrl={origin}{urlsplit(url).path}"
        yield Finding("logo", "wrong", message, remedy)
        return
    # A page that redirects to another origin keeps its logo from showing (CSP).
    response = inspection.http.request("GET", url, redirect=False)
    media_type = response.headers.get("Content-Type", "")
    if response.status != _OK or not media_type.startswith("image/"):
        message = f"{url} answers {response.status} {media_type}".rstrip() + ", not an image"
        yield Finding("logo", "wrong", message, "put the logo there, or deploy with another LogoUrl")
    elif media_type.startswith("image/svg"):
        message = f"{url} is an SVG: pages show it, and most mail programs do not"
        yield Finding("logo", "warning", message, "deploy with the LogoUrl of a PNG")
    else:
        yield Finding("logo", "ok", f"{url} is an image on the site")


class _Forms(HTMLParser):
    """The forms of a page: the action URL and method of each."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._base = page.address
        self.feed(page.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Process a tag."""
        values = {name: (value or "").strip() for name, value in attrs}
        # An invalid URL goes nowhere.
        with suppress(ValueError):
            if tag == "base":
                self._base = urljoin(self._base, values.get("href", ""))
            elif tag == "form":
                url = urljoin(self._base, values.get("action", ""))
                _host(url)
                self.found.append((url, values.get("method", "").lower() or "get"))


def form(inspection: Inspection) -> Iterator[Finding]:
    """Check that the page's forms meant for Guichet post to a route that accepts them.

    A page without such a form is fine as well: the form may be on another page, or a script may post it.
    """
    if inspection.page.status >= _ERROR:
        # The page check has already reported it.
        return
    address, apis = inspection.page.address, [origin_of(inspection.stack.settings.api_url)]
    if "Api" in inspection.stack.resources:
        # With a custom domain, the API keeps its AWS address as well.
        apis.append(f"https://{inspection.resource('Api')}.execute-api.{inspection.region}.amazonaws.com")
    meant = [(url, method) for url, method in _Forms(inspection.page).found if _is_meant(url, apis, address)]
    problems = [finding for url, method in meant if (finding := _problem(url, method, apis, address))]
    if problems:
        yield from problems
    elif meant:
        yield Finding("form", "ok", f"forms on {address} that post to the API: {len(meant)}")
    elif any(_host(api) in inspection.page.text for api in apis):
        yield Finding("form", "ok", f"{address} mentions the API: a script may post to it")
    else:
        message = f"no form on {address} posts to the API; another page may. The output FormSnippet has forms to paste"
        yield Finding("form", "ok", message)


def _accepted() -> Collection[str]:
    """Return the paths where the API accepts forms. Raises FormsFileError."""
    return (*_FORMS, *(f"/f/{name}" for name in names()))


def _is_meant(url: str, apis: Sequence[str], page: str) -> bool:
    """Return whether a form is meant for Guichet: for this stack's API, or for what looks like another stack's."""
    host = _host(url)
    is_form_route = urlsplit(url).path in _accepted()
    # If site and API share a host, other forms are the site's own.
    if is_form_route and ".execute-api." in host:
        return True
    return host in map(_host, apis) and (is_form_route or host != _host(page))


def _problem(url: str, method: str, apis: Sequence[str], page: str) -> Finding | None:
    """Return the problem of a form that is meant for Guichet, or None."""
    path = urlsplit(url).path
    accepted = _accepted()
    # The form that is most likely meant.
    close = get_close_matches(path.lower().rstrip("/"), accepted, 1) or ["/contact"]
    remedy = f'use action="{apis[0]}{path if path in accepted else close[0]}"'
    if _host(url) not in map(_host, apis):
        message = f"a form on {page} posts to {url}, which is not this stack's API"
        return Finding("form", "warning", message, f"if that is an old stack, {remedy}")
    if origin_of(url) not in apis or path not in accepted:
        return Finding("form", "wrong", f"a form on {page} posts to {url}, where the API accepts no forms", remedy)
    if method != "post":
        message = f"a form on {page} sends to {url}, but not by POST: without JavaScript, the message is lost"
        return Finding("form", "warning", message, 'add method="post" to it')
    return None


def _host(url: str) -> str:
    return origin_of(url).partition("//")[2]


def cors(inspection: Inspection) -> Iterator[Finding]:
    """Check that the API lets scripts on the site's page post (Fetch Standard, CORS-preflight fetch)."""
    endpoint = inspection.stack.settings.api_url
    try:
        origin = origin_of(inspection.page.address)
    except urllib3.exceptions.HTTPError:
        origin = origin_of(inspection.site_url)
    preflight = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    # A browser does not follow redirects of a preflight.
    response = inspection.http.request("OPTIONS", f"{endpoint}/contact", headers=preflight, redirect=False)
    headers = {name.lower(): value.lower() for name, value in response.headers.items()}
    if headers.get("access-control-allow-origin") not in (origin, "*"):
        remedy = (
            f"check that {endpoint} is this stack's API: the stack allows {origin}"
            if origin in inspection.origins
            else f"deploy with {_allowing(inspection, origin)}"
        )
        yield Finding("CORS", "wrong", f"{endpoint} does not let scripts on {origin} post", remedy)
    elif "post" not in headers.get("access-control-allow-methods", "") or "content-type" not in headers.get(
        "access-control-allow-headers", ""
    ):
        yield Finding("CORS", "wrong", "the API allows the origin, but not posting JSON", "make deploy")
    else:
        yield Finding("CORS", "ok", f"{endpoint} lets scripts on {origin} post")
