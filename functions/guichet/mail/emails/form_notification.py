"""To the owner, or a form's own recipients: what somebody wrote into a form of the site's own."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from guichet.addresses import normalized
from guichet.definitions.lookup import definition
from guichet.locales import Language, say
from guichet.mail.emails import Addressee, Content, Due, at_desk
from guichet.records.message import Message
from guichet.records.outbox import Audience, QueuedEmail
from guichet.settings import MailSettings

if TYPE_CHECKING:
    from guichet.definitions.definition import Definition

NAME = "form-notification"
AUDIENCE: Audience = "owner"
ADDRESSEE: Addressee = "recipients"
STRANGER_SHARE: float | None = None


class Row(NamedTuple):
    """An answer for display: its label, which may be a stranger's text, and its value."""

    label: str
    text: str


def queued(language: Language, *, released: bool = False) -> QueuedEmail:
    """Return the row for the outbox: one when the message comes, one more when it is released from the spam folder."""
    return QueuedEmail(name=NAME, recipient=AUDIENCE, language=language, occasion="released" if released else "")


def ineligible(due: Due[Message]) -> str | None:
    """Return why it is no longer to be sent, or None."""
    return "it was filed as spam" if due.record.spam else None


def recipients(message: Message) -> tuple[str, ...]:
    """Return the recipients that the form names for a message, or nothing if the owner gets it."""
    own = definition(message.form)
    return own.recipients_of(message.answers) if own else ()


def content(message: Message, language: Language, settings: MailSettings) -> Content:
    """Return the content. A reply goes to the visitor. Recipients other than the owner get no links to the desk."""
    own, to = definition(message.form), recipients(message) or settings.owner_email
    owners = {normalized(address) for address in settings.owner_email}
    is_owners = all(normalized(address) in owners for address in to)
    values: dict[str, object] = {
        "message": message,
        # If the form is gone from the file, its name has to do.
        "title": own.title[language] if own else message.form,
        "rows": rows(own, message, language),
        "link": at_desk(settings, f"messages/{message.id}") if is_owners else "",
    }
    return Content(to, values, reply_to=message.email, reply_to_name=message.name)


def rows(own: "Definition | None", message: Message, language: Language) -> list[Row]:
    """Return the answers in the form's order, with its labels; then the extra fields, by their names."""
    from guichet.forms.field_types import shown  # noqa: PLC0415

    answers, agreed = message.answers, say("agreed", language)
    fields = own.fields if own else {}
    declared = [
        # A consent's answer is the wording that was agreed to.
        Row(agreed if field.type == "consent" else field.label[language], shown(field, answers[name], language))
        for name, field in fields.items()
        if answers.get(name)
    ]
    # The reply address is also in its own field; a stranger's field may have any name except the form's own.
    copied = {"email"} if own and own.email_field else set()
    attributes = [(name, text) for name, text in message.own_answers.items() if name not in copied]
    other = [Row(name, text) for name, text in (*attributes, *message.extra) if name not in fields]
    return declared + other


def words(own: "Definition | None", answers: Mapping[str, str], language: Language) -> str:
    """Return the message among the answers or, without one, the other answers except names and addresses."""
    from guichet.forms.field_types import shown  # noqa: PLC0415

    if answers.get("message"):
        return answers["message"]
    fields = own.fields if own else {}
    told = {"name", "email", *(name for name, field in fields.items() if field.type == "email")}
    others = {name: text for name, text in answers.items() if name not in told}
    declared = [shown(field, others[name], language) for name, field in fields.items() if others.get(name)]
    return " · ".join([*declared, *(text for name, text in others.items() if name not in fields)])
