"""/desk/outbox: the emails that wait, for how long, for whom, and why."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from desk import pages, words
from desk.call import Call, DeskError, Route
from guichet.http.responses import Response
from guichet.mail import emails
from guichet.mail.ses import without_addresses
from guichet.outbox.reasons import WHYS, Reason, reason_of
from guichet.records.outbox import DEPLOY_HOOK, EmailKey
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import mailboxes, outbox, outbox_list, table
from guichet.store.dynamodb import Item
from guichet.store.outbox_list import Place
from guichet.telemetry import logger

_PER_PAGE = 50
# The longest sort key of an email, in characters. None of ours comes close, and DynamoDB allows 1,024 bytes.
_LONGEST_KEY = 256
# The records that have a page of the desk, by the first part of their key.
_PAGES = {"message": "messages", "comment": "comments", "subscriber": "subscribers", "issue": "issues"}


@dataclass(frozen=True)
class Waiting:
    """An email as the page shows it. `record` is the page of the record that it reports, if there is one."""

    name: str
    recipient: str
    queued_at: datetime
    age: str
    reason: Reason
    record: str


@dataclass(frozen=True)
class Failed:
    """An email that failed for good, as the page shows it. Posting `fields` sends it again."""

    name: str
    recipient: str
    failed_at: datetime
    said: str
    record: str
    fields: dict[str, str]


def show(call: Call) -> Response:
    """Show a page of what waits, oldest first."""
    query = call.request.query
    after = Place.from_texts(query.get("at", ""), query.get("list", ""), query.get("email", ""))
    found = outbox_list.page(call.table_name, _PER_PAGE, after)
    now = utc_now()
    rows = [_waiting(call, row, now) for row in found.rows]
    reasons = Counter(row.reason.why for row in rows)
    end = found.after
    failed, more_failed = outbox.failed(call.table_name, _PER_PAGE) if found.counts else ([], False)
    return pages.page(
        call,
        "outbox.html",
        title=words.say("outbox.title", call.language),
        rows=rows,
        total=call.number(sum(found.counts.values())) if found.counts else "",
        counts={name: call.number(number) for name, number in (found.counts or {}).items() if number},
        reasons=[(why, call.number(reasons[why])) for why in WHYS if reasons[why]],
        mailboxes=_dead_mailboxes(call) if found.counts and (found.counts["held"] or reasons["mailbox"]) else [],
        older=call.url("outbox", at=end.queued_at, list=end.shard, email=end.key.id) if end else "",
        first=after is None,
        failed=[_failed(call, row) for row in failed],
        more_failed=more_failed,
    )


def _waiting(call: Call, row: Item, now: datetime) -> Waiting:
    queued_at = datetime.fromisoformat(row["queued_at"])
    return Waiting(
        name=words.email_name(row["name"], call.language),
        recipient=_recipient(call, row),
        queued_at=queued_at,
        age=_age(call, now - queued_at),
        reason=reason_of(row, now),
        record=_record(row),
    )


def _failed(call: Call, row: Item) -> Failed:
    return Failed(
        name=words.email_name(row["name"], call.language),
        recipient=_recipient(call, row),
        failed_at=datetime.fromisoformat(row["failed_at"]),
        said=without_addresses(row.get("reason", "")),
        record=_record(row),
        fields={"record": row["pk"], "email": row["sk"]},
    )


def _record(row: Item) -> str:
    kind = table.kind_at(row["pk"])
    return f"{_PAGES[kind.name]}/{table.id_at(row['pk'])}" if kind and kind.name in _PAGES else ""


def _recipient(call: Call, row: Item) -> str:
    """Return who an email goes to; for visitors, only what they did."""
    return words.say(f"outbox.to_{_addressee(row)}", call.language)


def _addressee(row: Item) -> str:
    if row["name"] == DEPLOY_HOOK:
        return "host"
    try:
        return emails.named(row["name"]).ADDRESSEE
    except ImportError:
        return str(row["recipient"])


def _age(call: Call, age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds() // 60))
    hours, days = minutes // 60, minutes // (24 * 60)
    unit, number = ("days", days) if days > 1 else ("hours", hours) if hours else ("minutes", minutes)
    return words.say(f"outbox.age_{unit}", call.language, number=call.number(number))


def _dead_mailboxes(call: Call) -> list[dict[str, Any]]:
    """Return the owner's mailboxes that take no mail: address, since when, and the server's reason."""
    dead = mailboxes.mailboxes(call.table_name).dead
    secret = call.settings.signing_secret
    known = {subscriber_id(secret, address): address for address in call.settings.owner_email}
    return [
        # A form may have its own recipients, whose addresses are not looked up here.
        {"address": known.get(mailbox, ""), "since": datetime.fromisoformat(entry.since), "reason": entry.reason}
        for mailbox, entry in dead.items()
    ]


def try_mailboxes(call: Call) -> Response:
    """Have the next sweep try the mailboxes that take no mail, which are otherwise tried once a day. Idempotent."""
    mailboxes.try_now(call.table_name, mailboxes.mailboxes(call.table_name).dead)
    logger.info("mailboxes are tried", request_id=call.request.id, session_id=call.signed_in.id)
    return pages.done(call, "outbox", told="tried")


def retry(call: Call) -> Response:
    """Queue an email again that failed for good: the next sweep sends it. Idempotent."""
    key = EmailKey(record=call.fields.get("record", ""), email=call.fields.get("email", ""))
    told = 0 < len(key.record) <= _LONGEST_KEY and 0 < len(key.email) <= _LONGEST_KEY
    row = outbox.row_at(call.table_name, key) if told else None
    if row is None:
        raise DeskError(404, "no_such_page")
    done = outbox.retry(call.table_name, key, row["recipient"])
    logger.info("queued again", request_id=call.request.id, record=key.record, email=key.email, changed=done)
    return pages.done(call, "outbox", told="retried" if done else "unchanged")


ROUTES: dict[str, Route] = {
    "GET outbox": show,
    "POST outbox/try": try_mailboxes,
    "POST outbox/retry": retry,
}
