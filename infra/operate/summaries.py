"""What commands did, in sentences for people."""

from collections.abc import Iterator, Mapping

from guichet.records.registry import KINDS
from guichet.store.erasure import Erased
from infra.operate import carrying
from infra.operate.importing import Summary
from infra.operate.output import counted

# The outcomes of an import: as done, and as planned in a dry run.
IMPORTED = {
    "imported": ("imported", "will be imported"),
    "asked": ("asked to confirm", "will be asked to confirm"),
    "confirmed already": ("already confirmed", "will stay confirmed"),
    "asked already": ("already asked", "will not be asked again"),
    "left": ("unsubscribed earlier", "will stay unsubscribed"),
    "suppressed": ("suppressed", "will stay suppressed"),
    "unsubscribed": ("left there and kept as unsubscribed", "left there and will be kept as unsubscribed"),
    "bounced": ("bounced there and kept as suppressed", "bounced there and will be kept as suppressed"),
    "complained": ("complained there and kept as suppressed", "complained there and will be kept as suppressed"),
    "never confirmed": ("never confirmed there and skipped", "never confirmed there and will be skipped"),
}
# The names of items in an archive that are not records.
_CARRIED = {
    "deleted": "marks of deleted comments",
    "edition": "texts of issues",
    "email": "emails, sent and waiting",
    "feedback": "counts of bounces",
    "reader": "readers of issues",
    "subscriber": "subscribers and suppressions",
    "told": "times of spam reports",
}
# What else is reported about items of an archive, after their number.
_TOLD = {
    "left by hash": ("subscriber", "of this stack, gone or suppressed at the old one: {will}ended here, too."),
    "stays left": ("subscriber", "of the archive, gone or suppressed here: unchanged."),
    "waits here": ("email", "to you {will}sent from here. The old stack sends it, too, if it still can."),
    "not sent here": ("email", "to visitors still waits at the old stack, and only that one sends it."),
    "paused": ("issue", "under way {will}paused here. Cancel it at the old stack before you resume it."),
    "another issue": ("item", "left out: this stack has another issue of that name."),
    "deleted here": ("comment", "left out: deleted or refused since, here or at the old stack."),
    "erased here": ("item", "left out: this stack has erased the person since."),
    "expired": ("item", "left out: it has expired."),
}
# The outcomes of the emails that were tried, after their number.
SWEPT = {
    "failed": "failed: SES, or the site's host, refused it for good.",
    "dropped": "no longer needed, and not sent.",
    "postponed": "waiting: SES does not accept mail now.",
    "unverified": "waiting: SES is in the sandbox, and the address is not verified.",
    "capped": "waiting: StrangerMailPerDay is used up for today.",
    "rationed": "waiting: its network has used up its share of StrangerMailPerDay.",
    "delayed": "waiting: its mailbox got one a moment ago, or enough of them today.",
    "throttled": "waiting: the sending rate of the SES account is reached.",
    "held": "waiting: the owner's mailbox takes no mail.",
    "erasing": "waiting: the erasure that it reports is still running.",
    "unanswered": "waiting: the site's host did not accept the call to build it.",
    "not ours": "being sent by the notifier at this moment.",
    "unexpected": "waiting: the notifier failed, and its log says why.",
}


def of_import(summary: Summary, bad_file: str, room: int | None, *, dry_run: bool) -> Iterator[str]:
    """Yield what an import did, or in a dry run will do. `room` is how many may be asked today."""
    counts = summary.outcomes
    done = [f"{counts[outcome]:,} {words[dry_run]}" for outcome, words in IMPORTED.items() if counts[outcome]]
    if summary.bad:
        done.append(f"{summary.bad:,} will be rejected" if dry_run else counted(summary.bad, "bad line"))
    yield f"{'Dry run: ' if dry_run else ''}{', '.join(done) or 'the file has no addresses'}."
    if room is not None and dry_run and counts["asked"] > room:
        yield f"Today's limit leaves room for {room:,}. The others will follow when you run it again tomorrow."
    if counts["never confirmed"]:
        yield "--ask mails a confirmation link to those who never confirmed."
    if summary.bad:
        yield f"The bad lines are in {bad_file}"
    if summary.stopped:
        yield f"Stopped after line {summary.done_until:,}: {summary.stopped}."


def of_carrying(summary: carrying.Summary, *, dry_run: bool) -> Iterator[str]:
    """Yield the outcome of importing an archive, or in a dry run the expected one."""
    will = "will be " if dry_run else ""
    count = summary.count
    written = sum(map(count, carrying.WRITTEN))
    done = [f"{written:,} {will}carried", *([f"{count('updated'):,} {will}updated"] if count("updated") else [])]
    yield f"{'Dry run: ' if dry_run else ''}{', '.join(done)}, {count('there already'):,} there already."
    for kind in sorted({kind for kind, outcome in summary.outcomes if outcome in carrying.WRITTEN}):
        number = sum(count(outcome, kind) for outcome in carrying.WRITTEN)
        yield f"- {_CARRIED.get(kind) or KINDS[kind].plural}: {number:,}"
    for outcome, (thing, words) in _TOLD.items():
        if number := count(outcome):
            yield f"{counted(number, thing)} {words.format(will=will)}"
    if summary.stopped:
        yield f"Stopped: {summary.stopped}."


def of_sweep(queued_again: int, outcomes: Mapping[str, int]) -> Iterator[str]:
    """Yield the outcomes of the waiting emails."""
    if queued_again:
        yield f"Queued again: {counted(queued_again, 'failed email')}."
    if not outcomes:
        yield "No email was due."
    if sent := outcomes.get("sent"):
        yield f"Sent {counted(sent, 'email')}."
    for outcome, count in outcomes.items():
        if outcome != "sent":
            yield f"{counted(count, 'email')} {SWEPT.get(outcome, outcome)}"


def of_erasure(address: str, done: Erased, remains: list[str], *, taken_off: bool, events: int) -> Iterator[str]:
    """Yield what was erased about a person, and what remains."""
    if done.erased:
        yield f"Erased {counted(done.erased, 'record')} about {address}."
    if done.redacted:
        yield f"Redacted the address in {counted(done.redacted, 'record')} of others."
    if taken_off:
        yield "Took the address off SES's suppression list."
    if events:
        yield f"Took {counted(events, 'event')} out of the failure queue."
    if not (done.erased or done.redacted or taken_off or events):
        yield f"Nothing was left to erase about {address}."
    yield "What remains:"
    yield from (f"- {one}" for one in remains)
