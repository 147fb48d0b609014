"""The fields of the contact form, and the message made from them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from guichet.forms.fields import Email, Line, required
from guichet.forms.parse import Form
from guichet.forms.repeats import Identity, client_key, identify
from guichet.forms.spam import Words, judge
from guichet.http.origins import page_of
from guichet.http.request import Request
from guichet.model import Before, Limit, Model
from guichet.records.message import SPAM_KEPT, Message
from guichet.records.record import utc_now
from guichet.settings import ContactSettings

_KNOWN = ("email", "message", "name", "subject")
_LABELLED = tuple(Message.labels())
FIELDS = (*_KNOWN, *_LABELLED)

ExtraName = Annotated[str, Limit(max_length=64)]
ExtraValue = Annotated[str, Limit(max_length=5000)]


class ContactForm(Model):
    """The answers of a contact form.

    `labelled` are the fields that a message labels itself. Unknown fields are the site's own and go into `extra`.
    """

    email: Email
    message: Annotated[str, Limit(max_length=20_000), Before(required)]
    name: Line = ""
    subject: Line = ""
    labelled: dict[str, Line]
    extra: Annotated[dict[ExtraName, ExtraValue], Limit(max_length=30)]

    @classmethod
    def model_validate(cls, values: Mapping[str, Any]) -> Self:
        """Return the answers in the fields of a form."""
        known = {name: values[name] for name in _KNOWN if name in values}
        labelled = {name: values.get(name, "") for name in _LABELLED}
        extra = {name: value for name, value in values.items() if name not in _KNOWN and name not in _LABELLED}
        return super().model_validate({**known, "labelled": labelled, "extra": extra})


def _identity_of(answers: ContactForm, form: Form, request: Request, settings: ContactSettings, spam: str) -> Identity:
    """Return the identity of a message: the same in whatever media type or order its answers come."""
    values = {**answers.model_dump(exclude={"labelled", "extra"}), **answers.labelled}
    signed = {**values, "extra": sorted(answers.extra.items())}
    return identify(
        "contact", signed, caught=bool(spam), client_key=client_key(form, request), request=request, settings=settings
    )


def message_of(
    answers: ContactForm, form: Form, request: Request, settings: ContactSettings
) -> tuple[Message, Identity]:
    """Return the message made from a form, and its identity."""
    at = utc_now()
    form_subject = " ".join(form.control.get("_subject", "").split())[:1000]
    lines = (answers.name, *answers.labelled.values(), *answers.extra)
    text = "\n".join((answers.message, *answers.extra.values()))
    words = Words(lines, (answers.subject, form_subject), text)
    spam = judge(words, form, request, settings)
    identity = _identity_of(answers, form, request, settings, spam)
    message = Message(
        id=identity.id,
        **answers.model_dump(exclude={"labelled", "extra"}),
        **answers.labelled,
        extra=tuple(answers.extra.items()),
        form_subject=form_subject,
        page=page_of(request, settings),
        spam=spam,
        language=request.language,
        received_at=at,
        expires_at=at + (SPAM_KEPT if spam else timedelta(days=settings.retention_days)),
    )
    return message, identity
