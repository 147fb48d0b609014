"""What a newsletter form may hold, and the request that it makes."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from guichet.addresses import normalized
from guichet.answers import Email, Line
from guichet.callers import network
from guichet.intake import page_of
from guichet.records import REQUEST_KEPT, SignUp, utc_now
from guichet.request import Request
from guichet.settings import NewsletterSettings
from guichet.signing import keyed_hash

# How long the same sign-up by the same caller is one request, in seconds.
BUCKET = 15 * 60


class NewsletterForm(BaseModel):
    """The answers of a newsletter form. What else a form sends is not needed, and not kept."""

    email: Email
    name: Line = ""
    source: Line = ""
    consent: Annotated[str, StringConstraints(max_length=2000)] = ""


def sign_up_of(answers: NewsletterForm, request: Request, settings: NewsletterSettings) -> SignUp:
    """Make the request of a form.

    Its id takes the caller and a 15-minute bucket in: a double click is one request, and nobody learns whether
    somebody else asked for the same address.
    """
    at = utc_now()
    return SignUp(
        id=keyed_hash(
            settings.signing_secret,
            "request",
            normalized(answers.email),
            network(request.caller),
            int(at.timestamp()) // BUCKET,
        ),
        email=answers.email,
        name=answers.name,
        page=answers.source or page_of(request, settings),
        consent_claim=answers.consent,
        language=request.language,
        asked_at=at,
        expires_at=at + REQUEST_KEPT,
    )


def subscriber_id(email: str, secret: str) -> str:
    """Return the id of the subscriber of an address, the same for all its spellings."""
    return keyed_hash(secret, "subscriber", normalized(email))
