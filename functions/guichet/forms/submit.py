"""Submit a form: parse it, check it, store it, respond."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from guichet.forms.parse import Form, parse_form, proof_of
from guichet.forms.rate_limit import caller_of, capped
from guichet.forms.repeats import Identity
from guichet.http.origins import next_url
from guichet.http.request import Request
from guichet.http.responses import HEADERS, Response, accepted, as_json
from guichet.records.comment import Comment
from guichet.records.link_request import LinkRequest
from guichet.records.message import Message
from guichet.records.outbox import QueuedEmail
from guichet.records.sign_up import SignUp
from guichet.settings import FormSettings
from guichet.store import submissions
from guichet.store.submissions import Kept
from guichet.telemetry import log_counted

Answers = TypeVar("Answers")
Settings = TypeVar("Settings", bound=FormSettings)


@dataclass(frozen=True)
class Submission(Generic[Answers, Settings]):
    """What differs between forms: the answers, the record made from them, its identity, and the emails it queues."""

    name: str
    # The names that the form knows.
    fields: Collection[str]
    # Validates a form. Raises Refusal (422).
    answers: Callable[[Form, Request], Answers]
    record: Callable[[Answers, Form, Request, Settings], tuple[Message | SignUp | Comment | LinkRequest, Identity]]
    emails: Callable[[Answers, Request, Settings], Sequence[QueuedEmail]]
    # The field with the address that a reply goes to, or an empty string.
    address_field: str = "email"
    # Other unconditional writes in the same transaction.
    further: Callable[[Any, Settings], Sequence[Mapping[str, Any]]] = lambda _, __: ()


def submit(request: Request, form: Submission[Answers, Settings], settings: Settings) -> Response:
    """Store a form's record together with the emails it queues. Spam queues none.

    Accepted, repeated and spam submissions get the same response. Raises Refusal, and the store's errors.
    """
    posted = parse_form(request, settings, form.fields, form.address_field)
    answers = form.answers(posted, request)
    record, identity = form.record(answers, posted, request, settings)
    emails = [] if record.spam else form.emails(answers, request, settings)
    caller = caller_of(request, form.name, record.submitted_at, settings)
    with capped(caller):
        proof = proof_of(posted, settings)
        kept = submissions.keep(
            settings.table_name,
            record,
            emails,
            caller,
            proof,
            neighbours=identity.neighbours,
            further=form.further(record, settings),
        )
    log_accepted(request, form.name, record, kept)
    return accepted(request, form.name, kept.id, record.email, next_url(posted.control.get("_next", ""), settings))


def log_accepted(request: Request, form: str, record: Message | SignUp | Comment | LinkRequest, kept: Kept) -> None:
    """Log and count a submission as accepted, caught as spam, or repeated."""
    what = ("caught" if record.spam else "accepted") if kept.new else "repeated"
    log_counted(what, what.capitalize(), form=form, request_id=request.id, submission_id=kept.id, spam=record.spam)


def challenge(settings: FormSettings) -> Response:
    """Issue a proof-of-work challenge, or respond that none is needed (204). Every form accepts any form's challenge.

    Each function serves it, so that requesting one warms up the function that the form will be posted to.
    """
    if settings.proof_of_work == "off":
        # Not an error status: every page asks, and browsers show errors in red.
        return {"statusCode": 204, "headers": {**HEADERS}}
    # Imported late, so that other requests do not pay for it.
    from guichet.forms.proof_of_work import challenge as new_challenge  # noqa: PLC0415

    return as_json(200, new_challenge(settings.signing_secret))
