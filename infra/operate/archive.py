"""The archive that `guichet export everything` writes: all items of a table, to move to another stack.

It is JSON Lines. The first line is a head, which identifies the secret that made its hashes; the last one is an end,
with the number of items and a keyed hash of everything before it. Between them is one item per line, as plain values.
DynamoDB types without a JSON equivalent are objects with one name: `{"$SS": [...]}` is a set of texts, `{"$N": "1.5"}`
a number that is not an integer, `{"$B": "..."}` bytes in Base64, and `{"$M": {...}}` a map that looks like one of
these.
"""

import hashlib
import hmac
import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from guichet.signing import keyed_hash
from guichet.store import table
from guichet.store.dynamodb import Item
from infra.operate.connection import OperatorError

VERSION = 1
_BEGINS = b'{"guichet":'
# The DynamoDB types without a JSON equivalent.
_TAGGED = {f"${kind}": kind for kind in ("N", "B", "SS", "NS", "BS", "M")}


class Secrets:
    """The secrets of a stack: its own, and that of the stack whose archive it was created from, if any."""

    def __init__(self, own: str, former: str = "") -> None:
        self.own = own
        self.by_mark = {mark_of(secret): secret for secret in (own, former) if secret}
        self.former = former if former != own else ""


NO_SECRETS = Secrets("")


@dataclass(frozen=True)
class Head:
    """The first line of an archive. `secret` and `former` are marks of the secrets that made its hashes."""

    written_at: datetime
    secret: str
    former: str = ""


def mark_of(secret: str) -> str:
    """Return a mark that identifies the secret of an archive without revealing it."""
    return keyed_hash(secret, "archive")


def is_archive(file: Path) -> bool:
    """Return whether a file begins like an archive."""
    with file.open("rb") as opened:
        return opened.read(len(_BEGINS)) == _BEGINS


def head_line(secrets: Secrets, written_at: str) -> bytes:
    """Return the first line of an archive."""
    former = {"former_key": mark_of(secrets.former)} if secrets.former else {}
    head = {"guichet": "archive", "version": VERSION, "written_at": written_at, "key": mark_of(secrets.own)}
    return line({**head, **former})


def end_line(secrets: Secrets, content: "hashlib._Hash", items: int, kinds: Mapping[str, int]) -> bytes:
    """Return the last line of an archive, by the SHA-256 of all lines before it."""
    proof = _proof(secrets.own, content, items)
    return line({"guichet": "end", "items": items, "kinds": dict(sorted(kinds.items())), "proof": proof})


def line(content: Mapping[str, Any]) -> bytes:
    """Return a line of an archive."""
    return json.dumps(content, ensure_ascii=False).encode() + b"\n"


def kind_of(item: Item) -> str:
    """Return the kind of an item."""
    if item.get("kind"):
        return str(item["kind"])
    record = table.kind_at(str(item["pk"]))
    return record.name if record else str(item["pk"])


def plain_item(wire: Mapping[str, Any]) -> Item:
    """Return an item, as DynamoDB returns it, as plain values."""
    return {name: _plain(value) for name, value in wire.items()}


def wire_item(item: Item) -> Item:
    """Return an item of plain values in DynamoDB's format. Raises ValueError if a value has none."""
    return {name: _wire(value) for name, value in item.items()}


def _plain(value: Mapping[str, Any]) -> Any:  # noqa: PLR0911  one for each type
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "NULL":
            return None
        case "N" if str(content).removeprefix("-").isdigit() and str(int(content)) == content:
            return int(content)
        case "L":
            return [_plain(part) for part in content]
        case "M":
            parts = {name: _plain(part) for name, part in content.items()}
            return {"$M": parts} if any(name in _TAGGED for name in parts) else parts
        case "B":
            return {"$B": b64encode(content).decode()}
        case "BS":
            return {"$BS": sorted(b64encode(part).decode() for part in content)}
        case _:
            return {f"${kind}": sorted(content) if kind in {"SS", "NS"} else content}


