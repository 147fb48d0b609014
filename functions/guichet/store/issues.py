"""Issues of the newsletter: their text, their state, and what became of each reader's copy.

What belongs to an issue has its key, or that of one of its shards. The run item is written to let the stream start a
run of the function `Issues`; nothing else of an issue does.
"""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Literal, cast
from zlib import crc32

from guichet.locales import Language
from guichet.records.issue import (
    ISSUE_KEPT,
    Edition,
    Issue,
    IssueState,
    Reader,
    Reason,
    Tally,
    WaitsFor,
    WrittenIssue,
)
from guichet.records.outbox import EmailKey, QueuedEmail
from guichet.signing import keyed_hash
from guichet.store import dynamodb, outbox, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# Over how many partitions the readers of an issue are spread: each takes a thousand writes a second (AWS: "Designing
# partition keys to distribute your workload"), and sending writes two for each reader.
SHARDS = 16
# The lists of issues that there is something to do about, and of all others.
_OPEN, _AT_REST = "issues#open", "issues#rest"
# A claim without an answer may have gone out: then an event of SES says so. Only where that is missing, too, is it sent
# once more.
MOST_CLAIMS = 2
_REASON_KEPT = 500
# What an issue has while runs work on it.
_OF_A_RUN = ("lease", "leased_until", "not_before", "waits_for")
_READ_UP_TO_THE_END = "~"


class LeaseLostError(Exception):
    """Another run works on the issue, or it is no longer to be worked on."""


@dataclass(frozen=True)
class Lease:
    """An issue as the one run has it that may work on it, and how far that has come.

    `places` are the last reader of each shard that has been dealt with; `audience_after` is the last subscriber who was
    written down.
    """

    issue: Issue
    holder: str
    places: dict[str, str] = field(default_factory=dict)
    audience_after: str = ""

    def is_through(self, shard: int) -> bool:
        """Return whether all readers of a shard have been dealt with once."""
        return self.places.get(f"{shard:02}") == _READ_UP_TO_THE_END

    def place(self, shard: int) -> str:
        """Return the last reader of a shard that has been dealt with, or an empty string."""
        return self.places.get(f"{shard:02}", "")

    def places_with(self, shard: int, subscriber_id: str | None) -> dict[str, str]:
        """Return the places once a shard has been dealt with up to a reader, or to its end."""
        return {**self.places, f"{shard:02}": _READ_UP_TO_THE_END if subscriber_id is None else subscriber_id}


def content_hash(secret: str, editions: Mapping[Language, Edition]) -> str:
    """Return the keyed hash of an issue's text in all its languages."""
    texts = {language: edition.model_dump(mode="json") for language, edition in sorted(editions.items())}
    return keyed_hash(secret, "issue", json.dumps(texts, sort_keys=True))


def find(table_name: str, issue_id: str) -> Issue | None:
    """Return an issue, or None."""
    return cast("Issue | None", table.record_at(table_name, _pk(issue_id)))


def editions(table_name: str, issue_id: str) -> dict[Language, Edition]:
    """Return the text of an issue, by language."""
    items = dynamodb.items(
        "query",
        TableName=table_name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :edition)",
        ExpressionAttributeValues=marshalled({":pk": _pk(issue_id), ":edition": "edition#"}),
        ConsistentRead=True,
    )
    return {item["language"]: Edition.model_validate(item) for item in items}


def written(table_name: str, issue: Issue, language: Language, to: tuple[str, ...], link: str) -> WrittenIssue | None:
    """Return an issue in a language, or None if it has no such edition."""
    edition = editions(table_name, issue.id).get(language)
    return WrittenIssue(issue, edition, language, to, link) if edition else None


def all_issues(table_name: str) -> list[Issue]:
    """Return all issues, the one that was changed last first."""
    found = chain(_listed(table_name, _OPEN), _listed(table_name, _AT_REST))
    return sorted(found, key=lambda issue: issue.changed_at, reverse=True)


def open_issues(table_name: str) -> list[Issue]:
    """Return the issues that there may be something to do about, in the order of their names."""
    return list(_listed(table_name, _OPEN))


