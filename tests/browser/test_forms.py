"""Both forms of the demo site, as visitors use them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.support.site import contact, fill_contact, mails, marker, newsletter
from tests.support.stack import LocalStack, free_port, local_stack, text_of, wait_for
from tests.support.visitor import SOONER, Visitor
from tests.support.words import ENGLISH, FRENCH, Words

Visit = Callable[..., Visitor]
BOTH = pytest.mark.parametrize("words", [FRENCH, ENGLISH], ids=["fr", "en"])


@pytest.fixture(scope="module")
def strict(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack that takes one form an hour, and only from the site. A refused origin is not counted."""
    del browser
    with local_stack(tmp_path_factory.mktemp("strict"), PARAMETERS="CallerHourlyCap=1", ORIGINS="strict") as stack:
        stack.wait_until_ready()
        yield stack


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_message_is_sent_and_thanked_for(visit: Visit, stack: LocalStack, words: Words, *, javascript: bool) -> None:
    visitor, text = visit(javascript=javascript), marker()
    page = visitor.open(words.path)
    fill_contact(page, words, text)
    page.get_by_role("button", name=words.send).click()

    if javascript:
        expect(contact(page).get_by_role("status")).to_contain_text(words.contact_done)
        expect(contact(page).get_by_role("status")).to_contain_text("camille@example.org")
        expect(contact(page).get_by_label(words.message)).to_have_value("")
        assert page.url.endswith(words.path)
    else:
        expect(page.get_by_role("heading", name=words.thanks)).to_be_visible()
        expect(page.get_by_text(words.contact_done)).to_be_visible()
        expect(page.get_by_role("link", name=words.back)).to_be_visible()
    assert visitor.violations() == []
    assert mails(stack, text) == 1


@BOTH
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_sign_up_is_sent_and_thanked_for(visit: Visit, stack: LocalStack, words: Words, *, javascript: bool) -> None:
    visitor, address = visit(javascript=javascript), f"{uuid4().hex}@example.org"
    page = visitor.open(words.path)
    newsletter(page).get_by_label("Email").fill(address)
    page.get_by_role("button", name=words.subscribe).click()

    if javascript:
        # A visitor who mistyped it sees it.
        expect(newsletter(page).get_by_role("status")).to_contain_text(address)
        expect(newsletter(page).get_by_label("Email")).to_have_value("")
    else:
        expect(page.get_by_role("heading", name=words.thanks)).to_be_visible()
        expect(page.get_by_text(words.newsletter_done)).to_be_visible()
        expect(page.get_by_role("link", name=words.back)).to_be_visible()
    assert visitor.violations() == []
    (mail,) = wait_for("the email", lambda: stack.inbox(to=address))
    assert f"language={'fr' if words is FRENCH else 'en'}" in text_of(mail["raw"])


@BOTH
def test_the_console_stays_empty(visit: Visit, words: Words) -> None:
    visitor = visit()
    page = visitor.open(words.path)
    fill_contact(page, words, marker())
    page.get_by_role("button", name=words.send).click()
    expect(contact(page).get_by_role("status")).to_contain_text(words.contact_done)
    newsletter(page).get_by_label("Email").fill("lou@example.org")
    page.get_by_role("button", name=words.subscribe).click()
    expect(newsletter(page).get_by_role("status")).to_contain_text("lou@example.org")

    # With proof of work off there is no challenge, which is not an error.
    assert (visitor.asked("GET", "/challenge"), visitor.asked("GET", "/newsletter/challenge")) == (1, 1)
    assert visitor.complaints == []


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_double_click_is_one_submission_and_one_email(visit: Visit, stack: LocalStack, *, javascript: bool) -> None:
    page, text, before = visit(javascript=javascript).open("/"), marker(), len(stack.logged("accepted"))
    fill_contact(page, FRENCH, text)
    page.get_by_role("button", name="Envoyer").dblclick()

    expect(page.get_by_text(FRENCH.contact_done)).to_be_visible()
    assert mails(stack, text) == 1
    assert len(stack.logged("accepted")) == before + 1


