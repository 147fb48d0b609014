"""What is wrong with an issue before it is sent: its links, its images, its size, and the languages of the list."""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import urllib3

from guichet.locales import Language
from guichet.newsletter.check import Address, Finding, addresses, findings, shown
from guichet.newsletter.editions import Severity
from guichet.settings import MailSettings
from infra.operate.issue_files import File, IssueFiles, Problem
from infra.operate.output import counted

# In seconds, for each attempt to connect and each wait for a response.
_TIMEOUT = 5.0
_AT_ONCE = 16
_REDIRECTS = 5
# RFC 9110. The last ones are how some servers answer an unsupported HEAD, or a program that they reject.
_ERROR, _NOT_FOUND, _GONE = 400, 404, 410

# Failures before a response: whether it means that the address is dead, and the reason in words.
_FAILURES = (
    (
        urllib3.exceptions.NameResolutionError,
        True,
        "there is no such host, or this machine is offline (--offline leaves this check out)",
    ),
    (urllib3.exceptions.SSLError, True, "its certificate is not valid"),
    (urllib3.exceptions.ResponseError, True, "it redirects endlessly"),
    (urllib3.exceptions.NewConnectionError, True, "nothing answers there"),
    (urllib3.exceptions.TimeoutError, False, f"no answer within {_TIMEOUT:g} seconds"),
    (urllib3.exceptions.LocationValueError, True, "it redirects to an invalid address"),
)

Answer = tuple[Literal["dead", "unknown"], str]


def check(
    issue: IssueFiles, settings: MailSettings, *, readers: Mapping[Language, int] | None = None, offline: bool = False
) -> list[Problem]:
    """Return what is wrong with an issue: errors, which keep it from being sent, and warnings.

    `readers` are the confirmed subscribers by language, if known. Offline, no link is checked.
    """
    found = list(issue.warnings)
    found += [_in_words(finding, issue) for finding in findings(issue.id, issue.editions, settings, readers)]
    if not offline:
        found += _dead_links(issue)
    order = {file.name: number for number, file in enumerate(issue.files.values())}
    return sorted(found, key=lambda one: (order.get(one.file, len(order)), one.line or 0))


# --- what is written --------------------------------------------------------------------------------------------------

# What is wrong and what to do, by the code of a finding.
_HTTPS = "write https://, if the site has it"
_WHOLE = "write the full address, with https://"
_WORDS: dict[str, tuple[str, str]] = {
    "not_a_link": (
        "has {what}, which is not a link and arrives as text",
        (
            "write the address in <…> if it has spaces, define a name as [name]: https://…, or write \\[ for a [ that "
            "is text"
        ),
    ),
    "link_empty": ("has a link without an address", "put it between the parentheses"),
    "link_relative": ("has the relative link {what}, which leads nowhere in an email", _WHOLE),
    "link_address": ("has the link {what}, which is not an address", "write mailto:me@example.org"),
    "link_scheme": (
        "has the link {what}: only https, http and mailto are links in an issue",
        "write it as text, or link to a page on the site",
    ),
    "link_broken": ("has the broken link {what}", _WHOLE),
    "link_http": ("has a link over http: {what}", _HTTPS),
    "image_words": (
        "has the image {what} without alternative text, which many readers see instead",
        "describe it: ![A garden in spring]({whole})",
    ),
    "image_http": ("has an image over http: {what}, which is not shown, but arrives as a link", "write https://"),
    "image_elsewhere": (
        "has the image {what}, which is not shown: an email can only show images from the web",
        "put it on the site, and write its full address, with https://",
    ),
    "image_third_party": (
        "has the image {what} from another site: {host} learns when and where each copy is opened",
        "put it on your own site",
    ),
    "at_home": (
        "has {what}, which nobody can open outside your machine or network",
        "write the address of the site",
    ),
    "html": (
        "has the HTML {what}, which arrives as text",
        "write it in Markdown; or, to show it as text, between backticks",
    ),
    "url_http": ("has a url over http", _HTTPS),
    "size": (
        "is an email of {size} KB of HTML, and Gmail cuts it off at {limit}",
        "shorten it, or link to the rest on the site: the unsubscribe link is at the end",
    ),
    "language_missing": (
        "is an issue without {missing}, and {count:,} of {readers} asked for that: they get {other}",
        "write {id}.{missing}.md, and give both files",
    ),
}
_WORDS["size_nearly"] = _WORDS["size"]


