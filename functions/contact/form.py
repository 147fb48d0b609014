"""The fields of the contact form, and the message made from them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, NamedTuple, Self

from guichet.forms.fields import AS_LINE, Email, Line, required
from guichet.forms.parse import Form
from guichet.forms.repeats import Identity, client_key, identify
from guichet.forms.spam import Words, judge
from guichet.http.origins import page_of
from guichet.http.request import Request
from guichet.model import Before, Limit, Model
from guichet.records.message import SPAM_KEPT, Labelled, Message
from guichet.records.record import utc_now
from guichet.settings import ContactSettings

_LABELLED = Message.labelled_fields()
FIELDS = ("email", "message", "name", "subject", *_LABELLED)

# A form's additional fields.
ExtraName = Annotated[str, Limit(max_length=64)]
ExtraValue = Annotated[str, Limit(max_length=5000)]
Extra = Annotated[dict[ExtraName, ExtraValue], Limit(max_length=30)]


class ContactForm(Model):
    """The answers of a contact form, among them the labelled fields of a message.

    Unknown fields belong to the site and go into `extra`.
    """

    email: Email
    message: Annotated[str, Limit(max_length=20_000), Before(required)]
    name: Line = ""
    subject: Line = ""
    extra: Extra

    @classmethod
    def model_fields(cls) -> dict[str, Any]:
        """Return the annotations of the fields by name."""
        *own, extra = super().model_fields().items()
        labelled = [(name, _line(field)) for name, field in _LABELLED.items()]
        return dict([*own, *labelled, extra])

    @classmethod
    def model_validate(cls, values: Mapping[str, Any]) -> Self:
        """Return the answers in the fields of a form."""
        known = {name: values[name] for name in FIELDS if name in values}
        extra = {name: value for name, value in values.items() if name not in FIELDS}
        return super().model_validate({**known, "extra": extra})


def _line(field: Labelled) -> Any:
    return Line if field.max_length is None else Annotated[str, Limit(max_length=field.max_length), AS_LINE]


for _name in _LABELLED:
    # Like other optional fields, it defaults to empty.
    setattr(ContactForm, _name, "")


class Written(NamedTuple):
    """What a message is made of: its attributes by name, its extra fields in order, and the text to check for spam."""

    known: Mapping[str, str]
    extra: tuple[tuple[str, str], ...]
    # Short answers, where links do not belong, and long ones.
    lines: tuple[str, ...]
    text: str


def message_of(
    answers: ContactForm, form: Form, request: Request, settings: ContactSettings
) -> tuple[Message, Identity]:
    """Return the message made from a contact form, and its identity."""
    known = {name: getattr(answers, name) for name in FIELDS}
    lines = (answers.name, *(known[name] for name in _LABELLED), *answers.extra)
    text = "\n".join((answers.message, *answers.extra.values()))
    return message_made("contact", Written(known, tuple(answers.extra.items()), lines, text), form, request, settings)


def message_made(  # noqa: PLR0913  what it is made of
    name: str,
    written: Written,
    form: Form,
    request: Request,
    settings: ContactSettings,
    *,
    retention_days: int | None = None,
) -> tuple[Message, Identity]:
    """Return the message made from a form's answers, and its identity.

    The identity does not depend on the media type or the order of the answers.
    """
    at = utc_now()
    form_subject = " ".join(form.control.get("_subject", "").split())[:1000]
    words = Words(written.lines, (written.known.get("subject", ""), form_subject), written.text)
    spam = judge(words, form, request, settings)
    identity = identify(
        name,
        {**written.known, "extra": sorted(written.extra)},
        caught=bool(spam),
        client_key=client_key(form, request),
        request=request,
        settings=settings,
    )
    kept = timedelta(days=retention_days or settings.retention_days)
    message = Message(
        id=identity.id,
        form=name,
        **written.known,
        extra=written.extra,
        form_subject=form_subject,
        page=page_of(request, settings),
        spam=spam,
        language=request.language,
        received_at=at,
        retention_days=retention_days,
        expires_at=at + (min(kept, SPAM_KEPT) if spam else kept),
    )
    return message, identity
