"""As the site's owner at the desk: signing in, and what its pages do."""

from tests.deployed.desk import Desk, code_of, page_of
from tests.deployed.world import OWNER, World


def an_owner_enters_the_desk_by_a_code_and_leaves_it(world: World) -> None:
    desk = Desk(world)
    page = desk.sign_in(page="settings")
    # Back to the page that was requested first.
    assert (page.status, world.parameters["SiteName"] in page.text.replace("&#39;", "'")) == (200, True)
    assert OWNER in page.text
    (cookie,) = [text for name, text in desk.set.items() if name.endswith("guichet-desk")]
    assert cookie.startswith("__Host-guichet-desk=")
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"path=/", "httponly", "samesite=lax", "secure"}
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")
    value = desk.cookies["__Host-guichet-desk"]
    assert value not in str(world.stack.items())
    assert desk.press(page, "Sign out").status == 200
    # The cookie no longer opens anything, even if somebody kept it.
    desk.cookies["__Host-guichet-desk"] = value
    assert "Send me a code" in desk.open("settings").text


def the_link_opens_the_desk_in_the_browser_that_asked_alone(world: World) -> None:
    desk, thief = Desk(world), Desk(world, known=False)
    desk.press(desk.open("messages"), "Send me a code", address=OWNER)
    link = desk.mail().link("/desk/sign-in/link")
    before = world.items("session")
    stolen = thief.open(link)
    assert (stolen.status, OWNER in stolen.text, thief.cookies) == (403, False, {})
    page = desk.open(link)
    # Opening it, as a scanner does, changes nothing.
    assert (page.status, world.items("session")) == (200, before)
    assert OWNER in desk.press(page, "Sign in").text
    assert len(world.items("session")) == len(before) + 1
    assert desk.open(link).status == 403


def a_stranger_gets_the_same_answer_and_no_desk(world: World) -> None:
    desk, address = Desk(world, known=False), world.somebody()
    asked = desk.press(desk.open("messages"), "Send me a code", address=address)
    owners = Desk(world)
    assert owners.press(owners.open("messages"), "Send me a code", address=OWNER).text == asked.text
    code = code_of(owners.mail())
    assert world.mails(address, "/desk/") == []
    # Somebody else's code does not work either.
    assert desk.press(asked, "Sign in", code=code).status in {403, 422}
    assert "Send me a code" in desk.open("messages").text


def at_the_desk_a_message_is_filed_as_spam_and_taken_out_again(world: World) -> None:
    desk = Desk(world)
    address, words = world.write()
    link = page_of(world.mail(OWNER, words))
    desk.signed_in()
    page = desk.open(link)
    assert (page.status, address in page.text, words.split("'")[0] in page.text) == (200, True, True)
    assert words.split("'")[0] in desk.open("messages").text
    desk.press(page, "This is spam")
    (filed,) = world.items("message", email=address)
    assert filed["spam"] == "owner"
    assert address in desk.open("messages/spam").text
    desk.press(desk.open(link), "Not spam")
    (kept,) = world.items("message", email=address)
    assert "spam" not in kept


def at_the_desk_a_person_is_erased_and_the_owner_is_told(world: World) -> None:
    desk, (address, _) = Desk(world), world.subscribe()
    stranger = world.somebody()
    mention = {"email": stranger, "message": f"{world.words()} {address} écrit aussi."}
    assert world.post("/contact", mention).status == 303
    (subscriber,) = world.items("subscriber", email=address)
    desk.signed_in()
    page = desk.open(f"people?subscriber={subscriber['id']}")
    assert address in page.text
    assert desk.press(page, "Erase everything", confirmation="somebody@else.example").status == 422
    assert world.items("subscriber", email=address)
    followed = desk.press(page, "Erase everything", confirmation=address)
    assert followed.status == 200
    world.settle()
    pk = f"erasure#{subscriber['id']}"
    world.wait("the end", lambda: [one for one in world.items("email", pk=pk) if "sent_at" in one])
    assert world.items("subscriber", email=address) == []
    (other,) = world.items("message", email=stranger)
    assert address not in other["message"]


