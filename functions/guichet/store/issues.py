"""Issues of the newsletter: their text, their state, and the outcome of each reader's copy.

An issue's items have its key, or that of one of its shards. Writing the run item makes the stream start a run of the
function `Issues`; no other item of an issue does.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Literal

from guichet.locales import LANGUAGES, Language
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
from guichet.records.record import utc_now
from guichet.records.subscriber import Subscriber
from guichet.signing import keyed_hash
from guichet.store import dynamodb, outbox, readers, table
from guichet.store.dynamodb import ConditionFailedError, Item, marshalled

# The list of issues that need work, and the list of all others.
_OPEN, _AT_REST = "issues#open", "issues#rest"
_EDITION = "edition#"
# The attributes of an issue while runs work on it.
_OF_A_RUN = ("lease", "leased_until", "not_before", "waits_for")
_READ_UP_TO_THE_END = "~"
# The language of a subscriber whose item names none.
_UNWRITTEN = Subscriber.language


class LeaseLostError(Exception):
    """Another run works on the issue, or it no longer needs work."""


@dataclass(frozen=True)
class Lease:
    """An issue as held by the only run that may work on it, and that run's progress.

    `places` are the last reader in each shard that has been dealt with; `audience_after` is the last subscriber who got
    a row.
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
        """Return the places after a shard has been dealt with up to a reader, or to its end."""
        return {**self.places, f"{shard:02}": _READ_UP_TO_THE_END if subscriber_id is None else subscriber_id}


def content_hash(secret: str, editions: Mapping[Language, Edition]) -> str:
    """Return the keyed hash of an issue's text in all its languages."""
    texts = {language: edition.model_dump(mode="json") for language, edition in sorted(editions.items())}
    return keyed_hash(secret, "issue", json.dumps(texts, sort_keys=True))


def find(table_name: str, issue_id: str) -> Issue | None:
    """Return an issue, or None."""
    return table.record(table_name, Issue, issue_id)


def editions(table_name: str, issue_id: str) -> dict[Language, Edition]:
    """Return the text of an issue, by language."""
    items = dynamodb.items(
        "query",
        TableName=table_name,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :edition)",
        ExpressionAttributeValues=marshalled({":pk": _pk(issue_id), ":edition": _EDITION}),
        ConsistentRead=True,
    )
    return {item["language"]: Edition.model_validate(item) for item in items}


def written(table_name: str, issue: Issue, language: Language, to: tuple[str, ...], link: str) -> WrittenIssue | None:
    """Return an issue in a language, or None if it has no such edition."""
    edition = editions(table_name, issue.id).get(language)
    return WrittenIssue(issue, edition, language, to, link) if edition else None


def all_issues(table_name: str) -> list[Issue]:
    """Return all issues, most recently changed first."""
    listed = chain.from_iterable(
        dynamodb.items("query", **table.of_list(table_name, name)) for name in (_OPEN, _AT_REST)
    )
    items = dynamodb.batch_get(table_name, [{"pk": key["pk"], "sk": key["sk"]} for key in listed])
    now = table.seconds(utc_now())
    found = (Issue.model_validate(item) for item in items if item["expires_at"] >= now)
    return sorted(found, key=lambda issue: issue.changed_at, reverse=True)


def open_issues(table_name: str) -> list[Issue]:
    """Return the issues that may need work, ordered by name."""
    keys = dynamodb.items("query", **table.of_list(table_name, _OPEN))
    found = (find(table_name, table.id_at(key["pk"])) for key in keys)
    return [issue for issue in found if issue is not None]


# --- what the owner does -------------------------------------------------------------------------------------------