def test_the_button_is_disabled_while_it_sends_and_has_the_focus_again(visit: Visit) -> None:
    page = visit().open("/")
    fill_contact(page, FRENCH, marker())
    other = _with_button(page, "disabled")
    held: list[Route] = []
    page.route("**/contact", lambda route: held.append(route))  # noqa: PLW0108  Playwright asks for its signature
    button = page.get_by_role("button", name="Envoyer")
    button.focus()
    page.keyboard.press("Enter")

    expect(button).to_be_disabled()
    expect(contact(page).get_by_role("status")).to_have_text("Envoi en cours…")
    wait_for("the request", lambda: button.is_disabled() and held)
    held[0].continue_()
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    # The site itself disabled it.
    expect(other).to_be_disabled()

    # Focus stays in the field that the visitor has moved on to.
    fill_contact(page, FRENCH, marker())
    button.click()
    wait_for("the request", lambda: button.is_disabled() and held[1:])
    newsletter(page).get_by_label("Email").focus()
    held[1].continue_()
    expect(button).to_be_enabled()
    expect(newsletter(page).get_by_label("Email")).to_be_focused()


def test_while_the_api_is_down_the_message_stays_and_is_sent_by_another_try(visit: Visit, tmp_path: Path) -> None:
    # In English only: the tests of the gateway's own refusals, below, have the French sentence and button.
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    words, text = ENGLISH, marker()
    with local_stack(tmp_path / "first") as first:
        first.wait_until_ready()
        visitor = visit(first)
        page = visitor.open(words.path)
        fill_contact(page, words, text)
    page.get_by_role("button", name=words.send).click()

    expect(contact(page).get_by_role("alert")).to_contain_text(words.failed)
    expect(contact(page).get_by_label(words.message)).to_have_value(text)
    assert visitor.violations() == []
    with local_stack(tmp_path / "second", PORT=str(first.port), SITE_PORT=str(first.site_port)) as second:
        second.wait_until_ready()
        page.get_by_role("button", name=words.again).click()
        expect(contact(page).get_by_role("status")).to_contain_text(words.contact_done)
        expect(page.get_by_role("button", name=words.again)).not_to_be_attached()
        assert mails(second, text) == 1


REFUSED = {
    FRENCH: (
        "Le formulaire ne peut pas être envoyé d’ici.",
        "Guichet refuse les envois de {origin}\xa0: ajoutez cette origine à AllowedOrigins.",
    ),
    ENGLISH: (
        "The form cannot be sent from here.",
        "Guichet refuses posts from {origin}: add it to AllowedOrigins.",
    ),
}


def elsewhere(page: Page, stack: LocalStack, origin: str, path: str) -> None:
    """Open a page of the demo site as if another origin served it."""

    def serve(route: Route) -> None:
        url = route.request.url.replace(origin, f"http://127.0.0.1:{stack.site_port}")
        route.fulfill(response=route.fetch(url=url))

    page.route(f"{origin}/**", serve)
    page.goto(f"{origin}{path}")


@BOTH
def test_a_site_whose_origin_is_not_allowed_is_told_in_the_console_and_its_visitors_calmly(
    browser: Browser, stack: LocalStack, words: Words
) -> None:
    page, text, origin = browser.new_page(), marker(), "https://elsewhere.example"
    told: list[str] = []
    page.on("console", lambda message: told.append(f"{message.type}: {message.text}"))
    elsewhere(page, stack, origin, words.path)
    fill_contact(page, words, text)
    page.get_by_role("button", name=words.send).click()

    visitors, developers = REFUSED[words]
    expect(contact(page).get_by_role("alert")).to_contain_text(visitors)
    expect(contact(page).get_by_label(words.message)).to_have_value(text)
    assert f"error: {developers.format(origin=origin)}" in told
    assert "AllowedOrigins" not in contact(page).inner_text()
    assert stack.inbox(text) == []


