"""The pages behind the owner's links."""

from guichet.http.pages import Page, page_with_button
from guichet.http.request import Request
from guichet.locales import say
from guichet.settings import OwnerSettings

_PROOF = ("kind", "id", "expires", "token")


def spam_page(request: Request, link: dict[str, str], settings: OwnerSettings) -> Page:
    """Render the button that files a message as spam."""
    return page_with_button(request, "owner_spam", "owner/spam", _proof(link), settings)


def erase_page(
    request: Request, link: dict[str, str], address: str, settings: OwnerSettings, *, subscribed: bool
) -> Page:
    """Render the button that erases a person, with their address and whether they are subscribed.

    Anybody can write the address of another into a message, so it says what to do with one that is unwanted.
    """
    items = ["owner_erase_subscribed" if subscribed else "owner_erase_not_subscribed"]
    if link["kind"] == "message":
        items.append("owner_erase_unwanted")
    return page_with_button(
        request,
        "owner_erase",
        "owner/erase",
        _proof(link),
        settings,
        quoted=address,
        items=[say(item, request.language) for item in items],
        destroys=True,
    )


def unfinished_page(request: Request, link: dict[str, str], settings: OwnerSettings) -> Page:
    """Render the page of an unfinished erasure, with a button that continues it."""
    return page_with_button(request, "owner_unfinished", "owner/erase", _proof(link), settings, destroys=True)


def _proof(link: dict[str, str]) -> dict[str, str]:
    return {name: link[name] for name in _PROOF}