def save(  # noqa: PLR0913, PLR0917  an issue and its text
    table_name: str,
    issue_id: str,
    texts: Mapping[Language, Edition],
    content: str,
    now: datetime,
    replacing: Collection[IssueState] = frozenset({"draft"}),
    instead_of: str | None = None,
) -> IssueState | None:
    """Save an issue's text as a draft. Return None, or its state if the text may not be replaced and nothing changed.

    A started issue is never replaced. Saving the same text again changes nothing, in any state before the start.
    `instead_of` is the only content that may be replaced, empty for a new issue; an issue that is gone counts as a
    draft.
    """
    end = now + ISSUE_KEPT
    issue = Issue(id=issue_id, languages=tuple(sorted(texts)), content=content, changed_at=now, expires_at=end)
    known = find(table_name, issue_id)
    if known and known.content == content and known.state in {"draft", "scheduled"}:
        return None
    # A draft's default values are not stored.
    item = table.item_of(issue, list=_AT_REST, state="draft")
    condition, values = _replaceable(sorted(replacing), instead_of, now)
    put = table.put(table_name, item, condition=condition, values=values)
    put["Put"] |= {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    put["Put"] |= {"ExpressionAttributeNames": {"#state": "state"}} if "#state" in condition else {}
    kept = [
        table.put(table_name, _edition_item(issue_id, language, edition, end)) for language, edition in texts.items()
    ]
    gone = [
        {"Delete": {"TableName": table_name, "Key": marshalled(_edition_key(issue_id, language))}}
        # Including those of an expired issue.
        for language in LANGUAGES
        if language not in texts
    ]
    gone.append({"Delete": {"TableName": table_name, "Key": marshalled(_feedback_key(issue_id))}})
    try:
        dynamodb.transact([put, *kept, *gone])
    except ConditionFailedError as failed:
        state: IssueState = (failed.item or {}).get("state", "draft")
        return state
    return None


def _replaceable(states: Sequence[IssueState], content: str | None, now: datetime) -> tuple[str, Item]:
    """Return the condition for saving a text, and its values."""
    absent: Item = {":now": table.seconds(now)}
    if content is not None and not content:
        return table.NOT_THERE, absent
    values: Item = {f":state{number}": state for number, state in enumerate(states)}
    condition = f"#state IN ({', '.join(values)}) AND attribute_not_exists(started_at)"
    if content:
        return f"{condition} AND content = :content", {**values, ":content": content}
    return f"{table.NOT_THERE} OR ({condition})", {**values, **absent}


def begin(table_name: str, issue: Issue, now: datetime) -> bool:
    """Start sending an issue. Return False, changing nothing, if its text or state is no longer as given."""
    return _start(
        table_name,
        issue.id,
        {"started_at": table.stamp(now), "tally": {}},
        "#state IN (:draft, :scheduled) AND content = :content",
        {":draft": "draft", ":scheduled": "scheduled", ":content": issue.content},
        now,
        issue.languages,
    )


def schedule(table_name: str, issue: Issue, at: datetime, now: datetime) -> bool:
    """Schedule an issue. Return False if its text or state is no longer as given."""
    return _change(
        table_name,
        issue.id,
        {"state": "scheduled", "list": _OPEN, "scheduled_for": table.stamp(at)},
        "#state IN (:draft, :scheduled) AND content = :content",
        {":draft": "draft", ":scheduled": "scheduled", ":content": issue.content},
        now,
        ends=at + ISSUE_KEPT,
        languages=issue.languages,
    )


def take_back(table_name: str, issue: Issue, now: datetime) -> bool:
    """Make a scheduled issue a draft again. Return False if its text or state is no longer as given."""
    return _change(
        table_name,
        issue.id,
        {"state": "draft", "list": _AT_REST},
        "#state = :scheduled AND content = :content",
        {":scheduled": "scheduled", ":content": issue.content},
        now,
        removed=("scheduled_for",),
    )


def pause(table_name: str, issue_id: str, now: datetime) -> bool:
    """Pause an issue that is being sent or scheduled, for the owner. Return False if it is neither."""
    changes = {"state": "paused", "list": _AT_REST, "reason": "owner"}
    states = {":sending": "sending", ":scheduled": "scheduled"}
    return _change(table_name, issue_id, changes, "#state IN (:sending, :scheduled)", states, now)


def resume(table_name: str, issue: Issue, now: datetime) -> bool:
    """Resume a paused issue. Return False if it is not paused. The counts that pause it start again."""
    values = {":paused": "paused"}
    if issue.started_at is None and issue.scheduled_for and issue.scheduled_for > now:
        again = {"state": "scheduled", "list": _OPEN}
        return _change(table_name, issue.id, again, "#state = :paused", values, now, removed=("reason",))
    changes: Item = {
        "resumed_at": _counted_so_far(table_name, issue),
        "started_at": table.stamp(issue.started_at or now),
    }
    if issue.started_at is None:
        changes["tally"] = {}
    return _start(table_name, issue.id, changes, "#state = :paused", values, now, issue.languages)


def cancel(table_name: str, issue_id: str, now: datetime) -> bool:
    """End an issue that is scheduled, being sent or paused. Return False if it is none of these.

    What SES already has is delivered; its outcome is still recorded.
    """
    states = {":scheduled": "scheduled", ":sending": "sending", ":paused": "paused"}
    condition = "#state IN (:scheduled, :sending, :paused) AND "
    # The lease stays: a run under way finishes what it has begun, and the next one ends the issue.
    removed = ("reason", "not_before", "waits_for")
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


def at_rest(item: Item) -> Item:
    """Return an issue's item without a run at work: if scheduled or being sent, it becomes paused by the owner.

    Copies being sent at that moment count as unknown (`readers.at_rest`). A run that resumes it examines all its rows.
    """
    rested = {name: value for name, value in item.items() if name not in {*_OF_A_RUN, "places", "audience_after"}}
    if item.get("state") in {"scheduled", "sending"}:
        rested |= {"state": "paused", "reason": "owner"}
    tally = dict(item.get("tally") or {})
    if claimed := tally.pop("claimed", 0):
        tally["unknown"] = tally.get("unknown", 0) + claimed
    return {**rested, "list": _AT_REST, **({"tally": tally} if "tally" in item else {})}


def queue_test(table_name: str, issue: Issue, email: QueuedEmail, now: datetime) -> None:
    """Queue an email that shows the owner an issue as readers will get it."""
    row = outbox.row(_pk(issue.id), email, now, max(issue.expires_at, now + ISSUE_KEPT))
    dynamodb.call("put_item", **table.put(table_name, row)["Put"])


# --- what a run does -----------------------------------------------------------------------------------------------


def lease(table_name: str, issue_id: str, holder: str, now: datetime, until: datetime) -> Lease | None:
    """Take the lease of an issue. Return None if another run has it, or there is nothing to do now."""
    try:
        return _leased(
            table_name,
            issue_id,
            holder,
            {"lease": holder, "leased_until": table.seconds(until)},
            "#state IN (:sending, :cancelled) AND #list = :open"
            " AND (attribute_not_exists(lease) OR leased_until < :now OR lease = :lease)"
            # A stream may deliver a record again.
            " AND (attribute_not_exists(not_before) OR not_before <= :at)",
            {
                ":sending": "sending",
                ":cancelled": "cancelled",
                ":open": _OPEN,
                ":now": table.seconds(now),
                ":at": table.stamp(now),
            },
        )
    except ConditionFailedError:
        return None


def advance(  # noqa: PLR0913  the parts of one write
    table_name: str,
    held: Lease,
    until: datetime,
    *,
    tally: Tally | None = None,
    places: Mapping[str, str] | None = None,
    audience_after: str | None = None,
    audience: int | None = None,
) -> Lease:
    """Record a run's progress, and keep its lease. Return the current issue, which may be paused now.

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
    """Give a lease back. `again` starts the next run at once; otherwise the schedule does, from `not_before` on."""
    changes = {"not_before": table.stamp(not_before)} if not_before else {}
    changes |= {"waits_for": waits_for} if waits_for else {}
    removed = [name for name in _OF_A_RUN if name not in changes]
    with suppress(ConditionFailedError):
        actions = [_update(table_name, held.issue.id, changes, "lease = :lease", {":lease": held.holder}, removed)]
        if again:
            actions.append(_run(table_name, held.issue))
        dynamodb.transact(actions)


def pause_itself(  # noqa: PLR0913  the parts of one write
    table_name: str,
    issue: Issue,
    reason: Reason,
    email: QueuedEmail,
    now: datetime,
    *,
    holder: str = "",
    tally: Tally | None = None,
) -> bool:
    """Pause an issue, and queue the email that tells the owner why.

    Return False if its state has changed, or a run other than `holder` has it.
    """
    changes: Item = {"state": "paused", "list": _AT_REST, "reason": reason, "changed_at": table.stamp(now)}
    changes |= {"tally": _plain(tally)} if tally else {}
    condition = "#state = :before"
    values: Item = {":before": issue.state}
    if holder:
        condition, values = f"{condition} AND lease = :holder", {**values, ":holder": holder}
    update = _update(table_name, issue.id, changes, condition, values, _OF_A_RUN)
    row = outbox.row(_pk(issue.id), email, now, issue.expires_at)
    return table.written([update, table.put(table_name, row)])


def finish(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, held: Lease, tally: Tally, moved: int, email: QueuedEmail, now: datetime
) -> bool:
    """End an issue once no reader's outcome is open, and queue the email with the counts.

    `moved` is what `moved` returned before the rows were counted. Return False if an event has moved a reader since,
    the issue was paused or cancelled, or another run has it.
    """
    issue = held.issue
    changes: Item = {
        "state": "cancelled" if issue.state == "cancelled" else "sent",
        "list": _AT_REST,
        "tally": _plain(tally),
        "ended_at": table.stamp(now),
        "changed_at": table.stamp(now),
    }
    removed = (*_OF_A_RUN, "places", "audience_after")
    values: Item = {":holder": held.holder, ":before": issue.state}
    unmoved = "moved = :moved" if moved else "attribute_not_exists(moved)"
    values |= {":moved": moved} if moved else {}
    condition = f"lease = :holder AND #state = :before AND {unmoved}"
    update = _update(table_name, issue.id, changes, condition, values, removed)
    row = outbox.row(_pk(issue.id), email, now, issue.expires_at)
    return table.written([update, table.put(table_name, row)])


def moved(table_name: str, issue_id: str) -> int:
    """Return how often SES's events have moved a reader of an issue to another state."""
    return int((table.get(table_name, table.key(Issue, issue_id)) or {}).get("moved", 0))


def subscribers_after(table_name: str, place: str, most: int) -> tuple[list[tuple[str, datetime | None]], str | None]:
    """Return the next confirmed subscribers, each with their time of confirmation, and the next place, if any."""
    name = table.subscribers_list("confirmed")
    start = {"list": name, **table.key_at(place)} if place else {}
    page = dynamodb.call(
        "query",
        **table.of_list(table_name, name),
        Limit=most,
        **({"ExclusiveStartKey": marshalled(start)} if start else {}),
    )
    items = [dynamodb.unmarshalled(item) or {} for item in page["Items"]]
    # Compared as times: an import writes them in another format than a confirmation, and omits zero fractions.
    found = [(table.id_at(item["pk"]), _time(item.get("confirmed_at"))) for item in items]
    return found, page["LastEvaluatedKey"]["pk"]["S"] if "LastEvaluatedKey" in page else None


def audience(table_name: str) -> dict[Language, int]:
    """Count the confirmed subscribers by language, from their list: an issue's future readers.

    DynamoDB counts. The latest changes may be missing (AWS: "Eventually consistent reads").
    """
    counts = {language: _confirmed_in(table_name, language) for language in LANGUAGES}
    return {language: count for language, count in counts.items() if count}


def _confirmed_in(table_name: str, language: Language) -> int:
    query = table.of_list(table_name, table.subscribers_list("confirmed"))
    query["ExpressionAttributeNames"] |= {"#language": "language"}
    query["ExpressionAttributeValues"] |= marshalled({":language": language})
    # A record's default values are not stored.
    unwritten = " OR attribute_not_exists(#language)" if language == _UNWRITTEN else ""
    asked = {**query, "FilterExpression": f"#language = :language{unwritten}", "Select": "COUNT"}
    return sum(page["Count"] for page in dynamodb.pages("query", **asked))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


# --- what SES's events do ------------------------------------------------------------------------------------------


def settle_by_event(
    table_name: str, key: EmailKey, row: Reader, changes: Item, counted: Literal["bounced", "complained"] | None = None
) -> None:
    """Apply an SES event to a reader's copy, and count a bounce or complaint in the same write.

    Raises ConditionFailedError if the row changed since it was read.
    """
    update = f"SET {readers.assigned(changes)}"
    update += " REMOVE claimed_until" if "state" in changes else ""
    parameters = readers.update_of(
        table_name, key, update, "version = :version", {**readers.values_of(changes), ":version": row.version}
    )
    actions = [{"Update": parameters}]
    issue = find(table_name, readers.issue_of(key.record))
    if issue:
        actions += [_count_feedback(table_name, issue, counted)] if counted else []
        if "state" in changes:
            # An ended issue was counted otherwise; one that is just ending reads its rows again.
            actions.append(
                _move_in_tally(table_name, issue.id, row.state, changes["state"])
                if issue.ended_at
                else _note_move(table_name, issue.id)
            )
    dynamodb.transact(actions)


def feedback_of(table_name: str, issue_id: str) -> tuple[int, int]:
    """Return how many copies of an issue have bounced, and how many were reported as spam."""
    item = table.get(table_name, _feedback_key(issue_id)) or {}
    return item.get("bounced", 0), item.get("complained", 0)


# --- items ---------------------------------------------------------------------------------------------------------


def _pk(issue_id: str) -> str:
    return table.key(Issue, issue_id)["pk"]


def _edition_key(issue_id: str, language: Language) -> Item:
    return {"pk": _pk(issue_id), "sk": f"{_EDITION}{language}"}


def _feedback_key(issue_id: str) -> Item:
    return {"pk": _pk(issue_id), "sk": "feedback"}


def _edition_item(issue_id: str, language: Language, edition: Edition, end: datetime) -> Item:
    values = edition.model_dump(mode="json", exclude_defaults=True)
    key = _edition_key(issue_id, language)
    return {**key, "kind": "edition", "language": language, "expires_at": table.seconds(end), **values}


def _counted_so_far(table_name: str, issue: Issue) -> Item:
    bounced, complained = feedback_of(table_name, issue.id)
    return {**_plain(issue.counts), "bounced": bounced, "complained": complained}


def _plain(tally: Tally) -> Item:
    return tally.model_dump(mode="json", exclude_defaults=True)


def _start(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str,
    issue_id: str,
    changes: Item,
    condition: str,
    values: Item,
    now: datetime,
    languages: Sequence[Language],
) -> bool:
    changes = {**changes, "state": "sending", "list": _OPEN}
    # A run that still holds the lease notices, and does not block the next one.
    removed = ("reason", *_OF_A_RUN)
    return _change(
        table_name,
        issue_id,
        changes,
        condition,
        values,
        now,
        removed=removed,
        ends=now + ISSUE_KEPT,
        languages=languages,
        runs=True,
    )


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
    languages: Sequence[Language] = (),
    runs: bool = False,
) -> bool:
    """Change an issue if a condition holds, extend its expiry and that of its editions, and start a run."""
    changes = {**changes, "changed_at": table.stamp(now)}
    changes |= {"expires_at": table.seconds(ends)} if ends else {}
    actions = [_update(table_name, issue_id, changes, condition, values, removed)]
    actions += [_edition_kept(table_name, issue_id, language, ends) for language in languages if ends]
    if runs:
        actions.append(_run_at(table_name, issue_id, now + ISSUE_KEPT))
    return table.written(actions)


