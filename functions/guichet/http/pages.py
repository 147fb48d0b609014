"""The pages of our own: thanks, errors, and those with a button. Imported only by replies that need one."""

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
class Button:
    """A button that posts: where to, with which hidden fields, and what stands on it."""

    action: str
    fields: dict[str, str]
    label: str


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
    button: Button | None = None,
    afterwards: Iterable[str] = (),
) -> str:
    """Return a page: a title, paragraphs, a quoted wording, a list, a button, closing paragraphs, and a way back."""
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
            button=button,
            afterwards=afterwards,
            site_url=settings.site_url,
            back=say("back", language, site=settings.site_name),
        )
    )


def error_page(request: Request, refusal: Refusal, messages: list[str], settings: Settings) -> str:
    """Return the page of a refusal: all that is wrong, and that what was written is not lost."""
    of_form = request.route.startswith("POST") and not any(p.code.startswith("LINK_") for p in refusal.problems)
    hints = ["error_kept"] if of_form else []
    if refusal.retry_after is not None:
        hints.append("error_again")
    return render(
        request.language,
        settings,
        title=say("error_title" if of_form else "link_title", request.language),
        items=messages,
        afterwards=[say(hint, request.language) for hint in hints],
    )


def thanks_page(request: Request, settings: Settings) -> str:
    """Return the built-in thank-you page of the form that the query names, the contact form's by default."""
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
    afterwards: Iterable[str] = (),
) -> str:
    """Return the page of a name, with one button that posts fields to a path, and the language to answer in."""
    button = Button(
        f"{request.base_url}/{path}", {**fields, "language": request.language}, say(f"{name}_button", request.language)
    )
    return render(
        request.language,
        settings,
        title=say(f"{name}_title", request.language),
        paragraphs=[say(f"{name}_lead", request.language, site=settings.site_name)],
        quoted=quoted,
        items=items,
        button=button,
        afterwards=afterwards,
    )


def done_page(request: Request, what: str, settings: Settings) -> str:
    """Return the page that says what a button did."""
    return render(
        request.language,
        settings,
        title=say(f"{what}_title", request.language),
        paragraphs=[say(what, request.language, site=settings.site_name)],
    )
