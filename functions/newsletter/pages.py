"""The pages that the newsletter's emails link to."""

from guichet.http.pages import page_with_button
from guichet.http.request import Request
from guichet.locales import say
from guichet.settings import NewsletterSettings

_PROOF_OF_REQUEST = ("request", "expires", "token")
_PROOF_OF_SUBSCRIBER = ("subscriber", "token")


def confirm_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Render the consent wording and one button."""
    fields = {name: link[name] for name in _PROOF_OF_REQUEST} | {"wording": settings.consent_version}
    return page_with_button(
        request,
        "confirm",
        "newsletter/confirm",
        fields,
        settings,
        quoted=settings.consent_text(request.language),
        afterwards=[say("confirm_ignore", request.language)],
    )


def expired_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Render an expired confirmation link's page, with a button that asks for a new one."""
    fields = {name: link[name] for name in _PROOF_OF_REQUEST}
    return page_with_button(request, "expired", "newsletter/confirm/again", fields, settings)


def unsubscribe_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Render the unsubscribe button."""
    fields = {name: link[name] for name in _PROOF_OF_SUBSCRIBER}
    return page_with_button(request, "unsubscribe", "newsletter/unsubscribe", fields, settings)
