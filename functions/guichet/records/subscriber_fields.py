"""The names of a subscriber's fields: the same in tables, CSV and JSON."""

from collections.abc import Iterator
from typing import Any, Literal

from guichet.records.subscriber import Imported, Subscriber

Mode = Literal["python", "json"]

COLUMNS = (
    "email", "name", "state", "since", "language", "confirmed_at", "left_at", "asked_at", "page", "wording",
    "wording_version", "consent_claim", "asked_from", "confirmed_from", "statement", "source", "unsubscribe_url",
)  # fmt: skip
# The columns that come from the history, as fields of the latest proof of consent.
_OF_PROOF = (
    "asked_at", "page", "wording", "wording_version", "consent_claim", "asked_from", "confirmed_from", "statement",
    "source",
)  # fmt: skip


def of_subscriber(subscriber: Subscriber, mode: Mode = "json") -> dict[str, Any]:
    """Return the fields of a subscriber by name; `since` is when they entered their state."""
    fields = subscriber.model_dump(mode=mode)
    return {**fields, "since": fields["confirmed_at" if subscriber.state == "confirmed" else "left_at"]}


def cells_of(subscriber: Subscriber, unsubscribe_url: str) -> list[str]:
    """Return a subscriber as the cells of COLUMNS, with the latest proof of consent."""
    fields = {**dict(proof_of(subscriber)), **of_subscriber(subscriber), "unsubscribe_url": unsubscribe_url}
    # No line breaks, so that the file can be read line by line.
    return [" ".join(str(fields.get(name) or "").split()) for name in COLUMNS]


def proof_of(subscriber: Subscriber) -> Iterator[tuple[str, Any]]:
    """Yield the fields of the latest proof of consent, by name."""
    imported = (event for event in reversed(subscriber.history) if isinstance(event, Imported))
    proof = subscriber.consent or next(imported, None)
    if proof is not None:
        fields = proof.model_dump(mode="json")
        yield from ((name, fields[name]) for name in _OF_PROOF if name in fields)
