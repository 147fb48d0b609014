"""Reports on what is stored about a person, for them and for the operator, and on what remains after erasing it."""

from collections import Counter
from typing import Any

from guichet.records.record import utc_now
from guichet.records.registry import BESIDE, KINDS
from guichet.records.subscriber import SUPPRESSED
from guichet.store.erasure import Erased, Person, PersonalData, is_remnant

_NAMES = {**{kind.name: kind.plural for kind in KINDS.values() if kind.of_person}, **BESIDE}
# How many days AWS keeps point-in-time backups (AWS: "Point-in-time backups for DynamoDB").
_BACKUP_DAYS = 35


def erasable(found: PersonalData) -> bool:
    """Return whether there is anything to erase, besides what an erasure leaves."""
    return bool(found.mentions) or not all(map(is_remnant, found.own))


def counts(found: PersonalData) -> dict[str, int]:
    """Return the number of items found, by kind."""
    by_kind = Counter(_NAMES[item["kind"]].replace(" ", "_") for item in found.own)
    return {**by_kind, **({"mentions_by_others": len(found.mentions)} if found.mentions else {})}


def summary(found: PersonalData) -> str:
    """Return the number of items found, by kind, as one line of text."""
    return ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in counts(found).items()) or "nothing"


def report(person: Person, found: PersonalData) -> dict[str, Any]:
    """Return everything stored about a person, for that person. Mentions by others are only counted."""
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
        "how many emails the address was sent in the last two days, under its keyed hash, to keep the limits",
        "the ids of their comments, if there were any: keyed hashes, so that no import brings these back",
    ]
    if done.remains is None:
        return always
    suppressed = done.remains in SUPPRESSED
    why = "so that it is never mailed" if suppressed else "so that no import subscribes it again"
    return [f"the keyed hash of the address, as {done.remains}, {why}", *always]
