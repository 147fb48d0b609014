"""Find and erase everything stored about a person, by their address. Scans the table: addresses are not indexed.

GDPR, articles 15 (access) and 17 (erasure).
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, unquote, unquote_plus

from guichet.addresses import normalized
from guichet.records.comment import Comment
from guichet.records.record import utc_now
from guichet.records.registry import KINDS
from guichet.records.subscriber import State, Subscriber
from guichet.signing import mailbox_id, subscriber_id
from guichet.store import comments, dynamodb, limits
from guichet.store.dynamodb import ConditionFailedError, Item, marshal, marshalled
from guichet.store.table import is_record, key, subscribers_list

ERASED = "[erased]"
# The attributes that a reduced record loses.
_OF_PERSON = {
    "email", "name", "language", "confirmed_at", "history", "soft_bounces", "soft_bounced_at", "alive_at",
    "renewal_queued_at", "renewal_sent_at", "left_for",
}  # fmt: skip

# Adjoining characters may make an address part of somebody else's, which stays: joann@, mary.ann@, mary_ann@, x-ann@,
# x+ann@ and @example.organic, @example.org.uk, @example.org-x.com. That takes an ASCII letter or digit, as addresses
# have. Anything else belongs to the text, and ambiguous cases are erased, as erasure was promised: `_ann@…_` is
# Markdown, d'ann@ is French, and @example.org-2026 is not a domain.
_LONGER_LOCAL = re.compile(r"[a-z0-9][._+-]?\Z", re.ASCII | re.IGNORECASE)
_LONGER_DOMAIN = re.compile(
    # A top-level domain has only letters; and a domain does not end right before another `@`.
    r"(?![a-z0-9.-]*(?:@|%40))(?:[a-z0-9-]*\.(?:[a-z0-9-]+\.)*)?[a-z]+(?![a-z0-9])",
    re.ASCII | re.IGNORECASE,
)
# Another address may end there: `joann@example.org_ann@example.org` are two.
_ANOTHER_BEFORE = re.compile(r"[a-z0-9]@[a-z0-9.-]+[_+]?\Z", re.ASCII | re.IGNORECASE)
# Characters of addresses with named HTML entities.
_ENTITIES = {"@": ("&commat;",), ".": ("&period;",), "_": ("&lowbar;",), "+": ("&plus;",), "&": ("&amp;",)}
# How far around a match to look: no address is longer.
_LONGEST = 254
# How often to retry deleting a comment that keeps changing.
_TRIES = 5


class NotFinishedError(Exception):
    """Time ran out, or something changed meanwhile. What was erased stays erased; another run does the rest.

    `read_up_to` is the key of the last item that was read and dealt with, if any: the next run can continue there.
    """

    def __init__(self, read_up_to: dict[str, str] | None = None) -> None:
        super().__init__(read_up_to)
        self.read_up_to = read_up_to


class Person:
    """Somebody, by their address as guichet.addresses.parse returns it.

    If only a hash by a former secret is kept, it identifies them.
    """

    def __init__(self, address: str, secret: str, former_secret: str = "") -> None:
        self.address = normalized(address)
        self.secret = secret
        self.subscriber_id = subscriber_id(secret, address)
        self.subscriber_ids = {self.subscriber_id, *([subscriber_id(former_secret, address)] if former_secret else [])}
        self.mailbox_id = mailbox_id(secret, address)
        local, _, domain = self.address.partition("@")
        self._pattern = re.compile(
            "|".join(_encoded_or_not(f"{local}@{spelling}") for spelling in _spellings(domain)), re.IGNORECASE
        )

    @property
    def keys(self) -> set[str]:
        """The partition keys that can be derived from the address alone."""
        subscriptions = (key(Subscriber, one)["pk"] for one in self.subscriber_ids)
        return {*subscriptions, comments.author_key(self.subscriber_id)}

    def owns(self, item: Item) -> bool:
        """Return whether an item is a message, a request or a subscription of theirs."""
        # A subscription's key differs if the secret was changed.
        kind = KINDS.get(item.get("kind", ""))
        return kind is not None and kind.of_person and normalized(item.get("email", "")) == self.address

    def mentions(self, item: Item) -> Item:
        """Return the attributes of somebody else's item that mention the address, redacted."""
        # The item's own address is not theirs. An entry's page is the owner's path, under which it must still be found.
        kept = {"email", "page"} if item.get("kind") == "thread" or "entry" in item else {"email"}
        redacted = {name: self.redacted(value) for name, value in item.items() if name not in kept}
        return {name: value for name, value in redacted.items() if value != item[name]}

    def redacted(self, value: Any) -> Any:
        """Return a value of an item, however nested, without the address."""
        match value:
            case str():
                return self._pattern.sub(lambda found: found[0] if _is_part(found) else ERASED, value)
            case dict():
                return {name: self.redacted(part) for name, part in value.items()}
            case list():
                return [self.redacted(part) for part in value]
            case _:
                return value


