"""POST /contact and /f/contact: take the form in, check it, keep it, answer."""

from functools import cache
from typing import Any

from contact.form import ContactForm, message_of
from guichet.forms.parse import check, next_url, proof_of, take_in
from guichet.forms.rate_limit import caller_of
from guichet.http.app import challenge, log_accepted, no_such_form, serve
from guichet.http.request import Request
from guichet.http.responses import Reply, accepted, page
from guichet.init_phase import prepare
from guichet.records.outbox import QueuedEmail
from guichet.settings import ContactSettings
from guichet.store import dynamodb, submissions
from guichet.telemetry import guarded


@cache
def settings() -> ContactSettings:
    """Return the environment of this function."""
    return ContactSettings.from_environment()


def post(request: Request) -> Reply:
    """Keep a message with the emails that it owes; in the spam folder it owes none."""
    form = take_in(request, settings())
    message = message_of(check(ContactForm, form.fields), form, request, settings())
    proof = proof_of(form, settings())
    caller = caller_of(request, "contact", message.received_at, settings())
    emails = [] if message.spam else _owed(request)
    new = submissions.keep(settings().table_name, message, emails, caller, proof)
    log_accepted(request, "contact", message, new=new)
    return accepted(request, "contact", message.id, next_url(form.control.get("_next", ""), settings()))


def _owed(request: Request) -> list[QueuedEmail]:
    emails = [QueuedEmail(name="contact-notification", recipient="owner", language=settings().default_language)]
    if settings().acknowledge == "on":
        emails.append(QueuedEmail(name="acknowledgement", recipient="visitor", language=request.language))
    return emails


def thanks(request: Request) -> Reply:
    """Show the built-in thank-you page of either form."""
    # Only pages pay for the import.
    from guichet.http.pages import thanks_page  # noqa: PLC0415

    return page(200, thanks_page(request, settings()))


ROUTES = {
    "POST /contact": post,
    "POST /f/contact": post,
    "POST /f/{form}": no_such_form,
    "GET /thanks": thanks,
    "GET /challenge": lambda _: challenge(settings()),
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Reply:
    """Serve the routes of the function `Contact`."""
    return serve(event, ROUTES, settings())


prepare(settings, dynamodb.client)
