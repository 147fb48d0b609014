"""The desk in a browser: signing in, each of its pages, only by keyboard, without scripts, on a phone, in the dark."""

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from desk import words
from guichet.locales import LANGUAGES, Language
from tests.support.stack import LocalStack, ask, local_stack, text_of, wait_for
from tests.support.visitor import OF_COLOURS, Visitor, faint_texts

Visit = Callable[..., Visitor]
FORM = "application/x-www-form-urlencoded"
OWNER = "owner@example.org"
PHONE = {"width": 320, "height": 640}
HTML = "<script>alert('x')</script><b>gras</b> & \u202ecoré\u202c שלום"
# One for each state of a subscriber; mail to the simulator's addresses bounces, or is reported as spam.
READERS = {
    "confirmed": ["lena@example.org", "a.very.long.address.that.does.not.fit.on.a.phone@a-long-name.atelier.example"],
    "unsubscribed": ["left@example.org"],
    "blocked": ["no@example.org"],
    "bounced": ["bounce@simulator.amazonses.com"],
    "complained": ["complaint@simulator.amazonses.com"],
}


class Desk(NamedTuple):
    """A stack with something to see on each page of its desk, and the cookies of an owner who is signed in."""

    stack: LocalStack
    state: Any
    pages: dict[str, str]

    def url(self, page: str = "") -> str:
        """Return the address of a page."""
        return f"http://127.0.0.1:{self.stack.port}/desk{f'/{page}' if page else ''}"


def say(key: str, language: Language = "en", **values: object) -> str:
    """Return a sentence of the desk."""
    return words.say(key, language, **values)


# --- the content of the pages
# ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Return a stack with messages, spam, subscribers of every state, issues, and emails that wait."""
    given = "CallerHourlyCap=1000000 StrangerMailPerDay=200 DefaultLanguage=en"
    with local_stack(tmp_path_factory.mktemp("desk"), PARAMETERS=given) as stack:
        stack.wait_until_ready()
        write_and_subscribe(stack)
        context = browser.new_context(locale="en")
        page = context.new_page()
        made = Desk(stack, None, {})
        sign_in(page, made)
        write_issues(page, made)
        comment(page, made)
        pages = addresses(page, made)
        state = context.storage_state()
        context.close()
        yield Desk(stack, state, pages)


def write_and_subscribe(stack: LocalStack) -> None:
    """Post messages, spam and sign-ups; some of the subscribers leave."""
    for number in range(3):
        fields = {
            "email": f"camille{number}@example.org",
            "name": "Camille Roy",
            "message": f"Bonjour {number}, {HTML}",
        }
        stack.post("/contact", urlencode(fields).encode(), FORM)
    long = {
        "email": "zoe@example.org",
        "message": f"{'a' * 400}\n\n{HTML * 20}",
        "subject": "x" * 150,
        "Ville": "Y" * 200,
    }
    stack.post("/contact", urlencode(long).encode(), FORM)
    stack.post("/contact", urlencode({"email": "bot@example.org", "message": HTML, "_gotcha": "x"}).encode(), FORM)
    for address in (reader for readers in READERS.values() for reader in readers):
        stack.post("/newsletter", urlencode({"email": address, "name": "Léna"}).encode(), FORM)
    for state in ("confirmed", "unsubscribed"):
        for address in READERS[state]:
            press(stack, link_to(stack, "/newsletter/confirm", address))
    press(stack, link_to(stack, "/newsletter/unsubscribe", READERS["unsubscribed"][0]))
    press(stack, link_to(stack, "/newsletter/refuse", READERS["blocked"][0]))
    # One network gets a tenth of the day's emails to strangers: the others wait.
    for number in range(20):
        stack.post("/newsletter", f"email=waits{number}@example.org".encode(), FORM)
    stack.sweep()


def link_to(stack: LocalStack, path: str, address: str) -> str:
    """Return the link to a path in the newest email to somebody."""
    mail = wait_for("the email", lambda: stack.inbox(f"{path}?", to=address))[-1]
    return str(re.findall(rf"http\S+{path}\?\S+", text_of(mail["raw"]))[0])


