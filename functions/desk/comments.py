"""/desk/comments: approve, refuse, file as spam or delete what was written under pages. Nothing can be edited."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import cast
from urllib.parse import unquote, urlsplit

from markupsafe import Markup, escape

from desk import pages, words
from desk.call import Call, DeskError, Route
from desk.messages import folded as searchable
from desk.messages import spam_words
from guichet.addresses import readable
from guichet.comments.markdown import html
from guichet.comments.moderation import ACTIONS, POSSIBLE, Action, Moderated, moderate, moderate_all
from guichet.http.responses import Response
from guichet.mail import strangers
from guichet.page_paths import folded, normalized
from guichet.records.comment import STATES, Comment, CommentState
from guichet.settings import origin_of
from guichet.signing import subscriber_id
from guichet.store import comments
from guichet.telemetry import logger

PER_PAGE = 20
# The most that one page reads while searching: this many comments, or this many characters.
MOST_LOOKED_AT = 500
MOST_TEXT = 2_000_000
_PER_BATCH = 100
_PER_THREAD = 1000
_LONGEST_SEARCH = 200
# Longer ones are shown in full only on their own page. In characters.
_LONGEST_IN_LIST = 1500
_BRIEF = 160
_LONGEST_TARGET = 200
_LINK = re.compile('<a href="(?P<target>[^"]*)"[^>]*>(?P<words>.*?)</a>', re.DOTALL)
_PLACE = re.compile(r"([0-9]{8}T[0-9]{12})-([0-9a-f]{32})")
_PLACE_TIME = "%Y%m%dT%H%M%S%f"
_SEEN = re.compile(rf"([A-Za-z0-9_-]{{1,128}})\.({'|'.join(STATES)})")
_TICKED = "ticked-"
# Actions done at the press of one button. Deleting asks first.
_AT_ONCE = tuple(action for action in ACTIONS if action != "delete")
# The bulk actions by state. For everything that a page shows, only those that can be undone or that ask first.
_ALL_SHOWN: dict[CommentState, tuple[Action, ...]] = {
    "pending": ("approve", "refuse"),
    "approved": (),
    "refused": ("delete",),
    "spam": ("delete",),
}
# How an outcome is reported: for one comment as `told_…`, for several in numbers.
_OUTCOMES = {"done": "done", "already": "already", "changed": "changed", "parent waits": "waits", "gone": "gone"}

Entry = tuple[datetime, str]


@dataclass(frozen=True)
class Answered:
    """What a comment answers, as its page shows it: None if it is gone or belongs to another page."""

    id: str
    who: str
    words: str
    state: CommentState


@dataclass(frozen=True)
class Shown:
    """A comment as a page shows it. `html` is what everybody sees, or will see; `brief` replaces it if it is long."""

    id: str
    state: CommentState
    who: str
    at: datetime
    path: str
    page: str
    answers: Answered | None
    is_answer: bool
    reason: str
    html: Markup | None
    brief: str


@dataclass(frozen=True)
class Query:
    """The query of a list: a state, words, a page of the site, and where to continue."""

    state: CommentState
    search: str
    path: str
    after: Entry | None

    @property
    def given(self) -> dict[str, str]:
        """The query of a link to the same list."""
        state = "" if self.state == "pending" else self.state
        return {"state": state, "q": self.search, "path": self.path}


# --- lists ------------------------------------------------------------------------------------------------------------


def show_list(call: Call) -> Response:
    """Show a page of the comments in a state: waiting ones oldest first, others newest first."""
    query = _query(call)
    entries = _entries(call, query)
    found, last, looked_at = _found(call, query, entries)
    is_filtered = bool(query.search or query.path)
    return pages.page(
        call,
        "comments.html",
        title=words.say(f"comments.title_{query.state}", call.language),
        states=STATES,
        query=query,
        typed_path=call.request.query.get("path", "").strip(),
        rows=_shown(call, found),
        actions=POSSIBLE[query.state],
        all_actions=_ALL_SHOWN[query.state],
        seen=_seen(found),
        total=None if is_filtered or query.after else call.number(len(entries)),
        looked_at=call.number(looked_at) if query.search else "",
        further=call.url("comments", **query.given, after=_place(last)) if last else "",
        first=call.url("comments", **query.given) if query.after else "",
        results=_results(call),
        back={"list": "state", "state": query.state, "q": query.search, "path": query.path},
    )


def show_author(call: Call) -> Response:
    """Show all comments of an address, given only its keyed hash."""
    found = comments.of_author(call.table_name, call.path["id"])
    if not found:
        raise DeskError(404, "no_such_page")
    return pages.page(
        call,
        "comments_author.html",
        title=words.say("comments.author_title", call.language),
        address=readable(found[0].email),
        rows=_shown(call, found[:PER_PAGE]),
        total=call.number(len(found)),
        is_cut=len(found) > PER_PAGE,
        most=PER_PAGE,
        actions=("refuse", "spam", "delete"),
        seen=_seen(found[:PER_PAGE]),
        results=_results(call),
        erase=call.url("people", comment=found[0].id),
        back={"list": "author", "author": call.path["id"]},
    )


def _query(call: Call) -> Query:
    given = call.request.query
    place = _PLACE.fullmatch(given.get("after", ""))
    after = None
    if place:
        try:
            after = datetime.strptime(place[1], _PLACE_TIME).replace(tzinfo=UTC), place[2]
        except ValueError:
            after = None
    return Query(
        state=_state(given.get("state", "")),
        search=" ".join(given.get("q", "").split())[:_LONGEST_SEARCH],
        path=_path(given.get("path", "")),
        after=after,
    )


def _state(text: str) -> CommentState:
    return text if text in STATES else "pending"


def _path(typed: str) -> str:
    """Return the path of a page of the site, typed or pasted as a URL; empty if it is not one."""
    try:
        path = urlsplit(typed.strip()).path
    except ValueError:
        return ""
    return (normalized(path if path.startswith("/") else f"/{path}") or "") if path else ""


def _place(entry: Entry) -> str:
    at, comment_id = entry
    return f"{at.astimezone(UTC).strftime(_PLACE_TIME)}-{comment_id}"


def _entries(call: Call, query: Query) -> list[Entry]:
    """Return the times and ids of the list's comments, in its order, after the place where it continues."""
    if query.state == "approved" and query.path:
        found = sorted(_of_thread(call, query.path), reverse=True)
    else:
        found = comments.in_state(call.table_name, query.state)
    if query.state == "pending":
        found.reverse()
    after = query.after
    if after is None:
        return found
    return [entry for entry in found if (entry > after if query.state == "pending" else entry < after)]


