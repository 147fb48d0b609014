"""POST /newsletter and /f/newsletter, and the confirmation page with its button."""

from functools import cache
from typing import Any

from guichet.callers import caller_of
from guichet.confirmation import proven
from guichet.counter import log_accepted, serve
from guichet.intake import check, fields_of_button, next_url, take_in
from guichet.records import Confirmation, OwedEmail, SignUp, utc_now
from guichet.refusal import refuse
from guichet.replies import Reply, accepted, page
from guichet.request import Request
from guichet.settings import NewsletterSettings
from guichet.storage import Store
from guichet.telemetry import count, logger
from newsletter.form import NewsletterForm, sign_up_of, subscriber_id


@cache
def settings() -> NewsletterSettings:
    """Return the environment of this function."""
    return NewsletterSettings.from_environment()


def post(request: Request) -> Reply:
    """Keep a request with the confirmation email that it owes: the same write for every address."""
    form = take_in(request, settings())
    sign_up = sign_up_of(check(NewsletterForm, form.fields), request, settings())
    email = OwedEmail(name="confirmation-request", recipient="visitor", language=request.language)
    caller = caller_of(request, "newsletter", sign_up.asked_at, settings())
    new = Store(settings().table_name).keep(sign_up, [email], caller)
    log_accepted(request, "newsletter", sign_up.id, new=new)
    return accepted(request, "newsletter", sign_up.id, next_url(form.control.get("_next", ""), settings()))


def confirm_page(request: Request) -> Reply:
    """Show the wording and one button. Reads nothing, changes nothing."""
    from newsletter.pages import confirm_page as show  # noqa: PLC0415

    _request_id(request.query)
    return page(200, show(request, request.query, settings()))


def confirm(request: Request) -> Reply:
    """Make a subscriber of who pressed the button; pressed again, say so again."""
    from newsletter.pages import confirm_page as show  # noqa: PLC0415
    from newsletter.pages import confirmed_page  # noqa: PLC0415

    fields = fields_of_button(request)
    request_id = _request_id(fields)
    if fields.get("wording") != settings().consent_version:
        # The wording changed since the page was shown: nobody agrees to what they did not see.
        return page(200, show(request, fields, settings()))
    store = Store(settings().table_name)
    sign_up = store.sign_up(request_id)
    if sign_up is None:
        raise refuse(410, "LINK_EXPIRED")
    owner_notice = OwedEmail(
        name="new-subscriber", recipient="owner", language=settings().default_language, occasion=sign_up.id
    )
    subscriber = subscriber_id(sign_up.email, settings().signing_secret)
    state = store.confirm(subscriber, sign_up, _confirmation(sign_up, request), [owner_notice])
    if state != "confirmed":
        raise refuse(410, "LINK_EXPIRED")
    logger.info("confirmed", request_id=request.id, submission_id=sign_up.id, subscriber_id=subscriber)
    count("Confirmed")
    return page(200, confirmed_page(request, settings()))


def _request_id(fields: dict[str, str]) -> str:
    """Return the request that a link is for. Raises Refusal where it proves nothing (403) or has expired (410)."""
    link = proven(fields, settings().signing_secret)
    if link is None:
        raise refuse(403, "LINK_INVALID")
    request_id, until = link
    if until < utc_now():
        raise refuse(410, "LINK_EXPIRED")
    return request_id


def _confirmation(sign_up: SignUp, request: Request) -> Confirmation:
    return Confirmation(
        event="confirmed",
        at=utc_now(),
        wording_version=settings().consent_version,
        wording_language=request.language,
        wording=settings().consent_text(request.language),
        request_id=sign_up.id,
        asked_at=sign_up.asked_at,
        page=sign_up.page,
        consent_claim=sign_up.consent_claim,
    )


ROUTES = {
    "POST /newsletter": post,
    "POST /f/newsletter": post,
    "GET /newsletter/confirm": confirm_page,
    "POST /newsletter/confirm": confirm,
}


def handler(event: dict[str, Any], _context: object) -> Reply:
    """Serve the routes of the function `Newsletter`."""
    return serve(event, ROUTES, settings())
