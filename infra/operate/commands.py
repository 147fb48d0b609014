"""`guichet`: the commands, their options and their output. The work itself is in the modules beside this one."""

import csv
import functools
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, get_args

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic_core import ValidationError

from guichet.addresses import parse
from guichet.http.links import unsubscribe_link
from guichet.mail.emails import confirmation_request, contact_notification
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import State, Subscriber
from guichet.signing import subscriber_id
from guichet.store import submissions
from guichet.store import subscribers as subscribers_table
from guichet.store.dynamodb import UnavailableError
from guichet.store.erasure import NotFinishedError, Person, erase, find_data
from infra.operate import adopting, elsewhere, erasure, exporting, importing, outbox, queries
from infra.operate.cells import cell
from infra.operate.connection import (
    Connection,
    OperatorError,
    allow_slow_calls,
    client_of,
    connect_local,
    connect_stack,
    region_of,
)
from infra.operate.output import Output, printable
from infra.operate.queries import Advance
from infra.template import TEMPLATE, TemplateError, parameters

# Exit codes besides 0. Click uses 2 for wrong usage, too.
INCOMPLETE, INVALID, UNAVAILABLE, INTERRUPTED = 1, 2, 3, 130
_PERIOD = 7
_DAY = click.DateTime(["%Y-%m-%d"])
_STATES = (*get_args(State), "pending")
# Characters of an id. Fewer are the beginning of one.
_WHOLE_ID = 32


class _Listing(click.Group):
    """A group of commands that runs `list` by default."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Insert `list` before options, except before --help."""
        if not args or (args[0].startswith("-") and args[0] not in context.help_option_names):
            args = ["list", *args]
        return super().parse_args(context, args)


def _version(context: click.Context, _parameter: click.Parameter, asked: bool) -> None:  # noqa: FBT001  click's order
    if asked:
        click.echo(f"guichet {installed_version()}")
        context.exit()


def installed_version() -> str:
    """Return the version of this command: the installed package's, or the checkout's that it runs from."""
    if TEMPLATE.with_name("functions").is_dir():
        project = TEMPLATE.with_name("pyproject.toml").read_text(encoding="utf-8")
        return str(tomllib.loads(project)["project"]["version"])
    return version("guichet")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version and exit."
)
def guichet() -> None:
    """Operate a Guichet stack: read messages, manage subscribers, inspect the outbox, diagnose problems.

    Every command takes --local for the stack that `make run` started, or --stack for a deployed one (with credentials
    as for the AWS CLI), and --json for use by programs.

    Exit codes: 0 done; 1 done, but something needs attention (bad lines, waiting or failed emails, findings of
    doctor); 2 wrong usage, or not found; 3 AWS is unreachable or refused; 130 interrupted.
    """


_COMMON_OPTIONS = (
    click.option("--local", is_flag=True, help="Use the stack that `make run` started on this machine."),
    click.option("--port", default=3000, envvar="PORT", show_default=True, help="With --local: the port of the API."),
    click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The deployed stack."),
    click.option("--region", help="The region of the stack, if it is not the environment's."),
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
        code = function(_connect(local=local, port=port, stack=stack, region=region), Output(as_json=as_json), **given)
        sys.exit(code or 0)

    return run


def _connect(*, local: bool, port: int, stack: str, region: str | None) -> Connection:
    allow_slow_calls()
    return connect_local(port) if local else connect_stack(stack, region)


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
    """List messages or the spam folder, search; show, release or file one as spam.

    The default command is `list`; `guichet messages list --help` shows its options.
    """


@messages.command("list")
@click.option("--day", type=_DAY, help="One day, in UTC.")
@click.option("--since", type=_DAY, help=f"First day of a period. Default: the last {_PERIOD} days.")
@click.option("--until", type=_DAY, help="Last day of a period. Default: today.")
@click.option("--spam", is_flag=True, help="List the spam folder: messages and sign-ups, and why each was caught.")
@click.option("--search", metavar="TEXT", help="Only what contains this text, ignoring case.")
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
) -> None:
    """List messages, newest day first, or the spam folder."""
    today = utc_now().date()
    last = (day or until or utc_now()).date()
    first = day.date() if day else since.date() if since else min(last, today) - timedelta(days=_PERIOD - 1)

    def found() -> Iterator[dict[str, Any]]:
        for one in _days(first, last):
            for record in queries.of_day(connection.settings.table_name, "spam" if spam else "messages", one):
                if not search or search.casefold() in _searchable_text(record).casefold():
                    yield _submission(record)

    columns = {"at": "received", "id": "id", "email": "address", "name": "name", "text": "message"}
    if spam:
        columns = {"at": "received", "id": "id", "email": "address", "spam": "reason", "text": "message"}
    output.rows(found(), columns, f"Nothing from {first} to {last}.")