@dataclass(frozen=True)
class PersonalData:
    """What is stored about a person: their own items with the rows beneath, and others' items that mention them."""

    own: list[Item]
    mentions: list[Item]


@dataclass(frozen=True)
class Erased:
    """The outcome: items erased, others' items redacted, and the state kept with the keyed hash, if any."""

    erased: int
    redacted: int
    remains: State | None


def find_data(table: str, person: Person, tell: Callable[[int], None] | None = None) -> PersonalData:
    """Find everything stored about a person. `progress` is called with the number of items read."""
    own, mentions = _find(table, person, tell)
    items = [item for pk in sorted(own) for item in _collection(table, pk)]
    shown = [entry for item in items if (entry := _shown(table, item, person))]
    theirs = {(entry["pk"], entry["sk"]) for entry in shown}
    return PersonalData(items + shown, [item for item in mentions if (item["pk"], item["sk"]) not in theirs])


def erase(  # noqa: PLR0913  how it is done for whom
    table: str,
    person: Person,
    kept: timedelta,
    *,
    until: float | None = None,
    after: dict[str, str] | None = None,
    tell: Callable[[int], None] | None = None,
    hook: bool = False,
) -> Erased:
    """Erase everything stored about a person, and redact their address in what others wrote. Idempotent.

    Counts against the caps stay, or an erased person could be mailed again at once. They name nobody and expire within
    a week. A subscriber's keyed hash and state stay, so that no import brings them back and an address that bounced or
    complained stays suppressed. A confirmed subscriber becomes `unsubscribed`, for as long as `kept`. An interrupted
    erasure can continue `after` the last item read. Items are processed as they are read, so that it finishes bit by
    bit even on a large table. With a deploy `hook`, the site is rebuilt without their comments. Raises
    NotFinishedError, also once `until` (time.monotonic) has passed.
    """
    # Its key is known without a scan, and a continued scan may not reach it again.
    own = person.keys
    redacted: set[tuple[str, str]] = set()
    counts = _Counts()
    how = _Erasing(table, person.secret, kept, counts, until, hook)
    read_up_to = after
    start = {"ExclusiveStartKey": marshalled(after)} if after else {}
    try:
        # This includes expired items, until DynamoDB deletes them.
        for number, item in enumerate(dynamodb.items("scan", TableName=table, ConsistentRead=True, **start), 1):
            _in_time(until)
            if tell:
                tell(number)
            if person.owns(item):
                if item["pk"] not in own:
                    own.add(item["pk"])
                    _erase_collection(how, item["pk"])
            elif item["pk"] not in own and _comment_at(item) not in own and person.mentions(item):
                _redact(how, item, person)
                redacted.add((item["pk"], item["sk"]))
            read_up_to = {"pk": item["pk"], "sk": item["sk"]}
        for pk in sorted(own):
            _erase_collection(how, pk)
    except NotFinishedError:
        raise NotFinishedError(read_up_to) from None
    # The row of an email may be read before its record.
    others = sum(pk not in own and _comment_at({"pk": pk, "sk": sk}) not in own for pk, sk in redacted)
    return Erased(counts.erased, others, counts.remains)


def find_submissions(table: str, form: str, tell: Callable[[int], None] | None = None) -> list[Item]:
    """Find the keys of all messages of a form, and which are spam; for the newsletter, of the sign-ups caught as spam.

    Scans the table. `tell` is called with the number of items read.
    """
    found: list[Item] = []
    # This includes expired items, until DynamoDB deletes them.
    for number, item in enumerate(dynamodb.items("scan", TableName=table, ConsistentRead=True), 1):
        if tell:
            tell(number)
        kind = item.get("kind")
        # Not stored where it is the default.
        of_form = kind == "message" and item.get("form", "contact") == form
        if of_form or (kind == "request" and form == "newsletter" and item.get("spam")):
            found.append({name: item[name] for name in ("pk", "spam") if name in item})
    return found


