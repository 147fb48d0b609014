"""POST /newsletter and /f/newsletter, and the pages that its emails link to."""

import hmac
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import Any

from guichet.forms.parse import Form, validate
from guichet.forms.rate_limit import caller_of, capped
from guichet.forms.submit import Submission, challenge, log_accepted, submit
from guichet.http.app import posted_only, serve
from guichet.http.body import button_fields
from guichet.http.links import (
    TEST_SUBSCRIBER,
    proven_refusal,
    proven_renewal,
    proven_request,
    proven_subscriber,
    proven_undo,
    undo_fields,
)
from guichet.http.refusal import refuse
from guichet.http.request import Request
from guichet.http.responses import Response, page
from guichet.lambda_runtime import guarded, prepare
from guichet.mail.emails import confirmation_request, new_subscriber, welcome
from guichet.records.outbox import QueuedEmail
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import Confirmation, Subscriber
from guichet.settings import NewsletterSettings
from guichet.store import dynamodb, submissions, subscribers
from guichet.store.dynamodb import UnavailableError
from guichet.store.submissions import OverCapError
from guichet.telemetry import count, logger
from newsletter.form import (
    FIELDS,
    ConfirmationForm,
    NewsletterForm,
    shown_proof,
    sign_up_again,
    sign_up_of,
)

# How long unsubscribing can be undone.
UNDO_VALID = timedelta(minutes=15)


@cache
def settings() -> NewsletterSettings:
    """Return the environment of this function."""
    return NewsletterSettings.from_environment()


def _emails(request: Request) -> list[QueuedEmail]:
    return [confirmation_request.queued(request.language)]


NEWSLETTER = Submission(
    "newsletter",
    FIELDS,
    lambda form, _: validate(NewsletterForm, form),
    sign_up_of,
    lambda _, request, __: _emails(request),
)


def post(request: Request) -> Response:
    """Store a subscription request: the same write for every address."""
    return submit(request, NEWSLETTER, settings())


def confirm_page(request: Request) -> Response:
    """Show the wording, what came with the request, and one button. Changes nothing.

    For an expired link, the button requests a new one. For a used link, the page says so, without a button.
    """
    from newsletter import pages  # noqa: PLC0415

    request_id, expired = _proven_request(request.query)
    sign_up = submissions.sign_up(settings().table_name, request_id)
    if sign_up is not None and (done := _already(request, sign_up, expired=expired)):
        return done
    if expired:
        return page(410, pages.expired_page(request, request.query, settings()))
    return page(200, pages.confirm_page(request, request.query, sign_up, settings()))


def _already(request: Request, sign_up: SignUp, *, expired: bool) -> Response | None:
    """Return the page of a link whose button would do nothing, or None if it would confirm.

    The link was mailed to the address, so its holder may learn that it is subscribed.
    """
    subscriber = subscribers.known(settings().table_name, settings().ids_of(sign_up.email))
    if subscriber is None:
        return None
    if subscriber.state == "confirmed":
        return _done(request, "used" if subscriber.confirmed_by(sign_up) else "subscribed")
    if not expired and not (subscriber.left_at and subscriber.left_at < sign_up.asked_at and subscriber.may_return):
        # They left after asking, or their address is suppressed.
        raise refuse(410, "LINK_EXPIRED")
    return None


def confirm(request: Request) -> Response:
    """Confirm a subscriber. Pressing the button again gives the same page."""
    from newsletter import pages  # noqa: PLC0415

    fields = button_fields(request)
    request_id, expired = _proven_request(fields)
    table_name = settings().table_name
    sign_up = submissions.sign_up(table_name, request_id)
    if expired and sign_up is not None and (already := _already(request, sign_up, expired=expired)):
        _note_life(sign_up)
        return already
    if expired or sign_up is None:
        return page(410, pages.expired_page(request, fields, settings()))
    if fields.get("wording") != settings().consent_version:
        # The wording changed since the page was shown, and nobody can agree to what they have not seen.
        if already := _already(request, sign_up, expired=False):
            _note_life(sign_up)
            return already
        return page(200, pages.confirm_page(request, fields, sign_up, settings()))
    seen = _as_seen(sign_up, fields)
    subscriber, *former = settings().ids_of(seen.email)
    emails = _confirmed_emails(seen, request)
    state = subscribers.confirm(table_name, subscriber, seen, _confirmation(seen, request), emails, former_ids=former)
    if state != "confirmed":
        # They unsubscribed after asking, or their address is suppressed.
        raise refuse(410, "LINK_EXPIRED")
    logger.info("confirmed", extra={"request_id": request.id, "submission_id": sign_up.id})
    count("Confirmed")
    return _done(request, "confirmed")


def _note_life(sign_up: SignUp) -> None:
    """Record a sign of life: somebody with access to a subscriber's mailbox pressed one of our buttons."""
    own, *_ = settings().ids_of(sign_up.email)
    subscribers.note_life(settings().table_name, own, utc_now())


