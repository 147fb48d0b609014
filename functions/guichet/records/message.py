"""A message from a contact form."""

from datetime import datetime, timedelta
from typing import Annotated, TypedDict

from guichet.locales import Language
from guichet.records.record import Record

SPAM_KEPT = timedelta(days=30)


class Label(TypedDict):
    """What a field is called in the owner's email, by language."""

    fr: str
    en: str


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
    phone: Annotated[str, Label(fr="Téléphone", en="Phone")] = ""
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
        own = ("name", "email", "subject", *self.labels(), "message")
        return {name: getattr(self, name) for name in own if getattr(self, name)}

    @property
    def answers(self) -> dict[str, str]:
        """The non-empty fields by name: its own fields first, then the additional ones."""
        return self.own_answers | dict(self.extra)

    @classmethod
    def labels(cls) -> dict[str, Label]:
        """Return the labels of the labelled fields, by name."""
        return {name: label for name, kind in cls.model_fields().items() for label in getattr(kind, "__metadata__", ())}

    def labelled(self, language: Language) -> list[tuple[str, str]]:
        """Return the labels and values of the labelled fields that were filled in."""
        values = ((label[language], getattr(self, name)) for name, label in self.labels().items())
        return [(label, value) for label, value in values if value]

    @property
    def submitted_at(self) -> datetime:
        """When the form was posted."""
        return self.received_at