def erase_record(table: str, pk: str) -> int:
    """Erase a message or a sign-up, and the rows of its emails. Return how many items that were. Idempotent.

    The record goes last, so that an interrupted erasure can be repeated.
    """
    counts = _Counts()
    _erase_collection(_Erasing(table, "", timedelta(), counts), pk)
    return counts.erased


@dataclass
class _Counts:
    erased: int = 0
    remains: State | None = None


@dataclass(frozen=True)
class _Erasing:
    """The parameters of an erasure: until when (time.monotonic), and whether the site has a deploy hook."""

    table: str
    secret: str
    kept: timedelta
    counts: _Counts
    until: float | None = None
    hook: bool = False


def _erase_collection(how: _Erasing, pk: str) -> None:
    """Erase a person's own record. Email rows are deleted before their record, which alone leads to them."""
    for item in sorted(_collection(how.table, pk), key=is_record):
        _in_time(how.until)
        match item["kind"]:
            # The counters of the caps stay.
            case "cap":
                continue
            case "comment":
                _erase_comment(how, item)
                continue
            case "authored":
                # One that arrived while the table was read, or nothing any more.
                _erase_collection(how, _comment_at(item))
        if _is_reduced_only(item):
            how.counts.remains = _reduce(how.table, item, utc_now(), how.kept)
        else:
            dynamodb.call("delete_item", TableName=how.table, Key=_key(item))
        how.counts.erased += not is_remnant(item)


def _erase_comment(how: _Erasing, item: Item) -> None:
    """Erase a comment with its public entry and its author's mark. If it has replies, a stub stays.

    All in one write, so that an interruption leaves nothing half done, and the thread counts it once. Raises
    NotFinishedError if it keeps changing.
    """
    known: Comment | None = Comment.model_validate(item)
    for _ in range(_TRIES):
        if known is None or comments.delete(how.table, how.secret, known, utc_now(), hook=how.hook):
            # The comment and its author's mark; and its entry, if it was shown.
            how.counts.erased += known is not None and 2 + (known.state == "approved")
            return
        # It was approved or withdrawn meanwhile. Or it has expired, and is there until DynamoDB deletes it.
        found = dynamodb.call("get_item", TableName=how.table, Key=_key(item), ConsistentRead=True).get("Item")
        known = Comment.model_validate(dynamodb.unmarshalled(found) or {}) if found else None
    raise NotFinishedError


def _comment_at(item: Item) -> str:
    """Return the partition key of the comment behind an entry or an author's mark, or an empty string."""
    comment_id = comments.id_beside(item)
    return key(Comment, comment_id)["pk"] if comment_id else ""


def _shown(table: str, item: Item, person: Person) -> Item | None:
    """Return the public entry of a person's own comment, or None."""
    if item["kind"] != "comment" or item["state"] != "approved":
        return None
    entry = comments.item_of_entry(person.secret, Comment.model_validate(item))
    return dynamodb.unmarshalled(
        dynamodb.call("get_item", TableName=table, Key=marshalled(entry), ConsistentRead=True).get("Item")
    )


def is_remnant(item: Item) -> bool:
    """Return whether an item is what an erasure leaves: a cap's counter, or a subscriber's keyed hash and state."""
    return item["kind"] == "cap" or (_is_reduced_only(item) and not _OF_PERSON & item.keys())


def _is_reduced_only(item: Item) -> bool:
    return item["kind"] in KINDS and KINDS[item["kind"]].erasing == "reduce"


def _find(table: str, person: Person, tell: Callable[[int], None] | None) -> tuple[set[str], list[Item]]:
    """Return the keys of a person's own records, and others' items that mention them."""
    own = {*person.keys, limits.mailbox_key(person.mailbox_id)}
    mentions = []
    # This includes expired items, until DynamoDB deletes them.
    for number, item in enumerate(dynamodb.items("scan", TableName=table, ConsistentRead=True), 1):
        if tell:
            tell(number)
        if person.owns(item):
            own.add(item["pk"])
        elif person.mentions(item):
            mentions.append(item)
    # An email row may be read before its record.
    return own, [item for item in mentions if item["pk"] not in own]


def _collection(table: str, pk: str) -> Iterator[Item]:
    return dynamodb.items(
        "query",
        TableName=table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": marshal(pk)},
        ConsistentRead=True,
    )


