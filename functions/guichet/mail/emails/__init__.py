"""One module per email: who gets it, whether it is still to be sent, what it says. Its templates have its name.

Handlers that queue an email import its module, so neither Jinja nor `email` is imported here: `guichet.mail.mime` is
what writes the message.
"""

from importlib import import_module
from typing import Any, NamedTuple, Protocol, cast

from guichet.locales import Language
from guichet.records.outbox import Audience, ClaimedEmail
from guichet.records.subscriber import Subscriber
from guichet.settings import MailSettings


class Content(NamedTuple):
    """What goes into an email: its recipients, the values of its templates, and what its headers offer the reader."""

    to: tuple[str, ...]
    values: dict[str, Any]
    # Where a reply goes, if not to the sender.
    reply_to: str = ""
    # Whose address that is, in a stranger's words.
    reply_to_name: str = ""
    # The link that unsubscribes, for the mailbox provider's own button.
    unsubscribe_link: str = ""


class Email(Protocol):
    """What the module of an email has, besides a function `queued`, whose parameters are its own."""

    # In the outbox, and of its templates.
    NAME: str
    AUDIENCE: Audience
    # Its part of StrangerMailPerDay, if no other email has one. None if it never goes to an unconfirmed address.
    STRANGER_SHARE: float | None

    def ineligible(self, email: ClaimedEmail, record: Any, subscriber: Subscriber | None, /) -> str | None:
        """Return why the email of a record is no longer to be sent, or None.

        `subscriber` is what is known about the address, if the email has a `STRANGER_SHARE`.
        """

    def content(self, record: Any, language: Language, settings: MailSettings, /) -> Content:
        """Return the content of the email of a record."""


def at_desk(settings: MailSettings, page: str) -> str:
    """Return the address of a page of the desk. It is no key: whoever opens it must sign in."""
    return f"{settings.api_url}/desk/{page}"


def named(name: str) -> Email:
    """Return the module of an email, by its name in the outbox. Raises ImportError if there is none."""
    module = name.replace("-", "_")
    if not module.isidentifier():
        raise ImportError("the name of an email is letters and hyphens")
    return cast("Email", import_module(f"{__name__}.{module}"))
