"""As time, SES and the machines in between: outages, the schedule, the digest, bounces, failures."""

import json
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.deployed import adapter
from tests.deployed.emulator import wait_for
from tests.deployed.permissions import without
from tests.deployed.recorder import ACCOUNT
from tests.deployed.world import OWNER, SENDER, World

_EVENTS = Path(__file__).parents[2] / "events"


def event(world: World, name: str, address: str, to: str = "Visitor") -> dict[str, Any]:
    """Return an SES event about mail to an address, from a sample in tests/events."""
    text = (_EVENTS / f"{name}.json").read_text(encoding="utf-8")
    for place, value in {
        "@ADDRESS@": address,
        "@SET@": world.stack.resources[f"{to}Mail"],
        "@AT@": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }.items():
        text = text.replace(place, value)
    told: dict[str, Any] = json.loads(text)
    return told


def publish(world: World, message: str) -> None:
    """Publish a message to the topic of SES's events or, without waiting, pass it directly to the function."""
    if world.at_once:
        world.stack.invoke("Feedback", adapter.event_of_sns(message))
    else:
        world.run.client("sns").publish(TopicArn=world.stack.resources["FeedbackTopic"], Message=message)


def an_email_is_read_alike_by_another_decoder(world: World) -> None:
    """Ask Perl's decoders, which come with git: Python may read back what it wrote even if it is wrong."""
    subject = "Été à l'île d'Yeu, « déjà vu » ?"
    address, words = world.write(subject=subject)
    email = world.mail(OWNER, words)
    perl = shutil.which("perl")
    assert perl, "Perl is missing; git and Debian come with it"
    read = subprocess.run(
        [perl, "-MEncode", "-MMIME::QuotedPrint", "-e", _PERL],
        check=True,
        input=email.mail.raw,
        capture_output=True,
    ).stdout.decode()
    lines = read.splitlines()
    told = f"Subject: [{world.stack.parameters['SiteName']}] {subject} – "
    assert [line for line in lines if line.startswith(told)]
    assert [line for line in lines if line.startswith("From: ") and f"<{SENDER}>" in line]
    assert [line for line in lines if line.startswith("Reply-To: ") and address in line]
    assert set(email.text.splitlines()) <= set(lines)


_PERL = (
    "local $/; my $raw = <STDIN>; my ($head, @parts) = split /\\r\\n\\r\\n/, $raw; $head =~ s/\\r\\n(?=[ \\t])//g;"
    "binmode STDOUT, ':utf8'; print decode('MIME-Header', $_), \"\\n\" for split /\\r\\n/, $head;"
    "print decode('UTF-8', decode_qp(join \"\\r\\n\\r\\n\", @parts));"
)


def the_weekly_digest_is_mailed_once(world: World) -> None:
    table, dynamodb = world.stack.resources["Table"], world.run.client("dynamodb")
    before = {mail.message_id for mail in world.run.recorder.mails}
    # The one that an earlier sweep left queued, if any.
    for item in world.stack.items():
        if item["pk"]["S"].startswith("digest#"):
            dynamodb.delete_item(TableName=table, Key={name: item[name] for name in ("pk", "sk")})
    world.sweep()
    world.sweep()
    kept = world.items("digest")
    assert len(kept) == 1
    world.wait(
        "the digest",
        lambda: [one for one in world.mails(OWNER, "Messages") if one.mail.message_id not in before],
    )
    assert len([one for one in world.mails(OWNER, "Messages") if one.mail.message_id not in before]) == 1


def several_emails_go_out_at_the_pace_of_the_account(world: World) -> None:
    asked = len(world.run.recorder.calls(ACCOUNT))
    with world.run.recorder.away(OWNER):
        told = [world.write()[1] for _ in range(2)]
        world.sweep()
        assert [word for word in told if world.mails(OWNER, word)] == []
    world.sweep()
    for words in told:
        world.mail(OWNER, words)
    assert set(world.run.recorder.calls(ACCOUNT)[asked:]) == {200}


