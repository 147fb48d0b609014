"""`guichet`: the commands, their options and what they print. What they do is in the modules beside this one."""

import csv
import functools
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import IO, Any, get_args

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from guichet.addresses import parse
from guichet.http.links import unsubscribe_link
from guichet.mail import ses
from guichet.mail.mime import envelope
from guichet.mail.pace import Pace
from guichet.records.message import Message
from guichet.records.record import utc_now
from guichet.records.sign_up import SignUp
from guichet.records.subscriber import State, Subscriber
from guichet.signing import subscriber_id
from guichet.store import submissions
from guichet.store import subscribers as subscribers_table
from guichet.store.dynamodb import UnavailableError
from guichet.store.erasure import NotFinishedError, Person, erase, find_data
from infra.operate import adopting, doctor, erasure, exporting, importing, outbox, queries
from infra.operate.cells import cell
from infra.operate.connection import (
    Connection,
    OperatorError,
    be_patient,
    client_of,
    connect_local,
    connect_stack,
    region_of,
)
from infra.operate.output import Output, printable
from infra.operate.queries import Advance
from infra.template import TemplateError, parameters

# Exit codes beside 0, and beside click's 2 for a command that was given wrongly.
LEFT_TO_DO, NOT_POSSIBLE, AWAY, INTERRUPTED = 1, 2, 3, 130
_PERIOD = 7
_DAY = click.DateTime(["%Y-%m-%d"])
_STATES = (*get_args(State), "pending")


class _Listing(click.Group):
    """A group of commands of which `list` is meant where none is named."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put `list` before options, but for the question for help."""
        if not args or (args[0].startswith("-") and args[0] not in context.help_option_names):
            args = ["list", *args]
        return super().parse_args(context, args)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def guichet() -> None:
    """Operate a Guichet: read messages, keep subscribers, see what is owed, find what is wrong.

    Each command takes --local for the stack that `make run` runs, or --stack for a deployed one (with credentials as
    the AWS CLI takes them), and --json for a program.

    Exit codes: 0 done; 1 done, and something is left to do (bad lines, emails that wait or failed, findings of
    doctor); 2 wrongly given, or not there; 3 AWS cannot be reached, or refuses; 130 interrupted.
    """


_OPTIONS_OF_ALL = (
    click.option("--local", is_flag=True, help="The stack that `make run` runs on this machine."),
    click.option("--port", default=3000, envvar="PORT", show_default=True, help="With --local: the port of its API."),
    click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="A deployed stack."),
    click.option("--region", help="The region of the stack, where it is not the environment's."),
    click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line."),
)


