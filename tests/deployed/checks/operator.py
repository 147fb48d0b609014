"""As the operator: the commands, in separate processes, on a stack that they find by its name."""

import csv
import json

from tests.deployed.world import JSON, OWNER, World


def messages_are_listed_shown_filed_and_released(world: World) -> None:
    address, words = world.write()
    (found,) = world.guichet("messages", "--search", words, anew=True).rows
    assert (found["email"], found["message"]) == (address, words)
    assert world.guichet("messages", "show", found["id"]).rows[0]["message"] == words
    world.guichet("messages", "spam", found["id"])
    assert world.guichet("messages", "--search", words).rows == []
    caught = {"email": world.somebody(), "message": world.words(), "_gotcha": "a bot"}
    assert world.post("/contact", caught, Accept=JSON).status == 200
    spam = {row["id"]: row for row in world.guichet("messages", "--spam").rows}
    assert found["id"] in spam
    (hidden,) = [row for row in spam.values() if row["email"] == caught["email"]]
    assert hidden["spam"] == "honeypot"
    world.guichet("messages", "release", hidden["id"])
    world.mail(OWNER, caught["message"])


def subscribers_are_listed_shown_and_unsubscribed(world: World) -> None:
    address, _ = world.subscribe()
    waiting = world.somebody()
    world.sign_up(waiting)
    states = {row["email"]: row["state"] for row in world.guichet("subscribers").rows if "email" in row}
    assert states[address] == "confirmed"
    pending = world.guichet("subscribers", "--state", "pending").rows
    assert waiting in [row["email"] for row in pending]
    (counts,) = world.guichet("subscribers", "--count").rows
    assert counts["confirmed"] >= 1
    assert counts["pending"] == len(pending)
    (shown,) = world.guichet("subscribers", "show", address).rows
    assert shown["history"][0]["event"] == "confirmed"
    world.guichet("subscribers", "unsubscribe", address)
    assert world.guichet("subscribers", "show", address).rows[0]["state"] == "unsubscribed"
    world.guichet("subscribers", "lift", address, code=2)


def a_list_is_exported_and_imported(world: World) -> None:
    address, welcome = world.subscribe()
    written = world.run.folder / "subscribers.csv"
    written.unlink(missing_ok=True)
    world.guichet("export", "subscribers", "--output", str(written), "--separator", "comma")
    with written.open(encoding="utf-8-sig", newline="") as file:
        links = {row["email"]: row["unsubscribe_url"] for row in csv.DictReader(file)}
    assert world.visit(links[address]).status == 200
    assert links[address].partition("language")[0] == welcome.link("/newsletter/unsubscribe").partition("language")[0]

    brought, asked = world.somebody(), world.somebody()
    for one, how in ((brought, ("--consent", "Confirmed on paper, 2 March 2026")), (asked, ("--ask",))):
        brings = world.run.folder / f"{one}.csv"
        brings.write_text(f"email,name\n{one},Anne\n{address},Anne\n", encoding="utf-8")
        world.guichet("import", str(brings), *how, "--dry-run")
        assert world.items("subscriber", email=one) == []
        world.guichet("import", str(brings), *how)
    assert world.items("subscriber", email=brought)[0]["state"] == "confirmed"
    assert (
        world.press(world.visit(world.mail(asked, "/newsletter/confirm").link("/newsletter/confirm")).text).status
        == 200
    )
    everything = world.guichet("export", "everything").rows
    assert {"message", "request", "subscriber", "email"} <= {item.get("kind") for item in everything}


def a_person_is_given_all_that_is_held_and_forgotten(world: World) -> None:
    address, _ = world.write()
    world.sign_up(address)
    given = world.run.folder / f"{address}.json"
    world.guichet("forget", address, "--access", str(given))
    assert address in json.dumps(json.loads(given.read_text(encoding="utf-8")))
    world.guichet("forget", address, "--yes")
    assert world.items("message", email=address) == []
    assert world.items("request", email=address) == []
    assert world.guichet("messages", "--search", address).rows == []


def what_is_owed_is_listed_and_sent(world: World) -> None:
    with world.run.recorder.away(OWNER):
        address, words = world.write()
        (kept,) = world.items("message", email=address)
        world.wait("the refusal", lambda: "waits_for" in world.items("email", pk=kept["pk"])[0])
        (told,) = [row for row in world.guichet("outbox", code=1).rows if kept["id"] in row["id"]]
        assert (told["state"], told["to"]) == ("waiting", "owner"), told
        assert world.mails(OWNER, words) == []
    assert world.guichet("outbox", "send").rows[0]["sent"] >= 1
    assert len(world.mails(OWNER, words)) == 1
    assert world.guichet("outbox").rows == []


def mail_is_tried_and_the_doctor_is_content(world: World) -> None:
    world.guichet("test-email")
    (sent,) = world.mails(OWNER, "`guichet test-email`")
    assert sent.mail.configuration_set == world.stack.resources["OwnerMail"]
    findings = world.guichet("doctor", code=1).rows
    # It may only complain about the DNS records, which nobody has added.
    assert {row["check"] for row in findings if row["state"] != "ok"} <= {"DKIM", "DMARC", "SPF"}, findings
    assert {"table", "stream", "schedule", "alarms", "parameters", "page", "form", "CORS"} <= {
        row["check"] for row in findings
    }


CHECKS = (
    messages_are_listed_shown_filed_and_released,
    subscribers_are_listed_shown_and_unsubscribed,
    a_list_is_exported_and_imported,
    a_person_is_given_all_that_is_held_and_forgotten,
    what_is_owed_is_listed_and_sent,
    mail_is_tried_and_the_doctor_is_content,
)
