"""Who is notified: the owner's addresses, and the recipients of the site's own forms."""

from typing import Protocol

from guichet.definitions.lookup import definition, definitions
from guichet.locales import Language
from guichet.mail.emails import contact_notification, desk_sign_in, form_notification
from guichet.records.message import Message
from guichet.records.outbox import QueuedEmail
from guichet.records.sign_in import SignIn


class _HasOwner(Protocol):
    """The settings of a function that knows the owner's addresses."""

    @property
    def owner_email(self) -> tuple[str, ...]:
        """The owner's addresses."""

    @property
    def signing_secret(self) -> str:
        """The secret of the stack."""


def queued(form: str, language: Language, *, released: bool = False) -> QueuedEmail:
    """Return the outbox row of a message's notification, by form."""
    # A command may run without the file with the site's forms.
    if form == "contact" and definition(form) is None:
        return contact_notification.queued(language, released=released)
    return form_notification.queued(language, released=released)


def recipients_of(email: str, record: object, settings: _HasOwner) -> tuple[str, ...]:
    """Return who gets an email meant for the owner, by the email's name.

    That is the recipients of its form for a message, the one address that was typed at the desk for signing in, and
    else the owner.
    """
    if email == desk_sign_in.NAME and isinstance(record, SignIn):
        return desk_sign_in.recipients(record, settings.owner_email, settings.signing_secret)
    if email == form_notification.NAME and isinstance(record, Message):
        return form_notification.recipients(record) or settings.owner_email
    return settings.owner_email


def all_recipients(settings: _HasOwner) -> tuple[str, ...]:
    """Return everybody who may get mail meant for the owner: the owner's addresses and the forms' recipients."""
    of_forms = (address for own in definitions().values() for address in own.all_recipients)
    return tuple(dict.fromkeys((*settings.owner_email, *of_forms)))
