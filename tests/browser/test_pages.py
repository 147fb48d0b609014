"""Every page that a visitor or a developer may see: in both languages, wide and narrow, light and dark."""

import json
import re
from collections.abc import Callable, Collection, Iterator
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from guichet.http.request import Request
from guichet.settings import NewsletterSettings
from newsletter.pages import confirm_page
from tests.support.colors import COLORS
from tests.support.stack import LocalStack, text_of, wait_for
from tests.support.visitor import OF_COLOURS, Visitor, faint_texts
from tests.support.words import ENGLISH, FRENCH, Words

Visit = Callable[..., Visitor]
Scheme = Literal["light", "dark"]
# Each page is opened and used in the first look of each group, and then seen in all of them.
# 320 is also what 1280 leaves at a zoom of 400 % (WCAG 2.2, 1.4.10).
LOOKS: list[list[tuple[int, Scheme]]] = [
    [(320, "light"), (360, "dark"), (600, "light")],
    [(1200, "dark"), (1200, "light")],
]
# axe looks at the narrowest and the widest window, and at the colours of the dark one.
CHECKED: dict[tuple[int, Scheme], Collection[str]] = {
    (320, "light"): (),
    (1200, "light"): (),
    (1200, "dark"): OF_COLOURS,
}
LANGUAGES = {"fr": FRENCH, "en": ENGLISH}
SITE_NAME = "Atelier Bellevue"
EVENT = json.loads((Path(__file__).parents[2] / "infra" / "events" / "confirm-page.json").read_text(encoding="utf-8"))


def look(page: Page, width: int, scheme: Scheme) -> None:
    """Give a page a width and a colour scheme."""
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 800})


def looks(visit: Visit, stack: LocalStack, url: str | Callable[[], str], language: str) -> Iterator[Page]:
    """Open a page, then check that it fits its window in every look, declares its language, and axe finds nothing."""
    # One window for all: creating a browser context takes longer than checking a page.
    visitor = visit(stack, locale=language)
    for group in LOOKS:
        look(visitor.page, *group[0])
        visitor.page.goto(url if isinstance(url, str) else url())
        yield visitor.page
        assert visitor.page.locator("html").get_attribute("lang") == language
        for width, scheme in group:
            look(visitor.page, width, scheme)
            assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
            if (width, scheme) == (360, "dark"):
                assert faint_texts(visitor.page) == []
            if (width, scheme) in CHECKED:
                assert visitor.violations(CHECKED[width, scheme]) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_demo_site(visit: Visit, stack: LocalStack, language: str) -> None:
    for page in looks(visit, stack, f"http://127.0.0.1:{stack.site_port}{LANGUAGES[language].path}", language):
        expect(page.locator("form[data-guichet]")).to_have_count(2)
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        other = page.get_by_role("navigation").locator("a[hreflang]")
        other.click()
        expect(page.locator("html")).to_have_attribute("lang", "en" if language == "fr" else "fr")
        page.go_back()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("form", ["contact", "newsletter"])
