"""`guichet`: the commands, their options and their output. The other modules here do the work."""

import csv
import functools
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, get_args

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic_core import ValidationError

from guichet.addresses import parse
from guichet.definitions.lookup import definition, names
from guichet.http.links import TEST_SUBSCRIBER, unsubscribe_link
from guichet.locales import Language, locale
from guichet.mail import notification
from guichet.mail.emails import confirmation_request, form_notification
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import State, Subscriber
from guichet.records.subscriber_fields import of_subscriber
from guichet.signing import subscriber_id
from guichet.spreadsheet import cell
from guichet.store import submissions
from guichet.store import subscribers as subscribers_table
from guichet.store.dynamodb import Item, UnavailableError
from guichet.store.erasure import NotFinishedError, Person, erase, erase_record, find_data, find_submissions
from guichet.store.table import key
from infra.operate import (
    adopting,
    carrying,
    desk,
    elsewhere,
    erasure,
    exporting,
    importing,
    leaving,
    outbox,
    queries,
    summaries,
)
from infra.operate.archive import Archive, Secrets, is_archive
from infra.operate.checkout import of_the_site
from infra.operate.comments_carrying import commands as comments_carrying
from infra.operate.comments_commands import commands as comments_moderating
from infra.operate.connection import (
    Connection,
    NoStackError,
    OperatorError,
    OperatorSettings,
    UnreachableError,
    allow_slow_calls,
    client_of,
    connect_local,
    connect_stack,
    refusal,
    region_of,
)
from infra.operate.doctor_command import doctor_command
from infra.operate.fields import in_a_row, labelled, of_submission
from infra.operate.forms_commands import find_forms, forms_group, telling_of_wrong_forms
from infra.operate.issue_commands import issue_group
from infra.operate.notice_command import notice_command
from infra.operate.output import Output, counted, printable, room, short, wrapped
from infra.operate.queries import Advance
from infra.template import TEMPLATE, TemplateError

# The options of all commands, and how many words each takes.
_COMMON_WORDS = {"--local": 1, "--port": 2, "--stack": 2, "--region": 2, "--json": 1}
# Exit codes other than 0. Click also uses 2 for wrong usage.
INCOMPLETE, INVALID, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 130
_PERIOD = 7
_DAY = click.DateTime(["%Y-%m-%d"])
_STATES = (*get_args(State), "pending")
# The length of an id in characters. Anything shorter is a prefix.
_WHOLE_ID = 32
_OR_LOCAL = "For the stack that `make run` started on this machine, use --local"
# The most ids that an error names.
_MOST_IDS = 5
# Only the keyed hash is kept of an address that bounced, complained or is blocked.
_NOT_KEPT = "(not kept)"
_NOT_SUBSCRIBED = {
    "unsubscribed": "was already unsubscribed",
    "lifted": "is not subscribed",
    "bounced": "bounced, and gets no mail",
    "complained": "complained, and gets no mail",
    "blocked": "is blocked, and gets no mail",
}


class _Root(click.Group):
    """The group of all commands, which also accepts the common options before a command: `guichet --local messages`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Move leading common options behind the command and its own arguments."""
        moved: list[str] = []
        while args and args[0].partition("=")[0] in _COMMON_WORDS:
            count = 1 if "=" in args[0] else _COMMON_WORDS[args[0]]
            moved, args = [*moved, *args[:count]], args[count:]
        if args and not args[0].startswith("-"):
            end = args.index("--") if "--" in args else len(args)
            args = [*args[:end], *moved, *args[end:]]
        return super().parse_args(context, args)


class _Listing(click.Group):
    """A group of commands that runs `list` by default."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Insert `list` before options, except before --help, after which everything is ignored."""
        if args and args[0] in context.help_option_names:
            args = args[:1]
        if not args or (args[0].startswith("-") and args[0] not in context.help_option_names):
            args = ["list", *args]
        return super().parse_args(context, args)


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:  # noqa: FBT001  click's order
    if asked:
        click.echo(f"guichet {installed_version()}")
        context.exit()


