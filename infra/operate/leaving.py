"""Subscribers in other tools' import formats: their columns, separator and date format.

- Mailchimp: "Format Guidelines for Your Import File". Columns are matched by their headings, dates are ISO 8601.
- Brevo: "Create a file to import your contacts". Headings are attribute names, values are separated by semicolons.
- listmonk: `internal/subimporter`. `email`, `name` and `attributes`, which is JSON; a byte order mark would become part
of the first heading.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from guichet.records.subscriber import Subscriber
from guichet.records.subscriber_fields import of_subscriber, proof_of
from guichet.spreadsheet import cell

Tool = Literal["mailchimp", "brevo", "listmonk"]


@dataclass(frozen=True)
class Format:
    """The file that a tool's importer takes."""

    columns: tuple[str, ...]
    separator: str
    cells: Callable[[Subscriber], tuple[str, ...]]


def _first_and_last(name: str) -> tuple[str, str]:
    """Return a name in the two columns that tools have for it. Joined, they are the original name."""
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last


def _consent(subscriber: Subscriber) -> dict[str, Any]:
    """Return the available proof of consent, by name, as text."""
    fields = {**dict(proof_of(subscriber)), **of_subscriber(subscriber)}
    names = ("language", "confirmed_at", "left_at", "page", "source", "wording", "wording_version", "statement")
    # As in all cells: a file may be opened with the wrong separator.
    return {name: cell(" ".join(str(fields[name]).split())) for name in names if fields.get(name)}


def _day(text: str) -> str:
    return text[: len("2026-11-26")]


def _mailchimp(subscriber: Subscriber) -> tuple[str, ...]:
    consent = _consent(subscriber)
    days = (_day(consent.get(name, "")) for name in ("confirmed_at", "left_at"))
    proof = consent.get("wording") or consent.get("statement", "")
    # Text of more than 255 bytes is clipped there, perhaps in the middle of a character.
    shown = proof.encode()[:255].decode(errors="ignore")
    return (*map(cell, _first_and_last(subscriber.name)), consent["language"], *days, shown)


def _brevo(subscriber: Subscriber) -> tuple[str, ...]:
    consent = _consent(subscriber)
    days = (_day(consent.get(name, "")) for name in ("confirmed_at", "left_at"))
    return (*map(cell, _first_and_last(subscriber.name)), consent["language"], *days)


def _listmonk(subscriber: Subscriber) -> tuple[str, ...]:
    return cell(" ".join(subscriber.name.split())), json.dumps(_consent(subscriber), ensure_ascii=False)


FORMATS: Mapping[Tool, Format] = {
    "mailchimp": Format(
        ("Email Address", "First Name", "Last Name", "Language", "Confirmed", "Unsubscribed", "Consent"),
        ",",
        _mailchimp,
    ),
    "brevo": Format(
        ("EMAIL", "FIRSTNAME", "LASTNAME", "LANGUAGE", "CONFIRMED", "UNSUBSCRIBED"),
        ";",
        _brevo,
    ),
    "listmonk": Format(("email", "name", "attributes"), ",", _listmonk),
}


def head_of(tool: Tool) -> str:
    """Return the first line of a tool's file."""
    return _csv([FORMATS[tool].columns], FORMATS[tool].separator)


def rows_of(tool: Tool, subscribers: Iterable[Subscriber]) -> str:
    """Return the lines of subscribers. Addresses are not escaped: changed, they would be somebody else's."""
    cells = FORMATS[tool].cells
    return _csv(((one.email, *cells(one)) for one in subscribers), FORMATS[tool].separator)


def _csv(rows: Iterable[Iterable[str]], separator: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator="\r\n", quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()