def options_of_all(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that all have."""
    return functools.reduce(lambda decorated, option: option(decorated), reversed(_OPTIONS_OF_ALL), function)


def operated(function: Callable[..., int | None]) -> Callable[..., None]:
    """Give a command the options of all, and hand it the connection and the output that they say."""

    @options_of_all
    @functools.wraps(function)
    def run(*, local: bool, port: int, stack: str, region: str | None, as_json: bool, **given: Any) -> None:
        code = function(
            _connected(local=local, port=port, stack=stack, region=region), Output(as_json=as_json), **given
        )
        sys.exit(code or 0)

    return run


def _connected(*, local: bool, port: int, stack: str, region: str | None) -> Connection:
    be_patient()
    return connect_local(port) if local else connect_stack(stack, region)


def _address(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    if text is None:
        return None
    address = parse(text)
    if address is None:
        raise click.BadParameter(f"{text!r} is no email address")
    return address


# --- messages ---------------------------------------------------------------------------------------------------------


@guichet.group(cls=_Listing)
def messages() -> None:
    """List messages by day, the spam folder, or what a search finds; show one, file it as spam, release it.

    Without a command it is `list`: `guichet messages list --help` has its options.
    """


@messages.command("list")
@click.option("--day", type=_DAY, help="One day, in UTC.")
@click.option("--since", type=_DAY, help=f"The first day of a period. Without it, the last {_PERIOD} days.")
@click.option("--until", type=_DAY, help="The last day of a period. Without it, today.")
@click.option("--spam", is_flag=True, help="The spam folder: messages and sign-ups, and what they were caught for.")
@click.option("--search", metavar="TEXT", help="Only what holds a text, in capitals or not.")
@operated
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
    """List messages, the newest day first, or the spam folder."""
    today = utc_now().date()
    last = (day or until or utc_now()).date()
    first = day.date() if day else since.date() if since else min(last, today) - timedelta(days=_PERIOD - 1)

    def found() -> Iterator[dict[str, Any]]:
        for one in _days(first, last):
            for record in queries.of_day(connection.settings.table_name, "spam" if spam else "messages", one):
                if not search or search.casefold() in _words(record).casefold():
                    yield _submission(record)

    columns = {"at": "received", "id": "id", "email": "address", "name": "name", "text": "message"}
    if spam:
        columns = {"at": "received", "id": "id", "email": "address", "spam": "caught for", "text": "message"}
    output.rows(found(), columns, f"Nothing from {first} to {last}.")


def _days(first: date, last: date) -> Iterator[date]:
    while last >= first:
        yield last
        last -= timedelta(days=1)


def _submission(record: Message | SignUp) -> dict[str, Any]:
    row = record.model_dump(mode="json", exclude_defaults=True)
    text = " · ".join(filter(None, (record.subject, record.message))) if isinstance(record, Message) else "(a sign-up)"
    return {"at": record.submitted_at, **row, "text": text}


def _words(record: Message | SignUp) -> str:
    """Return all that somebody wrote, to be searched."""
    told = record.model_dump(include={"email", "name", "subject", "form_subject", "message", "phone", "extra", "page"})
    return "\n".join(str(value) for value in told.values())


def _message(connection: Connection, message_id: str) -> Message | SignUp:
    """Return a message, or a sign-up from the spam folder. Raises OperatorError where there is none."""
    keys = [{"pk": f"{kind}#{message_id}", "sk": kind} for kind in ("message", "request")]
    for item in queries.by_keys(connection.settings.table_name, keys):
        return queries.submission(item)
    raise OperatorError(f"there is no message {message_id}: `guichet messages` lists them")


@messages.command("show")
@click.argument("id")
@operated
def show_message(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002  the name of the argument
    """Show one message, whole."""
    record = _message(connection, id)
    if output.as_json:
        output.show(record.model_dump(mode="json"))
    else:
        # Apart: a stranger names these.
        output.show({**record.model_dump(exclude={"extra"}), "other fields": dict(getattr(record, "extra", ()))})


@messages.command("spam")
@click.argument("id")
@operated
def file_as_spam(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """File a message as spam. It is kept for 30 days, and a notification that is still owed is not sent."""
    record = _message(connection, id)
    if isinstance(record, SignUp):
        raise OperatorError(f"{id} is a sign-up: nobody is mailed more than the one link for it")
    submissions.mark_spam(connection.settings.table_name, record, utc_now())
    output.show({"id": id, "now": "in the spam folder"})


@messages.command("release")
@click.argument("id")
@operated
def release(connection: Connection, output: Output, *, id: str) -> None:  # noqa: A002
    """Release a message from the spam folder: the owner is mailed it. A sign-up is sent its link."""
    record = _message(connection, id)
    settings = connection.settings
    if isinstance(record, SignUp):
        if record.confirmable_until < utc_now():
            raise OperatorError("this sign-up is older than a link is valid: ask them to sign up again")
        released = submissions.release_sign_up(settings.table_name, record)
    else:
        released = submissions.release_message(
            settings.table_name, record, settings.default_language, timedelta(days=settings.retention_days)
        )
    output.show({"id": id, "now": "released, and its email is owed" if released else "not in the spam folder"})


# --- subscribers ------------------------------------------------------------------------------------------------------


@guichet.group(cls=_Listing)
def subscribers() -> None:
    """List subscribers by state, count them, show the record of consent, let one who bounced ask again.

    Without a command it is `list`: `guichet subscribers list --help` has its options.
    """


@subscribers.command("list")
@click.option("--state", type=click.Choice(_STATES), help="Only those. Without it, all but `pending`.")
@click.option("--count", is_flag=True, help="How many there are in each state.")
@operated
def list_subscribers(connection: Connection, output: Output, *, state: str | None, count: bool) -> None:
    """List subscribers, or count them. Of those who bounced or complained no address is kept."""
    table = connection.settings.table_name
    with output.progress("items read", queries.size(table), beside_rows=not count) as tell:
        rows = _pending(connection, tell) if state == "pending" else map(_row, queries.records(table, Subscriber, tell))
        chosen = (row for row in rows if state in (None, row["state"]))
        if not count:
            columns = {"email": "address", "state": "state", "since": "since", "name": "name"}
            output.rows(chosen, columns, "There are none.")
            return
        counts = Counter(row["state"] for row in chosen)
        if state is None:
            counts["pending"] = sum(1 for _ in _pending(connection, tell))
    output.show({name: counts[name] for name in ([state] if state else _STATES)})


def _row(subscriber: Subscriber) -> dict[str, Any]:
    since = subscriber.confirmed_at if subscriber.state == "confirmed" else subscriber.left_at
    return {**subscriber.model_dump(mode="json", exclude={"history"}, exclude_none=True), "since": since}


def _pending(connection: Connection, tell: Advance) -> Iterator[dict[str, Any]]:
    """Yield the requests that may still be confirmed, of addresses that are not subscribers in any state."""
    table, secret = connection.settings.table_name, connection.settings.signing_secret
    live = (one for one in queries.records(table, SignUp, tell) if not one.spam and one.confirmable_until > utc_now())
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
            f"{address} is no subscriber: `guichet subscribers --state pending` lists who has not confirmed yet"
        )
    return found


@subscribers.command("show")
@click.argument("address", callback=_address)
@operated
def show_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Show a subscriber with the record of consent."""
    output.show(_subscriber(connection, address).model_dump(mode="json" if output.as_json else "python"))


@subscribers.command("lift")
@click.argument("address", callback=_address)
@operated
def lift(connection: Connection, output: Output, *, address: str) -> None:
    """Let an address that bounced or complained ask again. They have to sign up by themselves."""
    subscriber = _subscriber(connection, address)
    kept = timedelta(days=connection.settings.retention_days)
    if not subscribers_table.lift(connection.settings.table_name, subscriber.id, utc_now(), kept):
        raise OperatorError(f"{address} neither bounced nor complained: there is nothing to lift")
    output.show({"email": address, "now": "lifted: it may sign up again"})


@subscribers.command("unsubscribe")
@click.argument("address", callback=_address)
@operated
def unsubscribe_subscriber(connection: Connection, output: Output, *, address: str) -> None:
    """Unsubscribe who asked for it otherwise than by their link."""
    subscriber = _subscriber(connection, address)
    kept = timedelta(days=connection.settings.retention_days)
    done = subscribers_table.unsubscribe(connection.settings.table_name, subscriber.id, utc_now(), kept)
    output.show({"email": address, "now": "unsubscribed" if done else f"as before: {subscriber.state}"})


# --- export and import ------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("what", type=click.Choice(list(exporting.KINDS)))
@click.option(
    "--output",
    "-o",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file. Without it, standard output.",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "jsonl"]),
    help="Without it, CSV; JSON Lines for `everything`, and for --json on standard output.",
)
@click.option(
    "--separator",
    type=click.Choice(list(importing.SEPARATORS)),
    help="Of CSV. Without it, a semicolon where DefaultLanguage is fr, as a French Excel wants it, else a comma.",
)
@click.option(
    "--state",
    type=click.Choice([*get_args(State), "all"]),
    default="confirmed",
    show_default=True,
    help="Of subscribers.",
)
@click.option("--spam", is_flag=True, help="Of messages: with those of the spam folder.")
@operated
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
    """Write subscribers, messages or everything to a file: CSV for a spreadsheet, or JSON Lines.

    An export to a file that was interrupted goes on where it was when it is given again. `everything` is JSON Lines,
    each item as the table has it.
    """
    if separator is None:
        separator = "semicolon" if connection.settings.default_language == "fr" else "comma"
    lines = what == "everything" or (output.as_json and file is None)
    if lines and file_format == "csv":
        raise click.UsageError("That is JSON Lines: leave --format away, or --json, or name a file by --output.")
    table = connection.settings.table_name
    order = exporting.Order(
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

    begun = exporting.begun(order, file) if file else None
    if begun:
        output.advise(f"Goes on with the export that was begun at {begun.begun_at}; to begin anew, remove {file}.part.")
    with output.progress("items read", queries.size(table)) as tell:
        if file is None:
            exporting.export_to_stream(order, sys.stdout.buffer, unsubscribe, tell)
            return None
        try:
            rows = exporting.export_to_file(order, file, begun, unsubscribe, tell)
        except (KeyboardInterrupt, UnavailableError) as error:
            output.advise(f"Stopped. What there is so far is in {file}.part; the same command goes on from there.")
            return INTERRUPTED if isinstance(error, KeyboardInterrupt) else AWAY
    output.show({"file": str(file), "rows": rows})
    return None


@guichet.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--consent", metavar="TEXT", help="They confirmed elsewhere: where, when and to what, kept as the proof.")
@click.option("--ask", is_flag=True, help="They did not: mail each of them a link to confirm.")
@click.option("--dry-run", is_flag=True, help="Write nothing to the table; say what would come of it.")
@click.option("--from-line", type=click.IntRange(min=2), default=2, help="Go on at a line.")
@operated
def import_(  # noqa: PLR0913  the options of an import
    connection: Connection, output: Output, *, file: Path, consent: str | None, ask: bool, dry_run: bool, from_line: int
) -> int:
    """Import addresses from a CSV file.

    The file is UTF-8, and its first line names the columns: `email`, and where there are `name`, `language`,
    `consented_at`, `source` and `state`, by which nobody is imported who left there.

    With --consent they are confirmed at once and not mailed. With --ask each is mailed a link, at the pace of the SES
    account and within what StrangerMailPerDay leaves of today; the same command goes on tomorrow. Who is known
    already stays as they are, who left or must not be written to above all. Bad lines go to FILE.bad.csv with their
    numbers and reasons. To do it again changes nothing.
    """
    if bool(consent and consent.strip()) == ask:
        raise click.UsageError("Give either --consent with the proof, or --ask.")
    settings = connection.settings
    reader = importing.Reader(file, settings.default_language, asking=ask)
    if reader.unused:
        output.advise(f"Columns that are not read: {', '.join(reader.unused)}")
    bad_file = Path(f"{file}.bad.csv")
    room = importing.room_today(settings) if ask else 0
    with (
        ThreadPoolExecutor(importing.THREADS) as pool,
        output.progress("bytes read", file.stat().st_size) as tell,
        bad_file.open("w" if from_line == 2 else "a", encoding="utf-8", newline="") as rejected,  # noqa: PLR2004
    ):
        writer = csv.writer(rejected, delimiter=reader.separator)

        def reject(line: importing.BadLine) -> None:
            output.advise(f"line {line.number}: {line.reason}")
            writer.writerow([line.number, cell(line.reason), cell(line.text)])

        if dry_run:
            do: Callable[[list[importing.Line]], Any] = lambda lines: importing.look_up(  # noqa: E731
                lines, asking=ask, settings=settings
            )
        elif ask:
            do = importing.asking(settings, Pace(ses.send_rate), room)
        else:
            do = importing.bringing(consent or "", settings, pool)
        # Asking is paced, so that an interruption must not wait for a block.
        size = 1 if ask and not dry_run else importing.BLOCK
        account = importing.carry_out(reader.rows(from_line), do, reject, tell, size)
    # It may hold the bad lines of an earlier part.
    if not bad_file.stat().st_size:
        bad_file.unlink()
    output.show(
        {
            "dry_run": dry_run,
            **account.outcomes,
            **({"may be asked today": room} if ask else {}),
            "bad lines": account.bad,
            "bad lines are in": str(bad_file) if account.bad else "",
            "done until line": account.done_until,
            "stopped": account.stopped,
        }
    )
    if account.stopped:
        output.advise(f"Go on by the same command, or quicker by the same with --from-line {account.done_until + 1}.")
    if account.stopped == importing.INTERRUPTED:
        return INTERRUPTED
    return AWAY if account.stopped == importing.AWAY else LEFT_TO_DO if account.stopped or account.bad else 0


# --- one person -------------------------------------------------------------------------------------------------------


@guichet.command()
@click.argument("address", callback=_address)
@click.option(
    "--access",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all that is held to a new file, as JSON, and erase nothing.",
)
@click.option("--yes", is_flag=True, help="Erase without asking.")
@operated
def forget(connection: Connection, output: Output, *, address: str, access: Path | None, yes: bool) -> None:
    """Give or erase all that is held of a person.

    Their messages, sign-ups, subscription, what was caught as spam, and the rows of emails go; in what others wrote,
    the address is struck out. What remains is said, and why. It reads the whole table.
    """
    settings = connection.settings
    person = Person(address, settings.signing_secret)
    table = settings.table_name
    if access:
        with _new_file(access) as file, output.progress("items read", queries.size(table)) as tell:
            found = find_data(table, person, tell)
            json.dump(erasure.report(person, found), file, ensure_ascii=False, indent=2)
        output.show({"file": str(access), **erasure.counted(found)})
        return
    if not yes:
        with output.progress("items read", queries.size(table)) as tell:
            found = find_data(table, person, tell)
        output.advise(f"Held of {person.address}: {erasure.in_words(found)}")
        if not (found.own or found.mentions):
            return
        if not click.confirm("Erase it?", err=True):
            output.advise("Nothing was erased.")
            return
    with output.progress("items read", queries.size(table)) as tell:
        done = erase(table, person, timedelta(days=settings.retention_days), tell=tell)
    output.show({"erased": done.erased, "struck out elsewhere": done.redacted, "remains": erasure.remains(done)})


@contextmanager
def _new_file(path: Path) -> Iterator[IO[str]]:
    """Open a new file, so that what is wrong with it is told first; where nothing comes of it, it goes again."""
    with path.open("x", encoding="utf-8") as file:
        try:
            yield file
        except BaseException:
            path.unlink()
            raise


# --- emails -----------------------------------------------------------------------------------------------------------


@guichet.group(name="outbox", cls=_Listing)
def outbox_emails() -> None:
    """List emails that wait or failed, and why; send them again.

    Without a command it is `list`: `guichet outbox list --help` has its options.
    """


@outbox_emails.command("list")
@operated
def list_owed(connection: Connection, output: Output) -> int:
    """List emails that wait, the owner's first, and those that failed."""
    columns = {
        "id": "id",
        "state": "state",
        "to": "to",
        "waiting_since": "waiting since",
        "tried_at": "tried",
        "why": "why",
    }
    table = connection.settings.table_name
    with output.progress("items read for those that failed", queries.size(table), beside_rows=True) as tell:
        rows = ({"id": one.key, **asdict(one)} for one in outbox.listed(table, tell))
        return LEFT_TO_DO if output.rows(rows, columns, "No email is owed, and none failed.") else 0


@outbox_emails.command("send")
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--failed", is_flag=True, help="All that failed.")
@operated
def send_owed(connection: Connection, output: Output, *, ids: tuple[str, ...], failed: bool) -> int:
    """Send now what waits, instead of within 15 minutes; with --failed or IDs, also what failed."""
    table = connection.settings.table_name
    known: list[outbox.Owed] = []
    if failed or ids:
        with output.progress("items read for those that failed", queries.size(table)) as tell:
            known = list(outbox.listed(table, tell))
    again = [one for one in known if one.state == "failed" and (failed or one.key in ids)]
    unknown = set(ids) - {one.key for one in known}
    if unknown:
        raise OperatorError(f"no email waits or failed by the name of {', '.join(sorted(unknown))}")
    queued_again = sum(outbox.retry(table, one) for one in again)
    outcomes = connection.sweep()
    output.show({"queued again": queued_again, **outcomes})
    # What is not ours the stream sends meanwhile.
    return LEFT_TO_DO if set(outcomes) - {"sent", "dropped", "not ours"} else 0


@guichet.command("test-email")
@click.option("--to", callback=_address, help="Without it, the owner.")
@operated
def test_email(connection: Connection, output: Output, *, to: str | None) -> int:
    """Send an email as the notifier does: same sender, same configuration set."""
    settings = connection.settings
    recipients = (to,) if to else settings.owner_email
    message = envelope(recipients, f"Guichet: a test of {connection.name}", settings)
    message.set_content(
        f"This email was sent by `guichet test-email`.\n\nSite: {settings.site_name}, {settings.site_url}\n"
        f"API: {settings.api_url}\n\nIf you read it where you expect your visitors' messages, mail to you works.\n"
    )
    try:
        message_id = ses.send(message, settings.owner_configuration_set)
    except ses.RejectedError as rejected:
        raise OperatorError(f"SES refuses it: {rejected}") from None
    except ses.PostponedError as postponed:
        output.advise(f"SES does not take it now: {postponed.reason}. `guichet doctor` may know why.")
        return AWAY
    output.show({"sent to": list(recipients), "message id": message_id})
    return 0


# --- the stack itself -------------------------------------------------------------------------------------------------


@guichet.command("adopt")
@click.argument("table")
@click.option("--stack", default="guichet", envvar="GUICHET_STACK", show_default=True, help="The stack to make.")
@click.option("--region", help="The region of the table, where it is not the environment's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
def adopt_table(*, table: str, stack: str, region: str | None, as_json: bool) -> None:
    """Make a stack around TABLE, which a stack that was removed has left behind.

    It holds nothing but the table. `make deploy` with all parameters adds everything else: with the same SigningSecret
    as before, or no link and no key fits, and with CreateIdentity=false if the SES identity was left behind, too.
    """
    where = region_of(region)
    adopting.adopt(client_of("cloudformation", where), client_of("dynamodb", where), stack, table)
    Output(as_json=as_json).show(
        {"stack": stack, "table": table, "next": "make deploy, with all parameters and the same SigningSecret"}
    )


# --- what is wrong ----------------------------------------------------------------------------------------------------


@guichet.command("doctor")
@click.option(
    "--before", metavar="PARAMETERS", help="Before the first deploy: the parameters, as `make deploy` takes them."
)
@options_of_all
def examine(*, before: str | None, region: str | None, as_json: bool, **stack: Any) -> None:
    """Say what is wrong, and what to do: mail, stack, alarms, the site's page.

    Exit code 1 where something is wrong, wants attention, or could not be looked at.
    """
    output = Output(as_json=as_json)
    if before is None:
        inspection = doctor.inspection_of(_connected(region=region, **stack))
    else:
        inspection = doctor.inspection_before(parameters(before), region_of(region))
    all_is_well = True
    for finding in doctor.examine(inspection):
        all_is_well = all_is_well and finding.state == "ok"
        if as_json:
            output.show(asdict(finding))
        else:
            output.say(f"{finding.state:8} {finding.check}: {finding.says}")
            if finding.remedy:
                output.say(f"{'':8} → {finding.remedy}")
    sys.exit(0 if all_is_well else LEFT_TO_DO)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit. What goes wrong is said in a sentence, on standard error."""
    # What is written holds what people wrote: it is for nobody else on this machine.
    before = os.umask(0o077)
    try:
        guichet.main(arguments, prog_name="guichet", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except click.Abort:
        _end("interrupted, or nobody was there to say yes (--yes says it beforehand)", INTERRUPTED)
    except BrokenPipeError:
        # Who read the output has had enough; and Python would complain of it once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OperatorError, TemplateError) as error:
        _end(str(error), NOT_POSSIBLE)
    except OSError as error:
        _end(f"{error.filename}: {error.strerror}", NOT_POSSIBLE)
    except NotFinishedError:
        _end("something changed meanwhile, and a part is left: give the command again", LEFT_TO_DO)
    except ValidationError as error:
        wrong = ", ".join(sorted({str(part["loc"][0]) for part in error.errors(include_input=False)}))
        _end(
            f"the table holds a {error.title} that this version cannot read ({wrong}); "
            "`guichet export everything` writes it as it is",
            NOT_POSSIBLE,
        )
    except UnavailableError:
        _end("the table cannot be reached now; what was asked may be done or not, and to ask again is harmless", AWAY)
    except (BotoCoreError, ClientError) as error:
        _end(f"AWS cannot be reached, or refuses: {error}", AWAY)
    finally:
        os.umask(before)


def _end(sentence: str, code: int) -> None:
    click.echo(printable(f"error: {sentence}"), err=True)
    sys.exit(code)