def _of_thread(call: Call, path: str) -> Iterator[Entry]:
    after = ""
    while True:
        part = comments.thread(call.table_name, call.settings.signing_secret, path, _PER_THREAD, after)
        yield from ((entry.at, entry.id) for entry in part.entries)
        if not part.next:
            return
        after = part.next


def _found(call: Call, query: Query, entries: Sequence[Entry]) -> tuple[list[Comment], Entry | None, int]:
    """Return the comments of a page, where the next page starts or None, and how many were examined."""
    wanted, page = searchable(query.search).split(), folded(query.path) if query.path else ""
    found: list[Comment] = []
    looked_at = read = 0
    size = _PER_BATCH if query.search or query.path else PER_PAGE
    for start in range(0, len(entries), size):
        batch = entries[start : start + size]
        records = {one.id: one for one in comments.read(call.table_name, [comment_id for _, comment_id in batch])}
        for at, comment_id in batch:
            looked_at += 1
            record = records.get(comment_id)
            text = searchable(_texts(record)) if record and wanted else ""
            read += len(text)
            # The list may lag behind.
            fits = record is not None and record.state == query.state and (not page or folded(record.page) == page)
            if record and fits and all(word in text for word in wanted):
                found.append(record)
            if len(found) == PER_PAGE or looked_at == MOST_LOOKED_AT or read >= MOST_TEXT:
                return found, (at, comment_id) if looked_at < len(entries) else None, looked_at
    return found, None, looked_at


def _texts(record: Comment) -> str:
    """Return everything its author wrote, as the search sees it."""
    return "\n".join([record.name, record.email, readable(record.email), unquote(record.page), record.comment])


def _shown(call: Call, found: Sequence[Comment]) -> list[Shown]:
    parents = list(dict.fromkeys(one.parent for one in found if one.parent))
    known = {one.id: one for one in comments.read(call.table_name, parents)} if parents else {}
    return [_row(call, one, known.get(one.parent)) for one in found]


