"""The comments under the demo site's article, as readers, authors and the owner see them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from guichet.comments.markdown import html
from infra.local.comments import DEMO
from tests.support.site import marker
from tests.support.stack import LocalStack, text_of, wait_for
from tests.support.visitor import SOONER, Visitor

Visit = Callable[..., Visitor]
OWNER = "owner@example.org"
THREAD = "**/comments?*"


@dataclass(frozen=True)
class Words:
    """One language of the article, its form, and the script."""

    path: str
    name: str
    email: str
    comment: str
    send: str
    waits: str
    failed: str
    unanswered: str
    again: str
    reply: str
    cancel: str
    more: str
    none: str
    count: str

    @property
    def first(self) -> str:
        """The author of the demo's first comment."""
        return DEMO[self.path][1][0].name


FRENCH = Words(
    path="/article.html",
    name="Nom",
    email="Email",
    comment="Commentaire",
    send="Envoyer le commentaire",
    waits="Il paraîtra une fois approuvé.",
    failed="Les derniers commentaires ne peuvent pas être chargés.",
    unanswered="Le serveur ne répond pas. Rien n’est perdu.",
    again="Réessayer",
    reply="Répondre à",
    cancel="Annuler",
    more="Afficher la suite",
    none="Aucun commentaire pour l’instant.",
    count="commentaires",
)
ENGLISH = Words(
    path="/en/article.html",
    name="Name",
    email="Email",
    comment="Comment",
    send="Send the comment",
    waits="It will appear once it is approved.",
    failed="The latest comments cannot be loaded.",
    unanswered="The server does not answer. Nothing is lost.",
    again="Try again",
    reply="Reply to",
    cancel="Cancel",
    more="Show more",
    none="No comments yet.",
    count="comments",
)
BOTH = pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])


@pytest.fixture(scope="module")
def approve(browser: Browser, stack: LocalStack) -> Callable[[str], None]:
    """Return a function that approves a comment as an owner does: by the email's link, at the desk."""
    context = browser.new_context(locale="en")
    page = context.new_page()
    before = len(stack.inbox("/desk/sign-in/link", to=OWNER))
    page.goto(f"http://127.0.0.1:{stack.port}/desk")
    page.locator("input[type=email]").fill(OWNER)
    page.locator("main form button").click()
    mail = wait_for("the code", lambda: stack.inbox("/desk/sign-in/link", to=OWNER)[before:])[-1]
    (code,) = re.findall(r"\b([A-Z0-9]{4}-[A-Z0-9]{4})\b", text_of(mail["raw"]))
    page.get_by_label(re.compile("code", re.IGNORECASE)).fill(code)
    page.locator("main form button").first.click()
    expect(page.get_by_text(OWNER)).to_be_visible()
    state = context.storage_state()
    context.close()

    def approve(text: str) -> None:
        (mail,) = wait_for("the email", lambda: stack.inbox(text, to=OWNER))
        (link,) = re.findall(r"http\S+/desk/comments/[0-9a-f]{32}", text_of(mail["raw"]))
        context = browser.new_context(locale="en", storage_state=state)
        page = context.new_page()
        page.goto(link)
        expect(page.get_by_text(text).first).to_be_visible()
        page.get_by_role("button", name="Approve", exact=True).click()
        expect(page.get_by_text("Approved. It is on the page within a minute.")).to_be_visible()
        context.close()

    return approve


def form(page: Page) -> Locator:
    """Return the form for comments."""
    return page.locator("#comments form")


def item(page: Page, text: str) -> Locator:
    """Return the comment that has a text, without its replies."""
    return page.locator(".guichet-comments article", has_text=text)


def fill(page: Page, words: Words, text: str, name: str = "Camille Roy") -> None:
    """Fill in the form."""
    form(page).get_by_label(words.name, exact=True).fill(name)
    form(page).get_by_label(words.email).fill("camille@example.org")
    form(page).get_by_label(words.comment).fill(text)


def send(page: Page, words: Words) -> None:
    """Send the form, and wait until the page says that the comment awaits approval."""
    page.get_by_role("button", name=words.send).click()
    expect(page.get_by_text(words.waits)).to_be_visible()