def _edition_kept(table_name: str, issue_id: str, language: Language, end: datetime) -> Item:
    key, values = _edition_key(issue_id, language), {":end": table.seconds(end)}
    return table.update(table_name, key, "SET expires_at = :end", "attribute_exists(pk)", values)


def _update(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, changes: Item, condition: str, values: Item, removed: Sequence[str] = ()
) -> Item:
    removing = f" REMOVE {', '.join(f'#{name}' for name in removed)}" if removed else ""
    setting = f"SET {', '.join(f'#{name} = :{name}' for name in changes)}" if changes else ""
    all_values = {**readers.values_of(changes), **values}
    return table.update(table_name, table.key(Issue, issue_id), f"{setting}{removing}".strip(), condition, all_values)


def _leased(  # noqa: PLR0913, PLR0917  the parts of one write
    table_name: str, issue_id: str, holder: str, changes: Item, condition: str, values: Item
) -> Lease:
    update = _update(table_name, issue_id, changes, condition, values)["Update"]
    item = dynamodb.unmarshalled(dynamodb.call("update_item", **update, ReturnValues="ALL_NEW")["Attributes"]) or {}
    return Lease(Issue.model_validate(item), holder, dict(item.get("places", {})), str(item.get("audience_after", "")))


def _run(table_name: str, issue: Issue) -> Item:
    return _run_at(table_name, issue.id, issue.expires_at)


