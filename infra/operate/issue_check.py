"""What is wrong with an issue before it is sent: its links, its images, its size, and the languages of the list."""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from ipaddress import ip_address
from typing import Literal
from urllib.parse import unquote, urlsplit

import urllib3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from guichet.addresses import parse
from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.locales import LANGUAGES, Language
from guichet.mail.series import Series
from guichet.records.issue import Issue
from guichet.records.record import utc_now
from guichet.settings import MailSettings
from infra.operate.issue_files import File, IssueFiles, Problem, Severity, is_web_address
from infra.operate.output import counted

# Gmail cuts a longer HTML part off, with the link to unsubscribe at its end. In bytes.
GMAIL_CUTS_AT = 102 * 1024
_NEARLY = 0.8
# In seconds, for each try to connect and for each wait for an answer.
_TIMEOUT = 5.0
_AT_ONCE = 16
_REDIRECTS = 5
# RFC 9110. With the last, some servers answer a HEAD that they do not know, or a program that they do not like.
_ERROR, _NOT_FOUND, _GONE = 400, 404, 410
# Names that nobody knows outside a network (RFC 6761, RFC 6762, RFC 8375).
_NAMES_AT_HOME = (".localhost", ".local", ".home.arpa", ".internal")
# What was meant as a link, and is text: a space in its address, or no definition of its name.
_NO_LINK = re.compile(r"\[[^\[\]\n]+\](?:\([^()\n]*|\[[^\[\]\n]*\])")
# What stands for code and for escaped characters, in which nothing is meant as markup.
_NOT_MARKUP = "\0"
_LONGEST_SHOWN = 60

# What goes wrong before an answer, whether that means that nobody can reach the address, and why in words.
_FAILURES = (
    (
        urllib3.exceptions.NameResolutionError,
        True,
        "there is no such host, or this machine is offline (--offline leaves this check out)",
    ),
    (urllib3.exceptions.SSLError, True, "its certificate is not valid"),
    (urllib3.exceptions.ResponseError, True, "it leads from one address to the next without an end"),
    (urllib3.exceptions.NewConnectionError, True, "nothing answers there"),
    (urllib3.exceptions.TimeoutError, False, f"no answer within {_TIMEOUT:g} seconds"),
    (urllib3.exceptions.LocationValueError, True, "it leads to what is no address"),
)

Answer = tuple[Literal["dead", "unknown"], str]


def check(
    issue: IssueFiles, settings: MailSettings, *, readers: Mapping[Language, int] | None = None, offline: bool = False
) -> list[Problem]:
    """Return what is wrong with an issue: errors, which keep it from being sent, and warnings.

    `readers` are the confirmed subscribers by language, if they are known. Offline, no link is asked.
    """
    found = list(issue.warnings)
    for language, file in issue.files.items():
        found += _of_text(file)
        found += _of_size(file, len(html_part(compose(issue, language, settings)).encode()))
    if not offline:
        found += _dead_links(issue)
    found += _missing_languages(issue, readers or {})
    order = {file.name: number for number, file in enumerate(issue.files.values())}
    return sorted(found, key=lambda one: (order.get(one.file, len(order)), one.line or 0))


def compose(issue: IssueFiles, language: Language, settings: MailSettings) -> EmailMessage:
    """Return the email of an issue in a language as readers get it, to the owner, with the link of a test."""
    now = utc_now()
    record = Issue(id=issue.id, languages=tuple(sorted(issue.files)), content="", changed_at=now, expires_at=now)
    series = Series(record, issue.files[language].edition, language, settings)
    link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, language, settings.signing_secret)
    raw = series.addressed(settings.from_email, link)
    return message_from_bytes(raw, _class=EmailMessage, policy=policy.default)


def html_part(message: EmailMessage) -> str:
    """Return the HTML of an email."""
    return _part(message, "html")


def text_part(message: EmailMessage) -> str:
    """Return the text of an email."""
    return _part(message, "plain")


def _part(message: EmailMessage, kind: Literal["html", "plain"]) -> str:
    part = message.get_body((kind,))
    # On the wire, lines end as in every email.
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


# --- what is written --------------------------------------------------------------------------------------------------


class _Links(MarkdownIt):
    """Markdown as an issue shows it, but of which any address makes a link, and escaped characters can be told."""

    def __init__(self, *, html: bool) -> None:
        super().__init__("commonmark", {"html": html})
        self.enable(["table", "strikethrough"])
        self.disable("text_join")

    def validateLink(self, url: str) -> bool:  # noqa: N802  the library's name
        """Return True."""
        del url
        return True


@cache
def _parser(*, html: bool) -> MarkdownIt:
    return _Links(html=html)


@dataclass(frozen=True)
class _Address:
    """An address in an issue, and the line of the file that it is in."""

    url: str
    line: int
    is_image: bool = False