def _in_words(finding: Finding, issue: IssueFiles) -> Problem:
    """Return a finding as a problem of a file."""
    file = issue.files[finding.language] if finding.language else next(iter(issue.files.values()))
    line = None if finding.line is None else file.line_of(finding.line)
    values = {**finding.values, "id": issue.id, "readers": counted(finding.values.get("all", 0), "reader")}
    # An image may lack an address as well.
    values["whole"] = values.get("whole") or "…"
    message, remedy = (text.format_map(values) for text in _WORDS[finding.code])
    return _problem(file, line, message, remedy, finding.severity)


def _problem(file: File, line: int | None, message: str, remedy: str, severity: Severity = "error") -> Problem:
    return Problem(severity, file.name, line, message, remedy)


# --- what answers -----------------------------------------------------------------------------------------------------


def _addresses(file: File) -> Iterator[tuple[Address, int]]:
    """Yield the URLs in a file that can be checked, each with its line."""
    for address in addresses(file.edition):
        yield address, file.line_of(address.line)
    if file.edition.url:
        yield Address(file.edition.url, 0), 1


def _dead_links(issue: IssueFiles) -> Iterator[Problem]:
    found = [(file, *address) for file in issue.files.values() for address in _addresses(file)]
    answers = ask(dict.fromkeys(address.url for _, address, _ in found))
    told: set[tuple[str, str]] = set()
    for file, address, line in found:
        answer = answers[address.url]
        if answer is None or (file.name, address.url) in told:
            continue
        told.add((file.name, address.url))
        what = "image" if address.is_image else "link"
        if answer[0] == "dead":
            message = f"has the dead {what} {shown(address.url)}: {answer[1]}"
            yield _problem(file, line, message, "update its address, or leave it out")
        else:
            message = f"has the {what} {shown(address.url)}, which may or may not work: {answer[1]}"
            yield _problem(file, line, message, "open it in a browser", "warning")


def ask(urls: Iterable[str]) -> dict[str, Answer | None]:
    """Check URLs, several at once. Return for each None if it answers, or what is wrong with it."""
    retries = urllib3.Retry(total=None, connect=0, read=0, redirect=_REDIRECTS, status=0, other=0)
    headers = {"User-Agent": "guichet-check", "Accept": "*/*"}
    web = urllib3.PoolManager(timeout=urllib3.Timeout(_TIMEOUT), retries=retries, headers=headers, maxsize=_AT_ONCE)
    chosen = list(urls)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(chosen, pool.map(lambda url: _ask(web, url), chosen), strict=True))


def _ask(web: urllib3.PoolManager, url: str) -> Answer | None:
    """Request a page without its content: by HEAD, and by GET if that does not work."""
    status: int | None = None
    reason = ""
    for method in ("HEAD", "GET"):
        try:
            response = web.request(method, url, preload_content=False)
        except urllib3.exceptions.HTTPError as error:
            dead, reason = _failure(error)
            if dead:
                return "dead", reason
            status = None
        except ValueError:
            # Cases that neither of the two libraries below handles.
            return "dead", "it is not an address"
        else:
            status = response.status
            # The content is not read, so the connection cannot be reused.
            response.drain_conn() if method == "HEAD" else response.close()
            if status < _ERROR:
                return None
    if status in (_NOT_FOUND, _GONE):
        return "dead", f"it answers {status}"
    return "unknown", f"it answers {status} to this command" if status else reason


def _failure(error: urllib3.exceptions.HTTPError) -> tuple[bool, str]:
    """Return whether an error means that the address is dead, and the reason in words."""
    cause: BaseException = error
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        cause = error.reason
    for kind, dead, reason in _FAILURES:
        if isinstance(cause, kind):
            return dead, reason
    return False, "the connection broke off"