def _run_at(table_name: str, issue_id: str, end: datetime) -> Item:
    """Return the action that makes the stream start a run."""
    changes = "SET kind = :kind, expires_at = :end ADD runs :one"
    values = {":kind": "run", ":end": table.seconds(end), ":one": 1}
    return table.update(table_name, {"pk": _pk(issue_id), "sk": "run"}, changes, values=values)


def _count_feedback(table_name: str, issue: Issue, counted: str) -> Item:
    changes = f"SET kind = :kind, expires_at = :end ADD {counted} :one"
    values = {":kind": "feedback", ":end": table.seconds(issue.expires_at), ":one": 1}
    return table.update(table_name, _feedback_key(issue.id), changes, values=values)


def _note_move(table_name: str, issue_id: str) -> Item:
    going_on = "attribute_exists(pk) AND attribute_not_exists(ended_at)"
    return table.update(table_name, table.key(Issue, issue_id), "ADD moved :one", going_on, {":one": 1})


def _move_in_tally(table_name: str, issue_id: str, before: str, after: str) -> Item:
    return table.update(
        table_name,
        table.key(Issue, issue_id),
        "SET tally.#before = if_not_exists(tally.#before, :none) - :one,"
        " tally.#after = if_not_exists(tally.#after, :none) + :one",
        "attribute_exists(ended_at)",
        {":none": 0, ":one": 1},
        names={"before": before, "after": after},
    )