def _wire(value: Any) -> dict[str, Any]:  # noqa: PLR0911  one for each type
    match value:
        case None:
            return {"NULL": True}
        case str():
            return {"S": value}
        # A bool is an int as well.
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case list():
            return {"L": [_wire(part) for part in value]}
        case {"$M": dict() as parts} if len(value) == 1:
            return {"M": {name: _wire(part) for name, part in parts.items()}}
        case dict() if len(value) == 1 and next(iter(value)) in _TAGGED:
            ((tag, content),) = value.items()
            return {_TAGGED[tag]: content}
        case dict():
            return {"M": {name: _wire(part) for name, part in value.items()}}
        case _:
            raise ValueError(f"no value of DynamoDB: {type(value).__name__}")


class Archive:
    """An archive in a file, which is checked whole before anything is read of it.

    Raises OperatorError if it is not an archive, is truncated, was changed, or is from another owner's stack.
    """

    def __init__(self, file: Path, secrets: Secrets) -> None:
        self._file = file
        self.head = self._head(secrets)
        self.kinds: Counter[str] = Counter()
        self.items = 0
        self._check(secrets.by_mark[self.head.secret])

    def lines(self) -> Iterator[Item]:
        """Yield the items, as plain values."""
        for raw in self._raw():
            yield json.loads(raw)

    def _raw(self) -> Iterator[bytes]:
        """Yield the lines between the head and the end."""
        with self._file.open("rb") as opened:
            opened.readline()
            before = opened.readline()
            for raw in opened:
                yield before
                before = raw

    def _head(self, secrets: Secrets) -> Head:
        with self._file.open("rb") as opened:
            head = _object(opened.readline())
        try:
            version, written_at = head["version"], datetime.fromisoformat(head["written_at"]).astimezone(UTC)
            made = Head(written_at, str(head["key"]), str(head.get("former_key", "")))
        except (KeyError, TypeError, ValueError):
            raise OperatorError(f"{self._file} is not an archive of Guichet: its first line is wrong") from None
        if head.get("guichet") != "archive" or version != VERSION:
            raise OperatorError(f"{self._file} is an archive of another version of Guichet ({version}): use that one")
        if made.secret not in secrets.by_mark:
            raise OperatorError(
                f"{self._file} was written by a stack with another SigningSecret, and this one does not know it. "
                "Suppressed addresses are only known by their hashes. Deploy this stack with "
                "FormerSigningSecret set to that stack's SigningSecret, and then import it"
            )
        if made.former and made.former not in secrets.by_mark:
            raise OperatorError(
                f"{self._file} was written by a stack that has a FormerSigningSecret. Deploy this one with the same "
                "SigningSecret and FormerSigningSecret as that one, and then import it"
            )
        return made

    def _check(self, secret: str) -> None:
        content = hashlib.sha256()
        with self._file.open("rb") as opened:
            head = opened.readline()
            content.update(head)
            before = opened.readline()
            for raw in opened:
                content.update(before)
                item = _object(before)
                if not isinstance(item.get("pk"), str) or not isinstance(item.get("sk"), str):
                    raise self._changed(self.items + 2)
                self.kinds[kind_of(item)] += 1
                self.items += 1
                before = raw
        end = _object(before)
        if end.get("guichet") != "end":
            raise OperatorError(
                f"{self._file} is truncated: its last line is not the end of an archive. Export or copy it again"
            )
        proof = _proof(secret, content, self.items)
        if end.get("items") != self.items or not hmac.compare_digest(str(end.get("proof")).encode(), proof.encode()):
            raise self._changed()

    def _changed(self, line: int | None = None) -> OperatorError:
        where = f" (line {line:,})" if line else ""
        return OperatorError(
            f"{self._file} was changed since it was written{where}: nothing was imported from it. Export it again"
        )


def _proof(secret: str, content: "hashlib._Hash", items: int) -> str:
    return keyed_hash(secret, "archive-end", content.hexdigest(), items)


def _object(raw: bytes) -> dict[str, Any]:
    """Return the object in a line, or an empty one if there is none."""
    try:
        found = json.loads(raw)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