def _days(first: date, last: date) -> Iterator[date]:
    while last >= first:
        yield last
        last -= timedelta(days=1)


def _submission(record: Message | SignUp) -> dict[str, Any]:
    row = record.model_dump(mode="json", exclude_defaults=True)
    text = " · ".join(filter(None, (record.subject, record.message))) if isinstance(record, Message) else "(a sign-up)"
    return {"at": record.submitted_at, **row, "text": text}


def _searchable_text(record: Message | SignUp) -> str:
    """Return everything that the visitor wrote, as one text to search."""
    fields = record.model_dump(
        include={"email", "name", "subject", "form_subject", "message", *Message.labels(), "extra", "page"}
    )
    return "\n".join(str(value) for value in fields.values())


def _message(connection: Connection, message_id: str) -> Message | SignUp:
    """Return a message, or a sign-up from the spam folder, by its id or the beginning of it.

    Raises OperatorError if there is none, or more than one.
    """
    table = connection.settings.table_name
    if len(message_id) < _WHOLE_ID:
        keys = queries.begun_by(table, message_id)
    else:
        keys = [{"pk": f"{kind}#{message_id}", "sk": kind} for kind in ("message", "request")]
    found = [queries.submission(item) for item in queries.by_keys(table, keys)]
    if not found:
        raise OperatorError(f"there is no message {message_id}: `guichet messages` lists them")
    if len(found) > 1:
        ids = ", ".join(sorted(record.id for record in found))
        raise OperatorError(f"{message_id} is the beginning of several ids: {ids}")
    return found[0]