def _listed(table_name: str, name: str) -> Iterator[Issue]:
    keys = dynamodb.items(
        "query",
        TableName=table_name,
        IndexName="lists",
        KeyConditionExpression="#list = :list",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues=marshalled({":list": name}),
    )
    found = (find(table_name, str(key["pk"]).partition("#")[2]) for key in keys)
    return (issue for issue in found if issue is not None)


# --- what the owner does -------------------------------------------------------------------------------------------


def save(  # noqa: PLR0913, PLR0917  an issue and its text
    table_name: str,
    issue_id: str,
    texts: Mapping[Language, Edition],
    content: str,
    now: datetime,
    replacing: Collection[IssueState] = ("draft",),
) -> IssueState | None:
    """Keep the text of an issue as a draft. Return None, or its state if it may not be replaced: nothing changes then.

    An issue that was started is never replaced. To keep the same text again changes nothing, whatever the state of one
    that was not started.
    """
    end = now + ISSUE_KEPT
    issue = Issue(id=issue_id, languages=tuple(sorted(texts)), content=content, changed_at=now, expires_at=end)
    known = find(table_name, issue_id)
    if known and known.content == content and known.state in {"draft", "scheduled"}:
        return None
    # What is a draft by default is not written otherwise.
    item = table.item_of(issue, list=_AT_REST, state="draft")
    states = {f":state{number}": state for number, state in enumerate(sorted(replacing))}
    put = table.put(
        table_name,
        item,
        condition=f"{table.NOT_THERE} OR (#state IN ({', '.join(states)}) AND attribute_not_exists(started_at))",
        values={**states, ":now": table.seconds(now)},
    )
    put["Put"] |= {
        "ExpressionAttributeNames": {"#state": "state"},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    kept = [
        table.put(table_name, _edition_item(issue_id, language, edition, end)) for language, edition in texts.items()
    ]
    gone = [
        {"Delete": {"TableName": table_name, "Key": marshalled(_edition_key(issue_id, language))}}
        for language in (known.languages if known else ())
        if language not in texts
    ]
    try:
        dynamodb.transact([put, *kept, *gone])
    except ConditionFailedError as failed:
        state: IssueState = (failed.item or {})["state"]
        return state
    return None


def begin(table_name: str, issue: Issue, now: datetime) -> bool:
    """Start to send an issue. Return False if its text or its state is no longer as given, and nothing changes."""
    return _start(
        table_name,
        issue.id,
        {"started_at": table.stamp(now), "tally": {}, "expires_at": table.seconds(now + ISSUE_KEPT)},
        "#state IN (:draft, :scheduled) AND content = :content",
        {":draft": "draft", ":scheduled": "scheduled", ":content": issue.content},
        now,
    )


def schedule(table_name: str, issue: Issue, at: datetime, now: datetime) -> bool:
    """Let an issue start by itself. Return False if its text or its state is no longer as given."""
    return _change(
        table_name,
        issue.id,
        {"state": "scheduled", "list": _OPEN, "scheduled_for": table.stamp(at)},
        "#state IN (:draft, :scheduled) AND content = :content",
        {":draft": "draft", ":scheduled": "scheduled", ":content": issue.content},
        now,
        ends=at + ISSUE_KEPT,
    )


def pause(table_name: str, issue_id: str, now: datetime) -> bool:
    """Pause an issue that is being sent or scheduled, for the owner. Return False if it is neither."""
    changes = {"state": "paused", "list": _AT_REST, "reason": "owner"}
    states = {":sending": "sending", ":scheduled": "scheduled"}
    return _change(table_name, issue_id, changes, "#state IN (:sending, :scheduled)", states, now)


def resume(table_name: str, issue: Issue, now: datetime) -> bool:
    """Go on with a paused issue. Return False if it is not paused. What pauses it by itself is counted anew."""
    values = {":paused": "paused"}
    if issue.started_at is None and issue.scheduled_for and issue.scheduled_for > now:
        changes = {"state": "scheduled", "list": _OPEN}
        return _change(table_name, issue.id, changes, "#state = :paused", values, now, removed=("reason",))
    changes = {"resumed_at": _counted_so_far(table_name, issue), "started_at": table.stamp(issue.started_at or now)}
    if issue.started_at is None:
        changes["tally"] = {}
    return _start(table_name, issue.id, changes, "#state = :paused", values, now)


def cancel(table_name: str, issue_id: str, now: datetime) -> bool:
    """End an issue that is scheduled, being sent or paused. Return False if it is none of these.

    What SES already has goes out; what became of it is still written down.
    """
    states = {":scheduled": "scheduled", ":sending": "sending", ":paused": "paused"}
    condition = "#state IN (:scheduled, :sending, :paused) AND "
    removed = ("reason", *_OF_A_RUN)
    return _change(
        table_name,
        issue_id,
        {"state": "cancelled", "list": _AT_REST},
        f"{condition} attribute_not_exists(started_at)",
        states,
        now,
        removed=removed,
    ) or _change(
        table_name,
        issue_id,
        {"state": "cancelled", "list": _OPEN},
        f"{condition} attribute_exists(started_at)",
        states,
        now,
        removed=removed,
        runs=True,
    )


def queue_test(table_name: str, issue: Issue, email: QueuedEmail, now: datetime) -> None:
    """Queue an email that shows the owner an issue as its readers will get it."""
    row = outbox.row(_pk(issue.id), email, now, max(issue.expires_at, now + ISSUE_KEPT))
    dynamodb.call("put_item", **table.put(table_name, row)["Put"])


def readers(table_name: str, issue_id: str) -> Iterator[Reader]:
    """Yield the row of each reader of an issue."""
    return chain.from_iterable(_rows(table_name, issue_id, shard) for shard in range(SHARDS))


def reader(table_name: str, key: EmailKey) -> Reader | None:
    """Return a reader's row by its key, or None."""
    item = table.get(table_name, {"pk": key.record, "sk": key.email})
    return _reader(item) if item and item.get("kind") == "reader" else None


def tally_of(table_name: str, issue_id: str) -> Tally:
    """Count what became of each reader's copy, from the rows."""
    counts: Counter[str] = Counter()
    for row in readers(table_name, issue_id):
        counts.update(counted(row))
    return Tally(**counts)


def counted(row: Reader) -> list[str]:
    """Return what a row counts as in a tally: its state, and whether it bounced or was reported as spam."""
    happened = {"bounced": row.bounced_at, "complained": row.complained_at}
    return [row.state, *(name for name, at in happened.items() if at)]


# --- what a run does -----------------------------------------------------------------------------------------------


def lease(table_name: str, issue_id: str, holder: str, now: datetime, until: datetime) -> Lease | None:
    """Let one run alone work on an issue. Return None if another one does, or there is nothing to do."""
    try:
        return _leased(
            table_name,
            issue_id,
            holder,
            {"lease": holder, "leased_until": table.seconds(until)},
            "#state IN (:sending, :cancelled) AND #list = :open"
            " AND (attribute_not_exists(lease) OR leased_until < :now OR lease = :lease)",
            {":sending": "sending", ":cancelled": "cancelled", ":open": _OPEN, ":now": table.seconds(now)},
        )
    except ConditionFailedError:
        return None


def advance(
    table_name: str,
    held: Lease,
    until: datetime,
    *,
    tally: Tally | None = None,
    places: Mapping[str, str] | None = None,
    audience_after: str | None = None,
    audience: int | None = None,
) -> Lease:
    """Write down how far a run has come, and keep its lease. Return the issue as it stands, which may be paused now.

    Raises LeaseLostError.
    """
    changes: Item = {"leased_until": table.seconds(until)}
    changes |= {"tally": _plain(tally)} if tally is not None else {}
    changes |= {"places": dict(places)} if places is not None else {}
    changes |= {"audience_after": audience_after} if audience_after is not None else {}
    changes |= {"audience": audience} if audience is not None else {}
    try:
        return _leased(table_name, held.issue.id, held.holder, changes, "lease = :lease", {":lease": held.holder})
    except ConditionFailedError:
        raise LeaseLostError from None


def release(
    table_name: str,
    held: Lease,
    *,
    again: bool,
    not_before: datetime | None = None,
    waits_for: WaitsFor | None = None,
) -> None:
    """Give a lease back. `again` starts the next run at once; else the schedule does, from `not_before` on."""
    waits = {"not_before": table.stamp(not_before)} if not_before else {}
    waits |= {"waits_for": waits_for} if waits_for else {}
    changes: Item = waits
    removed = ("lease", "leased_until", *(name for name in ("not_before", "waits_for") if name not in waits))
    with suppress(ConditionFailedError):
        actions = [_update(table_name, held.issue.id, changes, "lease = :lease", {":lease": held.holder}, removed)]
        if again:
            actions.append(_run(table_name, held.issue))
        dynamodb.transact(actions)


def pause_itself(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue: Issue, reason: Reason, email: QueuedEmail, now: datetime, tally: Tally | None = None
) -> bool:
    """Pause an issue, and queue the email that tells the owner why. Return False if its state is another one."""
    changes = {"state": "paused", "list": _AT_REST, "reason": reason, "changed_at": table.stamp(now)}
    changes |= {"tally": _plain(tally)} if tally else {}
    update = _update(table_name, issue.id, changes, "#state = :before", {":before": issue.state}, _OF_A_RUN)
    row = outbox.row(_pk(issue.id), email, now, issue.expires_at)
    return _done([update, table.put(table_name, row)])


def finish(table_name: str, held: Lease, tally: Tally, email: QueuedEmail, now: datetime) -> bool:
    """End an issue, nobody being left in between, and queue the email with the counts.

    Return False if it was paused or cancelled meanwhile, or another run has it.
    """
    issue = held.issue
    changes = {
        "state": "cancelled" if issue.state == "cancelled" else "sent",
        "list": _AT_REST,
        "tally": _plain(tally),
        "ended_at": table.stamp(now),
        "changed_at": table.stamp(now),
    }
    removed = (*_OF_A_RUN, "places", "audience_after")
    values = {":holder": held.holder, ":before": issue.state}
    update = _update(table_name, issue.id, changes, "lease = :holder AND #state = :before", values, removed)
    row = outbox.row(_pk(issue.id), email, now, issue.expires_at)
    return _done([update, table.put(table_name, row)])


def subscribers_after(table_name: str, place: str, most: int) -> tuple[list[tuple[str, str]], str | None]:
    """Return the next confirmed subscribers, each with when they confirmed, and the place to go on from, if any."""
    start = {"list": table.CONFIRMED_LIST, "pk": place, "sk": "subscriber"}
    page = dynamodb.call(
        "query",
        TableName=table_name,
        IndexName="lists",
        KeyConditionExpression="#list = :list",
        ExpressionAttributeNames={"#list": "list"},
        ExpressionAttributeValues=marshalled({":list": table.CONFIRMED_LIST}),
        Limit=most,
        **({"ExclusiveStartKey": marshalled(start)} if place else {}),
    )
    items = [dynamodb.unmarshalled(item) or {} for item in page["Items"]]
    found = [(item["pk"].partition("#")[2], item.get("confirmed_at", "")) for item in items]
    return found, page["LastEvaluatedKey"]["pk"]["S"] if "LastEvaluatedKey" in page else None


def add_reader(table_name: str, issue: Issue, subscriber_id: str) -> None:
    """Write a reader down. One who is there stays as they are."""
    key = key_of(issue.id, subscriber_id)
    item = {
        "pk": key.record,
        "sk": key.email,
        "kind": "reader",
        "state": "waiting",
        "expires_at": table.seconds(issue.expires_at),
    }
    with suppress(ConditionFailedError):
        dynamodb.call("put_item", **table.put(table_name, item, condition="attribute_not_exists(pk)")["Put"])


def count_readers(table_name: str, issue_id: str) -> int:
    """Count the rows of all readers of an issue."""
    pages = (
        page
        for shard in range(SHARDS)
        for page in dynamodb.pages("query", **_query(table_name, issue_id, shard), Select="COUNT")
    )
    return sum(page["Count"] for page in pages)


def next_readers(table_name: str, issue_id: str, shard: int, after: str, most: int) -> list[Reader]:
    """Return the next readers of a shard, in the order of their ids."""
    start = marshalled({"pk": _shard_pk(issue_id, shard), "sk": f"reader#{after}"}) if after else None
    query = _query(table_name, issue_id, shard)
    page = dynamodb.call("query", **query, Limit=most, **({"ExclusiveStartKey": start} if start else {}))
    return [_reader(dynamodb.unmarshalled(item) or {}) for item in page["Items"]]


def claim(table_name: str, issue_id: str, row: Reader, claim_id: str, now: datetime, until: datetime) -> bool:
    """Claim a reader's copy right before SES is called. Return False if another run did, or an event settled it."""
    return _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        "SET #state = :claimed, claims = list_append(if_not_exists(claims, :none), :claims), claimed_until = :until",
        # The last makes this call safe to retry.
        "(#state = :waiting OR (#state = :claimed AND claimed_until < :now)) AND version = :version"
        " OR contains(claims, :claim)",
        {
            ":claimed": "claimed",
            ":waiting": "waiting",
            ":none": [],
            ":claims": [claim_id],
            ":claim": claim_id,
            ":now": table.stamp(now),
            ":until": table.stamp(until),
            ":version": row.version,
        },
    )


