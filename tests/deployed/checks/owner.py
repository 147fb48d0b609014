"""As the site's owner: what the links in their emails do."""

from datetime import UTC, datetime

from tests.deployed.world import OWNER, World


def a_message_is_filed_as_spam(world: World) -> None:
    address, words = world.write()
    page = world.visit(world.mail(OWNER, words).link("/owner/spam"))
    (kept,) = world.items("message", email=address)
    assert (page.status, "spam" in kept) == (200, False)
    assert world.press(page.text).status == 200
    (filed,) = world.items("message", email=address)
    assert filed["spam"]


def a_person_is_erased(world: World) -> None:
    address, words = world.write()
    mention = world.words()
    stranger = world.somebody()
    fields = {"email": stranger, "message": f"{mention} {address} écrit aussi."}
    assert world.post("/contact", fields).status == 303
    page = world.visit(world.mail(OWNER, words).link("/owner/erase"))
    assert (page.status, len(world.items("message", email=address))) == (200, 1)
    assert address in page.text
    assert world.press(page.text).status == 200
    assert world.items("message", email=address) == []
    (other,) = world.items("message", email=stranger)
    assert address not in other["message"]


def an_erasure_that_goes_on_ends_and_is_told(world: World) -> None:
    """Ask for it as the owner's page does when its time is up, which no small table takes."""
    address, _ = world.subscribe()
    stranger, now = world.somebody(), datetime.now(UTC)
    assert world.post("/contact", {"email": stranger, "message": f"{address} écrit aussi."}).status == 303
    (subscriber,) = world.items("subscriber", email=address)
    pk, end = f"erasure#{subscriber['id']}", str(int(now.timestamp()) + 86_400)
    texts = {"email": address, "asked_at": now.isoformat(), "last": subscriber["pk"], "id": subscriber["id"]}
    row = {"name": "erasure-done", "recipient": "owner", "language": "en", "queued_at": now.isoformat()}
    for sk, fields in (
        ("erasure", {"kind": "erasure", **texts}),
        ("email#erasure-done#1", {"kind": "email", "outbox": "owner#00", **row}),
    ):
        item = {name: {"S": value} for name, value in {"pk": pk, "sk": sk, **fields}.items()}
        item |= {"expires_at": {"N": end}} | ({"kept_days": {"N": "30"}} if sk == "erasure" else {})
        world.run.client("dynamodb").put_item(TableName=world.stack.resources["Table"], Item=item)
    world.settle()
    world.wait("the end", lambda: "sent_at" in world.items("email", pk=pk)[0])
    assert world.items("subscriber", email=address) == []
    assert world.items("message", email=address) == []
    (other,) = world.items("message", email=stranger)
    assert address not in other["message"]


CHECKS = (a_message_is_filed_as_spam, a_person_is_erased, an_erasure_that_goes_on_ends_and_is_told)
