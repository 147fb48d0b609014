"""POST /contact and /f/contact."""

from functools import cache
from typing import TYPE_CHECKING, Any

from contact.form import FIELDS, ContactForm, message_of
from guichet.definitions.lookup import definition, names
from guichet.forms.parse import validate
from guichet.forms.submit import Submission, challenge, submit
from guichet.http.app import no_such_form, posted_only, serve
from guichet.http.request import Request
from guichet.http.responses import Response, thanks
from guichet.lambda_runtime import guarded, prepare
from guichet.mail.emails import acknowledgement, contact_notification
from guichet.records.outbox import QueuedEmail
from guichet.settings import ContactSettings
from guichet.store import dynamodb

if TYPE_CHECKING:
    from guichet.definitions.definition import Definition


@cache
def settings() -> ContactSettings:
    """Return the environment of this function."""
    return ContactSettings.from_environment()


def _emails(_answers: ContactForm, request: Request, settings: ContactSettings) -> list[QueuedEmail]:
    emails = [contact_notification.queued(settings.default_language)]
    if settings.acknowledge == "on":
        emails.append(acknowledgement.queued(request.language))
    return emails


CONTACT = Submission("contact", FIELDS, lambda form, _: validate(ContactForm, form), message_of, _emails)


def post(request: Request) -> Response:
    """Store a message for the site's owner. The site may define the contact form, too."""
    own = definition("contact")
    return submit(request, CONTACT, settings()) if own is None else _post_own(request, own)


def post_form(request: Request) -> Response:
    """Store what somebody wrote into a form of the site's own."""
    return _post_own(request, _own_form(request))


def open_form(request: Request) -> Response:
    """Refuse a GET of a path that only accepts POST, or does not exist."""
    _own_form(request)
    return posted_only(request)


def _own_form(request: Request) -> "Definition":
    own = definition(request.path.get("form", ""))
    return own or no_such_form(request)


def _post_own(request: Request, own: "Definition") -> Response:
    # Imported late, so that the contact form does not pay for it.
    from contact.site_form import submission  # noqa: PLC0415

    return submit(request, submission(own), settings())


ROUTES = {
    "POST /contact": post,
    "POST /f/contact": post,
    "POST /f/{form}": post_form,
    "GET /contact": posted_only,
    "GET /f/contact": posted_only,
    "GET /f/{form}": open_form,
    "GET /thanks": lambda request: thanks(request, settings()),
    "GET /challenge": lambda _: challenge(settings()),
}


@guarded
def handler(event: dict[str, Any], _context: object) -> Response:
    """Serve the routes of the function `Contact`."""
    return serve(event, ROUTES, settings())


# An invalid forms.toml that no build has checked also fails the start.
prepare(settings, dynamodb.client, names)