def installed_version() -> str:
    """Return the version of this command: that of the installed package, or of the checkout it runs from."""
    if TEMPLATE.with_name("functions").is_dir():
        project = TEMPLATE.with_name("pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(project)["project"]["version"])
    return version("guichet")


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def guichet() -> None:
    """Operate a Guichet stack: read messages, manage subscribers, write to them, inspect the outbox, find problems.

    By default a command uses the deployed stack `guichet`, with the credentials of the AWS CLI. --stack names another
    one; --local uses the stack that `make run` started on this machine. --json prints JSON for programs. These options
    go before or after the command.

    Exit codes: 0 done; 1 done, but something needs attention (bad lines, waiting or failed emails, a problem that
    doctor found); 2 wrong usage, or not found; 3 AWS is unreachable or refused; 130 interrupted.
    """
    find_forms()


_COMMON_OPTIONS = (
    click.option("--local", is_flag=True, help="Use the stack that `make run` started on this machine."),
    click.option("--port", default=3000, envvar="PORT", show_default=True, help="With --local: the port of the API."),
    click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The deployed stack."),
    click.option("--region", help="The stack's region. Default: the AWS CLI's."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line."),
)


def common_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that every command has."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_COMMON_OPTIONS), function)


def on_stack(function: Callable[..., int | None]) -> Callable[..., None]:
    """Add the common options to a command, and call it with the connection and output that they choose."""

    @common_options
    @functools.wraps(function)
    def run(*, local: bool, port: int, stack: str, region: str | None, as_json: bool, **given: Any) -> None:
        connection = _connect(local=local, port=port, stack=stack, region=region)
        with telling_of_wrong_forms():
            code = function(connection, Output(as_json=as_json), **given)
        sys.exit(code or 0)

    return run


def _connect(*, local: bool, port: int, stack: str, region: str | None) -> Connection:
    allow_slow_calls()
    if local:
        return connect_local(port)
    try:
        return connect_stack(stack, region)
    except NoStackError as error:
        raise NoStackError(f"{error}. {_OR_LOCAL}") from None
    except (BotoCoreError, ClientError) as error:
        raise UnreachableError(f"{refusal(error)}. {_OR_LOCAL}") from None


def _address(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    address = parse(text)
    if address is None:
        raise click.BadParameter(f"{text!r} is not an email address")
    return address


# --- messages ---------------------------------------------------------------------------------------------------------


@guichet.group(cls=_Listing)
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
    if len(message_id) < _WHOLE_ID:
        keys = queries.begun_by(table, message_id) if message_id else []
    else:
        keys = [key(model, message_id) for model in (Message, SignUp)]
    found = list(queries.by_keys(table, keys))
    if len(found) > 1:
        raise OperatorError(_ambiguous(message_id, {item["id"] for item in found}))
    return next(iter(found), None)


def _unknown(message_id: str) -> str:
    return f"no message has the id {message_id.strip().lower()}: `guichet messages` lists them"


def _ambiguous(prefix: str, ids: Collection[str]) -> str:
    listed = ", ".join(sorted(ids)[:_MOST_IDS])
    more = f" and {len(ids) - _MOST_IDS:,} more" if len(ids) > _MOST_IDS else ""
    return f"several ids begin with {prefix}: {listed}{more}"


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
    before = [given for given in unknown if len(given.strip()) >= _WHOLE_ID]
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


# --- subscribers ------------------------------------------------------------------------------------------------------


@guichet.group(cls=_Listing)
def subscribers() -> None:
    """List, count, show, unsubscribe or block subscribers.

    Without a command, `list` runs; `guichet subscribers list --help` shows its options.
    """


@subscribers.command("list")
@click.option(
    "--state",
    type=click.Choice(_STATES),
    metavar="STATE",
    help=f"One of {', '.join(_STATES)}. Default: all except pending.",
)
@click.option("--count", is_flag=True, help="Count the subscribers in each state.")
@on_stack
def list_subscribers(connection: Connection, output: Output, *, state: str | None, count: bool) -> None:
    """List subscribers, newest first, or count them.

    The address of a subscriber who bounced, complained or is blocked is no longer stored.
    """
    table = connection.settings.table_name
    with output.progress("items read", queries.size(table)) as advance:
        if state == "pending":
            rows = _pending(connection, advance)
        else:
            rows = map(_row, queries.records(table, Subscriber, advance))
        chosen = (row for row in rows if state in (None, row["state"]))
        if count:
            counts = Counter(row["state"] for row in chosen)
            if state is None:
                counts["pending"] = sum(1 for _ in _pending(connection, advance))
        else:
            newest_first = sorted(chosen, key=lambda row: row["since"].timestamp() if row["since"] else 0, reverse=True)
    if count:
        output.show({name: counts[name] for name in ([state] if state else _STATES)})
    else:
        columns = ("since", "state", "email", "name")
        output.rows(newest_first, columns, "No subscribers.", lambda row: {**row, "email": row["email"] or _NOT_KEPT})


def _row(subscriber: Subscriber) -> dict[str, Any]:
    fields = of_subscriber(subscriber)
    fields.pop("history")
    return {**fields, "since": subscriber.confirmed_at if subscriber.state == "confirmed" else subscriber.left_at}


def _pending(connection: Connection, advance: Advance) -> Iterator[dict[str, Any]]:
    """Yield the requests that can still be confirmed and whose address is not a subscriber in any state."""
    table, ids_of = connection.settings.table_name, connection.settings.ids_of
    requests = queries.records(table, SignUp, advance)
    live = (one for one in requests if not one.spam and one.confirmable)
    seen: set[tuple[str, ...]] = set()
    for block in queries.blocks(live, 100):
        asked = {ids_of(one.email): one for one in block}
        asked = {ids: request for ids, request in asked.items() if ids not in seen}
        seen.update(asked)
        keys = [key(Subscriber, one) for ids in asked for one in ids]
        known = {item["id"] for item in queries.by_keys(table, keys)}
        for ids, request in asked.items():
            if known.isdisjoint(ids):
                yield {"email": request.email, "state": "pending", "since": request.asked_at, "name": request.name}


def _subscriber(connection: Connection, address: str) -> Subscriber:
    settings = connection.settings
    found = subscribers_table.known(settings.table_name, settings.ids_of(address))
    if found is None:
        raise OperatorError(
            f"{address} is not a subscriber: `guichet subscribers --state pending` lists unconfirmed sign-ups"
        )
    return found


@subscribers.command("show")
@click.argument("address", callback=_address)
@on_stack
def show_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Show a subscriber and the record of consent."""
    output.show(of_subscriber(_subscriber(connection, address), "json" if output.as_json else "python"))


@subscribers.command("lift")
@click.argument("address", callback=_address)
@on_stack
def lift(connection: Connection, output: Output, *, address: str) -> None:
    """Let a bounced, complained or blocked address sign up again.

    Also removes it from SES's suppression list, so that mail reaches it again.
    """
    settings = connection.settings
    table = settings.table_name
    # What may fail comes first: while it is on the list, it gets no mail, whatever the table says.
    taken_off = elsewhere.take_off_list(connection, address)
    kept = timedelta(days=settings.retention_days)
    # Under every id that it may have, including one from a former secret.
    lifted = [one for one in settings.ids_of(address) if subscribers_table.lift(table, one, utc_now(), kept)]
    if not lifted and not taken_off:
        _subscriber(connection, address)
        raise OperatorError(f"{address} did not bounce or complain, and is not blocked: there is nothing to lift")
    output.tell(
        [
            *([f"{address} may sign up again."] if lifted else []),
            *([f"{address} is off SES's suppression list, and may get mail again."] if taken_off else []),
        ],
        email=address,
        now="lifted",
        taken_off_suppression_list=taken_off,
    )


@subscribers.command("block")
@click.argument("address", callback=_address)
@on_stack
def block(connection: Connection, output: Output, *, address: str) -> None:
    """End all mail to an address.

    Nobody can sign it up until `guichet subscribers lift`. Only its keyed hash is kept.
    """
    settings = connection.settings
    new = subscribers_table.block(settings.table_name, subscriber_id(settings.signing_secret, address), utc_now())
    output.tell(
        f"{address} is blocked, and gets no more mail." if new else f"{address} was already blocked.",
        email=address,
        now="blocked",
        changed=new,
    )


@subscribers.command("unsubscribe")
@click.argument("address", callback=_address)
@on_stack
def unsubscribe_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Unsubscribe an address that asked by other means."""
    subscriber = _subscriber(connection, address)
    kept = timedelta(days=connection.settings.retention_days)
    done = subscribers_table.unsubscribe(connection.settings.table_name, subscriber.id, utc_now(), kept)
    state = "unsubscribed" if done else subscriber.state
    output.tell(
        f"{address} is unsubscribed." if done else f"Nothing to do: {address} {_NOT_SUBSCRIBED[state]}.",
        email=address,
        now=state,
        changed=done,
    )


# --- export and import ------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("what", type=click.Choice(list(exporting.KINDS)), required=False)
@click.option("--everything", is_flag=True, help="The same as `everything`.")
@click.option(
    "--output",
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to create. Default: standard output.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl"]),
    help="Default: csv. With `everything`, or --json on standard output: jsonl.",
)
@click.option(
    "--separator",
    type=click.Choice(list(importing.SEPARATORS)),
    metavar="NAME",
    help=f"For CSV: {', '.join(importing.SEPARATORS)}. Default: semicolon for a French site, as Excel expects; "
    "otherwise comma.",
)
@click.option(
    "--state",
    type=click.Choice([*get_args(State), "all"]),
    default="confirmed",
    metavar="STATE",
    help=f"For subscribers: {', '.join(get_args(State))} or all. Default: confirmed.",
)
@click.option(
    "--for",
    "tool",
    type=click.Choice(list(leaving.FORMATS)),
    help="For subscribers: in this tool's import format, as two files: the confirmed ones and, in "
    "FILE-unsubscribed.csv, those who left.",
)
@click.option("--spam", is_flag=True, help="For messages: include the spam folder.")
@click.option("--form", metavar="NAME", help="For messages: only this form's, with a column for each of its fields.")
@on_stack
def export(  # noqa: PLR0913  the options of an export
    connection: Connection,
    output: Output,
    *,
    what: exporting.What | None,
    everything: bool,
    file: Path | None,
    file_format: str | None,
    separator: str | None,
    state: str,
    tool: leaving.Tool | None,
    spam: bool,
    form: str | None,
) -> int | None:
    """Export subscribers, messages or everything to a file.

    Subscribers and messages are written as CSV for a spreadsheet, or as JSON Lines. `everything` is always JSON Lines,
    with each item as it is stored in the table: an archive, which `guichet import` carries into another stack. To
    resume an interrupted export, run the same command again.

    With --for, subscribers are written in another tool's import format. Those who bounced or complained no longer have
    an address here: SES's suppression list has it.
    """
    if (what is None) != everything:
        raise click.UsageError(f"Say what to export: {', '.join(exporting.KINDS)}.")
    what = what or "everything"
    if tool:
        _check_for_tool(what, file, file_format, separator, state)
    lines = what == "everything" or (output.as_json and file is None)
    if lines and file_format == "csv":
        raise click.UsageError("This output is JSON Lines: drop --format or --json, or write to a file with --output.")
    if form and what != "messages":
        raise click.UsageError("--form is for messages.")
    own = definition(form) if form else None
    if form and form != "contact" and own is None:
        output.advise(f"functions/forms.toml declares no form {form}: its fields have no columns of their own.")
    table = connection.settings.table_name
    default_separator = locale(connection.settings.default_language).SEPARATOR
    options = exporting.Options(
        table=table,
        what=what,
        format="jsonl" if lines or file_format == "jsonl" else "csv",
        separator=importing.SEPARATORS[separator] if separator else default_separator,
        state="" if state == "all" else state,
        spam=spam,
        form=form or "",
        fields=list(own.fields) if own else [],
        tool=tool or "",
    )
    if file is None or not tool:
        return _export(connection, output, options, file)
    # Those who left go first, so that nobody has the confirmed ones without them.
    left = file.with_name(f"{file.stem}-unsubscribed{file.suffix}")
    # It already exists if the other one was interrupted.
    if not (left.exists() and exporting.interrupted(options, file)):
        code = _export(connection, output, replace(options, state="unsubscribed"), left)
        if code:
            return code
    return _export(connection, output, options, file)


def _check_for_tool(what: str, file: Path | None, file_format: str | None, separator: str | None, state: str) -> None:
    """Refuse options that a tool's format already determines."""
    if what != "subscribers" or file_format == "jsonl" or separator or state != "confirmed":
        raise click.UsageError("--for is for subscribers, and takes neither --format nor --separator nor --state.")
    if file is None:
        raise click.UsageError("--for writes two files: name the first one with --output.")


def _export(connection: Connection, output: Output, options: exporting.Options, file: Path | None) -> int | None:
    settings, table = connection.settings, connection.settings.table_name

    def unsubscribe(one: Subscriber) -> str:
        return unsubscribe_link(settings.api_url, one.id, one.language, settings.signing_secret)

    secrets = Secrets(settings.signing_secret, settings.former_signing_secret)
    progress = exporting.interrupted(options, file) if file else None
    if progress:
        output.advise(f"Resuming the export begun at {progress.begun_at}. To start over, remove {file}.part.")
    with output.progress("items read", queries.size(table)) as advance:
        if file is None:
            exporting.export_to_stream(options, sys.stdout.buffer, unsubscribe, advance, secrets)
            return None
        try:
            rows = exporting.export_to_file(options, file, progress, unsubscribe, advance, secrets)
        except (KeyboardInterrupt, UnavailableError) as error:
            output.advise(f"Stopped. The rows so far are in {file}.part; run the same command again to resume.")
            return INTERRUPTED if isinstance(error, KeyboardInterrupt) else UNAVAILABLE
    output.tell(f"Exported {counted(rows, 'row')} to {file}", file=str(file), rows=rows)
    return None


def _import_archive(  # noqa: PLR0913  what an archive is carried with
    connection: Connection, output: Output, file: Path, *, dry_run: bool, others: bool, bring_back: bool
) -> int:
    """Import an archive of another stack of the same owner, as written by `guichet export everything`."""
    if others:
        raise click.UsageError("This is an archive, which contains each proof: leave out --consent and --ask.")
    settings = connection.settings
    secrets = Secrets(settings.signing_secret, settings.former_signing_secret)
    carrier = carrying.Carrier(Archive(file, secrets), settings, secrets, bring_back=bring_back)
    with output.progress("items carried", carrier.total) as advance:
        summary = carrier.carry(advance, dry_run=dry_run)
    outcomes = sorted({outcome for _, outcome in summary.outcomes})
    output.tell(
        summaries.of_carrying(summary, dry_run=dry_run),
        dry_run=dry_run,
        items=carrier.total,
        **{outcome.replace(" ", "_"): summary.count(outcome) for outcome in outcomes},
        stopped=summary.stopped,
    )
    if summary.stopped:
        output.advise("To resume, run the same command again: nothing is written twice.")
        return INTERRUPTED if summary.stopped == carrying.INTERRUPTED else UNAVAILABLE
    return 0


@guichet.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--consent", metavar="TEXT", help="They have consented: say where, when and to what. Kept as proof.")
@click.option("--ask", is_flag=True, help="They have not consented yet: mail each one a confirmation link.")
@click.option("--dry-run", is_flag=True, help="Say what will happen, and change nothing.")
@click.option("--from-line", type=click.IntRange(min=2), default=2, metavar="NUMBER", help="Skip the lines before it.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=WHAT",
    help=f"What a column means, if it is not recognised: {', '.join(importing.KINDS)}. May be repeated.",
)
@click.option(
    "--dates",
    type=click.Choice(["day-first", "month-first"]),
    help="How to read dates such as 05/06/2024, if the file leaves it unclear.",
)
@click.option(
    "--state",
    type=click.Choice(importing.STANDINGS),
    metavar="STATE",
    help=f"The minimum standing of everybody in the file: {', '.join(importing.STANDINGS)}. Default: by file name.",
)
@click.option(
    "--bring-back", is_flag=True, help="For an archive: include comments that you deleted or refused yourself."
)
@on_stack
def import_(  # noqa: PLR0913  the options of an import
    connection: Connection,
    output: Output,
    *,
    file: Path,
    consent: str | None,
    ask: bool,
    dry_run: bool,
    from_line: int,
    columns: tuple[str, ...],
    dates: Any,
    state: Any,
    bring_back: bool,
) -> int:
    """Import subscribers from a CSV file, or an archive.

    An archive, as written by `guichet export everything`, is imported whole: subscribers, suppressions, messages,
    issues. This stack's own data stays, and anyone who left or is suppressed on either side stays so.

    A CSV file may come straight from another tool or a spreadsheet. Its first line names the columns. Only `email` is
    required; names, language, date of consent and source are imported if present. Columns that say who left, bounced,
    complained or never confirmed are recognised in English and French. If the meaning of one is unclear, nothing is
    imported, and the command asks for --column.

    With --consent, addresses are subscribed at once, and nothing is mailed. With --ask, each is mailed a confirmation
    link, at the SES account's sending rate and within what is left of StrangerMailPerDay; run the same command again
    tomorrow for the rest.

    Those who left there are kept as unsubscribed, and those who bounced or complained as suppressed, whatever other
    rows say, so that no later file subscribes them, unless they have confirmed here since. Those who never confirmed
    there are skipped or, with --ask, mailed the link. Nobody who unsubscribed, bounced or complained here is
    resubscribed.

    Bad lines are copied to FILE.bad.csv, with their numbers and reasons. It is safe to import the same file again.
    """
    if is_archive(file):
        others = bool(consent) or ask
        return _import_archive(connection, output, file, dry_run=dry_run, others=others, bring_back=bring_back)
    _check_of_list(consent, ask=ask, bring_back=bring_back)
    settings = connection.settings
    reader = importing.Reader(file, settings.default_language, importing.answers(columns, dates, state))
    for note in reader.notes:
        output.advise(note)
    if reader.unused:
        output.advise(f"Ignored columns: {', '.join(reader.unused)}")
    bad_file = Path(f"{file}.bad.csv")
    may_ask = importing.room_today(settings) if ask else 0
    with (
        ThreadPoolExecutor(importing.THREADS) as pool,
        bad_file.open("w" if from_line == 2 else "a", encoding="utf-8", newline="") as rejected,  # noqa: PLR2004
    ):
        writer = csv.writer(rejected, delimiter=reader.separator)

        def reject(line: importing.BadLine) -> None:
            output.advise(f"line {line.number}: {line.reason}")
            writer.writerow([line.number, cell(line.reason), cell(line.text)])

        into = _importer(file, consent, settings, pool, None if dry_run else may_ask, asking=ask)
        # Asking is paced, so it takes one line at a time: Ctrl-C must not wait for a whole block.
        size = 1 if ask and not dry_run else importing.BLOCK
        summary = importing.run(reader, into, reject, output.progress, first=from_line, size=size)
    _tell_only_hashed(reader, output)
    # It may contain bad lines from an earlier part of the import.
    if not bad_file.stat().st_size:
        bad_file.unlink()
    output.tell(
        summaries.of_import(summary, str(bad_file), may_ask if ask else None, dry_run=dry_run),
        dry_run=dry_run,
        **{outcome.replace(" ", "_"): count for outcome, count in summary.outcomes.items()},
        **({"may_be_asked_today": may_ask} if ask else {}),
        bad_lines=summary.bad,
        bad_lines_are_in=str(bad_file) if summary.bad else "",
        done_until_line=summary.done_until,
        stopped=summary.stopped,
    )
    if summary.stopped:
        output.advise(f"To resume, run the same command again; --from-line {summary.done_until + 1} saves time.")
    if summary.stopped == importing.INTERRUPTED:
        return INTERRUPTED
    if summary.stopped == importing.UNAVAILABLE:
        return UNAVAILABLE
    return INCOMPLETE if summary.stopped or summary.bad else 0


def _check_of_list(consent: str | None, *, ask: bool, bring_back: bool) -> None:
    """Check the options for a CSV file. Raises UsageError."""
    if bring_back:
        raise click.UsageError("--bring-back is only for archives, and this file is not one.")
    if bool(consent and consent.strip()) == ask:
        raise click.UsageError("Give either --consent with the proof, or --ask.")


def _tell_only_hashed(reader: importing.Reader, output: Output) -> None:
    if reader.only_hashed:
        output.advise(
            f"{counted(len(reader.only_hashed), 'row')} of people who left, without an address: these cannot be "
            "kept. Guichet's own exports have such rows for suppressed people; to move these as well, use an archive."
        )


def _importer(  # noqa: PLR0913  what an import needs
    file: Path,
    consent: str | None,
    settings: OperatorSettings,
    pool: ThreadPoolExecutor,
    may_ask: int | None,
    *,
    asking: bool,
) -> importing.DryRun | importing.Requests | importing.Confirmed:
    """Return the handler for an import's rows; for a dry run if `may_ask` is None."""
    if may_ask is None:
        return importing.DryRun(settings, asking)
    if asking:
        from guichet.mail import ses  # noqa: PLC0415
        from guichet.mail.pace import Pace  # noqa: PLC0415

        return importing.Requests(file.name, settings, pool, Pace(ses.send_rate), may_ask)
    return importing.Confirmed(file.name, consent or "", settings, pool)


# --- one person -------------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("address", callback=_address)
@click.option(
    "--access",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Erase nothing: write the stored data to a new JSON file.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@on_stack
def forget(connection: Connection, output: Output, *, address: str, access: Path | None, yes: bool) -> int | None:
    """Erase or export everything stored about a person.

    Erases their messages, sign-ups, subscription and emails, including the spam folder and the outbox, and redacts
    their address in what others wrote. Removes the address from SES's suppression list. Events about it in the failure
    queue are processed, so that no complaint is lost, and deleted. Reports what remains, and why. Reads the whole
    table.
    """
    settings = connection.settings
    person = Person(address, settings.signing_secret, settings.former_signing_secret)
    table = settings.table_name
    events = elsewhere.failed_events(connection, person)
    if access:
        with _new_file(access) as file, output.progress("items read", queries.size(table)) as advance:
            found = find_data(table, person, advance)
            listed = elsewhere.suppressed_by_ses(connection, address)
            report = erasure.report(person, found) | {
                "suppressed by SES": listed,
                "events that could not be processed": [event.payload for event in events],
            }
            json.dump(report, file, ensure_ascii=False, indent=2)
        kinds = erasure.counts(found)
        output.tell(
            f"Wrote what is stored about {address} to {access} ({erasure.summary(found)}).", file=str(access), **kinds
        )
        return None
    if not yes:
        with output.progress("items read", queries.size(table)) as advance:
            found = find_data(table, person, advance)
        listed = elsewhere.suppressed_by_ses(connection, address)
        summary = [
            *([erasure.summary(found)] if erasure.erasable(found) else []),
            *([f"on SES's suppression list ({listed})"] if listed else []),
            *([counted(len(events), "event") + " in the failure queue"] if events else []),
        ]
        output.advise(f"Stored about {person.address}: {', '.join(summary) or 'nothing to erase'}.")
        if not (erasure.erasable(found) or listed or events):
            return None
        if not click.confirm("Erase all of it?", err=True):
            output.advise("Nothing was erased.")
            return None
    left = elsewhere.replay(connection, events)
    with output.progress("items read", queries.size(table)) as advance:
        done = erase(
            table, person, timedelta(days=settings.retention_days), tell=advance, hook=settings.deploy_hook == "on"
        )
    taken_off = elsewhere.take_off_list(connection, address)
    remains = erasure.remains(done)
    if left:
        remains.append(f"{counted(left, 'event')} in the failure queue that still fails: see FeedbackAlarm")
    output.tell(
        summaries.of_erasure(address, done, remains, taken_off=taken_off, events=len(events) - left),
        erased=done.erased,
        struck_out_elsewhere=done.redacted,
        taken_off_suppression_list=taken_off,
        events_taken_out_of_the_failure_queue=len(events) - left,
        remains=remains,
    )
    return INCOMPLETE if left else None


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """Open a new file first, so that a bad path fails early; remove the file again on any error."""
    with path.open("x", encoding="utf-8") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


# --- emails -----------------------------------------------------------------------------------------------------------


@guichet.group(name="outbox", cls=_Listing)
def outbox_emails() -> None:
    """List waiting and failed emails, or send them now.

    Without a command, `list` runs; `guichet outbox list --help` shows its options.
    """


@outbox_emails.command("list")
@on_stack
def list_outbox(connection: Connection, output: Output) -> int:
    """List waiting, held and failed emails, newest first, and why.

    Held emails wait until the owner's mailbox accepts mail again. Emails that the owner's mailbox answered with an
    automatic reply are listed as `replied`; they were delivered, and need no action.
    """
    table = connection.settings.table_name
    with output.progress("items read to find failed emails", queries.size(table)) as advance:
        emails = list(outbox.listed(table, advance))
    columns = ("waiting_since", "id", "state", "kind", "why")
    output.rows(map(asdict, emails), columns, "No email is waiting, and none has failed.")
    return INCOMPLETE if any(one.state != "replied" for one in emails) else 0


@outbox_emails.command("send")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="Also send all failed emails again.")
@on_stack
def send_outbox(connection: Connection, output: Output, *, ids: tuple[str, ...], failed: bool) -> int:
    """Send waiting emails now, and failed ones on request.

    Waiting emails are sent automatically within 15 minutes. A failed email is sent again only with --failed, or if its
    ID is given; an ID may be shortened to its first characters, as in the list. If the owner's mailbox accepts no mail,
    one of the held emails tries it now; once that is delivered, the others follow.
    """
    table = connection.settings.table_name
    outbox.try_mailboxes(table)
    known: list[outbox.UnsentEmail] = []
    if failed or ids:
        with output.progress("items read to find failed emails", queries.size(table)) as advance:
            known = list(outbox.listed(table, advance))
    chosen = {one.key for begun in ids for one in _begun_by(begun, known)}
    again = [one for one in known if one.state == "failed" and (failed or one.key in chosen)]
    queued_again = sum(outbox.retry(table, one) for one in again)
    outcomes = connection.sweep()
    counts = {outcome.replace(" ", "_"): count for outcome, count in outcomes.items()}
    output.tell(summaries.of_sweep(queued_again, outcomes), queued_again=queued_again, **counts)
    # "not ours": the stream is sending it at the same time.
    return INCOMPLETE if set(outcomes) - {"sent", "dropped", "not ours"} else 0


def _begun_by(prefix: str, known: Sequence[outbox.UnsentEmail]) -> list[outbox.UnsentEmail]:
    """Return the emails of a record by its id or a prefix of it, or one email by its whole key.

    Raises OperatorError if there is none, or if several records have such an id.
    """
    found = [one for one in known if one.key == prefix]
    found = found or [one for one in known if prefix and one.id.casefold().startswith(prefix.casefold())]
    if not found:
        raise OperatorError(f"no waiting or failed email has the id {prefix}: `guichet outbox` lists them")
    if len(records := {one.id for one in found}) > 1:
        raise OperatorError(_ambiguous(prefix, records))
    return found


@guichet.command("test-email")
@click.option("--to", callback=_address, metavar="ADDRESS", help="Another recipient.")
@on_stack
def test_email(connection: Connection, output: Output, *, to: str | None) -> int:
    """Send a test email to the owner.

    It is sent like the notifier's emails: with the same sender and configuration set.
    """
    # Imported late, as in `doctor`: templates and DNS take a third of every other command's start.
    from guichet.mail import ses  # noqa: PLC0415
    from guichet.mail.mime import envelope  # noqa: PLC0415

    settings = connection.settings
    recipients = (to,) if to else settings.owner_email
    subject = f"Guichet: test email from {connection.name}"
    message = envelope(recipients, subject, "visitor" if to else "owner", settings)
    message.set_content(
        f"This email was sent by `guichet test-email`.\n\nSite: {settings.site_name}, {settings.site_url}\n"
        f"API: {settings.api_url}\n\nIf it arrived where you expect your visitors' messages, mail to you works.\n\n"
        "SES has signed it on its way. To check that, save it as your mailbox got it (Show original, Download\n"
        "message), and run: guichet doctor --received FILE\n\n"
        "If your mailbox offers a button to unsubscribe: it is the newsletter's, here for the test, and does nothing.\n"
    )
    # As in an issue: SES only signs them in transit, so the test shows whether it does.
    language = settings.default_language
    link = unsubscribe_link(settings.api_url, TEST_SUBSCRIBER, language, settings.signing_secret)
    message["List-Unsubscribe"] = f"<{link}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    try:
        message_id = ses.send(message, settings.owner_configuration_set)
    except ses.RejectedError as rejected:
        raise OperatorError(f"SES refuses it: {rejected}") from None
    except ses.PostponedError as postponed:
        output.advise(f"SES is not accepting it now: {postponed.reason}. `guichet doctor` may find out why.")
        return UNAVAILABLE
    output.tell(
        [f"Sent to {', '.join(recipients)}.", f"The message id is {message_id}"],
        sent_to=list(recipients),
        message_id=message_id,
    )
    return 0


# --- the desk ---------------------------------------------------------------------------------------------------------


@guichet.command("desk")
@click.option("--owner", callback=_address, metavar="ADDRESS", help="Which owner. Default: the first of OwnerEmail.")
@on_stack
def sign_in_at_desk(connection: Connection, output: Output, *, owner: str | None) -> None:
    """Print a link that signs in at the desk.

    Use it when no email arrives. The link works in any browser, once, within 15 minutes: do not share it. It opens a
    page with a button.
    """
    made = desk.sign_in(connection.settings, owner)
    output.tell(
        [f"Open this link within {desk.MINUTES} minutes to sign in as {made.owner}. It works once:"],
        owner=made.owner,
        link=made.link,
        valid_until=f"{made.until:%Y-%m-%dT%H:%M:%SZ}",
    )
    # To be copied, so only the terminal may break the line.
    output.say(made.link, indent=None)


# --- the stack itself -------------------------------------------------------------------------------------------------


@guichet.command("adopt")
@click.argument("table")
@click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The stack to create.")
@click.option("--region", help="The table's region. Default: the AWS CLI's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def adopt_table(*, table: str, stack: str, region: str | None, as_json: bool) -> None:
    """Create a stack around a table that was left behind.

    TABLE is the name of a table that a deleted stack left behind. The new stack contains only this table; `make
    deploy` with all parameters adds everything else. Use the same SigningSecret as before, or existing links and keys
    stop working. Use CreateIdentity=false if the SES identity was left behind as well.
    """
    where = region_of(region)
    adopting.adopt(client_of("cloudformation", where), client_of("dynamodb", where), stack, table)
    following = "make deploy, with all parameters and the same SigningSecret"
    Output(as_json=as_json).tell(
        [f"The stack {stack} now has the table {table}.", f"Next: {following}"],
        stack=stack,
        table=table,
        next=following,
    )


# --- the owner's own words -------------------------------------------------------------------------------------------


@guichet.group("texts")
def own_texts() -> None:
    """Check your own words for the emails."""


@own_texts.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def check_texts(*, file: Path | None, as_json: bool) -> None:
    """Check the file of your own words, and list them.

    FILE defaults to functions/texts.toml, which `make deploy` uses. Each mistake is named, with its email and language,
    and what was expected. The exit code is 2 if there is any.
    """
    from guichet.mail import texts  # noqa: PLC0415  it needs no stack

    output, path = Output(as_json=as_json), file or of_the_site(texts.FILE)
    if not path.exists():
        output.say(f"There is no {path.name}: all emails have Guichet's own text.")
        return
    try:
        found = texts.read(path.read_bytes())
    except texts.TextsError as error:
        for mistake in str(error).splitlines():
            click.echo(printable(f"{path.name}: {mistake}"), err=True)
        sys.exit(INVALID)
    rows = ({"email": email, "language": language, "subject": subject} for email, language, subject in found.subjects)
    output.rows(rows, ("email", "language", "subject"), "It has no words of your own.")


# --- comments ---------------------------------------------------------------------------------------------------------


@guichet.group("comments", cls=_Listing)
def all_comments() -> None:
    """List, moderate, export and import comments.

    Without a command, `list` runs; `guichet comments list --help` shows its options.
    """


for _command in (*comments_moderating(on_stack), *comments_carrying(on_stack)):
    all_comments.add_command(_command)

guichet.add_command(forms_group(_Listing, common_options))
guichet.add_command(doctor_command(common_options, _connect))
guichet.add_command(issue_group(_Listing, common_options, on_stack, _connect))
guichet.add_command(notice_command(common_options, _connect))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit. Report an error as one sentence on standard error."""
    # Files contain personal data: no other user of this machine may read them.
    before = os.umask(0o077)
    try:
        guichet.main(arguments, prog_name="guichet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _fail("stopped: interrupted, or not confirmed (--yes skips the question)", INTERRUPTED)
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python would report it again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OperatorError, TemplateError) as error:
        _fail(str(error), UNAVAILABLE if isinstance(error, UnreachableError) else INVALID)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", INVALID)
    except NotFinishedError:
        _fail("something changed in the meantime, so part of it is left: run the command again", INCOMPLETE)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors(include_input=False)}))
        _fail(
            f"the table contains a {error.title} that this version cannot read ({wrong}); "
            "`guichet export everything` exports it as it is",
            INVALID,
        )
    except UnavailableError:
        _fail("the table is unreachable, and the change may or may not have been made: run it again", UNAVAILABLE)
    except (BotoCoreError, ClientError) as error:
        _fail(refusal(error), UNAVAILABLE)
    finally:
        os.umask(before)


def _fail(sentence: str, code: int) -> None:
    click.echo(wrapped(printable(f"error: {sentence}"), room(sys.stderr)), err=True)
    sys.exit(code)