def release_claim(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, row: Reader, claim_id: str, reason: str, now: datetime
) -> None:
    """Let a reader's copy wait again that SES certainly does not have. An earlier call may still be in doubt."""
    earlier = [one for one in row.claims if one != claim_id]
    values: Item = {":claim": claim_id, ":claimed": "claimed", ":reason": reason[:_REASON_KEPT], ":earlier": earlier}
    if earlier:
        # In doubt as before, and its wait is over.
        update = "SET claims = :earlier, reason = :reason, claimed_until = :now"
        values[":now"] = table.stamp(now)
    else:
        update = "SET #state = :waiting, reason = :reason, claims = :earlier REMOVE claimed_until"
        values[":waiting"] = "waiting"
    _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        update,
        "#state = :claimed AND contains(claims, :claim)",
        values,
    )


def mark(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str,
    issue_id: str,
    row: Reader,
    state: Literal["sent", "refused", "left", "unknown"],
    now: datetime,
    *,
    claim_id: str = "",
    message_id: str = "",
    reason: str = "",
) -> bool:
    """Write down what became of a reader's copy. Return False if it was settled otherwise meanwhile."""
    changes = {"state": state, "settled_at": table.stamp(now)}
    changes |= {"message_id": message_id} if message_id else {}
    changes |= {"reason": reason[:_REASON_KEPT]} if reason else {}
    condition, values = "version = :version AND #state IN (:waiting, :claimed)", {":version": row.version}
    if claim_id:
        condition, values = "#state = :claimed AND contains(claims, :claim)", {":claim": claim_id}
    values |= {":claimed": "claimed"} | ({} if claim_id else {":waiting": "waiting"})
    return _settle(
        table_name,
        key_of(issue_id, row.subscriber_id),
        f"SET {_assigned(changes)} REMOVE claimed_until" + ("" if reason else ", reason"),
        # A call that is made again finds what it wrote.
        f"({condition}) OR (#state = :state AND settled_at = :settled_at)",
        {**values, **_values(changes)},
    )