def confirm_again(request: Request) -> Response:
    """Send a new link to replace an expired one. Responds the same to any input."""
    proven = proven_request(button_fields(request), settings().signing_secret)
    table_name = settings().table_name
    expired = submissions.sign_up(table_name, proven[0]) if proven else None
    if expired is not None:
        sign_up, identity = sign_up_again(expired, request, settings())
        emails = _emails(request)
        caller = caller_of(request, "newsletter", sign_up.asked_at, settings())
        # Over the cap, respond as to an unknown link.
        with suppress(OverCapError), capped(caller):
            kept = submissions.keep(table_name, sign_up, emails, caller, neighbours=identity.neighbours)
            log_accepted(request, "newsletter", sign_up, kept)
    return _done(request, "again")


def unsubscribe_page(request: Request) -> Response:
    """Show the unsubscribe button and whose subscription it ends, or soon afterwards the undo button. Changes nothing.

    The mailbox provider's button shows no page, and may have been pressed by mistake.
    """
    from newsletter import pages  # noqa: PLC0415

    subscriber = subscribers.subscriber(settings().table_name, _proven_subscriber(request.query))
    if undo := _undo(subscriber):
        return page(200, pages.unsubscribed_page(request, subscriber, undo, settings()))
    return page(200, pages.unsubscribe_page(request, request.query, subscriber, settings()))


def unsubscribe(request: Request) -> Response:
    """Unsubscribe at once (RFC 8058: no cookie, no redirect, any body). Idempotent.

    A person who pressed the button is offered an undo; a mailbox provider is not.
    """
    from newsletter import pages  # noqa: PLC0415

    fields = button_fields(request)
    subscriber = _proven_subscriber(fields)
    kept = timedelta(days=settings().retention_days)
    if subscribers.unsubscribe(settings().table_name, subscriber, utc_now(), kept):
        logger.info("unsubscribed", extra={"request_id": request.id, "subscriber_id": subscriber})
        count("Unsubscribed")
    if "List-Unsubscribe" in fields:
        return _done(request, "unsubscribed")
    if subscriber == TEST_SUBSCRIBER:
        return _done(request, "tested")
    known = None
    # The change is made; failing to show details must not fail the response.
    with suppress(UnavailableError):
        known = subscribers.subscriber(settings().table_name, subscriber)
    return page(200, pages.unsubscribed_page(request, known, _undo(known), settings()))


def _undo(subscriber: Subscriber | None) -> dict[str, str] | None:
    """Return the fields of the button that undoes unsubscribing, or None if it is too late."""
    if subscriber is None or subscriber.state != "unsubscribed" or not subscriber.email or subscriber.left_at is None:
        return None
    until = subscriber.left_at.replace(microsecond=0) + UNDO_VALID
    return undo_fields(subscriber.id, until, settings().signing_secret) if utc_now() < until else None


def undo_unsubscribing(request: Request) -> Response:
    """Undo unsubscribing within some minutes. Pressing the button again gives the same page."""
    proven = proven_undo(button_fields(request), settings().signing_secret)
    if proven is None:
        raise refuse(403, "LINK_INVALID")
    subscriber, until = proven
    now = utc_now()
    # Earlier or later changes to the subscription are not undone.
    if until < now or not subscribers.resume(settings().table_name, subscriber, now, until - UNDO_VALID):
        raise refuse(410, "LINK_ENDED")
    logger.info("resumed", extra={"request_id": request.id, "subscriber_id": subscriber})
    return _done(request, "undone")


def refuse_page(request: Request) -> Response:
    """Show one button. Changes nothing."""
    from newsletter import pages  # noqa: PLC0415

    _proven_refusal(request.query)
    return page(200, pages.refuse_page(request, request.query, settings()))


def refuse_mail(request: Request) -> Response:
    """Block an address that somebody else typed. Idempotent."""
    subscriber = _proven_refusal(button_fields(request))
    if subscribers.block(settings().table_name, subscriber, utc_now()):
        logger.info("blocked", extra={"request_id": request.id, "subscriber_id": subscriber})
        count("Blocked")
    return _done(request, "refused")


def renew_page(request: Request) -> Response:
    """Show one button, to stay or to come back, and the link to unsubscribe. Changes nothing.

    If they have renewed since, the page says so, without a button.
    """
    from newsletter import pages  # noqa: PLC0415

    subscriber = subscribers.subscriber(settings().table_name, _proven_renewal(request.query))
    if subscriber is not None and subscriber.state == "confirmed":
        if subscriber.renewal_queued_at is None:
            return _renewed(request, subscriber, "renewed")
        return page(200, pages.renew_page(request, request.query, subscriber, settings()))
    if subscriber is not None and subscriber.left_for == "no_answer":
        return page(200, pages.lapsed_page(request, request.query, subscriber, settings()))
    # They left in another way, or nothing about them is stored any more.
    raise refuse(410, "LINK_EXPIRED")


