"""/desk/people: erase a person. The notifier does it in the background, and an email says when it is done."""

from dataclasses import dataclass

from desk import pages, words
from desk.call import ID, Call, DeskError, Route
from guichet.addresses import normalized, parse, readable
from guichet.http.responses import Response
from guichet.mail.emails import erasure_done
from guichet.records.erasure import ERASURE_KEPT, Erasure
from guichet.records.record import utc_now
from guichet.signing import subscriber_id
from guichet.store import comments, erasures, message_lists, subscribers, table

# The parameters that identify who is to be erased.
_BY = ("message", "comment", "subscriber", "address")


@dataclass(frozen=True)
class Whom:
    """Who is to be erased: by an address, typed or from a record; or, for a message without one, by its key."""

    # What the page was opened with, to be posted again: one of _BY.
    by: dict[str, str]
    address: str = ""
    record: str = ""

    @property
    def of_message(self) -> bool:
        """Whether it is identified by a message or comment, which somebody else may have written under that name."""
        return "message" in self.by or "comment" in self.by

    def id(self, call: Call) -> str:
        """Return the id of the erasure: the same for all spellings of an address."""
        return subscriber_id(call.settings.signing_secret, self.address) if self.address else self.by["message"]


def ask(call: Call) -> Response:
    """Show the field for an address, or what erasing a message's or comment's author, or a subscriber, deletes."""
    by = {name: call.request.query[name] for name in _BY[:-1] if call.request.query.get(name)}
    if not by:
        return _address_page(call)
    whom = _found(call, by)
    return _confirm_page(call, whom) if whom else _gone_page(call)


def choose(call: Call) -> Response:
    """Accept a typed address, which never gets into a URL."""
    typed = call.fields.get("address", "")
    address = parse(typed)
    if not address:
        return _address_page(call, status=422, typed=typed, wrong=True)
    return _confirm_page(call, Whom({"address": address}, address))


def erase(call: Call) -> Response:
    """Queue an erasure, once the address or a word has been typed to confirm it."""
    by = {name: call.fields[name] for name in _BY if call.fields.get(name)}
    whom = _found(call, by)
    if whom is None:
        return _gone_page(call)
    typed = call.fields.get("confirmation", "")
    if not _confirmed(call, whom, typed):
        return _confirm_page(call, whom, status=422, typed=typed, wrong=True)
    now = utc_now()
    erasure = Erasure(
        id=whom.id(call),
        email=whom.address,
        record=whom.record,
        kept_days=call.settings.retention_days,
        asked_at=now,
        expires_at=now + ERASURE_KEPT,
    )
    new = erasures.add(call.table_name, erasure, erasure_done.queued(call.settings.default_language, erasure))
    return pages.done(call, f"people/{erasure.id}", "queued" if new else "queued_before")


def follow(call: Call) -> Response:
    """Show whether an erasure is still running or has finished."""
    erasure = erasures.erasure(call.table_name, call.path["id"])
    if erasure is None:
        raise DeskError(404, "no_such_page")
    title = words.say(f"people.{'done' if erasure.done_at else 'erasing'}_title", call.language)
    return pages.page(call, "people-erasure.html", title=title, erasure=erasure)


def _found(call: Call, by: dict[str, str]) -> Whom | None:
    """Return whom a page is about, or None if the record is gone or no longer has an address."""
    if not all(ID.fullmatch(text) for name, text in by.items() if name != "address"):
        return None
    if "message" in by:
        record, _ = message_lists.opened(call.table_name, by["message"])
        if record is None:
            return None
        return Whom(by, record.email, "" if record.email else table.key(type(record), record.id)["pk"])
    if "comment" in by:
        # A comment without an address came from another tool. It is deleted on its own.
        comment = comments.comment(call.table_name, by["comment"])
        return Whom(by, comment.email) if comment and comment.email else None
    if "subscriber" in by:
        subscriber = subscribers.subscriber(call.table_name, by["subscriber"])
        return Whom(by, subscriber.email) if subscriber and subscriber.email else None
    address = parse(by.get("address", ""))
    return Whom({"address": address}, address) if address else None


def _confirmed(call: Call, whom: Whom, typed: str) -> bool:
    if not whom.address:
        return typed.strip().casefold() == words.say("people.word", call.language).casefold()
    address = parse(typed)
    return address is not None and normalized(address) == normalized(whom.address)


def _address_page(
    call: Call, *, status: int = 200, typed: str = "", wrong: bool = False, gone: bool = False
) -> Response:
    title = words.say("people.title", call.language)
    return pages.page(call, "people.html", title=title, status=status, typed=typed, wrong=wrong, gone=gone)


def _gone_page(call: Call) -> Response:
    return _address_page(call, status=404, gone=True)


def _confirm_page(call: Call, whom: Whom, *, status: int = 200, typed: str = "", wrong: bool = False) -> Response:
    erasing = erasures.erasure(call.table_name, whom.id(call))
    known = subscribers.known(call.table_name, call.settings.ids_of(whom.address)) if whom.address else None
    return pages.page(
        call,
        "people-confirm.html",
        title=words.say(f"people.{'confirm_title' if whom.address else 'confirm_message_title'}", call.language),
        status=status,
        whom=whom,
        address=readable(whom.address),
        # Only the state is left of somebody who was erased or left long ago.
        state=known.state if known else "none",
        going_on=call.url(f"people/{whom.id(call)}") if erasing and erasing.done_at is None else "",
        typed=typed,
        wrong=wrong,
        word=words.say("people.word", call.language),
    )


ROUTES: dict[str, Route] = {
    "GET people": ask,
    "POST people": choose,
    "POST people/erase": erase,
    "GET people/{id}": follow,
}
