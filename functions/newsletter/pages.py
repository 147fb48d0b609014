"""The pages that the emails of the newsletter lead to."""

from collections.abc import Iterable
from typing import Literal

from guichet.languages import say
from guichet.pages import Button, render
from guichet.request import Request
from guichet.settings import NewsletterSettings

_PROOF_OF_REQUEST = ("request", "expires", "token")
_PROOF_OF_SUBSCRIBER = ("subscriber", "token")


def confirm_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page with the wording that a subscriber agrees to and one button."""
    fields = _fields(request, link, _PROOF_OF_REQUEST) | {"wording": settings.consent_version}
    return _with_button(
        request,
        "confirm",
        Button(f"{request.base_url}/newsletter/confirm", fields, say("confirm_button", request.language)),
        settings,
        quoted=settings.consent_text(request.language),
        afterwards=[say("confirm_ignore", request.language)],
    )


def expired_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page of an expired confirmation link, with a button that asks for a new one."""
    fields = _fields(request, link, _PROOF_OF_REQUEST)
    button = Button(f"{request.base_url}/newsletter/confirm/again", fields, say("expired_button", request.language))
    return _with_button(request, "expired", button, settings)


def unsubscribe_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page with the one button that unsubscribes."""
    fields = _fields(request, link, _PROOF_OF_SUBSCRIBER)
    button = Button(f"{request.base_url}/newsletter/unsubscribe", fields, say("unsubscribe_button", request.language))
    return _with_button(request, "unsubscribe", button, settings)


def done_page(
    request: Request, what: Literal["confirmed", "again", "unsubscribed"], settings: NewsletterSettings
) -> str:
    """Return the page that says what a button did: confirmed, asked for a new link, unsubscribed."""
    return render(
        request.language,
        settings,
        title=say(f"{what}_title", request.language),
        paragraphs=[say(what, request.language, site=settings.site_name)],
    )


def _fields(request: Request, link: dict[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the fields of a button: what proves the link, and the language to answer in."""
    return {**{name: link[name] for name in names}, "language": request.language}


def _with_button(  # noqa: PLR0913  the parts of a page
    request: Request,
    name: str,
    button: Button,
    settings: NewsletterSettings,
    *,
    quoted: str = "",
    afterwards: Iterable[str] = (),
) -> str:
    return render(
        request.language,
        settings,
        title=say(f"{name}_title", request.language),
        paragraphs=[say(f"{name}_lead", request.language, site=settings.site_name)],
        quoted=quoted,
        button=button,
        afterwards=afterwards,
    )
