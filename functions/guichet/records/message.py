"""A message from a contact form."""

from datetime import datetime, timedelta
from typing import Annotated, get_args

from guichet.locales import Language, locale
from guichet.records.record import Record

SPAM_KEPT = timedelta(days=30)


class Labelled:
    """Marks a one-line field that the owner's email and the desk show with a label: the sentence `field_<name>`.

    A form refuses more than `max_length` characters, by default the limit of other lines. A stored message may have
    more: the limit may have been higher when it arrived.
    """

    def __init__(self, max_length: int | None = None) -> None:
        self.max_length = max_length


class Message(Record):
    """What somebody wrote into a form. `extra` are the site's additional fields, in order, one choice per line.

    A form of the site's own may ask for no address, and for no message.
    """

    id: str
    form: str = "contact"
    email: str = ""
    message: str = ""
    name: str = ""
    subject: str = ""
    # Other one-line fields of the form. One line here adds a field: forms, emails, search and export follow.
    phone: Annotated[str, Labelled()] = ""
    extra: tuple[tuple[str, str], ...] = ()
    # The email subject set by the control field `_subject`.
    form_subject: str = ""
    page: str = ""
    # Why it is in the spam folder, or empty.
    spam: str = ""
    language: Language
    received_at: datetime
    # How long its form keeps it, if not RetentionDays.
    retention_days: int | None = None
    expires_at: datetime

    @property
    def own_answers(self) -> dict[str, str]:
        """The non-empty fields that every message has, by name."""
        own = ("name", "email", "subject", *self.labelled_fields(), "message")
        return {name: getattr(self, name) for name in own if getattr(self, name)}

    @property
    def answers(self) -> dict[str, str]:
        """The non-empty fields by name: its own fields first, then the additional ones."""
        return self.own_answers | dict(self.extra)

    @classmethod
    def labelled_fields(cls) -> dict[str, Labelled]:
        """Return the labelled fields by name."""
        kinds = cls.model_fields().items()
        return {name: part for name, kind in kinds for part in get_args(kind) if isinstance(part, Labelled)}

    def labelled(self, language: Language) -> list[tuple[str, str]]:
        """Return the labels and values of the labelled fields that were filled in.

        A field without such a sentence is labelled with its name, in words: `mobile_number` is "Mobile number".
        """
        sentences = locale(language).SENTENCES
        values = ((name, getattr(self, name)) for name in self.labelled_fields())
        return [(sentences.get(f"field_{name}") or _in_words(name), value) for name, value in values if value]

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.received_at


def _in_words(name: str) -> str:
    return name[:1].upper() + name[1:].replace("_", " ")