# --- what SES's events do ------------------------------------------------------------------------------------------


def settle_by_event(
    table_name: str, key: EmailKey, row: Reader, changes: Item, counted: Literal["bounced", "complained"] | None = None
) -> None:
    """Write what an event of SES tells of a reader's copy, and count a bounce or a complaint with it.

    Raises ConditionFailedError if the row changed since it was read.
    """
    update = f"SET {_assigned(changes)}"
    update += " REMOVE claimed_until" if "state" in changes else ""
    parameters = _reader_update(
        table_name, key, update, "version = :version", {**_values(changes), ":version": row.version}
    )
    actions = [{"Update": parameters}]
    issue = find(table_name, issue_of(key))
    if counted and issue:
        actions.append(_count_feedback(table_name, issue, counted))
    if "state" in changes and issue and issue.ended_at:
        # It was counted otherwise when the issue ended.
        actions.append(_move_in_tally(table_name, issue.id, row.state, changes["state"]))
    dynamodb.transact(actions)


def feedback_of(table_name: str, issue_id: str) -> tuple[int, int]:
    """Return how many copies of an issue bounced, and how many were reported as spam, so far."""
    item = table.get(table_name, _feedback_key(issue_id)) or {}
    return item.get("bounced", 0), item.get("complained", 0)


