"""What is held of a person, as a file for them and in words for the operator; and what remains of it, and why."""

from collections import Counter
from typing import Any

from guichet.records.record import utc_now
from guichet.records.registry import KINDS
from guichet.store.erasure import Erased, Person, PersonalData

_NAMES = {kind.name: kind.plural for kind in KINDS.values() if kind.of_person} | {
    "email": "rows of emails",
    "cap": "counts of emails",
}
# AWS keeps what point-in-time recovery needs for so many days (AWS: "Point-in-time backups for DynamoDB").
_BACKUP_DAYS = 35


def counted(found: PersonalData) -> dict[str, int]:
    """Return how much is held, by kind."""
    counts = Counter(_NAMES[item["kind"]] for item in found.own)
    return {**counts, **({"mentions by others": len(found.mentions)} if found.mentions else {})}


def in_words(found: PersonalData) -> str:
    """Return how much is held, as a sentence."""
    return ", ".join(f"{name}: {count}" for name, count in counted(found).items()) or "nothing."


def report(person: Person, found: PersonalData) -> dict[str, Any]:
    """Return everything that is held of a person, for themselves. What others wrote is only counted: it is theirs."""
    by_kind: dict[str, list[Any]] = {name: [] for name in _NAMES.values()}
    for item in found.own:
        by_kind[_NAMES[item["kind"]]].append(item)
    return {
        "address": person.address,
        "made_at": utc_now().isoformat(timespec="seconds"),
        **by_kind,
        "mentions by others": len(found.mentions),
    }


def remains(done: Erased) -> list[str]:
    """Return what remains after an erasure, and why."""
    always = [
        f"AWS's point-in-time backups of the table, until they expire after {_BACKUP_DAYS} days",
        "how many emails the address was sent in the last two days, by its keyed hash, so that nobody is sent more",
    ]
    if done.remains is None:
        return always
    suppressed = done.remains in ("bounced", "complained")
    why = "so that nobody writes to them" if suppressed else "so that no import brings them back"
    return [f"the keyed hash of the address, as {done.remains}, {why}", *always]
