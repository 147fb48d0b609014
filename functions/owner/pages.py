"""The pages that the links in emails to the owner lead to."""

from guichet.http.pages import page_with_button
from guichet.http.request import Request
from guichet.locales import say
from guichet.settings import OwnerSettings

_PROOF = ("kind", "id", "expires", "token")


def spam_page(request: Request, link: dict[str, str], settings: OwnerSettings) -> str:
    """Return the page with the one button that files a message as spam."""
    return page_with_button(request, "owner_spam", "owner/spam", _proof(link), settings)


def erase_page(
    request: Request, link: dict[str, str], address: str, settings: OwnerSettings, *, subscribed: bool
) -> str:
    """Return the page with the one button that erases a person: whose address it is, and whether they are subscribed.

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
    )


def unfinished_page(request: Request, link: dict[str, str], settings: OwnerSettings) -> str:
    """Return the page of an erasure that has not come to its end, with a button that goes on with it."""
    return page_with_button(request, "owner_unfinished", "owner/erase", _proof(link), settings)


def _proof(link: dict[str, str]) -> dict[str, str]:
    return {name: link[name] for name in _PROOF}