def _inline(file: File, *, html: bool = False) -> Iterator[tuple[Token, list[str], int]]:
    """Yield each inline token of a file, with the lines that it was written on, and the first one's number."""
    lines = file.edition.markdown.split("\n")
    for token in _parser(html=html).parse(file.edition.markdown):
        if token.type == "inline" and token.map:
            start, end = token.map
            yield token, lines[start:end], start


def _line_of(text: str, lines: list[str], start: int, file: File) -> int:
    """Return the line of the file that a text is on, of a block's lines; the first one if it is on none."""
    offset = next((number for number, line in enumerate(lines) if text and text in line), 0)
    return file.line_of(start + offset)


def _of_text(file: File) -> Iterator[Problem]:
    yield from _raw_html(file)
    for token, lines, start in _inline(file):
        for child in token.children or ():
            if child.type == "link_open":
                url = str(child.attrs.get("href", ""))
                yield from _of_link(file, url, _line_of(url, lines, start, file))
            elif child.type == "image":
                url = str(child.attrs.get("src", ""))
                yield from _of_image(file, child, url, _line_of(url, lines, start, file))
        plain = "".join(
            child.content if child.type == "text" else " " if child.type.endswith("break") else _NOT_MARKUP
            for child in token.children or ()
        )
        for found in _NO_LINK.finditer(plain):
            message = f"has {_shown(found[0])}, which is no link and arrives as text"
            remedy = (
                r"write the address in <…> if it has spaces, define a name as [name]: https://…, or write \[ for a [ "
                "that is text"
            )
            yield _problem(file, _line_of(found[0], lines, start, file), message, remedy)
    if file.edition.url.startswith("http:"):
        yield _problem(file, None, "has a url over http", "write https://, if the site has it", "warning")


def _of_link(file: File, url: str, line: int) -> Iterator[Problem]:
    scheme, _, rest = url.partition(":")
    scheme = scheme.lower() if re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) and ":" in url else ""
    if not url:
        yield _problem(file, line, "has a link without an address", "put it between the parentheses")
    elif not scheme:
        message = f"has the relative link {_shown(url)}, which leads nowhere in an email"
        yield _problem(file, line, message, "write the whole address, with https://")
    elif scheme == "mailto":
        # RFC 6068: several are separated by commas.
        if not all(parse(unquote(address)) for address in rest.partition("?")[0].split(",")):
            yield _problem(
                file, line, f"has the link {_shown(url)}, which is no address", "write mailto:me@example.org"
            )
    elif scheme not in ("http", "https"):
        message = f"has the link {_shown(url)}: only https, http and mailto are links in an issue"
        yield _problem(file, line, message, "write it as text, or link to a page of the site")
    elif not is_web_address(url):
        yield _problem(file, line, f"has the broken link {_shown(url)}", "write the whole address, with https://")
    else:
        yield from _of_host(file, url, line)
        if scheme == "http":
            yield _problem(file, line, f"has a link over http: {_shown(url)}", "write https://, if the site has it",
                           "warning")  # fmt: skip


def _of_image(file: File, token: Token, url: str, line: int) -> Iterator[Problem]:
    named = _shown(url)
    if not _words(token).strip():
        message = f"has the image {named} without words, which are what many readers see instead"
        yield _problem(file, line, message, f"say what is on it: ![A garden in spring]({url or '…'})")
    if url.lower().startswith("http:"):
        message = f"has an image over http: {named}, which is not shown, but arrives as a link"
        yield _problem(file, line, message, "write https://")
    elif not url.lower().startswith("https:") or not is_web_address(url):
        message = f"has the image {named}, which is not shown: an email has images of the web only"
        yield _problem(file, line, message, "put it on the site, and write its whole address, with https://")
    else:
        yield from _of_host(file, url, line)


def _words(token: Token) -> str:
    return "".join(_words(child) if child.children else child.content for child in token.children or ())


def _of_host(file: File, url: str, line: int) -> Iterator[Problem]:
    if _is_at_home((urlsplit(url).hostname or "").removesuffix(".")):
        message = f"has {_shown(url)}, which nobody can open outside your machine or network"
        yield _problem(file, line, message, "write the address of the site", "warning")


