"""Our own pages: thanks, errors, and pages with a button. Imported only by responses that need one."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from guichet.http.refusal import Refusal
from guichet.http.request import Request
from guichet.locales import Language, say
from guichet.settings import Settings

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

# CSP Level 3: nothing is loaded, run or framed; the one style sheet is named by its hash.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True)
class Sent:
    """What came with a request, perhaps from somebody else: a title, what to think of it, and labels with texts."""

    title: str
    lead: str
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """A line to fill in: its name, label, hint, what stands in it, how long it may be, and what a browser fills in."""

    name: str
    label: str
    hint: str
    value: str
    longest: int
    autocomplete: str


@dataclass(frozen=True)
class Button:
    """A button that posts hidden fields, and lines to fill in, to a URL, and its label."""

    action: str
    fields: dict[str, str]
    label: str
    lines: tuple[Line, ...] = ()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


def render(  # noqa: PLR0913  the parts of a page
    language: Language,
    settings: Settings,
    *,
    title: str,
    paragraphs: Iterable[str] = (),
    quoted: str = "",
    items: Iterable[str] = (),
    sent: Sent | None = None,
    button: Button | None = None,
    afterwards: Iterable[str] = (),
) -> str:
    """Render a page: title, paragraphs, quoted wording, list, what was sent, button, closing paragraphs, link back."""
    return (
        _environment()
        .get_template("page.html")
        .render(
            language=language,
            site_name=settings.site_name,
            style=_STYLE,
            title=title,
            paragraphs=paragraphs,
            quoted=quoted,
            items=items,
            sent=sent,
            button=button,
            afterwards=afterwards,
            site_url=settings.site_url,
            back=say("back", language, site=settings.site_name),
        )
    )


def error_page(request: Request, refusal: Refusal, messages: list[str], settings: Settings) -> str:
    """Render a refusal: everything that is wrong, and how to get back to what was typed."""
    of_form = request.route.startswith("POST") and not any(p.code.startswith("LINK_") for p in refusal.problems)
    hints = ["error_kept"] if of_form else []
    if refusal.retry_after is not None:
        hints.append("error_again")
    return render(
        request.language,
        settings,
        title=say("error_title" if of_form else "form_title" if refusal.allow else "link_title", request.language),
        items=messages,
        afterwards=[say(hint, request.language) for hint in hints],
    )


def thanks_page(request: Request, settings: Settings) -> str:
    """Render the thank-you page of the form named in the query, or the contact form's."""
    form = "newsletter" if request.query.get("form") == "newsletter" else "contact"
    return render(
        request.language,
        settings,
        title=say("thanks_title", request.language),
        paragraphs=[say(f"{form}_accepted", request.language)],
    )


def page_with_button(  # noqa: PLR0913  the parts of a page
    request: Request,
    name: str,
    path: str,
    fields: dict[str, str],
    settings: Settings,
    *,
    quoted: str = "",
    items: Iterable[str] = (),
    sent: Sent | None = None,
    lines: tuple[Line, ...] = (),
    afterwards: Iterable[str] = (),
) -> str:
    """Render a named page with one button that posts fields, and the language, to a path."""
    button = Button(
        f"{request.base_url}/{path}",
        {**fields, "language": request.language},
        say(f"{name}_button", request.language),
        lines,
    )
    return render(
        request.language,
        settings,
        title=say(f"{name}_title", request.language),
        paragraphs=[say(f"{name}_lead", request.language, site=settings.site_name)],
        quoted=quoted,
        items=items,
        sent=sent,
        button=button,
        afterwards=afterwards,
    )


def done_page(
    request: Request, what: str, settings: Settings, *, further: Iterable[str] = (), button: Button | None = None
) -> str:
    """Render the page that says what a button did, and perhaps offers another."""
    return render(
        request.language,
        settings,
        title=say(f"{what}_title", request.language),
        paragraphs=[say(what, request.language, site=settings.site_name), *further],
        button=button,
    )