def press(stack: LocalStack, link: str) -> None:
    """Press the button of the page behind a link."""
    parts = urlsplit(link)
    page = ask(stack.port, "GET", f"{parts.path}?{parts.query}").text
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page))
    body = urlencode({**dict(parse_qsl(parts.query)), **fields}).encode()
    assert stack.post(parts.path, body, FORM).status == 200


def write_issues(page: Page, desk: Desk) -> None:
    """Write three issues: a draft, one that is sent, and one that was cancelled."""
    for name in ("2027-01", "2027-02", "2027-03"):
        page.goto(desk.url("issues/_new"))
        page.get_by_label(say("issues.name"), exact=True).fill(name)
        page.get_by_label(say("issues.subject"), exact=True).last.fill(f"The atelier in {name}")
        page.get_by_label(say("issues.text"), exact=True).last.fill(f"# Hello\n\nThe **news** of {name}.\n")
        page.get_by_role("button", name=say("issues.save"), exact=True).click()
        expect(page).to_have_url(re.compile(f"/desk/issues/{name}"))


def comment(page: Page, desk: Desk) -> None:
    """Let visitors comment, and leave comments in every state: one of them long, one an answer."""
    said = {"page": "/articles/chaises/", "name": "Camille Roy", "email": "camille@example.org"}
    long = f"{'word ' * 400}{'a' * 300}\n\n{HTML}"
    texts = [f"*Bonjour* {HTML}\n\n> a\n\n- b\n\n```\n{'c' * 200}\n```\nhttps://example.org/{'d' * 100}", long]
    for text in (*texts, "Approved", "Refused", "Spam", "An answer"):
        desk.stack.post("/comments", urlencode({**said, "comment": text}).encode(), FORM)
    for text, action in {"Approved": "approve", "Refused": "refuse", "Spam": "spam"}.items():
        page.goto(desk.url(f"comments?q={text}"))
        page.locator("ul.comments h2 a").first.click()
        page.get_by_role("button", name=say(f"comments.do_{action}"), exact=True).click()
        expect(page.get_by_role("status")).to_have_text(say(f"comments.told_{action}"))
    page.goto(desk.url("comments?state=approved"))
    parent = re.findall(r"/comments/([0-9a-f]{32})", page.content())[0]
    desk.stack.post("/comments", urlencode({**said, "comment": "It answers", "parent": parent}).encode(), FORM)


def addresses(page: Page, desk: Desk) -> dict[str, str]:
    """Return the addresses of all pages, by content."""
    found = {
        "messages": "messages",
        "search": "messages?q=bonjour",
        "found nothing": "messages?q=nothing-like-it",
        "spam": "messages/spam",
        "erase": "people",
        "comments": "comments",
        **{f"{state} comments": f"comments?state={state}" for state in ("approved", "refused", "spam")},
        "search for comments": "comments?q=answers&path=/articles/chaises/",
        "found no comment": "comments?q=nothing-like-it",
        "subscribers": "subscribers",
        **{
            state: f"subscribers?state={state}"
            for state in ("unsubscribed", "bounced", "complained", "blocked", "lifted")
        },
        "block": "subscribers/block",
        "issues": "issues",
        "new issue": "issues/_new",
        "issue": "issues/2027-01",
        "write": "issues/2027-01/write",
        "send": "issues/2027-01/send",
        "schedule": "issues/2027-01/schedule",
        "outbox": "outbox",
        "settings": "settings",
        "sessions": "sessions",
        "not there": "nowhere",
    }
    # Not the oldest message: to find an older one, the desk would read back through months.
    for listed, which in {"messages": -2, "spam": -1}.items():
        page.goto(desk.url(found[listed]))
        links = re.findall(r'href="([^"]*/messages/[0-9a-f]{32}[^"]*)"', page.content())
        found[f"one of {listed}"] = in_desk(links[which])
    for state in ("confirmed", "unsubscribed", "bounced", "complained", "blocked"):
        page.goto(desk.url(found.get(state, "subscribers")))
        one = in_desk(re.findall(r'href="([^"]*/subscribers/[0-9a-f]{32})"', page.content())[0])
        found[f"one {state}"] = one
    found["erase the writer"] = f"people?message={found['one of messages'].split('/')[1].split('?')[0]}"
    for state in ("", "approved ", "refused ", "spam "):
        page.goto(desk.url(found[f"{state}comments"]))
        found[f"one of {state}comments"] = in_desk(
            re.findall(r'href="([^"]*/comments/[0-9a-f]{32})"', page.content())[0]
        )
    page.goto(desk.url(found["search for comments"]))
    found["one answer"] = in_desk(re.findall(r'href="([^"]*/comments/[0-9a-f]{32})"', page.content())[0])
    page.goto(desk.url(found["one answer"]))
    found["comments of an address"] = in_desk(re.findall(r'href="([^"]*/comments/by/[0-9a-f]+)"', page.content())[0])
    found["delete a comment"] = f"{found['one of comments']}/delete"
    found["unsubscribe"] = f"{found['one confirmed']}/unsubscribe"
    return found


