"""As a reader of the newsletter: the whole life of a subscription."""

import base64
import hmac
import json
from urllib.parse import urlencode, urlsplit

from tests.deployed.world import FORM, OWNER, SENDER, World


def a_subscription_begins_and_ends_by_the_readers_own_hand(world: World) -> None:
    address = world.somebody()
    asked = world.sign_up(address, name="Anne")
    assert asked.message["To"] == address
    assert asked.message["From"].addresses[0].addr_spec == SENDER
    assert world.items("subscriber", email=address) == []
    link = asked.link("/newsletter/confirm")
    assert link.replace("&", "&amp;") in asked.html

    asking = world.visit(link)
    assert (asking.status, world.items("subscriber", email=address)) == (200, [])
    assert "J’accepte de recevoir la newsletter" in asking.text
    assert world.press(asking.text).status == 200
    (confirmed,) = world.items("subscriber", email=address)
    assert confirmed["state"] == "confirmed"
    assert confirmed["history"][0]["wording"].startswith("J’accepte de recevoir la newsletter")

    world.mail(OWNER, address)
    welcome = world.mail(address, "/newsletter/unsubscribe")
    leaving = welcome.link("/newsletter/unsubscribe")
    # RFC 2369 and RFC 8058, read from the raw message: a mailbox provider accepts neither folded nor encoded ones.
    lines = welcome.mail.raw.split(b"\r\n\r\n", 1)[0].decode("ascii").split("\r\n")
    assert f"List-Unsubscribe: <{leaving}>" in lines
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines

    page = world.visit(leaving)
    assert (page.status, world.items("subscriber", email=address)) == (200, [confirmed])
    assert page.text.count("<button>") == 1
    parts = urlsplit(leaving)
    path = f"{parts.path}?{parts.query}"
    for _ in range(2):
        answer = world.stack.ask("POST", path, b"List-Unsubscribe=One-Click", {"Content-Type": FORM})
        assert answer.status == 200
        (left,) = world.items("subscriber", email=address)
        assert left["state"] == "unsubscribed"
    # A link that was used before does not bring anybody back, nor does its page.
    assert world.visit(link).status == 410
    assert world.press(asking.text).status == 410


def a_link_that_was_tampered_with_is_refused(world: World) -> None:
    link = world.sign_up(world.somebody()).link("/newsletter/confirm")
    assert world.visit(link.replace("token=", "token=A")).status == 403


def whoever_left_by_mistake_stays_with_the_button_of_that_page(world: World) -> None:
    address = world.somebody()
    assert world.press(world.visit(world.sign_up(address).link("/newsletter/confirm")).text).status == 200
    left = world.press(world.visit(world.mail(address, "/newsletter/unsubscribe").link("/newsletter/unsubscribe")).text)
    assert world.items("subscriber", email=address)[0]["state"] == "unsubscribed"
    assert world.press(left.text).status == 200
    assert world.items("subscriber", email=address)[0]["state"] == "confirmed"


def whoever_did_not_ask_is_written_to_no_more(world: World) -> None:
    address = world.somebody()
    page = world.visit(world.sign_up(address).link("/newsletter/refuse"))
    assert (page.status, world.items("subscriber", state="blocked")) == (200, [])
    assert world.press(page.text).status == 200
    (blocked,) = world.items("subscriber", state="blocked")
    assert "email" not in blocked
    assert world.post("/newsletter", {"email": address}).status == 303
    world.settle()
    assert len(world.mails(address, "")) == 1


def whoever_wants_to_stay_renews_with_the_button_and_its_own_token_alone(world: World) -> None:
    address, welcome = world.subscribe()
    before = world.items("subscriber", email=address)
    # The email comes after years, so its token is made here, as the design says.
    subject = json.dumps(["token/renew", before[0]["id"], None], separators=(",", ":"))
    mac = hmac.digest(world.parameters["SigningSecret"].encode(), subject.encode(), "sha256")
    right = {"subscriber": before[0]["id"], "token": base64.urlsafe_b64encode(mac).rstrip(b"=").decode()}
    elsewhere = welcome.link("/newsletter/unsubscribe").replace("/unsubscribe?", "/renew?")
    assert world.visit(elsewhere).status == 403
    assert world.post("/newsletter/renew", {**right, "token": "A" * 43}).status == 403
    assert world.stack.ask("GET", f"/newsletter/renew?{urlencode(right)}").status == 200
    assert world.items("subscriber", email=address) == before
    assert world.post("/newsletter/renew", right).status == 200
    (after,) = world.items("subscriber", email=address)
    assert [event["event"] for event in after["history"]] == ["confirmed", "renewed"]


CHECKS = (
    a_subscription_begins_and_ends_by_the_readers_own_hand,
    a_link_that_was_tampered_with_is_refused,
    whoever_left_by_mistake_stays_with_the_button_of_that_page,
    whoever_did_not_ask_is_written_to_no_more,
    whoever_wants_to_stay_renews_with_the_button_and_its_own_token_alone,
)