def a_bounce_ends_mail_to_the_address(world: World) -> None:
    address, _ = world.subscribe()
    (subscriber,) = world.items("subscriber", email=address)
    publish(world, json.dumps(event(world, "bounce-permanent", address)))
    world.wait("the bounce", lambda: world.items("subscriber", id=subscriber["id"], state="bounced"))
    assert world.items("subscriber", email=address) == []


def who_complained_is_not_written_to_again(world: World) -> None:
    address, before = world.somebody(), len(world.items("subscriber", state="complained"))
    publish(world, json.dumps(event(world, "complaint", address)))
    world.wait("the complaint", lambda: len(world.items("subscriber", state="complained")) == before + 1)
    assert world.post("/newsletter", {"email": address}).status == 303
    (asked,) = world.items("request", email=address)
    world.settle()
    world.wait("the email's end", lambda: "dropped_at" in world.items("email", pk=asked["pk"])[0])
    assert world.mails(address, "") == []


def the_owners_own_bounce_is_told_and_silences_nobody(world: World) -> None:
    publish(world, json.dumps(event(world, "bounce-permanent", OWNER, to="Owner")))
    world.wait("the metric", lambda: [line for line in world.stack.logged("Feedback") if '"OwnerUnreachable"' in line])
    _, words = world.write()
    world.mail(OWNER, words)


def an_email_that_came_back_waits_for_the_owners_mailbox(world: World) -> None:
    """Publish SES's event about an email, by its tags: the email waits, and goes out in an hour."""
    _, words = world.write()
    email = world.mail(OWNER, words)
    (row,) = world.wait("the mark", lambda: world.items("email", message_id=email.mail.message_id))
    told = event(world, "bounce-transient", OWNER, to="Owner")
    told["mail"]["tags"] |= {name: [value] for name, value in email.mail.tags.items()}
    publish(world, json.dumps(told))
    (waiting,) = world.wait("the bounce", lambda: world.items("email", pk=row["pk"], bounce=_FULL))
    assert waiting["outbox"].startswith("owner#")
    assert "sent_at" not in waiting
    told["eventType"], told["delivery"] = "Delivery", {"timestamp": told["mail"]["timestamp"], "recipients": [OWNER]}
    publish(world, json.dumps(told))
    # So it was an automatic reply, and nothing waits any more.
    world.wait("the delivery", lambda: "sent_at" in world.items("email", pk=row["pk"])[0])


_FULL = "Transient bounce, MailboxFull: smtp; 452 4.2.2 mailbox full"


def what_is_no_event_of_this_stacks_mail_is_passed_over(world: World) -> None:
    foreign = event(world, "bounce-permanent", world.somebody())
    foreign["mail"]["tags"]["ses:configuration-set"] = ["another"]
    messages = (
        # What SES publishes when the topic becomes its destination.
        "Successfully validated SNS topic for Amazon SES event publishing.",
        "{}",
        "[1]",
        json.dumps(foreign),
    )
    before = world.items("subscriber")
    earlier = len(world.stack.logged("Feedback"))
    for message in messages:
        publish(world, message)

    def passed() -> list[str]:
        return [line for line in world.stack.logged("Feedback")[earlier:] if line.startswith("REPORT")]

    world.wait("the function", lambda: len(passed()) >= len(messages))
    lines = world.stack.logged("Feedback")[earlier:]
    assert len([line for line in lines if '"FeedbackPassedOver"' in line]) == len(messages), lines
    assert world.items("subscriber") == before
    assert _waiting(world) == 0