def _row(call: Call, record: Comment, parent: Comment | None) -> Shown:
    is_long = len(record.comment) > _LONGEST_IN_LIST
    return Shown(
        id=record.id,
        state=record.state,
        who=_who(record),
        at=record.received_at,
        path=strangers.one_line(unquote(record.page)) or record.page,
        page=_page_of(call, record),
        answers=_answered(record, parent),
        is_answer=bool(record.parent),
        reason=spam_words(record.spam, call),
        html=None if is_long else _html(record),
        brief=strangers.brief(strangers.one_line(record.comment), _LONGEST_IN_LIST) if is_long else "",
    )


def _answered(record: Comment, parent: Comment | None) -> Answered | None:
    if parent is None or folded(parent.page) != folded(record.page):
        return None
    brief = strangers.brief(strangers.one_line(parent.comment), _BRIEF)
    return Answered(parent.id, _who(parent), brief, parent.state)


def _html(record: Comment) -> Markup:
    """Return a comment as everybody will see it, plus, for the owner who approves it, where its links lead."""
    return Markup(_LINK.sub(_with_target, html(record.comment)))  # noqa: S704  sanitized


def _with_target(link: re.Match[str]) -> str:
    target = unescape(link["target"])
    if Markup(link["words"]).striptags() == target:  # noqa: S704
        return link[0]
    return f'{link[0]} <bdi class="hint">({escape(strangers.brief(target, _LONGEST_TARGET))})</bdi>'


def _who(record: Comment) -> str:
    return strangers.one_line(record.name) or readable(record.email) or record.id[:8]


def _page_of(call: Call, record: Comment) -> str:
    """Return where everybody sees a page: its path on the site."""
    return f"{origin_of(call.settings.site_url)}{record.page}"


def _seen(found: Sequence[Comment]) -> str:
    """Return what a page shows: each comment with its state."""
    return " ".join(f"{one.id}.{one.state}" for one in found)


# --- one comment ------------------------------------------------------------------------------------------------------


def show(call: Call) -> Response:
    """Show a comment: who wrote it where, what it answers, as it was written, and as everybody sees it."""
    record = _opened(call)
    parent = comments.comment(call.table_name, record.parent) if record.parent else None
    author = subscriber_id(call.settings.signing_secret, record.email) if record.email else ""
    return pages.page(
        call,
        "comments_one.html",
        title=words.say("comments.one_title", call.language, id=record.id[:8]),
        comment=record,
        row=_row(call, record, parent),
        html=_html(record),
        text=strangers.unpadded(record.comment),
        address=readable(record.email),
        actions=[action for action in POSSIBLE[record.state] if action in _AT_ONCE],
        others=call.url(f"comments/by/{author}") if author else "",
        erase=call.url("people", comment=record.id) if record.email else "",
        folder=call.url("comments", state="" if record.state == "pending" else record.state),
    )


def _opened(call: Call) -> Comment:
    found = comments.comment(call.table_name, call.path["id"])
    if found is None:
        raise DeskError(404, "comment_gone")
    return found


def act(call: Call) -> Response:
    """Apply one of `_AT_ONCE` to a comment, if it is still as its page showed it."""
    action = cast("Action", call.page.rpartition("/")[2])
    return _told(call, _moderated(call, action))


def _moderated(call: Call, action: Action) -> Moderated:
    result = moderate(call.settings, call.path["id"], action, _state(call.fields.get("seen", "")))
    _log(call, action, [result])
    return result


def _told(call: Call, result: Moderated) -> Response:
    if result.outcome == "gone":
        raise DeskError(404, "comment_gone")
    action = call.page.rpartition("/")[2]
    told = action if result.outcome == "done" else _OUTCOMES[result.outcome]
    return pages.done(call, f"comments/{result.id}", told)


def ask_to_delete(call: Call) -> Response:
    """Say what deleting a comment does, with the button that does it. Changes nothing."""
    return _delete_page(call, _opened(call))


def _delete_page(call: Call, record: Comment) -> Response:
    return pages.page(
        call,
        "comments_delete.html",
        title=words.say("comments.delete_title", call.language),
        rows=_shown(call, [record]),
        leaves_stub=comments.is_answered(call.table_name, call.settings.signing_secret, record),
        action=f"comments/{record.id}/delete",
        fields={"seen": record.state},
        leave=call.url(f"comments/{record.id}"),
    )


def delete(call: Call) -> Response:
    """Delete a comment for good, as the page showed it."""
    seen = _state(call.fields.get("seen", ""))
    result = _moderated(call, "delete")
    if result.outcome == "changed":
        return _told(call, result)
    return pages.done(call, "comments", "delete", state="" if seen == "pending" else seen)


