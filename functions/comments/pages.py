"""The pages for commenters: request a link, see their comments, delete them."""

from collections.abc import Sequence
from urllib.parse import unquote, urlencode

from guichet.http.pages import Button, Card, Line, Page, render
from guichet.http.request import Request
from guichet.locales import locale, say
from guichet.mail import strangers
from guichet.records.comment import Comment
from guichet.settings import CommentsSettings

PROOF = ("author", "expires", "token")
# The most comments on one page: each has up to 10,000 characters.
PER_PAGE = 50
_LONGEST_ADDRESS = 320


def ask_page(request: Request, settings: CommentsSettings, *, expired: bool = False) -> Page:
    """Render the form for an address, to get the link."""
    language = request.language
    hint = say("mine_address_hint", language)
    line = Line("email", say("mine_address", language), hint, "", _LONGEST_ADDRESS, "email", "email")
    trap = (settings.honeypot_field, say("mine_trap", language))
    fields: dict[str, str] = {"_language": language}
    return render(
        language,
        settings,
        title=say("mine_title", language, site=settings.site_name),
        paragraphs=[say("mine_expired" if expired else "mine_ask", language)],
        button=Button(f"{request.base_url}/comments/mine", fields, say("mine_send", language), (line,), trap=trap),
    )


def list_page(request: Request, link: dict[str, str], theirs: Sequence[Comment], settings: CommentsSettings) -> Page:
    """Render an address's comments, newest first, starting at one; each links to the page that deletes it."""
    language = request.language
    ids = [one.id for one in theirs]
    start = ids.index(link["from"]) if link.get("from") in ids else 0
    links = []
    if len(theirs) > start + PER_PAGE:
        links.append((say("mine_older", language), _url(request, link, **{"from": ids[start + PER_PAGE]})))
    if len(theirs) > 1:
        links.append((say("mine_delete_all", language), _url(request, link, comment="all")))
    return render(
        language,
        settings,
        title=say("mine_title", language, site=settings.site_name),
        paragraphs=[say("mine_lead" if theirs else "mine_none", language)],
        cards=[_card(one, request, _url(request, link, comment=one.id)) for one in theirs[start : start + PER_PAGE]],
        links=links,
    )


def delete_page(request: Request, link: dict[str, str], known: Comment | None, settings: CommentsSettings) -> Page:
    """Render the button that deletes a comment, or all of them."""
    fields = {name: link[name] for name in PROOF} | {"comment": known.id if known else "all"}
    return render(
        request.language,
        settings,
        title=say(f"mine_{'one' if known else 'all'}_title", request.language),
        paragraphs=[say(f"mine_{'one' if known else 'all'}_lead", request.language)],
        cards=[_card(known, request)] if known else [],
        button=_deleting(request, fields, "one" if known else "all"),
        links=[(say("mine_back", request.language), _url(request, link))],
    )


def deleted_page(request: Request, link: dict[str, str], what: str, settings: CommentsSettings) -> Page:
    """Render the page that says what is deleted: `mine_gone`, `mine_all_gone` or `mine_left`."""
    fields = {name: link[name] for name in PROOF} | {"comment": "all"}
    return render(
        request.language,
        settings,
        title=say(f"{what}_title", request.language),
        paragraphs=[say(what, request.language, site=settings.site_name)],
        button=_deleting(request, fields, "all") if what == "mine_left" else None,
        links=[(say("mine_back", request.language), _url(request, link))],
    )


def _deleting(request: Request, fields: dict[str, str], what: str) -> Button:
    return Button(
        f"{request.base_url}/comments/mine/delete",
        {**fields, "language": request.language},
        say(f"mine_{what}_button", request.language),
        destroys=True,
    )


def _card(known: Comment, request: Request, delete: str = "") -> Card:
    """Return a comment as its author sees it.

    Waiting, refused and caught look the same, so that nobody can find out what the spam filter catches.
    """
    language = request.language
    state = say("mine_shown" if known.state == "approved" else "mine_hidden", language)
    links = ((say("mine_delete", language), delete),) if delete else ()
    page = strangers.one_line(unquote(known.page))
    return Card(f"{page} · {locale(language).day(known.received_at)}", known.comment, state, links)


def _url(request: Request, link: dict[str, str], **further: str) -> str:
    fields = {name: link[name] for name in PROOF} | {"language": request.language} | further
    return f"{request.base_url}/comments/mine?{urlencode(fields)}"
