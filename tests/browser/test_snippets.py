"""The snippets of the README and its page, pasted verbatim into a page of the site and used."""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.support.npm import bundle
from tests.support.pages import blocks, read
from tests.support.site import mails, marker
from tests.support.stack import LocalStack, text_of, wait_for
from tests.support.visitor import Visitor

Visit = Callable[..., Visitor]
TEXT = read("README.md") + read("pasting.md")
HTML, JSX = blocks(TEXT, "html"), blocks(TEXT, "jsx")
COUNT = re.compile(r"\d commentaires")
# Formspree's clients report how long a page was open, and a form that a program sends immediately is spam.
READING = 2_100


def test_there_are_four_ways() -> None:
    assert [("data-guichet" in snippet, "fetch(" in snippet) for snippet in HTML] == [
        (False, False),
        (True, False),
        (False, True),
    ]
    assert len(JSX) == 1


def pasted(visit: Visit, stack: LocalStack, body: str, **files: str) -> Page:
    """Open a page of the site with nothing but the pasted snippet, with the API's address filled in."""
    page, site = visit().page, f"http://127.0.0.1:{stack.site_port}/"
    contents = {"pasted.html": f"<!doctype html><html lang=en><meta charset=utf-8><title>A page</title>{body}", **files}

    def answer(route: Route) -> None:
        name = route.request.url.removeprefix(site)
        if name not in contents:
            route.continue_()
            return
        content = contents[name].replace("https://YOUR-API", f"http://127.0.0.1:{stack.port}")
        route.fulfill(body=content, content_type="text/html" if name.endswith("html") else "text/javascript")

    page.route(f"{site}**", answer)
    page.goto(f"{site}pasted.html")
    return page


def send(page: Page, message: str, email: str = "camille@example.org") -> None:
    """Fill in the contact form and send it."""
    page.get_by_label("Email").first.fill(email)
    page.get_by_label("Message").fill(message)
    page.get_by_role("button", name="Send").click()


def test_plain_html(visit: Visit, stack: LocalStack) -> None:
    text = marker()
    send(pasted(visit, stack, HTML[0]), text)
    assert mails(stack, text) == 1

    page, address = pasted(visit, stack, HTML[0]), f"{marker().split()[1]}@example.org"
    page.get_by_label("Email").nth(1).fill(address)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("heading")).to_be_visible()
    assert mails(stack, "/newsletter/confirm?", to=address) == 1


def test_guichet_js(visit: Visit, stack: LocalStack) -> None:
    page, text = pasted(visit, stack, HTML[1]), marker()
    send(page, text, "camille@localhost")
    expect(page.locator(".guichet-error")).to_contain_text("name@example.com")
    send(page, text)
    expect(page.get_by_role("status")).to_contain_text("Your message has arrived")
    assert mails(stack, text) == 1


def test_comments_js(visit: Visit, stack: LocalStack) -> None:
    (snippet,) = (one for one in blocks(read("comments.md"), "html") if "<form" in one)
    page, text = pasted(visit, stack, snippet), marker()
    expect(page.get_by_text("No comments yet.")).to_be_visible()
    page.get_by_label("Name").fill("Camille")
    page.get_by_label("Email").fill("camille@example.org")
    page.get_by_role("textbox", name="Comment").fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your comment has arrived. It will appear once it is approved.")).to_be_visible()
    (mail,) = wait_for("the email", lambda: stack.inbox(text))
    assert "/articles/chairs/" in text_of(mail["raw"])


def test_comments_js_without_a_form_and_in_an_element_that_was_added_later(visit: Visit, stack: LocalStack) -> None:
    # The demo starts with some when it is first opened.
    visit().open("/article.html")
    section = 'data-guichet-comments="https://YOUR-API/f/comments" data-page="/article"'
    page = pasted(visit, stack, f'<script type="module" src="/comments.js"></script><section lang="fr-CA" {section}>')
    # Not the loading message.
    expect(page.get_by_role("status")).to_contain_text(COUNT)
    names = page.locator(".guichet-name")
    assert names.count() > 2
    expect(page.get_by_role("button")).to_have_count(0)
    page.evaluate(
        "async () => { const copy = document.querySelector('section').cloneNode(); document.body.append(copy);"
        " (await import('/comments.js')).comments(copy); }"
    )
    expect(page.get_by_role("status")).to_have_count(2)
    expect(page.get_by_role("status").last).to_contain_text(COUNT)


def test_fetch(visit: Visit, stack: LocalStack) -> None:
    page, text = pasted(visit, stack, HTML[2]), marker()
    send(page, text, "camille@localhost")
    expect(page.get_by_role("status")).to_contain_text("email")
    expect(page.get_by_label("Message")).to_have_value(text)
    send(page, text)
    expect(page.get_by_role("status")).to_contain_text("Your message has arrived")
    expect(page.get_by_label("Message")).to_have_value("")
    assert mails(stack, text) == 1


def test_fetch_says_that_it_failed(visit: Visit, stack: LocalStack) -> None:
    page, text = pasted(visit, stack, HTML[2]), marker()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.route("**/contact", lambda route: route.abort(), times=1)
    send(page, text)
    expect(page.get_by_role("status")).to_have_text("This could not be sent. Nothing is lost: please try again.")
    expect(page.get_by_label("Message")).to_have_value(text)
    assert any(f"http://127.0.0.1:{stack.site_port} one of AllowedOrigins" in line for line in told)
    # The gateway's own answers have no `error`.
    gateways = {
        "status": 429,
        "json": {"message": "Too Many Requests"},
        "headers": {"access-control-allow-origin": "*"},
    }
    page.route("**/contact", lambda route: route.fulfill(**gateways), times=1)
    send(page, text)
    expect(page.get_by_role("status")).to_have_text("This could not be sent. Nothing is lost: please try again.")
    send(page, text)
    expect(page.get_by_role("status")).to_contain_text("Your message has arrived")
    assert mails(stack, text) == 1


def test_react(visit: Visit, stack: LocalStack, tmp_path: Path) -> None:
    (tmp_path / "ContactForm.jsx").write_text(JSX[0], encoding="utf-8")
    entry = tmp_path / "entry.jsx"
    entry.write_text(
        "import { createRoot } from 'react-dom/client';\n"
        "import ContactForm from './ContactForm.jsx';\n"
        "createRoot(document.querySelector('main')).render(<ContactForm />);\n",
        encoding="utf-8",
    )
    body = '<main></main><script src="/bundle.js"></script>'
    page, text = pasted(visit, stack, body, **{"bundle.js": bundle(entry)}), marker()
    page.wait_for_timeout(READING)
    send(page, text, "camille@localhost")
    expect(page.get_by_role("alert")).to_contain_text("name@example.com")
    expect(page.get_by_label("Message")).to_have_value(text)
    send(page, text)
    expect(page.get_by_role("status")).to_have_text("Thank you!")
    assert mails(stack, text) == 1