def in_desk(url: str) -> str:
    return url.partition("/desk/")[2].replace("&amp;", "&")


def known(visitor: Visitor, desk: Desk) -> Visitor:
    """Make a browser known to the owner: for unknown ones, a network gets few emails a day."""
    visitor.context.add_cookies([one for one in desk.state["cookies"] if one["name"] == "guichet-desk-known"])
    return visitor


# --- signing in -------------------------------------------------------------------------------------------------------


def ask_for_code(page: Page, desk: Desk, target: str = "", language: Language = "en") -> None:
    """Open a page, and request a code."""
    page.goto(desk.url(target))
    page.get_by_label(say("sign_in.address", language)).fill(OWNER)
    page.get_by_role("button", name=say("sign_in.ask", language)).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(say("sign_in.code_title", language))


def latest(desk: Desk, before: int) -> str:
    """Return the text of the sign-in email that came after a number of others."""
    mails = wait_for("the email", lambda: desk.stack.inbox("/desk/sign-in/link", to=OWNER)[before:])
    return text_of(mails[-1]["raw"])


def code_in(text: str) -> str:
    (code,) = re.findall(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", text)
    return str(code)


def link_in(text: str) -> str:
    (link,) = re.findall(r"http\S+/desk/sign-in/link\?\S+", text)
    return str(link)


def asked(desk: Desk) -> int:
    """Return how many sign-in emails there are."""
    return len(desk.stack.inbox("/desk/sign-in/link", to=OWNER))


def sign_in(page: Page, desk: Desk, target: str = "", language: Language = "en") -> None:
    """Sign in by a code."""
    before = asked(desk)
    ask_for_code(page, desk, target, language)
    page.get_by_label(say("sign_in.code", language)).fill(code_in(latest(desk, before)))
    page.get_by_role("button", name=say("sign_in.enter", language)).click()
    expect(page.get_by_text(OWNER)).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("javascript", [True, False])
def test_an_owner_signs_in_by_a_code_on_a_phone_and_gets_to_the_page_of_the_email(
    visit: Visit, desk: Desk, language: Language, *, javascript: bool
) -> None:
    visitor = known(visit(desk.stack, javascript=javascript, viewport=PHONE, locale=language), desk)
    (mail, *_) = desk.stack.inbox("Bonjour 1", to=OWNER)
    (link,) = re.findall(r"http\S+/desk/messages/[0-9a-f]{32}", text_of(mail["raw"]))
    page = visitor.page
    sign_in(page, desk, in_desk(link), language)
    assert page.url == link
    expect(page.get_by_text("Bonjour 1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    # Safari refuses `Secure` and `__Host-` on the local stack's http.
    cookies = {cookie["name"]: cookie for cookie in visitor.context.cookies()}
    assert "guichet-desk" in cookies
    for cookie in cookies.values():
        assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (True, False, "Lax")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_for_signing_in_are_right_for_everybody(visit: Visit, desk: Desk, language: Language) -> None:
    for width, scheme in ((320, "light"), (1200, "dark")):
        visitor = visit(desk.stack, viewport={"width": width, "height": 800}, color_scheme=scheme, locale=language)
        page = visitor.page
        page.goto(desk.url("outbox"))
        all_right(visitor, width)
        page.get_by_label(say("sign_in.address", language)).fill("somebody@localhost")
        with page.expect_navigation():
            page.get_by_role("button", name=say("sign_in.ask", language)).click()
        all_right(visitor, width)
        field = page.get_by_label(say("sign_in.address", language))
        expect(field).to_have_value("somebody@localhost")
        expect(field).to_have_attribute("aria-invalid", "true")
        page.get_by_label(say("sign_in.address", language)).fill("stranger@example.org")
        with page.expect_navigation():
            page.get_by_role("button", name=say("sign_in.ask", language)).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(say("sign_in.code_title", language))
        all_right(visitor, width)
        page.get_by_label(say("sign_in.code", language)).fill("ABCD-EFGH")
        with page.expect_navigation():
            page.get_by_role("button", name=say("sign_in.enter", language)).click()
        all_right(visitor, width)
        expect(page.get_by_text(OWNER)).to_have_count(0)


def test_a_scanner_opens_every_link_a_thief_gets_nothing_and_the_owner_gets_in(visit: Visit, desk: Desk) -> None:
    owner, scanner, thief = (visit(desk.stack, locale="en") for _ in range(3))
    known(owner, desk)
    before = asked(desk)
    ask_for_code(owner.page, desk, "settings")
    text = latest(desk, before)
    for link in re.findall(r"http\S+", text):
        scanner.page.goto(link)
        parts = urlsplit(link)
        ask(desk.stack.port, "HEAD", f"{parts.path}?{parts.query}")
    link = link_in(text)
    thief.page.goto(link)
    expect(thief.page.get_by_role("heading", level=1)).to_have_text(say("sign_in.elsewhere_title"))
    expect(thief.page.get_by_role("button")).to_have_count(0)
    expect(thief.page.get_by_text(OWNER)).to_have_count(0)
    assert thief.violations() == []
    # The code is of no use there either.
    ask_for_code(thief.page, desk)
    thief.page.get_by_label(say("sign_in.code")).fill(code_in(text))
    thief.page.get_by_role("button", name=say("sign_in.enter")).click()
    expect(thief.page.get_by_text(OWNER)).to_have_count(0)

    owner.page.goto(link)
    assert owner.violations() == []
    owner.page.get_by_role("button", name=say("sign_in.enter")).click()
    expect(owner.page).to_have_url(desk.url("settings"))
    expect(owner.page.get_by_text(OWNER).first).to_be_visible()
    thief.page.goto(link)
    expect(thief.page.get_by_role("button")).to_have_count(0)


# --- each page --------------------------------------------------------------------------------------------------------


def all_right(visitor: Visitor, width: int, but: Collection[str] = ()) -> None:
    """Check the rules for all pages: it fits its window, has one first-level heading, and axe finds nothing.

    Some of axe's rules may be left out.
    """
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    assert visitor.violations(but=but) == [], page.url


def test_each_page_is_right_for_everybody(visit: Visit, desk: Desk) -> None:
    visitor = visit(desk.stack, locale="en", storage_state=desk.state)
    page = visitor.page
    titles = {}
    for name, address in desk.pages.items():
        reply = page.goto(desk.url(address))
        assert reply is not None
        assert reply.status == (404 if name == "not there" else 200), name
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": 320, "height": 800})
            assert faint_texts(page) == [], name
        for width, but in ((320, OF_COLOURS), (1200, ())):
            page.set_viewport_size({"width": width, "height": 800})
            all_right(visitor, width, but)
        page.emulate_media(color_scheme="dark")
        assert visitor.violations(OF_COLOURS) == [], name
        # A search result is also the list.
        if not name.startswith(("one ", "search", "found")):
            titles[name] = page.title()
    # Each title says where one is, in a list of tabs and to users of screen readers.
    assert len(set(titles.values())) == len(titles), titles
    # Nothing that visitors wrote has any effect.
    assert visitor.complaints == [line for line in visitor.complaints if "404" in line]


def test_in_french_each_page_fits_and_on_a_touch_screen_what_is_pressed_is_large_enough(
    visit: Visit, desk: Desk
) -> None:
    options = {"viewport": PHONE, "has_touch": True, "is_mobile": True, "locale": "fr", "storage_state": desk.state}
    page = visit(desk.stack, javascript=False, **options).page
    small = {}
    for name, address in desk.pages.items():
        page.goto(desk.url(address))
        assert page.locator("html").get_attribute("lang") == "fr"
        found = page.evaluate(
            """() => {
              const pressed = "button, a.button, select, input:not([type=hidden], [type=checkbox], [type=radio])";
              return [...document.querySelectorAll(pressed)]
                .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 44)
                .map((one) => `${one.outerHTML.slice(0, 80)} ${one.getBoundingClientRect().height}`);
            }"""
        )
        if found:
            small[name] = found
        # Then a phone's again, for the next page.
        for width in (600, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert small == {}


# --- by keyboard, without scripts -------------------------------------------------------------------------------------


def test_by_keyboard_alone_everything_is_reached_in_order_and_seen(visit: Visit, desk: Desk) -> None:
    visitor = visit(desk.stack, locale="en", storage_state=desk.state)
    page = visitor.page
    for address in (
        "messages",
        desk.pages["one of messages"],
        "comments",
        desk.pages["one answer"],
        "subscribers",
        "issues/2027-01/write",
        "settings",
    ):
        page.goto(desk.url(address))
        page.keyboard.press("Tab")
        skip = page.get_by_role("link", name=say("common.skip"))
        expect(skip).to_be_focused()
        box = skip.bounding_box()
        assert box is not None
        assert (box["x"] >= 0, box["y"] >= 0) == (True, True)
        count = page.evaluate(
            """() => {
              const names = "a[href], button, input:not([type=hidden]), select, textarea, summary, iframe";
              const all = [...document.querySelectorAll(names)];
              return all.filter((one) => one.getClientRects().length && one.tabIndex >= 0).length;
            }"""
        )
        places = []
        for _ in range(count - 1):
            page.keyboard.press("Tab")
            place, is_frame, seen = page.evaluate(
                """() => {
                  const one = document.activeElement, style = getComputedStyle(one);
                  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                  return [[...document.querySelectorAll("*")].indexOf(one), one.tagName === "IFRAME", seen];
                }"""
            )
            assert is_frame or seen, page.evaluate("document.activeElement.outerHTML")
            places.append(place)
            if is_frame:
                break
        # In reading order.
        assert places == sorted(places), address
    page.goto(desk.url("messages"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    # After the menu.
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_message_is_filed_as_spam_and_released_by_keyboard(visit: Visit, desk: Desk, *, javascript: bool) -> None:
    page = visit(desk.stack, javascript=javascript, locale="en", storage_state=desk.state).page
    page.goto(desk.url(desk.pages["one of messages"]))
    for button, told in (("file", "filed"), ("release", "released")):
        page.get_by_role("button", name=say(f"messages.{button}"), exact=True).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_have_text(say(f"messages.told_{told}"))
        # It is reported once.
        page.goto(desk.url(desk.pages["one of messages"]))
        expect(page.get_by_role("status")).to_have_count(0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("javascript", [True, False])
def test_a_comment_is_approved_on_a_phone_from_its_email_and_then_everybody_sees_it(
    visit: Visit, desk: Desk, language: Language, *, javascript: bool
) -> None:
    where = f"/articles/{language}-{javascript}/"
    text = f"Approve me *please*, {where}"
    fields = {"page": where, "name": "Zoé", "email": "zoe@example.org", "comment": text}
    desk.stack.post("/comments", urlencode(fields).encode(), FORM)
    thread = f"/comments?{urlencode({'page': where})}"
    assert ask(desk.stack.port, "GET", thread).json["comments"] == []
    mail = wait_for("the email", lambda: desk.stack.inbox(where, to=OWNER))[-1]
    (link,) = re.findall(r"http\S+/desk/comments/[0-9a-f]{32}", text_of(mail["raw"]))

    visitor = known(visit(desk.stack, javascript=javascript, viewport=PHONE, locale=language), desk)
    page = visitor.page
    sign_in(page, desk, in_desk(link), language)
    assert page.url == link
    expect(page.locator(".shown em")).to_have_text("please")
    all_right(visitor, PHONE["width"])
    page.get_by_role("button", name=say("comments.do_approve", language), exact=True).click()
    expect(page.get_by_role("status")).to_have_text(say("comments.told_approve", language))

    (only,) = ask(desk.stack.port, "GET", thread).json["comments"]
    assert (only["name"], only["html"]) == ("Zoé", f"<p>Approve me <em>please</em>, {where}</p>\n")


@pytest.mark.parametrize("javascript", [True, False])
def test_comments_are_ticked_and_refused_by_keyboard_and_all_of_them_by_one_button(
    visit: Visit, desk: Desk, *, javascript: bool
) -> None:
    where = f"/articles/several-{javascript}/"
    for number in range(3):
        fields = {"page": where, "name": f"Zoé {number}", "email": "zoe@example.org", "comment": f"Number {number}"}
        desk.stack.post("/comments", urlencode(fields).encode(), FORM)
    page = visit(desk.stack, javascript=javascript, locale="en", storage_state=desk.state).page
    page.goto(desk.url(f"comments?path={where}"))
    page.get_by_role("checkbox", name=say("comments.tick", who="Zoé 1")).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name=say("comments.do_refuse"), exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text(say("comments.did_refuse", number="1"))
    expect(page.get_by_role("checkbox")).to_have_count(2)
    page.get_by_role("button", name=say("comments.all_approve"), exact=True).click()
    expect(page.get_by_role("status")).to_have_text(say("comments.did_approve", number="2"))
    thread = ask(desk.stack.port, "GET", f"/comments?{urlencode({'page': where})}").json["comments"]
    assert [one["name"] for one in thread] == ["Zoé 0", "Zoé 2"]


def test_what_a_stranger_wrote_is_text_and_cannot_pass_for_the_desk_s_own_words(visit: Visit, desk: Desk) -> None:
    page = visit(desk.stack, locale="en", storage_state=desk.state).page
    page.goto(desk.url(desk.pages["one of messages"]))
    expect(page.get_by_text("<script>alert('x')</script>").first).to_be_visible()
    for element in page.locator(".wrote dd").all():
        assert element.get_attribute("dir") == "auto"
    assert page.locator("main script, main b").count() == 0


def test_who_is_signed_out_in_another_tab_loses_no_text(visit: Visit, desk: Desk) -> None:
    visitor = known(visit(desk.stack, locale="en"), desk)
    page = visitor.page
    sign_in(page, desk, "issues/_new")
    page.get_by_label(say("issues.name"), exact=True).fill("2027-09")
    page.get_by_label(say("issues.subject"), exact=True).last.fill("Lost?")
    page.get_by_label(say("issues.text"), exact=True).last.fill("What took an hour to write")
    # The preview has loaded, and requests nothing more.
    shown = page.frame_locator("iframe:not([hidden])").get_by_text("What took an hour to write")
    expect(shown).to_be_visible()
    other = visitor.context.new_page()
    other.goto(desk.url("sessions"))
    other.get_by_role("button", name=say("common.sign_out"), exact=True).last.click()
    expect(other.get_by_label(say("sign_in.address"))).to_be_visible()
    page.get_by_role("button", name=say("issues.save"), exact=True).click()
    expect(page.get_by_text(say("common.signed_out"))).to_be_visible()
    assert "What took an hour to write" in [text.input_value() for text in page.get_by_role("textbox").all()]
    all_right(visitor, 1280)
    other.close()


def test_the_preview_of_an_issue_follows_what_is_typed_and_comes_by_a_button_without_scripts(
    visit: Visit, desk: Desk
) -> None:
    page = visit(desk.stack, locale="en", storage_state=desk.state).page
    page.goto(desk.url("issues/2027-01/write"))
    page.get_by_label(say("issues.text"), exact=True).last.fill("Words that *nobody* saved")
    # A frame that is being loaded is hidden until it takes the place of the other one.
    expect(page.frame_locator("iframe:not([hidden])").locator("em")).to_have_text("nobody")
    page = visit(desk.stack, javascript=False, locale="en", storage_state=desk.state).page
    page.goto(desk.url("issues/2027-01/write"))
    page.get_by_label(say("issues.text"), exact=True).last.fill("Words that *nobody* saved")
    page.get_by_role("button", name=re.compile(f"^{say('issues.preview')}, ")).last.click()
    # A frame that is being loaded is hidden until it takes the place of the other one.
    expect(page.frame_locator("iframe:not([hidden])").locator("em")).to_have_text("nobody")
    expect(page.get_by_label(say("issues.text"), exact=True).last).to_have_value("Words that *nobody* saved")