def every_page_of_the_desk_is_shown(world: World) -> None:
    desk = Desk(world)
    reader, _ = world.subscribe()
    writer, words = world.write()
    desk.signed_in()
    (subscriber,) = world.items("subscriber", email=reader)
    (message,) = world.items("message", email=writer)
    for page, told in {
        "": words.partition("'")[0],
        f"messages?q={words.split()[-1].strip('.')}": words.partition("'")[0],
        "messages/spam": "",
        f"messages/{message['id']}": writer,
        "subscribers": reader,
        f"subscribers/{subscriber['id']}": reader,
        "issues": "",
        "outbox": "",
        "settings": world.parameters["SiteUrl"],
        "sessions": "Firefox",
        "people": "",
    }.items():
        answer = desk.open(page)
        assert (page, answer.status, told in answer.text) == (page, 200, True)


def what_the_desk_did_not_show_is_not_done(world: World) -> None:
    desk, other = Desk(world), Desk(world)
    address, _ = world.write()
    (message,) = world.items("message", email=address)
    path = f"messages/{message['id']}/spam"
    token = desk.token(desk.signed_in())
    other_token = other.token(other.sign_in())
    refused = [
        desk.post(path, {"other": "x"}),
        desk.post(path, {"token": other_token}),
        desk.post(path, {"token": token}, Origin="null"),
        desk.post(path, {"token": token}, Origin="https://evil.example"),
        desk.post(path, {"token": token}, Origin=f"{desk.origin}:8443"),
        Desk(world, known=False).post(path, {"token": token}),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    assert desk.open(path).status in {404, 405}
    assert world.items("message", email=address) == [message]
    assert desk.post(path, {"token": token}).status == 303


def at_the_desk_a_suppression_is_lifted(world: World) -> None:
    desk, (reader, _) = Desk(world), world.subscribe()
    (subscriber,) = world.items("subscriber", email=reader)
    desk.signed_in()
    page = f"subscribers/{subscriber['id']}"
    desk.press(desk.open(f"{page}/block"), "Block", address=reader)
    assert [one["state"] for one in world.items("subscriber", id=subscriber["id"])] == ["blocked"]
    desk.press(desk.open(f"{page}/lift"), "Lift", address=reader)
    assert [one["state"] for one in world.items("subscriber", id=subscriber["id"])] == ["lifted"]


def at_the_desk_an_issue_is_written_and_told_what_it_takes(world: World) -> None:
    desk, words = Desk(world), world.words()
    name = f"issue-{words.rstrip('.').rpartition(' ')[2]}"
    desk.signed_in()
    written = desk.press(desk.open("issues/_new"), "Save", name=name, subject_en=name, text_en=words)
    assert (written.status, world.items("issue", id=name)[0]["state"]) == (200, "draft")
    assert words.partition("'")[2] in desk.open(f"issues/{name}/mail/en").text
    page = desk.open(f"issues/{name}/send")
    assert page.status == 200
    # It asks SES how fast the account may send.
    assert "SES does not answer" not in page.text


# The checks that sign in come last: there are few codes a day.
CHECKS = (
    at_the_desk_an_issue_is_written_and_told_what_it_takes,
    at_the_desk_a_suppression_is_lifted,
    at_the_desk_a_message_is_filed_as_spam_and_taken_out_again,
    at_the_desk_a_person_is_erased_and_the_owner_is_told,
    every_page_of_the_desk_is_shown,
    an_owner_enters_the_desk_by_a_code_and_leaves_it,
    the_link_opens_the_desk_in_the_browser_that_asked_alone,
    a_stranger_gets_the_same_answer_and_no_desk,
    what_the_desk_did_not_show_is_not_done,
)