def _is_at_home(host: str) -> bool:
    """Return whether a host is this machine, or one that only its own network knows."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith(_NAMES_AT_HOME)


def _raw_html(file: File) -> Iterator[Problem]:
    remedy = "write it in Markdown; or, to show it as text, between backticks"
    for token in _parser(html=True).parse(file.edition.markdown):
        if token.type == "html_block" and token.map:
            start = token.map[0]
            first = token.content.strip().split("\n")[0]
            yield _problem(file, file.line_of(start), f"has the HTML {_shown(first)}, which arrives as text", remedy)
    for token, lines, start in _inline(file, html=True):
        tags = [child.content for child in token.children or () if child.type == "html_inline"]
        # The end of an element says nothing new.
        for tag in (tag for tag in tags if not tag.startswith("</")):
            line = _line_of(tag.split("\n")[0], lines, start, file)
            yield _problem(file, line, f"has the HTML {_shown(tag)}, which arrives as text", remedy)


def _of_size(file: File, size: int) -> Iterator[Problem]:
    if size <= GMAIL_CUTS_AT * _NEARLY:
        return
    cut = size > GMAIL_CUTS_AT
    message = f"is an email of {size / 1024:.0f} KB of HTML, and Gmail cuts it off at {GMAIL_CUTS_AT // 1024}"
    remedy = "shorten it, or link to the rest on the site: the link to unsubscribe is at the end"
    yield _problem(file, None, message, remedy, "error" if cut else "warning")


def _problem(file: File, line: int | None, message: str, remedy: str, severity: Severity = "error") -> Problem:
    return Problem(severity, file.name, line, message, remedy)


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


# --- what answers -----------------------------------------------------------------------------------------------------


def _addresses(file: File) -> Iterator[_Address]:
    """Yield the addresses of the web in a file that can be asked."""
    for token, lines, start in _inline(file):
        for child in token.children or ():
            name = {"link_open": "href", "image": "src"}.get(child.type)
            url = str(child.attrs.get(name, "")) if name else ""
            if url and is_web_address(url):
                yield _Address(url, _line_of(url, lines, start, file), child.type == "image")
    if file.edition.url:
        yield _Address(file.edition.url, 1)


def _dead_links(issue: IssueFiles) -> Iterator[Problem]:
    found = [(file, address) for file in issue.files.values() for address in _addresses(file)]
    answers = ask(dict.fromkeys(address.url for _, address in found))
    told: set[tuple[str, str]] = set()
    for file, address in found:
        answer = answers[address.url]
        if answer is None or (file.name, address.url) in told:
            continue
        told.add((file.name, address.url))
        what = "image" if address.is_image else "link"
        if answer[0] == "dead":
            message = f"has the dead {what} {_shown(address.url)}: {answer[1]}"
            yield _problem(file, address.line, message, "write its address as it is today, or leave it out")
        else:
            message = f"has the {what} {_shown(address.url)}, of which it is not known whether it works: {answer[1]}"
            yield _problem(file, address.line, message, "open it in a browser", "warning")


def ask(urls: Iterable[str]) -> dict[str, Answer | None]:
    """Ask addresses of the web, some at once. Return for each None if it answers, or what is wrong with it."""
    retries = urllib3.Retry(total=None, connect=0, read=0, redirect=_REDIRECTS, status=0, other=0)
    headers = {"User-Agent": "guichet-check", "Accept": "*/*"}
    web = urllib3.PoolManager(timeout=urllib3.Timeout(_TIMEOUT), retries=retries, headers=headers, maxsize=_AT_ONCE)
    chosen = list(urls)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(chosen, pool.map(lambda url: _ask(web, url), chosen), strict=True))


def _ask(web: urllib3.PoolManager, url: str) -> Answer | None:
    """Ask for a page without its content: by HEAD, and by GET where that does not help."""
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
            # What the two libraries below leave to each other.
            return "dead", "it is no address"
        else:
            status = response.status
            # The content is not wanted, so the connection cannot be used again.
            response.drain_conn() if method == "HEAD" else response.close()
            if status < _ERROR:
                return None
    if status in (_NOT_FOUND, _GONE):
        return "dead", f"it answers {status}"
    return "unknown", f"it answers {status} to this command" if status else reason


def _failure(error: urllib3.exceptions.HTTPError) -> tuple[bool, str]:
    """Return whether an error means that nobody can reach an address, and why in words."""
    cause: BaseException = error
    if isinstance(error, urllib3.exceptions.MaxRetryError) and error.reason is not None:
        cause = error.reason
    for kind, dead, reason in _FAILURES:
        if isinstance(cause, kind):
            return dead, reason
    return False, "the connection broke off"


# --- who reads it -----------------------------------------------------------------------------------------------------


def _missing_languages(issue: IssueFiles, readers: Mapping[Language, int]) -> Iterator[Problem]:
    everybody = sum(readers.values())
    first = next(iter(issue.files.values()))
    # As the function Issues chooses.
    other = min(issue.files)
    for language in LANGUAGES:
        count = readers.get(language, 0)
        if count and language not in issue.files:
            message = (
                f"is an issue without {language}, and {count:,} of {counted(everybody, 'reader')} asked for that: they "
                f"get {other}"
            )
            yield _problem(first, None, message, f"write {issue.id}.{language}.md, and give both files", "warning")
