"""The names of a record's fields: the same in tables, CSV and JSON."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from guichet.definitions.definition import Definition
from guichet.definitions.lookup import definition
from guichet.locales import Language
from guichet.mail.emails import form_notification
from guichet.records.message import Message
from guichet.records.sign_up import SignUp

Mode = Literal["python", "json"]

MESSAGE_COLUMNS = (
    "received_at", "form", "email", "name", "subject", "message", *Message.labelled_fields(),
    "other_fields", "page", "language", "spam", "id",
)  # fmt: skip
# The columns of a declared form's messages, before and after those of its fields.
_BEFORE, _AFTER = ("received_at",), ("other_fields", "page", "language", "spam", "id")
# Answers that a list shows in other columns.
_TOLD = ("name", "email")


def of_submission(record: Message | SignUp, mode: Mode = "json") -> dict[str, Any]:
    """Return the fields of a message, or of a sign-up in the spam folder, by name.

    For a declared form, `answers` are those to its own fields, in its order, and `other_fields` the rest.
    """
    fields = record.model_dump(mode=mode)
    if isinstance(record, SignUp):
        return {
            "id": fields.pop("id"),
            "kind": "sign-up",
            "form": "newsletter",
            "received_at": fields.pop("asked_at"),
            **fields,
        }
    fields = {"id": fields.pop("id"), "kind": "message", "other_fields": fields.pop("extra"), **fields}
    own = definition(record.form)
    if own is not None:
        fields["answers"] = answers_to(own, record)
        fields["other_fields"] = [[name, value] for name, value in record.extra if name not in own.fields]
    return fields


def answers_to(own: Definition, message: Message) -> dict[str, str]:
    """Return the answers to the own fields of a declared form, in its order."""
    answers = message.answers
    return {name: answers[name] for name in own.fields if name in answers}


def labelled(own: Definition, message: Message, language: Language) -> dict[str, Any]:
    """Return a message of a declared form for people to read: each answer with its label, as in the owner's email."""
    fields = of_submission(message, mode="python")
    answers = fields["answers"]
    rows = form_notification.rows(own, message, language)[: len(answers)]
    shown = {
        "form": f"{own.name}: {own.title[language]}",
        # Another line of an answer must not pass for another answer.
        "answers": [f"{row.label}: {_indented(row.text)}" for row in rows],
    }
    # They are already among the answers.
    known = ("name", "email", "subject", "message", *Message.labelled_fields())
    return {name: value for name, value in {**fields, **shown}.items() if name not in known}


def _indented(text: str) -> str:
    return "\n  ".join(text.splitlines())


def in_a_row(fields: Mapping[str, Any], language: Language) -> Mapping[str, Any]:
    """Return the fields of a message or a sign-up as one row, with the subject before the message."""
    text = " · ".join(filter(None, (fields.get("subject"), fields.get("message"))))
    if not fields.get("message"):
        answers = fields.get("answers") or dict(fields.get("other_fields", ()))
        text = form_notification.words(definition(fields["form"]), answers, language)
    return {**fields, "message": text if fields["kind"] == "message" else "(a sign-up)"}


def message_columns(of_form: Sequence[str] = ()) -> list[str]:
    """Return the columns of messages; for a declared form's, with a column for each of its fields."""
    return [*_BEFORE, *map(_column, of_form), *_AFTER] if of_form else list(MESSAGE_COLUMNS)


def _column(name: str) -> str:
    """Return the column of a field: its name, unless that is already a column of all messages."""
    return f"field_{name}" if name in (*_BEFORE, *_AFTER) else name


def message_cells(message: Message, of_form: Sequence[str] = ()) -> list[str]:
    """Return a message as the cells of its columns."""
    fields = of_submission(message)
    answers = message.answers if of_form else {}
    others = [(name, value) for name, value in message.extra if name not in of_form]
    fields["other_fields"] = "\n".join(f"{name}: {value}" for name, value in others)
    if not of_form:
        return [fields[name] for name in MESSAGE_COLUMNS]
    cells = [*(fields[name] for name in _BEFORE), *(answers.get(name, "") for name in of_form)]
    return [*cells, *(fields[name] for name in _AFTER)]