def renew(request: Request) -> Response:
    """Renew a subscription, even one that has lapsed for want of an answer. Pressing again gives the same page."""
    subscriber = _proven_renewal(button_fields(request))
    state, returned = subscribers.renew(settings().table_name, subscriber, utc_now())
    if state != "confirmed":
        raise refuse(410, "LINK_EXPIRED")
    logger.info("renewed", extra={"request_id": request.id, "subscriber_id": subscriber, "returned": returned})
    count("Renewed")
    known = None
    # The change is made; failing to show details must not fail the response.
    with suppress(UnavailableError):
        known = subscribers.subscriber(settings().table_name, subscriber)
    return _renewed(request, known, "returned" if returned else "renewed")


def _renewed(request: Request, subscriber: Subscriber | None, what: str) -> Response:
    from newsletter import pages  # noqa: PLC0415

    return page(200, pages.renewed_page(request, what, subscriber, settings()))


def _done(request: Request, what: str) -> Response:
    from guichet.http.pages import done_page  # noqa: PLC0415

    return page(200, done_page(request, what, settings()))


def _proven_request(fields: dict[str, str]) -> tuple[str, bool]:
    """Return a link's request, and whether the link has expired. Raises Refusal (403) if it is not valid."""
    proven = proven_request(fields, settings().signing_secret)
    if proven is None:
        raise refuse(403, "LINK_INVALID")
    request_id, until = proven
    return request_id, until < utc_now()


def _proven_subscriber(fields: dict[str, str]) -> str:
    """Return a link's subscriber. Raises Refusal (403) if it is not valid."""
    subscriber = proven_subscriber(fields, settings().signing_secret)
    if subscriber is None:
        raise refuse(403, "LINK_INVALID")
    return subscriber


def _proven_renewal(fields: dict[str, str]) -> str:
    """Return a renewal link's subscriber. Raises Refusal (403) if it is not valid."""
    subscriber = proven_renewal(fields, settings().signing_secret)
    if subscriber is None:
        raise refuse(403, "LINK_INVALID")
    return subscriber


def _proven_refusal(fields: dict[str, str]) -> str:
    """Return a link's subscriber id. Raises Refusal: 403 if it is not valid, 410 if it has expired."""
    proven = proven_refusal(fields, settings().signing_secret)
    if proven is None:
        raise refuse(403, "LINK_INVALID")
    subscriber, until = proven
    if until < utc_now():
        raise refuse(410, "LINK_ENDED")
    return subscriber


def _as_seen(sign_up: SignUp, fields: dict[str, str]) -> SignUp:
    """Return a request with only what its address saw of it: somebody else may have made it.

    Raises Refusal (422) if the name is too long.
    """
    seen = hmac.compare_digest(fields.get("shown", "").encode(), shown_proof(sign_up, settings()).encode())
    if not seen:
        sign_up = sign_up.model_copy(update={"name": "", "page": "", "consent_claim": ""})
    given = {"name": fields["name"]} if "name" in fields else {"name": sign_up.name}
    answers = validate(ConfirmationForm, Form(given, {}))
    return sign_up.model_copy(update={"name": answers.name})


def _confirmed_emails(sign_up: SignUp, request: Request) -> list[QueuedEmail]:
    return [
        welcome.queued(request.language, sign_up),
        new_subscriber.queued(settings().default_language, sign_up),
    ]


def _confirmation(sign_up: SignUp, request: Request) -> Confirmation:
    return Confirmation(
        event="confirmed",
        at=utc_now(),
        wording_version=settings().consent_version,
        wording_language=request.language,
        wording=settings().consent_text(request.language),
        request_id=sign_up.occasion,
        asked_at=sign_up.asked_at,
        page=sign_up.page,
        consent_claim=sign_up.consent_claim,
        asked_from=sign_up.caller_address,
        confirmed_from=request.caller if settings().keep_caller_address else "",
    )


ROUTES = {
    "POST /newsletter": post,
    "POST /f/newsletter": post,
    "GET /newsletter": posted_only,
    "GET /f/newsletter": posted_only,
    "GET /newsletter/challenge": lambda _: challenge(settings()),
    "GET /newsletter/confirm": confirm_page,
    "POST /newsletter/confirm": confirm,
    "POST /newsletter/confirm/again": confirm_again,
    "GET /newsletter/confirm/again": posted_only,
    "GET /newsletter/unsubscribe": unsubscribe_page,
    "POST /newsletter/unsubscribe": unsubscribe,
    "GET /newsletter/unsubscribe/undo": posted_only,
    "POST /newsletter/unsubscribe/undo": undo_unsubscribing,
    "GET /newsletter/renew": renew_page,
    "POST /newsletter/renew": renew,
    "GET /newsletter/refuse": refuse_page,
    "POST /newsletter/refuse": refuse_mail,
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Response:
    """Serve the routes of the function `Newsletter`."""
    return serve(event, ROUTES, settings())


prepare(settings, dynamodb.client)
