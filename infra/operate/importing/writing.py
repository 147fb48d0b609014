"""Write one row into the table: as left, subscribed or asked. In a dry run, only say what would be written."""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Literal, get_args

from guichet.addresses import normalized
from guichet.mail.emails import confirmation_request
from guichet.outbox.eligibility import stranger_mail_per_day
from guichet.records.outbox import QUEUED_EMAIL_KEPT, EmailKey
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import SUPPRESSED, Imported, Leaving, State, Subscriber
from guichet.signing import keyed_hash, subscriber_id
from guichet.store import limits, outbox, submissions, subscribers, table
from infra.operate.connection import OperatorSettings
from infra.operate.importing.reader import Line
from infra.operate.queries import by_keys

Outcome = Literal[
    "imported", "asked", "confirmed already", "asked already", "left", "suppressed", "unsubscribed", "bounced",
    "complained", "never confirmed",
]  # fmt: skip
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
# The outcome of a row whose address is already known here.
OF_STATE: dict[State, Outcome] = {
    "confirmed": "confirmed already",
    "unsubscribed": "left",
    "lifted": "left",
    "bounced": "suppressed",
    "complained": "suppressed",
    "blocked": "suppressed",
}
_OF_LEAVING: dict[State, Outcome] = {"unsubscribed": "unsubscribed", "bounced": "bounced", "complained": "complained"}


def import_confirmed(line: Line, statement: str, settings: OperatorSettings) -> Outcome:
    """Subscribe an address that confirmed elsewhere, with the operator's statement as the proof of consent."""
    at = utc_now()
    own, *former = settings.ids_of(line.email)
    subscriber = Subscriber(
        id=own,
        state="confirmed",
        email=line.email,
        name=line.name,
        language=line.language,
        confirmed_at=line.consented_at or at,
        history=(
            Imported(event="imported", at=at, statement=statement, consented_at=line.consented_at, source=line.source),
        ),
    )
    state = subscribers.add_imported(settings.table_name, subscriber, former)
    return "imported" if state is None else OF_STATE[state]


def import_left(line: Line, file: str, statement: str, settings: OperatorSettings) -> tuple[Outcome, State]:
    """Record that an address left the list that the file comes from. Return the outcome and the state it has here.

    If it bounced or complained, only the keyed hash is kept, as always.
    """
    leaving = _leaving(line, file, statement)
    left = Subscriber(
        id=subscriber_id(settings.signing_secret, line.email),
        state=leaving.event,
        email=line.email if leaving.event == "unsubscribed" else "",
        language=line.language,
        left_at=line.left_at or leaving.at,
        history=(leaving,),
    )
    before, after = subscribers.add_left(settings.table_name, left, timedelta(days=settings.retention_days))
    return _outcome_of(before, after), after


def _leaving(line: Line, file: str, statement: str) -> Leaving:
    return Leaving.model_validate(
        {
            "event": line.standing,
            "at": utc_now(),
            "file": file,
            "left_there_at": line.left_at,
            "statement": statement,
        }
    )


def _outcome_of(before: State | None, after: State) -> Outcome:
    return OF_STATE[after] if before == after else _OF_LEAVING[after]


def import_request(line: Line, settings: OperatorSettings) -> Outcome:
    """Create a request for an address and queue the email with the link. The id depends only on the address."""
    subscriber = subscribers.known(settings.table_name, settings.ids_of(line.email))
    if subscriber is not None:
        return OF_STATE[subscriber.state]
    former = _row_of(_former_request_id(line.email, settings))
    row = outbox.row_at(settings.table_name, former) if settings.former_signing_secret else None
    if row is not None and "dropped_at" not in row:
        return "asked already"
    at = utc_now()
    sign_up = SignUp(
        id=_request_id(line.email, settings),
        email=line.email,
        name=line.name,
        page=line.source,
        language=line.language,
        asked_at=at,
        expires_at=at + QUEUED_EMAIL_KEPT,
    )
    email = confirmation_request.queued(line.language)
    return "asked" if submissions.ask(settings.table_name, sign_up, email) else "asked already"


def _request_id(email: str, settings: OperatorSettings) -> str:
    return keyed_hash(settings.signing_secret, "request", "import", normalized(email))


def _row_of(request_id: str) -> EmailKey:
    """Return the key of the row of a request's email."""
    return outbox.row_key(table.key(SignUp, request_id)["pk"], confirmation_request.NAME)


def _former_request_id(email: str, settings: OperatorSettings) -> str:
    """Return the request id used by the stack whose archive this stack was restored from."""
    return keyed_hash(settings.former_signing_secret, "request", "import", normalized(email))


def look_up_left(lines: Collection[Line], settings: OperatorSettings) -> Iterator[tuple[Outcome, State]]:
    """Yield the outcome of recording that each address left, and the state afterwards, without writing."""
    ids = {line.number: subscriber_id(settings.signing_secret, line.email) for line in lines}
    found = _known(ids.values(), settings)
    for line in lines:
        known = found.get(ids[line.number])
        leaving = _leaving(line, "", "")
        after = subscribers.state_after(known, leaving)
        yield _outcome_of(known.state if known else None, after), after


def _known(ids: Iterable[str], settings: OperatorSettings) -> dict[str, Subscriber]:
    keys = [table.key(Subscriber, one) for one in dict.fromkeys(ids)]
    now = int(utc_now().timestamp())
    items = (item for item in by_keys(settings.table_name, keys) if item.get("expires_at", now) >= now)
    return {item["id"]: Subscriber.model_validate(item) for item in items}


def look_up(lines: Collection[Line], *, asking: bool, settings: OperatorSettings) -> Iterator[Outcome]:
    """Yield the outcome that importing each line would have, without writing."""
    ids = {line.number: settings.ids_of(line.email) for line in lines}
    requests = {line.number: _request_id(line.email, settings) for line in lines} if asking else {}
    formers = {line.number: _former_request_id(line.email, settings) for line in lines} if asking else {}
    states = {one: subscriber.state for one, subscriber in _known(sum(ids.values(), ()), settings).items()}
    of_requests = dict.fromkeys((*requests.values(), *formers.values()))
    keys = [{"pk": row.record, "sk": row.email} for row in map(_row_of, of_requests)]
    now = int(utc_now().timestamp())
    found = [item for item in by_keys(settings.table_name, keys) if item.get("expires_at", now) >= now]
    asked = {table.id_at(item["pk"]) for item in found if "dropped_at" not in item}
    for number, own in ids.items():
        found_as = [states[one] for one in own if one in states]
        if found_as:
            # A suppression counts under either id.
            yield OF_STATE[next((one for one in found_as if one in SUPPRESSED), found_as[0])]
        elif asking:
            yield "asked already" if asked & {requests[number], formers[number]} else "asked"
            asked.add(requests[number])
        else:
            yield "imported"
            states[own[0]] = "confirmed"


def room_today(settings: OperatorSettings) -> int:
    """Return how many more strangers may be mailed today: what the cap leaves, minus the emails already waiting."""
    name = confirmation_request.NAME
    waiting = sum(1 for _ in outbox.waiting(settings.table_name, "visitor"))
    return max(0, stranger_mail_per_day(name, settings) - limits.used_today(settings.table_name, name) - waiting)
