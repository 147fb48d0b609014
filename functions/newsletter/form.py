"""The fields of the newsletter form, and the request made from them."""

from typing import Annotated

from guichet.addresses import normalized
from guichet.forms.fields import Email, Line
from guichet.forms.parse import Form
from guichet.forms.repeats import Identity, client_key, identify
from guichet.forms.spam import Words, judge
from guichet.http.origins import page_of
from guichet.http.request import Request
from guichet.model import Limit, Model
from guichet.records.message import SPAM_KEPT
from guichet.records.outbox import QUEUED_EMAIL_KEPT
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.settings import NewsletterSettings
from guichet.signing import keyed_hash

FIELDS = ("email", "name", "source", "consent")


class NewsletterForm(Model):
    """The answers of a newsletter form. Other fields are not stored, as nothing needs them."""

    email: Email
    name: Line = ""
    source: Line = ""
    consent: Annotated[str, Limit(max_length=2000)] = ""


class ConfirmationForm(Model):
    """What can be filled in on the confirmation page."""

    name: Line = ""


def shown_proof(sign_up: SignUp, settings: NewsletterSettings) -> str:
    """Return the proof that a page showed a request's data."""
    sent = (sign_up.name, sign_up.page, sign_up.consent_claim)
    return keyed_hash(settings.signing_secret, "shown", sign_up.id, sent)


def _identity_of(
    answers: NewsletterForm, form: Form, request: Request, settings: NewsletterSettings, spam: str
) -> Identity:
    """Return the identity of a sign-up, independent of the address's spelling."""
    signed = (normalized(answers.email), answers.name, answers.source, answers.consent)
    return identify(
        "newsletter",
        signed,
        caught=bool(spam),
        client_key=client_key(form, request),
        request=request,
        settings=settings,
    )


def sign_up_of(
    answers: NewsletterForm, form: Form, request: Request, settings: NewsletterSettings
) -> tuple[SignUp, Identity]:
    """Return the request made from a form, and its identity."""
    at = utc_now()
    spam = judge(Words((answers.name,), text=answers.source), form, request, settings)
    identity = _identity_of(answers, form, request, settings, spam)
    sign_up = SignUp(
        id=identity.id,
        email=answers.email,
        name=answers.name,
        page=answers.source or page_of(request, settings),
        consent_claim=answers.consent,
        caller_address=request.caller if settings.keep_caller_address else "",
        spam=spam,
        language=request.language,
        asked_at=at,
        # Until its email is sent, which extends this to days.
        expires_at=at + (SPAM_KEPT if spam else QUEUED_EMAIL_KEPT),
    )
    return sign_up, identity


def sign_up_again(expired: SignUp, request: Request, settings: NewsletterSettings) -> tuple[SignUp, Identity]:
    """Return a new request for the address of an expired one, and its identity."""
    at = utc_now()
    identity = identify(
        "newsletter/confirm/again", expired.id, caught=False, client_key="", request=request, settings=settings
    )
    sign_up = expired.model_copy(
        update={
            "id": identity.id,
            "language": request.language,
            "asked_at": at,
            "again": 0,
            "mailed_at": None,
            "expires_at": at + QUEUED_EMAIL_KEPT,
        }
    )
    return sign_up, identity