def is_reader(key: EmailKey) -> bool:
    """Return whether the key of an email is that of a reader's row of an issue."""
    return key.record.startswith("issue#") and key.email.startswith("reader#")


def issue_of(key: EmailKey) -> str:
    """Return the id of the issue that a reader's row belongs to."""
    return key.record.split("#")[1]


def key_of(issue_id: str, subscriber_id: str) -> EmailKey:
    """Return the key of a reader's row."""
    shard = crc32(subscriber_id.encode()) % SHARDS
    return EmailKey(record=_shard_pk(issue_id, shard), email=f"reader#{subscriber_id}")


# --- items ---------------------------------------------------------------------------------------------------------


def _pk(issue_id: str) -> str:
    return table.key(Issue, issue_id)["pk"]


def _shard_pk(issue_id: str, shard: int) -> str:
    return f"{_pk(issue_id)}#{shard:02}"


def _edition_key(issue_id: str, language: Language) -> Item:
    return {"pk": _pk(issue_id), "sk": f"edition#{language}"}


def _feedback_key(issue_id: str) -> Item:
    return {"pk": _pk(issue_id), "sk": "feedback"}


def _edition_item(issue_id: str, language: Language, edition: Edition, end: datetime) -> Item:
    values = edition.model_dump(mode="json", exclude_defaults=True)
    key = _edition_key(issue_id, language)
    return {**key, "kind": "edition", "language": language, "expires_at": table.seconds(end), **values}