@pytest.mark.parametrize(("words", "host"), [(FRENCH, "localhost"), (ENGLISH, "127.0.0.1")], ids=["fr", "en"])
def test_on_a_page_of_a_developer_the_page_itself_says_what_to_do(
    browser: Browser, strict: LocalStack, words: Words, host: str
) -> None:
    page, origin = browser.new_page(), f"http://{host}:{free_port()}"
    elsewhere(page, strict, origin, words.path)
    fill_contact(page, words, marker())
    page.get_by_role("button", name=words.send).click()
    expect(contact(page).get_by_role("alert")).to_contain_text(REFUSED[words][1].format(origin=origin))


def test_a_dev_server_on_any_port_can_post_to_the_local_stack(browser: Browser, stack: LocalStack) -> None:
    page, text = browser.new_page(), marker()
    elsewhere(page, stack, f"http://localhost:{free_port()}", "/")
    fill_contact(page, FRENCH, text)
    page.get_by_role("button", name="Envoyer").click()
    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    assert mails(stack, text) == 1


def test_a_reply_that_is_lost_is_no_second_message(visit: Visit, stack: LocalStack) -> None:
    page, text = visit().open("/"), marker()
    fill_contact(page, FRENCH, text)

    def lose(route: Route) -> None:
        assert route.fetch().status == 200
        route.abort()

    page.route("**/contact", lose, times=1)
    page.get_by_role("button", name="Envoyer").click()
    page.get_by_role("button", name="Réessayer").click()

    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    assert mails(stack, text) == 1


def test_the_same_words_filled_in_twice_are_two_messages(visit: Visit, stack: LocalStack) -> None:
    page, text = visit().open("/"), marker()
    for count in (1, 2):
        fill_contact(page, FRENCH, text)
        page.get_by_role("button", name="Envoyer").click()
        expect(contact(page).get_by_label("Message")).to_have_value("")
        wait_for("the email", lambda: stack.inbox(text)[count - 1 :])  # noqa: B023


@pytest.mark.parametrize("status", [429, 503])
def test_a_refusal_by_the_gateway_itself_offers_another_try(visit: Visit, status: int) -> None:
    page = visit().open("/")
    fill_contact(page, FRENCH, marker())

    def answer(route: Route) -> None:
        route.fulfill(status=status, json={"message": "No"}, headers={"access-control-allow-origin": "*"})

    page.route("**/contact", answer, times=1)
    page.get_by_role("button", name="Envoyer").click()

    expect(contact(page).get_by_role("alert")).to_contain_text(FRENCH.failed)
    page.get_by_role("button", name="Réessayer").click()
    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)


def test_who_sends_too_much_is_told_when_to_come_back(visit: Visit, strict: LocalStack) -> None:
    page = visit(strict).open("/")
    for _ in range(2):
        fill_contact(page, FRENCH, marker())
        page.get_by_role("button", name="Envoyer").click()
        expect(page.get_by_role("button", name="Envoyer")).to_be_enabled()

    expect(contact(page).get_by_role("alert")).to_contain_text("Trop d’envois en peu de temps")
    expect(page.get_by_role("button", name="Réessayer")).to_be_visible()


def described(field: Locator) -> str:
    """Return the sentence that describes a field; empty if it is not marked as wrong."""
    if field.get_attribute("aria-invalid") != "true":
        return ""
    identifier = (field.get_attribute("aria-describedby") or "").split()[-1]
    return field.page.locator(f"[id='{identifier}']").inner_text()