def _reduce(table: str, item: Item, at: datetime, kept: timedelta) -> State:
    """Reduce a subscriber to its keyed hash, unless its state changed since it was read: no complaint may be lost."""
    state: State = item["state"]
    changes, condition = "", "#state = :read"
    values: Item = {":read": state}
    if state == "confirmed":
        changes = "SET #state = :state, #list = :list, left_at = :at, expires_at = :end "
        # This call may be retried.
        condition += " OR (#state = :state AND left_at = :at)"
        state = "unsubscribed"
        values |= {":state": state, ":at": at.isoformat(timespec="microseconds"), ":end": int((at + kept).timestamp())}
        values[":list"] = subscribers_list(state)
    _change(
        table,
        item,
        UpdateExpression=f"{changes}REMOVE {', '.join(f'#{name}' for name in sorted(_OF_PERSON))}",
        ConditionExpression=condition,
        ExpressionAttributeNames={f"#{name}": name for name in ("state", *(["list"] if changes else []), *_OF_PERSON)},
        ExpressionAttributeValues=marshalled(values),
    )
    return state


def _redact(how: _Erasing, item: Item, person: Person) -> None:
    """Rewrite the attributes that mention the address, unless they changed since they were read.

    Raises NotFinishedError if they did. If they are public, such as a fediverse handle, the thread counts as changed.
    """
    changed = person.mentions(item)
    values = {f":old{n}": item[name] for n, name in enumerate(changed)}
    values |= {f":new{n}": value for n, value in enumerate(changed.values())}
    update: Item = {
        "UpdateExpression": "SET " + ", ".join(f"#{n} = :new{n}" for n in range(len(changed))),
        "ConditionExpression": " AND ".join(f"(#{n} = :old{n} OR #{n} = :new{n})" for n in range(len(changed))),
        "ExpressionAttributeNames": {f"#{n}": name for n, name in enumerate(changed)},
        "ExpressionAttributeValues": marshalled(values),
    }
    if item["kind"] != "entry":
        _change(how.table, item, **update)
        return
    changes = comments.changed(how.table, item["pk"], utc_now(), hook=how.hook)
    try:
        dynamodb.transact([{"Update": {"TableName": how.table, "Key": _key(item), **update}}, *changes])
    except ConditionFailedError:
        raise NotFinishedError from None


def _change(table: str, item: Item, **update: Any) -> None:
    """Update an item conditionally. Raises NotFinishedError if it changed meanwhile."""
    try:
        dynamodb.call("update_item", TableName=table, Key=_key(item), **update)
    except ConditionFailedError:
        raise NotFinishedError from None


def _key(item: Item) -> Item:
    return marshalled({"pk": item["pk"], "sk": item["sk"]})


def _in_time(until: float | None) -> None:
    if until is not None and time.monotonic() > until:
        raise NotFinishedError


def _is_part(found: re.Match[str]) -> bool:
    """Return whether an address that was found in a text is part of a longer one."""
    before = found.string[max(0, found.start() - _LONGEST) : found.start()]
    after = found.string[found.end() : found.end() + _LONGEST]
    # If the @ is form-encoded, a `+` is a blank.
    before = unquote(before) if "@" in found[0] else unquote_plus(before)
    longer_local = _LONGER_LOCAL.search(before) and not _ANOTHER_BEFORE.search(before)
    return bool(longer_local or _LONGER_DOMAIN.match(after))


def _encoded_or_not(text: str) -> str:
    """Return a pattern for a text whose characters may be encoded as in a URL, even repeatedly, or as in Markdown."""
    return "".join(map(_encoded, text))


def _encoded(character: str) -> str:
    plain = re.escape(character)
    if character.isascii() and character.isalnum():
        return plain
    code = quote(character, safe="")
    ways = [plain] if code == character else [plain, code.replace("%", "%(?:25)*")]
    if character.isascii():
        # CommonMark 6.1 and 2.5: escaped, or as an entity.
        ways += [rf"\\{plain}", f"&#0*{ord(character)};", f"&#x0*{ord(character):x};", *_ENTITIES.get(character, ())]
    # The longest first, since one may be a prefix of another.
    return f"(?:{'|'.join(reversed(ways))})"


def _spellings(domain: str) -> set[str]:
    """Return a domain in Punycode and, if it has non-ASCII characters, with these, composed and decomposed."""
    if "xn--" not in domain:
        return {domain}
    # Only such domains pay for the imports.
    import unicodedata  # noqa: PLC0415

    import idna  # noqa: PLC0415

    try:
        spelled = idna.decode(domain)
    except UnicodeError:
        # It was accepted in this form, and has no other.
        return {domain}
    return {domain, spelled, unicodedata.normalize("NFD", spelled)}
