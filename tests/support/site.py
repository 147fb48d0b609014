"""The forms of the demo site, and the resulting mail."""

from uuid import uuid4

from playwright.sync_api import Locator, Page

from tests.support.stack import LocalStack, wait_for
from tests.support.words import Words


def contact(page: Page) -> Locator:
    """Return the contact form."""
    return page.locator("#contact form")


def newsletter(page: Page) -> Locator:
    """Return the newsletter form."""
    return page.locator("#newsletter form")


def fill_contact(page: Page, words: Words, message: str) -> None:
    """Fill in the contact form."""
    contact(page).get_by_label("Email").fill("camille@example.org")
    contact(page).get_by_label(words.message).fill(message)


def marker() -> str:
    """Return a unique text."""
    return f"Bonjour {uuid4().hex}"


def mails(stack: LocalStack, text: str, to: str = "") -> int:
    """Return how many mails contain a text, once there is one and the outbox's schedule has run as well."""
    wait_for("the email", lambda: stack.inbox(text, to))
    stack.sweep("Notifier")
    return len(stack.inbox(text, to))