def open_live(visitor: Visitor, words: Words) -> Page:
    """Open the article, and wait until its thread has loaded."""
    page = visitor.open(words.path)
    expect(page.locator(".guichet-thread")).to_contain_text(words.count)
    return page


def answer(*parts: dict[str, Any]) -> Callable[[Route], None]:
    """Return an API that answers with a thread in parts; each `next` is the number of a part."""

    def serve(route: Route) -> None:
        number = int(re.findall(r"after=(\d+)|$", route.request.url)[0] or 0)
        route.fulfill(json=parts[number], headers={"access-control-allow-origin": "*"})

    return serve


def comment(number: int, **more: Any) -> dict[str, Any]:
    """Return a comment as the API returns it."""
    shown = {"name": f"Reader {number}", "time": "2026-11-26T10:00:00+00:00", "html": f"<p>Number {number}.</p>\n"}
    return {"id": f"{number:032x}", **shown, "replies": [], **more}


# --- written, moderated, shown ----------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_comment_waits_for_the_owner_and_then_appears(
    visit: Visit, approve: Callable[[str], None], words: Words, *, javascript: bool
) -> None:
    visitor, text = visit(javascript=javascript), marker()
    page = visitor.open(words.path)
    expect(item(page, DEMO[words.path][1][0].comment[-15:])).to_be_visible()
    fill(page, words, f"{text} <b>gras</b> et *{text[-6:]}*")
    send(page, words)
    if javascript:
        assert visitor.violations() == []
        assert page.url.endswith(words.path)
        expect(form(page).get_by_label(words.comment)).to_have_value("")
    page = visitor.open(words.path)
    expect(page.locator(".guichet-comments")).to_be_visible()
    expect(page.get_by_text(text)).to_have_count(0)

    approve(text)
    later = visit(javascript=javascript)
    page = later.open(words.path)
    shown = item(page, text)
    expect(shown.locator(".guichet-name")).to_have_text("Camille Roy")
    expect(shown.locator(".guichet-initials")).to_have_text("CR")
    expect(shown.locator("em")).to_have_text(text[-6:])
    expect(shown.locator(".guichet-text")).to_contain_text("<b>gras</b>")
    expect(shown.locator("time")).to_have_text(re.compile(r"^\d{1,2}(er)? \w+ \d{4}$"))
    assert "camille@example.org" not in page.content()
    assert later.violations() == []


@BOTH
def test_what_the_script_shows_is_what_the_build_left(visit: Visit, words: Words) -> None:
    live = open_live(visit(timezone_id="Europe/Paris"), words)
    plain = visit(javascript=False).open(words.path)

    def outline(page: Page) -> str:
        markup = page.locator(".guichet-comments").evaluate("list => list.outerHTML") if page is live else ""
        found = markup or str(
            re.findall(r'<ol class="guichet-comments">.*?</ol>\n(?=<form)', page.content(), re.DOTALL)[0]
        )
        found = re.sub(r'<button type="button" class="guichet-reply".*?</button>', "", found)
        # The blanks between elements, and the one day that French writes differently.
        return re.sub(r"\s*(<[^>]*>)\s*", r"\1", found).replace(">1er ", ">1 ")

    assert outline(live) == outline(plain)


