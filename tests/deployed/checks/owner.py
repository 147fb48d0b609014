"""As the site's owner: what the links in their emails do."""

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


CHECKS = (a_message_is_filed_as_spam, a_person_is_erased)
