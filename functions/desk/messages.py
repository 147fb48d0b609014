"""/desk/messages: by form and day, the spam folder, search, and one message: spam or not, and to whom a reply goes."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from urllib.parse import quote
from zoneinfo import ZoneInfo

from desk import pages, words
from desk.call import Call, DeskError, Route
from desk.reasons import why
from guichet.addresses import readable
from guichet.definitions.definition import Definition
from guichet.definitions.lookup import definition, definitions
from guichet.http.responses import Response
from guichet.locales import locale
from guichet.mail import notification, strangers
from guichet.mail.emails import confirmation_request, form_notification
from guichet.mail.emails.form_notification import Row
from guichet.outbox.reasons import reason_of
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.store import message_lists, outbox, submissions, subscribers, table
from guichet.store.dynamodb import Item
from guichet.store.message_lists import Entry, Folder, Place

Submission = Message | SignUp

PER_PAGE = 50
# The most that one search reads: this many messages, or this many characters.
MOST_LOOKED_AT = 300
MOST_TEXT = 2_000_000
_PER_BATCH = 100
# The longest search text, in characters.
_LONGEST_SEARCH = 200
_BRIEF = 160
# The gateway's clock and this function's may differ.
_CLOCKS_DIFFER = timedelta(minutes=5)
_MONTH = re.compile("([0-9]{4})-(0[1-9]|1[0-2])")
_MOST_MONTHS = 240
# Matches deleted forms as well. Other text of a URL, which a stranger may have made up, is not shown as the desk's.
_FORM = re.compile("[a-z0-9-]{1,64}")
_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
_SPELLED_OUT = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "’": "'", "ʼ": "'"})
# The keys of the sentences: of the signs that guichet.forms.spam names, and of the emails about a message.
_SIGNS = {
    "owner": "spam_owner",
    "honeypot": "spam_honeypot",
    "links": "spam_links",
    "link markup": "spam_markup",
    "link in a short field": "spam_short_field",
    "mixed alphabets": "spam_alphabets",
    "known phrases": "spam_phrases",
    "sent at once": "spam_at_once",
    "sent by a program": "spam_program",
}
_POINTS = re.compile(r"(.+) \(([0-9]+)\)")


class Found(NamedTuple):
    """What a page shows: records, newest first; how far it searched; and where to continue, both ways."""

    records: list[Submission]
    looked_at: int
    reached: datetime
    is_all: bool
    older: str
    newer: str


@dataclass(frozen=True)
class Query:
    """The query of a page of the list."""

    folder: Folder
    form: str
    search: str
    month: str
    start: Place
    # Whether it starts with the newest, and whether it walks back in time or forward.
    is_first: bool
    back: bool
    # The earliest and the latest possible time of a message.
    oldest: datetime
    newest: datetime


def inbox(call: Call) -> Response:
    """Show the messages."""
    return _list(call, "messages")


def spam(call: Call) -> Response:
    """Show the spam folder: messages, and sign-ups."""
    return _list(call, "spam")


def _list(call: Call, folder: Folder) -> Response:
    query = _query(call, folder)
    found = _searched(call, query) if query.search else _listed(call, query)
    zone = ZoneInfo(call.settings.time_zone)
    days = groupby(found.records, key=lambda record: record.submitted_at.astimezone(zone).date())
    return pages.page(
        call,
        "messages.html",
        title=words.say(f"messages.{'spam_title' if folder == 'spam' else 'title'}", call.language),
        query=query,
        found=found,
        days=[(of_day[0].submitted_at.astimezone(zone), of_day) for of_day in (list(records) for _, records in days)],
        forms=_forms(call, query),
        months=_months(call, query.oldest),
        period=sorted([query.start.at, found.reached]),
        per_page=PER_PAGE,
        here=_path(folder),
        pages={
            "older": _link(call, query, before=found.older) if found.older else "",
            "newer": _newer(call, query, found),
            "first": _link(call, query, month=""),
        },
        opened=lambda record: call.url(f"messages/{record.id}", form=query.form),
        brief=lambda record: _brief(record, call),
        who=_who,
        clock=lambda at: f"{at.astimezone(zone):%H:%M}",
        form_title=lambda record: _form_title(record, call),
        reason=lambda record: spam_words(record.spam, call),
    )


def _query(call: Call, folder: Folder) -> Query:
    given = call.request.query
    before, after = Place.of(given.get("before", "")), Place.of(given.get("after", ""))
    month = given.get("month", "") if _MONTH.fullmatch(given.get("month", "")) else ""
    search = " ".join(given.get("q", "").split())[:_LONGEST_SEARCH]
    oldest, newest = _oldest(call), utc_now() + _CLOCKS_DIFFER
    until = _end_of(month, call) if month else None
    start = before or after or Place(until or newest)
    return Query(
        folder=folder,
        form=given.get("form", "") if _FORM.fullmatch(given.get("form", "")) else "",
        search=search,
        month=month,
        start=max(min(start, Place(newest)), Place(oldest)),
        is_first=start >= Place(newest),
        back=bool(search) or before is not None or after is None,
        oldest=oldest,
        newest=newest,
    )


def _oldest(call: Call) -> datetime:
    """Return the time of the oldest message that may still be stored: a form may have its own retention."""
    days = max([call.settings.retention_days, *(own.retention_days or 0 for own in definitions().values())])
    return utc_now() - timedelta(days=days + 1)


def _end_of(month: str, call: Call) -> datetime | None:
    year, number = (int(part) for part in month.split("-"))
    year, number = (year + 1, 1) if number == 12 else (year, number + 1)  # noqa: PLR2004  of a year
    try:
        return datetime(year, number, 1, tzinfo=ZoneInfo(call.settings.time_zone))
    except (ValueError, OverflowError):
        return None


def _listed(call: Call, query: Query) -> Found:
    entries: list[Entry] = []
    reached, is_all = query.start, False
    for stretch in _walk(call, query):
        entries += [entry for entry in stretch.entries if query.form in {"", entry.form}]
        reached, is_all = stretch.reached, stretch.is_last
        if len(entries) > PER_PAGE:
            break
    shown = entries[:PER_PAGE]
    if len(entries) > PER_PAGE:
        reached, is_all = shown[-1].place, False
    beyond = "" if is_all else str(reached)
    # There is always a way back to the previous page, except from the first.
    came_from = str(shown[0].place if shown else query.start)
    if not query.back:
        shown.reverse()
    return Found(
        records=message_lists.read(call.table_name, shown),
        looked_at=0,
        reached=reached.at,
        is_all=is_all and query.back,
        older=beyond if query.back else came_from,
        newer="" if query.is_first else came_from if query.back else beyond,
    )


def _searched(call: Call, query: Query) -> Found:
    """Read one message after another; the next page continues after the last one examined."""
    wanted = folded(query.search).split()
    found: list[Submission] = []
    looked_at = read = 0
    reached, is_all = query.start, False
    for stretch in _walk(call, query):
        entries = [entry for entry in stretch.entries if query.form in {"", entry.form}]
        for batch in _batches(entries):
            records = {record.id: record for record in message_lists.read(call.table_name, batch)}
            for entry in batch:
                looked_at += 1
                reached = entry.place
                record = records.get(table.id_at(entry.pk))
                text = folded(_texts(record, call)) if record else ""
                read += len(text)
                if record and all(word in text for word in wanted):
                    found.append(record)
                if len(found) == PER_PAGE or looked_at == MOST_LOOKED_AT or read >= MOST_TEXT:
                    return Found(found, looked_at, reached.at, is_all=False, older=str(reached), newer="")
        reached, is_all = stretch.reached, stretch.is_last
    return Found(found, looked_at, reached.at, is_all, older="" if is_all else str(reached), newer="")


def _batches(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    return (entries[start : start + _PER_BATCH] for start in range(0, len(entries), _PER_BATCH))


def _walk(call: Call, query: Query) -> Iterator[message_lists.Stretch]:
    last = query.oldest if query.back else query.newest
    return message_lists.Lists(call.table_name, query.folder).walk(query.start, last, back=query.back)


def folded(text: str) -> str:
    """Return a text as the search compares it: lower case, without accents."""
    if text.isascii():
        return text.lower()
    plain = text.casefold().translate(_SPELLED_OUT)
    return _MARKS.sub("", unicodedata.normalize("NFKD", plain))


def _texts(record: Submission, call: Call) -> str:
    """Return everything a visitor wrote, as stored and as displayed."""
    fixed = [record.name, record.email, readable(record.email), record.page]
    if isinstance(record, SignUp):
        return "\n".join([*fixed, record.consent_claim])
    own = definition(record.form)
    shown = form_notification.rows(own, record, call.language) if own else ()
    further = [record.subject, record.form_subject, *record.answers.values(), *(name for name, _ in record.extra)]
    return "\n".join([*fixed, *further, *(row.text for row in shown)])


def _path(folder: Folder) -> str:
    return "messages/spam" if folder == "spam" else "messages"


def _link(call: Call, query: Query, **changes: str) -> str:
    given = {"form": query.form, "q": query.search, "month": query.month} | changes
    return call.url(_path(query.folder), **given)


def _newer(call: Call, query: Query, found: Found) -> str:
    return _link(call, query, after=found.newer) if found.newer else ""


def _forms(call: Call, query: Query) -> list[tuple[str, str]]:
    """Return the names and titles of the forms to choose from."""
    known = {"contact": words.say("messages.form_contact", call.language)}
    known |= {name: own.title[call.language] for name, own in definitions().items()}
    if query.folder == "spam":
        known["newsletter"] = words.say("messages.form_newsletter", call.language)
    if query.form and query.form not in known:
        known[query.form] = query.form
    return list(known.items())


def _months(call: Call, oldest: datetime) -> list[tuple[str, str]]:
    """Return the earlier months to choose from, newest first."""
    zone = ZoneInfo(call.settings.time_zone)
    now, first, names = utc_now().astimezone(zone), oldest.astimezone(zone), locale(call.language).MONTHS
    number, end = now.year * 12 + now.month - 2, first.year * 12 + first.month - 1
    numbers = range(number, max(end, number - _MOST_MONTHS) - 1, -1)
    return [(f"{one // 12}-{one % 12 + 1:02}", f"{names[one % 12]} {one // 12}") for one in numbers]


def _who(record: Submission) -> str:
    """Return who wrote: a name, an address or, if the form asks for neither, the beginning of the id."""
    return strangers.one_line(record.name) or readable(record.email) or record.id[:8]


def _brief(record: Submission, call: Call) -> str:
    if isinstance(record, SignUp):
        return readable(record.email) if record.name else ""
    subject = strangers.one_line(record.form_subject) or strangers.one_line(record.subject)
    text = strangers.one_line(form_notification.words(definition(record.form), record.answers, call.language))
    return strangers.brief(" – ".join(filter(None, (subject, text))), _BRIEF)


def _form_title(record: Submission, call: Call) -> str:
    if isinstance(record, SignUp):
        return words.say("messages.form_newsletter", call.language)
    own = definition(record.form)
    if own:
        return own.title[call.language]
    # If the form was removed from the file, only its name is left.
    return words.say("messages.form_contact", call.language) if record.form == "contact" else record.form


def spam_words(reason: str, call: Call) -> str:
    """Return why something is in the spam folder, in words."""
    parts = [_sign(part, call) for part in reason.split(", ")]
    return ", ".join(parts) if reason else ""


def _sign(part: str, call: Call) -> str:
    found = _POINTS.fullmatch(part)
    sign, points = (found[1], found[2]) if found else (part, "")
    if sign not in _SIGNS:
        return part
    told = words.say(f"messages.{_SIGNS[sign]}", call.language)
    return words.say("messages.spam_points", call.language, sign=told, points=points) if points else told


def show(call: Call) -> Response:
    """Show a message, or a sign-up from the spam folder."""
    record, rows = _opened(call)
    own = definition(record.form) if isinstance(record, Message) else None
    at = locale(call.language).when(record.submitted_at.astimezone(ZoneInfo(call.settings.time_zone)))
    key = "sign_up_title" if isinstance(record, SignUp) else "message_title"
    folder: Folder = "spam" if record.spam else "messages"
    form = call.request.query.get("form", "")
    return pages.page(
        call,
        "messages-one.html",
        title=words.say(f"messages.{key}", call.language, at=at),
        record=record,
        is_sign_up=isinstance(record, SignUp),
        # A contact form's message needs no label. The names of extra fields are the visitor's text as well.
        rows=[Row(strangers.one_line(row.label), strangers.unpadded(row.text)) for row in _rows(record, own, call)],
        form_title=_form_title(record, call),
        reason=spam_words(record.spam, call),
        reply=_reply(record, call),
        erase=call.url("people", message=record.id),
        subscriber=_subscriber(record, call),
        emails=[(_email_name(row, call), _email_state(row, call)) for row in sorted(rows, key=_queued)],
        folder=call.url(_path(folder), form=form),
        folder_name=words.say(f"messages.{'spam_title' if record.spam else 'title'}", call.language),
        links=_neighbours(call, record, folder, form),
    )


def _opened(call: Call) -> tuple[Submission, list[Item]]:
    """Return the record of a page, with the rows of its emails. Raises DeskError."""
    record, rows = message_lists.opened(call.table_name, call.path["id"])
    # A sign-up that is not spam is not shown until the visitor confirms it.
    if record is None or (isinstance(record, SignUp) and not record.spam):
        raise DeskError(404, "no_such_page")
    return record, rows


def _rows(record: Submission, own: Definition | None, call: Call) -> list[Row]:
    def say(key: str) -> str:
        return words.say(f"messages.{key}", call.language)

    if isinstance(record, SignUp):
        given = [("name", record.name), ("email", readable(record.email)), ("page", record.page)]
        given.append(("claim", record.consent_claim))
        return [Row(say(key), text) for key, text in given if text]
    if own:
        rows = form_notification.rows(own, record, call.language)
    else:
        first = [("name", record.name), ("email", readable(record.email))]
        labelled = [Row(label, text) for label, text in record.labelled(call.language)]
        last = [("subject", record.subject), ("message", record.message)]
        rows = [
            *(Row(say(key), text) for key, text in first if text),
            *labelled,
            *(Row(say(key), text) for key, text in last if text),
            *(Row(name, text) for name, text in record.extra),
        ]
    more = [("form_subject", record.form_subject), ("page", record.page)]
    return [*rows, *(Row(say(key), text) for key, text in more if text)]


def _reply(record: Submission, call: Call) -> str:
    """Return the `mailto:` URL of a reply (RFC 6068). Its subject contains nothing that the visitor wrote."""
    if isinstance(record, SignUp) or not record.email:
        return ""
    day = locale(record.language).day(record.received_at.astimezone(ZoneInfo(call.settings.time_zone)))
    subject = words.say("messages.reply_subject", record.language, site=call.settings.site_name, day=day)
    return f"mailto:{quote(record.email, safe='@')}?subject={quote(subject, safe='')}"


def _subscriber(record: Submission, call: Call) -> str:
    """Return the page of the subscriber at this address, if there is one."""
    if not record.email:
        return ""
    known = subscribers.known(call.table_name, call.settings.ids_of(record.email))
    return call.url(f"subscribers/{known.id}") if known else ""


def _queued(row: Item) -> str:
    return str(row["queued_at"])


def _email_name(row: Item, call: Call) -> str:
    released = outbox.row_key(row["pk"], row["name"], "released").email
    if row["name"].endswith("-notification") and row["sk"] == released:
        return words.say("messages.email_released", call.language)
    return words.email_name(row["name"], call.language)


def _email_state(row: Item, call: Call) -> str:
    def say(key: str, at: str = "", reason: str = "") -> str:
        zone = ZoneInfo(call.settings.time_zone)
        time = locale(call.language).when(datetime.fromisoformat(at).astimezone(zone)) if at else ""
        return words.say(f"messages.{key}", call.language, at=time, why=reason)

    ended = why(row.get("reason", ""), call.language)
    if "failed_at" in row:
        return say("state_failed", row["failed_at"], ended)
    if "dropped_at" in row:
        return say("state_dropped", reason=ended)
    if "outbox" in row:
        waits_for = reason_of(row, utc_now())
        told = words.say(f"outbox.why_{waits_for.why}", call.language, tries=waits_for.tries)
        sent_at = row.get("sent_at", "")
        return say("state_sent_waits" if sent_at else "state_waiting", sent_at or row["queued_at"], told)
    return say("state_sent", row["sent_at"])


def _neighbours(call: Call, record: Submission, folder: Folder, form: str) -> dict[str, str]:
    """Return the links to the previous and next message. If none is near, they lead to the list from here on."""
    here = Place(record.submitted_at, table.key(type(record), record.id)["pk"])
    oldest, newest = _oldest(call), utc_now() + _CLOCKS_DIFFER
    lists = message_lists.Lists(call.table_name, folder)
    links: dict[str, str] = {}
    for name, back in (("older", True), ("newer", False)):
        url, label = "", words.say(f"common.{name}", call.language)
        for stretch in lists.walk(here, oldest if back else newest, back=back):
            near = next((entry for entry in stretch.entries if form in {"", entry.form}), None)
            if near:
                url = call.url(f"messages/{table.id_at(near.pk)}", form=form)
            if near or stretch.is_last:
                break
        else:
            label = words.say(f"messages.{name}_further", call.language)
            further = {"before": str(here)} if back else {"after": str(here)}
            url = call.url(_path(folder), form=form, **further)
        links |= {name: url, f"{name}_label": label}
    return links


def file(call: Call) -> Response:
    """File a message as spam."""
    record, _ = _opened(call)
    if isinstance(record, SignUp):
        raise DeskError(404, "no_such_page")
    filed = submissions.mark_spam(call.table_name, record, utc_now())
    return pages.done(call, f"messages/{record.id}", "filed" if filed else "filed_before")


def release(call: Call) -> Response:
    """Release a message, or a sign-up, from the spam folder, and queue its email."""
    record, _ = message_lists.opened(call.table_name, call.path["id"])
    if isinstance(record, SignUp):
        link = confirmation_request.queued(record.language)
        released = submissions.release_sign_up(call.table_name, record, link)
        # It no longer has its own page.
        return pages.done(call, "messages/spam", "released" if released else "released_before")
    if record is None:
        raise DeskError(404, "no_such_page")
    email = notification.queued(record.form, call.settings.default_language, released=True)
    # For as long as its form says.
    kept = timedelta(days=record.retention_days or call.settings.retention_days)
    released = submissions.release_message(call.table_name, record, email, kept)
    return pages.done(call, f"messages/{record.id}", "released" if released else "released_before")


ROUTES: dict[str, Route] = {
    "GET messages": inbox,
    "GET messages/spam": spam,
    "GET messages/{id}": show,
    "POST messages/{id}/spam": file,
    "POST messages/{id}/release": release,
}
