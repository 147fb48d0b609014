"""`guichet messages`: list, search, show, release, erase, or file as spam."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import click

from guichet.definitions.lookup import definition, names
from guichet.locales import Language
from guichet.mail import notification
from guichet.mail.emails import confirmation_request, form_notification
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.store import submissions
from guichet.store.dynamodb import Item
from guichet.store.erasure import erase_record, find_submissions
from guichet.store.table import key
from infra.operate import queries
from infra.operate.commands.exit_codes import INVALID
from infra.operate.commands.ids import WHOLE_ID, ambiguous
from infra.operate.commands.listing import Listing
from infra.operate.commands.options import on_stack
from infra.operate.connection import Connection, OperatorError
from infra.operate.fields import in_a_row, labelled, of_submission
from infra.operate.output import Output, counted, short

_PERIOD = 7
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(cls=Listing)
def messages() -> None:
    """List, search, show, release, erase, or file as spam.

    Without a command, `list` runs; `guichet messages list --help` shows its options.

    An ID may be shortened to its first characters, as in the list.
    """


@messages.command("list")
@click.option("--day", type=_DAY, metavar="YYYY-MM-DD", help="A single day, in UTC.")
@click.option("--since", type=_DAY, metavar="YYYY-MM-DD", help=f"The first day. Default: {_PERIOD} days in all.")
@click.option("--until", type=_DAY, metavar="YYYY-MM-DD", help="The last day. Default: today.")
@click.option("--spam", is_flag=True, help="The spam folder: messages and sign-ups, and why each was caught.")
@click.option("--search", metavar="TEXT", help="Only those that contain this text, ignoring case.")
@click.option("--form", metavar="NAME", help="Only those of this form.")
@click.option("--count", is_flag=True, help="Count them, by form.")
@on_stack
def list_messages(  # noqa: PLR0913  the options of a list
    connection: Connection,
    output: Output,
    *,
    day: datetime | None,
    since: datetime | None,
    until: datetime | None,
    spam: bool,
    search: str | None,
    form: str | None,
    count: bool,
) -> None:
    """List messages or the spam folder, newest first, or count them."""
    if day and (since or until):
        raise click.UsageError("--day is a single day: leave out --since and --until.")
    if since and until and since > until:
        raise click.UsageError("--since is after --until.")
    today = utc_now().date()
    last = (day or until or utc_now()).date()
    first = day.date() if day else since.date() if since else min(last, today) - timedelta(days=_PERIOD - 1)

    language = connection.settings.default_language

    def found() -> Iterator[dict[str, Any]]:
        for one in _days(first, last):
            for record in queries.of_day(connection.settings.table_name, "spam" if spam else "messages", one):
                fields = of_submission(record)
                if form not in (None, fields["form"]):
                    continue
                if not search or search.casefold() in _searchable_text(record, language).casefold():
                    yield {**fields, "received_at": record.submitted_at}

    if count:
        counts = Counter(fields["form"] for fields in found())
        known = [form] if form else ["contact", *sorted(names()), *(["newsletter"] if spam else ()), *sorted(counts)]
        output.show({name: counts[name] for name in dict.fromkeys(known)})
        return
    columns = ["received_at", "id", "email", "spam" if spam else "name", "message"]
    if names() and not form:
        columns.insert(2, "form")
    period = f"on {first}" if first == last else f"from {first} to {last}"
    what = f"{'spam' if spam else 'messages'}{f' of the form {form}' if form else ''}"
    output.rows(found(), columns, f"No {what} {period}.", lambda fields: in_a_row(fields, language))


def _days(first: date, last: date) -> Iterator[date]:
    while last >= first:
        yield last
        last -= timedelta(days=1)


def _searchable_text(record: Message | SignUp, language: Language) -> str:
    """Return everything that the visitor wrote, as it is stored and as it is shown, as one text to search."""
    fields = record.model_dump(
        include={"email", "name", "subject", "form_subject", "message", *Message.labelled_fields(), "extra", "page"}
    )
    shown = form_notification.rows(definition(record.form), record, language) if isinstance(record, Message) else []
    return "\n".join([*(str(value) for value in fields.values()), *(row.text for row in shown)])


def _message(connection: Connection, message_id: str) -> Message | SignUp:
    """Return a message, or a sign-up from the spam folder, by its id or a prefix of it.

    Raises OperatorError if there is none, or more than one.
    """
    found = _found(connection, message_id)
    if found is None:
        raise OperatorError(_unknown(message_id))
    return queries.submission(found)


def _found(connection: Connection, message_id: str) -> Item | None:
    """Return the item of a message, or of a sign-up, by its id or a prefix of it.

    Raises OperatorError if there is more than one.
    """
    table = connection.settings.table_name
    message_id = message_id.strip().lower()
    if len(message_id) < WHOLE_ID:
        keys = queries.begun_by(table, message_id) if message_id else []
    else:
        keys = [key(model, message_id) for model in (Message, SignUp)]
    found = list(queries.by_keys(table, keys))
    if len(found) > 1:
        raise OperatorError(ambiguous(message_id, {item["id"] for item in found}))
    return next(iter(found), None)


def _unknown(message_id: str) -> str:
    return f"no message has the id {message_id.strip().lower()}: `guichet messages` lists them"


@messages.command("show")
@click.argument("id")
@on_stack
def show_message(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002  the name of the argument
    """Show one message in full."""
    record = _message(connection, id)
    if output.as_json:
        output.show(of_submission(record))
    else:
        own = definition(record.form) if isinstance(record, Message) else None
        if own is not None and isinstance(record, Message):
            fields = labelled(own, record, connection.settings.default_language)
        else:
            fields = of_submission(record, mode="python")
        # Last and separate, because their names come from a stranger.
        others = [f"{name}: {value}" for name, value in fields.pop("other_fields", ())]
        output.show({**fields, "other_fields": others})


@messages.command("spam")
@click.argument("id")
@on_stack
def file_as_spam(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """File a message as spam.

    It is deleted after 30 days, and its notification is not sent if it is still queued.
    """
    record = _message(connection, id)
    if isinstance(record, SignUp):
        raise OperatorError(f"{id} is a sign-up: only messages can be filed as spam")
    submissions.mark_spam(connection.settings.table_name, record, utc_now())
    output.tell(f"Filed {short(record.id)} as spam.", id=record.id, now="in the spam folder")


@messages.command("release")
@click.argument("id")
@on_stack
def release(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """Release a message from the spam folder.

    A message is mailed to the owner, or to its form's recipients. A sign-up is sent its confirmation link.
    """
    record = _message(connection, id)
    settings = connection.settings
    if isinstance(record, SignUp):
        link = confirmation_request.queued(record.language)
        released = submissions.release_sign_up(settings.table_name, record, link)
    else:
        email = notification.queued(record.form, settings.default_language, released=True)
        # For as long as its form says.
        kept = timedelta(days=record.retention_days or settings.retention_days)
        released = submissions.release_message(settings.table_name, record, email, kept)
    output.tell(
        f"Released {short(record.id)}: its email is queued."
        if released
        else f"{short(record.id)} is not in the spam folder.",
        id=record.id,
        now="released" if released else "not in the spam folder",
    )


@messages.command("erase")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--form", metavar="NAME", help="All messages of this form.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@on_stack
def erase_messages(
    connection: Connection, output: Output, *, ids: tuple[str, ...], form: str | None, yes: bool
) -> int | None:
    """Erase messages for good, along with the emails queued for them.

    Either those with these IDs, or all of a form, including the spam folder. After an interruption, run it again to
    erase the rest. Emails already sent stay in their mailboxes, and AWS's point-in-time backups of the table keep the
    data until they expire after 35 days.
    """
    if bool(ids) == bool(form):
        raise click.UsageError("Give the IDs of messages, or --form NAME.")
    if not form:
        return _erase_ids(connection, output, ids, yes=yes)
    _erase_of_form(connection, output, form, yes=yes)
    return None


def _erase_ids(connection: Connection, output: Output, ids: Sequence[str], *, yes: bool) -> int | None:
    table = connection.settings.table_name
    items = {given: _found(connection, given) for given in ids}
    # Two prefixes may belong to one message.
    found = {item["pk"]: item for item in items.values() if item}
    for item in found.values():
        if item["kind"] == "request" and not item.get("spam"):
            raise OperatorError(f"{item['id']} is a sign-up, but not spam: `guichet forget ADDRESS` erases a person's")
    unknown = [given for given, item in items.items() if item is None]
    for given in unknown:
        output.advise(f"Nothing to erase: {_unknown(given)}.")
    if found and not yes and not _are_to_go(output, [queries.submission(item) for item in found.values()]):
        output.advise("Nothing was erased.")
        return None
    for pk, item in found.items():
        erase_record(table, pk)
        output.tell(f"Erased {short(item['id'])}.", id=item["id"], now="erased", changed=True)
    # A whole id belongs to a message that was erased before. A prefix may be mistyped.
    before = [given for given in unknown if len(given.strip()) >= WHOLE_ID]
    for given in before:
        output.tell((), id=given.strip().lower(), now="erased", changed=False)
    return INVALID if len(before) < len(unknown) else None


def _are_to_go(output: Output, records: Sequence[Message | SignUp]) -> bool:
    for record in records:
        # For a message without an address, show its form.
        who = record.email or (record.form if isinstance(record, Message) else "newsletter")
        output.advise(f"{short(record.id)}, of {record.submitted_at:%Y-%m-%d %H:%M} UTC, {who}")
    what = "it" if len(records) == 1 else f"all {len(records):,}"
    return click.confirm(f"Erase {what} for good?", err=True)


def _erase_of_form(connection: Connection, output: Output, form: str, *, yes: bool) -> None:
    table = connection.settings.table_name
    with output.progress("items read", queries.size(table)) as advance:
        found = find_submissions(table, form, advance)
    what = counted(len(found), f"message of the form {form}", f"messages of the form {form}")
    if found and not yes:
        spam = sum(bool(item.get("spam")) for item in found)
        output.advise(f"Stored: {what}{f', {spam:,} of them in the spam folder' if spam else ''}.")
        typed = click.prompt(
            "Type their number to erase all of them for good", default="", show_default=False, err=True
        )
        if typed.strip().replace(",", "") != str(len(found)):
            output.advise("Nothing was erased.")
            return
    with output.progress("messages erased", len(found)) as advance:
        for number, item in enumerate(found, 1):
            erase_record(table, item["pk"])
            advance(number)
    output.tell(
        f"Erased {what}." if found else f"There is no message of the form {form}.",
        form=form,
        now="erased",
        messages=len(found),
    )
