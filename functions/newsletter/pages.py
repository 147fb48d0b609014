"""The pages that the newsletter's emails link to."""

from guichet.addresses import masked
from guichet.forms.fields import LONGEST_LINE
from guichet.http.links import unsubscribe_link
from guichet.http.pages import Button, Line, Link, Page, Sent, done_page, page_with_button, render
from guichet.http.request import Request
from guichet.locales import locale, say
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Subscriber
from guichet.settings import NewsletterSettings
from newsletter.form import shown_proof

_PROOF_OF_REQUEST = ("request", "expires", "token")
_PROOF_OF_SUBSCRIBER = ("subscriber", "token")
_PROOF_OF_REFUSAL = ("subscriber", "expires", "token")


def confirm_page(request: Request, link: dict[str, str], sign_up: SignUp | None, settings: NewsletterSettings) -> Page:
    """Render the consent wording, what came with the request, a line for the name, and one button.

    Somebody else may have made the request. What this page shows is what is recorded.
    """
    language = request.language
    fields = {name: link[name] for name in _PROOF_OF_REQUEST} | {"wording": settings.consent_version}
    sent: Sent | None = None
    lines: tuple[Line, ...] = ()
    if sign_up is not None:
        fields["shown"] = shown_proof(sign_up, settings)
        labelled = (("confirm_page", sign_up.page), ("confirm_claim", sign_up.consent_claim))
        texts = tuple((say(key, language), text) for key, text in labelled if text)
        if texts:
            sent = Sent(say("confirm_sent", language), say("confirm_sent_lead", language), texts)
        hint = say("confirm_name_sent" if sign_up.name else "confirm_name_hint", language)
        lines = (Line("name", say("confirm_name", language), hint, sign_up.name, LONGEST_LINE, "name"),)
    return page_with_button(
        request,
        "confirm",
        "newsletter/confirm",
        fields,
        settings,
        quoted=settings.consent_text(language),
        sent=sent,
        lines=lines,
        afterwards=[say("confirm_ignore", language)],
    )


def expired_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> Page:
    """Render an expired confirmation link's page, with a button that requests a new one."""
    fields = {name: link[name] for name in _PROOF_OF_REQUEST}
    return page_with_button(request, "expired", "newsletter/confirm/again", fields, settings)


def unsubscribe_page(
    request: Request, link: dict[str, str], subscriber: Subscriber | None, settings: NewsletterSettings
) -> Page:
    """Render the unsubscribe button, and whose subscription it ends."""
    fields = {name: link[name] for name in _PROOF_OF_SUBSCRIBER}
    return page_with_button(
        request, "unsubscribe", "newsletter/unsubscribe", fields, settings, items=_whose(subscriber, request)
    )


def unsubscribed_page(
    request: Request, subscriber: Subscriber | None, undo: dict[str, str] | None, settings: NewsletterSettings
) -> Page:
    """Render the page after unsubscribing: whose subscription ended, and a button that undoes it, if it still can."""
    language = request.language
    further, button = _whose(subscriber, request), None
    if undo is not None:
        further.append(say("undo_lead", language))
        fields = {**undo, "language": language}
        button = Button(f"{request.base_url}/newsletter/unsubscribe/undo", fields, say("undo_button", language))
    return done_page(request, "unsubscribed", settings, further=further, button=button)


def renew_page(request: Request, link: dict[str, str], subscriber: Subscriber, settings: NewsletterSettings) -> Page:
    """Render the button to stay subscribed: whose subscription it is, until when, and the link to unsubscribe."""
    language = request.language
    until = subscriber.renewal_until
    # A past day is no longer a deadline, if the owner has switched renewals off since.
    ends = until is not None and until > utc_now()
    afterwards = [say("renew_until", language, day=locale(language).day(until))] if until and ends else []
    return page_with_button(
        request,
        "renew",
        "newsletter/renew",
        {name: link[name] for name in _PROOF_OF_SUBSCRIBER},
        settings,
        items=_whose(subscriber, request),
        afterwards=afterwards,
        links=[_leave(request, subscriber, settings)],
    )


def lapsed_page(request: Request, link: dict[str, str], subscriber: Subscriber, settings: NewsletterSettings) -> Page:
    """Render that a subscription has lapsed, and the button that brings it back."""
    language = request.language
    left_at = subscriber.left_at
    fields = {name: link[name] for name in _PROOF_OF_SUBSCRIBER} | {"language": language}
    paragraphs = [say("lapsed_lead", language, site=settings.site_name)]
    if left_at:
        paragraphs.append(say("lapsed_on", language, day=locale(language).day(left_at)))
    return render(
        language,
        settings,
        title=say("lapsed_title", language),
        paragraphs=[*paragraphs, *_whose(subscriber, request)],
        button=Button(f"{request.base_url}/newsletter/renew", fields, say("lapsed_button", language)),
        afterwards=[say("lapsed_ignore", language)],
    )


def renewed_page(request: Request, what: str, subscriber: Subscriber | None, settings: NewsletterSettings) -> Page:
    """Render the page after renewing, with the link to unsubscribe."""
    leave = [_leave(request, subscriber, settings)] if subscriber else []
    return done_page(request, what, settings, further=_whose(subscriber, request), links=leave)


def _leave(request: Request, subscriber: Subscriber, settings: NewsletterSettings) -> Link:
    url = unsubscribe_link(request.base_url, subscriber.id, request.language, settings.signing_secret)
    return say("renew_leave", request.language), url


def refuse_page(request: Request, link: dict[str, str], settings: NewsletterSettings) -> Page:
    """Render the button that ends all mail to an address."""
    fields = {name: link[name] for name in _PROOF_OF_REFUSAL}
    return page_with_button(
        request,
        "refuse",
        "newsletter/refuse",
        fields,
        settings,
        afterwards=[say("refuse_kept", request.language)],
    )


def _whose(subscriber: Subscriber | None, request: Request) -> list[str]:
    """Return the sentence that says whose page it is, with the address masked: the link may have been forwarded."""
    if subscriber is None or not subscriber.email:
        return []
    return [say("unsubscribe_whose", request.language, address=masked(subscriber.email))]