@BOTH
def test_an_answer_is_sent_by_keyboard_alone_and_stands_below_what_it_answers(
    visit: Visit, approve: Callable[[str], None], words: Words
) -> None:
    visitor, text = visit(), marker()
    page = open_live(visitor, words)
    form(page).get_by_label(words.comment).focus()
    page.keyboard.type("unfinished")
    button = page.get_by_role("button", name=f"{words.reply} {words.first}")
    button.focus()
    page.keyboard.press("Enter")
    # What was typed is still there, and the first field to fill in has the focus.
    expect(form(page)).to_have_attribute("aria-label", f"{words.reply} {words.first}")
    expect(form(page).get_by_label(words.name, exact=True)).to_be_focused()
    expect(form(page).get_by_label(words.comment)).to_have_value("unfinished")
    assert visitor.violations() == []
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name=words.cancel)).to_be_focused()
    page.keyboard.press("Enter")
    expect(button).to_be_focused()
    expect(page.locator("#comments > form")).to_be_visible()
    expect(form(page).get_by_label(words.comment)).to_have_value("unfinished")
    assert form(page).get_attribute("aria-label") is None
    # It is now a top-level comment, and has the thread's page even without a field for it.
    form(page).locator("[name=page]").evaluate("field => field.remove()")
    sent = "form => Object.fromEntries(['page', 'parent'].map((name) => [name, new FormData(form).get(name)]))"
    assert form(page).evaluate(sent) == {"page": words.path, "parent": ""}

    page.keyboard.press("Enter")
    page.keyboard.type("Léo")
    page.keyboard.press("Tab")
    page.keyboard.type("leo@example.org")
    page.keyboard.press("Tab")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text=words.waits)).to_be_visible()
    approve(text)

    page = open_live(visit(), words)
    first = page.locator(".guichet-comments > li").first
    expect(first.locator("> ol > li > article", has_text=text)).to_be_visible()
    expect(first.locator("> article .guichet-name")).to_have_text(words.first)


def test_an_answer_to_an_answer_stands_beside_it(visit: Visit, approve: Callable[[str], None]) -> None:
    page, text = open_live(visit(), FRENCH), marker()
    page.get_by_role("button", name="Répondre à Atelier Bellevue").click()
    fill(page, FRENCH, text)
    send(page, FRENCH)
    # It was reported where it was written.
    expect(page.locator(".guichet-comments li li form")).to_contain_text(FRENCH.waits)
    # The next one was not sent yet.
    page.get_by_role("button", name="Répondre à Hélène Roux").click()
    expect(form(page)).not_to_contain_text(FRENCH.waits)
    page.get_by_role("button", name=FRENCH.cancel).click()
    expect(page.locator("#comments > form")).to_be_visible()
    approve(text)
    page = open_live(visit(), FRENCH)
    expect(page.locator(".guichet-comments > li:first-child > ol > li > article", has_text=text)).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_double_click_is_one_comment(visit: Visit, stack: LocalStack, *, javascript: bool) -> None:
    page, text, before = visit(javascript=javascript).open(FRENCH.path), marker(), len(stack.logged("accepted"))
    fill(page, FRENCH, text)
    page.get_by_role("button", name=FRENCH.send).dblclick()
    expect(page.get_by_text(FRENCH.waits)).to_be_visible()
    wait_for("the email", lambda: stack.inbox(text))
    stack.sweep("Notifier")
    assert len(stack.inbox(text)) == 1
    assert len(stack.logged("accepted")) == before + 1