def _query(table_name: str, issue_id: str, shard: int) -> Item:
    return {
        "TableName": table_name,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": marshalled({":pk": _shard_pk(issue_id, shard)}),
        "ConsistentRead": True,
    }


def _rows(table_name: str, issue_id: str, shard: int) -> Iterator[Reader]:
    return map(_reader, dynamodb.items("query", **_query(table_name, issue_id, shard)))


def _reader(item: Item) -> Reader:
    return Reader.model_validate({**item, "subscriber_id": item["sk"].partition("#")[2]})


def _counted_so_far(table_name: str, issue: Issue) -> Item:
    bounced, complained = feedback_of(table_name, issue.id)
    return {**_plain(issue.tally or Tally()), "bounced": bounced, "complained": complained}


def _plain(tally: Tally) -> Item:
    return tally.model_dump(mode="json", exclude_defaults=True)


def _start(
    table_name: str, issue_id: str, changes: Item, condition: str, values: Item, now: datetime
) -> bool:
    changes = {**changes, "state": "sending", "list": _OPEN}
    # A run that still has the lease finds out, and does not keep the next one from starting.
    removed = ("reason", *_OF_A_RUN)
    return _change(table_name, issue_id, changes, condition, values, now, removed=removed, runs=True)


def _change(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str,
    issue_id: str,
    changes: Item,
    condition: str,
    values: Item,
    now: datetime,
    *,
    removed: Sequence[str] = (),
    ends: datetime | None = None,
    runs: bool = False,
) -> bool:
    changes = {**changes, "changed_at": table.stamp(now)}
    changes |= {"expires_at": table.seconds(ends)} if ends else {}
    actions = [_update(table_name, issue_id, changes, condition, values, removed)]
    if runs:
        actions.append(_run_at(table_name, issue_id, now + ISSUE_KEPT))
    return _done(actions)


