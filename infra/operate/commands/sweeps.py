"""The outcomes of sweeping the outbox, in sentences for people."""

from collections.abc import Iterator, Mapping

from infra.operate.output import counted

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