# --- several at once --------------------------------------------------------------------------------------------------


def act_on_several(call: Call) -> Response:
    """Act on the ticked comments, or on all that the page showed, and report the outcomes in numbers."""
    action, _, which = call.fields.get("do", "").partition("-")
    if action not in ACTIONS:
        raise DeskError(422, "not_read")
    chosen = _chosen(call, of_all=which in {"all", "sure"})
    if not chosen:
        return _back(call, told="none_ticked")
    if action == "delete" and which != "sure":
        return _sure_page(call, chosen)
    results = moderate_all(call.settings, chosen, action)
    _log(call, action, results)
    counts = {name: sum(one.outcome == outcome for one in results) for outcome, name in _OUTCOMES.items()}
    numbers = {name: str(number) for name, number in counts.items() if number}
    return _back(call, told="several", did=action, **numbers)


def _chosen(call: Call, *, of_all: bool) -> dict[str, CommentState]:
    """Return the chosen comments, with the state in which the page showed them."""
    seen = (_SEEN.fullmatch(one) for one in call.fields.get("seen", "").split()[:PER_PAGE])
    shown = {one[1]: _state(one[2]) for one in seen if one}
    return shown if of_all else {one: state for one, state in shown.items() if f"{_TICKED}{one}" in call.fields}


def _back(call: Call, told: str, **query: str) -> Response:
    """Redirect to the list that the form was on."""
    if call.fields.get("list") == "author" and re.fullmatch("[0-9a-f]{1,64}", call.fields.get("author", "")):
        author = call.fields["author"]
        # The last of them may be gone now.
        if comments.has_any(call.table_name, author):
            return pages.done(call, f"comments/by/{author}", told, **query)
    state = _state(call.fields.get("state", ""))
    given = Query(state, call.fields.get("q", ""), call.fields.get("path", ""), None).given
    return pages.done(call, "comments", told, **given, **query)


def _sure_page(call: Call, chosen: dict[str, CommentState]) -> Response:
    found = comments.read(call.table_name, list(chosen))
    secret = call.settings.signing_secret
    kept = {name: call.fields[name] for name in ("list", "author", "state", "q", "path") if call.fields.get(name)}
    return pages.page(
        call,
        "comments_delete.html",
        title=words.say("comments.delete_several_title", call.language, number=call.number(len(found))),
        rows=_shown(call, found),
        leaves_stub=any(comments.is_answered(call.table_name, secret, one) for one in found),
        action="comments",
        fields={
            "do": "delete-sure",
            "seen": " ".join(f"{one}.{state}" for one, state in chosen.items()),
            **kept,
        },
        leave=_list_url(call),
    )


def _list_url(call: Call) -> str:
    """Return the URL of the list that the form was on."""
    fields = call.fields
    if fields.get("list") == "author" and re.fullmatch("[0-9a-f]{1,64}", fields.get("author", "")):
        return call.url(f"comments/by/{fields['author']}")
    state = _state(fields.get("state", ""))
    return call.url("comments", **Query(state, fields.get("q", ""), fields.get("path", ""), None).given)


def _results(call: Call) -> list[str]:
    """Return the outcomes of a bulk action, as sentences with the numbers in the URL."""
    query = call.request.query
    if query.get("told") != "several" or query.get("did") not in ACTIONS:
        return []
    found = {name: query[name] for name in _OUTCOMES.values() if re.fullmatch("[0-9]{1,3}", query.get(name, ""))}
    return [
        words.say(f"comments.did_{query['did'] if name == 'done' else name}", call.language, number=number)
        for name, number in found.items()
    ]


def _log(call: Call, action: Action, results: Sequence[Moderated]) -> None:
    for one in results:
        logger.info(
            "comment moderated",
            request_id=call.request.id,
            session_id=call.signed_in.id,
            comment_id=one.id,
            action=action,
            state=one.state,
            outcome=one.outcome,
        )


# Fixed paths come before the one whose variable would match them.
ROUTES: dict[str, Route] = {
    "GET comments": show_list,
    "POST comments": act_on_several,
    "GET comments/by/{id}": show_author,
    "GET comments/{id}": show,
    **{f"POST comments/{{id}}/{action}": act for action in _AT_ONCE},
    "GET comments/{id}/delete": ask_to_delete,
    "POST comments/{id}/delete": delete,
}
