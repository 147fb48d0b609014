"""The fields of the newsletter form, and the request made from them."""

from datetime import datetime
from typing import Annotated

from guichet.addresses import normalized
from guichet.forms.fields import Email, Line
from guichet.forms.parse import Form
from guichet.forms.rate_limit import network
from guichet.forms.spam import Words, judge
from guichet.http.origins import page_of
from guichet.http.request import Request
from guichet.model import Limit, Model
from guichet.records.message import SPAM_KEPT
from guichet.records.record import utc_now
from guichet.records.sign_up import REQUEST_KEPT, SignUp
from guichet.settings import NewsletterSettings
from guichet.signing import keyed_hash

# For how many seconds the same sign-up from the same caller is one request.
BUCKET = 15 * 60


class NewsletterForm(Model):
    """The answers of a newsletter form. Other fields are not needed, so they are not stored."""

    email: Email
    name: Line = ""
    source: Line = ""
    consent: Annotated[str, Limit(max_length=2000)] = ""


def sign_up_of(answers: NewsletterForm, form: Form, request: Request, settings: NewsletterSettings) -> SignUp:
    """Return the request made from a form.

    Its id takes the caller and a 15-minute bucket in: a double click is one request, and nobody learns whether
    somebody else asked for the same address.
    """
    at = utc_now()
    spam = judge(Words((answers.name,)), form, request, settings)
    return SignUp(
        id=_request_id(answers.email, request, at, settings),
        email=answers.email,
        name=answers.name,
        page=answers.source or page_of(request, settings),
        consent_claim=answers.consent,
        caller_address=request.caller if settings.keep_caller_address else "",
        spam=spam,
        language=request.language,
        asked_at=at,
        expires_at=at + (SPAM_KEPT if spam else REQUEST_KEPT),
    )


def sign_up_again(expired: SignUp, request: Request, settings: NewsletterSettings) -> SignUp:
    """Return a new request for the address of an expired one."""
    at = utc_now()
    return expired.model_copy(
        update={
            "id": _request_id(expired.email, request, at, settings),
            "language": request.language,
            "asked_at": at,
            "expires_at": at + REQUEST_KEPT,
        }
    )


def _request_id(email: str, request: Request, at: datetime, settings: NewsletterSettings) -> str:
    bucket = int(at.timestamp()) // BUCKET
    return keyed_hash(settings.signing_secret, "request", normalized(email), network(request.caller), bucket)