@messages.command("show")
@click.argument("id")
@on_stack
def show_message(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002  the name of the argument
    """Show one message in full."""
    record = _message(connection, id)
    if output.as_json:
        output.show(record.model_dump(mode="json"))
    else:
        # Kept apart, because their names come from a stranger.
        output.show({**record.model_dump(exclude={"extra"}), "other fields": dict(getattr(record, "extra", ()))})


@messages.command("spam")
@click.argument("id")
@on_stack
def file_as_spam(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """File a message as spam. It is kept for 30 days, and a notification that is still queued is not sent."""
    record = _message(connection, id)
    if isinstance(record, SignUp):
        raise OperatorError(f"{id} is a sign-up, and only messages can be filed as spam: it sends a single link")
    submissions.mark_spam(connection.settings.table_name, record, utc_now())
    output.show({"id": record.id, "now": "in the spam folder"})


@messages.command("release")
@click.argument("id")
@on_stack
def release(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """Release a message from the spam folder and mail it to the owner. A released sign-up is sent its link."""
    record = _message(connection, id)
    settings = connection.settings
    if isinstance(record, SignUp):
        link = confirmation_request.queued(record.language)
        released = submissions.release_sign_up(settings.table_name, record, link)
    else:
        notification = contact_notification.queued(settings.default_language, released=True)
        kept = timedelta(days=settings.retention_days)
        released = submissions.release_message(settings.table_name, record, notification, kept)
    output.show({"id": record.id, "now": "released, and its email is queued" if released else "not in the spam folder"})


# --- subscribers ------------------------------------------------------------------------------------------------------


@guichet.group(cls=_Listing)
def subscribers() -> None:
    """List or count subscribers; show, unsubscribe or block one, or lift a suppression.

    The default command is `list`; `guichet subscribers list --help` shows its options.
    """


@subscribers.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only this state. Default: all except `pending`.")
@click.option("--count", is_flag=True, help="Count the subscribers in each state.")
@on_stack
def list_subscribers(connection: Connection, output: Output, *, state: str | None, count: bool) -> None:
    """List subscribers, or count them. Addresses that bounced, complained or are blocked are no longer stored."""
    table = connection.settings.table_name
    with output.progress("items read", queries.size(table), beside_rows=not count) as advance:
        if state == "pending":
            rows = _pending(connection, advance)
        else:
            rows = map(_row, queries.records(table, Subscriber, advance))
        chosen = (row for row in rows if state in (None, row["state"]))
        if not count:
            columns = {"email": "address", "state": "state", "since": "since", "name": "name"}
            output.rows(chosen, columns, "No subscribers.")
            return
        counts = Counter(row["state"] for row in chosen)
        if state is None:
            counts["pending"] = sum(1 for _ in _pending(connection, advance))
    output.show({name: counts[name] for name in ([state] if state else _STATES)})


def _row(subscriber: Subscriber) -> dict[str, Any]:
    since = subscriber.confirmed_at if subscriber.state == "confirmed" else subscriber.left_at
    return {**subscriber.model_dump(mode="json", exclude={"history"}, exclude_none=True), "since": since}


def _pending(connection: Connection, advance: Advance) -> Iterator[dict[str, Any]]:
    """Yield the requests that can still be confirmed and whose address is not a subscriber in any state."""
    table, secret = connection.settings.table_name, connection.settings.signing_secret
    requests = queries.records(table, SignUp, advance)
    live = (one for one in requests if not one.spam and one.confirmable)
    seen: set[str] = set()
    for block in queries.blocks(live, 100):
        ids = {subscriber_id(secret, one.email): one for one in block}
        ids = {one: request for one, request in ids.items() if one not in seen}
        seen.update(ids)
        keys = [{"pk": f"subscriber#{one}", "sk": "subscriber"} for one in ids]
        known = {item["id"] for item in queries.by_keys(table, keys)}
        for one, request in ids.items():
            if one not in known:
                yield {"email": request.email, "state": "pending", "since": request.asked_at, "name": request.name}


def _subscriber(connection: Connection, address: str) -> Subscriber:
    found = subscribers_table.subscriber(
        connection.settings.table_name, subscriber_id(connection.settings.signing_secret, address)
    )
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
    output.show(_subscriber(connection, address).model_dump(mode="json" if output.as_json else "python"))


@subscribers.command("lift")
@click.argument("address", callback=_address)
@on_stack
def lift(connection: Connection, output: Output, *, address: str) -> None:
    """Let an address that bounced, complained or was blocked sign up again.

    Also takes it off SES's own suppression list, which would keep mail from it all the same.
    """
    settings = connection.settings
    # First what may fail: as long as it is on the list, it gets no mail, whatever the table says.
    taken_off = elsewhere.take_off_list(connection, address)
    subscriber = subscriber_id(settings.signing_secret, address)
    kept = timedelta(days=settings.retention_days)
    lifted = subscribers_table.lift(settings.table_name, subscriber, utc_now(), kept)
    if not lifted and not taken_off:
        _subscriber(connection, address)
        raise OperatorError(f"{address} neither bounced nor complained, nor is it blocked: there is nothing to lift")
    where = " and ".join([*(["here"] if lifted else []), *(["off SES's suppression list"] if taken_off else [])])
    output.show({"email": address, "now": f"lifted: it may sign up again ({where})"})


@subscribers.command("block")
@click.argument("address", callback=_address)
@on_stack
def block(connection: Connection, output: Output, *, address: str) -> None:
    """End all mail to an address whose owner wants none. Nobody can sign it up until `lift`; only its hash is kept."""
    settings = connection.settings
    new = subscribers_table.block(settings.table_name, subscriber_id(settings.signing_secret, address), utc_now())
    output.show({"email": address, "now": "blocked: it gets no more mail" if new else "unchanged: blocked"})


@subscribers.command("unsubscribe")
@click.argument("address", callback=_address)
@on_stack
def unsubscribe_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Unsubscribe an address that asked by other means."""
    subscriber = _subscriber(connection, address)
    kept = timedelta(days=connection.settings.retention_days)
    done = subscribers_table.unsubscribe(connection.settings.table_name, subscriber.id, utc_now(), kept)
    output.show({"email": address, "now": "unsubscribed" if done else f"unchanged: {subscriber.state}"})


# --- export and import ------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("what", type=click.Choice(list(exporting.KINDS)))
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
    help="Default: CSV; JSON Lines for `everything`, and for --json on standard output.",
)
@click.option(
    "--separator",
    type=click.Choice(list(importing.SEPARATORS)),
    help="For CSV. Default: semicolon if DefaultLanguage is fr, as French Excel expects, else comma.",
)
@click.option(
    "--state",
    type=click.Choice([*get_args(State), "all"]),
    default="confirmed",
    show_default=True,
    help="For subscribers.",
)
@click.option("--spam", is_flag=True, help="For messages: include the spam folder.")
@on_stack
def export(  # noqa: PLR0913  the options of an export
    connection: Connection,
    output: Output,
    *,
    what: exporting.What,
    file: Path | None,
    file_format: str | None,
    separator: str | None,
    state: str,
    spam: bool,
) -> int | None:
    """Export subscribers, messages or everything, for a spreadsheet or as JSON Lines.

    To resume an interrupted export to a file, run the same command again. `everything` is always JSON Lines, with each
    item as stored in the table.
    """
    if separator is None:
        separator = "semicolon" if connection.settings.default_language == "fr" else "comma"
    lines = what == "everything" or (output.as_json and file is None)
    if lines and file_format == "csv":
        raise click.UsageError("This output is JSON Lines: drop --format or --json, or write to a file with --output.")
    table = connection.settings.table_name
    options = exporting.Options(
        table=table,
        what=what,
        format="jsonl" if lines or file_format == "jsonl" else "csv",
        separator=importing.SEPARATORS[separator],
        state="" if state == "all" else state,
        spam=spam,
    )
    settings = connection.settings

    def unsubscribe(one: Subscriber) -> str:
        return unsubscribe_link(settings.api_url, one.id, one.language, settings.signing_secret)

    progress = exporting.interrupted(options, file) if file else None
    if progress:
        output.advise(f"Resuming the export begun at {progress.begun_at}. To start over, remove {file}.part.")
    with output.progress("items read", queries.size(table)) as advance:
        if file is None:
            exporting.export_to_stream(options, sys.stdout.buffer, unsubscribe, advance)
            return None
        try:
            rows = exporting.export_to_file(options, file, progress, unsubscribe, advance)
        except (KeyboardInterrupt, UnavailableError) as error:
            output.advise(f"Stopped. The rows so far are in {file}.part; run the same command again to resume.")
            return INTERRUPTED if isinstance(error, KeyboardInterrupt) else UNAVAILABLE
    output.show({"file": str(file), "rows": rows})
    return None


@guichet.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--consent", metavar="TEXT", help="They confirmed elsewhere: say where, when and to what. Kept as proof.")
@click.option("--ask", is_flag=True, help="They have not confirmed: mail each a confirmation link.")
@click.option("--dry-run", is_flag=True, help="Report what would happen, and write nothing to the table.")
@click.option("--from-line", type=click.IntRange(min=2), default=2, help="Start at this line.")
@on_stack
def import_(  # noqa: PLR0913  the options of an import
    connection: Connection, output: Output, *, file: Path, consent: str | None, ask: bool, dry_run: bool, from_line: int
) -> int:
    """Import addresses from a CSV file.

    The file is UTF-8, and its first line names the columns: `email`, and optionally `name`, `language`,
    `consented_at`, `source` and `state`. A row whose state says that the address left the old list is rejected.

    With --consent, addresses are confirmed at once and not mailed. With --ask, each is mailed a link, at the rate of
    the SES account and within today's remaining StrangerMailPerDay; run the same command tomorrow for the rest.
    Existing subscribers are left unchanged, and so is anyone who unsubscribed, bounced or complained. Bad lines go to
    FILE.bad.csv with line number and reason. Imports are idempotent.
    """
    if bool(consent and consent.strip()) == ask:
        raise click.UsageError("Give either --consent with the proof, or --ask.")
    settings = connection.settings
    reader = importing.Reader(file, settings.default_language, asking=ask)
    if reader.unused:
        output.advise(f"Ignored columns: {', '.join(reader.unused)}")
    bad_file = Path(f"{file}.bad.csv")
    room = importing.room_today(settings) if ask else 0
    with (
        ThreadPoolExecutor(importing.THREADS) as pool,
        output.progress("bytes read", file.stat().st_size) as advance,
        bad_file.open("w" if from_line == 2 else "a", encoding="utf-8", newline="") as rejected,  # noqa: PLR2004
    ):
        writer = csv.writer(rejected, delimiter=reader.separator)

        def reject(line: importing.BadLine) -> None:
            output.advise(f"line {line.number}: {line.reason}")
            writer.writerow([line.number, cell(line.reason), cell(line.text)])

        if dry_run:
            process: Callable[[list[importing.Line]], Any] = lambda lines: importing.look_up(  # noqa: E731
                lines, asking=ask, settings=settings
            )
        elif ask:
            from guichet.mail import ses  # noqa: PLC0415
            from guichet.mail.pace import Pace  # noqa: PLC0415

            process = importing.request_importer(settings, Pace(ses.send_rate), room)
        else:
            process = importing.confirmed_importer(consent or "", settings, pool)
        # Asking is paced, so it takes one line at a time: Ctrl-C must not wait for a whole block.
        size = 1 if ask and not dry_run else importing.BLOCK
        summary = importing.run(reader.rows(from_line), process, reject, advance, size)
    # It may contain bad lines from an earlier part of the import.
    if not bad_file.stat().st_size:
        bad_file.unlink()
    output.show(
        {
            "dry_run": dry_run,
            **summary.outcomes,
            **({"may be asked today": room} if ask else {}),
            "bad lines": summary.bad,
            "bad lines are in": str(bad_file) if summary.bad else "",
            "done until line": summary.done_until,
            "stopped": summary.stopped,
        }
    )
    if summary.stopped:
        output.advise(f"To resume, run the same command again; --from-line {summary.done_until + 1} saves time.")
    if summary.stopped == importing.INTERRUPTED:
        return INTERRUPTED
    if summary.stopped == importing.UNAVAILABLE:
        return UNAVAILABLE
    return INCOMPLETE if summary.stopped or summary.bad else 0


# --- one person -------------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("address", callback=_address)
@click.option(
    "--access",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Erase nothing; write everything that is stored to a new file, as JSON.",
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@on_stack
def forget(connection: Connection, output: Output, *, address: str, access: Path | None, yes: bool) -> int | None:
    """Export or erase everything stored about a person.

    Erases their messages, sign-ups, subscription, spam and outbox rows, and strikes their address out of what others
    wrote. Takes the address off SES's suppression list, and events about it out of the failure queue: they are
    processed first, so that no complaint is lost. Reports what remains, and why. Reads the whole table.
    """
    settings = connection.settings
    person = Person(address, settings.signing_secret)
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
        output.show({"file": str(access), **erasure.counts(found)})
        return None
    if not yes:
        with output.progress("items read", queries.size(table)) as advance:
            found = find_data(table, person, advance)
        listed = elsewhere.suppressed_by_ses(connection, address)
        summary = [
            erasure.summary(found),
            *([f"on SES's suppression list: {listed}"] if listed else []),
            *([f"events in the failure queue: {len(events)}"] if events else []),
        ]
        output.advise(f"Stored about {person.address}: {'; '.join(summary)}")
        if not (found.own or found.mentions or listed or events):
            return None
        if not click.confirm("Erase all of it?", err=True):
            output.advise("Nothing was erased.")
            return None
    left = elsewhere.replay(connection, events)
    with output.progress("items read", queries.size(table)) as advance:
        done = erase(table, person, timedelta(days=settings.retention_days), tell=advance)
    taken_off = elsewhere.take_off_list(connection, address)
    remains = erasure.remains(done)
    if left:
        remains.append(f"{left} events in the failure queue that still cannot be processed: see FeedbackAlarm")
    output.show(
        {
            "erased": done.erased,
            "struck out elsewhere": done.redacted,
            "taken off SES's suppression list": "yes" if taken_off else "it was not on it",
            "events taken out of the failure queue": len(events) - left,
            "remains": remains,
        }
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
    """List waiting and failed emails, and why; send them now.

    The default command is `list`; `guichet outbox list --help` shows its options.
    """


@outbox_emails.command("list")
@on_stack
def list_outbox(connection: Connection, output: Output) -> int:
    """List waiting emails, the owner's first, then held ones, which wait for the owner's mailbox, then failed ones.

    Also lists emails that the owner's mailbox sent an automatic reply to: these need nothing to be done.
    """
    columns = {
        "id": "id",
        "state": "state",
        "to": "to",
        "waiting_since": "waiting since",
        "tried_at": "last tried",
        "why": "why",
    }
    table = connection.settings.table_name
    with output.progress("items read to find failed emails", queries.size(table), beside_rows=True) as advance:
        need_attention = False

        def rows() -> Iterator[dict[str, Any]]:
            nonlocal need_attention
            for one in outbox.listed(table, advance):
                need_attention = need_attention or one.state != "replied"
                yield {"id": one.key, **asdict(one)}

        output.rows(rows(), columns, "No email is waiting, and none has failed.")
    return INCOMPLETE if need_attention else 0


@outbox_emails.command("send")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="Retry all failed emails, too.")
@on_stack
def send_outbox(connection: Connection, output: Output, *, ids: tuple[str, ...], failed: bool) -> int:
    """Send waiting emails now; with --failed or IDs, failed ones too.

    Without this, waiting emails go out within 15 minutes. If the owner's mailbox takes no mail, this tries it with one
    of the emails that are held; once that is delivered, the others follow.
    """
    table = connection.settings.table_name
    outbox.try_mailboxes(table)
    known: list[outbox.UnsentEmail] = []
    if failed or ids:
        with output.progress("items read to find failed emails", queries.size(table)) as advance:
            known = list(outbox.listed(table, advance))
    again = [one for one in known if one.state == "failed" and (failed or one.key in ids)]
    unknown = set(ids) - {one.key for one in known}
    if unknown:
        raise OperatorError(f"no waiting or failed email has the id {', '.join(sorted(unknown))}")
    queued_again = sum(outbox.retry(table, one) for one in again)
    outcomes = connection.sweep()
    output.show({"queued again": queued_again, **outcomes})
    # "not ours": the stream is sending it at the same time.
    return INCOMPLETE if set(outcomes) - {"sent", "dropped", "not ours"} else 0


@guichet.command("test-email")
@click.option("--to", callback=_address, help="The recipient. Default: the owner.")
@on_stack
def test_email(connection: Connection, output: Output, *, to: str | None) -> int:
    """Send a test email the way the notifier sends: same sender, same configuration set."""
    # Imported late, as in `doctor`: templates and DNS take a third of every other command's start.
    from guichet.mail import ses  # noqa: PLC0415
    from guichet.mail.mime import envelope  # noqa: PLC0415

    settings = connection.settings
    recipients = (to,) if to else settings.owner_email
    subject = f"Guichet: test email from {connection.name}"
    message = envelope(recipients, subject, "visitor" if to else "owner", settings)
    message.set_content(
        f"This email was sent by `guichet test-email`.\n\nSite: {settings.site_name}, {settings.site_url}\n"
        f"API: {settings.api_url}\n\nIf it arrived where you expect your visitors' messages, mail to you works.\n"
    )
    try:
        message_id = ses.send(message, settings.owner_configuration_set)
    except ses.RejectedError as rejected:
        raise OperatorError(f"SES refuses it: {rejected}") from None
    except ses.PostponedError as postponed:
        output.advise(f"SES is not accepting it now: {postponed.reason}. `guichet doctor` may find out why.")
        return UNAVAILABLE
    output.show({"sent to": list(recipients), "message id": message_id})
    return 0


# --- the stack itself -------------------------------------------------------------------------------------------------


@guichet.command("adopt")
@click.argument("table")
@click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The stack to create.")
@click.option("--region", help="The region of the table, if it is not the environment's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object per line.")
def adopt_table(*, table: str, stack: str, region: str | None, as_json: bool) -> None:
    """Create a stack around TABLE, which a deleted stack left behind.

    The stack contains only the table; `make deploy` with all parameters adds everything else. Use the same
    SigningSecret as before, or existing links and keys stop working. Use CreateIdentity=false if the SES identity was
    left behind, too.
    """
    where = region_of(region)
    adopting.adopt(client_of("cloudformation", where), client_of("dynamodb", where), stack, table)
    Output(as_json=as_json).show(
        {"stack": stack, "table": table, "next": "make deploy, with all parameters and the same SigningSecret"}
    )


# --- diagnosis --------------------------------------------------------------------------------------------------------


@guichet.command("doctor")
@click.option("--before", metavar="PARAMETERS", help="Before the first deploy: the parameters, as for `make deploy`.")
@common_options
def examine(*, before: str | None, region: str | None, as_json: bool, **stack: Any) -> None:
    """Diagnose mail, stack, alarms and the site's page, and say how to fix problems.

    The exit code is 1 if anything is wrong, needs attention, or could not be checked.
    """
    from infra.operate import doctor  # noqa: PLC0415

    output = Output(as_json=as_json)
    if before is None:
        inspection = doctor.inspection_of(_connect(region=region, **stack))
    else:
        inspection = doctor.inspection_before(parameters(before), region_of(region))
    all_is_well = True
    for finding in doctor.examine(inspection):
        all_is_well = all_is_well and finding.state == "ok"
        if as_json:
            output.show(asdict(finding))
        else:
            output.say(f"{finding.state:8} {finding.check}: {finding.message}")
            if finding.remedy:
                output.say(f"{'':8} → {finding.remedy}")
    sys.exit(0 if all_is_well else INCOMPLETE)


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
        _fail("interrupted, or not confirmed (--yes skips the question)", INTERRUPTED)
    except BrokenPipeError:
        # The reader closed the pipe. Without this, Python would report it again on exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OperatorError, TemplateError) as error:
        _fail(str(error), INVALID)
    except OSError as error:
        _fail(f"{error.filename}: {error.strerror}", INVALID)
    except NotFinishedError:
        _fail("something changed in the meantime, and part of it is left: run the command again", INCOMPLETE)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors(include_input=False)}))
        _fail(
            f"the table contains a {error.title} that this version cannot read ({wrong}); "
            "`guichet export everything` exports it as it is",
            INVALID,
        )
    except UnavailableError:
        _fail("the table is unreachable; the change may or may not have been made. It is safe to retry", UNAVAILABLE)
    except (BotoCoreError, ClientError) as error:
        _fail(f"AWS is unreachable or refused: {error}", UNAVAILABLE)
    finally:
        os.umask(before)


def _fail(sentence: str, code: int) -> None:
    click.echo(printable(f"error: {sentence}"), err=True)
    sys.exit(code)
