"""The pages that the emails of the newsletter lead to."""

from guichet.languages import say
from guichet.pages import Button, render
from guichet.request import Request
from guichet.settings import NewsletterSettings


def confirm_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page with the wording that a subscriber agrees to and one button."""
    language = request.language
    fields = {name: link[name] for name in ("request", "expires", "token")}
    return render(
        language,
        settings,
        title=say("confirm_title", language),
        paragraphs=[say("confirm_lead", language, site=settings.site_name)],
        quoted=settings.consent_text(language),
        button=Button(
            action=f"{request.base_url}/newsletter/confirm",
            fields={**fields, "language": language, "wording": settings.consent_version},
            label=say("confirm_button", language),
        ),
        afterwards=[say("confirm_ignore", language)],
    )


def confirmed_page(request: Request, settings: NewsletterSettings) -> str:
    """Return the page that says that the subscription is confirmed."""
    return render(
        request.language,
        settings,
        title=say("confirmed_title", request.language),
        paragraphs=[say("confirmed", request.language, site=settings.site_name)],
    )


def expired_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page of an expired confirmation link, with a button that asks for a new one."""
    language = request.language
    fields = {name: link[name] for name in ("request", "expires", "token")}
    return render(
        language,
        settings,
        title=say("expired_title", language),
        paragraphs=[say("expired_lead", language)],
        button=Button(
            action=f"{request.base_url}/newsletter/confirm/again",
            fields={**fields, "language": language},
            label=say("expired_button", language),
        ),
    )


def asked_again_page(request: Request, settings: NewsletterSettings) -> str:
    """Return the page that says that a new link is on its way, if there is anybody to send it to."""
    return render(
        request.language,
        settings,
        title=say("again_title", request.language),
        paragraphs=[say("again", request.language)],
    )


def unsubscribe_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> str:
    """Return the page with the one button that unsubscribes."""
    language = request.language
    return render(
        language,
        settings,
        title=say("unsubscribe_title", language),
        paragraphs=[say("unsubscribe_lead", language, site=settings.site_name)],
        button=Button(
            action=f"{request.base_url}/newsletter/unsubscribe",
            fields={"subscriber": link["subscriber"], "token": link["token"], "language": language},
            label=say("unsubscribe_button", language),
        ),
    )


def unsubscribed_page(request: Request, settings: NewsletterSettings) -> str:
    """Return the page that says that nothing will be sent any more."""
    return render(
        request.language,
        settings,
        title=say("unsubscribed_title", request.language),
        paragraphs=[say("unsubscribed", request.language, site=settings.site_name)],
    )