def test_what_is_missing_is_said_at_its_field_before_anything_is_sent(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    name, email, message = (contact(page).get_by_label(label) for label in ("Nom", "Email", "Message"))
    page.get_by_role("button", name="Envoyer").click()

    # An error does not become a part of the field's name.
    expect(contact(page).get_by_role("textbox", name="Email", exact=True)).to_be_focused()
    assert (described(name), bool(described(email)), bool(described(message))) == ("", True, True)
    assert visitor.violations() == []
    email.fill("camille@example.org")
    assert (described(email), bool(described(message))) == ("", True)
    assert visitor.asked("POST", "/contact") == 0


@BOTH
@pytest.mark.parametrize("locale", ["fr-FR", "en-GB", "de-DE"])
def test_what_is_wrong_is_said_in_the_page_s_language_whatever_the_browser_s(
    visit: Visit, words: Words, locale: str
) -> None:
    """The tests' browser has its own sentences in English, whichever language it requests."""
    visitor = visit(locale=locale)
    page = visitor.open(words.path)
    email, message = (contact(page).get_by_label(label) for label in ("Email", words.message))
    email.fill("camille")
    page.get_by_role("button", name=words.send).click()
    required, example = {
        True: ("Ce champ est obligatoire.", "nom@exemple.fr"),
        False: ("This field is required.", "name@example.com"),
    }[words is FRENCH]
    assert (described(email), described(message)) == ("", required)
    assert visitor.asked("POST", "/contact") == 0
    # Errors use the app's sentences, which say more.
    message.fill("Bonjour")
    page.get_by_role("button", name=words.send).click()
    expect(email).to_have_attribute("aria-invalid", "true")
    assert example in described(email)
    # What the site itself says about a field keeps its words.
    message.evaluate("field => field.setCustomValidity('Dites-en plus.')")
    page.get_by_role("button", name=words.send).click()
    assert described(message) == "Dites-en plus."
    assert visitor.asked("POST", "/contact") == 1


@BOTH
def test_what_the_app_refuses_is_said_at_its_field(visit: Visit, words: Words) -> None:
    visitor = visit()
    page = visitor.open(words.path)
    label = "Nom" if words is FRENCH else "Name"
    # Browsers accept both.
    contact(page).get_by_label("Email").fill("camille@localhost")
    contact(page).get_by_label(label).fill("x" * 1001)
    contact(page).get_by_label(words.message).fill("Bonjour")
    page.get_by_role("button", name=words.send).click()

    expect(contact(page).get_by_label(label)).to_be_focused()
    expect(contact(page).locator(".guichet-status")).to_have_text("")
    too_long, no_address = (described(contact(page).get_by_label(name)) for name in (label, "Email"))
    assert ("trop long" if words is FRENCH else "too long") in too_long
    assert ("nom@exemple.fr" if words is FRENCH else "name@example.com") in no_address
    assert described(contact(page).get_by_label(words.message)) == ""
    expect(contact(page).get_by_label(words.message)).to_have_value("Bonjour")
    assert visitor.violations() == []


def test_each_reply_replaces_the_errors_of_the_one_before(visit: Visit) -> None:
    page = visit().open("/")
    email, message = (contact(page).get_by_label(label) for label in ("Email", "Message"))
    email.evaluate("field => field.setAttribute('aria-describedby', 'hint')")
    fill_contact(page, FRENCH, marker())
    replies: list[tuple[int, list[dict[str, str]]]] = [
        # An error next to a hidden field would be invisible.
        (422, [{"field": "_language", "message": "Inconnue."}, {"field": "email", "message": "Refusée."}]),
        (503, [{"field": "message", "message": "Plus tard."}]),
    ]

    def answer(route: Route) -> None:
        status, errors = replies.pop(0)
        route.fulfill(status=status, json={"errors": errors}, headers={"access-control-allow-origin": "*"})

    page.route("**/contact", answer)
    page.get_by_role("button", name="Envoyer").click()
    expect(contact(page).get_by_role("alert")).to_have_text("Inconnue.")
    assert (described(email), described(message)) == ("Refusée.", "")
    # After its own description.
    assert (email.get_attribute("aria-describedby") or "").startswith("hint ")
    expect(page.get_by_role("button", name="Réessayer")).to_have_count(0)
    page.get_by_role("button", name="Envoyer").click()
    expect(message).to_have_attribute("aria-invalid", "true")
    assert (described(email), described(message)) == ("", "Plus tard.")
    expect(page.get_by_role("button", name="Réessayer")).to_be_visible()


def test_an_invalid_number_is_reported_before_anything_is_sent(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    fill_contact(page, FRENCH, marker())
    contact(page).evaluate("form => form.insertAdjacentHTML('afterbegin', '<input type=number name=surface>')")
    surface = contact(page).locator("[name=surface]")
    # Its value is empty in JavaScript.
    surface.press_sequentially("1e")
    page.get_by_role("button", name="Envoyer").click()
    assert described(surface) == "Ce champ est incorrect."
    assert visitor.asked("POST", "/contact") == 0


def test_a_request_to_a_silent_server_times_out(visit: Visit) -> None:
    visitor = visit()
    visitor.page.add_init_script(SOONER)
    page = visitor.open("/")
    fill_contact(page, FRENCH, marker())
    page.route("**/contact", lambda _: None)
    page.get_by_role("button", name="Envoyer").click()
    expect(contact(page).get_by_role("alert")).to_contain_text(FRENCH.failed)


@BOTH
def test_without_a_script_what_is_refused_is_said_on_a_page(visit: Visit, words: Words) -> None:
    visitor = visit(javascript=False)
    page = visitor.open(words.path)
    newsletter(page).get_by_label("Email").fill("camille@localhost")
    page.get_by_role("button", name=words.subscribe).click()

    expect(page.get_by_text("nom@exemple.fr" if words is FRENCH else "name@example.com")).to_be_visible()
    expect(page.get_by_role("link", name=words.back)).to_be_visible()
    assert visitor.violations() == []
    page.go_back()
    expect(newsletter(page).get_by_label("Email")).to_have_value("camille@localhost")


def test_both_forms_are_filled_in_and_sent_by_keyboard_alone(visit: Visit, stack: LocalStack) -> None:
    page, text, address = visit().open("/"), marker(), f"{uuid4().hex}@example.org"

    def tab_to(field: Locator) -> None:
        for _ in range(20):
            if field.evaluate("element => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        pytest.fail(f"no way to {field}")

    tab_to(contact(page).get_by_label("Email"))
    page.keyboard.type("camille@example.org")
    tab_to(contact(page).get_by_label("Message"))
    page.keyboard.type(text)
    tab_to(page.get_by_role("button", name="Envoyer"))
    page.keyboard.press("Space")
    expect(contact(page).get_by_role("status")).to_contain_text(FRENCH.contact_done)
    tab_to(newsletter(page).get_by_label("Email"))
    page.keyboard.type(address)
    page.keyboard.press("Enter")

    expect(newsletter(page).get_by_role("status")).to_contain_text(address)
    assert mails(stack, text) == 1
    wait_for("the email", lambda: stack.inbox(to=address))


def test_the_honeypot_is_out_of_sight_and_of_reach(visit: Visit) -> None:
    page = visit().open("/")
    traps = page.locator("[name=_gotcha]")
    assert traps.count() == 2
    assert [trap.is_visible() for trap in traps.all()] == [False, False]


def test_the_owner_reads_which_page_a_message_came_from(visit: Visit, stack: LocalStack) -> None:
    page, text = visit().open("/en/?utm=secret"), marker()
    fill_contact(page, ENGLISH, text)
    page.get_by_role("button", name="Send").click()

    (mail,) = wait_for("the email", lambda: stack.inbox(text))
    assert f"> Page\xa0: http://127.0.0.1:{stack.site_port}/en/" in text_of(mail["raw"]).splitlines()
    assert "secret" not in text_of(mail["raw"])


SAY = "event => { event.preventDefault(); window.seen = [event.type, event.target.tagName, event.detail]; }"


def test_a_site_can_say_its_own_thanks(visit: Visit) -> None:
    page = visit().open("/")
    page.evaluate(f"document.addEventListener('guichet:success', {SAY})")
    fill_contact(page, FRENCH, marker())
    page.get_by_role("button", name="Envoyer").click()

    wait_for("the event", lambda: page.evaluate("window.seen"))
    name, element, reply = page.evaluate("window.seen")
    assert (name, element, reply["ok"]) == ("guichet:success", "FORM", True)
    assert "/thanks?" in reply["next"]
    expect(contact(page).get_by_role("status")).to_have_text("")

    page.reload()
    contact(page).evaluate("form => { form.dataset.guichetSuccess = 'À bientôt !'; }")
    fill_contact(page, FRENCH, marker())
    page.get_by_role("button", name="Envoyer").click()
    expect(contact(page).get_by_role("status")).to_have_text("À bientôt !")


def test_a_site_can_say_its_own_refusals(visit: Visit) -> None:
    page = visit().open("/")
    page.evaluate(f"document.addEventListener('guichet:error', {SAY})")
    newsletter(page).get_by_label("Email").fill("camille@localhost")
    page.get_by_role("button", name="Je m’abonne").click()

    wait_for("the event", lambda: page.evaluate("window.seen"))
    assert page.evaluate("window.seen[2].errors[0].field") == "email"
    assert described(newsletter(page).get_by_label("Email")) == ""
    expect(newsletter(page).locator(".guichet-status")).to_have_text("")


def test_a_site_can_stop_or_complete_what_is_sent(visit: Visit, stack: LocalStack) -> None:
    visitor, text = visit(), marker()
    page = visitor.open("/")
    fill_contact(page, FRENCH, "Bonjour")
    page.evaluate(f"document.addEventListener('guichet:send', {SAY}, {{ once: true }})")
    page.get_by_role("button", name="Envoyer").click()
    wait_for("the event", lambda: page.evaluate("window.seen"))
    assert visitor.asked("POST", "/contact") == 0

    page.evaluate(f"document.addEventListener('guichet:send', event => event.detail.set('campagne', '{text}'))")
    page.get_by_role("button", name="Envoyer").click()
    wait_for("the email", lambda: stack.inbox(text))


def test_a_form_that_came_later_can_be_improved_too(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    page.evaluate("""async () => {
      const copy = document.querySelector('#contact form').cloneNode(true);
      copy.querySelector('.guichet-status').remove();
      copy.querySelector('[name=_language]').value = 'en';
      copy.insertAdjacentHTML('afterbegin', '<output data-guichet-status></output>');
      document.querySelector('#contact').append(copy);
      (await import('/guichet.js')).enhance(copy);
    }""")
    copy = contact(page).nth(1)
    copy.get_by_label("Email").fill("camille@example.org")
    copy.get_by_label("Message").fill(marker())
    copy.get_by_role("button", name="Envoyer").click()

    # The form's language overrides the page's.
    expect(copy.locator("output")).to_contain_text(ENGLISH.contact_done)
    expect(copy.get_by_role("status")).to_have_count(1)


def _with_button(page: Page, attributes: str) -> Locator:
    """Add a button to the contact form, and return it."""
    contact(page).evaluate(
        "(form, attributes) => form.insertAdjacentHTML('beforeend', `<button ${attributes}>Autre</button>`)", attributes
    )
    return contact(page).get_by_role("button", name="Autre")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_a_button_that_leads_elsewhere_posts_there(visit: Visit, stack: LocalStack, *, javascript: bool) -> None:
    visitor, address = visit(javascript=javascript), f"{uuid4().hex}@example.org"
    page = visitor.open("/")
    # Not relative: the site's origin differs from the API's.
    button = _with_button(page, f'formaction="http://127.0.0.1:{stack.port}/newsletter"')
    contact(page).get_by_label("Email").fill(address)
    contact(page).get_by_label("Message").fill("Inscrivez-moi, s'il vous plaît.")
    if javascript:
        # A retry uses the button's address, too.
        page.route("**/newsletter", lambda route: route.abort(), times=1)
    button.click()
    if javascript:
        page.get_by_role("button", name="Réessayer").click()

    expect(page.get_by_text(address if javascript else FRENCH.newsletter_done)).to_be_visible()
    assert (visitor.asked("POST", "/newsletter"), visitor.asked("POST", "/contact")) == (1 + javascript, 0)
    wait_for("the email", lambda: stack.inbox(to=address))


def test_a_button_that_leads_elsewhere_brings_a_proof_from_there(visit: Visit, stack: LocalStack) -> None:
    visitor = visit()
    page = visitor.open("/")
    button = _with_button(page, f'formaction="http://127.0.0.1:{stack.port}/newsletter"')
    fill_contact(page, FRENCH, marker())
    button.click()

    expect(page.get_by_text("à l’adresse camille@example.org")).to_be_visible()
    assert visitor.asked("GET", "/newsletter/challenge") == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "plain"])
def test_the_name_and_value_of_the_button_are_sent(visit: Visit, stack: LocalStack, *, javascript: bool) -> None:
    page, text = visit(javascript=javascript).open("/"), marker()
    # This name hides the form's own method.
    button = _with_button(page, 'name="reset" value="le-second"')
    fill_contact(page, FRENCH, text)
    button.click()

    (mail,) = wait_for("the email", lambda: stack.inbox(text))
    assert "reset\xa0: le-second" in text_of(mail["raw"])
    expect(page.get_by_text(FRENCH.contact_done)).to_be_visible()


def test_a_button_with_another_method_is_left_to_the_browser(visit: Visit, stack: LocalStack) -> None:
    visitor = visit()
    page = visitor.open("/")
    button = _with_button(page, f'formmethod="get" formaction="http://127.0.0.1:{stack.port}/thanks"')
    fill_contact(page, FRENCH, marker())
    button.click()

    expect(page).to_have_url(re.compile(r"/thanks\?.*message="))
    assert visitor.asked("POST", "/contact") == 0


def test_a_button_that_closes_a_dialog_sends_nothing(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    contact(page).evaluate("""form => {
      const dialog = document.createElement('dialog');
      form.replaceWith(dialog);
      dialog.append(form);
      dialog.show();
    }""")
    button = _with_button(page, 'formmethod="dialog"')
    fill_contact(page, FRENCH, marker())
    button.click()
    expect(button).to_be_hidden()
    assert visitor.asked("POST", "/contact") == 0


def test_a_button_that_needs_no_check_leaves_it_to_the_app(visit: Visit) -> None:
    visitor = visit()
    page = visitor.open("/")
    _with_button(page, "formnovalidate").click()

    expect(contact(page).get_by_label("Message")).to_have_attribute("aria-invalid", "true")
    assert described(contact(page).get_by_label("Message"))
    assert visitor.asked("POST", "/contact") == 1


def test_a_fetch_without_accept_sees_that_its_message_was_kept(visit: Visit, stack: LocalStack) -> None:
    page, text = visit().open("/"), marker()
    sent = """async ([url, text, headers]) => {
        const body = new URLSearchParams({ email: 'camille@example.org', message: text });
        const reply = await fetch(url, { method: 'POST', body, headers });
        return (await reply.json()).ok;
    }"""
    url = f"http://127.0.0.1:{stack.port}/contact"

    assert page.evaluate(sent, [url, f"{text} 1", {}]) is True
    # Not one of the headers that are allowed without a preflight.
    assert page.evaluate(sent, [url, f"{text} 2", {"X-Requested-With": "XMLHttpRequest"}]) is True
    wait_for("both emails", lambda: len(stack.inbox(text)) == 2)


def test_who_opens_the_address_of_a_form_reads_a_page(visit: Visit, stack: LocalStack) -> None:
    visitor = visit(locale="fr-FR")
    visitor.page.goto(f"http://127.0.0.1:{stack.port}/contact")

    expect(visitor.page.get_by_role("heading", name="Rien à voir ici")).to_be_visible()
    expect(visitor.page.get_by_role("link", name=FRENCH.back)).to_be_visible()
    assert visitor.violations() == []
