"""As the author of a newsletter: an issue is written, tested and sent with the commands."""

from uuid import uuid4

from tests.deployed.recorder import ACCOUNT
from tests.deployed.world import OWNER, World


def an_issue_goes_once_to_each_reader(world: World) -> None:
    address, words = world.somebody(), world.words()
    # Not signed up: this check is repeated often, and a network gets a limited number of confirmations a day.
    brings = world.run.folder / f"{address}.csv"
    brings.write_text(f"email\n{address}\n", encoding="utf-8")
    world.guichet("import", str(brings), "--consent", "Confirmed on paper, 2 March 2026")
    file = world.run.folder / f"{uuid4().hex}.md"
    file.write_text(f"---\nsubject: {words}\nlanguage: fr\n---\n\nBonjour, *{words}*.\n", encoding="utf-8")
    world.guichet("issue", "test", str(file))
    (trial,) = world.mails(OWNER, words)
    assert trial.mail.configuration_set == world.stack.resources["OwnerMail"]

    readers = len(world.items("subscriber", state="confirmed"))
    asked = len(world.run.recorder.calls(ACCOUNT))
    world.guichet("issue", "send", str(file), "--offline", "--count", str(readers))
    if world.at_once:
        world.sweep("Issues")
    world.wait("the issue", lambda: world.items("issue", id=file.stem, state="sent"))
    (copy,) = world.mails(address, words)
    assert copy.mail.configuration_set == world.stack.resources["VisitorMail"]
    assert copy.message["Subject"] == words
    link = copy.link("/newsletter/unsubscribe")
    assert link.replace("&", "&amp;") in copy.html
    # The account's rate was read, by the command and by the function.
    assert set(world.run.recorder.calls(ACCOUNT)[asked:]) == {200}

    assert world.guichet("issue", "status", file.stem).rows[0]["state"] == "sent"
    assert {row["state"] for row in world.guichet("issue", "who", file.stem).rows} <= {"sent", "refused"}
    # Sent once is sent: the same file is refused, and nobody gets it again.
    world.guichet("issue", "send", str(file), "--offline", "--count", str(readers), code=2)
    assert len(world.mails(address, words)) == 1
    # The notifier mails the owner that it has ended.
    world.settle()
    world.wait("the end", lambda: [mail for mail in world.mails(OWNER, file.stem) if mail is not trial])
    assert world.visit(link).status == 200


CHECKS = (an_issue_goes_once_to_each_reader,)
