"""One module per email: who gets it, whether it is still to be sent, what it says. Its templates have its name.

Handlers that queue an email import its module, so neither Jinja nor `email` is imported here: `guichet.mail.mime` is
what writes the message.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, cast

from guichet.locales import Language
from guichet.records.outbox import Audience, ClaimedEmail
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings, NotifierSettings

Record_co = TypeVar("Record_co", covariant=True)


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
    """A claimed email of the outbox, what it is about, and what is known when its turn comes."""

    email: ClaimedEmail
    record: Record_co
    settings: NotifierSettings
    # What is known about the address, if the email has a `STRANGER_SHARE`.
    subscriber: Subscriber | None = None


class UnfinishedError(Exception):
    """What an email tells of goes on, so the email waits."""


class Email(Protocol):
    """What the module of an email has, and a function `queued`, whose parameters are its own; see also `Offered`."""

    # Its name in the outbox, and of its templates.
    NAME: str
    AUDIENCE: Audience
    # Its share of StrangerMailPerDay, if no other email has one. None if it never goes to an unconfirmed address.
    STRANGER_SHARE: float | None

    def ineligible(self, due: Due[Any], /) -> str | None:
        """Return why an email is not to be sent, or None. It is asked last, before it goes to its recipients."""

    def content(self, record: Any, language: Language, settings: MailSettings, /) -> Content:
        """Return the content of the email of a record."""


# What a module may have as well: functions of a `Due`. `opened` returns what its email is written from, if that is not
# the record alone, or None if that is gone; it raises UnfinishedError as long as it goes on. `sent` notes that SES has
# taken the email, which is so even if that fails.
Offered = Literal["opened", "sent"]


def at_desk(settings: MailSettings, page: str) -> str:
    """Return the URL of a page of the desk. It grants no access: whoever opens it must sign in."""
    return f"{settings.api_url}/desk/{page}"


def named(name: str) -> Email:
    """Return the module of an email, by its name in the outbox. Raises ImportError if there is none."""
    module = name.replace("-", "_")
    if not module.isidentifier():
        raise ImportError("the name of an email is letters and hyphens")
    return cast("Email", import_module(f"{__name__}.{module}"))


def offered(name: str, what: Offered) -> Callable[[Due[Any]], Any] | None:
    """Return a function that the module of an email may have, or None if it has none."""
    function: Callable[[Due[Any]], Any] | None = getattr(named(name), what, None)
    return function
