"""The proof of work of guichet.js: invisible, from the first focus on, under the strict policy of the demo site."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.site import contact, fill_contact, mails, marker, newsletter
from tests.support.stack import LocalStack, local_stack, wait_for
from tests.support.visitor import Visitor
from tests.support.words import FRENCH

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def strict(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that accepts no form without a proof of work."""
    del browser
    with local_stack(tmp_path_factory.mktemp("strict"), PARAMETERS="ProofOfWork=required") as stack:
        stack.wait_until_ready()
        yield stack


def policy_of(page: Page) -> str:
    """Return the content security policy of a page."""
    return page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""


def send(page: Page) -> None:
    """Send the contact form of the French page."""
    page.get_by_role("button", name="Envoyer").click()


def test_it_is_solved_in_a_worker_under_a_strict_policy(visit: Visit, strict: LocalStack) -> None:
    visitor, text = visit(strict), marker()
    page = visitor.open("/")
    workers: list[str] = []
    page.on("worker", lambda worker: workers.append(worker.url))
    fill_contact(page, FRENCH, text)
    send(page)

    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    assert policy_of(page).startswith("default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'")
    assert workers == [f"http://127.0.0.1:{strict.site_port}/guichet.js"]
    assert visitor.violations() == []
    assert mails(strict, text) == 1


def test_the_newsletter_brings_one_too(visit: Visit, strict: LocalStack) -> None:
    page = visit(strict).open("/en/")
    newsletter(page).get_by_label("Email").fill("reader@example.org")
    page.get_by_role("button", name="Subscribe").click()

    expect(newsletter(page).get_by_role("status")).to_contain_text("reader@example.org")


def test_without_a_worker_it_is_solved_in_the_page(visit: Visit, strict: LocalStack) -> None:
    visitor = visit(strict)

    def without_workers(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("worker-src 'self'", "worker-src 'none'"))

    visitor.page.route("**/", without_workers, times=1)
    page = visitor.open("/")
    assert "worker-src 'none'" in policy_of(page)
    fill_contact(page, FRENCH, marker())
    send(page)

    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    # Chromium reports that the policy held.
    assert [line for line in visitor.complaints if "worker-src" in line]
    visitor.complaints.clear()


def test_one_that_was_used_or_has_expired_is_made_anew_unseen(visit: Visit, strict: LocalStack) -> None:
    visitor, used = visit(strict), marker()
    page = visitor.open("/")

    def use_again(route: Route) -> None:
        """Post another message with the same proof first."""
        body = route.request.post_data or ""
        route.fetch(post_data=body.replace(used, marker()))
        route.continue_()

    page.route("**/contact", use_again, times=1)
    fill_contact(page, FRENCH, used)
    send(page)

    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    assert visitor.asked("POST", "/contact") == 2
    assert visitor.asked("GET", "/challenge") == 2
    assert mails(strict, used) == 1


def test_where_it_never_fits_the_visitor_is_told(visit: Visit, strict: LocalStack) -> None:
    visitor = visit(strict)
    page = visitor.open("/")
    text = marker()

    def no_challenge(route: Route) -> None:
        route.fulfill(body="{}", headers={"access-control-allow-origin": "*"})

    page.route("**/challenge", no_challenge)
    fill_contact(page, FRENCH, text)
    send(page)

    expect(contact(page).get_by_role("alert")).to_contain_text("Rechargez la page du formulaire")
    expect(contact(page).get_by_label("Message")).to_have_value(text)
    assert visitor.asked("POST", "/contact") == 2


@pytest.mark.parametrize("form", ["contact", "newsletter"])
def test_the_first_focus_and_only_that_wakes_the_forms_own_function(visit: Visit, stack: LocalStack, form: str) -> None:
    visitor = visit()
    page = visitor.open("/")
    page.get_by_role("heading", level=1).click()
    assert not [line for line in visitor.requests if "challenge" in line]
    path = {"contact": "/challenge", "newsletter": "/newsletter/challenge"}[form]
    for _ in range(2):
        page.locator(f"#{form} [name=email]").focus()
        page.get_by_role("link", name="English").focus()

    wait_for("the challenge", lambda: page.title() and visitor.asked("GET", path))
    assert [line for line in visitor.requests if "challenge" in line] == [f"GET http://127.0.0.1:{stack.port}{path}"]


def test_a_comment_brings_one_too(visit: Visit, strict: LocalStack) -> None:
    page = visit(strict).open("/article.html")
    comments = page.locator("#comments form")
    comments.get_by_label("Nom", exact=True).fill("Camille")
    comments.get_by_label("Email").fill("camille@example.org")
    comments.get_by_label("Commentaire").fill(marker())
    page.get_by_role("button", name="Envoyer le commentaire").click()

    expect(comments.get_by_role("status")).to_contain_text("une fois approuvé")


def test_a_form_of_the_site_s_own_brings_one_too(visit: Visit, strict: LocalStack) -> None:
    visitor = visit(strict)
    page = visitor.open("/devis.html")
    quote = page.locator("#quote form")
    quote.get_by_label("Nom", exact=False).first.fill("Camille Géraud")
    quote.get_by_label("Email").fill("camille@example.org")
    quote.get_by_label("Un site").check()
    quote.get_by_label("Budget").select_option(index=1)
    quote.get_by_label("Votre projet").fill(marker())
    quote.get_by_role("button", name="Envoyer").click()

    expect(quote.get_by_role("status")).to_contain_text("Nous avons bien reçu votre envoi")
    # From the function that gets the form. The form's own address only accepts posts.
    assert (visitor.asked("GET", "/challenge"), visitor.asked("GET", "/f/devis")) == (1, 0)