def test_the_thank_you_pages(visit: Visit, stack: LocalStack, language: str, form: str) -> None:
    words = LANGUAGES[language]
    for page in looks(visit, stack, f"http://127.0.0.1:{stack.port}/thanks?form={form}&language={language}", language):
        expect(page.get_by_role("heading", name=words.thanks)).to_be_visible()
        a_way_back(page, words)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "path",
    ["/f/nothing", "/newsletter/confirm", "/newsletter/confirm?request=x", "/newsletter/unsubscribe?subscriber=x"],
)
def test_the_pages_of_what_is_not_there(visit: Visit, stack: LocalStack, language: str, path: str) -> None:
    for page in looks(visit, stack, f"http://127.0.0.1:{stack.port}{path}", language):
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        a_way_back(page, LANGUAGES[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_a_refused_form(visit: Visit, stack: LocalStack, language: str) -> None:
    words = LANGUAGES[language]
    for page in looks(visit, stack, f"http://127.0.0.1:{stack.site_port}{words.path}", language):
        # As a browser without scripts posts it.
        page.locator("#contact form").evaluate(
            "form => { form.email.value = 'camille@localhost'; HTMLFormElement.prototype.submit.call(form); }"
        )
        expect(page.get_by_text("nom@exemple.fr" if language == "fr" else "name@example.com")).to_be_visible()
        expect(page.get_by_role("listitem")).to_have_count(2)
        a_way_back(page, words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_the_links_in_emails(visit: Visit, stack: LocalStack, language: str) -> None:
    words = LANGUAGES[language]
    asked: list[tuple[str, dict[str, Any]]] = []

    def confirmation() -> str:
        """Sign up for the newsletter, and return the confirmation link: it works once."""
        address = f"{uuid4().hex}@example.org"
        body = f"email={address}&_language={language}&name=Camille&consent={'OK+' * 60}&source=/blog".encode()
        stack.post("/newsletter", body, "application/x-www-form-urlencoded")
        (mail,) = wait_for("the email", lambda: stack.inbox(to=address))
        asked.append((address, mail))
        return link_to("/newsletter/confirm", mail)

    for page in looks(visit, stack, confirmation, language):
        expect(page.get_by_role("button")).to_have_count(1)
        expect(page.get_by_role("region")).to_contain_text("/blog")
        a_way_back(page, words)
        name = page.get_by_role("textbox", name="Votre nom" if language == "fr" else "Your name")
        expect(name).to_have_value("Camille")
        name.fill("Camille Roy")
        page.get_by_role("button").click()
        expect(page.get_by_role("button")).to_have_count(0)
        a_way_back(page, words)
    address, request_mail = asked[-1]
    confirm = link_to("/newsletter/confirm", request_mail)
    for page in looks(visit, stack, confirm, language):
        # It was used.
        expect(page.get_by_role("button")).to_have_count(0)
        a_way_back(page, words)
    welcome = wait_for("the welcome", lambda: stack.inbox("/newsletter/unsubscribe", to=address))[0]
    for page in looks(visit, stack, link_to("/newsletter/unsubscribe", welcome), language):
        a_way_back(page, words)
        expect(page.get_by_text(f"{address[0]}•••@e•••.org")).to_be_visible()
        page.get_by_role("button").click()
        a_way_back(page, words)
        # Once more, for the next look.
        expect(page.get_by_role("button")).to_have_count(1)
        page.get_by_role("button").click()
        expect(page.get_by_role("button")).to_have_count(0)
    for page in looks(visit, stack, link_to("/newsletter/refuse", request_mail), language):
        a_way_back(page, words)
        page.get_by_role("button").click()
        expect(page.get_by_role("button")).to_have_count(0)
        a_way_back(page, words)
    expired = re.sub(r"expires=\d+", "expires=1", confirm)
    for page in looks(visit, stack, expired, language):
        a_way_back(page, words)


def test_the_inbox(visit: Visit, stack: LocalStack) -> None:
    def newest(text: str) -> str:
        """Send a message, and return the id of the email about it."""
        body = f"email=a@example.org&message={text}&name=Camille".encode()
        stack.post("/contact", body, "application/x-www-form-urlencoded")
        (mail,) = wait_for("the email", lambda: stack.inbox(text))
        return str(mail["id"])

    # First empty, then with one email. What other tests left is filtered out.
    before = newest(uuid4().hex)
    inbox = f"http://127.0.0.1:{stack.port}/_local/inbox?after={before}"
    for page in looks(visit, stack, inbox, "en"):
        expect(page.get_by_role("heading", level=2)).to_have_text("Nothing has been mailed yet")
    text = uuid4().hex
    newest(text)
    for page in looks(visit, stack, inbox, "en"):
        expect(page.frame_locator("iframe").locator("pre")).to_have_text(text)
        page.get_by_text("Text", exact=True).click()
        expect(page.locator("pre", has_text="Email\xa0: a@example.org")).to_be_visible()
        page.get_by_text("Headers", exact=True).click()
        expect(page.get_by_text("Reply-To")).to_be_visible()
        expect(page.get_by_text("Message-ID")).to_be_visible()


@pytest.mark.parametrize("language", LANGUAGES)
def test_on_a_phone_a_button_of_two_lines_is_centred_and_a_card_has_the_same_space_all_around(
    visit: Visit, stack: LocalStack, language: str
) -> None:
    address = f"{uuid4().hex}@example.org"
    stack.post("/newsletter", f"email={address}&_language={language}".encode(), "application/x-www-form-urlencoded")
    (mail,) = wait_for("the email", lambda: stack.inbox(to=address))
    page = visit(stack, viewport={"width": 320, "height": 800}, locale=language).page
    for path in ("/newsletter/confirm", "/newsletter/refuse"):
        page.goto(link_to(path, mail))
        assert space_around(page, "main") == pytest.approx([20] * 4, abs=4)
        assert page.get_by_role("button").evaluate("button => getComputedStyle(button).textAlign") == "center"
    html = message_from_string(mail["raw"], _class=EmailMessage, policy=policy.default).get_body(("html",))
    assert html is not None
    # A page written by a script keeps the policy of the previous one.
    page.goto("about:blank")
    page.set_content(html.get_content())
    button = page.locator(".button")
    # Two lines.
    assert button.evaluate("button => button.getClientRects()[0].height") > 60
    assert button.evaluate("button => getComputedStyle(button).textAlign") == "center"
    above, right, below, left = space_around(page, ".inside")
    assert above == pytest.approx(below, abs=6)
    assert left == right == 20


def space_around(page: Page, selector: str) -> list[float]:
    """Return the space between a card's edge and its content: above, right, below, left."""
    return list(
        page.locator(selector).evaluate(
            """card => {
              const { top, right, bottom, left } = card.getBoundingClientRect();
              const inner = [...card.children].filter((child) => child.getClientRects().length);
              const of = (side, choose) => choose(...inner.map((child) => child.getBoundingClientRect()[side]));
              return [of('top', Math.min) - top, right - of('right', Math.max), bottom - of('bottom', Math.max),
                of('left', Math.min) - left];
            }"""
        )
    )


@pytest.mark.parametrize("width", [360, 1200])
def test_the_card_of_the_demo_s_form_has_the_same_space_all_around(visit: Visit, stack: LocalStack, width: int) -> None:
    page = visit(stack, viewport={"width": width, "height": 800}).open("/")
    above, right, below, left = space_around(page, "#contact")
    assert above == pytest.approx(below, abs=1)
    assert left == pytest.approx(right, abs=1)
    assert above == pytest.approx(left, abs=1)


def test_a_select_is_as_high_as_its_neighbours(visit: Visit, stack: LocalStack) -> None:
    page = visit(stack).open("/")
    select, field = (page.locator(f"#contact {name}") for name in ("select", "[name=email]"))
    assert select.evaluate("field => field.offsetHeight") == field.evaluate("field => field.offsetHeight")


def test_the_demo_site_s_pages_have_its_own_colour(visit: Visit, stack: LocalStack) -> None:
    page = visit(stack).open("/")
    colour = "getComputedStyle(document.querySelector('button, a.button')).backgroundColor"
    own = page.evaluate("getComputedStyle(document.querySelector('#contact button')).backgroundColor")
    address = f"{uuid4().hex}@example.org"
    stack.post("/newsletter", f"email={address}".encode(), "application/x-www-form-urlencoded")
    (mail,) = wait_for("the email", lambda: stack.inbox(to=address))
    page.goto(link_to("/newsletter/confirm", mail))
    assert page.evaluate(colour) == own
    html = message_from_string(mail["raw"], _class=EmailMessage, policy=policy.default).get_body(("html",))
    assert html is not None
    page.goto("about:blank")
    page.set_content(html.get_content())
    assert page.evaluate(colour) == own


def test_every_colour_of_a_site_can_be_read_on_its_pages(visit: Visit, stack: LocalStack) -> None:
    """Twenty colours, light and dark. axe measures the contrast of every text."""
    newsletter = NewsletterSettings.from_environment()
    request = Request.from_event(EVENT, "fr")
    for scheme in ("light", "dark"):
        visitor = visit(stack, color_scheme=scheme, viewport={"width": 360, "height": 800})
        for color in COLORS:
            settings = newsletter.model_copy(update={"accent_color": color, "privacy_url": "https://a.example/p"})
            link = dict.fromkeys(("request", "expires", "token"), "x")
            page = confirm_page(request, link, None, settings)
            visitor.page.set_content(page.html)
            assert visitor.violations() == [], (color, scheme)


def a_way_back(page: Page, words: Words) -> None:
    """Assert that a page names the site, and links back to it."""
    expect(page.get_by_text(SITE_NAME, exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=words.back)).to_have_attribute("href", re.compile("^http"))
    assert SITE_NAME in page.title()


def link_to(path: str, mail: dict[str, Any]) -> str:
    """Return the link to a path in a mail."""
    (link,) = re.findall(rf"http\S+{path}\?\S+", text_of(mail["raw"]))
    return str(link)