def _done(actions: Sequence[Mapping[str, Any]]) -> bool:
    try:
        dynamodb.transact(actions)
    except ConditionFailedError:
        return False
    return True


def _update(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, changes: Item, condition: str, values: Item, removed: Sequence[str] = ()
) -> Item:
    removing = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
    setting = f"SET {', '.join(f'#{name} = :{name}' for name in changes)}" if changes else ""
    names = {*changes, *removed, *(name for name in ("state", "list") if f"#{name}" in condition)}
    parameters: Item = {
        "TableName": table_name,
        "Key": marshalled(table.key(Issue, issue_id)),
        "UpdateExpression": f"{setting}{removing}".strip(),
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in sorted(names)},
        "ExpressionAttributeValues": marshalled({**_values(changes), **values}),
    }
    if not parameters["ExpressionAttributeNames"]:
        del parameters["ExpressionAttributeNames"]
    return {"Update": parameters}


def _leased(table_name: str, issue_id: str, holder: str, changes: Item, condition: str, values: Item) -> Lease:
    update = _update(table_name, issue_id, changes, condition, values)["Update"]
    item = dynamodb.unmarshalled(dynamodb.call("update_item", **update, ReturnValues="ALL_NEW")["Attributes"]) or {}
    return Lease(
        Issue.model_validate(item), holder, dict(item.get("places", {})), str(item.get("audience_after", ""))
    )


def _run(table_name: str, issue: Issue) -> Item:
    return _run_at(table_name, issue.id, issue.expires_at)


def _run_at(table_name: str, issue_id: str, end: datetime) -> Item:
    """Return the action that lets the stream start a run."""
    return {
        "Update": {
            "TableName": table_name,
            "Key": marshalled({"pk": _pk(issue_id), "sk": "run"}),
            "UpdateExpression": "SET kind = :kind, expires_at = :end ADD runs :one",
            "ExpressionAttributeValues": marshalled({":kind": "run", ":end": table.seconds(end), ":one": 1}),
        }
    }


def _count_feedback(table_name: str, issue: Issue, counted: str) -> Item:
    return {
        "Update": {
            "TableName": table_name,
            "Key": marshalled(_feedback_key(issue.id)),
            "UpdateExpression": f"SET kind = :kind, expires_at = :end ADD {counted} :one",
            "ExpressionAttributeValues": marshalled(
                {":kind": "feedback", ":end": table.seconds(issue.expires_at), ":one": 1}
            ),
        }
    }


def _move_in_tally(table_name: str, issue_id: str, before: str, after: str) -> Item:
    return {
        "Update": {
            "TableName": table_name,
            "Key": marshalled(table.key(Issue, issue_id)),
            "UpdateExpression": (
                "SET tally.#before = if_not_exists(tally.#before, :none) - :one,"
                " tally.#after = if_not_exists(tally.#after, :none) + :one"
            ),
            "ConditionExpression": "attribute_exists(ended_at)",
            "ExpressionAttributeNames": {"#before": before, "#after": after},
            "ExpressionAttributeValues": marshalled({":none": 0, ":one": 1}),
        }
    }


def _settle(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> bool:
    try:
        dynamodb.call("update_item", **_reader_update(table_name, key, update, condition, values))
    except ConditionFailedError:
        return False
    return True


def _reader_update(table_name: str, key: EmailKey, update: str, condition: str, values: Item) -> Item:
    parameters: Item = {
        "TableName": table_name,
        "Key": marshalled({"pk": key.record, "sk": key.email}),
        "UpdateExpression": f"{update} ADD version :one",
        "ConditionExpression": condition,
        "ExpressionAttributeValues": marshalled({**values, ":one": 1}),
    }
    if "#" in update + condition:
        names = {name: name[1:] for name in ("#state",) if name in update + condition}
        parameters["ExpressionAttributeNames"] = names
    return parameters


def _assigned(changes: Item) -> str:
    return ", ".join(f"#{name} = :{name}" if name == "state" else f"{name} = :{name}" for name in changes)


def _values(changes: Item) -> Item:
    return {f":{name}": value for name, value in changes.items()}