def test_without_guichet_js_an_answer_is_sent_as_browsers_send_forms(
    visit: Visit, approve: Callable[[str], None]
) -> None:
    visitor, text = visit(), marker()
    visitor.page.route("**/guichet.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    page = open_live(visitor, ENGLISH)
    page.get_by_role("button", name=f"Reply to {ENGLISH.first}").click()
    fill(page, ENGLISH, text)
    send(page, ENGLISH)
    expect(page.get_by_role("heading", name="Thank you!")).to_be_visible()
    approve(text)
    page = open_live(visit(), ENGLISH)
    expect(page.locator(".guichet-comments > li:first-child > ol > li", has_text=text)).to_be_visible()


@pytest.mark.parametrize("action", ["/comments", "/f/comments"])
def test_the_proof_of_work_is_asked_of_the_function_that_takes_comments(visit: Visit, action: str) -> None:
    visitor = visit()

    def serve(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace('/comments" method', f'{action}" method'))

    visitor.page.route(f"**{FRENCH.path}", serve)
    page, text = open_live(visitor, FRENCH), marker()
    fill(page, FRENCH, text)
    send(page, FRENCH)
    assert visitor.asked("GET", "/comments/challenge") == 1
    assert visitor.asked("GET", "/challenge") == 0
    assert visitor.asked("POST", action) == 1


# --- the API is down --------------------------------------------------------------------------------------------------


@BOTH
def test_while_the_api_is_down_the_exported_thread_stands_and_the_form_keeps_what_was_typed(
    visit: Visit, stack: LocalStack, words: Words
) -> None:
    visitor, text, api = visit(), marker(), f"http://127.0.0.1:{stack.port}/**"
    visitor.page.route(api, lambda route: route.abort())
    page = visitor.open(words.path)
    expect(page.get_by_role("status").filter(has_text=words.failed)).to_be_visible()
    expect(page.locator(".guichet-comments .guichet-name", has_text=words.first)).to_be_visible()
    assert visitor.violations() == []
    fill(page, words, text)
    page.get_by_role("button", name=words.send).click()
    expect(form(page).get_by_role("alert")).to_contain_text(words.unanswered)
    expect(form(page).get_by_label(words.comment)).to_have_value(text)

    page.locator(".guichet-thread button").click()
    # The next announcement is that it failed again.
    expect(page.locator(".guichet-thread")).to_be_focused()
    page.unroute(api)
    page.locator(".guichet-thread button").click()
    expect(page.locator(".guichet-thread")).to_contain_text(words.count)
    expect(page.locator(".guichet-thread")).to_be_focused()
    form(page).get_by_role("button", name=words.again).click()
    expect(form(page).get_by_role("status")).to_contain_text(words.waits)
    wait_for("the email", lambda: stack.inbox(text))
    visitor.complaints.clear()


@pytest.mark.parametrize("reply", ["silence", "an error", "no JSON", "no thread"])
def test_whatever_the_api_says_instead_the_exported_thread_stands(visit: Visit, reply: str) -> None:
    visitor = visit()
    held: list[Route] = []
    allowed = {"access-control-allow-origin": "*"}

    def serve(route: Route) -> None:
        held.append(route)
        if reply == "an error":
            route.fulfill(status=429, json={"message": "Too Many Requests"}, headers=allowed)
        elif reply != "silence":
            route.fulfill(body="[]" if reply == "no thread" else "<html>", headers=allowed)

    visitor.page.add_init_script(SOONER)
    visitor.page.route(THREAD, serve)
    page = visitor.open(ENGLISH.path)
    wait_for("the request", lambda: page.title() and held)
    expect(page.get_by_text(ENGLISH.failed)).to_be_visible()
    expect(page.locator(".guichet-comments .guichet-name", has_text=ENGLISH.first)).to_be_visible()
    expect(form(page)).to_be_visible()
    visitor.complaints.clear()


@BOTH
def test_a_page_without_comments_says_so_and_one_whose_comments_are_gone_too(visit: Visit, words: Words) -> None:
    visitor = visit()
    visitor.page.route(THREAD, answer({"page": words.path, "count": 0, "comments": []}))
    page = visitor.open(words.path)
    expect(page.get_by_role("status").filter(has_text=words.none)).to_be_visible()
    expect(page.locator(".guichet-comments")).to_have_count(0)
    visitor.page.unroute(THREAD)
    only = comment(1, name="Jean de la Fontaine")
    visitor.page.route(THREAD, answer({"page": words.path, "count": 1, "comments": [only]}))
    page = visitor.open(words.path)
    expect(page.locator(".guichet-thread")).to_have_text(f"1 {words.count.removesuffix('s')}")
    # The initials of the first and last names.
    expect(page.locator(".guichet-initials")).to_have_text("JF")


def test_until_the_first_answer_a_page_without_a_thread_says_that_it_loads(visit: Visit) -> None:
    visitor = visit()
    held: list[Route] = []
    without_export(visitor.page)
    visitor.page.route(THREAD, lambda route: held.append(route))  # noqa: PLW0108  Playwright asks for its signature
    page = visitor.open(FRENCH.path)
    expect(page.get_by_role("status").filter(has_text="Chargement des commentaires…")).to_be_visible()
    held[0].continue_()
    expect(page.locator(".guichet-comments li").first).to_be_visible()
    assert page.locator(".guichet-comments + .guichet-thread + form").count() == 1


def without_export(page: Page) -> None:
    """Serve the article as a site without an export does."""

    def serve(route: Route) -> None:
        response = route.fetch()
        body = re.sub(r'<ol class="guichet-comments">.*?</ol>\n(?=<form)', "", response.text(), flags=re.DOTALL)
        route.fulfill(response=response, body=body)

    page.route("**/article.html*", serve)


# --- long threads, and addresses of comments --------------------------------------------------------------------------


def test_five_thousand_comments_come_in_parts(visit: Visit) -> None:
    per_part, all_of_them = 50, 5000
    parts = []
    for start in range(0, all_of_them, per_part):
        part: dict[str, Any] = {"page": ENGLISH.path, "comments": [comment(start + n) for n in range(per_part)]}
        parts.append(part | ({"count": all_of_them} if start == 0 else {}))
        if start + per_part < all_of_them:
            parts[-1]["next"] = str(start // per_part + 1)
    visitor = visit()
    without_export(visitor.page)
    visitor.page.route(THREAD, answer(*parts))
    page = visitor.open(ENGLISH.path)
    status, items = page.locator(".guichet-thread"), page.locator(".guichet-comments > li")
    expect(status).to_have_text("5,000 comments Show more")
    expect(items).to_have_count(per_part)
    assert len(json.dumps(parts[0])) < 10_000
    status.get_by_role("button").focus()
    # A part that failed to load is requested again.
    page.route(THREAD, lambda route: route.abort(), times=1)
    page.keyboard.press("Enter")
    expect(status).to_have_text(f"{ENGLISH.failed} {ENGLISH.again}")
    status.get_by_role("button").click()
    expect(items).to_have_count(2 * per_part)
    expect(items.nth(per_part)).to_be_focused()
    expect(items.nth(per_part)).to_contain_text("Number 50.")
    expect(status).to_have_text("5,000 comments Show more")
    assert len([line for line in visitor.requests if "/comments?" in line]) == 3
    assert visitor.violations() == []
    # A comment far down is found by its address.
    page = visitor.open(f"{ENGLISH.path}?#comment-{234:032x}")
    target = page.locator(f"[id='comment-{234:032x}']:target")
    expect(target).to_be_in_viewport()
    expect(items).to_have_count(250)


def test_what_a_long_export_has_beyond_the_first_part_stays_until_the_next_one(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    ids = [f"comment-{n:032x}" for n in range(6)]

    def export(route: Route) -> None:
        response = route.fetch()
        items = "".join(f'<li id="{one}"><article>exported</article></li>' for one in ids)
        body = re.sub(
            r'(<ol class="guichet-comments">).*?(</ol>\n<form)', rf"\1{items}\2", response.text(), flags=re.DOTALL
        )
        route.fulfill(response=response, body=body)

    page.route(f"**{ENGLISH.path}", export)
    first = {"page": "/", "count": 7, "comments": [comment(0), comment(2, replies=[comment(20)])], "next": "1"}
    before = {"id": f"{2:032x}", "before": True, "replies": [comment(21)]}
    # Deleted since the build, but others have answered it.
    gone = {"id": f"{4:032x}", "deleted": True, "replies": [comment(40)]}
    second = {"page": "/", "comments": [before, comment(3), gone, comment(7)]}
    page.route(THREAD, answer(first, second))
    visitor.open(ENGLISH.path)
    button = page.get_by_role("button", name=ENGLISH.more)
    expect(button).to_be_visible()

    def outline() -> list[tuple[int, bool]]:
        found = page.locator(".guichet-comments li").evaluate_all(
            "all => all.map(li => [li.id.slice(8), Boolean(li.firstElementChild.querySelector('.guichet-reply'))])"
        )
        return [(int(one, 16), alive) for one, alive in found]

    # The second was deleted since the build.
    assert outline() == [(0, True), (2, True), (20, True), (3, False), (4, False), (5, False)]
    button.click()
    # A reply that continues the previous part. Once it has focus, the whole part has loaded.
    expect(page.locator(f"[id='comment-{21:032x}']")).to_be_focused()
    expect(button).to_have_count(0)
    assert outline() == [
        (0, True), (2, True), (20, True), (21, True), (3, True), (4, False), (40, True), (7, True),
    ]  # fmt: skip
    expect(page.locator(f"[id='comment-{4:032x}'] > :first-child")).to_have_text("This comment was deleted.")


@pytest.mark.parametrize("exported", [True, False])
def test_the_address_of_a_comment_leads_to_it_whoever_wrote_it_into_the_page(visit: Visit, *, exported: bool) -> None:
    visitor = visit(viewport={"width": 800, "height": 400})
    last = open_live(visitor, FRENCH).locator(".guichet-comments > li").last.get_attribute("id")
    if not exported:
        without_export(visitor.page)
    page = visitor.open(f"{FRENCH.path}?#{last}")
    expect(page.locator(".guichet-reply").first).to_be_attached()
    expect(page.locator(f"[id={last}]:target")).to_be_in_viewport()


def test_who_reads_on_before_the_answer_comes_stays_where_they_are(visit: Visit) -> None:
    visitor = visit(viewport={"width": 800, "height": 400})
    last = open_live(visitor, FRENCH).locator(".guichet-comments > li").last.get_attribute("id")
    held: list[Route] = []
    visitor.page.route(THREAD, lambda route: held.append(route))  # noqa: PLW0108  Playwright asks for its signature
    page = visitor.open(f"{FRENCH.path}?#{last}")
    expect(page.locator(f"[id={last}]:target")).to_be_in_viewport()
    page.evaluate("scrollTo({ top: 100, behavior: 'instant' })")
    link = page.locator(".guichet-comments header a").first
    link.evaluate("link => link.focus({ preventScroll: true })")
    page.wait_for_timeout(300)
    before = page.evaluate("scrollY")
    held[0].continue_()
    expect(page.locator(".guichet-reply").first).to_be_attached()
    expect(page.locator(f"[id={last}]:target")).to_be_attached()
    expect(page.locator(".guichet-comments header a").first).to_be_focused()
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == before < 200


# --- looks, and strangers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "width", "scheme"),
    [(FRENCH, 320, "dark"), (FRENCH, 1200, "light"), (ENGLISH, 320, "light"), (ENGLISH, 1200, "dark")],
    ids=["fr-320-dark", "fr-1200-light", "en-320-light", "en-1200-dark"],
)
def test_it_fits_every_window_light_and_dark(visit: Visit, words: Words, width: int, scheme: str) -> None:
    visitor = visit(viewport={"width": width, "height": 800}, color_scheme=scheme)
    long = comment(1, name="שלום עולם", html=f"<p>{'a' * 300}</p>\n<pre><code>{'b ' * 300}\n</code></pre>\n")
    deeper = [comment(2, name="x" * 100, html="<blockquote>\n<p>مرحبا <code>x</code></p>\n</blockquote>\n")]
    gone = {"id": f"{9:032x}", "deleted": True, "replies": [comment(3)]}
    visitor.page.route(THREAD, answer({"page": "/", "count": 4, "comments": [long | {"replies": deeper}, gone]}))
    page = visitor.open(f"{words.path}?#comment-{3:032x}")
    expect(page.locator(".guichet-thread")).to_contain_text(f"4 {words.count}")
    # Not to the one that was deleted.
    expect(page.get_by_role("button", name=words.reply)).to_have_count(3)
    page.get_by_role("button", name=words.reply).first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert visitor.violations() == []


HOSTILE = [
    "<script>document.title = 'run'</script>",
    "<img src=x onerror=\"document.title = 'run'\">",
    '<p onclick="document.title = 1" style="color: red" id="comments">a</p>',
    '<a href="javascript:document.title = 1" onfocus="document.title = 2" autofocus>a</a>',
    '<a href=" java&#10;script:document.title=1">b</a><a href="data:text/html,x">c</a>',
    "<svg><a href='javascript:1'><animate onbegin='document.title = 3' /></a></svg>",
    "<iframe srcdoc=\"<script>parent.document.title = 'run'</script>\"></iframe><style>*{display:none}</style>",
    '</div></li></ol><form action="/"><input name="comment"></form></p></p></p></p>',
    "<math><mi//xlink:href=\"data:x,<script>alert(4)</script>\"><p><!--<img title='--><img src=x onerror=alert(1)>'>",
]
MADE = {"P", "BR", "EM", "STRONG", "CODE", "PRE", "BLOCKQUOTE", "UL", "OL", "LI", "A"}


def strict(page: Page) -> None:
    """Serve the article with a policy that lets no script write HTML."""

    def serve(route: Route) -> None:
        response = route.fetch()
        body = response.text().replace("base-uri 'none'", "require-trusted-types-for 'script'; trusted-types 'none'")
        assert "trusted-types" in body
        route.fulfill(response=response, body=body)

    page.route("**/article.html*", serve)


def test_whatever_the_api_answers_runs_nothing_under_the_strictest_policy(visit: Visit) -> None:
    visitor = visit()
    strict(visitor.page)
    visitor.page.add_init_script(
        "window.broken = [];"
        "addEventListener('securitypolicyviolation', (event) => broken.push(event.violatedDirective));"
    )
    evil = [
        comment(n, html=text, name=f"{text} {n}", id=f'{n}"><script>1</script>', time=text)
        for n, text in enumerate(HOSTILE)
    ]
    for one in evil[:-1]:
        one["time"] = "2026-11-26T10:00:00Z"
    visitor.page.route(THREAD, answer({"page": "/", "count": len(evil), "comments": evil}))
    page = visitor.open(ENGLISH.path)
    expect(page.locator(".guichet-thread")).to_contain_text(f"{len(evil)} comments")
    found = page.locator(".guichet-text *").evaluate_all(
        "all => all.map(one => [one.tagName, one.getAttributeNames().join(), one.protocol || ''])"
    )
    assert {tag for tag, _, _ in found} <= MADE
    assert {names for _, names, _ in found} <= {"", "href,rel", "rel,href", "rel", "start"}
    assert {protocol for *_, protocol in found} <= {"", ":", "http:", "https:", "mailto:"}
    assert page.locator(".guichet-text").count() == len(evil)
    assert "margins" in page.title()
    assert page.evaluate("broken") == []
    expect(form(page)).to_be_visible()
    assert page.locator(".guichet-comments script, .guichet-comments form").count() == 0


def test_what_the_server_makes_of_a_comment_is_shown_as_browsers_read_it(visit: Visit) -> None:
    """The script parses the API's HTML itself, so it must do so like a browser."""
    written = [
        '*a* **b** ***c*** `<d> & &amp; "e"`\nf\\\ng',
        "1. x\n2. y\n   - z\n     > q *r*\n\n7) seven",
        "5. five\n\n   two paragraphs\n\n```\n<script>1 < 2 && 3 > 2</script>\n```\n\n    indented &nbsp; code",
        '[l](https://a.example/?b=1&c="d"&e=<f>) <https://g.example/é?h=%20> [m](mailto:a@example.org) [n](/o "p")',
        "[x](javascript:1) [y](data:text/html,1) <b>c</b> &lt;i&gt; \u00a0 \u202e שלום",
        "> a\n> > b\n\n- c\n- d\n\n[e *f* `g`](//h.example)",
        "&quot;&#39;&copy; '<' \"&\"",
    ]
    served = [comment(n, html=html(text)) for n, text in enumerate(written)]
    visitor = visit()
    visitor.page.route(THREAD, answer({"page": "/", "count": len(served), "comments": served}))
    page = open_live(visitor, ENGLISH)
    shown = page.locator(".guichet-text").evaluate_all("all => all.map(one => one.innerHTML)")
    page.goto("about:blank")
    read = page.evaluate(
        "all => all.map(html => Object.assign(document.createElement('div'), { innerHTML: html }).innerHTML)",
        [one["html"] for one in served],
    )
    # Attributes in one order.
    assert [re.sub('(rel="[^"]*") (href="[^"]*")', r"\2 \1", one) for one in shown] == read
