"""Our own pages: thanks, errors, and pages with a button. Imported only by responses that need one."""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from guichet.accent import Shades, accent
from guichet.http.refusal import Refusal
from guichet.http.request import Request
from guichet.locales import Language, say
from guichet.settings import LookSettings, origin_of

_TEMPLATES = Path(__file__).parent / "templates"


class Page(NamedTuple):
    """A page, and what it may load (Content Security Policy)."""

    html: str
    policy: str


@dataclass(frozen=True)
class Sent:
    """What came with a request, perhaps from somebody else: a title, a note about it, and labels with texts."""

    title: str
    lead: str
    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Line:
    """A text field: its name, label, hint, value, maximum length, and what browsers autofill."""

    name: str
    label: str
    hint: str
    value: str
    longest: int
    autocomplete: str
    # Attributes of its element (HTML Living Standard).
    type: str = "text"


@dataclass(frozen=True)
class Button:
    """A button that posts hidden fields and text fields to a URL; its label, and whether it is destructive."""

    action: str
    fields: dict[str, str]
    label: str
    lines: tuple[Line, ...] = ()
    destroys: bool = False
    # The name of a hidden field that only a program fills in (honeypot), and its label, should anyone see it.
    trap: tuple[str, str] | None = None


# A link's text and target.
Link = tuple[str, str]


@dataclass(frozen=True)
class Card:
    """A card: a heading, a verbatim text, remarks about it, and links."""

    title: str
    text: str
    hint: str
    links: tuple[Link, ...] = ()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )


@cache
def style(color: str, layout: Path = _TEMPLATES / "page.css") -> tuple[str, str]:
    """Return the style sheet of a layout with the site's colour, and its hash as CSP names it."""
    light, dark = (_variables(shades) for shades in accent(color))
    sheets = "\n".join(part.read_text(encoding="utf-8") for part in (_TEMPLATES / "base.css", layout))
    sheet = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{sheets}"
    return sheet, base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()


def _variables(shades: Shades) -> str:
    return f"--accent: {shades.line}; --button: {shades.button}; --on-button: {shades.on_button};"


def policy(settings: LookSettings, layout: Path = _TEMPLATES / "page.css", further: str = "") -> str:
    """Return what a page may load (CSP Level 3): its style sheet by its hash, the logo from the site, nothing else.

    `further` are the page's additional directives.
    """
    _, style_hash = style(settings.accent_color, layout)
    images = f"img-src {origin_of(settings.logo)}; " if settings.logo else ""
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; {images}form-action 'self'; frame-ancestors 'none'; "
        f"base-uri 'none'{f'; {further}' if further else ''}"
    )


def render(  # noqa: PLR0913  the parts of a page
    language: Language,
    settings: LookSettings,
    *,
    title: str,
    paragraphs: Iterable[str] = (),
    quoted: str = "",
    items: Iterable[str] = (),
    sent: Sent | None = None,
    cards: Iterable[Card] = (),
    button: Button | None = None,
    afterwards: Iterable[str] = (),
    links: Iterable[Link] = (),
) -> Page:
    """Render a page: title, paragraphs, quoted wording, list, what was sent, cards, button, closing paragraphs, links.

    `links` are labels with their targets, in addition to those of every page.
    """
    html = (
        _environment()
        .get_template("page.html")
        .render(
            language=language,
            site_name=settings.site_name,
            logo=settings.logo,
            style=style(settings.accent_color)[0],
            title=title,
            paragraphs=paragraphs,
            quoted=quoted,
            items=list(items),
            sent=sent,
            cards=list(cards),
            button=button,
            afterwards=afterwards,
            links=list(links),
            site_url=settings.site_url,
            back=say("back", language, site=settings.site_name),
            privacy_url=settings.privacy_url,
            privacy=say("privacy", language),
        )
    )
    return Page(html, policy(settings))


def error_page(request: Request, refusal: Refusal, messages: list[str], settings: LookSettings) -> Page:
    """Render a refusal: everything that is wrong, and how to return to what was typed."""
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


def thanks_page(request: Request, sentence: str, settings: LookSettings) -> Page:
    """Render a thank-you page."""
    return render(
        request.language,
        settings,
        title=say("thanks_title", request.language),
        paragraphs=[sentence],
    )


def page_with_button(  # noqa: PLR0913  the parts of a page
    request: Request,
    name: str,
    path: str,
    fields: dict[str, str],
    settings: LookSettings,
    *,
    quoted: str = "",
    items: Iterable[str] = (),
    sent: Sent | None = None,
    lines: tuple[Line, ...] = (),
    afterwards: Iterable[str] = (),
    destroys: bool = False,
    links: Iterable[Link] = (),
) -> Page:
    """Render a named page with one button that posts fields, and the language, to a path."""
    button = Button(
        f"{request.base_url}/{path}",
        {**fields, "language": request.language},
        say(f"{name}_button", request.language),
        lines,
        destroys,
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
        links=links,
    )


def done_page(  # noqa: PLR0913  the parts of a page
    request: Request,
    what: str,
    settings: LookSettings,
    *,
    further: Iterable[str] = (),
    button: Button | None = None,
    links: Iterable[Link] = (),
) -> Page:
    """Render the page that says what a button did, and perhaps offers another."""
    return render(
        request.language,
        settings,
        title=say(f"{what}_title", request.language),
        paragraphs=[say(what, request.language, site=settings.site_name), *further],
        button=button,
        links=links,
    )