def _waiting(world: World) -> int:
    told = world.run.client("sqs").get_queue_attributes(
        QueueUrl=world.stack.resources["FeedbackFailures"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(told["Attributes"]["ApproximateNumberOfMessages"])


def a_bounce_that_cannot_be_kept_waits_in_the_queue(world: World) -> None:
    address, _ = world.subscribe()
    (subscriber,) = world.items("subscriber", email=address)
    message = json.dumps(event(world, "bounce-permanent", address))
    sqs, queue = world.run.client("sqs"), world.stack.resources["FeedbackFailures"]
    with without(world.stack, "Feedback", "dynamodb:UpdateItem"):
        adapter.deliver_by_sns(world.stack, message)
        (waiting,) = world.wait("the queue", lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert world.items("subscriber", email=address) == [subscriber]
    # As infra/docs/runbook.md says: invoke the function again with its payload, and empty the queue.
    payload = json.loads(waiting["Body"])["requestPayload"]
    assert payload["Records"][0]["Sns"]["Message"] == message
    world.stack.invoke("Feedback", payload)
    sqs.purge_queue(QueueUrl=queue)
    assert world.items("subscriber", id=subscriber["id"], state="bounced")


def an_event_that_cannot_be_read_waits_likewise(world: World) -> None:
    """Leave it in the log as well, where the_logs_name_nobody searches for the address."""
    unreadable = event(world, "bounce-permanent", world.somebody())
    del unreadable["bounce"]["timestamp"]
    sqs, queue = world.run.client("sqs"), world.stack.resources["FeedbackFailures"]
    adapter.deliver_by_sns(world.stack, json.dumps(unreadable))
    (waiting,) = world.wait("the queue", lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert json.loads(waiting["Body"])["requestPayload"] == adapter.event_of_sns(json.dumps(unreadable))
    sqs.purge_queue(QueueUrl=queue)


def what_stayed_owed_goes_out_by_the_schedule(world: World) -> None:
    with world.run.recorder.away(OWNER):
        address, words = world.write()
        (kept,) = world.items("message", email=address)
        world.wait("the refusal", lambda: "waits_for" in world.items("email", pk=kept["pk"])[0])
    assert world.mails(OWNER, words) == []
    # Make the schedule due now, so that nobody waits a quarter of an hour.
    events, rule = world.run.client("events"), world.stack.resources["NotifierSweep"]
    assert events.describe_rule(Name=rule)["ScheduleExpression"] == "rate(15 minutes)"
    events.put_rule(Name=rule, ScheduleExpression="rate(1 minute)")
    try:
        # It counts from when the rule was made.
        wait_for("the schedule", lambda: world.mails(OWNER, words), 90)
    finally:
        events.put_rule(Name=rule, ScheduleExpression="rate(15 minutes)")


def the_stream_calls_for_owed_mail_alone(world: World) -> None:
    """Count calls: of everything that a message and its email write, the filter only lets the queued email through."""
    before = _calls_at_rest(world)
    _, words = world.write()
    world.mail(OWNER, words)
    assert _calls_at_rest(world) == before + 1


def _calls_at_rest(world: World) -> int:
    """Return how often the notifier was called, once the calls have stopped."""

    def calls() -> int:
        return sum(line.startswith("START") for line in world.stack.logged("Notifier"))

    def at_rest() -> bool:
        before = calls()
        time.sleep(adapter.A_MOMENT)
        return calls() == before

    world.wait("rest", at_rest)
    return calls()


def the_logs_name_nobody(world: World) -> None:
    """Search every line for addresses and messages, all of which these checks made up."""
    for function in ("Contact", "Newsletter", "Comments", "Desk", "Notifier", "Issues", "Feedback"):
        lines = world.stack.logged(function)
        assert lines
        found = [line for line in lines if "@" in line or "Bonjour" in line or "lettre" in line]
        assert found == []


CHECKS = (
    the_stream_calls_for_owed_mail_alone,
    an_email_is_read_alike_by_another_decoder,
    several_emails_go_out_at_the_pace_of_the_account,
    the_weekly_digest_is_mailed_once,
    a_bounce_ends_mail_to_the_address,
    who_complained_is_not_written_to_again,
    the_owners_own_bounce_is_told_and_silences_nobody,
    an_email_that_came_back_waits_for_the_owners_mailbox,
    what_is_no_event_of_this_stacks_mail_is_passed_over,
    a_bounce_that_cannot_be_kept_waits_in_the_queue,
    an_event_that_cannot_be_read_waits_likewise,
)
LATER = (what_stayed_owed_goes_out_by_the_schedule,)
LAST = (the_logs_name_nobody,)
