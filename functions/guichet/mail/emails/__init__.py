"""One module per email: its recipients, its eligibility, its content. Its templates have its name.

Handlers that queue an email import its module, so neither Jinja nor `email` is imported here: `guichet.mail.mime`
writes the message.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, cast

from guichet.locales import Language
from guichet.records.outbox import Audience, ClaimedEmail, module_of
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings, NotifierSettings

Record_co = TypeVar("Record_co", covariant=True)
# Who gets an email, as the desk says it (`outbox.to_*`).
Addressee = Literal["owner", "recipients", "sender", "author", "signed_up", "new_subscriber", "subscriber"]


class Content(NamedTuple):
    """What goes into an email: recipients, template values, and what its headers offer the reader."""

    to: tuple[str, ...]
    values: dict[str, Any]
    # Where a reply goes, if not to the sender.
    reply_to: str = ""
    # The name at that address, in a stranger's words.
    reply_to_name: str = ""
    # The unsubscribe link, for the mailbox provider's own button.
    unsubscribe_link: str = ""


class Due(NamedTuple, Generic[Record_co]):
    """A claimed email in the outbox, its record, and what is known when its turn comes."""

    email: ClaimedEmail
    record: Record_co
    settings: NotifierSettings
    # What is known about the address, if the email has a `STRANGER_SHARE`.
    subscriber: Subscriber | None = None


class UnfinishedError(Exception):
    """What the email reports is not finished yet, so the email waits."""


class Email(Protocol):
    """What an email's module has, besides a function `queued` with its own parameters; see also `Offered`."""

    # Its name in the outbox, and the name of its templates.
    NAME: str
    AUDIENCE: Audience
    ADDRESSEE: Addressee
    # Its share of StrangerMailPerDay. Emails with a share of 1 split what the others leave. None if it never goes to an
    # unconfirmed address.
    STRANGER_SHARE: float | None

    def ineligible(self, due: Due[Any], /) -> str | None:
        """Return why an email must not be sent, or None. This is the last check before it is sent."""

    def content(self, record: Any, language: Language, settings: MailSettings, /) -> Content:
        """Return the content of a record's email."""


# Optional functions of a module, which take a `Due`. `opened` returns what the email is written from, if that is more
# than the record, or None if it is gone; it raises UnfinishedError until it is finished. `sent` records that SES has
# accepted the email, which holds even if recording it fails.
Offered = Literal["opened", "sent"]


def at_desk(settings: MailSettings, page: str) -> str:
    """Return the URL of a page of the desk. It grants no access: opening it requires signing in."""
    return f"{settings.api_url}/desk/{page}"


def named(name: str) -> Email:
    """Return an email's module by its name in the outbox. Raises ImportError if there is none."""
    module = module_of(name)
    if not module.isidentifier():
        raise ImportError("the name of an email is letters and hyphens")
    return cast("Email", import_module(f"{__name__}.{module}"))


def offered(name: str, what: Offered) -> Callable[[Due[Any]], Any] | None:
    """Return an optional function of an email's module, or None if the module does not have it."""
    function: Callable[[Due[Any]], Any] | None = getattr(named(name), what, None)
    return function
