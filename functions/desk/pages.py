"""The pages of the desk, from their templates. Imported on the first request."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from desk import words
from desk.access import form_token
from desk.call import Call, DeskError, Visit
from guichet.http.pages import policy, style
from guichet.http.responses import HEADERS, Response
from guichet.locales import locale
from guichet.records.session import Session
from guichet.store import comments, dynamodb
from guichet.store.dynamodb import UnavailableError

_TEMPLATES = Path(__file__).parent / "templates"
# The pages that may be shown in a frame. For any other, browsers say that the host refused to connect.
FRAMED = frozenset({"issues/_preview"})
# The areas in the menu, in order, by the first part of their path.
MENU = ("messages", "comments", "subscribers", "issues", "outbox", "settings")
# How many waiting comments are counted at most, and for how many seconds.
_MOST_COUNTED = 99
_COUNTING = 0.5
_ERROR = 400
# With `no-referrer`, browsers post `Origin: null` even to the same origin.
_HEADERS = {**HEADERS, "referrer-policy": "same-origin"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(  # noqa: PLR0913  the parts of a response
    call: Visit,
    template: str,
    *,
    title: str,
    status: int = 200,
    cookies: Sequence[str] = (),
    further_policy: str = "",
    **values: Any,
) -> Response:
    """Render a template as a page of the desk.

    Templates extend `desk.html`, which also says what `done` reports. They have `call`, `session` (None at signing in),
    `say(key, **values)`, `when(at)`, `day(at)`, `url(page, **query)`, `token` for their forms, and `values`.
    `further_policy` adds CSP directives for what the page may load besides style sheet and logo.
    """
    session = call.session if isinstance(call, Call) else None
    zone, language = ZoneInfo(call.settings.time_zone), call.language

    def say(key: str, **parts: object) -> str:
        return words.say(key, language, **parts)

    def when(at: datetime) -> str:
        return locale(language).when(at.astimezone(zone))

    def day(at: datetime) -> str:
        return locale(language).day(at.astimezone(zone))

    html = _environment().get_template(template).render(
        call=call,
        session=session,
        language=language,
        settings=call.settings,
        style=style(call.settings.accent_color, _TEMPLATES / "desk.css")[0],
        title=title,
        menu=_menu(call, session, status),
        area=call.page.partition("/")[0],
        # An error page may belong to no area.
        told=words.told(call.page, call.request.query.get("told", ""), language) if status < _ERROR else "",
        token=form_token(call.settings, session) if session else "",
        say=say,
        when=when,
        day=day,
        url=call.url,
        **values,
    )  # fmt: skip
    headers = {
        **_HEADERS,
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": policy(call.settings, _TEMPLATES / "desk.css", further_policy),
    }
    reply: Response = {"statusCode": status, "headers": headers, "body": html}
    if cookies:
        reply["cookies"] = list(cookies)
    return reply


def _menu(call: Visit, session: Session | None, status: int) -> list[tuple[str, str]]:
    """Return the areas with their names; comments with the number waiting, if it can be counted quickly."""
    names = {area: words.say(f"common.{area}", call.language) for area in MENU}
    if session is None or status >= _ERROR:
        return list(names.items())
    try:
        with dynamodb.retry_budget(_COUNTING):
            number = comments.waiting(call.table_name, _MOST_COUNTED + 1)
    except UnavailableError:
        # The page matters more than the number.
        number = 0
    if number:
        told = call.number(number) if number <= _MOST_COUNTED else f"{_MOST_COUNTED}+"
        names["comments"] = words.say("common.comments_waiting", call.language, number=told)
    return list(names.items())


def done(call: Call, page: str, told: str, *, cookies: Sequence[str] = (), **query: str) -> Response:
    """Redirect after a change to a page that reports it by the sentence `told_…` (RFC 9110, 303)."""
    return _see_other(call.url(page, told=told, **query), cookies)


def sent_on(call: Call, page: str, *, cookies: Sequence[str] = ()) -> Response:
    """Redirect to a page, which may have a query."""
    return _see_other(call.url(page), cookies)


def _see_other(location: str, cookies: Sequence[str]) -> Response:
    reply: Response = {"statusCode": 303, "headers": {**_HEADERS, "location": location}}
    if cookies:
        reply["cookies"] = list(cookies)
    return reply


def error_page(call: Visit, error: DeskError) -> Response:
    """Render an error: what is wrong, and what to do."""
    if call.page in FRAMED:
        return framed_error(call, error)
    title = words.say("common.error_title", call.language)
    return page(
        call, "error.html", title=title, status=error.status, sentence=words.say(f"common.{error.code}", call.language)
    )


def framed_error(call: Visit, error: DeskError) -> Response:
    """Say in a frame what is wrong. Nothing is lost: what was typed is still in the page around it."""
    headers = {
        **_HEADERS,
        "content-type": "text/plain; charset=utf-8",
        "content-security-policy": "default-src 'none'; frame-ancestors 'self'; sandbox allow-same-origin",
    }
    return {"statusCode": error.status, "headers": headers, "body": words.say(f"common.{error.code}", call.language)}
